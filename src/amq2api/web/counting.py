"""``POST /v1/messages/count_tokens``: an estimate, without asking anyone."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeVar

import msgspec

from amq2api.bridge import tokens
from amq2api.dialects import messages as m
from amq2api.relay.aside import LARGE, aside
from amq2api.relay.relay import Relay

from .asgi import Answer, Receive, Scope, decoded, read_body
from .callers import caller

_T = TypeVar("_T")


class CountTokens:
    """The endpoint. Estimates the same way as the usage of a call (claude-api.md C-154)."""

    def __init__(self, relay: Relay, *, max_body: int) -> None:
        self._relay, self._max_body = relay, max_body

    async def __call__(self, scope: Scope, receive: Receive, answer: Answer) -> None:
        """Answer one call; raises GatewayError before anything was sent."""
        hold = self._relay.admission.bodies.hold(partial(caller, scope))
        try:
            body = await read_body(scope, receive, self._max_body, hold)
            counted = await self._count(scope, body, aside if len(body) > LARGE else _at_once)
        finally:
            hold.release()
        headers = {"content-type": "application/json", "request-id": answer.request_id}
        await answer.whole(200, headers, msgspec.json.encode(counted))

    async def _count(
        self, scope: Scope, body: bytes, do: Callable[[Callable[[], Any]], Awaitable[Any]]
    ) -> dict[str, Any]:
        call: m.Call = await do(partial(decoded, scope, body, counting=True))
        if m.needs_material(call):
            call, _ = await self._relay.material.ready(call, fetch=False)
        model_id = self._relay.model_id(call.model)
        size: tokens.Size = await do(partial(tokens.size, call, model_id))
        return _counted(call, self._relay.gauge.count(size, model_id))


async def _at_once(work: Callable[[], _T]) -> _T:
    return work()


def _counted(call: m.Call, count: int) -> dict[str, Any]:
    answer: dict[str, Any] = {"input_tokens": count}
    if call.context_management is not None:
        # Nothing of a conversation is left out here: it counts as it came (claude-api.md 8.1).
        answer["context_management"] = {"original_input_tokens": count}
    return answer
