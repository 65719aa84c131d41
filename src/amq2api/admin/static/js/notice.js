// Short words about what just happened: seen at the foot of the page, and read out.
import { cell, useCell } from "./cell.js";
import { html } from "./lib.js";

const shown = cell(null);
let timer = 0;

export function notice(text, kind = "done") {
  clearTimeout(timer);
  shown.set({ text, kind });
  timer = setTimeout(() => shown.set(null), 6000);
}

export function Notices() {
  const current = useCell(shown);
  // While a dialog is open this is neither seen nor read out: dialogs tell their own outcomes.
  return html`<div class="notices" role="status" aria-live="polite" data-test="notice">
    ${current && html`<p class=${`notice notice-${current.kind}`}>${current.text}</p>`}
  </div>`;
}
