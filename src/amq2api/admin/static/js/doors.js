// Setting the admin password up, and signing in with it.
import { call } from "./api.js";
import { Switches } from "./header.js";
import { html, useEffect } from "./lib.js";
import { Dialog } from "./parts/dialog.js";
import { Field, Form, require, sameTwice } from "./parts/form.js";
import { session } from "./session.js";
import { t } from "./text.js";

const SHORTEST = 10; // characters of a password, as the gateway demands

export function FirstDoor({ state }) {
  useEffect(() => {
    document.title = `${t(`door.${state}`)} · amq2api`;
  });
  useEffect(() => document.querySelector("[data-focus]").focus(), [state]);
  return html`<main class="door" id="main" tabindex="-1">
    <div class="door-top">
      <span class="brand"><img src="/static/favicon.svg" alt="" width="30" height="30" /> amq2api</span>
      <${Switches} /></div>
    <section class="card" aria-labelledby="door-title">
      <h1 id="door-title" tabindex="-1">${t(`door.${state}`)}</h1>
      <${Door} state=${state} />
    </section>
  </main>`;
}

// The session ended under the reader's hands: what was typed stays behind this.
export const SignInAgain = ({ state }) => html`
  <${Dialog} title=${t("door.again")} test="sign-in-again"><${Door} state=${state} again=${true} /><//>`;

const Door = ({ state, again = false }) => (
  state === "setup" ? html`<${SetUp} />` : html`<${SignIn} again=${again} />`
);

const SignIn = ({ again }) => html`<p>${t(again ? "door.again_words" : "door.signed_out_words")}</p>
  <${Form} submit=${t("door.sign_in")} busy=${t("door.signing_in")} onSubmit=${async ({ password }) => {
    require({ password }, ["password"]);
    session.set(await call("POST", "/api/session", { password }));
  }}>${(errors) => html`
    <${Field} label=${t("door.password")} name="password" type="password" autocomplete="current-password"
      error=${errors.password} data-focus />`}<//>
  <details class="quiet"><summary>${t("door.forgotten")}</summary><p>${t("door.forgotten_words", {
    command: html`<code>amq2api password</code>`,
  })}</p></details>`;

const SetUp = () => html`<p>${t("door.setup_words")}</p>
  <${Form} submit=${t("door.set_up")} onSubmit=${async (values) => {
    require(values, ["token"]);
    checkTwice(values);
    session.set(await call("POST", "/api/setup", { token: values.token.trim(), password: values.password }));
  }}>${(errors) => html`
    <${Field} label=${t("door.token")} name="token" error=${errors.token} hint=${t("door.token_hint")} data-focus />
    <${TwoPasswords} errors=${errors} />`}<//>`;

export const TwoPasswords = ({ errors }) => html`
  <${Field} label=${t("door.new_password")} name="password" type="password" autocomplete="new-password"
    hint=${t("door.password_hint", { count: SHORTEST })} error=${errors.password} />
  <${Field} label=${t("door.repeat")} name="repeated" error=${errors.repeated} type="password"
    autocomplete="new-password" />`;

export const checkTwice = ({ password, repeated }) => sameTwice("password", password, repeated, SHORTEST);
