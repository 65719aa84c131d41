"""The ASGI app: which request is which operation, and how answers look in its encoding.

Every operation is reached in both encodings (upstream-protocol.md 1.2): AWS-JSON is ``POST /``
with ``x-amz-target`` under any service's name, REST has paths. The sign-in service and its page
answer under the same address.
"""

import json
from collections.abc import Mapping
from email.utils import formatdate
from typing import Any
from urllib.parse import unquote

from amq2api.dialects.amazonq.operations import (
    JSON_CONTENT,
    PROFILE_HEADER,
    REQUEST_ID_HEADER,
    REST_PATHS,
)

from . import control, mcp, oidc, pages, runtime
from .access import Refused, admitted
from .asgi import (
    ASGIApp,
    ClientGone,
    Incoming,
    Message,
    Receive,
    Reply,
    Scope,
    Send,
    TooLarge,
    answer,
    json_reply,
    read,
)
from .faults import AWS_JSON, REST, Encoding, Fault
from .generating import Opened, as_fault, opened
from .steps import Flat, compact
from .world import Disconnect, Recorded, World
from .writing import while_there, write

__all__ = ["create_app"]

GENERATE = "GenerateAssistantResponse"
_MCP = "InvokeMCP"
_CONVERSATION_HEADER = "x-amzn-codewhisperer-conversation-id"
_COMPLAINT_HEADER = "x-sim-complaint"
"""Not the service's: which rule refused, and where, for whoever has to find out why."""
_TARGET = "x-amz-target"
_PATHS: Mapping[tuple[str, str], str] = {
    **{place: target.rsplit(".", 1)[-1] for place, target in REST_PATHS.items()},
    ("GET", "/List-Available-Models"): "ListAvailableModels",
}
_UNKNOWN = Fault(404, "UnknownOperationException", "The requested operation is not recognized.",
                 rule="4.5")  # fmt: skip
_TOO_LARGE = Reply(413, b"<html><body><h1>Request Entity Too Large</h1></body></html>", "text/html")


def create_app(world: World) -> ASGIApp:
    """A pretended Amazon Q around *world*, whose attributes may change at any time.

    Its answers have a Date header: a server around it should add none of its own.
    """
    return _App(world)


class _App:
    def __init__(self, world: World) -> None:
        self._world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _live(receive, send)
        elif scope["type"] == "http":
            dated = self._dated(send)
            try:
                incoming = await read(scope, receive)
            except TooLarge:
                await answer(dated, _TOO_LARGE)
            except ClientGone:
                return
            else:
                await self._serve(incoming, receive, dated)

    def _dated(self, send: Send) -> Send:
        """*send*, but answers begin with the time as the service sees it."""

        async def dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                now = self._world.clock() + self._world.clock_error
                date = (b"date", formatdate(now, usegmt=True).encode())
                message = {**message, "headers": [date, *message["headers"]]}
            await send(message)

        return dated

    async def _serve(self, incoming: Incoming, receive: Receive, send: Send) -> None:
        world = self._world
        if incoming.path == control.PATH:
            await answer(send, control.control(world, incoming))
        elif incoming.path == pages.PATH:
            show = pages.approve if incoming.method == "POST" else pages.show
            await answer(send, show(world, incoming))
        elif incoming.path in oidc.OPERATIONS and incoming.method == "POST":
            await while_there(receive, self._sign_in(incoming, send))
        else:
            await self._operate(incoming, receive, send)

    async def _sign_in(self, incoming: Incoming, send: Send) -> None:
        operation, exchange = oidc.OPERATIONS[incoming.path]
        body = incoming.json()
        record = self._record(operation, REST, incoming, oidc.masked(body))
        if self._world.token_delay and operation == "CreateToken":
            await self._world.sleep(self._world.token_delay)
        reply = exchange(self._world, incoming, body if isinstance(body, dict) else {})
        record.status = reply.status
        headers = {REQUEST_ID_HEADER: self._world.request_id(), **reply.headers}
        await answer(send, Reply(reply.status, reply.body, reply.content_type, headers,
                                 reply.broken))  # fmt: skip

    async def _operate(self, incoming: Incoming, receive: Receive, send: Send) -> None:
        operation, encoding = _operation(incoming)
        record = self._record(operation, encoding, incoming, incoming.json())
        headers = {REQUEST_ID_HEADER: self._world.request_id()}
        if operation == _MCP and not await while_there(receive, self._search()):
            self._world.disconnects.append(Disconnect(record, 0, self._world.clock()))
            return
        try:
            result = self._result(operation, incoming, record)
        except Refused as refused:
            record.fault = as_fault(refused.answer)
            result = refused.answer
        except runtime.Invalid as invalid:
            record.fault = result = invalid.fault
        if isinstance(result, Opened):
            record.status = 200
            headers["content-type"] = result.streamed.content_type
            if result.conversation_id:
                headers[_CONVERSATION_HEADER] = _ascii(result.conversation_id)
            await write(self._world, result, headers, record, receive, send)
            return
        reply = _whole(result, encoding, headers)
        record.status = reply.status
        await answer(send, reply)

    async def _search(self) -> None:
        if self._world.search_delay:
            await self._world.sleep(self._world.search_delay)

    def _result(
        self, operation: str, incoming: Incoming, record: Recorded
    ) -> Opened | Flat | Fault | dict[str, Any]:
        if operation == GENERATE:
            return opened(self._world, incoming, record)
        exchange = runtime.OPERATIONS.get(operation)
        if exchange is None and operation != _MCP:
            raise Refused(_UNKNOWN)
        # In AWS-JSON the official client writes members into both places (1.2); of InvokeMCP one
        # client has the profile in a header, another one in the body (6.5).
        members = dict(incoming.query)
        if PROFILE_HEADER in incoming.headers:
            members["profileArn"] = incoming.headers[PROFILE_HEADER]
        if isinstance(record.body, dict):
            members.update(record.body)
        account = admitted(self._world, incoming, members)
        record.account = account.name
        if exchange is None:
            return mcp.invoke(self._world, account, record.body)
        return exchange(self._world, account, members, incoming.region)

    def _record(
        self, operation: str, encoding: Encoding, incoming: Incoming, body: Any
    ) -> Recorded:
        world = self._world
        record = Recorded(operation, encoding, incoming.masked_headers, incoming.query, body)
        world.requests.append(record)
        world.counts[operation] += 1
        return record


def _operation(incoming: Incoming) -> tuple[str, Encoding]:
    target = incoming.headers.get(_TARGET)
    if target is not None and incoming.method == "POST" and incoming.path == "/":
        return target.rsplit(".", 1)[-1], AWS_JSON
    place = (incoming.method, unquote(incoming.path))
    return _PATHS.get(place, ""), AWS_JSON if target is not None else REST


def _whole(
    result: Flat | Fault | dict[str, Any], encoding: Encoding, headers: Mapping[str, str]
) -> Reply:
    content_type = JSON_CONTENT if encoding == AWS_JSON else "application/json"
    match result:
        case Fault():
            told = {**headers, **result.all_headers(encoding)}
            if result.where or result.rule:
                told[_COMPLAINT_HEADER] = _ascii(f"{result.rule} {result.where}".strip())
            return Reply(result.status, compact(result.body(encoding)), content_type, told)
        case Flat(status, body, kind):
            return Reply(status, body, kind, headers)
        case dict():
            reply = json_reply(200, result, headers)
            return Reply(reply.status, reply.body, content_type, headers)


def _ascii(text: str) -> str:
    """*text* as a header may hold it, and not endless."""
    return json.dumps(text)[1:-1][:500]


async def _live(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
