// How far estimates of tokens are off, by model.
import { call, words } from "../api.js";
import { number } from "../format.js";
import { html, useEffect, useState } from "../lib.js";
import { useAlive } from "../parts/form.js";
import { Busy, Problem } from "../parts/notes.js";
import { t } from "../text.js";

export function Calibration() {
  const [models, setModels] = useState(null);
  const [error, setError] = useState("");
  const alive = useAlive();
  useEffect(() => {
    call("GET", "/api/calibration").then(
      (found) => alive.current && setModels(found),
      (failure) => alive.current && setError(words(failure)),
    );
  }, []);
  return html`<p>${t("calibration.words")}</p>
    ${error && html`<${Problem}>${error}<//>`}
    ${!error && !models && html`<${Busy}>${t("app.loading")}<//>`}
    ${models && (models.length ? html`<${Table} models=${models} />` : html`<p class="hint">${t("calibration.none")}</p>`)}`;
}

const Table = ({ models }) => html`<table class="plain" data-test="calibration">
  <thead><tr><th scope="col">${t("calibration.model")}</th><th scope="col">${t("calibration.error")}</th>
    <th scope="col">${t("calibration.samples")}</th></tr></thead>
  <tbody>${models.map((each) => html`<tr key=${each.model}>
    <th scope="row" class="address" translate="no">${each.model}</th>
    <td>${each.error === null ? t("calibration.error_unknown") : html`± ${number(each.error, { style: "percent", maximumFractionDigits: 1 })}`}</td>
    <td>${number(each.samples)}</td></tr>`)}</tbody></table>`;
