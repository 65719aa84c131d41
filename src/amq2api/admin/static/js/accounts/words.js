// Failures in words. The gateway speaks English; in other languages the page says it itself and
// gives the gateway's words beneath.
import { html } from "../lib.js";
import { language } from "../preferences.js";
import { known, t } from "../text.js";

// Words for what *key* names, and the original where that says more.
export function said(key, original) {
  if (language.get() === "en" && original) return { text: original, original: "" };
  if (known(key)) return { text: t(key), original: original ?? "" };
  return { text: original || "", original: "" };
}

export const Said = ({ name, original }) => {
  const words = said(name, original);
  return html`${words.text}${words.original && html` <span class="said" lang="en">${words.original}</span>`}`;
};
