"""Answers that are complete and well formed, however odd."""

import base64
from collections.abc import Callable, Mapping
from typing import TypeAlias

from amq2api.sim.question import Question
from amq2api.sim.signing import SIGNER
from amq2api.sim.steps import (
    Event,
    Flat,
    Pause,
    Step,
    Streamed,
    Trailer,
    reasoning,
    reasoning_end,
    text,
)

from .calls import CALLED, call

Play: TypeAlias = Callable[[Question, str], Streamed | Flat | None]
"""Takes the scenario's argument; None leaves the answer to the echo."""
Table: TypeAlias = Mapping[str, tuple[str, Play]]

_END = Trailer()
_SEED = b"reasoning nobody may read"


def _say(*steps: Step, end: Trailer = _END) -> Play:
    streamed = Streamed((*steps, end))
    return lambda question, argument: streamed


def _words(*pieces: str, end: Trailer = _END) -> Play:
    return _say(*map(text, pieces), end=end)


def number(argument: str, otherwise: float) -> float:
    """The scenario's argument as a number; one that is none counts as not given."""
    try:
        return float(argument)
    except ValueError:
        return otherwise


def _long(question: Question, argument: str) -> Streamed:
    count = int(number(argument, 2_000))
    words = (text(f"word{index} ") for index in range(min(count, 200_000)))
    return Streamed((*words, _END))


def _slow_head(question: Question, argument: str) -> Streamed:
    return Streamed((text("Sorry to keep you waiting."), _END), wait=number(argument, 2))


def _slow_event(question: Question, argument: str) -> Streamed:
    wait = Pause(number(argument, 2))
    return Streamed((wait, text("Sorry to keep you waiting."), _END))


def _slow(question: Question, argument: str) -> Streamed:
    pause = Pause(number(argument, 0.2))
    words = ["Slow", "and", "steady", "wins", "the", "race", "."]
    steps = [step for word in words for step in (text(f"{word} "), pause)]
    return Streamed((*steps, _END))


def _reasoning(question: Question, argument: str) -> Streamed:
    thoughts = ("The user wants", " a short answer.")
    signature = SIGNER.sign("".join(thoughts), question.model_id)
    steps = (*map(reasoning, thoughts), reasoning_end(signature), text("42."))
    return Streamed((*steps, _END))


def _reasoning_omitted(question: Question, argument: str) -> Streamed:
    return Streamed((reasoning_end(SIGNER.sign("", question.model_id)), text("42."), _END))


def _redacted() -> Event:
    blob = base64.b64encode(_SEED).decode()
    return Event("reasoningContentEvent", {"redactedContent": blob})


def _reasoning_with_tool(question: Question, argument: str) -> Streamed:
    thoughts = "I should look that up."
    signature = SIGNER.sign(thoughts, question.model_id)
    steps = (reasoning(thoughts), reasoning_end(signature), *call(question).pieces())
    return Streamed((*steps, CALLED))


def _reasoning_late_text(question: Question, argument: str) -> Streamed:
    words = "It was a simple one."
    thought = {"text": words, "signature": SIGNER.sign(words, question.model_id)}
    return Streamed((text("42."), Event("reasoningContentEvent", thought), _END))


def _stop(question: Question, argument: str) -> Streamed:
    end = Trailer(argument or "STOP_SEQUENCE", insist=True)
    return Streamed((text("This is where it ends."), end))


def _event(question: Question, argument: str) -> Streamed:
    odd = Event(argument or "followupPromptEvent", OTHER_EVENTS.get(argument, {"odd": True}))
    return Streamed((text("before "), odd, text("after"), _END))


_REFUSAL = {"refusal": {"category": "other", "explanation": "The content was filtered."}}
_USAGE = {
    "uncachedInputTokens": 1200, "outputTokens": 34, "totalTokens": 1634,
    "cacheReadInputTokens": 300, "cacheWriteInputTokens": 100,
}  # fmt: skip

OTHER_EVENTS: Mapping[str, Mapping[str, object]] = {
    # One payload for each event type of 3.3 that the gateway has no use for.
    "messageMetadataEvent": {"conversationId": "c-1", "utteranceId": "u-1"},
    "toolResultEvent": {
        "toolResult": {"toolUseId": "t", "content": [{"text": "x"}], "status": "success"}
    },
    "codeReferenceEvent": {
        "references": [{"licenseName": "MIT", "repository": "a/b", "url": "https://example.com"}]
    },
    "supplementaryWebLinksEvent": {
        "supplementaryWebLinks": [{"url": "https://example.com", "title": "Example"}]
    },
    "citationEvent": {"target": {"location": 3}, "citationLink": "https://example.com"},
    "followupPromptEvent": {"followupPrompt": {"content": "Tell me more"}},
    "codeEvent": {"content": "print(1)"},
    "intentsEvent": {"intents": {"SUPPORT": {"a": {"string": "b"}}}},
    "interactionComponentsEvent": {
        "interactionComponentEntries": [{"interactionComponent": {"text": {"content": "x"}}}]
    },
    "dryRunSucceedEvent": {},
}

_UNICODE = (
    "emoji 😀 ", "family 👩\u200d", "👧 ", "漢字と仮名 ", "العربية ", "line\u2028separator ",
    "next\u0085line ", "nul\x00here ", "combining e", "\u0301 ", "astral 𝔘",
)  # fmt: skip

TOLD: Table = {
    "text": ("a short text in three pieces", _words("Hello", " there", ", friend.")),
    "one-word": ("a single event", _words("OK")),
    "unicode": ("emoji, CJK, U+2028, NUL, combining marks", _words(*_UNICODE)),
    "long": ("2000 events, or as many as the argument says", _long),
    "slow": ("a pause between words, of 0.2 s or the argument's seconds", _slow),
    "slow-first-byte": ("2 s, or the argument's, before even the status line", _slow_head),
    "slow-first-event": ("the status line at once, the first event after 2 s", _slow_event),
    "duplicate-deltas": ("equal pieces one after another", _words("ha", "ha", "ha", "!")),
    "empty-delta": ("a piece without text, and one that names only the model", _say(
        text(""), Event("assistantResponseEvent", {"modelId": "auto"}), text("there"))),
    "reasoning": ("reasoning, its signature, then text", _reasoning),
    "reasoning-omitted": ("only the signature of reasoning, then text", _reasoning_omitted),
    "reasoning-redacted": ("reasoning nobody may read, then text",
                           _say(_redacted(), text("42."))),
    "reasoning-late": ("redacted reasoning after the text, as GPT models send it",
                       _say(text("42."), _redacted())),
    "reasoning-late-text": ("readable reasoning after the text", _reasoning_late_text),
    "reasoning-tool": ("reasoning, its signature, then a tool call", _reasoning_with_tool),
    "thinking-tags": ("reasoning as tags inside the text, cut anywhere",
                      _words("<thin", "king>Let me", " see.</thi", "nking>", "\n\n42.")),
    "max-tokens": ("text that stops at the limit",
                   _words("This goes on and", end=Trailer("MAX_TOKENS", insist=True))),
    "context-full": ("text that fills the window, 100 percent", _words(
        "There is no room", end=Trailer("MODEL_CONTEXT_WINDOW_EXCEEDED", 100, insist=True))),
    "content-filtered": ("the filter stops it, with details", _words(
        "I cannot", end=Trailer("CONTENT_FILTERED", details=_REFUSAL, insist=True))),
    "filtered-at-once": ("the filter stops it before a word", _say(
        end=Trailer("CONTENT_FILTERED", details=_REFUSAL, insist=True))),
    "stop": ("ends with the stop reason of the argument, upper or lower case", _stop),
    "token-usage": ("token counts in the metadata, as modelled and never seen", _say(
        text("Counted."), Event("metadataEvent", {"tokenUsage": _USAGE}))),
    "event": ("an event of the argument's type between two texts", _event),
    "other-events": ("every event type a gateway has no use for", _say(
        text("before "), *(Event(kind, dict(OTHER_EVENTS[kind])) for kind in OTHER_EVENTS),
        text("after"))),
    "unknown-event": ("an event type newer than everybody", _say(
        text("before "), Event("brandNewEvent", {"content": "must not show"}), text("after"))),
}  # fmt: skip
