// Sign-ins that are under way. They go on at the gateway whether or not a dialog is open.
import { call } from "../api.js";
import { cell } from "../cell.js";
import { askStatus } from "../state.js";

const EVERY = 1500; // milliseconds; one question to the gateway, none to the service
const PENDING = ["starting", "waiting", "choosing_profile"];

export const logins = cell([]);
export const isPending = (login) => PENDING.includes(login.state);

const path = (id, more = "") => `/api/logins/${encodeURIComponent(id)}${more}`;

export async function begin(wanted) {
  return put(await call("POST", "/api/logins", wanted));
}

export const cancel = async (id) => put(await call("DELETE", path(id)));

export async function chooseProfile(id, arn) {
  return put(await call("POST", path(id, "/profile"), { profile_arn: arn }));
}

// Follows one login until it has ended; returns what stops that.
export function followLogin(id, onLost) {
  let timer = 0;
  let over = false;
  const ask = async () => {
    clearTimeout(timer);
    try {
      const login = put(await call("GET", path(id)));
      if (login.state === "done") await askStatus();
      over ||= !isPending(login);
    } catch (error) {
      if (error.status === 404) {
        over = true;
        onLost(error);
      } // anything else may pass: the code lives for minutes
    }
    if (!over) timer = setTimeout(ask, EVERY);
  };
  // Coming back from the service's page one wants to see at once that it worked.
  const back = () => !document.hidden && !over && ask();
  document.addEventListener("visibilitychange", back);
  ask();
  return () => {
    over = true;
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", back);
  };
}

// Knows of those that were begun elsewhere, or before the page was loaded anew.
export function watchLogins() {
  let timer = 0;
  const ask = async () => {
    try {
      logins.set(await call("GET", "/api/logins"));
    } catch {
      // The connection's state is shown elsewhere.
    }
    timer = setTimeout(ask, logins.get().some(isPending) ? 4 * EVERY : 20 * EVERY);
  };
  ask();
  return () => clearTimeout(timer);
}

function put(login) {
  logins.set([...logins.get().filter((other) => other.id !== login.id), login]);
  return login;
}
