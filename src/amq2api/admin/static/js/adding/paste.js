import { call } from "../api.js";
import { Place, PLACE } from "../accounts/edit.js";
import { html } from "../lib.js";
import { notice } from "../notice.js";
import { Fold } from "../parts/fold.js";
import { Field, Form, require } from "../parts/form.js";
import { askStatus } from "../state.js";
import { t } from "../text.js";

const NEEDED = ["refresh_token", "client_id", "client_secret"];

export function Paste({ onCancel, onClose }) {
  const submit = async (values) => {
    require(values, NEEDED);
    const typed = Object.entries(values).map(([name, value]) => [name, value.trim()]);
    const filled = typed.filter(([, value]) => value);
    const account = await call("POST", "/api/accounts", Object.fromEntries(filled));
    await askStatus();
    notice(t("paste.done", { name: account.name || t("account.unnamed") }));
    onClose();
  };
  return html`<p>${t("paste.words")}</p>
    <${Form} onSubmit=${submit} submit=${t("paste.submit")} onCancel=${onCancel}>${(errors) => html`
      <${Field} label=${t("field.name")} name="name" error=${errors.name} optional maxlength="200"
        spellcheck="true" data-focus />
      ${NEEDED.map((name) => html`<${Field} key=${name} label=${t(`field.${name}`)} name=${name} type="password"
        autocomplete="new-password" error=${errors[name]} />`)}
      <${Fold} title=${t("paste.more")} needed=${PLACE.some((name) => errors[name])}>
        <${Place} errors=${errors} /><//>`}<//>`;
}
