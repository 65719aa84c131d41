// Keeps state.js fresh: server-sent events while they flow, questions while they do not.
import { admitted, session } from "./session.js";
import { askRecords, askStatus, connection, join, told } from "./state.js";

// Milliseconds.
const GRACE = 1200; // a stream that is back so soon was never lost
const PATIENCE = 6000; // the first event comes at once, unless something on the road holds it back
const POLLING = 5000;
const LONGEST_WAIT = 30000;

let source = null;
let timer = 0;
let failures = 0;

export function follow() {
  session.subscribe(() => (admitted() ? open() : close()));
  // A hidden page holds no connection: browsers allow few to one address, and so does the gateway.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) close();
    else if (admitted()) open();
  });
  addEventListener("pagehide", close);
  addEventListener("pageshow", (event) => event.persisted && admitted() && open());
  addEventListener("online", () => admitted() && !source && open());
  if (admitted()) open();
}

function open() {
  close();
  if (document.hidden) return;
  source = new EventSource("/api/events");
  source.addEventListener("status", (event) => {
    clearTimeout(timer);
    failures = 0;
    connection.set("live");
    told(JSON.parse(event.data));
  });
  source.addEventListener("request", (event) => join([JSON.parse(event.data)]));
  source.addEventListener("error", () => {
    close();
    timer = setTimeout(question, GRACE);
  });
  timer = setTimeout(question, PATIENCE);
  askRecords().catch(() => {}); // what came while nobody listened; a failure shows in the stream
}

function close() {
  clearTimeout(timer);
  source?.close();
  source = null;
}

// Asks the ordinary way, which tells an ended session from a gateway that is gone.
async function question() {
  close();
  failures += 1;
  let wait = failures > 1 ? POLLING : 0;
  try {
    await Promise.all([askStatus(), askRecords()]);
    if (failures > 1) connection.set("polling");
  } catch {
    connection.set("lost");
    wait = Math.min(500 * 2 ** failures, LONGEST_WAIT);
  }
  if (source || document.hidden || !admitted()) return;
  timer = setTimeout(open, wait);
}

// For the impatient: the button beside "connection lost".
export function retry() {
  connection.set("connecting");
  open();
}
