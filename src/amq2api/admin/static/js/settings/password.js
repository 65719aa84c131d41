import { call } from "../api.js";
import { useCell } from "../cell.js";
import { checkTwice, TwoPasswords } from "../doors.js";
import { html, useState } from "../lib.js";
import { notice } from "../notice.js";
import { Field, Form, require } from "../parts/form.js";
import { session } from "../session.js";
import { t } from "../text.js";

// Sets the admin password, or changes it.
export function Password() {
  const { password_set: set } = useCell(session);
  const [round, setRound] = useState(0); // a new form after each success
  const submit = async (values) => {
    if (set) require(values, ["current"]);
    checkTwice(values);
    const { current, password } = values;
    session.set(await call("PUT", "/api/password", { password, ...(set && { current }) }));
    notice(t("password.saved"));
    setRound(round + 1);
  };
  return html`<p>${t(set ? "password.set" : "password.unset")}</p>
    <details class="fold" key=${round}><summary>${t(set ? "password.change" : "password.make")}</summary>
      <${Form} onSubmit=${submit} submit=${t("password.save")}>${(errors) => html`
        ${set && html`<${Field} label=${t("password.current")} name="current" error=${errors.current} type="password"
          autocomplete="current-password" />`}
        <${TwoPasswords} errors=${errors} />`}<//></details>`;
}
