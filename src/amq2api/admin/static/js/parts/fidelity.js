// What was changed on the way, each note with its meaning from the gateway's table.
import { call } from "../api.js";
import { cell, useCell } from "../cell.js";
import { html, useEffect } from "../lib.js";

const table = cell(null); // subject to row; the same as long as the gateway runs

async function fill() {
  try {
    const rows = await call("GET", "/api/fidelity");
    table.set(new Map(rows.map((row) => [row.subject, row.how])));
  } catch {
    // The notes speak for themselves; the next reader asks again.
  }
}

// *notes* as in a record: "approximated:tools.name=3".
export function Fidelity({ notes }) {
  const rows = useCell(table);
  useEffect(() => {
    if (!table.get()) fill();
  }, []);
  return html`<ul class="fidelity">${notes.map((note) => html`<li key=${note}><code>${note}</code>
    ${rows?.get(subject(note)) && html`<span class="second" lang="en">${rows.get(subject(note))}</span>`}</li>`)}</ul>`;
}

const subject = (note) => note.slice(note.indexOf(":") + 1).replace(/=\d+$/, "");
