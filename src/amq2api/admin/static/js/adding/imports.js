// Sign-ins of other programs on the gateway's machine, copied with consent.
import { call, words } from "../api.js";
import { html, useEffect, useState } from "../lib.js";
import { Actions, Button } from "../parts/button.js";
import { Check, Form, Missing, useAlive } from "../parts/form.js";
import { Busy, Note, Problem } from "../parts/notes.js";
import { askStatus } from "../state.js";
import { known, t } from "../text.js";
import { Results } from "./results.js";

const nameOf = (source) => (known(`source.${source}`) ? t(`source.${source}`) : source);

export function Imports({ onCancel, onClose }) {
  const [sources, setSources] = useState(null);
  const [error, setError] = useState("");
  const [results, setResults] = useState(null);
  const alive = useAlive();
  useEffect(() => {
    call("GET", "/api/imports").then(
      (found) => alive.current && setSources(found),
      (failure) => alive.current && setError(words(failure)),
    );
  }, []);
  const submit = async (values) => {
    if (!values.source) throw new Missing("source", t("form.missing"));
    if (!values.consent) throw new Missing("consent", t("import.consent_missing"));
    setResults(await call("POST", "/api/imports", { source: values.source, consent: true }));
    await askStatus();
  };
  if (results) return html`<${Results} results=${results} onClose=${onClose} />`;
  if (error) return html`<${Problem}>${error}<//><${Back} onClick=${onCancel} />`;
  if (!sources) return html`<${Busy}>${t("app.loading")}<//>`;
  const first = sources.find((source) => source.exists);
  if (!first) return html`<${Nothing} sources=${sources} onCancel=${onCancel} />`;
  return html`<${Form} onSubmit=${submit} submit=${t("import.submit")} onCancel=${onCancel}>${(errors) => html`
    <fieldset class="radios"><legend>${t("import.from")}</legend>
      ${sources.map((each) => html`<${Source} key=${each.source} each=${each} chosen=${each === first} />`)}
      ${errors.source && html`<p class="field-error">${errors.source}</p>`}</fieldset>
    <${Note} kind="warning"><strong>${t("import.warning")}</strong>${t("join")}${t("import.warning_words")}<//>
    <${Check} label=${t("import.consent")} name="consent" error=${errors.consent} />`}<//>`;
}

const Source = ({ each, chosen }) => html`<div class="radio">
  <input type="radio" id=${`source-${each.source}`} name="source" value=${each.source} defaultChecked=${chosen}
    disabled=${!each.exists} data-focus=${chosen ? "" : undefined} />
  <label for=${`source-${each.source}`}><strong>${nameOf(each.source)}</strong>
    <span class=${each.exists ? "hint address" : "hint"}>${each.exists ? each.path : t("import.absent")}</span>
  </label></div>`;

const Nothing = ({ sources, onCancel }) => html`<p>${t("import.none")}</p>
  <ul>${sources.map((each) => html`<li key=${each.source}>
    ${nameOf(each.source)} <span class="hint address">${each.path}</span></li>`)}</ul>
  <${Back} onClick=${onCancel} />`;

const Back = ({ onClick }) => html`<${Actions}><${Button} onClick=${onClick}>${t("form.back")}<//><//>`;
