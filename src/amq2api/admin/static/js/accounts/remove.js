import { call } from "../api.js";
import { html } from "../lib.js";
import { notice } from "../notice.js";
import { Dialog } from "../parts/dialog.js";
import { Form } from "../parts/form.js";
import { askStatus } from "../state.js";
import { t } from "../text.js";
import { path } from "./actions.js";
import { nameOf } from "./kinds.js";

export function Remove({ account, onClose }) {
  const name = nameOf(account);
  const remove = async () => {
    try {
      await call("DELETE", path(account));
    } catch (error) {
      if (error.status !== 404) throw error; // somebody else was faster
    }
    await askStatus();
    notice(t("remove.done", { name }));
    onClose();
  };
  return html`<${Dialog} title=${t("remove.title")} onClose=${onClose} role="alertdialog" test="remove">
    <p>${t("remove.words", { name: html`<strong dir="auto">${name}</strong>` })}</p>
    <p class="hint">${t(account.is_active ? "remove.active" : "remove.nothing_else")}</p>
    <${Form} onSubmit=${remove} submit=${t("remove.confirm")} busy=${t("remove.busy")} danger=${true}
      onCancel=${onClose}>${() => ""}<//>
  <//>`;
}
