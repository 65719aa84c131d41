"""Accounts that come from somewhere else, or go there: bundles, and other programs' sign-ins."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from amq2api.accounts.bundle import pack, unpack
from amq2api.accounts.foreign import Unreadable
from amq2api.accounts.model import Account, Entry
from amq2api.errors import BadRequest, Conflict, NotFound

from .barred import PassphraseRefused


class Store(Protocol):
    """Where accounts live."""

    def entries(self) -> list[Entry]: ...

    def add_all(self, entries: Sequence[Entry]) -> tuple[list[Account], list[tuple[str, str]]]: ...


class Source(Protocol):
    """A place where another program keeps its sign-ins."""

    @property
    def id(self) -> str: ...

    @property
    def path(self) -> str: ...

    @property
    def exists(self) -> bool: ...


class Candidate(Protocol):
    """A sign-in found there; without *fields* it cannot be used."""

    @property
    def label(self) -> str: ...

    @property
    def fields(self) -> Mapping[str, Any] | None: ...

    @property
    def why_not(self) -> str: ...


class Foreign(Protocol):
    """The door to other programs' files. Blocks; nothing is ever written there."""

    def sources(self) -> Sequence[Source]: ...

    def read(self, source_id: str) -> Sequence[Candidate]: ...


@dataclass(frozen=True, slots=True)
class Arrived:
    """What came of it. *skipped* are name and reason of those that were not added."""

    added: Sequence[Account]
    skipped: Sequence[tuple[str, str]]


class Transfers:
    """Belongs to one event loop.

    Args:
        now: Unix time in seconds.
    """

    def __init__(
        self, store: Store, foreign: Foreign, *, now: Callable[[], float] = time.time
    ) -> None:
        self._store, self._foreign, self._now = store, foreign, now
        # A passphrase costs 128 MiB and more while it is stretched.
        self._one_at_a_time = asyncio.Lock()

    async def bundle(self, passphrase: str) -> dict[str, Any]:
        """All accounts of the file, encrypted. Raises StoreBroken, StorageFailed."""
        async with self._one_at_a_time:
            return await asyncio.to_thread(self._pack, passphrase)

    async def unbundle(self, bundle: Mapping[str, Any], passphrase: str) -> Arrived:
        """Add what a bundle holds.

        Raises:
            PassphraseRefused: it does not open.
            BadRequest: it is no bundle, or a newer one.
        """
        async with self._one_at_a_time:
            try:
                entries = await asyncio.to_thread(unpack, bundle, passphrase)
            except BadRequest as exc:
                if exc.field == "passphrase":
                    raise PassphraseRefused(str(exc), field=exc.field) from exc
                raise
        added, skipped = await asyncio.to_thread(self._store.add_all, entries)
        return Arrived(added, skipped)

    async def sources(self) -> Sequence[Source]:
        """Where other programs' sign-ins may be; nothing of them is read."""
        return await asyncio.to_thread(self._foreign.sources)

    async def adopt(self, source_id: str) -> Arrived:
        """Add the sign-ins of another program: its owner has consented.

        Raises:
            NotFound: there is no such program here.
            Conflict: what it keeps cannot be read, or holds no sign-in.
        """
        sources = {source.id: source for source in await self.sources()}
        if source_id not in sources or not sources[source_id].exists:
            raise NotFound("there is nothing of this program here")
        try:
            found = await asyncio.to_thread(self._foreign.read, source_id)
        except Unreadable as exc:
            raise Conflict(str(exc), field="source") from exc
        entries = [{"name": c.label, **c.fields} for c in found if c.fields is not None]
        useless = [(c.label, c.why_not) for c in found if c.fields is None]
        added, skipped = await asyncio.to_thread(self._store.add_all, entries)
        return Arrived(added, [*skipped, *useless])

    def _pack(self, passphrase: str) -> dict[str, Any]:
        return pack(self._store.entries(), passphrase, now=self._now())
