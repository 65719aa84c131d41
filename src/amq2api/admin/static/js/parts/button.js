import { html } from "../lib.js";

// *kind* is main, quiet, danger or bad; *label* names it where its words alone would not.
export function Button({ kind = "", size = "", label, children, ...rest }) {
  const styles = ["button", ...kind.split(" ").filter(Boolean).map((each) => `button-${each}`)];
  if (size) styles.push(`button-${size}`);
  return html`<button type="button" class=${styles.join(" ")} aria-label=${label} ...${rest}>
    ${children}</button>`;
}

export const Actions = ({ children }) => html`<div class="actions">${children}</div>`;
