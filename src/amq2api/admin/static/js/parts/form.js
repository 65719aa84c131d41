// Forms: fields with labels, hints and errors at the field the gateway names.
import { words } from "../api.js";
import { html, useEffect, useRef, useState } from "../lib.js";
import { t } from "../text.js";
import { Button } from "./button.js";
import { Problem } from "./notes.js";

// *onSubmit* gets the values by name and may fail; *children* is drawn with the errors by field.
export function Form({ onSubmit, submit, busy, onCancel, aside, danger = false, children }) {
  const [errors, setErrors] = useState({});
  const [waiting, setWaiting] = useState(false);
  const form = useRef(null);
  const alive = useAlive();
  useEffect(() => {
    form.current.querySelector("[aria-invalid=true]")?.focus();
  }, [errors]);
  const send = async (event) => {
    event.preventDefault();
    if (waiting) return;
    setErrors({});
    setWaiting(true);
    try {
      await onSubmit(Object.fromEntries(new FormData(form.current)));
    } catch (error) {
      if (alive.current) setErrors(placed(error, form.current));
    }
    if (alive.current) setWaiting(false);
  };
  return html`<form ref=${form} class="form" onSubmit=${send} novalidate>
    ${errors[""] && html`<${Problem}>${errors[""]}<//>`}
    ${children(errors)}
    <div class="actions">
      <button class=${danger ? "button button-danger" : "button button-main"} aria-disabled=${String(waiting)}>
        ${waiting ? busy ?? t("form.busy") : submit}
      </button>
      ${onCancel && html`<${Button} onClick=${onCancel}>${t("form.cancel")}<//>`}
      ${aside}
    </div>
  </form>`;
}

// An error without a field of this form stands at the form's head.
function placed(error, form) {
  const name = error.field?.split(".")[0];
  const field = name && form.elements.namedItem(name) ? name : "";
  return { [field]: words(error) };
}

// Thrown by a form's own checks, before the gateway is asked.
export class Missing extends Error {
  constructor(field, message) {
    super(message);
    this.field = field;
  }
}

export function require(values, names) {
  for (const name of names) {
    if (!values[name]?.trim()) throw new Missing(name, t("form.missing"));
  }
}

// A secret that nobody sees is typed twice.
export function sameTwice(name, typed, repeated, shortest) {
  if ([...typed].length < shortest) throw new Missing(name, t("door.too_short", { count: shortest }));
  if (typed !== repeated) throw new Missing("repeated", t("door.differ"));
}

export function useAlive() {
  const alive = useRef(true);
  useEffect(() => () => { alive.current = false; }, []);
  return alive;
}

let counter = 0;
export function useId(prefix = "f") {
  const id = useRef("");
  if (!id.current) id.current = `${prefix}${++counter}`;
  return id.current;
}

export function Field({ label, name, hint, error, optional, area, list, ...rest }) {
  const id = useId();
  const described = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ");
  const attributes = {
    id, name, "aria-describedby": described || undefined, "aria-invalid": error ? "true" : undefined,
    autocomplete: "off", spellcheck: "false", ...rest,
  };
  return html`<div class="field">
    <label for=${id}>${label}${optional && html` <span class="optional">${t("form.optional")}</span>`}</label>
    ${area ? html`<textarea ...${attributes}></textarea>`
      : html`<input list=${list && `${id}-list`} ...${attributes} />`}
    ${list && html`<datalist id=${`${id}-list`}>${list.map((each) => html`<option value=${each} />`)}</datalist>`}
    ${hint && html`<p class="hint" id=${`${id}-hint`}>${hint}</p>`}
    ${error && html`<p class="field-error" id=${`${id}-error`}>${error}</p>`}
  </div>`;
}

export function Check({ label, name, hint, error, ...rest }) {
  const id = useId();
  const described = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ");
  return html`<div class="field">
    <div class="check">
      <input type="checkbox" id=${id} name=${name} aria-describedby=${described || undefined}
        aria-invalid=${error ? "true" : undefined} ...${rest} />
      <label for=${id}>${label}</label>
    </div>
    ${hint && html`<p class="hint" id=${`${id}-hint`}>${hint}</p>`}
    ${error && html`<p class="field-error" id=${`${id}-error`}>${error}</p>`}
  </div>`;
}
