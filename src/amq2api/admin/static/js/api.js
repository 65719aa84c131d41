// The admin API: data out, failures as one kind of error.
import { lostSession } from "./session.js";
import { known, said, t } from "./text.js";

export class Failure extends Error {
  constructor({ status = 0, type = "unreachable", message = "", field = null, retryAfter = null }) {
    super(message);
    Object.assign(this, { status, type, field, retryAfter });
  }
}

// Waits for a person to sign in again when the session has ended, then asks once more.
export async function call(method, path, body, { signal } = {}) {
  const answer = await ask(method, path, body, signal);
  return (await answer.json()).data;
}

export async function ask(method, path, body, signal) {
  const answer = await send(method, path, body, signal);
  if (answer.ok) return answer;
  const failure = await failureOf(answer);
  if (failure.type !== "not_signed_in") throw failure;
  await lostSession(signal);
  const second = await send(method, path, body, signal);
  if (!second.ok) throw await failureOf(second);
  return second;
}

async function send(method, path, body, signal) {
  const options = { method, signal, headers: { accept: "application/json" }, cache: "no-store" };
  if (body !== undefined) {
    options.headers["content-type"] = "application/json";
    options.body = JSON.stringify(body);
  }
  try {
    return await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Failure({ message: t("error.unreachable") });
  }
}

// Both envelopes, ours and that of the Messages API, have `error.type` and `error.message`.
async function failureOf(answer) {
  const wait = Number(answer.headers.get("retry-after")) || null;
  let error = {};
  try {
    error = (await answer.json()).error ?? {};
  } catch {
    // Not JSON: something between us and the gateway answered.
  }
  return new Failure({
    status: answer.status,
    type: error.type ?? "unexplained",
    message: error.message ?? t("error.unexplained", { status: answer.status }),
    field: error.field ?? null,
    retryAfter: wait,
  });
}

// What a person reads; at a field without the field's name, which stands there already.
export function words(error) {
  if (!(error instanceof Failure)) return String(error.message || error);
  const place = `error.${error.type}.${error.field}`;
  const plain = error.field ? error.message.replace(`${error.field}: `, "") : error.message;
  const wait = error.retryAfter ?? "";
  return said(known(place) ? place : `error.${error.type}`, plain, { wait });
}
