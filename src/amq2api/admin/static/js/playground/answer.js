import { useCell } from "../cell.js";
import { duration, number } from "../format.js";
import { html, useEffect, useLayoutEffect, useRef } from "../lib.js";
import { Copy } from "../parts/copy.js";
import { Problem } from "../parts/notes.js";
import { t } from "../text.js";
import { run, stopWords } from "./run.js";

const ENDED = ["done", "stopped", "failed"];

export function Answer() {
  const { state, text, thought, hidden, error, usage, first, seconds, stop } = useCell(run);
  const ended = ENDED.includes(state);
  const place = useRef(null);
  useEffect(() => {
    // On a phone the answer begins below the fold.
    if (state === "waiting") place.current.scrollIntoView({ block: "nearest" });
  }, [state]);
  const busy = !ended && state !== "idle";
  return html`<section class="card answer" ref=${place} aria-labelledby="answer-title" aria-busy=${String(busy)}
      data-test="answer" data-state=${state}>
    <header class="answer-head"><h2 id="answer-title">${t("play.answer")}</h2>
      ${ended && text && html`<${Copy} text=${text} what=${t("play.answer")} quiet=${true} />`}</header>
    ${/* The words of an answer are not read out as they come: only that it began and ended. */ ""}
    <p class=${busy && state !== "writing" ? "play-state busy" : "play-state"} role="status">
      ${t(`play.state.${state}`)}</p>
    ${(thought || hidden) && html`<details class="fold thought" data-test="thought">
      <summary>${t("play.thought")}</summary>
      <p class="prose" dir="auto">${thought || t("play.thought_hidden")}</p></details>`}
    <${Words} text=${text} />
    ${state === "failed" && html`<${Problem}><p><strong>${t("play.failed")}</strong></p><p>${error}</p><//>`}
    ${ended && html`<dl class="facts" data-test="play-facts">
      ${first !== undefined && html`<div><dt>${t("play.first")}</dt><dd>${duration(first)}</dd></div>`}
      <div><dt>${t("play.seconds")}</dt><dd>${duration(seconds)}</dd></div>
      ${usage && html`<div><dt>${t("play.usage")}</dt><dd>${t("play.tokens", {
        input: number(usage.input_tokens ?? 0), output: number(usage.output_tokens ?? 0) })}</dd></div>`}
      ${stop && html`<div><dt>${t("play.end")}</dt><dd>${stopWords(stop)}</dd></div>`}
    </dl>`}
  </section>`;
}

// Follows the end of the text for as long as the reader is there.
function Words({ text }) {
  const box = useRef(null);
  const follows = useRef(true);
  useLayoutEffect(() => {
    if (!text) follows.current = true;
    if (follows.current) box.current.scrollTop = box.current.scrollHeight;
  }, [text]);
  const onScroll = () => {
    const { scrollTop, scrollHeight, clientHeight } = box.current;
    follows.current = scrollHeight - scrollTop - clientHeight < 40;
  };
  return html`<div class="words prose" ref=${box} onScroll=${onScroll} tabindex="0" role="group"
    aria-labelledby="answer-title" dir="auto" data-test="answer-text">${text}</div>`;
}
