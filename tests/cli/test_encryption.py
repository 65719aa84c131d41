"""A gateway whose files are under a key, and people who edit them while it runs."""

import json
import time
from collections.abc import Callable
from pathlib import Path

from amq2api.accounts.model import SECRETS
from amq2api.accounts.sealing import is_sealed
from cli.running import run, started

KEY = "a key of some length"


def soon(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


def sealed(path: Path) -> bool:
    try:
        listed = json.loads(path.read_text())
    except ValueError:  # in the middle of being written
        return False
    return bool(listed) and all(is_sealed(entry[key]) for entry in listed for key in SECRETS)


def test_a_demo_under_a_key_serves_and_keeps_no_secret_in_plain(tmp_path: Path) -> None:
    with started(tmp_path, "serve", "--demo", AMQ2API_ENCRYPTION_KEY=KEY) as gateway:
        assert run("chat", "Hello", "--url", gateway.url).status == 0
        [home] = tmp_path.glob("amq2api-demo-*")
        accounts = home / "account.json"
        soon(lambda: sealed(accounts))
        assert "access_token" in (home / "token_cache.json").read_text()
        cached = json.loads((home / "token_cache.json").read_text())["accounts"].values()
        assert all(is_sealed(row["access_token"]) for row in cached)

        listed = json.loads(accounts.read_text())
        by_hand = {"id": "by-hand", "hue": "red"} | {key: f"hush-{key}" for key in SECRETS}
        accounts.write_text(json.dumps([*listed, by_hand]))
        soon(lambda: sealed(accounts))
        assert "hush" not in accounts.read_text()
        assert json.loads(accounts.read_text())[1]["hue"] == "red"
        assert run("chat", "Hello", "--url", gateway.url).status == 0
        done = gateway.stop()
    assert done.status == 0, done.err
    assert KEY not in done.out + done.err and "hush" not in done.out + done.err
    assert not list(tmp_path.glob("amq2api-demo-*"))
