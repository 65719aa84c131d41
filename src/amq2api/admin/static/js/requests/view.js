import { useCell } from "../cell.js";
import { amount, brief, duration, iso, moment, number } from "../format.js";
import { Icon } from "../icons.js";
import { html } from "../lib.js";
import { Fidelity } from "../parts/fidelity.js";
import { Busy } from "../parts/notes.js";
import { records } from "../state.js";
import { count, known, t } from "../text.js";

const COLUMNS = ["time", "model", "account", "tokens", "duration", "outcome"];

export function RequestsView() {
  const list = useCell(records);
  return html`
    <header class="view-head"><h1 tabindex="-1">${t("nav.requests")}</h1></header>
    <p class="lead">${t("requests.words")}</p>
    ${!list && html`<${Busy}>${t("app.loading")}<//>`}
    ${list && (list.length ? html`<${Table} list=${list} />` : html`<${Empty} />`)}`;
}

const Empty = () => html`<div class="card empty" data-test="requests-empty">
  <p><strong>${t("requests.empty")}</strong></p>
  <p>${t("requests.empty_words", { link: html`<a href="#/playground">${t("nav.playground")}</a>` })}</p></div>`;

// Roles in full: on a phone its rows are drawn as cards, which would undo a table's own.
const Table = ({ list }) => html`<div class="table-box card">
  <table class="requests" role="table" aria-label=${t("nav.requests")}>
    <thead role="rowgroup"><tr role="row">${COLUMNS.map((name) => html`
      <th key=${name} role="columnheader" scope="col">${t(`requests.${name}`)}</th>`)}</tr></thead>
    <tbody role="rowgroup">${list.map((record) => html`<${Row} key=${record.id} record=${record} />`)}</tbody>
  </table></div>`;

const Row = ({ record }) => html`<tr role="row" data-test="request" data-ok=${String(record.ok)}>
  ${COLUMNS.map((name) => html`<td key=${name} role="cell" class=${`cell-${name}`}>
    <span class="cell-label" aria-hidden="true">${t(`requests.${name}`)}</span>
    <div>${CELLS[name](record)}</div></td>`)}
</tr>`;

const Second = ({ children }) => html`<span class="second">${children}</span>`;

const CELLS = {
  time: ({ at }) => html`<time datetime=${iso(at)} title=${moment(at)}>
    ${brief(at, { dateStyle: "short", timeStyle: "short" })}</time>`,
  model: ({ model }) => html`<span class="address" translate="no">${model || "–"}</span>`,
  account,
  tokens,
  duration: ({ seconds, first }) => html`${duration(seconds)}
    ${first !== null && html`<${Second}>${t("requests.first", { time: duration(first) })}<//>`}`,
  outcome,
};

function account({ account: id, account_name: name, why, passed, attempts }) {
  return html`<span dir="auto">${name || id || "–"}</span>
    ${why && html`<${Second}>${t(`why.${why}`)}<//>`}
    ${passed.length > 0 && html`<${Second}>${t("why.passed")} ${passed.map((each, i) => html`
      ${i > 0 && ", "}<span dir="auto">${each.name || each.account_id}</span> (${t(`health.${each.state}`)})`)}<//>`}
    ${attempts > 1 && html`<${Second}>${count("requests.attempts", attempts)}<//>`}`;
}

const RECKONED = ["context", "estimate"]; // not counted by the service

function tokens({ input_tokens: input, output_tokens: output, usage, credits }) {
  if (!input && !output) return html`<span aria-hidden="true">–</span><span class="unseen">${t("requests.no_tokens")}</span>`;
  return html`<span class="whole">${t("requests.in", { count: number(input) })}</span>, ${" "}
    <span class="whole">${t("requests.out", { count: number(output) })}</span>
    ${RECKONED.includes(usage) && html`<${Second}>${t(`usage.${usage}`)}<//>`}
    ${credits !== null && html`<${Second}>${t("requests.credits", { credits: amount(credits) })}<//>`}`;
}

function outcome({ ok, outcome: name, error, notes }) {
  const key = `outcome.${name}`;
  return html`<span class=${ok ? "outcome outcome-ok" : "outcome outcome-bad"}>
      <${Icon} name=${ok ? "ready" : "warning"} size=${16} />${known(key) ? t(key) : name}</span>
    ${error && html`<span class="second said" lang="en">${error}</span>`}
    ${notes.length > 0 && html`<details class="fold fold-small">
      <summary>${count("requests.notes", notes.length)}</summary>
      <${Fidelity} notes=${notes} /></details>`}`;
}
