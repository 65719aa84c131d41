import { html } from "../lib.js";
import { t } from "../text.js";

// What to do where secrets are plain on the disk.
export const howToEncrypt = () => t("encryption.off", {
  key: html`<code>AMQ2API_ENCRYPTION_KEY</code>`, command: html`<code>amq2api rekey --generate</code>`,
});
