"""``POST /v1/messages``: one pure ASGI endpoint for streams and whole replies.

The hot path: all events that one read from upstream completes leave in one send. Under our own
server they leave from where the bytes arrive, and no task is woken for them.
"""

import asyncio
import time
from collections.abc import Callable
from functools import partial

import msgspec
from msgspec.structs import replace

from amq2api.bridge.backend import Notes
from amq2api.bridge.collect import Collector
from amq2api.dialects import messages as m
from amq2api.errors import GatewayError, Stopping
from amq2api.relay.answering import reply_to
from amq2api.relay.aside import LARGE, aside
from amq2api.relay.hold import Hold
from amq2api.relay.records import refused
from amq2api.relay.relay import Relay
from amq2api.relay.reply import Reply, unknown_field_notes
from amq2api.wire import sse

from .asgi import (
    DIRECT,
    Answer,
    Direct,
    Receive,
    Scope,
    body_at_hand,
    decoded,
    header,
    raw_headers,
    read_body,
)
from .callers import caller, session
from .presence import Presence
from .pulse import Pulse
from .underway import UnderWay

_SSE = raw_headers({
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-cache",
    "x-accel-buffering": "no",
})  # fmt: skip
_PING = m.render([m.Ping()])
_encode = msgspec.json.Encoder().encode


class CreateMessage:
    """The endpoint. One instance serves every call."""

    def __init__(self, relay: Relay, pulse: Pulse, under_way: UnderWay, *, max_body: int) -> None:
        self._relay, self._pulse, self._max_body = relay, pulse, max_body
        self._under_way = under_way

    async def __call__(self, scope: Scope, receive: Receive, answer: Answer) -> None:
        """Answer one call.

        Raises:
            GatewayError: before anything was sent; the caller words the refusal.
        """
        admission, direct = self._relay.admission, scope.get(DIRECT)
        with Presence(direct) as client:
            queued = 0.0 if admission.enter() else await self._wait(scope, answer)
            hold = admission.bodies.hold(partial(caller, scope))
            try:
                reply, streams = await self._arrive(scope, receive, answer, hold)
                reply.queued, reply.hold = queued + hold.waited, hold
                client.watch(receive)
                explain = header(scope, b"amq2api-explain") == "1"
                try:
                    if streams:
                        await self._stream(reply, _Writer(answer, reply, explain), direct)
                    else:
                        await self._whole(reply, answer, explain)
                finally:
                    reply.close(answer.status)
            finally:
                hold.release()
                admission.leave()

    async def _wait(self, scope: Scope, answer: Answer) -> float:
        """For a place; returns how many seconds."""
        came = time.monotonic()
        try:
            with self._under_way.call():
                return await self._relay.admission.wait(caller(scope))
        except GatewayError as failure:
            self._record(answer, failure, came)
            raise

    async def _arrive(
        self, scope: Scope, receive: Receive, answer: Answer, hold: Hold
    ) -> tuple[Reply, bool]:
        """The reply to the call that comes in, and whether it is to be a stream.

        Nothing of the call is kept here: an open stream can be long.
        """
        came = time.monotonic()
        try:
            if (body := body_at_hand(scope, self._max_body)) is not None and len(body) <= LARGE:
                call, unknown = _read(scope, body)
            else:
                with self._under_way.call():
                    if body is None:
                        body = await read_body(scope, receive, self._max_body, hold)
                    else:
                        await hold.take(len(body))
                    read = partial(_read, scope, body)
                    call, unknown = await aside(read) if len(body) > LARGE else read()
        except GatewayError as failure:
            self._record(answer, failure, came)
            raise
        reply = reply_to(
            self._relay, call, answer.request_id, unknown_field_notes(unknown),
            caller=partial(caller, scope), session=session(scope), weight=len(body),
        )  # fmt: skip
        return reply, bool(call.stream)

    def _record(self, answer: Answer, failure: GatewayError, came: float) -> None:
        seconds = time.monotonic() - came
        self._relay.records.add(
            refused(answer.request_id, failure, at=time.time() - seconds, seconds=seconds)
        )

    async def _whole(self, reply: Reply, answer: Answer, explain: bool) -> None:
        collector = Collector()
        try:
            with self._under_way.call():
                await reply.open()
                while not reply.over:
                    collector.feed(await reply.read())
        except Stopping as failure:
            reply.fail(failure)
        if reply.failure is not None:
            raise reply.failure
        headers = {"content-type": "application/json"} | _headers(reply, explain)
        # Escaped as in streams: some clients split whole answers into lines, too.
        body = sse.without_line_breaks(_encode(collector.message()))
        await answer.whole(200, headers, body)

    async def _stream(self, reply: Reply, writer: "_Writer", direct: Direct | None) -> None:
        self._pulse.add(writer)
        try:
            with self._under_way.call():
                await reply.open()
                while not reply.over:
                    await writer.write(await reply.read())
                    if direct is not None and not reply.over:
                        await reply.flow(writer.pushing(direct))
        except GatewayError as failure:
            events = reply.fail(failure)
            if not writer.begun:
                raise
            await writer.write(events)
        finally:
            self._pulse.remove(writer)


def _read(scope: Scope, body: bytes) -> tuple[m.Call, tuple[str, ...]]:
    """The call in *body*, and its members that nobody here knows."""
    call = decoded(scope, body)
    return call, m.unknown_fields(body, call)


class _Writer:
    """The response to one streaming call."""

    __slots__ = (
        "_answer",
        "_begun_by_pulse",
        "_explain",
        "_reply",
        "_send",
        "alive",
        "begun",
        "busy",
        "since",
    )

    def __init__(self, answer: Answer, reply: Reply, explain: bool) -> None:
        self._answer, self._reply, self._explain = answer, reply, explain
        self._send = answer.direct
        self._begun_by_pulse: asyncio.Event | None = None
        self.begun = False
        self.busy = False
        self.alive = True
        self.since = 0.0

    async def write(self, events: list[m.StreamEvent]) -> None:
        self.busy = True
        if not self.begun:
            await self._begin()
        elif self._begun_by_pulse is not None:
            await self._begun_by_pulse.wait()
        self.alive = True
        if events and type(events[-1]) is m.StreamError:
            events = [*events[:-1], replace(events[-1], request_id=self._reply.request_id)]
        # The last events and the end of the body leave together.
        data, more = m.render(events), not self._reply.over
        await self._send({"type": "http.response.body", "body": data, "more_body": more})
        self.busy = False

    def pushing(self, direct: Direct) -> Callable[[list[m.StreamEvent]], bool]:
        """How events leave once the answer has begun, none of which is its end or an error.

        Returns:
            A function that returns False if ``write`` is to come next, because it waits.
        """
        render, write = m.render, direct.write

        def push(events: list[m.StreamEvent]) -> bool:
            self.alive = True
            return write(render(events))

        return push

    async def sign(self) -> None:
        """A sign of life: the head of the message if it is still due, else a ping."""
        if self.busy:
            return
        if self.begun:
            self.busy = True
            try:
                await self._put(_PING)
            finally:
                self.busy = False
            return
        head = self._reply.begin()
        if not head:
            # The call is not even ready to be sent: tokens or models are awaited. A refusal can
            # still be an HTTP error, and the next tick comes soon.
            return
        self._begun_by_pulse = asyncio.Event()
        try:
            await self._begin()
            await self._put(m.render(head))
        finally:
            self._begun_by_pulse.set()

    async def _begin(self) -> None:
        self.begun = True
        headers = _SSE + raw_headers(_headers(self._reply, self._explain))
        await self._answer.send({"type": "http.response.start", "status": 200, "headers": headers})

    async def _put(self, data: bytes) -> None:
        self.alive = True
        await self._send({"type": "http.response.body", "body": data, "more_body": True})


def _headers(reply: Reply, explain: bool) -> dict[str, str]:
    headers = {"request-id": reply.request_id}
    if explain:
        headers["amq2api-fidelity"] = _told(reply.notes)
    return headers


def _told(notes: Notes) -> str:
    return ", ".join(map(str, notes)) or "carried"
