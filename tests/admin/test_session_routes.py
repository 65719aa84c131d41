"""Signing in over HTTP: one story from the setup token to a restart, and what is refused how."""

import asyncio
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from argon2 import PasswordHasher

from amq2api.accounts.adminfile import AdminFile
from amq2api.admin import passwords
from amq2api.admin.access import Access
from gateways import Gateway, running
from knocking import Heard, knock

PASSWORD, ANOTHER = "correct horse", "battery staple"
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
PUBLIC: dict[str, Any] = {"host": "0.0.0.0", "api_keys": "sk-amq-0123456789"}


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """What hashing costs is not what these stories are about."""
    monkeypatch.setattr(passwords, "_hasher", CHEAP)


async def ask(gateway: Gateway, line: str, *headers: str, body: Any = None) -> Heard:
    raw = b"" if body is None else msgspec.json.encode(body)
    sent = (*headers, "content-type: application/json") if raw else headers
    return await knock(gateway.url, line, *sent, body=raw)


def standing(heard: Heard) -> tuple[int, str, bool]:
    data = heard.json["data"]
    assert heard.json["success"] is True and set(data) == {"state", "password_set"}
    return heard.status, data["state"], data["password_set"]


def refused(heard: Heard) -> tuple[int, str, str | None]:
    error = heard.json["error"]
    assert heard.json["success"] is False
    assert set(error) == {"type", "message", "field", "request_id"}
    assert error["request_id"] == heard.headers["request-id"]
    return heard.status, error["type"], error["field"]


def token_for(home: Path) -> str:
    """What is printed when a gateway starts."""
    file = AdminFile(home / "admin.json")
    token = Access(public=True, allowed_hosts=(), file=file).new_setup_token()
    assert token is not None
    return token


def test_from_the_first_visit_to_a_restart(tmp_path: Path) -> None:
    async def first(gateway: Gateway) -> str:
        token = token_for(tmp_path)
        assert standing(await ask(gateway, "GET /api/session")) == (200, "setup", False)
        assert refused(await ask(gateway, "GET /api/status"))[:2] == (401, "not_signed_in")
        claim = {"token": "a guess", "password": "first visitor"}
        heard = await ask(gateway, "POST /api/setup", body=claim)
        assert refused(heard) == (403, "setup_refused", None)
        assert "set-cookie" not in heard.headers

        heard = await ask(gateway, "POST /api/setup", body={"token": token, "password": PASSWORD})
        assert standing(heard) == (200, "signed_in", True)
        session = next(value for name, value in heard.lines if name == "set-cookie")
        assert re.search(r"; Path=/; Max-Age=\d+; HttpOnly; SameSite=Strict$", session)
        cookie = f"cookie: {heard.cookies}"
        assert (await ask(gateway, "GET /api/status", cookie)).status == 200
        heard = await ask(gateway, "POST /api/setup", body={"token": token, "password": ANOTHER})
        assert refused(heard)[:2] == (409, "conflict")
        return cookie

    async def second(gateway: Gateway, cookie: str) -> None:
        assert standing(await ask(gateway, "GET /api/session", cookie)) == (200, "signed_in", True)
        heard = await ask(
            gateway, "PUT /api/password", cookie, body={"current": PASSWORD, "password": ANOTHER}
        )
        assert standing(heard) == (200, "signed_in", True)
        fresh = f"cookie: {heard.cookies}"
        assert refused(await ask(gateway, "GET /api/status", cookie))[:2] == (401, "not_signed_in")
        assert (await ask(gateway, "GET /api/status", fresh)).status == 200

        heard = await ask(gateway, "DELETE /api/session", fresh)
        assert standing(heard) == (200, "signed_out", True)
        assert "amq2api_session=; Path=/; Max-Age=0" in heard.headers["set-cookie"]
        assert (await ask(gateway, "GET /api/status", fresh)).status == 401, "a copy is void, too"

        heard = await ask(gateway, "POST /api/session", body={"password": ANOTHER})
        assert standing(heard) == (200, "signed_in", True)
        for _ in range(5):
            heard = await ask(gateway, "POST /api/session", body={"password": PASSWORD})
            assert refused(heard) == (401, "wrong_password", None)
        heard = await ask(gateway, "POST /api/session", body={"password": ANOTHER})
        assert refused(heard) == (429, "locked_out", None)
        assert 1 <= int(heard.headers["retry-after"]) <= 10

    async def third(gateway: Gateway) -> None:
        heard = await ask(gateway, "POST /api/session", body={"password": ANOTHER})
        assert standing(heard) == (200, "signed_in", True)

    async def story() -> None:
        async with running(tmp_path, **PUBLIC) as gateway:
            cookie = await first(gateway)
        async with running(tmp_path, **PUBLIC) as gateway:
            await second(gateway, cookie)
        async with running(tmp_path, **PUBLIC) as gateway:
            await third(gateway)

    asyncio.run(story())


def test_at_home_a_password_may_be_set_and_then_it_is_asked_for(tmp_path: Path) -> None:
    async def story() -> None:
        async with running(tmp_path) as gateway:
            assert standing(await ask(gateway, "GET /api/session")) == (200, "open", False)
            heard = await ask(gateway, "POST /api/session", body={"password": PASSWORD})
            assert refused(heard)[:2] == (409, "conflict")
            assert standing(await ask(gateway, "DELETE /api/session"))[1] == "open"
            heard = await ask(gateway, "PUT /api/password", body={"password": PASSWORD})
            assert standing(heard) == (200, "signed_in", True)
            assert standing(await ask(gateway, "GET /api/session"))[1] == "signed_out"
            assert (await ask(gateway, "GET /api/accounts")).status == 401
            heard = await ask(gateway, "PUT /api/password", body={"password": ANOTHER})
            assert refused(heard)[:2] == (401, "not_signed_in")

    asyncio.run(story())


BAD: dict[str, tuple[str, Any, str | None]] = {
    "no password": ("POST /api/session", {}, "password"),
    "no words": ("POST /api/session", {"password": 12345678901}, "password"),
    "nothing": ("POST /api/session", {"password": None}, "password"),
    "a list": ("POST /api/session", [PASSWORD], None),
    "too long to try": ("POST /api/session", {"password": "x" * 1025}, "password"),
    "an unknown member": ("POST /api/session", {"password": PASSWORD, "user": "root"}, "user"),
    "too short": ("PUT /api/password", {"password": "secret-9!"}, "password"),
    "too long": ("PUT /api/password", {"password": "x" * 1025}, "password"),
    "no new one": ("PUT /api/password", {"current": PASSWORD}, "password"),
    "no token": ("POST /api/setup", {"password": PASSWORD}, "token"),
    "half a pair": ("PUT /api/password", b'{"password":"' + b"\\ud800" * 12 + b'"}', "password"),
    "no JSON": ("POST /api/session", b"password=correct+horse", None),
}


@pytest.mark.parametrize(("line", "body", "field"), BAD.values(), ids=BAD)
def test_what_makes_no_sense_is_named_and_never_repeated(
    line: str, body: Any, field: str | None, tmp_path: Path
) -> None:
    async def story() -> None:
        async with running(tmp_path) as gateway:
            raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
            heard = await knock(gateway.url, line, "content-type: application/json", body=raw)
            status, kind, named = refused(heard)
            assert (status, kind, named) == (400, "invalid_request", field)
            for secret in (PASSWORD, "correct", "12345678901", "secret-9!", "xxxxx"):
                assert secret.encode() not in heard.body
        assert not (tmp_path / "admin.json").exists()

    asyncio.run(story())


def test_only_json_is_taken_from_a_form(tmp_path: Path) -> None:
    """A form can be sent across sites without asking; it is refused for its origin, and if a
    browser should not tell that, for its type."""

    async def story() -> None:
        async with running(tmp_path) as gateway:
            body = msgspec.json.encode({"password": PASSWORD})
            heard = await knock(gateway.url, "PUT /api/password", "content-type: text/plain",
                                body=body)  # fmt: skip
            assert refused(heard)[:2] == (400, "invalid_request")
        assert not (tmp_path / "admin.json").exists()

    asyncio.run(story())


def test_a_broken_admin_file_is_told_and_opens_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        (tmp_path / "admin.json").write_text('{"password": null')
        async with running(tmp_path) as gateway:
            assert (await ask(gateway, "GET /")).status == 200
            for line in ("GET /api/session", "GET /api/accounts", "GET /api/status"):
                heard = await ask(gateway, line)
                assert refused(heard)[:2] == (503, "admin_file_broken")
                assert "admin.json" in heard.json["error"]["message"]
            assert (await ask(gateway, "GET /health")).status == 200

    asyncio.run(story())
