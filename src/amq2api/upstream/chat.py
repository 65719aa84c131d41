"""A client of our own gateway: one message, and the answer's text as it comes."""

from collections.abc import AsyncGenerator
from typing import Any

import msgspec

from amq2api.errors import GatewayError, ProtocolError
from amq2api.wire import sse
from amq2api.wire.exchange import Answer, Ask

from .client import Client


class _Said(msgspec.Struct):
    type: str = ""
    message: str = ""


class _Refused(msgspec.Struct):
    error: _Said


class _Piece(msgspec.Struct):
    text: str = ""


class _Delta(msgspec.Struct):
    delta: _Piece


class GatewayRefused(GatewayError):
    """What the gateway said instead of an answer."""


async def say(client: Client, gateway: str, body: bytes, key: str = "") -> AsyncGenerator[str]:
    """The answer to the streaming request *body*, piece by piece.

    Raises:
        GatewayRefused: the gateway refused, before or in the middle of the answer.
        UpstreamBroken: it cannot be reached, or the answer ended early.
    """
    stream = await client.open(_ask(gateway, body, key), _refusal)
    try:
        decoder = sse.Decoder()
        while data := await stream.read():
            for event in decoder.feed(data):
                if event.name == "message_stop":
                    return
                if piece := _text(event):
                    yield piece
    finally:
        stream.close()
    raise ProtocolError("the answer ended early")


async def message(client: Client, gateway: str, body: bytes, key: str = "") -> dict[str, Any]:
    """The whole answer to *body*, as the gateway gave it; raises as :func:`say` does."""
    answer = await client.ask(_ask(gateway, body, key))
    if answer.status != 200:
        raise _refusal(answer)
    try:
        return msgspec.json.decode(answer.body, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError) as exc:
        raise ProtocolError("the answer is no message") from exc


def _ask(gateway: str, body: bytes, key: str) -> Ask:
    headers = {"content-type": "application/json", "anthropic-version": "2023-06-01"}
    if key:
        headers["x-api-key"] = key
    return Ask(f"{gateway.rstrip('/')}/v1/messages", body, headers)


def _text(event: sse.Event) -> str:
    try:
        if event.name == "content_block_delta":
            return msgspec.json.decode(event.data, type=_Delta).delta.text
        if event.name == "error":
            said = msgspec.json.decode(event.data, type=_Refused).error
            raise GatewayRefused(f"{said.type}: {said.message}")
    except msgspec.MsgspecError as exc:
        raise ProtocolError(f"{event.name}: {exc}") from exc
    return ""


def _refusal(answer: Answer) -> GatewayError:
    try:
        said = msgspec.json.decode(answer.body, type=_Refused).error
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return GatewayRefused(f"HTTP {answer.status}, and no error of the Messages API")
    return GatewayRefused(f"HTTP {answer.status} {said.type}: {said.message}")
