// Whether this browser may: open, setup, signed_out or signed_in; null until the gateway said so.
import { cell } from "./cell.js";

export const session = cell(null);
export const unreachable = cell(false);

const may = (state) => state === "open" || state === "signed_in";
export const admitted = () => may(session.get()?.state);

export async function askSession() {
  try {
    const answer = await fetch("/api/session", { cache: "no-store" });
    const body = await answer.json();
    unreachable.set(!answer.ok);
    if (answer.ok) session.set(body.data);
  } catch {
    unreachable.set(true);
  }
}

// Resolves when somebody has signed in again; what was typed meanwhile stays where it is.
export function lostSession(signal) {
  if (admitted()) {
    session.set({ ...session.get(), state: "signed_out" });
    askSession(); // it may be "setup" by now
  }
  return new Promise((resolve, reject) => {
    const stop = session.subscribe((value) => {
      if (!may(value?.state)) return;
      stop();
      resolve();
    });
    signal?.addEventListener("abort", () => {
      stop();
      reject(new DOMException("Aborted", "AbortError"));
    });
  });
}
