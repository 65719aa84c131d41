// Server-sent events from bytes, wherever the pieces are cut; as the HTML standard reads them.
export class EventParser {
  #decoder = new TextDecoder(); // drops a byte order mark at the start, as it should
  #rest = "";
  #name = "";
  #data = [];

  // The events that *bytes* completes, as {name, data}.
  feed(bytes) {
    this.#rest += this.#decoder.decode(bytes, { stream: true });
    const events = [];
    for (let line = this.#line(); line !== null; line = this.#line()) {
      const event = this.#read(line);
      if (event) events.push(event);
    }
    return events;
  }

  #line() {
    const end = this.#rest.search(/[\r\n]/);
    // A CR at the very end may be half of a CR LF.
    if (end < 0 || (this.#rest[end] === "\r" && end === this.#rest.length - 1)) return null;
    const line = this.#rest.slice(0, end);
    this.#rest = this.#rest.slice(end + (this.#rest.startsWith("\r\n", end) ? 2 : 1));
    return line;
  }

  #read(line) {
    if (line === "") return this.#complete();
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") this.#name = value;
    if (field === "data") this.#data.push(value);
    return null;
  }

  #complete() {
    const event = this.#data.length ? { name: this.#name || "message", data: this.#data.join("\n") } : null;
    this.#name = "";
    this.#data = [];
    return event;
  }
}
