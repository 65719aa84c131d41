"""The service's operations besides the streaming one. Source: upstream-protocol.md 6."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import msgspec

from amq2api.bridge.amazonq.prepare import headers, verdict
from amq2api.bridge.backend import Identity
from amq2api.dialects import amazonq as q
from amq2api.errors import ProtocolError
from amq2api.wire.exchange import Answer, Ask

_PAGES = 20  # of at most 100 models each; a service that pages for ever is broken


@dataclass(frozen=True, slots=True)
class Service:
    """Asks on behalf of an identity; *access* is its access token."""

    ask: Callable[[Ask], Awaitable[Answer]]

    async def models(self, identity: Identity, access: str) -> list[q.Model]:
        """Every model the account may use.

        Raises:
            GatewayError: the service refused, or answered in an unknown shape.
        """
        models: list[q.Model] = []
        token: str | None = None
        for _ in range(_PAGES):
            members = {"origin": identity.origin, "maxResults": 100}
            if token is not None:
                members["nextToken"] = token
            answer = await self._call(q.LIST_MODELS, members, identity, access)
            page, token = q.read_models(answer.body)
            models += page
            if token is None:
                return models
        raise ProtocolError("ListAvailableModels has no last page")

    async def usage_limits(self, identity: Identity, access: str) -> q.UsageLimits:
        """How much of its allowance the account has used."""
        members = {"origin": identity.origin, "resourceType": "AGENTIC_REQUEST"}
        answer = await self._call(q.GET_USAGE_LIMITS, members, identity, access)
        return q.read_usage_limits(answer.body)

    async def _call(
        self, target: str, members: dict[str, Any], identity: Identity, access: str
    ) -> Answer:
        if identity.profile_arn:
            members["profileArn"] = identity.profile_arn
        # The official client writes these members twice, into query and body (1.2).
        answer = await self.ask(
            Ask(
                f"{identity.endpoint}?{urlencode(members)}",
                msgspec.json.encode(members),
                headers(identity, target) | {"authorization": f"Bearer {access}"},
            )
        )
        if answer.status != 200:
            raise verdict(answer)
        return answer
