import { NoAccount } from "../accounts/guide.js";
import { cell, useCell } from "../cell.js";
import { html } from "../lib.js";
import { chosen, FALLBACK, ModelChoice } from "../models.js";
import { Button } from "../parts/button.js";
import { Fold } from "../parts/fold.js";
import { Check, Field, Form, Missing, require } from "../parts/form.js";
import { status } from "../state.js";
import { t } from "../text.js";
import { Answer } from "./answer.js";
import { run, start, stop } from "./run.js";
import { Translation } from "./translation.js";

const SMALLEST_THOUGHT = 1024; // tokens, by the Messages API
const BUSY = ["waiting", "thinking", "writing"];

// What was typed outlives a look at another view.
const draft = cell({ message: "", system: "", max_tokens: "1024", thinking: false });
const keep = (event) => {
  const { name, type, value, checked } = event.target;
  if (name) draft.set({ ...draft.get(), [name]: type === "checkbox" ? checked : value });
};

export function PlaygroundView() {
  const { accounts } = useCell(status);
  const { state } = useCell(run);
  const busy = BUSY.includes(state);
  const submit = async (values) => {
    start(request(values)); // goes on by itself; its end is shown beside it
  };
  return html`
    <header class="view-head"><h1 tabindex="-1">${t("nav.playground")}</h1></header>
    <p class="lead">${t("play.words")}</p>
    ${accounts.length === 0 && html`<${NoAccount} />`}
    <div class="play">
      <section class="card" aria-label=${t("play.question")} onInput=${keep} onChange=${keep} onKeyDown=${sendByKey}>
        <${Form} onSubmit=${submit} submit=${t("play.send")} aside=${busy && html`
            <${Button} kind="danger" onClick=${stop} data-test="stop">${t("play.stop")}<//>`}>
          ${(errors) => html`<${ModelChoice} /><${Question} errors=${errors} />`}<//>
      </section>
      <${Answer} />
    </div>
    <section class="card"><${Fold} title=${t("translate.title")}><${Translation} /><//></section>`;
}

function Question({ errors }) {
  const typed = draft.get();
  return html`
    <${Field} area label=${t("play.message")} name="message" error=${errors.message} rows="4" spellcheck="true"
      defaultValue=${typed.message || t("play.example")} hint=${t("play.keys")} />
    <${Fold} title=${t("play.more")} needed=${!!(typed.system || errors.max_tokens)}>
      <${Field} area label=${t("play.system")} name="system" error=${errors.system} optional rows="2"
        spellcheck="true" defaultValue=${typed.system} />
      <${Field} label=${t("play.max_tokens")} name="max_tokens" error=${errors.max_tokens} type="number" min="1"
        step="1" inputmode="numeric" defaultValue=${typed.max_tokens} />
      <${Check} label=${t("play.thinking")} name="thinking" defaultChecked=${typed.thinking}
        hint=${t("play.thinking_hint")} />
    <//>`;
}

function sendByKey(event) {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) event.target.form?.requestSubmit();
}

function request({ message, system, max_tokens: most, thinking }) {
  require({ message }, ["message"]);
  const limit = Number(most);
  if (!Number.isInteger(limit) || limit < 1) throw new Missing("max_tokens", t("play.max_tokens_wrong"));
  if (thinking && limit <= SMALLEST_THOUGHT) {
    throw new Missing("max_tokens", t("play.max_tokens_thinking", { count: SMALLEST_THOUGHT }));
  }
  const budget = Math.max(SMALLEST_THOUGHT, Math.floor(limit / 2));
  return {
    model: chosen.get() || FALLBACK,
    max_tokens: limit,
    ...(system.trim() && { system }),
    ...(thinking && { thinking: { type: "enabled", budget_tokens: budget } }),
    messages: [{ role: "user", content: message }],
  };
}
