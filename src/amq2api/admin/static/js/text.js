// The page's words. Keys are the same in every language; a test compares them.
import en from "./i18n/en.js";
import zh from "./i18n/zh.js";
import { language } from "./preferences.js";

const WORDS = { en, zh };

export const known = (key) => key in en;

// With values that are not text (links, code) the answer is a list of parts, else a string.
export function t(key, values = {}) {
  const words = WORDS[language.get()][key] ?? key;
  const parts = words.split(/\{(\w+)\}/).map((part, i) => (i % 2 ? values[part] ?? "" : part));
  return parts.some((part) => typeof part === "object") ? parts : parts.join("");
}

// The gateway's own words are English; in other languages the page says it itself if it can.
export function said(key, original, values) {
  return known(key) && (language.get() !== "en" || !original) ? t(key, values) : original;
}

// key.one and key.other, as the language counts.
export function count(key, number, values = {}) {
  const rule = new Intl.PluralRules(language.get()).select(number);
  const found = known(`${key}.${rule}`) ? rule : "other";
  return t(`${key}.${found}`, { count: new Intl.NumberFormat(locale()).format(number), ...values });
}

// The reader's own kind of English or Chinese decides how numbers and dates look.
export function locale() {
  const wanted = language.get();
  return navigator.languages?.find((tag) => tag.startsWith(wanted)) ?? wanted;
}
