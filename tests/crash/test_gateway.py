"""A gateway as people run it, under load: killed again and again, and its files mistreated."""

import asyncio
import json
import os
import random
from pathlib import Path

import pytest

from amq2api.accounts.store import FileStore
from amq2api.accounts.vault import Vault
from crash import bank
from soak.clients import Crowd
from soak.house import House, gateway, opened, service

pytestmark = pytest.mark.slow

_KILLS = 4
_CALLS = 10_000  # more than are made before the gateway is killed


async def killed_under_load(house: House, crowd: Crowd, after: float) -> None:
    calling = asyncio.ensure_future(crowd.call(_CALLS, at_once=8))
    await asyncio.sleep(after)
    house.process.kill()
    house.process.wait()
    with pytest.raises(BaseExceptionGroup):
        await calling


def test_a_gateway_killed_under_load_goes_on_where_it_was(tmp_path: Path) -> None:
    accounts, chance = bank.Bank(), random.Random(1)
    path, cache = tmp_path / "account.json", tmp_path / "cache.json"
    entry = {"id": "a", "refresh_token": "a/0", "client_id": "c", "client_secret": "s"}
    path.write_text(json.dumps([entry]))
    with bank.opened(accounts) as tokens, service(tmp_path) as url:
        for kill in range(_KILLS):
            with gateway(tmp_path, url, AMAZONQ_TOKEN_ENDPOINT=tokens) as house:
                crowd = Crowd(house.port, kill)
                asyncio.run(killed_under_load(house, crowd, chance.uniform(0.2, 1.0)))
            accounts.wait()
            assert crowd.outcomes["streamed"] > 0, crowd.outcomes
            store = FileStore(path)
            newest = asyncio.run(Vault(cache, store).newest(store.accounts()[0]))
            assert newest is not None
            if newest.token.refresh != accounts.token("a"):
                # Minted, and the gateway was killed before it heard of it.
                accounts.burn("a")
                store.update("a", refresh_token=accounts.token("a"))
        assert accounts.reused == []
        assert accounts.minted > _KILLS


async def mistreated(house: House, home: Path) -> None:
    crowd, path = Crowd(house.port, 1), home / "account.json"
    whole = path.read_bytes()
    calling = asyncio.ensure_future(crowd.call(600, at_once=8))
    for torn in (whole[:40], b"", b"\xff\xfe", b"[" * 9000, b'{"accounts": []}', whole):
        path.write_bytes(torn)
        (home / "cache.json").write_bytes(torn)
        await asyncio.sleep(0.6)
    os.truncate(path, 10)
    (home / "cache.json").unlink()
    await calling
    path.write_bytes(whole)
    # What the service itself refuses does not count here: it has its moods.
    refused = {name for name in crowd.outcomes if name.startswith("refused")} - {"refused 502"}
    assert not refused, crowd.outcomes


def test_calls_go_on_while_files_are_torn_by_hand(tmp_path: Path) -> None:
    with opened(tmp_path, AMQ2API_TOKEN_CACHE="cache.json") as house:
        asyncio.run(mistreated(house, tmp_path))
    assert "Traceback" not in (tmp_path / "log").read_text()
