// Judgements in words. The gateway's are English; in other languages the page has its own.
import { language } from "../preferences.js";
import { known, t } from "../text.js";

export const said = (key, original) => {
  const own = known(key) && (language.get() !== "en" || !original);
  return own ? t(key) : original;
};
