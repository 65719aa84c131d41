"""Where minted tokens are kept: in memory, in the cache file, and the refresh token in
account.json too.
"""

import asyncio
from dataclasses import replace
from pathlib import Path

from amq2api.errors import GatewayError

from . import files
from .cachefile import CacheFile, Minted
from .files import StorageFailed
from .model import Account, Token, fingerprint
from .sealing import Seal
from .store import AccountStore


class Vault:
    """Belongs to one event loop; what blocks on the disk is done in threads."""

    def __init__(self, path: Path, store: AccountStore, seal: Seal | None = None) -> None:
        self._file, self._store = CacheFile(path, seal), store
        self._held: dict[str, Minted] = {}
        self._homeless: dict[str, str] = {}  # account id: a refresh token that is not on disk
        self.problem: str | None = None
        """Why tokens may not survive a restart, if they may not."""

    def load(self) -> None:
        """Read the cache file into memory, and seal in it what is not. Blocks."""
        self._held = self._file.read() | self._held
        try:
            self._file.settle()
        except OSError as exc:
            self._cannot_write(exc)

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
        found = [m for m in (on_disk, held) if m and m.serves(account)]
        newest = max(found, key=lambda m: m.token.expires_at, default=None)
        if newest:
            self._held[account.id] = newest
        return newest

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
        if account.source == "file" and token.refresh != account.refresh_token:
            # The cache comes first: account.json may be somebody else's to write.
            saved = await self._write_back(account, minted, spent) or saved
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

    def _cannot_write(self, exc: OSError) -> None:
        self.problem = f"{self._file.path.name} cannot be written: {exc.strerror}"

    def _is_homeless(self, account: Account, token: Token) -> bool:
        return self._homeless.get(account.id) == token.refresh
