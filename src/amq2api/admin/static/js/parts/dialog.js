import { Icon } from "../icons.js";
import { html, useEffect, useLayoutEffect, useRef } from "../lib.js";
import { t } from "../text.js";
import { useId } from "./form.js";

// A modal dialog of the browser's own: it holds the focus and gives it back where it came from.
// *step* changes when the content becomes another; then the title gets the focus. Without
// *onClose* only its content can end it.
export function Dialog({ title, onClose, step = "", role, children, test }) {
  const id = useId("dialog");
  const box = useRef(null);
  const heading = useRef(null);
  useLayoutEffect(() => {
    const opener = document.activeElement;
    box.current.showModal();
    return () => returnTo(opener);
  }, []);
  useEffect(() => {
    // A field or button that asks for it gets the focus, else the title.
    (box.current.querySelector("[data-focus]") ?? heading.current).focus();
  }, [step]);
  const onCancel = (event) => {
    if (event.target !== box.current) return; // a file chooser's cancel bubbles up
    event.preventDefault();
    onClose?.();
  };
  // Browsers close on a second Escape whatever the page says.
  const onClosed = (event) => {
    if (event.target !== box.current || !box.current.isConnected) return;
    if (onClose) onClose();
    else box.current.showModal();
  };
  return html`<dialog ref=${box} class="dialog" role=${role}
      aria-labelledby=${id} onCancel=${onCancel} onClose=${onClosed} data-test=${test}>
    <header class="dialog-head">
      <h2 id=${id} ref=${heading} tabindex="-1">${title}</h2>
      ${onClose && html`<button type="button" class="button button-quiet button-icon"
          aria-label=${t("dialog.close")} onClick=${onClose}>
        <${Icon} name="close" />
      </button>`}
    </header>
    <div class="dialog-body">${children}</div>
  </dialog>`;
}

// Where the opener is gone (its card was deleted), the page's heading takes the focus.
function returnTo(opener) {
  const there = opener?.isConnected && opener !== document.body;
  queueMicrotask(() => {
    const place = there && opener.isConnected ? opener : document.querySelector("main h1");
    place?.focus();
  });
}
