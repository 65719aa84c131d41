import { call } from "../api.js";
import { html } from "../lib.js";
import { notice } from "../notice.js";
import { Dialog } from "../parts/dialog.js";
import { Field, Form, sameTwice } from "../parts/form.js";
import { t } from "../text.js";

const SHORTEST = 8; // characters, as the gateway demands

export function ExportDialog({ onClose }) {
  const submit = async ({ passphrase, repeated }) => {
    sameTwice("passphrase", passphrase, repeated, SHORTEST);
    const { bundle } = await call("POST", "/api/accounts/export", { passphrase });
    download(bundle);
    notice(t("export.done"));
    onClose();
  };
  return html`<${Dialog} title=${t("export.title")} onClose=${onClose} test="export">
    <p>${t("export.words")}</p>
    <${Form} onSubmit=${submit} submit=${t("export.submit")} busy=${t("export.busy")} onCancel=${onClose}>
      ${(errors) => html`
        <${Field} label=${t("export.passphrase")} name="passphrase" error=${errors.passphrase} type="password"
          autocomplete="new-password" hint=${t("export.hint", { count: SHORTEST })} data-focus />
        <${Field} label=${t("door.repeat_passphrase")} name="repeated" error=${errors.repeated} type="password"
          autocomplete="new-password" />`}<//>
  <//>`;
}

function download(bundle) {
  const url = URL.createObjectURL(new Blob([JSON.stringify(bundle, null, 2)], { type: "application/json" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = `amq2api-accounts-${new Date().toISOString().slice(0, 10)}.json`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60000); // some browsers read it only after the click
}
