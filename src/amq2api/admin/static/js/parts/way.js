import { Icon } from "../icons.js";
import { html } from "../lib.js";
import { t } from "../text.js";

// One of several ways to go on, as a large button with a sentence on it.
export const Way = ({ way, icon, main, onClick }) => html`
  <button type="button" class=${main ? "choice choice-main" : "choice"} onClick=${onClick} data-test=${`way-${way}`}>
    <${Icon} name=${icon} size=${24} />
    <span><strong>${t(`add.${way}`)}</strong><span>${t(`add.${way}_words`)}</span></span>
  </button>`;
