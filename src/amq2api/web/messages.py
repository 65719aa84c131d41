"""``POST /v1/messages``: one pure ASGI endpoint for streams and whole replies.

The hot path: all events that one read from upstream completes leave in one send.
"""

import asyncio
import time

import msgspec
from msgspec.structs import replace

from amq2api.bridge.backend import Notes
from amq2api.bridge.collect import Collector
from amq2api.dialects import messages as m
from amq2api.errors import GatewayError, Stopping
from amq2api.relay.answering import reply_to
from amq2api.relay.records import refused
from amq2api.relay.relay import Relay
from amq2api.relay.reply import Reply, unknown_field_notes
from amq2api.wire import sse

from .asgi import Answer, Receive, Scope, decoded, header, raw_headers, read_body
from .pulse import Pulse
from .underway import UnderWay

_SSE = {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-cache",
    "x-accel-buffering": "no",
}
_PING = m.render([m.Ping()])
_UNWATCHED = 0.05  # seconds that a call may take before anyone looks whether its client is there
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
        came = time.monotonic()
        try:
            with self._under_way.call():
                body = await read_body(scope, receive, self._max_body)
            call = decoded(scope, body)
        except GatewayError as failure:
            seconds = time.monotonic() - came
            self._relay.records.add(
                refused(answer.request_id, failure, at=time.time() - seconds, seconds=seconds)
            )
            raise
        reply = reply_to(
            self._relay, call, answer.request_id, unknown_field_notes(m.unknown_fields(body))
        )
        explain = header(scope, b"amq2api-explain") == "1"
        tell = self._stream if call.stream else self._whole
        try:
            async with _WhileConnected(receive):
                await tell(reply, answer, explain)
        finally:
            reply.close()

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

    async def _stream(self, reply: Reply, answer: Answer, explain: bool) -> None:
        writer = _Writer(answer, reply, explain)
        self._pulse.add(writer)
        try:
            with self._under_way.call():
                await reply.open()
                while not reply.over:
                    await writer.write(await reply.read())
        except GatewayError as failure:
            events = reply.fail(failure)
            if not writer.begun:
                raise
            await writer.write(events)
        finally:
            self._pulse.remove(writer)


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
        data, more = sse.without_line_breaks(m.render(events)), not self._reply.over
        await self._send({"type": "http.response.body", "body": data, "more_body": more})
        self.busy = False

    async def sign(self) -> None:
        """A sign of life: the head of the message if it is still due, else a ping."""
        if self.busy:
            return
        if self.begun:
            await self._put(_PING)
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
        headers = raw_headers(_SSE | _headers(self._reply, self._explain))
        await self._answer.send({"type": "http.response.start", "status": 200, "headers": headers})

    async def _put(self, data: bytes) -> None:
        self.alive = True
        await self._send({"type": "http.response.body", "body": data, "more_body": True})


class _WhileConnected:
    """Cancels its body when the client goes away, and swallows that cancellation.

    Nothing else notices a client that left while the service is silent (performance.md, traps).
    The watch is a task; a call that is over sooner than it begins does without.
    """

    __slots__ = ("_gone", "_receive", "_timer", "_watch")

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._gone = False
        self._watch: asyncio.Task[None] | None = None

    async def __aenter__(self) -> None:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        self._timer = loop.call_later(_UNWATCHED, self._begin, task)

    async def __aexit__(self, kind: object, exc: BaseException | None, at: object) -> bool:
        self._timer.cancel()
        if self._watch is not None:
            self._watch.cancel()
        if self._gone and isinstance(exc, asyncio.CancelledError):
            if (task := asyncio.current_task()) is not None:
                task.uncancel()
            return True
        return False

    def _begin(self, task: "asyncio.Task[object] | None") -> None:
        self._watch = asyncio.get_running_loop().create_task(self._wait(task))

    async def _wait(self, task: "asyncio.Task[object] | None") -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._gone = True
        if task is not None:
            task.cancel()


def _headers(reply: Reply, explain: bool) -> dict[str, str]:
    headers = {"request-id": reply.request_id}
    if explain:
        headers["amq2api-fidelity"] = _told(reply.notes)
    return headers


def _told(notes: Notes) -> str:
    return ", ".join(map(str, notes)) or "carried"
