import { html, useEffect, useRef } from "../lib.js";

// Details that open by themselves when *needed*, and are closed by nobody but the reader.
export function Fold({ title, needed = false, children }) {
  const box = useRef(null);
  useEffect(() => {
    if (needed) box.current.open = true;
  }, [needed]);
  return html`<details class="fold" ref=${box}><summary>${title}</summary>${children}</details>`;
}
