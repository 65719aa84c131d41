"""Stories of several processes, with real files, sockets and kills."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from accounts.endpoint import TokenEndpoint, served
from amq2api.accounts.cachefile import CacheFile
from amq2api.accounts.minted import first
from amq2api.accounts.model import Token
from amq2api.accounts.sealing import Seal, is_sealed
from amq2api.accounts.store import FileStore

WORKER = Path(__file__).with_name("worker.py")


class World:
    def __init__(self, directory: Path, endpoint: TokenEndpoint, url: str, key: str) -> None:
        self.key = key
        self.accounts, self.cache = directory / "account.json", directory / "cache.json"
        self.endpoint, self.url = endpoint, url
        entry = {"id": "a", "refresh_token": "r0", "client_id": "c", "client_secret": "s"}
        self.accounts.write_text(json.dumps([entry]))
        account = FileStore(self.accounts).accounts()[0]
        CacheFile(self.cache).put("a", first(Token("expired", "r0", 1.0), account))

    async def worker(self) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable, str(WORKER), str(self.accounts), str(self.cache), self.url, self.key,
            stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip

    @property
    def stored(self) -> tuple[str, str]:
        """The refresh token in each of the two files, both of which can be read."""
        entries = json.loads(self.accounts.read_text())
        cached = json.loads(self.cache.read_text())["accounts"]["a"]
        return entries[0]["refresh_token"], cached["refresh_token"]


@asynccontextmanager
async def world(directory: Path, key: str = "") -> AsyncIterator[World]:
    endpoint = TokenEndpoint({"r0"})
    async with served(endpoint) as url:
        yield World(directory, endpoint, url, key)


async def got(worker: asyncio.subprocess.Process) -> str:
    out, _ = await worker.communicate()
    assert worker.returncode == 0
    return out.decode()


def test_several_processes_make_one_refresh(tmp_path: Path) -> None:
    async def story() -> None:
        async with world(tmp_path) as here:
            workers = [await here.worker() for _ in range(3)]
            assert {await got(worker) for worker in workers} == {"access-1"}
            assert here.endpoint.minted == len(here.endpoint.asks) == 1
            assert here.stored == ("refresh-1", "refresh-1")

    asyncio.run(asyncio.wait_for(story(), 60))


def test_several_processes_under_a_key_seal_what_they_find_and_make_one_refresh(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        async with world(tmp_path, "one long passphrase") as here:
            workers = [await here.worker() for _ in range(3)]
            assert {await got(worker) for worker in workers} == {"access-1"}
            assert here.endpoint.minted == len(here.endpoint.asks) == 1
            seal = Seal(here.key, cost=2)
            assert all(map(is_sealed, here.stored))
            assert {seal.open(text, "refresh_token") for text in here.stored} == {"refresh-1"}
            for path in (here.accounts, here.cache):
                assert not any(word in path.read_text() for word in ('"c"', "access-1", "expired"))
                assert path.stat().st_mode & 0o777 == 0o600

    asyncio.run(asyncio.wait_for(story(), 60))


def test_a_process_killed_during_a_refresh_is_in_nobodys_way(tmp_path: Path) -> None:
    async def story() -> None:
        async with world(tmp_path) as here:
            here.endpoint.gate = asyncio.Event()
            victim = await here.worker()
            await here.endpoint.arrivals.get()
            heir = await here.worker()
            await asyncio.sleep(0.5)
            # The heir waits for the lock, and the kernel gives it to him.
            assert len(here.endpoint.asks) == 1
            victim.kill()
            await victim.communicate()
            assert here.stored == ("r0", "r0")
            await here.endpoint.arrivals.get()
            here.endpoint.gate.set()
            assert await got(heir) == "access-1"
            assert here.stored == ("refresh-1", "refresh-1")

    asyncio.run(asyncio.wait_for(story(), 60))
    left = {path.name for path in tmp_path.iterdir() if path.suffix not in (".lock", ".note")}
    assert left == {"account.json", "cache.json"}
