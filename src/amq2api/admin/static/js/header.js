import { useCell } from "./cell.js";
import { Icon } from "./icons.js";
import { html } from "./lib.js";
import { chooseLanguage, chooseTheme, language, theme, THEMES } from "./preferences.js";
import { ROUTES } from "./routes.js";
import { connection } from "./state.js";
import { t } from "./text.js";

const THEME_ICONS = { system: "system", light: "sun", dark: "moon" };

export const Header = ({ where }) => html`<header class="top">
  <a class="brand" href="#/accounts"><img src="/static/favicon.svg" alt="" width="26" height="26" /> amq2api</a>
  <nav class="tabs" aria-label=${t("nav.label")}><${Links} where=${where} /></nav>
  <div class="top-end"><${Connection} /><${Switches} /></div>
</header>`;

// The same places at the thumb's reach; styles show one of the two.
export const TabBar = ({ where }) => html`<nav class="tab-bar" aria-label=${t("nav.label")}>
  <${Links} where=${where} icons=${true} />
</nav>`;

const Links = ({ where, icons = false }) => html`<ul>
  ${ROUTES.map((name) => html`<li key=${name}>
    <a href=${`#/${name}`} aria-current=${name === where ? "page" : undefined}>
      ${icons && html`<${Icon} name=${name} size=${22} />`}<span>${t(`nav.${name}`)}</span>
    </a>
  </li>`)}
</ul>`;

function Connection() {
  const state = useCell(connection);
  return html`<span class=${`connection connection-${state}`} role="status" data-test="connection"
      data-state=${state}>
    <span class="dot" aria-hidden="true"></span>
    <span class="connection-words">${t(`connection.${state}`)}</span>
  </span>`;
}

export function Switches() {
  const spoken = useCell(language);
  const look = useCell(theme);
  const nextLook = THEMES[(THEMES.indexOf(look) + 1) % THEMES.length];
  const other = spoken === "en" ? "zh" : "en";
  return html`<span class="switches">
    <button type="button" class="button button-quiet" lang=${other === "zh" ? "zh-CN" : "en"}
      onClick=${() => chooseLanguage(other)} data-test="language">${other === "zh" ? "中文" : "English"}</button>
    <button type="button" class="button button-quiet button-icon" onClick=${() => chooseTheme(nextLook)}
      aria-label=${t("theme.switch", { now: t(`theme.${look}`), next: t(`theme.${nextLook}`) })}
      title=${t(`theme.${look}`)} data-test="theme"><${Icon} name=${THEME_ICONS[look]} /></button>
  </span>`;
}
