import { useNow } from "../clock.js";
import { brief, iso, moment, relative } from "../format.js";
import { html } from "../lib.js";

// "3 minutes ago", and on pointing at it the date; the other way round with *exact*.
export function Moment({ at, exact = false }) {
  const present = useNow(at - Date.now() / 1000 < 120 ? 5 : 30);
  return exact
    ? html`<time datetime=${iso(at)} title=${relative(at, present)}>${brief(at)}</time>`
    : html`<time datetime=${iso(at)} title=${moment(at)}>${relative(at, present)}</time>`;
}
