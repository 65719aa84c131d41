import { html } from "../lib.js";
import { Actions, Button } from "../parts/button.js";
import { Note } from "../parts/notes.js";
import { count, t } from "../text.js";

const nameOf = (entry) => entry.name || t("account.unnamed");

// What an import brought: names of what was added, and why the rest was not.
export const Results = ({ results: { added, skipped }, onClose }) => html`
  <div role="status" data-test="import-results">
    <${Note} kind=${added.length ? "success" : "note"}>
      <p><strong>${added.length ? count("import.added", added.length) : t("import.nothing")}</strong></p>
      ${added.length > 0 && html`<ul>${added.map((account) => html`
        <li key=${account.id} dir="auto">${nameOf(account)}</li>`)}</ul>`}<//>
    ${skipped.length > 0 && html`<p>${count("import.skipped", skipped.length)}</p>
      <ul>${skipped.map((entry, i) => html`<li key=${i}>
        <span dir="auto">${nameOf(entry)}</span>: <span lang="en">${entry.reason}</span></li>`)}</ul>`}
  </div>
  <${Actions}><${Button} kind="main" onClick=${onClose} data-focus>${t("dialog.close")}<//><//>`;
