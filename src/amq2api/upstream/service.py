"""The service's operations besides the streaming one. Source: upstream-protocol.md 6."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import msgspec

from amq2api.bridge.amazonq.prepare import headers, verdict
from amq2api.bridge.backend import Identity
from amq2api.dialects import amazonq as q
from amq2api.errors import GatewayError, ProtocolError
from amq2api.wire.exchange import Answer, Ask

_PAGES = 20  # of 100 models or 10 profiles; a service that pages for ever is broken
# The official client writes the members of these into the query as well as the body (1.2).
_QUERIED = frozenset({q.LIST_MODELS, q.GET_USAGE_LIMITS})


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

    async def profiles(self, identities: Sequence[Identity], access: str) -> list[q.Profile]:
        """Every profile that may be asked with, each once.

        Args:
            identities: The same one at each place where there may be some: a profile is known
                in its own region only.

        Raises:
            GatewayError: nobody told of any, and somebody failed to tell.
        """
        told = await asyncio.gather(*(self._tell(i, access) for i in identities))
        found = {p.arn: p for profiles in told if isinstance(profiles, list) for p in profiles}
        failures = [failure for failure in told if isinstance(failure, GatewayError)]
        if failures and not found:
            raise failures[0]
        return list(found.values())

    async def mcp_tools(self, identity: Identity, access: str) -> list[str]:
        """The names of the tools that the service runs for the account, ``web_search`` if any.

        Raises:
            NotEntitled: the account may not ask for any.
        """
        request_id = f"tools_{uuid.uuid4().hex}"
        answer = await self._mcp(q.list_tools(request_id), identity, access)
        return q.read_tools(answer.body, request_id)

    async def web_search(self, identity: Identity, access: str, query: str) -> q.SearchResults:
        """Search the web.

        Args:
            query: At most :data:`q.LONGEST_QUERY` characters.

        Raises:
            GatewayError: the service refused or failed; see :func:`q.read_search`.
        """
        request_id = f"web_search_{uuid.uuid4().hex}"
        body = q.call_tool(request_id, q.WEB_SEARCH, {"query": query})
        answer = await self._mcp(body, identity, access)
        return q.read_search(answer.body, request_id)

    async def _mcp(self, body: bytes, identity: Identity, access: str) -> Answer:
        told = headers(identity, q.INVOKE_MCP) | {
            "content-type": q.REST_CONTENT, "authorization": "Bearer " + access,
        }  # fmt: skip
        del told["x-amz-target"]  # the path says it
        if identity.profile_arn:
            told[q.PROFILE_HEADER] = identity.profile_arn
        answer = await self.ask(Ask(f"{identity.endpoint.rstrip('/')}{q.MCP_PATH}", body, told))
        if answer.status != 200:
            raise verdict(answer)
        return answer

    async def _tell(self, identity: Identity, access: str) -> list[q.Profile] | GatewayError:
        try:
            return await self._profiles(identity, access)
        except GatewayError as failure:
            return failure

    async def _profiles(self, identity: Identity, access: str) -> list[q.Profile]:
        profiles: list[q.Profile] = []
        members: dict[str, Any] = {"maxResults": 10}
        for _ in range(_PAGES):
            answer = await self._call(q.LIST_PROFILES, members, identity, access)
            page, token = q.read_profiles(answer.body)
            profiles += page
            if token is None:
                return profiles
            members["nextToken"] = token
        raise ProtocolError("ListAvailableProfiles has no last page")

    async def _call(
        self, target: str, members: dict[str, Any], identity: Identity, access: str
    ) -> Answer:
        if identity.profile_arn:
            members["profileArn"] = identity.profile_arn
        query = f"?{urlencode(members)}" if target in _QUERIED else ""
        answer = await self.ask(
            Ask(
                f"{identity.endpoint}{query}",
                msgspec.json.encode(members),
                headers(identity, target) | {"authorization": "Bearer " + access},
            )
        )
        if answer.status != 200:
            raise verdict(answer)
        return answer
