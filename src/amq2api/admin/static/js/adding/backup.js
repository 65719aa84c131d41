// Accounts out of a file that was written by "Back up" or by the command line.
import { call } from "../api.js";
import { html, useState } from "../lib.js";
import { Field, Form, Missing, require } from "../parts/form.js";
import { askStatus } from "../state.js";
import { t } from "../text.js";
import { Results } from "./results.js";

const LARGEST = 10 * 1024 * 1024; // bytes the gateway takes

export function Backup({ onCancel, onClose }) {
  const [results, setResults] = useState(null);
  const submit = async ({ bundle: file, passphrase }) => {
    if (!file?.size) throw new Missing("bundle", t("backup.file_missing"));
    require({ passphrase }, ["passphrase"]);
    setResults(await call("POST", "/api/accounts/import", { passphrase, bundle: await read(file) }));
    await askStatus();
  };
  if (results) return html`<${Results} results=${results} onClose=${onClose} />`;
  return html`<p>${t("backup.words")}</p>
    <${Form} onSubmit=${submit} submit=${t("backup.submit")} busy=${t("backup.busy")} onCancel=${onCancel}>
      ${(errors) => html`
        <${Field} label=${t("backup.file")} name="bundle" error=${errors.bundle} type="file"
          accept=".json,application/json" data-focus />
        <${Field} label=${t("backup.passphrase")} name="passphrase" error=${errors.passphrase} type="password" />`}
    <//>`;
}

async function read(file) {
  if (file.size > LARGEST) throw new Missing("bundle", t("backup.too_large"));
  try {
    return JSON.parse(await file.text());
  } catch {
    throw new Missing("bundle", t("backup.not_json"));
  }
}
