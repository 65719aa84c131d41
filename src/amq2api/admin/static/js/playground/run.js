// One question and the answer as it streams in. It goes on while another view is looked at.
import { ask, Failure, words } from "../api.js";
import { cell } from "../cell.js";
import { EventParser } from "../sse.js";
import { known, t } from "../text.js";

const DRAW_EVERY = 50; // milliseconds: more often than the eye reads, seldomer than tokens come

const IDLE = { state: "idle", text: "", thought: "", hidden: false };
export const run = cell(IDLE);

let abort = null;

export const stop = () => abort?.abort();

export async function start(request) {
  abort?.abort();
  const mine = new AbortController();
  abort = mine;
  const answer = new Answer((value) => abort === mine && run.set(value));
  try {
    const reply = await ask("POST", "/api/playground", { ...request, stream: true }, mine.signal);
    await read(reply, answer);
    answer.end("done");
  } catch (error) {
    if (error.name === "AbortError") answer.end("stopped");
    else answer.fail(words(error));
  }
}

async function read(reply, answer) {
  const parser = new EventParser();
  const reader = reply.body.getReader();
  for (;;) {
    const { done, value } = await piece(reader);
    if (done) break;
    for (const { data } of parser.feed(value)) answer.take(JSON.parse(data));
    if (answer.complete) return;
  }
  throw new Failure({ type: "broken_off", message: t("error.broken_off") });
}

async function piece(reader) {
  try {
    return await reader.read();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Failure({ type: "broken_off", message: t("error.broken_off") });
  }
}

class Answer {
  complete = false;
  #value = { ...IDLE, state: "waiting" };
  #began = performance.now();
  #timer = 0;
  #tell;

  constructor(tell) {
    this.#tell = tell;
    tell(this.#value);
  }

  take(event) {
    switch (event.type) {
      case "message_start":
        return this.#change({ usage: event.message.usage, model: event.message.model });
      case "content_block_start":
        return event.content_block.type === "redacted_thinking" ? this.#change({ hidden: true }) : undefined;
      case "content_block_delta":
        return this.#delta(event.delta);
      case "message_delta":
        return this.#change({ stop: event.delta.stop_reason, usage: { ...this.#value.usage, ...event.usage } });
      case "message_stop":
        this.complete = true;
        return undefined;
      case "error":
        throw new Failure({ type: event.error.type, message: event.error.message });
      default:
        return undefined; // pings, and whatever is newer than this page
    }
  }

  end(state) {
    this.#change({ state, seconds: this.#elapsed() });
    clearTimeout(this.#timer);
    this.#tell(this.#value);
  }

  fail(message) {
    this.#value = { ...this.#value, error: message };
    this.end("failed");
  }

  #delta(delta) {
    const first = this.#value.first ?? this.#elapsed();
    if (delta.type === "text_delta") {
      this.#change({ first, state: "writing", text: this.#value.text + delta.text });
    }
    if (delta.type === "thinking_delta") {
      this.#change({ first, state: "thinking", thought: this.#value.thought + delta.thinking });
    }
  }

  #change(change) {
    this.#value = { ...this.#value, ...change };
    this.#timer ||= setTimeout(() => {
      this.#timer = 0;
      this.#tell(this.#value);
    }, DRAW_EVERY);
  }

  #elapsed = () => (performance.now() - this.#began) / 1000;
}

export const stopWords = (reason) => (known(`outcome.${reason}`) ? t(`outcome.${reason}`) : reason ?? "");
