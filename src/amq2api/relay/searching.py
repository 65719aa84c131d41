"""Answers for which the model searches the web: the gateway searches, and the model goes on.

The service offers the search by itself (upstream-protocol.md 6.5); the model only asks for it.
"""

import time

from amq2api.accounts.model import Account, Token
from amq2api.accounts.policy import Attempt
from amq2api.bridge.amazonq.searching import results
from amq2api.bridge.backend import Progress, Search
from amq2api.bridge.collect import Collector
from amq2api.bridge.continuing import continued
from amq2api.dialects import amazonq as q
from amq2api.dialects import messages as m
from amq2api.errors import BadRequest, GatewayError, NotEntitled, RateLimited, RequestRefused

from .attempts import Attempts
from .journey import Journey
from .relay import Relay
from .serving import Resident
from .source import AT_THE_BEGINNING, Write

ROUNDS = 10
"""Requests that one answer may take; then the client decides (``pause_turn``)."""
_LIFE = 3600.0  # seconds for which an account that offers searches is not asked again


class Searching:
    """The source of an answer that may search, made of one request after the other."""

    def __init__(self, relay: Relay, journey: Journey, tool: m.Tool) -> None:
        self._relay, self._journey, self._tool = relay, journey, tool
        self._call: m.Call | None = None
        self._place = "tools"
        self._said = Collector()
        self._rounds = 0
        self._searches = 0
        journey.check = self._check

    async def open(self, call: m.Call, progress: Progress = AT_THE_BEGINNING) -> None:
        """See :meth:`Source.open`.

        Raises:
            BadRequest: the account offers no search.
        """
        self._call, self._said = call, Collector()
        self._place = f"tools.{(call.tools or [self._tool]).index(self._tool)}"
        await self._request(call, progress)

    def begin(self) -> list[m.StreamEvent]:
        """See :meth:`Source.begin`."""
        return self._journey.begin()

    @property
    def over(self) -> bool:
        """Whether everything was read."""
        journey = self._journey
        return journey.over and journey.wanted is None and not journey.unfinished

    async def read(self) -> list[m.StreamEvent]:
        """See :meth:`Source.read`."""
        events: list[m.StreamEvent] = []
        while not events and not self.over:
            try:
                events = await self._next()
            except GatewayError as failure:
                events = self.fail(failure)
        self._said.feed(events)
        return events

    async def flow(self, write: Write) -> None:
        """See :meth:`Source.flow`. Until a search is wanted, or the answer is to go on."""
        said = self._said

        def heard(events: list[m.StreamEvent]) -> bool:
            said.feed(events)
            return write(events)

        await self._journey.flow(heard)

    def fail(self, failure: GatewayError) -> list[m.StreamEvent]:
        """See :meth:`Source.fail`."""
        return self._journey.fail(failure)

    async def _next(self) -> list[m.StreamEvent]:
        journey = self._journey
        if not journey.over and (events := await journey.read()):
            return events
        if (wanted := journey.wanted) is not None:
            return journey.answer(m.WebSearchToolResultBlock(wanted.id, await self._found(wanted)))
        return await self._go_on()

    async def _go_on(self) -> list[m.StreamEvent]:
        """Ask the service to go on with what was found."""
        journey, call = self._journey, self._call
        if call is None:
            raise RuntimeError("read before open")
        if self._rounds >= ROUNDS:
            return journey.conclude("pause_turn")
        await self._request(continued(call, self._said.content), journey.progress)
        return []

    async def _request(self, call: m.Call, progress: Progress) -> None:
        self._rounds += 1
        await self._journey.open(call, progress)

    async def _check(self, account: Account, token: Token) -> None:
        """Whether the service searches for *account*; told once an hour.

        An answer that has begun goes on in any case: its model hears of searches that fail.
        """
        relay = self._relay
        if self._rounds > 1 or relay.searching.get(account.id, 0.0) > time.monotonic():
            return
        try:
            tools = await relay.service.mcp_tools(relay.manner.identity(account), token.access)
        except (NotEntitled, RequestRefused):
            tools = []
        if q.WEB_SEARCH not in tools:
            # Clients look for this wording (claude-api.md 7.6).
            raise BadRequest(
                f"{self._place}: web search is not enabled for this organization:"
                " the service does not offer it to the account"
            )
        relay.searching[account.id] = time.monotonic() + _LIFE

    async def _found(self, wanted: Search) -> list[m.WebSearchResult] | m.WebSearchError:
        tool, query = self._tool, (wanted.query or "").strip()
        if tool.max_uses is not None and self._searches >= tool.max_uses:
            return m.WebSearchError("max_uses_exceeded")
        if not query:
            return m.WebSearchError("invalid_tool_input")
        if len(query) > q.LONGEST_QUERY:
            return m.WebSearchError("query_too_long")
        self._searches += 1
        try:
            found = await self._search(query)
        except RateLimited:
            return m.WebSearchError("too_many_requests")
        except GatewayError:
            return m.WebSearchError("unavailable")
        return results(found, allowed=tool.allowed_domains, blocked=tool.blocked_domains)

    async def _search(self, query: str) -> q.SearchResults:
        """Search, again where policy says so; never with another account.

        Raises:
            GatewayError: the model hears that there are no results.
        """
        relay, account = self._relay, self._journey.serving.account
        if account is None:
            raise RuntimeError("search before open")

        async def knock(account: Account, token: Token, attempt: Attempt) -> q.SearchResults:
            identity = relay.manner.identity(account)
            return await relay.service.web_search(identity, token.access, query)

        attempts = Attempts(
            relay, Resident(relay, account), self._journey.request_id,
            what="search", routing="active",
        )  # fmt: skip
        return await attempts.make(knock)
