"""Kills one process after the other, and looks each time at what it has left on the disk."""

import asyncio
import fcntl
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from amq2api.accounts.sealing import Seal
from amq2api.accounts.store import FileStore
from amq2api.accounts.vault import Vault
from crash import bank, victim
from crash.model import Model, on_disk
from crash.victim import Order

_HERE = Path(__file__).parents[1]
_LITTER = 3
"""Files that a process killed in the middle of writing may leave, which the next one takes."""
_TOLD = 1 << 16  # bytes of refresh tokens that one process may hear of


@dataclass
class Tally:
    """What came of it all."""

    kills: int = 0
    edits: int = 0
    refreshes: int = 0
    unheard: int = 0
    """Refresh tokens that were minted, and whose taker was killed before it heard of them. No
    program can keep those."""
    dropped: int = 0
    """Refresh tokens that were heard of and are not on the disk."""
    noting: int = 0
    """Deaths by one's own hand at the very note that is to keep them."""


@dataclass
class Harness:
    home: Path
    bank: bank.Bank
    process: "subprocess.Popen[str]"
    chance: random.Random
    tally: Tally = field(default_factory=Tally)
    model: Model = field(default_factory=Model)
    key: str = ""

    def kill(self, order: Order, *, after: float | None) -> None:
        """Let a process work, kill it *after* so many seconds, and look at everything.

        Without a time the process ends by its own hand, or has nothing more to do.
        """
        told = self._lived(order, after)
        assert not [line for line in told if line["kind"] == "failed"], told[-5:]
        self._all_is_well(told, self._followed(told))

    def rekey(self, key: str) -> None:
        """Put everything under another key, with a kill before each step on the way there."""
        for step in range(1000):
            order = Order(step, self.key, rekey=key, step=step)
            told = self._lived(order, None)
            if not told[-1]["killed"]:
                self.key = key
                break
            self._followed(told)
            self._all_is_well(told, None)
        self._all_is_well([], None)

    def _lived(self, order: Order, after: float | None) -> list[dict[str, Any]]:
        assert self.process.stdin and self.process.stdout
        (self.home / victim.HEARD).write_bytes(bytes(_TOLD))
        self.process.stdin.write(victim.spoken(order))
        self.process.stdin.flush()
        told: list[dict[str, Any]] = []
        while not told or told[-1]["kind"] != "gone":
            told.append(json.loads(self.process.stdout.readline()))
            if told[-1]["kind"] == "born" and after is not None:
                time.sleep(after)
                os.kill(told[-1]["pid"], signal.SIGKILL)
        assert told[-1]["killed"] or told[-1]["code"] == 0, told[-5:]
        self.tally.kills += told[-1]["killed"]
        self.tally.noting += any(line.get("at", "").startswith("pending.") for line in told)
        return told

    def _followed(self, told: list[dict[str, Any]]) -> dict[str, Any] | None:
        """Do to the model what was told as done; gives the edit that was under way at the end."""
        under_way: dict[str, Any] | None = None
        for line in told:
            if line.get("op") == "refresh":
                self.tally.refreshes += line["kind"] == "done"
            elif line["kind"] == "begin":
                under_way = line
            elif line["kind"] == "done":
                self.model, under_way = self._after(line), None
                self.tally.edits += 1
        return under_way

    def _after(self, edit: dict[str, Any]) -> Model:
        return self.model.after(edit["op"], edit["id"], edit["name"])

    def _all_is_well(self, told: list[dict[str, Any]], edit: dict[str, Any] | None) -> None:
        self.bank.wait()
        self._files_are_whole()
        self._nothing_is_lost(told, edit)
        self._nobody_is_locked_out()

    def _files_are_whole(self) -> None:
        cache = self.home / "cache.json"
        assert not cache.exists() or isinstance(json.loads(cache.read_bytes())["accounts"], dict)
        left = [path.name for path in self.home.iterdir() if path.suffix == ".tmp"]
        assert len(left) <= _LITTER, left

    def _nothing_is_lost(self, told: list[dict[str, Any]], edit: dict[str, Any] | None) -> None:
        found = on_disk(self.home / "account.json")
        assert found in (self.model, self._after(edit) if edit else self.model)
        self.model = found
        assert self.bank.reused == [], "a token was spent twice"
        done = {line["token"] for line in told if line.get("op") == "refresh" and "token" in line}
        heard = (self.home / victim.HEARD).read_bytes().split(b"\n")
        for wanted in self.behind():
            token = self.bank.token(wanted)
            assert token not in done, f"{wanted} has lost its refresh token"
            self.tally.dropped += token.encode() in heard
            self.tally.unheard += token.encode() not in heard
            if not self.bank.gracious:
                self._sign_in(wanted)

    def behind(self) -> list[str]:
        """Accounts whose newest refresh token is not here; asks the program what it would spend."""
        store = FileStore(self.home / "account.json", seal=self.seal)
        missing = []
        for account in store.accounts():
            newest = asyncio.run(Vault(self.home / "cache.json", store, self.seal).newest(account))
            token = newest.token.refresh if newest else account.refresh_token
            if token != self.bank.token(account.id):
                missing.append(account.id)
        store.close()  # it may be at work on what it has found unsealed
        return missing

    @property
    def seal(self) -> Seal | None:
        return Seal(self.key, cost=2) if self.key else None

    def _sign_in(self, wanted: str) -> None:
        self.bank.burn(wanted)
        store = FileStore(self.home / "account.json", seal=self.seal)
        store.update(wanted, refresh_token=self.bank.token(wanted))
        store.close()

    def _nobody_is_locked_out(self) -> None:
        for path in self.home.glob("*.lock"):
            with path.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextmanager
def ready(home: Path, *, key: str = "", gracious: bool = False, seed: int = 0) -> Iterator[Harness]:
    accounts = bank.Bank(gracious=gracious)
    command = [sys.executable, "-m", "crash.victim", str(home)]
    with bank.opened(accounts) as url, subprocess.Popen(
        [*command, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        cwd=_HERE, env={"PYTHONPATH": f"{_HERE}:{_HERE.parent / 'src'}"},
    ) as process:  # fmt: skip
        try:
            yield Harness(home, accounts, process, random.Random(seed), key=key)
        finally:
            assert process.stdin
            process.stdin.close()
