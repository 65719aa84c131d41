"""Everything that reads bytes of strangers, as functions of bytes that fail where code is wrong.

A target raises nothing for input that is bad: that is what the code under it promises, and an
exception it does not promise goes through.
"""

import contextlib
import tempfile
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Protocol, TypeVar

import msgspec
from botocore.eventstream import EventStreamBuffer, ParserError

from amq2api.accounts import document
from amq2api.accounts.bundle import unpack
from amq2api.accounts.cachefile import CacheFile
from amq2api.accounts.minted import first
from amq2api.accounts.model import Account, Token
from amq2api.accounts.sealing import Seal, SealBroken
from amq2api.bridge import tokens
from amq2api.bridge.amazonq.prepare import prepare
from amq2api.dialects import messages as m
from amq2api.errors import BadRequest, GatewayError, ProtocolError
from amq2api.upstream.response import Responses
from amq2api.wire import eventstream, sse
from laws.retelling import hear, terms
from laws.upstream import MODELS, WHO

Target = Callable[[bytes], None]
_T = TypeVar("_T")

_MODEL = next(iter(MODELS.values()))
_ACCOUNT = Account(id="a", refresh_token="r", client_id="c", client_secret="s")
_SEAL = Seal("one long passphrase", cost=2)
_EVENTS = (
    "assistantResponseEvent", "reasoningContentEvent", "toolUseEvent", "metadataEvent",
    "contextUsageEvent", "meteringEvent", "messageMetadataEvent", "invalidStateEvent",
    "initial-response", "somethingElse",
)  # fmt: skip


def pieces(data: bytes) -> Iterator[bytes]:
    """The same bytes as a network might cut them: the sizes follow from the bytes themselves."""
    at = 0
    while at < len(data):
        size = 1 + data[at] % 29
        yield data[at : at + size]
        at += size


class _Decoder(Protocol[_T]):
    """One of :mod:`amq2api.wire`."""

    def feed(self, data: bytes, /) -> list[_T]: ...
    def finish(self) -> None: ...


def _fed(decoder: _Decoder[_T], reads: Iterable[bytes]) -> tuple[list[_T], bool]:
    """What it tells of *reads*, and whether they are whole and sound."""
    found: list[_T] = []
    try:
        for read in reads:
            found += decoder.feed(read)
        decoder.finish()
    except ProtocolError:
        return found, False
    return found, True


class _Alone(eventstream.Decoder):
    """Looks first whether a read is one frame, as the translator does."""

    def feed(self, data: bytes) -> list[eventstream.Frame]:
        payload = self.single(data)
        return super().feed(data) if payload is None else [eventstream.Frame(self.headers, payload)]


def frames(data: bytes) -> None:
    """Cut anywhere, the same frames and the same end; and nothing that botocore reads otherwise."""
    whole, complete = _fed(eventstream.Decoder(), [data])
    for decoder, reads in (
        (eventstream.Decoder(), pieces(data)),
        (_Alone(), pieces(data)),
        (_Alone(), iter([data])),
    ):
        assert _fed(decoder, reads) == (whole, complete)
    theirs, buffer = list[bytes](), EventStreamBuffer()
    try:
        buffer.add_data(data)
        theirs.extend(event.payload for event in buffer)
    except (ParserError, ValueError, KeyError, UnicodeDecodeError):
        # It may be laxer than we are, but what it refuses we have no business to take.
        assert not complete
    ours = [frame.payload for frame in whole]
    assert ours == theirs[: len(ours)] or (len(theirs) < len(ours) and not complete)
    assert not complete or len(ours) == len(theirs)


def events(data: bytes) -> None:
    """Whatever the service says in sound frames, the client hears a legal stream.

    Each line is an event: its first byte says which, the rest is its payload.
    """
    reads = [
        eventstream.encode(
            {":message-type": "event", ":event-type": _EVENTS[line[0] % len(_EVENTS)]}, line[1:]
        )
        for line in data.split(b"\n")
        if line
    ]
    heard = hear(reads, terms())
    assert heard.judge.state in ("stopped", "failed")


def reply(data: bytes) -> None:
    """Whatever bytes the service sends, the client hears a legal stream."""
    assert hear(list(pieces(data)), terms()).judge.state in ("stopped", "failed")


def request(data: bytes) -> None:
    """A request is refused, or leads to one to the service that is JSON and can be weighed."""
    for counting in (False, True):
        try:
            call = m.decode(data, counting=counting)
        except BadRequest:
            continue
        m.unknown_fields(data)
        if m.needs_material(call):
            continue
        assert tokens.size(call, _MODEL.model_id).text >= 0
        if not counting:
            _prepared(call)


def _prepared(call: m.Call) -> None:
    try:
        ask = prepare(call, _MODEL, WHO).ask
    except GatewayError:
        return
    assert "conversationState" in msgspec.json.decode(ask.body)


def account_file(data: bytes) -> None:
    """A file that is read can be written and read again, with nothing lost."""
    try:
        entries = document.parse(data, name="account.json")
    except document.StoreBroken:
        return
    again = document.parse(document.render(entries), name="account.json")
    assert [account.id for account in document.accounts(again)] == [
        account.id for account in document.accounts(entries)
    ]
    settled = document.settled(entries)
    assert sum(account.is_active for account in document.accounts(settled)) == min(1, len(settled))
    assert document.settled(settled) == settled


def cache_file(data: bytes) -> None:
    """Whatever is in the cache file and in a note, tokens are read and written all the same."""
    cache = CacheFile(_home() / "cache.json", _SEAL)
    note = cache.pending("b")
    cache.path.write_bytes(data)
    note.path.write_bytes(data)
    before = cache.read()
    minted = first(Token("x", "r2", 1.0), _ACCOUNT)
    cache.put("a", minted)
    cache.settle()
    note.remove()
    after = cache.read()
    assert after.pop("a") == minted
    before.pop("a", None)
    assert after == before


def sealed(data: bytes) -> None:
    """No text but those that were sealed here opens."""
    text = data.decode(errors="replace")
    try:
        plain = _SEAL.open(text, "access_token")
    except SealBroken:
        return
    assert _SEAL.seal(plain, "access_token") != text


def bundle(data: bytes) -> None:
    """What is brought as a bundle of accounts is refused in words."""
    with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        read = msgspec.json.decode(data)  # the caller's to do
        with contextlib.suppress(BadRequest):
            unpack(read, "a passphrase")


def server_sent(data: bytes) -> None:
    """Cut anywhere, the same events and the same end; of one that is wrong, what came before."""
    whole, complete = _fed(sse.Decoder(), [data])
    cut, also = _fed(sse.Decoder(), pieces(data))
    assert complete == also and whole == cut[: len(whole)]
    assert not complete or whole == cut


def response(data: bytes) -> None:
    """An answer over HTTP, cut anywhere, is the same answer."""
    assert _answered([data]) == _answered(pieces(data))


def _answered(reads: Iterable[bytes]) -> tuple[object, ...]:
    responses, body = Responses(), b""
    responses.begin()
    for read in reads:
        if responses.stage not in ("head", "body"):
            break
        body += responses.feed(read)
    stage = responses.stage
    if stage in ("head", "body"):
        responses.finish()
    return responses.status, dict(responses.headers), body, type(responses.failure)


@cache
def _home() -> Path:
    kept = tempfile.TemporaryDirectory(prefix="fuzz-")
    _kept.append(kept)
    return Path(kept.name)


_kept: "list[tempfile.TemporaryDirectory[str]]" = []
"""Removed when the process ends."""

TARGETS: dict[str, Target] = {
    target.__name__: target
    for target in (
        frames, events, reply, request, account_file, cache_file, sealed, bundle, server_sent,
        response,
    )
}  # fmt: skip
