// The two ways of signing in: what has to be known before the code comes.
import { words } from "../api.js";
import { REGIONS } from "../accounts/edit.js";
import { html, useEffect, useState } from "../lib.js";
import { Actions, Button } from "../parts/button.js";
import { Field, Form, require, useAlive } from "../parts/form.js";
import { Busy, Problem } from "../parts/notes.js";
import { t } from "../text.js";
import { begin } from "./logins.js";

// Nothing has to be known: it begins at once.
export function BuilderId({ account, started, onCancel }) {
  const [error, setError] = useState("");
  const alive = useAlive();
  const start = async () => {
    setError("");
    try {
      const login = await begin({ kind: "builder-id", ...(account && { account_id: account.id }) });
      if (alive.current) started(login);
    } catch (failure) {
      if (alive.current) setError(words(failure));
    }
  };
  useEffect(() => {
    start();
  }, []);
  if (!error) return html`<${Busy}>${t("login.starting")}<//>`;
  return html`<${Problem}>${error}<//><${Actions}>
    <${Button} kind="main" onClick=${start}>${t("app.retry")}<//>
    <${Button} onClick=${onCancel}>${t("form.cancel")}<//><//>`;
}

export function IdentityCenter({ account, values = {}, started, onCancel }) {
  const submit = async ({ start_url: start, region, name }) => {
    require({ start_url: start, region }, ["start_url", "region"]);
    started(await begin({
      kind: "identity-center", start_url: start.trim(), region: region.trim(),
      ...(name?.trim() && { name: name.trim() }), ...(account && { account_id: account.id }),
    }));
  };
  return html`<p>${t("login.idc_words")}</p>
    <${Form} onSubmit=${submit} submit=${t("login.start")} busy=${t("login.starting")} onCancel=${onCancel}>
      ${(errors) => html`
        <${Field} label=${t("field.start_url")} name="start_url" error=${errors.start_url} type="url"
          placeholder="https://example.awsapps.com/start" defaultValue=${values?.start_url ?? ""}
          hint=${t("login.start_url_hint")} data-focus />
        <${Field} label=${t("field.region")} name="region" error=${errors.region} list=${REGIONS}
          defaultValue=${values?.region || "us-east-1"} hint=${t("login.region_hint")} />
        ${!account && html`<${Field} label=${t("field.name")} name="name" error=${errors.name} optional
          maxlength="200" />`}`}<//>`;
}
