// From nothing to an answer in three steps, for somebody who has read nothing.
import { cell, useCell } from "../cell.js";
import { Icon } from "../icons.js";
import { html, useEffect } from "../lib.js";
import { Note } from "../parts/notes.js";
import { Way } from "../parts/way.js";
import { records, status } from "../state.js";
import { t } from "../text.js";

// Whether the guide has been needed since the page was opened.
const guiding = cell(false);

export function Guide({ add }) {
  useEffect(() => guiding.set(true), []);
  return html`<section class="guide" aria-labelledby="guide-title" data-test="guide">
    <h2 id="guide-title">${t("guide.title")}</h2>
    <ol class="steps">
      <li class="card step step-now"><h3>${t("guide.1")}</h3><p>${t("guide.1_words")}</p>
        <${Choices} add=${add} /></li>
      <li class="card step"><h3>${t("guide.2")}</h3><p>${t("guide.2_words")}</p></li>
      <li class="card step"><h3>${t("guide.3")}</h3><p>${t("guide.3_words")}</p></li>
    </ol>
    <${Terms} />
  </section>`;
}

const Choices = ({ add }) => html`<div class="choices">
  <${Way} way="builder-id" icon="person" main=${true} onClick=${() => add({ way: "builder-id" })} />
  <${Way} way="identity-center" icon="team" onClick=${() => add({ way: "identity-center" })} />
  <button type="button" class="link" onClick=${() => add()}>${t("guide.other_ways")}</button>
</div>`;

export const Terms = () => html`<aside class="terms" aria-label=${t("terms.label")} data-test="terms">
  <p><strong>${t("terms.title")}</strong>${t("join")}${t("terms.words")}</p></aside>`;

// In place of the first step, where another view needs it.
export const NoAccount = () => html`<${Note}>${t("connect.no_account", {
  link: html`<a href="#/accounts">${t("guide.1")}</a>`,
})}<//>`;

// The steps still to go, once there is an account.
export function Progress() {
  const needed = useCell(guiding);
  const tried = (useCell(records) ?? []).some((record) => record.ok);
  const { simulated } = useCell(status);
  if (!needed && (tried || !simulated)) return null;
  return html`<section class="card progress-steps" aria-label=${t("guide.title")} data-test="guide-progress">
    <ol>
      <${Done} step="guide.1" />
      ${tried ? html`<${Done} step="guide.2" />`
        : html`<li><a class="button button-main" href="#/playground">${t("guide.2")}</a></li>`}
      <li><a class=${tried ? "button button-main" : "button"} href="#/connect">${t("guide.3")}</a></li>
    </ol>
    ${needed && html`<button type="button" class="link" onClick=${() => guiding.set(false)}>
      ${t("guide.hide")}</button>`}
  </section>`;
}

const Done = ({ step }) => html`<li class="done"><${Icon} name="ready" size=${18} />${t(step)}
  <span class="unseen"> ${t("guide.done")}</span></li>`;
