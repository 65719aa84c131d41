// What the gateway last said of itself.
import { call } from "./api.js";
import { cell } from "./cell.js";
import { heard } from "./clock.js";

export const status = cell(null);
export const records = cell(null); // newest first
export const connection = cell("connecting"); // or live, polling, lost

const KEPT = 200;

export function told(value) {
  heard(value.now);
  status.set(value);
}

export const askStatus = async () => told(await call("GET", "/api/status"));

export async function askRecords() {
  join(await call("GET", `/api/requests?limit=${KEPT}`));
}

// A record may come both as an event and in the list that was asked for.
export function join(fresh) {
  const seen = new Map((records.get() ?? []).map((record) => [record.id, record]));
  for (const record of fresh) seen.set(record.id, record);
  const all = [...seen.values()].sort((a, b) => b.at - a.at);
  records.set(all.slice(0, KEPT));
}

export const accountById = (id) => status.get()?.accounts.find((account) => account.id === id);
