// Where an account's sign-in came from, as far as its entry tells.
import { t } from "../text.js";

const BUILDER_ID_HOST = "view.awsapps.com";

export const isBuilderId = (start) => start?.split("/")[2] === BUILDER_ID_HOST;

export function kindOf({ auth, start_url: start, profile_arn: profile }) {
  const way = (auth ?? "").toLowerCase().replace(/[^a-z]/g, "");
  if (way === "builderid") return "builder-id";
  if (way === "identitycenter" || way === "idc") return "identity-center";
  if (start) return isBuilderId(start) ? "builder-id" : "identity-center";
  return profile ? "identity-center" : "manual";
}

export const KIND_ICONS = { "builder-id": "person", "identity-center": "team", manual: "key" };

export const nameOf = (account) => account.name || t("account.unnamed");
