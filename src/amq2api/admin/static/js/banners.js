// What everybody should know right now, above every view.
import { useCell } from "./cell.js";
import { html } from "./lib.js";
import { retry } from "./live.js";
import { Note } from "./parts/notes.js";
import { connection, status } from "./state.js";
import { t } from "./text.js";

export function Banners() {
  const now = useCell(status);
  const lost = useCell(connection) === "lost";
  if (!now) return null;
  return html`<div class="banners">
    ${now.simulated && html`<${Note} test="banner-demo">
      <strong>${t("banner.demo")}</strong>${t("join")}${t("banner.demo_words")}<//>`}
    ${lost && html`<${Note} kind="warning" test="banner-lost">${t("banner.lost")}${t("join")}
      <button type="button" class="link" onClick=${retry}>${t("app.retry")}</button><//>`}
    ${now.store_problem && html`<${Broken} problem=${now.store_problem} />`}
    ${now.token_problem && html`<${Note} kind="warning" role="alert" test="banner-tokens">
      <strong>${t("banner.tokens")}</strong>${t("join")}${t("banner.tokens_words")}
      <p class="said" lang="en">${now.token_problem}</p><//>`}
  </div>`;
}

const Broken = ({ problem: { message, line, column } }) => html`
  <${Note} kind="error" role="alert" test="banner-store">
  <strong>${line ? t("banner.store_at", { line, column: column ?? "?" }) : t("banner.store")}</strong>
  ${t("join")}${t("banner.store_words")}
  <p class="said" lang="en">${message}</p><//>`;
