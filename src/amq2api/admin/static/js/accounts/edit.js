import { call } from "../api.js";
import { html } from "../lib.js";
import { notice } from "../notice.js";
import { Dialog } from "../parts/dialog.js";
import { Fold } from "../parts/fold.js";
import { Check, Field, Form, Missing } from "../parts/form.js";
import { askStatus } from "../state.js";
import { t } from "../text.js";
import { path } from "./actions.js";
import { nameOf } from "./kinds.js";
import { forget } from "./usage.js";

export const REGIONS = [
  "us-east-1", "us-east-2", "us-west-1", "us-west-2", "ca-central-1", "sa-east-1", "eu-central-1",
  "eu-north-1", "eu-south-1", "eu-west-1", "eu-west-2", "eu-west-3", "ap-east-1", "ap-northeast-1",
  "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-southeast-1", "ap-southeast-2",
];
const SECRETS = ["refresh_token", "client_id", "client_secret"];
export const PLACE = ["profile_arn", "region", "start_url"];
const TEXTS = ["name", ...PLACE];

export function Edit({ account, onClose }) {
  const save = async (values) => {
    const changes = changed(account, values);
    if (Object.keys(changes).length) {
      await call("PATCH", path(account), changes);
      if (SECRETS.some((name) => name in changes)) forget(account.id);
      await askStatus();
    }
    notice(t("edit.saved", { name: values.name.trim() || t("account.unnamed") }));
    onClose();
  };
  return html`<${Dialog} title=${t("edit.title", { name: nameOf(account) })} onClose=${onClose} test="edit">
    <${Form} onSubmit=${save} submit=${t("edit.save")} onCancel=${onClose}>${(errors) => html`
      <${Field} label=${t("field.name")} name="name" error=${errors.name} defaultValue=${account.name}
        maxlength="200" spellcheck="true" data-focus />
      <${Check} label=${t("edit.enabled")} name="enabled" error=${errors.enabled}
        defaultChecked=${account.enabled} hint=${t("edit.enabled_hint")} />
      <${Fold} title=${t("edit.replace")} needed=${[...SECRETS, ...PLACE].some((name) => errors[name])}>
        <p class="hint">${t("edit.replace_hint")}</p>
        ${SECRETS.map((name) => html`<${Field} key=${name} label=${t(`field.${name}`)} name=${name}
          error=${errors[name]} type="password" autocomplete="new-password" placeholder=${t("edit.unchanged")} />`)}
        <${Place} account=${account} errors=${errors} />
      <//>`}<//>
  <//>`;
}

export const Place = ({ account = {}, errors }) => html`
  <${Field} label=${t("field.profile_arn")} name="profile_arn" error=${errors.profile_arn} optional
    defaultValue=${account.profile_arn ?? ""} hint=${t("field.profile_arn_hint")} />
  <${Field} label=${t("field.region")} name="region" error=${errors.region} optional
    defaultValue=${account.region ?? ""} list=${REGIONS} hint=${t("field.region_hint")} />
  <${Field} label=${t("field.start_url")} name="start_url" error=${errors.start_url} optional
    defaultValue=${account.start_url ?? ""} type="url" />`;

// Only what the person changed: somebody else may have edited the rest meanwhile.
function changed(account, values) {
  const changes = {};
  for (const name of TEXTS) {
    const [before, after] = [account[name] ?? "", values[name].trim()];
    if (before !== after) changes[name] = after || null;
  }
  for (const name of SECRETS) if (values[name].trim()) changes[name] = values[name].trim();
  const enabled = values.enabled === "on";
  if (enabled !== account.enabled) changes.enabled = enabled;
  if ("client_id" in changes !== "client_secret" in changes) {
    throw new Missing("client_id" in changes ? "client_secret" : "client_id", t("edit.together"));
  }
  return changes;
}
