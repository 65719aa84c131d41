"""``POST /v1/messages/count_tokens``: an estimate, without asking anyone."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import msgspec

from amq2api.bridge import tokens
from amq2api.dialects import messages as m
from amq2api.relay.relay import Relay

from .asgi import Answer, Receive, Scope, decoded, read_body

# Bytes of a body above which work on it is done in a thread, so that streams go on. What holds
# them up all the same is the one step that lets no other thread run: reading the JSON, about
# two milliseconds a megabyte.
_LARGE = 256 * 1024

_T = TypeVar("_T")


class CountTokens:
    """The endpoint. Estimates the same way as the usage of a call (claude-api.md C-154)."""

    def __init__(self, relay: Relay, *, max_body: int) -> None:
        self._relay, self._max_body = relay, max_body

    async def __call__(self, scope: Scope, receive: Receive, answer: Answer) -> None:
        """Answer one call; raises GatewayError before anything was sent."""
        body = await read_body(scope, receive, self._max_body)
        call = await _aside(partial(decoded, scope, body, counting=True), len(body))
        if m.needs_material(call):
            call, _ = await self._relay.material.ready(call, fetch=False)
        count = await self._count(call, len(body))
        headers = {"content-type": "application/json", "request-id": answer.request_id}
        await answer.whole(200, headers, msgspec.json.encode(_counted(call, count)))

    async def _count(self, call: m.Call, weight: int) -> int:
        model_id = self._relay.model_id(call.model)
        size = await _aside(partial(tokens.size, call, model_id), weight)
        return self._relay.gauge.count(size, model_id)


async def _aside(work: Callable[[], _T], weight: int) -> _T:
    """What *work* returns, done in a thread where it is about many bytes."""
    return await asyncio.to_thread(work) if weight > _LARGE else work()


def _counted(call: m.Call, count: int) -> dict[str, Any]:
    answer: dict[str, Any] = {"input_tokens": count}
    if call.context_management is not None:
        # Nothing of a conversation is left out here: it counts as it came (claude-api.md 8.1).
        answer["context_management"] = {"original_input_tokens": count}
    return answer
