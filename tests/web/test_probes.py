"""``/livez`` and ``/readyz``."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from amq2api.errors import LoginRequired, QuotaExhausted, RateLimited, UpstreamBusy, WrongMethod
from amq2api.web.asgi import Answer, Message
from amq2api.web.probes import Probes
from gateways import Gateway, running

WELL: dict[str, str] = {"accounts": "", "files": ""}
READY: dict[str, tuple[Mapping[str, str], bool, int, dict[str, Any]]] = {
    # what: faults, draining, status, members of the answer
    "all is well": (WELL, False, 200, {
        "status": "ready", "accounts": "ok", "files": "ok", "draining": False}),
    "nothing can be wrong": ({}, False, 200, {"status": "ready", "draining": False}),
    "one part is not": (WELL | {"files": "are gone"}, False, 503, {
        "status": "not ready", "accounts": "ok", "files": "are gone", "draining": False}),
    "about to stop": (WELL, True, 503, {
        "status": "not ready", "accounts": "ok", "files": "ok", "draining": True}),
}  # fmt: skip


async def asked(probes: Probes, method: str, path: str) -> tuple[int, dict[bytes, bytes], bytes]:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        raise AssertionError("nobody needs a body")

    await probes({"method": method, "path": path}, receive, Answer(send, "req_1"))
    head, body = sent
    return head["status"], dict(head["headers"]), body["body"]


@pytest.mark.parametrize(("faults", "draining", "status", "told"), READY.values(), ids=READY)
def test_readiness(
    faults: Mapping[str, str], draining: bool, status: int, told: dict[str, Any]
) -> None:
    probes = Probes(lambda: faults)
    probes.draining = draining
    found, headers, body = asyncio.run(asked(probes, "GET", "/readyz"))
    assert (found, msgspec.json.decode(body)) == (status, told)
    assert headers[b"cache-control"] == b"no-store"
    assert headers[b"request-id"] == b"req_1"


def test_whoever_is_not_ready_is_alive_all_the_same() -> None:
    probes = Probes(lambda: {"accounts": "none"})
    probes.draining = True
    status, _, body = asyncio.run(asked(probes, "GET", "/livez"))
    assert (status, msgspec.json.decode(body)) == (200, {"status": "alive"})


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
def test_head_tells_the_same_without_words(path: str) -> None:
    probes = Probes(dict)
    status, headers, body = asyncio.run(asked(probes, "HEAD", path))
    _, _, words = asyncio.run(asked(probes, "GET", path))
    assert (status, body, int(headers[b"content-length"])) == (200, b"", len(words))


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
def test_nothing_can_be_sent_there(path: str) -> None:
    with pytest.raises(WrongMethod):
        asyncio.run(asked(Probes(dict), "POST", path))


async def readiness(gateway: Gateway) -> tuple[int, dict[str, Any]]:
    async with gateway.http.get(f"{gateway.url}/readyz") as answer:
        return answer.status, await answer.json()


FAILURES = {
    "throttled for a moment": (RateLimited("slow down"), 200),
    "no capacity": (UpstreamBusy("busy"), 200),
    "the login is void": (LoginRequired("gone"), 503),
    "the allowance is used": (QuotaExhausted("no more"), 503),
}


@pytest.mark.parametrize(("failure", "status"), FAILURES.values(), ids=FAILURES)
def test_an_account_that_cannot_serve_is_told_and_not_named(
    tmp_path: Path, failure: Any, status: int
) -> None:
    async def story() -> None:
        async with running(tmp_path, api_keys="sk-amq-0123456789") as gateway:
            assert (await readiness(gateway))[0] == 200, "no key is asked for"
            account = gateway.relay.choose().account
            gateway.relay.report(account, failure)
            found, told = await readiness(gateway)
            assert (found, told["accounts"] == "ok") == (status, status == 200)
            assert account.id not in str(told) and account.name not in str(told)
            gateway.relay.health.clear(account.id)
            assert (await readiness(gateway))[0] == 200

    asyncio.run(story())


def test_accounts_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    async def story() -> None:
        async with running(tmp_path) as gateway:
            (tmp_path / "account.json").write_text('[{"id":')
            await asyncio.sleep(0.6)
            status, told = await readiness(gateway)
            assert (status, told["files"]) == (503, "the account file cannot be used")
            (tmp_path / "account.json").unlink()
            await asyncio.sleep(0.6)
            assert (await readiness(gateway))[0] == 200

    asyncio.run(story())


def test_a_token_cache_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    async def story() -> None:
        async with running(tmp_path, token_cache=tmp_path / "cache") as gateway:
            (tmp_path / "cache").unlink(missing_ok=True)
            (tmp_path / "cache").mkdir()
            status, told = await readiness(gateway)
            assert (status, told["files"]) == (503, "the token cache cannot be written")

    asyncio.run(story())
