import { html, useRef, useState } from "../lib.js";
import { useId } from "./form.js";

const MOVES = { ArrowRight: 1, ArrowLeft: -1 };

// Tabs as the ARIA practices describe them: one stop in the tab order, arrows move.
export function Tabs({ label, tabs, children }) {
  const id = useId("tabs");
  const [current, setCurrent] = useState(tabs[0].id);
  const list = useRef(null);
  const onKeyDown = (event) => {
    const at = tabs.findIndex((tab) => tab.id === current);
    const to = event.key === "Home" ? 0 : event.key === "End" ? tabs.length - 1
      : event.key in MOVES ? (at + MOVES[event.key] + tabs.length) % tabs.length : null;
    if (to === null) return;
    event.preventDefault();
    setCurrent(tabs[to].id);
    list.current.children[to].focus();
  };
  return html`<div class="tabbed">
    <div class="tab-list" role="tablist" aria-label=${label} ref=${list} onKeyDown=${onKeyDown}>
      ${tabs.map((tab) => html`<button type="button" key=${tab.id} role="tab" id=${`${id}-${tab.id}`}
        aria-controls=${`${id}-panel`} aria-selected=${String(tab.id === current)}
        tabindex=${tab.id === current ? 0 : -1} onClick=${() => setCurrent(tab.id)}>${tab.name}</button>`)}
    </div>
    <div role="tabpanel" class="tab-panel card" id=${`${id}-panel`} aria-labelledby=${`${id}-${current}`}
      tabindex="0">${children(current)}</div>
  </div>`;
}
