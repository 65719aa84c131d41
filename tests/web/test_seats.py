"""Several accounts, over real sockets: whom a call goes to when one of them cannot serve."""

import asyncio
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import web

from amq2api.accounts.health import Health
from amq2api.relay.records import Record
from bridge.replies import exception, text
from gateways import Gateway, Service, Turn, answer, at_once, running, stream

CALL = {"model": "claude-sonnet-4.5", "max_tokens": 1024,
        "messages": [{"role": "user", "content": "hi"}]}  # fmt: skip
LOCKED = answer(403, {"message": "Your User ID is temporarily suspended. We locked it.",
                      "reason": "TEMPORARILY_SUSPENDED"})  # fmt: skip
SPENT = answer(402, {"message": "You have reached the limit.", "reason": "MONTHLY_REQUEST_COUNT"})


class Seats(Service):
    """Knows which account a call is for by the login that bought its token."""

    def __init__(self, *script: Turn) -> None:
        super().__init__(script=[*script])
        self.void: set[str] = set()
        """Clients whose login is no longer good."""
        self.owners: dict[str, str] = {}

    async def token(self, request: web.Request) -> web.StreamResponse:
        client = (await request.json())["clientId"]
        if client in self.void:
            self.refreshes += 1
            return await answer(400, {"error": "invalid_grant"})(request)
        before = set(self.valid)
        minted = await super().token(request)
        (access,) = self.valid
        self.owners[access] = client
        self.valid |= before
        return minted

    @property
    def asked(self) -> str:
        """Whose calls arrived, in order."""
        calls = [names for name, names in self.heard if name == "GenerateAssistantResponse"]
        return "".join(
            self.owners[names["Authorization"].removeprefix("Bearer ")] for names in calls
        )


def seated(home: Path, *names: str) -> Path:
    """An account.json with one account for each name; the first is active."""
    (home / "account.json").write_bytes(msgspec.json.encode([
        {"id": name, "name": name.upper(), "refresh_token": f"aor-{name}", "client_id": name,
         "client_secret": "hush", "is_active": name == names[0]}
        for name in names
    ]))  # fmt: skip
    return home


def health(gateway: Gateway, name: str) -> Health:
    (account,) = (one for one in gateway.relay.accounts.accounts() if one.id == name)
    return gateway.relay.health.of(account)


def latest(gateway: Gateway) -> Record:
    return gateway.relay.records.recent(1)[0]


async def ask(gateway: Gateway, **more: Any) -> tuple[int, str]:
    status, _, body = await gateway.post(CALL | more)
    message = msgspec.json.decode(body)
    return status, message["error"]["message"] if status != 200 else message["stop_reason"]


def test_a_used_up_month_moves_calls_to_the_next_account_and_back(tmp_path: Path) -> None:
    async def story() -> None:
        service = Seats(SPENT)
        service.usage = {"nextDateReset": time.time() + 2.5, "limits": []}
        home = seated(tmp_path, "a", "b")
        async with running(home, service, routing="failover") as gateway:
            assert await ask(gateway) == (200, "end_turn")
            assert service.asked == "ab"
            record = latest(gateway)
            assert (record.account, record.account_name, record.why) == ("b", "B", "failover")
            assert [(one.account_id, one.name, one.state) for one in record.passed] == [
                ("a", "A", "quota_used")
            ]
            until = health(gateway, "a").until
            assert until is not None and until > time.time()
            assert await ask(gateway, stream=False) == (200, "end_turn")
            assert service.asked == "abb"
            await asyncio.sleep(until - time.time() + 0.05)
            assert await ask(gateway) == (200, "end_turn")
            assert service.asked == "abba"
            assert (latest(gateway).account, latest(gateway).why) == ("a", "active")

    asyncio.run(story())


@pytest.mark.parametrize("routing", ["active", "failover"])
def test_a_suspended_account_is_left_in_peace_until_it_is_cleared(
    tmp_path: Path, routing: str
) -> None:
    async def story() -> None:
        service = Seats(LOCKED)
        async with running(seated(tmp_path, "a", "b"), service, routing=routing) as gateway:
            assert (await ask(gateway))[0] == 403
            requests = len(service.heard) + service.refreshes
            status, words = await ask(gateway)
            assert status == 403 and "the service has suspended the account A" in words
            assert "We locked it." in words
            async with gateway.http.get(gateway.url + "/v1/models") as models:
                assert models.status == 200
            assert len(service.heard) + service.refreshes == requests
            assert health(gateway, "a").state == "suspended"
            gateway.relay.health.clear("a")
            assert await ask(gateway) == (200, "end_turn")
            assert service.asked == "aa"

    asyncio.run(story())


def test_an_account_that_must_sign_in_is_passed_over_and_says_so(tmp_path: Path) -> None:
    async def story() -> None:
        service = Seats()
        service.void = {"a"}
        home = seated(tmp_path, "a", "b")
        async with running(home, service, routing="failover") as gateway:
            for _ in range(2):
                assert await ask(gateway) == (200, "end_turn")
            assert service.asked == "bb"
            assert service.refreshes == 2, "one for each account"
            found = health(gateway, "a")
            assert (found.state, found.reason) == ("needs_login", "LoginRequired")
            assert "sign in again" in found.said
            service.void = {"b"}
            gateway.relay.health.clear("a")
            gateway.relay.tokens.forgive("a")  # type: ignore[attr-defined]
            assert await ask(gateway) == (200, "end_turn")
            assert service.asked == "bba"

    asyncio.run(story())


def test_new_credentials_make_an_account_whole(tmp_path: Path) -> None:
    async def story() -> None:
        service = Seats(LOCKED)
        async with running(seated(tmp_path, "a"), service) as gateway:
            assert [(await ask(gateway))[0] for _ in range(2)] == [403, 403]
            seated(tmp_path, "a")
            path = tmp_path / "account.json"
            path.write_text(path.read_text().replace("aor-a", "aor-anew"))
            await asyncio.sleep(1.2)  # a change made elsewhere shows after a second
            assert await ask(gateway) == (200, "end_turn")
            assert health(gateway, "a") == Health("ready")

    asyncio.run(story())


def test_a_throttle_shows_and_passes(tmp_path: Path) -> None:
    async def story() -> None:
        slow = answer(429, {"message": "m", "reason": "USER_REQUEST_RATE_EXCEEDED"},
                      retry_after="1")  # fmt: skip
        service, home = Seats(slow), seated(tmp_path, "a", "b")
        async with running(home, service, routing="failover") as gateway:
            assert (await ask(gateway))[0] == 429
            found = health(gateway, "a")
            assert found.state == "throttled" and found.until is not None
            await asyncio.sleep(found.until - time.time() + 0.05)
            assert health(gateway, "a").state == "ready"
            assert service.asked == "a", "no other account is asked for what this one may not"

    asyncio.run(story())


NOBODYS: dict[str, list[Turn]] = {
    "a gateway of theirs is down": [answer(502, b"<html>bad gateway</html>")] * 3,
    "an internal error": [answer(500, {"__type": "InternalServerException"})] * 3,
    "no capacity": [answer(429, {"reason": "INSUFFICIENT_MODEL_CAPACITY", "message": "m"})] * 3,
    "torn connections": [stream(None)] * 3,
    "a malformed request": [answer(400, {"__type": "ValidationException", "message": "m"})],
    "a token refused for no reason": [answer(403, b"")] * 4,
    "an answer cut off": [stream(text("half"), None)],
    "an answer that ended in an error": [stream(text("half"), exception("Surprise", message="m"))],
}  # fmt: skip


@pytest.mark.parametrize("script", NOBODYS.values(), ids=NOBODYS)
def test_a_passing_failure_disables_nobody(tmp_path: Path, script: list[Turn]) -> None:
    async def story() -> None:
        service, home = Seats(*script), seated(tmp_path, "a")
        async with running(home, service) as gateway:
            gateway.relay.sleep = at_once
            assert (await ask(gateway))[0] != 200
            assert health(gateway, "a").state == "ready"
            assert await ask(gateway) == (200, "end_turn")

    asyncio.run(story())


UNREAD: dict[str, tuple[bytes, str]] = {
    "no JSON": (b'{"hush', "BadRequest"),
    "no messages": (b'{"model":"m","max_tokens":1,"hush":1}', "BadRequest"),
    "too large": (b"x" * 2000, "RequestTooLarge"),
}


@pytest.mark.parametrize(("body", "outcome"), UNREAD.values(), ids=UNREAD)
def test_calls_that_cannot_be_read_leave_a_record(
    tmp_path: Path, body: bytes, outcome: str
) -> None:
    async def story() -> None:
        async with running(seated(tmp_path, "a"), max_body=1024) as gateway:
            status, headers, _ = await gateway.post(body)
            record = latest(gateway)
            assert status in (400, 413) and gateway.relay.records.last == 1
            assert record == Record(
                id=headers["request-id"], at=record.at, outcome=outcome, ok=False,
                status=status, seconds=record.seconds,
            )  # fmt: skip
            assert abs(record.at - time.time()) < 60

    asyncio.run(story())
