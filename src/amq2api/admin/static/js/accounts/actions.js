// What the buttons on a card do.
import { call, words } from "../api.js";
import { notice } from "../notice.js";
import { askStatus } from "../state.js";
import { t } from "../text.js";
import { nameOf } from "./kinds.js";

// Runs what a button stands for; a failure is told at the foot of the page.
export async function act(work) {
  try {
    return await work();
  } catch (error) {
    notice(words(error), "error");
    return null;
  }
}

export const path = (account, more = "") => `/api/accounts/${encodeURIComponent(account.id)}${more}`;

export const activate = (account) => act(async () => {
  await call("POST", path(account, "/activate"));
  await askStatus();
  notice(t("account.activated", { name: nameOf(account) }));
});
