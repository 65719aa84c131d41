// A sign-in under way: the code, the link, the wait, the profile, the end.
import { call, words } from "../api.js";
import { path } from "../accounts/actions.js";
import { forget } from "../accounts/usage.js";
import { useCell } from "../cell.js";
import { useNow } from "../clock.js";
import { clock } from "../format.js";
import { Icon } from "../icons.js";
import { html, useEffect, useRef, useState } from "../lib.js";
import { notice } from "../notice.js";
import { Actions, Button } from "../parts/button.js";
import { Copy } from "../parts/copy.js";
import { Field, Form, Missing, useId } from "../parts/form.js";
import { Busy, Note, Problem } from "../parts/notes.js";
import { go } from "../routes.js";
import { accountById, askStatus, status } from "../state.js";
import { t } from "../text.js";
import { cancel, chooseProfile, followLogin, logins } from "./logins.js";

export function Login({ id, account, retry, onClose }) {
  const login = useCell(logins).find((each) => each.id === id);
  const [lost, setLost] = useState("");
  const place = useRef(null);
  useEffect(() => followLogin(id, (error) => setLost(words(error))), [id]);
  const state = lost ? "failed" : login?.state ?? "starting";
  useEffect(() => {
    // The next thing to do, wherever the focus was in what has just gone.
    if (state === "done") forget(login.account_id);
    if (state !== "starting") place.current.querySelector("[data-first]")?.focus();
  }, [state]);
  return html`<div ref=${place} data-test="login" data-state=${state}>
    <p class="unseen" role="status">${t(`login.state.${state}`)}</p>
    ${part(state, { login, lost, account, retry, onClose })}</div>`;
}

function part(state, { login, lost, account, retry, onClose }) {
  switch (state) {
    case "waiting":
      return html`<${CodeShown} login=${login} onClose=${onClose} />`;
    case "choosing_profile":
      return html`<${Profiles} login=${login} onClose=${onClose} />`;
    case "done":
      return html`<${Done} login=${login} again=${!!account} onClose=${onClose} />`;
    case "failed":
    case "cancelled":
      return html`<${Ended} state=${state} message=${lost || login.error} retry=${() => retry(login)}
        onClose=${onClose} />`;
    default:
      return html`<${Busy}>${t("login.starting")}<//>`;
  }
}

function CodeShown({ login, onClose }) {
  const link = webAddress(login.verification_uri_complete) || webAddress(login.verification_uri);
  const stop = async () => {
    await cancel(login.id).catch(() => {}); // it ends by itself before long
    onClose();
  };
  return html`
    <ol class="login-steps">
      <li><p>${t("login.open")}</p>${link && html`<${Link} to=${link} />`}</li>
      <li><p>${t("login.compare")}</p>
        <p class="code-line">
          <output class="code" translate="no" aria-label=${t("login.code")} data-test="user-code">
            ${login.user_code}</output>
          <${Copy} text=${login.user_code} what=${t("login.code")} /></p></li>
      <li><p>${t("login.allow")}</p></li>
    </ol>
    <${TimeLeft} until=${login.expires_at} />
    <${Actions}><${Button} onClick=${stop}>${t("login.cancel")}<//><//>
    <p class="hint">${t("login.may_close")}</p>`;
}

const Link = ({ to }) => html`
  <a class="button button-main button-large" href=${to} target="_blank" rel="noopener noreferrer" data-focus
      data-first data-test="login-link">
    ${t("login.open_link")}<${Icon} name="external" size=${18} />
    <span class="unseen"> ${t("login.new_tab")}</span></a>
  <p class="hint address">${new URL(to).host}</p>`;

function TimeLeft({ until }) {
  const now = useNow(1);
  const whole = useRef(0);
  if (!until) return html`<p class="waiting">${t("login.waiting")}</p>`;
  const left = Math.max(0, until - now);
  whole.current = Math.max(whole.current, left);
  return html`<div class="waiting"><p>${t("login.waiting")}
      <span class="time-left" aria-hidden="true">${t("login.left", { time: clock(left) })}</span></p>
    <progress max=${whole.current} value=${left} aria-label=${t("login.time_left")}></progress></div>`;
}

function Profiles({ login, onClose }) {
  const group = useId("profiles");
  const [first] = login.profiles;
  const submit = async ({ profile_arn: arn }) => {
    if (!arn) throw new Missing("profile_arn", t("form.missing"));
    await chooseProfile(login.id, arn);
  };
  return html`<${Form} onSubmit=${submit} submit=${t("login.choose")} onCancel=${onClose}>${(errors) => html`
    <fieldset class="radios" data-test="profiles"><legend>${t("login.profiles")}</legend>
      ${login.profiles.map((profile, i) => html`<div class="radio" key=${profile.arn}>
        <input type="radio" id=${`${group}-${i}`} name="profile_arn" value=${profile.arn}
          defaultChecked=${profile === first} data-first=${profile === first ? "" : undefined} />
        <label for=${`${group}-${i}`}>
          <strong dir="auto">${profile.name || profile.arn.split("/").pop()}</strong>
          <span class="hint">${profile.region} · <span class="address">${profile.arn}</span></span></label></div>`)}
      ${errors.profile_arn && html`<p class="field-error">${errors.profile_arn}</p>`}
    </fieldset>`}<//>`;
}

function Done({ login, again, onClose }) {
  useCell(status);
  const account = accountById(login.account_id);
  const tryIt = () => {
    onClose();
    go("playground");
  };
  const rename = async ({ name }) => {
    await call("PATCH", path(account), { name: name.trim() || null });
    await askStatus();
    notice(t("edit.saved", { name: name.trim() || t("account.unnamed") }));
    onClose();
  };
  return html`<${Note} kind="success"><p><strong>${t(again ? "login.done_again" : "login.done", {
      name: html`<span dir="auto">${account?.name || t("account.unnamed")}</span>` })}</strong></p>
      ${account && !account.is_active && html`<p>${t("login.not_active")}</p>`}<//>
    <${Actions}>
      <${Button} kind="main" size="large" onClick=${tryIt} data-first>${t("login.try")}<//>
      <${Button} onClick=${onClose}>${t("dialog.close")}<//>
    <//>
    ${account && !again && html`<details class="fold"><summary>${t("login.rename")}</summary>
      <${Form} onSubmit=${rename} submit=${t("edit.save")}>${(errors) => html`
        <${Field} label=${t("field.name")} name="name" error=${errors.name} defaultValue=${account.name}
          maxlength="200" spellcheck="true" />`}<//></details>`}`;
}

const Ended = ({ state, message, retry, onClose }) => html`
  <${Problem}><p><strong>${t(`login.state.${state}`)}</strong></p>
    ${message && html`<p lang="en">${message}</p>`}<//>
  <${Actions}>
    <${Button} kind="main" onClick=${retry} data-first>${t("login.retry")}<//>
    <${Button} onClick=${onClose}>${t("dialog.close")}<//>
  <//>`;

// Nothing but a web address may become a link: the service's word is not enough.
function webAddress(text) {
  try {
    const url = new URL(text);
    return url.protocol === "https:" || url.protocol === "http:" ? url.href : "";
  } catch {
    return "";
  }
}
