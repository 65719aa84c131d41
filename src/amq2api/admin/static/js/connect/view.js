import { NoAccount } from "../accounts/guide.js";
import { useCell } from "../cell.js";
import { html } from "../lib.js";
import { chosen, FALLBACK, ModelChoice } from "../models.js";
import { Copy } from "../parts/copy.js";
import { Tabs } from "../parts/tabs.js";
import { status } from "../state.js";
import { known, t } from "../text.js";
import { CLIENTS } from "./clients.js";

export function ConnectView() {
  const { client_keys: keys, accounts } = useCell(status);
  const model = useCell(chosen) || FALLBACK;
  const base = location.origin;
  const values = { base, model, key: keys ? "YOUR-KEY" : "anything" };
  return html`
    <header class="view-head"><h1 tabindex="-1">${t("nav.connect")}</h1></header>
    <p class="lead">${t("connect.words")}</p>
    ${accounts.length === 0 && html`<${NoAccount} />`}
    <div class="connect-facts card">
      <div class="field"><span class="label">${t("connect.base")}</span>
        <p class="code-line"><code class="address" data-test="base-url">${base}</code>
          <${Copy} text=${base} what=${t("connect.base")} quiet=${true} /></p></div>
      <${ModelChoice} />
      <p class="hint" data-test="key-note">${keyWords(keys, values.key)}</p>
    </div>
    <${Tabs} label=${t("connect.clients")} tabs=${CLIENTS}>${(id) => html`
      <${Client} key=${id} client=${CLIENTS.find((each) => each.id === id)} values=${values} />`}<//>
    <p class="hint">${t("connect.docs", {
      docs: html`<a href="/docs">/docs</a>`, models: html`<code>${base}/v1/models</code>`,
    })}</p>`;
}

function keyWords(keys, word) {
  const placeholder = html`<code>${word}</code>`;
  if (!keys) return t("connect.key_free", { placeholder });
  return t("connect.key_needed", {
    placeholder, setting: html`<code>AMQ2API_API_KEYS</code>`, file: html`<code>AMQ2API_API_KEY_FILE</code>`,
  });
}

const Client = ({ client, values }) => html`
  ${known(`connect.${client.id}`) && html`<p>${t(`connect.${client.id}`)}</p>`}
  ${client.parts?.(values).map((part) => html`<${Snippet} key=${part.title} client=${client} part=${part} />`)}
  ${client.fields && html`<dl class="settings-list">${client.fields(values).map(([key, value]) => html`
    <div key=${key}><dt>${t(key)}</dt>
      <dd><code class="address">${value}</code><${Copy} text=${value} what=${t(key)} quiet=${true} /></dd>
    </div>`)}</dl>`}`;

function Snippet({ client, part }) {
  const name = `${client.name}, ${part.title}`;
  return html`<figure class="snippet">
    <figcaption><span translate="no">${part.title}</span>
      <${Copy} text=${part.code} what=${name} quiet=${true} /></figcaption>
    <pre tabindex="0" role="region" aria-label=${name} translate="no"><code>${part.code}</code></pre>
  </figure>`;
}
