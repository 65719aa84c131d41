import { call } from "../api.js";
import { ExportDialog } from "../adding/export.js";
import { act } from "../accounts/actions.js";
import { useCell } from "../cell.js";
import { html, useState } from "../lib.js";
import { Button } from "../parts/button.js";
import { useId } from "../parts/form.js";
import { chooseLanguage, chooseTheme, language, LANGUAGES, theme, THEMES } from "../preferences.js";
import { session } from "../session.js";
import { status } from "../state.js";
import { t } from "../text.js";
import { Calibration } from "./calibration.js";
import { howToEncrypt } from "./encryption.js";
import { Password } from "./password.js";

const OWN_NAMES = { en: "English", zh: "中文" };
const OWN_TAGS = { en: "en", zh: "zh-CN" };

export function SettingsView() {
  const [exporting, setExporting] = useState(false);
  const state = useCell(session)?.state;
  const signOut = () => act(async () => session.set(await call("DELETE", "/api/session")));
  return html`
    <header class="view-head"><h1 tabindex="-1">${t("nav.settings")}</h1></header>
    <div class="panels">
      <${Panel} title=${t("settings.look")}>
        <${Choice} label=${t("settings.language")} name="language" source=${language} choose=${chooseLanguage}
          options=${LANGUAGES.map((each) => [each, OWN_NAMES[each], OWN_TAGS[each]])} />
        <${Choice} label=${t("settings.theme")} name="theme" source=${theme} choose=${chooseTheme}
          options=${THEMES.map((each) => [each, t(`theme.${each}`)])} /><//>
      <${Panel} title=${t("settings.access")}>
        <${Password} />
        ${state === "signed_in" && html`<p><${Button} onClick=${signOut}>${t("settings.sign_out")}<//></p>`}<//>
      <${Panel} title=${t("settings.backup")}>
        <p>${t("export.words")}</p>
        <p><${Button} onClick=${() => setExporting(true)}>${t("export.open")}<//></p><//>
      <${Panel} title=${t("calibration.title")}><${Calibration} /><//>
      <${Panel} title=${t("settings.about")}><${About} /><//>
    </div>
    ${exporting && html`<${ExportDialog} onClose=${() => setExporting(false)} />`}`;
}

function Panel({ title, children }) {
  const id = useId("panel");
  return html`<section class="card panel" aria-labelledby=${id}><h2 id=${id}>${title}</h2>${children}</section>`;
}

function Choice({ label, name, source, choose, options }) {
  const current = useCell(source);
  return html`<fieldset class="segments"><legend>${label}</legend>${options.map(([value, words, tag]) => html`
    <label key=${value} class="segment">
      <input type="radio" name=${name} value=${value} checked=${value === current} onChange=${() => choose(value)} />
      <span lang=${tag}>${words}</span></label>`)}</fieldset>`;
}

function About() {
  const { version, routing, encrypted, client_keys: keys, simulated } = useCell(status);
  const facts = [
    ["about.version", html`<span translate="no">${version}</span>`],
    ["about.routing", t(`routing.${routing}`)],
    ["about.encryption", encrypted ? t("encryption.on") : howToEncrypt()],
    ["about.keys", keys ? t("about.keys_some", { count: keys }) : t("about.keys_none")],
    ...(simulated ? [["about.service", t("banner.demo")]] : []),
  ];
  return html`<dl class="facts facts-wide">${facts.map(([key, value]) => html`
      <div key=${key}><dt>${t(key)}</dt><dd>${value}</dd></div>`)}</dl>
    <p><a href="/docs">${t("about.docs")}</a></p>
    <p class="hint"><strong>${t("terms.title")}</strong>${t("join")}${t("terms.words")}</p>`;
}
