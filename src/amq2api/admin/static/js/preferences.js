// Language and theme: all that is ever kept in the browser.
import { cell } from "./cell.js";

const KEY = "amq2api";
export const LANGUAGES = ["en", "zh"];
export const THEMES = ["system", "light", "dark"];

const root = document.documentElement;

// theme.js has read what was kept and written it to the root element.
export const language = cell(root.lang.startsWith("zh") ? "zh" : "en");
export const theme = cell(root.dataset.theme ?? "system");

export function chooseLanguage(value) {
  root.lang = value === "zh" ? "zh-CN" : "en";
  keep({ language: value });
  language.set(value);
}

export function chooseTheme(value) {
  if (value === "system") delete root.dataset.theme;
  else root.dataset.theme = value;
  keep({ theme: value });
  theme.set(value);
}

function keep(change) {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) || "{}") || {};
    localStorage.setItem(KEY, JSON.stringify({ ...kept, ...change }));
  } catch {
    // Without storage the choice holds for as long as the page is open.
  }
}
