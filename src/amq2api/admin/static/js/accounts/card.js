import { call, words } from "../api.js";
import { Icon } from "../icons.js";
import { html, useState } from "../lib.js";
import { useAlive, useId } from "../parts/form.js";
import { Note } from "../parts/notes.js";
import { askStatus } from "../state.js";
import { said, t } from "../text.js";
import { activate, path } from "./actions.js";
import { Health, Pill, Validity } from "./health.js";
import { KIND_ICONS, kindOf, nameOf } from "./kinds.js";
import { told, Usage } from "./usage.js";

// *open* shows one of the dialogs ("edit", "remove", "login") for this account.
export function Card({ account, serving, open }) {
  const heading = useId("account");
  const kind = kindOf(account);
  const name = nameOf(account);
  const [verdict, setVerdict] = useState(null);
  return html`<article class=${account.is_active ? "card account account-active" : "card account"} aria-labelledby=${heading}
      data-test="account" data-id=${account.id}>
    <header class="account-head">
      <h2 id=${heading} class="account-name" dir="auto">${name}</h2>
      <p class="account-kind"><${Icon} name=${KIND_ICONS[kind]} size=${16} />${t(`kind.${kind}`)}
        ${account.api_region && html` · <span translate="no">${account.api_region}</span>`}</p>
      <p class="account-marks">
        ${account.is_active && html`<span class="pill pill-active" data-test="active">${t("account.active")}</span>`}
        <${Pill} state=${account.health.state} />
        ${serving && !account.is_active && html`<span class="pill pill-calm">${t("account.serving")}</span>`}
      </p>
    </header>
    <${Health} account=${account} signIn=${account.health.state === "needs_login" && account.source !== "environment" && html`
      <button type="button" class="button button-small button-main" onClick=${() => open("login", account)}
        aria-label=${`${t("account.sign_in_again")}: ${name}`}>${t("account.sign_in_again")}</button>`} />
    <${Validity} account=${account} />
    <${Usage} account=${account} />
    <${Verdict} verdict=${verdict} />
    <${Buttons} account=${account} name=${name} open=${open} setVerdict=${setVerdict} />
  </article>`;
}

function Buttons({ account, name, open, setVerdict }) {
  const [testing, setTesting] = useState(false);
  const alive = useAlive();
  const own = account.source !== "environment";
  const test = async () => {
    if (testing) return;
    setTesting(true);
    setVerdict(null);
    const verdict = await tested(account);
    if (!alive.current) return;
    setVerdict(verdict);
    setTesting(false);
  };
  const button = (key, onClick, more = "") => html`<button type="button" class=${`button button-small ${more}`}
    aria-label=${`${t(key)}: ${name}`} onClick=${onClick}>${t(key)}</button>`;
  return html`<footer class="account-foot">
    ${own && account.enabled && !account.is_active && button("account.use", () => activate(account), "button-main")}
    ${button(testing ? "account.testing" : "account.test", test)}
    ${own ? html`<span class="account-more">
        ${button("account.edit", () => open("edit", account), "button-quiet")}
        ${account.health.state !== "needs_login" && button("account.sign_in_again", () => open("login", account), "button-quiet")}
        ${button("account.delete", () => open("remove", account), "button-quiet button-bad")}
      </span>` : html`<p class="hint">${t("account.environment", { variables: html`<code>AMAZONQ_*</code>` })}</p>`}
  </footer>`;
}

async function tested(account) {
  try {
    const verdict = await call("POST", path(account, "/test"));
    if (verdict.usage) told(account.id, verdict.usage);
    askStatus().catch(() => {}); // the live stream tells, too
    return verdict;
  } catch (error) {
    return { ok: false, message: words(error), remedy: "", detail: "" };
  }
}

// Always in the document, so that what appears in it is read out.
const Verdict = ({ verdict }) => html`<div role="status" data-test="verdict" data-ok=${verdict ? String(verdict.ok) : undefined}>
  ${verdict && html`<${Note} kind=${verdict.ok ? "success" : "error"}>
    <p><strong>${said(verdict.ok ? "wrong.none" : `wrong.${verdict.reason}`, verdict.message)}</strong></p>
    ${verdict.remedy && html`<p>${said(`todo.${verdict.remedy_code}`, verdict.remedy)}</p>`}
    ${verdict.detail && verdict.detail !== verdict.message && html`<p class="said" lang="en">${verdict.detail}</p>`}
  <//>`}
</div>`;
