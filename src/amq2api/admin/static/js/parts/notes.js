// A few words set apart: a note, a warning, an error, a success.
import { Icon } from "../icons.js";
import { html } from "../lib.js";

const ICONS = { note: "note", warning: "warning", error: "warning", success: "ready" };

export const Note = ({ kind = "note", role, children, test }) => html`
  <div class=${`note note-${kind}`} role=${role} data-test=${test}>
    <${Icon} name=${ICONS[kind]} />
    <div class="note-words">${children}</div>
  </div>`;

export const Problem = ({ children }) => html`<${Note} kind="error" role="alert">${children}<//>`;

export const Busy = ({ children }) => html`<p class="busy" role="status">${children}</p>`;
