"""Processes that refresh tokens and edit accounts until they are killed.

``victim.py DIRECTORY TOKEN_URL`` reads one order per line, :class:`Order` as JSON, and forks a
process for each, which is much faster than to start one. Whatever those do is told before it
begins and after it has ended, on standard output: what was told as done has to be on disk.
"""

import asyncio
import json
import mmap
import os
import random
import signal
import sys
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from accounts.worker import ask_over_http
from amq2api.accounts.rekeying import Rekeying
from amq2api.accounts.sealing import Seal
from amq2api.accounts.store import FileStore
from amq2api.accounts.tokens import TokenCache
from amq2api.errors import GatewayError
from amq2api.wire.exchange import Answer, Ask
from crash import steps

HEARD = "heard"
"""Where the refresh tokens that have arrived are told, in the same directory."""


@dataclass(frozen=True)
class Order:
    seed: int
    key: str = ""
    rekey: str | None = None
    """Put everything under this key instead of working; empty stands for none."""
    step: int | None = None
    """Be killed by one's own hand before this call to the operating system about files."""
    rounds: int = 1000


def tell(kind: str, **what: Any) -> None:
    # One write below the size of a pipe's buffer is never torn, not even by a kill.
    os.write(1, json.dumps({"kind": kind, **what}).encode() + b"\n")


class Heard:
    """Refresh tokens as they arrive, told through memory shared with a file: whoever writes to a
    file in another way lets other threads run, and so would widen the gap that is measured."""

    def __init__(self, home: Path) -> None:
        with (home / HEARD).open("r+b") as file:
            self._lines = mmap.mmap(file.fileno(), 0)

    async def ask(self, ask: Ask) -> Answer:
        answer = await ask_over_http(ask)
        self._lines.write(json.loads(answer.body).get("refreshToken", "").encode() + b"\n")
        return answer


class Work:
    """Edits one after the other; refreshes of all accounts meanwhile, in any order."""

    def __init__(self, home: Path, url: str, order: Order) -> None:
        seal = Seal(order.key, cost=2) if order.key else None
        self.store = FileStore(home / "account.json", seal=seal, interval=0.0)
        self.tokens = TokenCache(
            home / "cache.json",
            store=self.store,
            ask=Heard(home).ask,
            token_url=url,
            seal=seal,
        )
        self.chance, self.order = random.Random(order.seed), order

    async def run(self) -> None:
        await asyncio.to_thread(self.tokens.load)
        await asyncio.gather(self._edits(), self._refreshes(), self._refreshes())

    async def _refreshes(self) -> None:
        for _ in range(self.order.rounds):
            if accounts := self.store.accounts():
                account = self.chance.choice(accounts)
                tell("begin", op="refresh", id=account.id)
                try:
                    token = await self.tokens.token(account)
                except GatewayError as failure:
                    tell("failed", op="refresh", id=account.id, why=repr(failure))
                else:
                    tell("done", op="refresh", id=account.id, token=token.refresh)
            await asyncio.sleep(self.chance.uniform(0, 0.01))

    async def _edits(self) -> None:
        for number in range(self.order.rounds):
            ids = [account.id for account in self.store.accounts()]
            op = self.chance.choice(["add", "rename", "activate", "remove"])
            if (op == "remove" and len(ids) < 3) or not ids:
                op = "add"
            if op == "add" and len(ids) > 6:
                op = "remove"
            wanted = self.chance.choice(ids) if op != "add" else f"{self.order.seed}-{number}"
            name = f"name {self.order.seed}-{number}"
            tell("begin", op=op, id=wanted, name=name)
            await EDITS[op](self, wanted, name)
            tell("done", op=op, id=wanted, name=name)
            await asyncio.sleep(self.chance.uniform(0, 0.01))

    async def _add(self, wanted: str, name: str) -> None:
        fields = {
            "id": wanted, "name": name, "refresh_token": f"{wanted}/0", "client_id": "c",
            "client_secret": "s",
        }  # fmt: skip
        await asyncio.to_thread(self.store.add, fields)

    async def _rename(self, wanted: str, name: str) -> None:
        await asyncio.to_thread(lambda: self.store.update(wanted, name=name))

    async def _activate(self, wanted: str, _: str) -> None:
        await asyncio.to_thread(self.store.activate, wanted)

    async def _remove(self, wanted: str, _: str) -> None:
        await asyncio.to_thread(self.store.remove, wanted)
        await self.tokens.forget(wanted)


EDITS: dict[str, Callable[[Work, str, str], Awaitable[None]]] = {
    "add": Work._add, "rename": Work._rename, "activate": Work._activate, "remove": Work._remove,
}  # fmt: skip


def rekey(home: Path, order: Order) -> None:
    old, new = (Seal(key, cost=2) if key else None for key in (order.key, order.rekey))
    tell("begin", op="rekey", id="", name="")
    Rekeying(home / "account.json", home / "cache.json", old=old, new=new).write()
    tell("done", op="rekey", id="", name="")


def live(home: Path, url: str, order: Order) -> None:
    if order.step is not None:
        steps.count(order.step)
    if order.rekey is None:
        asyncio.run(Work(home, url, order).run())
    else:
        rekey(home, order)


def main(home: str, url: str) -> None:
    for line in sys.stdin:
        order = Order(**json.loads(line))
        if (child := os.fork()) == 0:
            try:
                live(Path(home), url, order)
            finally:
                if failed := sys.exc_info()[0] is not None:
                    traceback.print_exc()
                    sys.stderr.flush()
                os._exit(failed)  # what belongs to the parent is not ours to tidy up
        tell("born", pid=child)
        _, status = os.waitpid(child, 0)
        tell("gone", killed=os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL,
             code=os.waitstatus_to_exitcode(status))  # fmt: skip


def spoken(order: Order) -> str:
    return json.dumps(asdict(order)) + "\n"


if __name__ == "__main__":
    main(*sys.argv[1:])
