// How an account fares: colour, drawing, words; since when, until when, why.
import { call } from "../api.js";
import { useNow } from "../clock.js";
import { Icon } from "../icons.js";
import { html } from "../lib.js";
import { notice } from "../notice.js";
import { Button } from "../parts/button.js";
import { Moment } from "../parts/moment.js";
import { askStatus } from "../state.js";
import { known, t } from "../text.js";
import { nameOf } from "./kinds.js";
import { act } from "./actions.js";

const TONES = {
  ready: "good", refreshing: "calm", throttled: "warn", quota_used: "warn",
  needs_login: "bad", suspended: "bad", disabled: "off",
};
const CLEARABLE = ["needs_login", "throttled", "quota_used", "suspended"];
const WEEK = 7 * 86400;

export const Pill = ({ state }) => html`<span class=${`pill pill-${TONES[state] ?? "calm"}`}>
  <${Icon} name=${TONES[state] ? state : "note"} size=${16} />${t(`health.${state}`)}</span>`;

export function Health({ account, signIn }) {
  const { state, reason, since, until, last_error: error, last_error_at: at } = account.health;
  const troubled = CLEARABLE.includes(state);
  const clearable = (troubled && reason !== "RegistrationExpired") || (state !== "disabled" && error);
  const clear = () => act(async () => {
    await call("POST", `/api/accounts/${encodeURIComponent(account.id)}/clear`);
    await askStatus();
    notice(t("account.cleared", { name: nameOf(account) }));
  });
  const why = `health.${state}.${reason}`;
  return html`<div class="health" data-test="health" data-state=${state}>
    ${(troubled || state === "disabled") && html`<p>${t(known(why) ? why : `health.${state}.words`)}
      ${since &&[t("join"), t("health.since", { when: html`<${Moment} at=${since} exact=${true} />` })]}
      ${until &&[t("join"), t("health.until", { when: html`<${Moment} at=${until} exact=${true} />` })]}</p>`}
    ${error && html`<p class="said">${t("health.last_error")} <span lang="en">${error}</span>
      ${at && html` · <${Moment} at=${at} />`}</p>`}
    ${(signIn || clearable) && html`<div class="actions">${signIn}
      ${clearable && html`<${Button} size="small" onClick=${clear}
        label=${`${t("account.clear")}: ${nameOf(account)}`}>${t("account.clear")}<//>`}</div>`}
  </div>`;
}

export function Validity({ account }) {
  const now = useNow();
  const { token, registration_expires_at: ends, health } = account;
  return html`<dl class="facts">
    <div><dt>${t("token.label")}</dt><dd>${tokenWords(token, health, now)}</dd></div>
    ${ends && ends - now < WEEK && html`<div class="facts-warn"><dt>${t("registration.label")}</dt>
      <dd>${t(ends < now ? "registration.over" : "registration.soon", {
        when: html`<${Moment} at=${ends} />` })}</dd></div>`}
  </dl>`;
}

function tokenWords(token, health, now) {
  if (health.state === "refreshing") return t("token.refreshing");
  if (!token.present) return t("token.none");
  if (token.expired || (token.expires_at && token.expires_at < now)) return t("token.expired");
  if (!token.expires_at) return t("token.valid");
  return t("token.until", { when: html`<${Moment} at=${token.expires_at} />` });
}
