import { clock } from "../format.js";
import { now } from "../clock.js";
import { html } from "../lib.js";
import { Actions, Button } from "../parts/button.js";
import { Note } from "../parts/notes.js";
import { act } from "../accounts/actions.js";
import { t } from "../text.js";
import { cancel, isPending } from "./logins.js";

// Sign-ins that wait for their person while no dialog shows them.
export const Waiting = ({ logins, open }) => logins.filter(isPending).map((login) => html`
  <${Note} key=${login.id} test="login-pending">
    <p>${t("login.pending", { code: html`<code>${login.user_code}</code>` })}
      ${login.expires_at && html` (${t("login.left", { time: clock(login.expires_at - now()) })})`}</p>
    <${Actions}>
      <${Button} size="small" onClick=${() => open(login)}>${t("login.continue")}<//>
      <${Button} size="small" kind="quiet" onClick=${() => act(() => cancel(login.id))}>${t("login.cancel")}<//>
    <//><//>`);
