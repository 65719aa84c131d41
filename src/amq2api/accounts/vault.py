"""Where minted tokens are kept: in memory, in the cache file, and the refresh token in
account.json too.

Nothing here can keep what a service has answered and this process was killed too early to hear.
"""

import asyncio
import contextlib
import errno
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

from amq2api.errors import GatewayError

from . import files
from .cachefile import CacheFile
from .files import StorageFailed
from .minted import Minted, newest
from .model import Account, Token, fingerprint
from .pending import Intent
from .sealing import Seal
from .spending import Spending
from .store import AccountStore

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


class Vault:
    """Belongs to one event loop; what blocks on the disk is done in threads."""

    def __init__(self, path: Path, store: AccountStore, seal: Seal | None = None) -> None:
        self._file, self._store = CacheFile(path, seal), store
        self._held: dict[str, Minted] = {}
        self._homeless: dict[str, str] = {}  # account id: a refresh token that is not on disk
        self.problem: str | None = None
        """Why tokens may not survive a restart, if they may not."""

    def load(self) -> None:
        """Read the cache file into memory, and finish what an earlier process had no time for:
        to seal what is not, and to write down a refresh token everywhere. Blocks.
        """
        self._held = self._file.read() | self._held
        try:
            self._file.settle()
        except OSError as exc:
            self._cannot_write(exc)
        for account in self._store.accounts():
            if (held := self.held(account)) and self._is_behind(account, held.token):
                with contextlib.suppress(GatewayError):  # the store itself tells
                    self._store.rotate(
                        account.id, spent={account.refresh_token}, fresh=held.token.refresh
                    )

    def lock(self, account: Account) -> files.Lock:
        return self._file.lock(account.id)

    def held(self, account: Account) -> Minted | None:
        """What is in memory for the account as configured now."""
        minted = self._held.get(account.id)
        return minted if minted and minted.serves(account) else None

    def usable(self, account: Account) -> Minted | None:
        """The same, unless its refresh token is still in need of a place on disk."""
        minted = self.held(account)
        return None if minted and self._is_homeless(account, minted.token) else minted

    async def newest(self, account: Account) -> Minted | None:
        """What this process or another one has minted last for the account as configured.

        Raises:
            StorageFailed: that is a refresh token which still cannot be put on disk.
        """
        held = self.held(account)
        if held and self._is_homeless(account, held.token):
            await self.keep(account, held, spent=account.refresh_token)
            held = self.held(account)
        on_disk = (await asyncio.to_thread(self._file.read)).get(account.id)
        found = newest(*(m for m in (on_disk, held) if m and m.serves(account)))
        if found:
            self._held[account.id] = found
        return found

    @contextlib.asynccontextmanager
    async def spending(self, account: Account, spend: str, now: float) -> AsyncIterator[Spending]:
        """Spend a refresh token in the block. The caller holds the account's lock.

        Raises:
            StorageFailed: the disk is full, so that an answer could be lost.
        """
        note = Spending(self._file, Intent(account.id, fingerprint(spend), now))
        try:
            await asyncio.to_thread(note.begin)
        except OSError as exc:
            # Where nothing can ever be written, tokens that do not rotate are still good. A disk
            # that is full is so for a while, and what is not spent is not lost.
            if exc.errno in _FULL:
                self._cannot_write(exc)
                raise StorageFailed(
                    f"the token is not renewed, since a new one could not be kept ({self.problem})"
                ) from exc
        try:
            yield note
        finally:
            note.close()

    async def keep(self, account: Account, minted: Minted, *, spent: str) -> None:
        """Put on disk what must not be lost; when this returns the token may be used.

        Args:
            spent: The refresh token that bought this one.

        Raises:
            StorageFailed: the refresh token is a new one and neither file takes it. It stays in
                memory, and newest() will try again.
        """
        token = minted.token
        self._held[account.id] = minted
        if token.refresh != spent:
            self._homeless[account.id] = token.refresh
        saved = await self._save(account, minted)
        if self._is_behind(account, token):
            # The cache comes first: account.json may be somebody else's to write.
            saved = await self._write_back(account, minted, spent) or saved
        saved = await asyncio.to_thread(self._end, account, minted, elsewhere=saved)
        if not saved and self._is_homeless(account, token):
            why = f"a new refresh token cannot be stored, so it is not used ({self.problem})"
            raise StorageFailed(why)
        self._homeless.pop(account.id, None)

    async def forget(self, account_id: str) -> None:
        """Keep nothing of an account that was removed.

        Raises:
            StorageFailed: the cache file cannot be written, and holds its tokens still.
        """
        self._held.pop(account_id, None)
        self._homeless.pop(account_id, None)
        try:
            await asyncio.to_thread(self._file.drop, account_id)
        except OSError as exc:
            raise StorageFailed(
                f"the account is removed, but {self._file.path.name} cannot be written and still"
                f" holds its tokens: {exc.strerror}"
            ) from exc

    def _end(self, account: Account, minted: Minted, *, elsewhere: bool) -> bool:
        """Wipe the note, or leave it as the one place that has the token. False where nothing
        has it."""
        note = self._file.pending(account.id)
        try:
            if elsewhere:
                note.end()
                return True
            note.sync()
        except OSError:
            return elsewhere
        return self._file.read().get(account.id) == minted

    async def _save(self, account: Account, minted: Minted) -> bool:
        try:
            await asyncio.to_thread(self._file.put, account.id, minted)
        except OSError as exc:
            self._cannot_write(exc)
            return False
        self.problem = None
        return True

    async def _write_back(self, account: Account, minted: Minted, spent: str) -> bool:
        """Configure the new refresh token, unless someone has configured another meanwhile."""
        fresh, past = minted.token.refresh, frozenset({spent, account.refresh_token})
        try:
            written = await asyncio.to_thread(
                self._store.rotate, account.id, spent=past, fresh=fresh
            )
        except GatewayError:
            return False  # the store itself tells what is wrong with it
        if written:
            line = (*minted.spent, minted.seed)
            self._held[account.id] = replace(minted, seed=fingerprint(fresh), spent=line)
            await self._save(account, self._held[account.id])
        return written

    def _is_behind(self, account: Account, token: Token) -> bool:
        """Whether account.json does not have the token yet, but should."""
        return account.source == "file" and token.refresh != account.refresh_token

    def _cannot_write(self, exc: OSError) -> None:
        self.problem = f"{self._file.path.name} cannot be written: {exc.strerror}"

    def _is_homeless(self, account: Account, token: Token) -> bool:
        return self._homeless.get(account.id) == token.refresh
