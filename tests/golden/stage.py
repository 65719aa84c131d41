"""Golden exchanges played: the real gateway from the first byte of a request to the last of its
answer, in front of a service that does what the case says.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from amq2api.web.app import App, Manners
from e2e.answers import Answer
from golden.notation import Case, compact, expanded, pretty
from golden.service import Pretended, Split, at_once, by_byte, by_frame, relay

_HINTS = ("retry-after", "x-should-retry")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_MOST_BYTES = 20_000  # of frames that are played one byte at a time
_ORDER = ("stream", "whole")

# What the notation leaves out, because it is the same in nearly every case.
_USAGE = {"cache_creation_input_tokens": 0, "cache_read_input_tokens": 0,
          "service_tier": "standard"}  # fmt: skip
_END = {"stop_sequence": None, "stop_details": None}
_HEAD: dict[str, Any] = {"id": "msg_1", "type": "message", "role": "assistant", "content": [],
         "stop_reason": None, "stop_sequence": None, "usage": _USAGE}  # fmt: skip


class Played(NamedTuple):
    """What became of one call."""

    asked: list[tuple[str, Any]]
    answer: Answer
    notes: str


def played(case: Case) -> Case:
    """The same case with what really comes of it."""
    wanted = [name for name in _ORDER if case.all(name)] or list(_ORDER)
    runs = {name: _run(case, stream=name == "stream", split=by_frame) for name in wanted}
    first = runs[wanted[0]]
    for other in runs.values():
        assert _shown(other.asked) == _shown(first.asked), "a stream asks for something else"
        assert other.notes == first.notes
    if "stream" in runs:
        _holds_however_it_comes(case, runs["stream"])
    told = {"stream": _heard, "whole": _whole}
    sections = [
        *_before(case),
        *_exchanges(case, first),
        *((name, told[name](run.answer)) for name, run in runs.items()),
        *([("notes", first.notes)] if first.notes else []),
    ]
    return Case(case.head, tuple(sections))


def _before(case: Case) -> Iterator[tuple[str, str]]:
    return ((name, text) for name, text in case.sections if name in ("given", "call"))


def _exchanges(case: Case, run: Played) -> Iterator[tuple[str, str]]:
    """Each request, and below it what it is answered with."""
    answers = {"upstream": ("frames", iter(case.all("frames"))),
               "ask": ("told", iter(case.all("told")))}  # fmt: skip
    for name, body in _shown(run.asked):
        yield name, body
        answer, rest = answers[name]
        yield answer, next(rest)
    unused = [*answers["upstream"][1], *answers["ask"][1]]
    assert unused == [], f"nobody asked for this: {unused}"


def _shown(asked: list[tuple[str, Any]]) -> list[tuple[str, str]]:
    """The requests as text, their fresh ids counted."""
    ids: dict[str, str] = {}

    def name(match: re.Match[str]) -> str:
        return ids.setdefault(match[0], f"conversation-{len(ids) + 1}")

    return [(kind, _UUID.sub(name, pretty(body))) for kind, body in asked]


def _holds_however_it_comes(case: Case, run: Played) -> None:
    """The client hears the same, however the network cuts the service's answer."""
    splits: list[Split] = [at_once]
    if sum(map(len, map(expanded, case.all("frames")))) < _MOST_BYTES:
        splits.append(by_byte)
    for split in splits:
        assert _run(case, stream=True, split=split).answer.body == run.answer.body


def _run(case: Case, *, stream: bool, split: Split) -> Played:
    return asyncio.run(_journey(case, stream=stream, split=split))


async def _journey(case: Case, *, stream: bool, split: Split) -> Played:
    service = Pretended(case.all("frames"), case.all("told"), split)
    made = relay(service, case.one("given").splitlines())
    app = App(made, lambda: (True, False), Manners(), {}, _life)
    headers, body = _call(case.one("call"), stream=stream)
    answer = await _post(app, headers, body)
    assert service.complaints == [], "\n".join(
        [*service.complaints, *(pretty(body) for _, body in service.asked)]
    )
    # Legal by rules written for clients, whatever the case expects.
    answer.outcome()
    assert not any(mark in answer.body.decode() for mark in "\u2028\u2029\u0085")
    (record,) = made.records.recent(1)
    return Played(service.asked, answer, "\n".join(record.notes))


@asynccontextmanager
async def _life() -> AsyncIterator[None]:
    yield


def _call(text: str, *, stream: bool) -> tuple[list[tuple[bytes, bytes]], bytes]:
    head, _, body = ("", "", text) if text.startswith("{") else text.partition("\n\n")
    headers = [tuple(line.split(": ", 1)) for line in head.splitlines()]
    whole = expanded(body)
    # Set in, so that what the client wrote is sent as it is written.
    assert '"stream"' not in whole, "the section to be heard says whether it is a stream"
    if stream:
        whole = whole.replace("{", '{"stream": true, ', 1)
    return [(name.encode(), value.encode()) for name, value in headers], whole.encode()


async def _post(app: App, headers: list[tuple[bytes, bytes]], body: bytes) -> Answer:
    status, named, heard = 0, dict[str, str](), bytearray()
    sent = asyncio.Event()

    async def receive() -> dict[str, Any]:
        if not sent.is_set():
            sent.set()
            return {"type": "http.request", "body": body, "more_body": False}
        return await asyncio.Future()  # the client stays

    async def send(message: Any) -> None:
        nonlocal status, named
        if message["type"] == "http.response.start":
            status = message["status"]
            named = {name.decode(): value.decode() for name, value in message["headers"]}
        else:
            heard.extend(message.get("body", b""))

    scope = {"type": "http", "method": "POST", "path": "/v1/messages", "headers": headers}
    await app(scope, receive, send)
    # The id of the request is drawn; that of the message is made of it.
    drawn = named["request-id"].removeprefix("req_")
    named["request-id"] = "req_1"
    return Answer(status, named, bytes(heard).replace(drawn.encode(), b"1"))


def _heard(answer: Answer) -> str:
    if answer.status != 200:
        return _whole(answer)
    return "\n".join([_status(answer), *map(_event, answer.body.decode().split("\n\n")[:-1])])


def _event(block: str) -> str:
    name, data = block.split("\n")
    kind = name.removeprefix("event: ")
    value = json.loads(data.removeprefix("data: "))
    assert value.pop("type") == kind
    if kind == "message_start":
        value = _unusual(value["message"], _HEAD)
    if kind == "message_delta":
        value = _unusual(value, {"delta": _END, "usage": _USAGE})
    return f"{kind} {compact(value)}" if value else kind


def _unusual(value: dict[str, Any], usual: Mapping[str, Any]) -> dict[str, Any]:
    """*value* without what the notation leaves out, and with what is missing named."""
    told = {}
    for name in [*value, *(name for name in usual if name not in value)]:
        here, there = value.get(name, "(missing)"), usual.get(name)
        if isinstance(here, dict) and isinstance(there, dict):
            told[name] = _unusual(here, there)
        elif name not in usual or here != there:
            told[name] = here
    return told


def _whole(answer: Answer) -> str:
    body = json.loads(answer.body)
    if answer.status == 200:
        body = _unusual(body, _HEAD | _END)
    return f"{_status(answer)}\n{pretty(body)}"


def _status(answer: Answer) -> str:
    hints = [f"{name}={answer.headers[name]}" for name in _HINTS if name in answer.headers]
    return " ".join([str(answer.status), *hints])
