import { AddDialog } from "../adding/dialog.js";
import { ExportDialog } from "../adding/export.js";
import { logins, watchLogins } from "../adding/logins.js";
import { Waiting } from "../adding/waiting.js";
import { useCell } from "../cell.js";
import { Icon } from "../icons.js";
import { html, useEffect, useState } from "../lib.js";
import { Actions, Button } from "../parts/button.js";
import { Note } from "../parts/notes.js";
import { howToEncrypt } from "../settings/encryption.js";
import { status } from "../state.js";
import { t } from "../text.js";
import { Card } from "./card.js";
import { Edit } from "./edit.js";
import { Guide, Progress } from "./guide.js";
import { nameOf } from "./kinds.js";
import { Remove } from "./remove.js";

// dialog: {kind: "add" | "edit" | "remove" | "login" | "export", account, step}
export function AccountsView() {
  const { accounts, serving, encrypted, routing } = useCell(status);
  const [dialog, setDialog] = useState(null);
  useEffect(watchLogins, []);
  const pending = useCell(logins);
  const close = () => setDialog(null);
  const open = (kind, account, step) => setDialog({ kind, account, step });
  const add = (step) => open("add", undefined, step);
  return html`
    <header class="view-head"><h1 tabindex="-1">${t("nav.accounts")}</h1>
      ${accounts.length > 0 && html`<${Actions}>
        <${Button} onClick=${() => open("export")}>${t("export.open")}<//>
        <${Button} kind="main" onClick=${() => add()}><${Icon} name="plus" size=${18} />${t("add.open")}<//>
      <//>`}</header>
    <${Waiting} logins=${dialog ? [] : pending} open=${(login) => add({ login: login.id })} />
    ${accounts.length ? html`<${Progress} />` : html`<${Guide} add=${add} />`}
    ${serving.error && accounts.length > 0 && html`<${Note} kind="warning" test="serving-error">
      <strong>${t("serving.none")}</strong><p class="said" lang="en">${serving.error}</p><//>`}
    <div class="cards">${accounts.map((account) => html`
      <${Card} key=${account.id} account=${account} open=${open} serving=${serving.account_id === account.id} />`)}
    </div>
    ${accounts.length > 1 && html`<p class="hint">${t(`routing.${routing}`)}</p>`}
    ${!encrypted && accounts.length > 0 && html`<p class="hint" data-test="not-encrypted">${howToEncrypt()}</p>`}
    ${dialog && html`<${Opened} dialog=${dialog} close=${close} />`}`;
}

function Opened({ dialog: { kind, account, step }, close }) {
  if (kind === "edit") return html`<${Edit} account=${account} onClose=${close} />`;
  if (kind === "remove") return html`<${Remove} account=${account} onClose=${close} />`;
  if (kind === "export") return html`<${ExportDialog} onClose=${close} />`;
  return html`<${AddDialog} account=${account} first=${step} onClose=${close}
    title=${account ? t("login.again", { name: nameOf(account) }) : t("add.title")} />`;
}
