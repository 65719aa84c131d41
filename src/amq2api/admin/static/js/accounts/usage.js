// Allowances, asked for when a card comes into sight: each asks the service once.
import { call, words } from "../api.js";
import { cell, useCell } from "../cell.js";
import { amount, day, percent } from "../format.js";
import { html, useEffect, useRef } from "../lib.js";
import { Moment } from "../parts/moment.js";
import { known, t } from "../text.js";
import { path } from "./actions.js";
import { nameOf } from "./kinds.js";

const AT_ONCE = 2;
const NEARLY = 75; // percent
const ALMOST = 90;
const UNASKED = ["disabled", "needs_login", "suspended"]; // the answer would be a refusal

const asked = cell(new Map()); // account id -> {data, error, waiting}
const queue = [];
let running = 0;

const put = (id, change) => {
  const all = new Map(asked.get());
  all.set(id, { ...all.get(id), ...change });
  asked.set(all);
};

// The account has another sign-in now: what was asked of the old one says nothing.
export const forget = (id) => asked.set(new Map([...asked.get()].filter(([other]) => other !== id)));

export const told = (id, data) => put(id, { data, error: "", waiting: false });

function ask(account) {
  if (asked.get().get(account.id)?.waiting) return;
  put(account.id, { waiting: true });
  queue.push(account);
  next();
}

async function next() {
  if (running >= AT_ONCE || !queue.length) return;
  const account = queue.shift();
  running += 1;
  try {
    told(account.id, await call("GET", path(account, "/usage")));
  } catch (error) {
    put(account.id, { error: words(error), waiting: false });
  }
  running -= 1;
  next();
}

export function Usage({ account }) {
  const box = useRef(null);
  const answer = useCell(asked).get(account.id);
  const { data, error, waiting } = answer ?? {};
  const shy = UNASKED.includes(account.health.state);
  useEffect(() => {
    if (shy || answer) return undefined;
    const sight = new IntersectionObserver((seen) => {
      if (!seen.some((entry) => entry.isIntersecting)) return;
      sight.disconnect();
      ask(account);
    });
    sight.observe(box.current);
    return () => sight.disconnect();
  }, [account.id, shy, !answer]);
  return html`<div class="usage" role="group" ref=${box} aria-label=${t("usage.label")}
      aria-busy=${String(!!waiting)} data-test="usage">
    <header><h3>${t("usage.label")}${data?.plan && html` <span class="plan">${data.plan}</span>`}</h3>
      <button type="button" class="link" onClick=${() => ask(account)} aria-disabled=${String(!!waiting)}
        aria-label=${`${t("usage.refresh")}: ${nameOf(account)}`}>
        ${t(waiting ? "usage.asking" : "usage.refresh")}</button></header>
    ${error && html`<p class="said">${t("usage.failed")} ${error}</p>`}
    ${data && html`<${Quotas} data=${data} />`}
    ${!data && !error && html`<p class="hint">${t(shy ? "usage.shy" : "usage.unknown")}</p>`}
  </div>`;
}

const Quotas = ({ data }) => html`
  ${data.quotas.length === 0 && html`<p class="hint">${t("usage.empty")}</p>`}
  <ul class="quotas">${data.quotas.map((quota, i) => html`<li key=${i}><${Quota} quota=${quota} /></li>`)}</ul>
  <p class="hint">${t("usage.asked", { when: html`<${Moment} at=${data.asked_at} />` })}</p>`;

function Quota({ quota }) {
  const { kind, used, limit, percent: share, resets_at: resets, expires_at: expires } = quota;
  const name = known(`quota.${kind}`) ? t(`quota.${kind}`) : quota.name;
  const tone = share >= ALMOST ? "bad" : share >= NEARLY ? "warn" : "good";
  const sum = used !== null && limit !== null
    ? t("quota.of", { used: amount(used), limit: amount(limit) })
    : used !== null ? t("quota.used", { used: amount(used) }) : "";
  const end = resets ? t("quota.resets", { when: day(resets) })
    : expires ? t("quota.expires", { when: day(expires) }) : "";
  const left = share >= 100 ? t("quota.gone") : share >= NEARLY ? t("quota.nearly") : "";
  return html`<div class=${`quota quota-${tone}`} data-test="quota" data-tone=${tone}>
    <div class="quota-head"><span>${name}</span><span class="quota-sum">${sum}</span></div>
    ${share !== null && html`<meter min="0" max="100" low=${NEARLY} high=${ALMOST} optimum="0"
      value=${Math.min(100, share)} aria-label=${name}>${percent(share)}</meter>`}
    <div class="quota-foot">
      <span>${share !== null && percent(share)}${left && html` · <strong>${left}</strong>`}</span>
      <span>${end}</span></div>
  </div>`;
}
