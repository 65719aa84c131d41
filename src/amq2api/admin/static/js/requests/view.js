import { useCell } from "../cell.js";
import { amount, brief, duration, iso, moment, number } from "../format.js";
import { Icon } from "../icons.js";
import { html } from "../lib.js";
import { Busy } from "../parts/notes.js";
import { records } from "../state.js";
import { count, known, t } from "../text.js";

const COLUMNS = ["time", "model", "account", "tokens", "duration", "outcome"];

export function RequestsView() {
  const list = useCell(records);
  return html`
    <header class="view-head"><h1 tabindex="-1">${t("nav.requests")}</h1></header>
    <p class="lead">${t("requests.words")}</p>
    ${!list ? html`<${Busy}>${t("app.loading")}<//>` : list.length ? html`<${Table} list=${list} />` : html`<${Empty} />`}`;
}

const Empty = () => html`<div class="card empty" data-test="requests-empty"><p><strong>${t("requests.empty")}</strong></p>
  <p>${t("requests.empty_words", { link: html`<a href="#/playground">${t("nav.playground")}</a>` })}</p></div>`;

// Roles in full: on a phone its rows are drawn as cards, which would undo a table's own.
const Table = ({ list }) => html`<div class="table-box card"><table class="requests" role="table" aria-label=${t("nav.requests")}>
  <thead role="rowgroup"><tr role="row">${COLUMNS.map((name) => html`<th key=${name} role="columnheader" scope="col">${t(`requests.${name}`)}</th>`)}</tr></thead>
  <tbody role="rowgroup">${list.map((record) => html`<${Row} key=${record.id} record=${record} />`)}</tbody>
</table></div>`;

const Cell = ({ name, children }) => html`<td role="cell" class=${`cell-${name}`}><span class="cell-label" aria-hidden="true">${t(`requests.${name}`)}</span><div>${children}</div></td>`;

const Row = ({ record }) => html`<tr role="row" data-test="request" data-ok=${String(record.ok)}>
  <${Cell} name="time"><time datetime=${iso(record.at)} title=${moment(record.at)}>${brief(record.at, { dateStyle: "short", timeStyle: "short" })}</time><//>
  <${Cell} name="model"><span class="address" translate="no">${record.model || "–"}</span><//>
  <${Cell} name="account"><${Account} record=${record} /><//>
  <${Cell} name="tokens"><${Tokens} record=${record} /><//>
  <${Cell} name="duration">${duration(record.seconds)}${record.first !== null && record.first !== undefined && html`<span class="second">${t("requests.first", { time: duration(record.first) })}</span>`}<//>
  <${Cell} name="outcome"><${Outcome} record=${record} /><//>
</tr>`;

const Account = ({ record }) => html`<span dir="auto">${record.account_name || record.account || "–"}</span>
  ${record.why && html`<span class="second">${t(`why.${record.why}`)}</span>`}
  ${record.passed?.length > 0 && html`<span class="second">${t("why.passed")} ${record.passed.map((each, i) => html`${i > 0 && ", "}
    <span dir="auto">${each.name || each.account_id}</span> (${t(`health.${each.state}`)})`)}</span>`}
  ${record.attempts > 1 && html`<span class="second">${count("requests.attempts", record.attempts)}</span>`}`;

const SOURCES = ["service", "context", "estimate"];

function Tokens({ record }) {
  const { input_tokens: input, output_tokens: output, usage, credits } = record;
  if (!input && !output) return html`<span aria-label=${t("requests.no_tokens")}>–</span>`;
  return html`<span class="whole">${t("requests.in", { count: number(input ?? 0) })}</span>, <span class="whole">${t("requests.out", { count: number(output ?? 0) })}</span>
    ${SOURCES.includes(usage) && usage !== "service" && html`<span class="second">${t(`usage.${usage}`)}</span>`}
    ${credits ? html`<span class="second">${t("requests.credits", { credits: amount(credits) })}</span>` : ""}`;
}

function Outcome({ record }) {
  const key = `outcome.${record.outcome}`;
  return html`<span class=${record.ok ? "outcome outcome-ok" : "outcome outcome-bad"}><${Icon} name=${record.ok ? "ready" : "warning"} size=${16} />${known(key) ? t(key) : record.outcome}</span>
    ${record.error && html`<span class="second said" lang="en">${record.error}</span>`}
    ${record.notes?.length > 0 && html`<details class="fold fold-small"><summary>${count("requests.notes", record.notes.length)}</summary>
      <ul class="fidelity">${record.notes.map((note) => html`<li key=${note}><code>${note}</code></li>`)}</ul></details>`}`;
}
