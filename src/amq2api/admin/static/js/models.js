// The models the serving account offers, for choosing one.
import { call, words } from "./api.js";
import { cell, useCell } from "./cell.js";
import { html, useEffect } from "./lib.js";
import { useId } from "./parts/form.js";
import { t } from "./text.js";

export const FALLBACK = "claude-haiku-4-5"; // where nothing can be asked, as in the manual

const models = cell({ list: null, error: "" });
export const chosen = cell("");

export async function askModels() {
  try {
    const list = await call("GET", "/api/models");
    models.set({ list, error: "" });
    if (!list.some((model) => model.id === chosen.get())) chosen.set(best(list));
  } catch (error) {
    models.set({ list: null, error: words(error) });
  }
}

// To try things, the newest of the small ones costs least.
function best(list) {
  const small = list.filter((model) => model.id.includes("haiku")).map((model) => model.id).sort();
  return small.at(-1) ?? list[0]?.id ?? "";
}

// A select and its label; what is chosen holds for every view.
export function ModelChoice() {
  const id = useId("model");
  const { list, error } = useCell(models);
  const current = useCell(chosen) || FALLBACK;
  const offered = list?.length ? list : [{ id: current }];
  useEffect(() => {
    askModels();
  }, []);
  return html`<div class="field">
    <label for=${id}>${t("model.label")}</label>
    <select id=${id} value=${current} onChange=${(event) => chosen.set(event.target.value)}
        aria-describedby=${error ? `${id}-error` : undefined} data-test="model">
      ${offered.map((model) => html`<option key=${model.id} value=${model.id} selected=${model.id === current}>
        ${model.display_name || model.id}</option>`)}
    </select>
    ${error && html`<p class="hint" id=${`${id}-error`}>${t("model.unknown")} <span class="said">${error}</span>
      ${" "}<button type="button" class="link" onClick=${askModels}>${t("app.retry")}</button></p>`}
  </div>`;
}
