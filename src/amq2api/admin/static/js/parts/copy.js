import { Icon } from "../icons.js";
import { html, useRef, useState } from "../lib.js";
import { t } from "../text.js";

// Copies and says so. *what* names the thing for those who cannot see where the button stands.
export function Copy({ text, what, quiet = false }) {
  const [outcome, setOutcome] = useState("");
  const timer = useRef(0);
  const copy = async () => {
    const done = await copied(text);
    clearTimeout(timer.current);
    setOutcome(done ? "copied" : "failed");
    timer.current = setTimeout(() => setOutcome(""), 3000);
  };
  return html`<span class="copy">
    <button type="button" class=${quiet ? "button button-quiet" : "button"} onClick=${copy}
      aria-label=${`${t("copy.copy")}: ${what}`} data-test="copy">
      <${Icon} name=${outcome === "copied" ? "ready" : "copy"} size=${18} />
      <span>${outcome ? t(`copy.${outcome}`) : t("copy.copy")}</span>
    </button>
    <span class="unseen" role="status">${outcome && `${t(`copy.${outcome}`)}: ${what}`}</span>
  </span>`;
}

async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copiedTheOldWay(text);
  }
}

// Pages from another machine without TLS have no clipboard of the modern kind.
function copiedTheOldWay(text) {
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "unseen";
  area.setAttribute("aria-hidden", "true");
  const home = document.querySelector("dialog[open]:last-of-type") ?? document.body;
  const before = document.activeElement;
  home.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  before?.focus();
  return done;
}
