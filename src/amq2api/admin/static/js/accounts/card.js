import { call, words } from "../api.js";
import { Icon } from "../icons.js";
import { html, useState } from "../lib.js";
import { Button } from "../parts/button.js";
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
  const name = nameOf(account);
  const [verdict, setVerdict] = useState(null);
  const lost = account.health.state === "needs_login" && account.source !== "environment";
  return html`<article class=${account.is_active ? "card account account-active" : "card account"}
      aria-labelledby=${heading} data-test="account" data-id=${account.id}>
    <${Head} account=${account} name=${name} heading=${heading} serving=${serving} />
    <${Health} account=${account} signIn=${lost && html`
      <${Button} kind="main" size="small" onClick=${() => open("login", account)}
        label=${`${t("account.sign_in_again")}: ${name}`}>${t("account.sign_in_again")}<//>`} />
    <${Validity} account=${account} />
    <${Usage} account=${account} />
    <${Verdict} verdict=${verdict} />
    <${Buttons} account=${account} name=${name} open=${open} setVerdict=${setVerdict} />
  </article>`;
}

function Head({ account, name, heading, serving }) {
  const kind = kindOf(account);
  return html`<header class="account-head">
    <h2 id=${heading} class="account-name" dir="auto" title=${name}>${name}</h2>
    <p class="account-kind"><${Icon} name=${KIND_ICONS[kind]} size=${16} />${t(`kind.${kind}`)}
      ${account.api_region && html` · <span translate="no">${account.api_region}</span>`}</p>
    <p class="account-marks">
      ${account.is_active && html`<span class="pill pill-active" data-test="active">${t("account.active")}</span>`}
      <${Pill} state=${account.health.state} />
      ${serving && !account.is_active && html`<span class="pill pill-calm">${t("account.serving")}</span>`}
    </p>
  </header>`;
}

function Buttons({ account, name, open, setVerdict }) {
  const [testing, setTesting] = useState(false);
  const alive = useAlive();
  const own = account.source !== "environment";
  const lost = account.health.state === "needs_login"; // then its button stands above
  const test = async () => {
    if (testing) return;
    setTesting(true);
    setVerdict(null);
    const verdict = await tested(account);
    if (!alive.current) return;
    setVerdict(verdict);
    setTesting(false);
  };
  const button = (key, onClick, kind) => html`
    <${Button} kind=${kind} size="small" label=${`${t(key)}: ${name}`} onClick=${onClick}>${t(key)}<//>`;
  return html`<footer class="account-foot">
    ${own && account.enabled && !account.is_active && button("account.use", () => activate(account), "main")}
    ${button(testing ? "account.testing" : "account.test", test)}
    ${own ? html`<span class="account-more">
        ${button("account.edit", () => open("edit", account), "quiet")}
        ${!lost && button("account.sign_in_again", () => open("login", account), "quiet")}
        ${button("account.delete", () => open("remove", account), "quiet bad")}
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
const Verdict = ({ verdict }) => html`
  <div role="status" data-test="verdict" data-ok=${verdict ? String(verdict.ok) : undefined}>
    ${verdict && html`<${Judgement} ...${verdict} />`}</div>`;

const Judgement = ({ ok, reason, message, remedy, remedy_code: code, detail }) => html`
  <${Note} kind=${ok ? "success" : "error"}>
    <p><strong>${said(ok ? "wrong.none" : `wrong.${reason}`, message)}</strong></p>
    ${remedy && html`<p>${said(`todo.${code}`, remedy)}</p>`}
    ${detail && html`<p class="said" lang="en">${detail}</p>`}
  <//>`;
