"""The one door of a golden exchange: a service that does what the case says and keeps what it
was asked.
"""

import itertools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import msgspec

from amq2api.accounts.health import HealthBook, TokenState
from amq2api.accounts.model import Account, Token
from amq2api.bridge.calibration import Calibrations
from amq2api.bridge.tokens import Size
from amq2api.dialects import amazonq as q
from amq2api.errors import GatewayError, UpstreamBroken
from amq2api.relay.relay import Manner, Relay
from amq2api.sim.catalogue import MODELS
from amq2api.sim.signing import Signer
from amq2api.sim.validator import validate
from amq2api.upstream.catalogue import Catalogue
from amq2api.upstream.service import Service
from amq2api.wire.eventstream import encode
from amq2api.wire.exchange import Answer, Ask
from bridge.replies import raw_frame
from golden.notation import expanded

_ID = "⟪id⟫"
_HTTP = re.compile(r"HTTP (\d+)((?: [a-z-]+=\S+)*) (.+)", re.DOTALL)

Split = Callable[[Sequence[bytes]], list[bytes]]
"""How an answer's frames come in reads."""


def by_frame(frames: Sequence[bytes]) -> list[bytes]:
    return list(frames)


def at_once(frames: Sequence[bytes]) -> list[bytes]:
    return [b"".join(frames)]


def by_byte(frames: Sequence[bytes]) -> list[bytes]:
    whole = b"".join(frames)
    return [whole[at : at + 1] for at in range(len(whole))]


class _Trusting(Signer):
    """Takes every signature for its own: cases write down made-up ones."""

    def knows(self, signature: str, text: str, model_id: str) -> bool:
        return bool(signature)


class _AHundred(Calibrations):
    """What a call is said to weigh, as long as the service has not told: that estimates are good
    is measured elsewhere."""

    def count(self, size: Size, model_id: str) -> int:
        return 100


class Reads:
    """An answer under way."""

    request_id, gap = "", 0.0

    def __init__(self, reads: list[bytes], *, lost: bool) -> None:
        self._reads, self._lost = reads, lost

    @property
    def ended(self) -> bool:
        return not self._reads and not self._lost

    async def read(self) -> bytes:
        if self._reads:
            return self._reads.pop(0)
        if self._lost:
            raise UpstreamBroken("the service's answer was cut (ClientPayloadError)")
        return b""

    async def flow(self, take: Callable[[bytes], bool]) -> None:
        while self._reads and take(self._reads.pop(0)):
            pass

    def close(self) -> None:
        self._reads.clear()


@dataclass
class Pretended:
    """*frames* and *told* are the sections of the case, used up one after the other."""

    frames: list[str]
    told: list[str]
    split: Split
    asked: list[tuple[str, Any]] = field(default_factory=list)
    """Each request as the section it belongs to and its body."""
    complaints: list[str] = field(default_factory=list)
    """What is wrong with the requests; raised by whoever plays, as an ASGI application would
    take it for an answer."""
    problem = None

    def accounts(self) -> list[Account]:
        return [Account(id="a", refresh_token="r", client_id="i", client_secret="s")]

    async def token(self, account: Account, *, refused: str | None = None) -> Token:
        return Token("access", "r", 0.0)

    async def open(self, ask: Ask, verdict: Callable[[Answer], GatewayError]) -> Reads:
        body = msgspec.json.decode(ask.body)
        if (fault := validate(body, signer=_Trusting())) is not None:
            self.complaints.append(f"the service would refuse this: {fault}")
        self.asked.append(("upstream", body))
        told = self._next(self.frames)
        if refusal := _HTTP.fullmatch(told):
            status, headers, said = refusal.groups()
            named = dict(pair.split("=") for pair in headers.split())
            raise verdict(Answer(int(status), said.encode(), named))
        *lines, last = told.split("\n")
        lost = last == "lost"
        sent = _frames(lines if lost else [*lines, last])
        return Reads(self.split(sent), lost=lost)

    async def ask(self, ask: Ask) -> Answer:
        if ask.headers.get("x-amz-target") == q.LIST_MODELS:
            models = {"models": [dict(model) for model in MODELS.values()]}
            return Answer(200, msgspec.json.encode(models))
        body = msgspec.json.decode(ask.body)
        place = ask.headers.get("x-amz-target", f"{ask.method} {urlsplit(ask.url).path}")
        told = self._next(self.told)
        if "jsonrpc" in body:
            told = told.replace(_ID, body["id"])
            body["id"] = _ID
        self.asked.append(("ask", {place: body}))
        if refusal := _HTTP.fullmatch(told):
            return Answer(int(refusal[1]), refusal[3].encode())
        return Answer(200, told.encode())

    def _next(self, answers: list[str]) -> str:
        if not answers:
            self.complaints.append("one request too many")
            raise UpstreamBroken("nothing is left to answer with")
        return expanded(answers.pop(0))


def relay(service: Pretended, given: Sequence[str]) -> Relay:
    """The real one, in front of *service*."""
    manner = Manner(
        endpoint="http://service/", default_endpoint=True, user_agent="amq2api", origin="CLI",
        opt_out=True, attempts=3, routing="active",
    )  # fmt: skip

    async def no_pause(_seconds: float) -> None: ...

    made = Relay(
        accounts=service, tokens=service, upstream=service, service=Service(service.ask),
        catalogue=Catalogue({}, lambda: 0.0), manner=manner,
        health=HealthBook(lambda _: TokenState(True, False), itertools.count(1e6).__next__),
        sleep=no_pause, gauge=_AHundred(),
    )  # fmt: skip
    for line in given:
        assert line == "trailers", line
        made.trailers.add("a")
    return made


def _frames(lines: Sequence[str]) -> list[bytes]:
    frames: list[bytes] = []
    for line in filter(None, lines):
        kind, _, rest = line.partition(" ")
        if kind == "!":
            name, _, payload = rest.partition(" ")
            frames.append(_frame("exception", payload, {":exception-type": name}))
        elif kind == "?":
            code, _, message = rest.partition(" ")
            frames.append(_frame("error", "", {":error-code": code, ":error-message": message}))
        elif kind == "cut":
            frames[-1] = frames[-1][: -int(rest)]
        elif kind == "damaged":
            frames[-1] = frames[-1][:-6] + bytes([frames[-1][-6] ^ 1]) + frames[-1][-5:]
        else:
            frames.append(raw_frame(kind, rest.encode()))
    return frames


def _frame(kind: str, payload: str, headers: dict[str, str]) -> bytes:
    return encode({":message-type": kind, ":content-type": "application/json", **headers},
                  payload.encode())  # fmt: skip
