// Where the page begins.
import { App } from "./app.js";
import { html, render } from "./lib.js";
import { follow } from "./live.js";
import { askSession } from "./session.js";

const root = document.getElementById("app");
root.replaceChildren();
render(html`<${App} />`, root);
await askSession();
follow();
