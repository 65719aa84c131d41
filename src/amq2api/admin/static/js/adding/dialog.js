// Adding an account, or signing one in again: one dialog, one step after another.
import { isBuilderId, kindOf } from "../accounts/kinds.js";
import { html, useState } from "../lib.js";
import { Dialog } from "../parts/dialog.js";
import { Way } from "../parts/way.js";
import { t } from "../text.js";
import { Backup } from "./backup.js";
import { Imports } from "./imports.js";
import { Paste } from "./paste.js";
import { BuilderId, IdentityCenter } from "./ways.js";
import { Login } from "./login.js";

const WAYS = [
  ["builder-id", "person"], ["identity-center", "team"], ["machine", "machine"], ["paste", "key"],
  ["backup", "box"],
];

// *first* is where to begin: {way} or {login}.
export function AddDialog({ title, account, first, onClose }) {
  const [step, setStep] = useState(first ?? again(account) ?? {});
  const name = step.login ? `login-${step.login}` : step.way ?? "";
  const onCancel = first?.way || first?.login ? onClose : () => setStep({});
  const started = (login) => setStep({ login: login.id, way: step.way, values: step.values });
  const retry = (login) => setStep({ way: login?.kind ?? step.way ?? "builder-id", values: login });
  const shown = step.way && !account ? t(`add.${step.way}`) : title;
  return html`<${Dialog} title=${shown} onClose=${onClose} step=${name} test="add">
    ${content({ step, account, started, retry, onCancel, setStep, onClose })}<//>`;
}

function content({ step, account, started, retry, onCancel, setStep, onClose }) {
  if (step.login) {
    return html`<${Login} id=${step.login} account=${account} retry=${retry} onClose=${onClose} />`;
  }
  const ending = { onCancel, onClose };
  switch (step.way) {
    case "builder-id":
      return html`<${BuilderId} account=${account} started=${started} ...${ending} />`;
    case "identity-center":
      return html`<${IdentityCenter} account=${account} values=${step.values} started=${started} ...${ending} />`;
    case "machine":
      return html`<${Imports} ...${ending} />`;
    case "paste":
      return html`<${Paste} ...${ending} />`;
    case "backup":
      return html`<${Backup} ...${ending} />`;
    default:
      return html`<${Ways} account=${account} choose=${(way) => setStep({ way })} />`;
  }
}

// An account that is here already can be signed in again in the way it was.
function again(account) {
  if (!account || kindOf(account) === "manual") return undefined;
  const way = kindOf(account);
  const start = isBuilderId(account.start_url) ? "" : account.start_url ?? "";
  return { way, values: { start_url: start, region: account.region } };
}

const Ways = ({ account, choose }) => html`
  <p>${t(account ? "add.again_words" : "add.words")}</p>
  <div class="choices">${WAYS.slice(0, account ? 2 : WAYS.length).map(([way, icon], i) => html`
    <${Way} key=${way} way=${way} icon=${icon} main=${i === 0} onClick=${() => choose(way)} />`)}</div>
  <p class="hint">${t("terms.words")}</p>`;
