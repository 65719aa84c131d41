// A call beside what Amazon Q would be sent for it.
import { call } from "../api.js";
import { cell, useCell } from "../cell.js";
import { html } from "../lib.js";
import { Fidelity } from "../parts/fidelity.js";
import { Field, Form, Missing } from "../parts/form.js";
import { t } from "../text.js";

const EXAMPLE = {
  model: "claude-sonnet-4-5",
  max_tokens: 1024,
  system: "Be brief.",
  tool_choice: { type: "any" },
  tools: [{ name: "weather", description: "The weather of a city.",
            input_schema: { type: "object", properties: { city: { type: "string" } } } }],
  messages: [{ role: "user", content: "What is the weather in Oslo?" }],
};

// What was typed and what became of it outlive a look at another view.
const typed = cell(JSON.stringify(EXAMPLE, null, 2));
const made = cell(null);

export function Translation() {
  const found = useCell(made);
  const submit = async ({ call: text }) => {
    made.set(null);
    made.set(await call("POST", "/api/translation", parsed(text)));
  };
  return html`<p>${t("translate.words")}</p>
    <div class="translation" onInput=${(event) => typed.set(event.target.value)}>
      <${Form} onSubmit=${submit} submit=${t("translate.show")}>${(errors) => html`
        <${Field} area label=${t("translate.call")} name="call" error=${errors.call} rows="16"
          class="code" defaultValue=${typed.get()} />`}<//>
      <div class="translation-result" aria-live="polite" data-test="translation">
        <h3>${t("translate.request")}</h3>
        ${!found && html`<p class="hint">${t("translate.none")}</p>`}
        ${found && html`<pre class="code" tabindex="0" role="region" aria-label=${t("translate.request")}
            translate="no"><code>${JSON.stringify(found.request, null, 2)}</code></pre>
          <h3>${t("translate.changed")}</h3>
          ${found.notes.length ? html`<${Fidelity} notes=${found.notes.map((note) => note.note)} />`
            : html`<p>${t("translate.nothing")}</p>`}`}
      </div>
    </div>`;
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Missing("call", t("translate.not_json", { message: error.message }));
  }
}
