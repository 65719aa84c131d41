"""The grammar of streams has to refuse whatever the documentation does: a row for each rule."""

import json
from typing import Any

import pytest

from laws.grammar import Illegal, Judge

Json = dict[str, Any]

USAGE: Json = {
    "input_tokens": 7, "cache_creation_input_tokens": 0, "cache_read_input_tokens": None,
    "output_tokens": 0,
}  # fmt: skip
HEAD: Json = {
    "id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": [],
    "stop_reason": None, "stop_sequence": None, "usage": USAGE,
}  # fmt: skip
TEXT: Json = {"type": "text", "text": ""}
THOUGHT: Json = {"type": "thinking", "thinking": "", "signature": ""}
CALL: Json = {"type": "tool_use", "id": "toolu_1", "name": "ls", "input": {}}
SEARCH: Json = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {}}
PAGE: Json = {"type": "web_search_result", "url": "u", "title": "t", "encrypted_content": "e"}
FOUND: Json = {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": [PAGE]}


def line(kind: str, **members: Any) -> bytes:
    data = json.dumps({"type": kind, **members}, ensure_ascii=False)
    return f"event: {kind}\ndata: {data}\n\n".encode()


def start(**changes: Any) -> bytes:
    return line("message_start", message={**HEAD, **changes})


def begin(block: Json, at: int = 0, **changes: Any) -> bytes:
    return line("content_block_start", index=at, content_block={**block, **changes})


def delta(kind: str, at: int = 0, **members: Any) -> bytes:
    return line("content_block_delta", index=at, delta={"type": kind, **members})


def stop(at: int = 0) -> bytes:
    return line("content_block_stop", index=at)


def end(reason: str = "end_turn", sequence: str | None = None, **changes: Any) -> bytes:
    told = {"stop_reason": reason, "stop_sequence": sequence}
    return line("message_delta", delta=told, usage={**USAGE, "output_tokens": 3, **changes})


OVER = line("message_stop")
PING = line("ping")
ERROR = line("error", error={"type": "api_error", "message": "m"})
START, BLOCK, END = start(), begin(TEXT) + delta("text_delta", text="é") + stop(), end() + OVER
SIGNED = delta("signature_delta", signature="s")
LS = begin(CALL) + delta("input_json_delta", partial_json="{}") + stop()

LEGAL: dict[str, tuple[bytes, str]] = {
    "nothing yet": (b"", "new"),
    "half a line": (START[:30], "new"),
    "a head": (START, "between"),
    "an open block": (START + begin(TEXT), "block"),
    "a text": (START + BLOCK + END, "stopped"),
    "no content": (START + END, "stopped"),
    "pings and comments anywhere": (
        PING + b": alive\n\n" + START + PING + begin(TEXT) + PING + stop() + PING + END, "stopped"),
    "CR LF": ((START + BLOCK + END).replace(b"\n", b"\r\n"), "stopped"),
    "a thought": (START + begin(THOUGHT) + SIGNED + stop() + END, "stopped"),
    "a call": (START + LS + end("tool_use") + OVER, "stopped"),
    "a call without input": (START + begin(CALL) + stop() + end("tool_use") + OVER, "stopped"),
    "a call cut short": (
        START + begin(CALL) + delta("input_json_delta", partial_json='{"a') + stop()
        + end("max_tokens") + OVER, "stopped"),
    "a search": (START + begin(SEARCH) + stop() + begin(FOUND, 1) + stop(1) + END, "stopped"),
    "a stop sequence": (START + end("stop_sequence", "x") + OVER, "stopped"),
    "an error at once": (ERROR, "failed"),
    "an error inside a block": (START + begin(CALL) + ERROR, "failed"),
}  # fmt: skip

ILLEGAL: dict[str, tuple[bytes, str]] = {
    "no head": (BLOCK, "6.1"),
    "two heads": (START + START, "6.1"),
    "a block inside a block": (START + begin(TEXT) + begin(TEXT, 1), "6.1"),
    "a delta outside of any": (START + delta("text_delta", text="a"), "6.1"),
    "an end with a block open": (START + begin(TEXT) + end(), "6.1"),
    "a stop without an end": (START + OVER, "6.1"),
    "more after the stop": (START + END + PING, "6.1"),
    "more after an error": (ERROR + PING, "6.1"),
    "a block after the end": (START + end() + begin(TEXT), "6.1"),
    "an unknown event": (START + line("surprise"), "6.1"),
    "data without an event": (b'data: {"type":"ping"}\n\n', "C-119"),
    "an event that is not its type": (b'event: ping\ndata: {"type":"pong"}\n\n', "C-119"),
    "done": (START + END + b"data: [DONE]\n\n", "C-119"),
    "an id": (b"id: 1\n" + START, "C-119"),
    "no JSON": (b"event: ping\ndata: {\n\n", "C-119"),
    "no number": (START.replace(b'"output_tokens": 0', b'"output_tokens": NaN'), "C-119"),
    "data on two lines": (b'event: ping\ndata: {"type":\ndata: "ping"}\n\n', "C-119"),
    "half a character": (START + begin(TEXT) + delta("text_delta", text="X")
                         .replace(b"X", b"\xf0\x9f"), "C-134"),
    "half a surrogate pair": (START + begin(TEXT) + delta("text_delta", text="X")
                              .replace(b"X", rb"\ud83d"), "C-119"),
    "a head without usage": (start(usage=None), "C-108"),
    "a head with content": (start(content=[TEXT]), "C-121"),
    "a head with an end": (start(stop_reason="end_turn"), "C-121"),
    "a head without a model": (start(model=None), "C-107"),
    "tokens that are none": (start(usage={**USAGE, "input_tokens": -1}), "C-108"),
    "no cache": (start(usage={"input_tokens": 1, "output_tokens": 1}), "C-129"),
    "a wrong index": (START + begin(TEXT, 1), "C-122"),
    "a delta of another block": (START + begin(TEXT) + delta("text_delta", 1, text="a"), "C-122"),
    "a stop of another block": (START + begin(TEXT) + stop(1), "C-122"),
    "a text that begins full": (START + begin(TEXT, text="a"), "C-123"),
    "a thought without a signature member": (
        START + begin({"type": "thinking", "thinking": ""}), "C-123"),
    "a thought never signed": (START + begin(THOUGHT) + stop(), "C-127"),
    "an empty signature": (
        START + begin(THOUGHT) + delta("signature_delta", signature=""), "C-127"),
    "a thought signed twice": (START + begin(THOUGHT) + SIGNED + SIGNED, "C-127"),
    "a thought after its signature": (
        START + begin(THOUGHT) + SIGNED + delta("thinking_delta", thinking="a"), "C-127"),
    "a text in a thought": (START + begin(THOUGHT) + delta("text_delta", text="a"), "6.3"),
    "a delta of null": (START + begin(TEXT) + delta("text_delta", text=None), "6.3"),
    "a call with input at once": (START + begin(CALL, input={"a": 1}), "C-125"),
    "a call with a strange id": (START + begin(CALL, id="tooluse_1"), "C-111"),
    "two calls with one id": (START + LS + begin(CALL, 1), "C-114"),
    "half an input": (
        START + begin(CALL) + delta("input_json_delta", partial_json="{") + stop()
        + end("tool_use"), "C-125"),
    "an input that is no object": (
        START + begin(CALL) + delta("input_json_delta", partial_json="[]") + stop()
        + end("tool_use"), "C-125"),
    "an input of blanks": (
        START + begin(CALL) + delta("input_json_delta", partial_json=" ") + stop()
        + end("tool_use"), "C-125"),
    "a call and the end of the turn": (START + LS + end(), "C-112"),
    "a pause with a call": (START + LS + end("pause_turn"), "C-112"),
    "tool_use without a call": (START + BLOCK + end("tool_use"), "C-112"),
    "no reason": (START + end("because"), "C-109"),
    "a sequence that stopped nothing": (START + end("end_turn", "x"), "C-049"),
    "stopped by no sequence": (START + end("stop_sequence"), "C-048"),
    "a refusal without details": (START + end("refusal"), "5.1"),
    "an end without tokens": (START + end(output_tokens=None), "C-108"),
    "fewer tokens at the end": (start(usage={**USAGE, "output_tokens": 9}) + end(), "6.4"),
    "an empty text among others": (
        START + BLOCK + begin(TEXT, 1) + stop(1) + end(), "C-110"),
    "a result of no search": (START + begin(FOUND), "3.3"),
    "a page without its seal": (
        START + begin(SEARCH) + stop()
        + begin(FOUND, 1, content=[{**PAGE, "encrypted_content": ""}]), "3.3"),
    "an unknown block": (START + begin({"type": "surprise"}), "6.2"),
    "an error without a message": (line("error", error={"type": "api_error"}), "C-136"),
    "an error of no known type": (line("error", error={"type": "e", "message": "m"}), "C-136"),
}  # fmt: skip


@pytest.mark.parametrize(("stream", "state"), LEGAL.values(), ids=LEGAL)
def test_legal_streams(stream: bytes, state: str) -> None:
    judge = Judge()
    for byte in stream:
        judge.feed(bytes([byte]))
    assert judge.state == state


@pytest.mark.parametrize(("stream", "rule"), ILLEGAL.values(), ids=ILLEGAL)
def test_illegal_streams(stream: bytes, rule: str) -> None:
    with pytest.raises(Illegal) as caught:
        Judge().feed(stream)
    assert caught.value.rule == rule


def test_what_was_heard_is_folded_as_the_sdks_fold_it() -> None:
    judge = Judge()
    judge.feed(START + BLOCK + begin(CALL, 1) + delta("input_json_delta", 1, partial_json='{"a":')
               + delta("input_json_delta", 1, partial_json="1}") + stop(1)
               + end("tool_use") + OVER)  # fmt: skip
    whole = judge.whole()
    assert whole["content"] == [{"type": "text", "text": "é"}, {**CALL, "input": {"a": 1}}]
    assert (whole["stop_reason"], whole["usage"]["output_tokens"]) == ("tool_use", 3)


def test_a_stream_without_its_stop_is_no_message() -> None:
    judge = Judge()
    judge.feed(START + BLOCK + end())
    with pytest.raises(Illegal, match="C-130"):
        judge.whole()
