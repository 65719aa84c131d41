"""A relay whose accounts, service and clock are a test's own, and a diary of what it did.

In the diary ``a`` and ``b`` are requests with an account's stored token, capitals ones with a
fresh token, a dot is a pause, ``?a`` asks for tools, ``(a)`` is a search.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from itertools import repeat
from typing import Any, TypeAlias

import msgspec

from amq2api.accounts.health import HealthBook, TokenState
from amq2api.accounts.model import Account, Token
from amq2api.dialects import amazonq as q
from amq2api.dialects import messages as m
from amq2api.errors import GatewayError, LoginRequired, UpstreamBroken
from amq2api.relay.answering import reply_to
from amq2api.relay.relay import Manner, Relay
from amq2api.relay.reply import Reply
from amq2api.upstream.catalogue import Catalogue
from amq2api.upstream.service import Service
from amq2api.wire.exchange import Answer, Ask
from bridge.replies import METERED, text, told

NO_PAUSES = repeat(False)


Piece: TypeAlias = bytes | GatewayError | None
"""What may come of a reply: bytes, a failure, silence without end."""


class Reads:
    """A reply in these reads."""

    gap = 0.0

    def __init__(self, world: "World", *reads: Piece, request_id: str = "") -> None:
        self._world, self._reads, self.request_id = world, list(reads), request_id

    @property
    def ended(self) -> bool:
        return not self._reads

    async def read(self) -> bytes:
        piece = self._reads.pop(0) if self._reads else b""
        if isinstance(piece, GatewayError):
            raise piece
        return await _silence() if piece is None else piece

    async def flow(self, take: Callable[[bytes], bool]) -> None:
        while self._reads and isinstance(piece := self._reads[0], bytes):
            del self._reads[0]
            if not take(piece):
                return
        if self._reads and self._reads[0] is None:
            await _silence()

    def close(self) -> None:
        self._world.live -= 1


async def _silence() -> bytes:
    await asyncio.Event().wait()
    return b""


class World:
    """Two accounts, a service that answers from a script, and a diary."""

    problem = None

    def __init__(self, *script: GatewayError | None, routing: Any = "active") -> None:
        self.script, self.diary, self.live = list(script), "", 0
        self.asks: list[Any] = []
        self.now = 1_000_000.0
        self.no_token: set[str] = set()
        self.usage: Answer | GatewayError = UpstreamBroken("no")
        self.reads: Sequence[Piece] = (text("hi"), METERED)
        self.replies: list[Sequence[Piece]] = []
        """What the next requests are answered; then *reads*."""
        self.tools = [q.WEB_SEARCH]
        self.searches: list[GatewayError | None] = []
        """What the next searches meet."""
        self.queries: list[str] = []
        manner = Manner(
            endpoint="http://service/", default_endpoint=True, user_agent="amq2api", origin="CLI",
            opt_out=True, attempts=3, routing=routing,
        )  # fmt: skip
        self.health = HealthBook(lambda _: TokenState(True, False), lambda: self.now)
        self.relay = Relay(
            accounts=self, tokens=self, upstream=self, service=Service(self.ask),
            catalogue=Catalogue({}, lambda: 0.0), manner=manner, health=self.health,
            sleep=self.pause,
        )  # fmt: skip

    def accounts(self) -> list[Account]:
        arn = "arn:aws:codewhisperer:eu-central-1:123456789012:profile/ABCDEFGHIJKL"
        return [
            Account(id="a", refresh_token="r", client_id="i", client_secret="s", is_active=True),
            Account(id="b", refresh_token="r", client_id="i", client_secret="s", profile_arn=arn),
        ]

    async def token(self, account: Account, *, refused: str | None = None) -> Token:
        if account.id in self.no_token:
            raise LoginRequired("sign in again")
        return Token(account.id.upper() if refused else account.id, "r", 0.0)

    async def open(self, ask: Ask, verdict: Callable[[Answer], GatewayError]) -> Reads:
        self.diary += ask.headers["authorization"].removeprefix("Bearer ")
        self.asks.append((ask.url, msgspec.json.decode(ask.body)))
        failure = self.script.pop(0) if self.script else None
        if failure is not None:
            raise failure
        self.live += 1
        reads = self.replies.pop(0) if self.replies else self.reads
        return Reads(self, *reads, request_id=f"up-{len(self.asks)}")

    async def ask(self, ask: Ask) -> Answer:
        if ask.url.endswith(q.MCP_PATH):
            return self.tool(msgspec.json.decode(ask.body), ask.headers["authorization"][-1])
        if ask.headers["x-amz-target"] != q.GET_USAGE_LIMITS:
            raise UpstreamBroken("no list")
        if isinstance(self.usage, GatewayError):
            raise self.usage
        return self.usage

    def tool(self, body: Any, token: str) -> Answer:
        """The service's own tools: one that lists them, and a search."""
        if body["method"] == "tools/list":
            self.diary += f"?{token}"
            result: Any = {"tools": [{"name": name} for name in self.tools]}
        else:
            self.diary += f"({token})"
            failure = self.searches.pop(0) if self.searches else None
            if failure is not None:
                raise failure
            self.queries.append(body["params"]["arguments"]["query"])
            hits = [
                {"title": f"{host}!", "url": f"https://{host}/p", "snippet": f"all of {host}"}
                for host in ("a.example", "b.example")
            ]
            said = msgspec.json.encode({"results": hits}).decode()
            result = {"content": [{"type": "text", "text": said}]}
        told = {"jsonrpc": "2.0", "id": body["id"], "result": result}
        return Answer(200, msgspec.json.encode(told))

    async def pause(self, _seconds: float) -> None:
        self.diary += "."


def call(**members: Any) -> m.Call:
    whole = {"model": "claude-sonnet-4.5", "max_tokens": 99,
             "messages": [{"role": "user", "content": "hi"}]}  # fmt: skip
    return m.decode(msgspec.json.encode({**whole, **members}))


async def drain(
    reply: Reply,
    take: Callable[[list[m.StreamEvent]], object],
    pauses: Iterator[bool] = NO_PAUSES,
) -> None:
    """Read an open reply to its end, as a client that now and then says that it is slow."""

    def write(more: list[m.StreamEvent]) -> bool:
        assert more, "nothing is not written"
        take(more)
        return not next(pauses)

    while not reply.over:
        more = await reply.read()
        assert more, "every read gives something"
        take(more)
        if not next(pauses):
            await reply.flow(write)


async def events(
    world: World, asked: m.Call, pauses: Iterator[bool] = NO_PAUSES
) -> list[m.StreamEvent]:
    """What the client of a call hears; raises what it is refused with."""
    reply = reply_to(world.relay, asked, "req_1")
    heard: list[m.StreamEvent] = []
    try:
        await reply.open()
        await drain(reply, heard.extend, pauses)
    finally:
        reply.close()
        assert world.live == 0, "every stream is let go"
    return heard


async def hear(world: World, asked: m.Call) -> str:
    """The same in one line, or the class of the refusal."""
    try:
        return told(await events(world, asked))
    except GatewayError as failure:
        return type(failure).__name__
