// The frame around every view: who may see it, where one is, what is wrong right now.
import { AccountsView } from "./accounts/view.js";
import { Banners } from "./banners.js";
import { useCell } from "./cell.js";
import { ConnectView } from "./connect/view.js";
import { FirstDoor, SignInAgain } from "./doors.js";
import { Header, TabBar } from "./header.js";
import { html, useEffect, useErrorBoundary, useRef } from "./lib.js";
import { Notices } from "./notice.js";
import { Busy, Problem } from "./parts/notes.js";
import { PlaygroundView } from "./playground/view.js";
import { language } from "./preferences.js";
import { RequestsView } from "./requests/view.js";
import { route } from "./routes.js";
import { askSession, session, unreachable } from "./session.js";
import { SettingsView } from "./settings/view.js";
import { status } from "./state.js";
import { t } from "./text.js";

const VIEWS = {
  accounts: AccountsView,
  connect: ConnectView,
  playground: PlaygroundView,
  requests: RequestsView,
  settings: SettingsView,
};

export function App() {
  useCell(language); // everything is drawn anew in the other language
  const state = useCell(session)?.state;
  const gone = useCell(unreachable);
  const admittedOnce = useRef(false);
  const doorShown = useRef(false);
  admittedOnce.current ||= state === "open" || state === "signed_in";
  if (!state) return gone ? html`<${Unreachable} />` : html`<${Busy}>${t("app.loading")}<//>`;
  if (!admittedOnce.current) {
    doorShown.current = true;
    return html`<${FirstDoor} state=${state} />`;
  }
  return html`<${Frame} focused=${doorShown.current} /><${Notices} />
    ${(state === "signed_out" || state === "setup") && html`<${SignInAgain} state=${state} />`}`;
}

// *focused* is whether the focus was on something that is gone now.
function Frame({ focused }) {
  const where = useCell(route);
  const main = useRef(null);
  const began = useRef(focused);
  const ready = useCell(status) !== null;
  useEffect(() => {
    document.title = `${t(`nav.${where}`)} · amq2api`;
  });
  useEffect(() => {
    if (!ready) return;
    // Not on arrival: the focus belongs to the document then.
    if (began.current) {
      main.current.querySelector("h1")?.focus();
      scrollTo(0, 0);
    }
    began.current = true;
  }, [where, ready]);
  const skip = (event) => {
    event.preventDefault(); // the fragment tells where one is
    main.current.focus();
  };
  return html`
    <a class="skip" href="#main" onClick=${skip}>${t("nav.skip")}</a>
    <${Header} where=${where} />
    <main id="main" ref=${main} tabindex="-1">
      <${Banners} />
      ${ready ? html`<${Guarded} key=${where} view=${VIEWS[where]} />` : html`<${Busy}>${t("app.loading")}<//>`}
    </main>
    <${TabBar} where=${where} />`;
}

// A mistake in one view must not take the whole page with it.
function Guarded({ view: View }) {
  const [error, again] = useErrorBoundary();
  if (!error) return html`<${View} />`;
  return html`<${Problem}>${t("app.broken", { message: String(error) })}
    <p><button type="button" class="button" onClick=${again}>${t("app.retry")}</button></p><//>`;
}

function Unreachable() {
  return html`<main class="door"><${Problem}>${t("error.unreachable")}
    <p><button type="button" class="button" onClick=${askSession}>${t("app.retry")}</button></p><//></main>`;
}
