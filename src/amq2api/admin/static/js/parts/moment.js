import { useNow } from "../clock.js";
import { iso, moment, relative } from "../format.js";
import { html } from "../lib.js";

// "3 minutes ago", and on pointing at it the date; the other way round with *exact*.
export function Moment({ at, exact = false }) {
  const present = useNow(at - Date.now() / 1000 < 120 ? 5 : 30);
  const [shown, hidden] = [relative(at, present), moment(at)];
  return html`<time datetime=${iso(at)} title=${exact ? shown : hidden}>${exact ? hidden : shown}</time>`;
}
