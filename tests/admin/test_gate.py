"""The door over real sockets, around an application of a few lines: who is let through to it,
and what every answer has.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from amq2api.accounts.adminfile import AdminFile
from amq2api.admin import sessions
from amq2api.admin.access import Access
from amq2api.admin.gate import Gate, Receive, Scope, Send
from amq2api.errors import Conflict
from gateways import serving
from knocking import Heard, knock

HASH = "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHRzYWx0$K9oSNhpZpzGfPJOf0VyGkA"
SECURITY = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self';"
    " img-src 'self' data:; connect-src 'self'; font-src 'self'; base-uri 'none';"
    " form-action 'self'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


class Room:
    """What is behind the door: it tells the size of what it was sent, and how it was asked."""

    def __init__(self) -> None:
        self.entered: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
            return
        self.entered.append(f"{scope['method']} {scope['path']}")
        if scope["path"] == "/api/conflict":
            raise Conflict("not beside that", field="name")
        if scope["path"] == "/api/events":
            await self.stream(receive, send)
            return
        size, more = 0, True
        while more:
            message = await receive()
            size, more = size + len(message.get("body", b"")), message.get("more_body", False)
        headers = [(b"content-type", b"text/plain"), (b"cache-control", b"max-age=60")]
        if scope["path"] == "/api/password":
            headers.append((b"set-cookie", b"amq2api_session=another"))
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": f"{size} bytes".encode()})

    async def stream(self, receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"text/event-stream")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for part in (b"one", b"two", b"three"):
            await send({"type": "http.response.body", "body": part, "more_body": True})
            await asyncio.sleep(0.05)
        await send({"type": "http.response.body", "body": b""})


class Playground(Room):
    """Where the calls go that are tried on the page."""


class House:
    def __init__(self, url: str, room: Room, playground: Playground, file: AdminFile) -> None:
        self.url, self.room, self.playground, self.file = url, room, playground, file

    async def knock(self, line: str, *headers: str, **how: Any) -> Heard:
        return await knock(self.url, line, *headers, **how)


@asynccontextmanager
async def house(
    home: Path, *, public: bool = False, hosts: tuple[str, ...] = (), password: bool = False
) -> AsyncIterator[House]:
    room, playground, file = Room(), Playground(), AdminFile(home / "admin.json")
    if password:
        file.change(lambda found: found.with_password(HASH))
    gate = Gate(room, Access(public=public, allowed_hosts=hosts, file=file))

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope["amq2api.request_id"] = "req_1"
            scope["amq2api.playground"] = playground
        await gate(scope, receive, send)

    async with serving(app) as url:
        yield House(url, room, playground, file)


CROSS = "sec-fetch-site: cross-site"
LINK = (CROSS, "sec-fetch-mode: navigate", "sec-fetch-dest: document")
KNOCKS: dict[str, tuple[str, tuple[str, ...], dict[str, Any], int]] = {
    # what: line, headers, more, status
    "a program": ("GET /api/accounts", (), {}, 200),
    "a program that posts": ("POST /api/accounts", (), {"body": b"{}"}, 200),
    "a tool of old": ("GET /api/accounts", (), {"http": "1.0", "host": False}, 200),
    "a proxy of old": ("GET /api/accounts", (), {"http": "1.0"}, 403),
    "a proxy": ("GET /api/accounts", ("x-forwarded-for: 203.0.113.9",), {}, 403),
    "localhost": ("GET /api/accounts", ("host: localhost",), {}, 200),
    "a forged host": ("GET /api/accounts", ("host: evil.example",), {}, 403),
    "a forged host, to the page": ("GET /", ("host: evil.example",), {}, 403),
    "a forged host, to its files": ("GET /static/page.js", ("host: evil.example",), {}, 403),
    "a forged host, to the session": ("GET /api/session", ("host: evil.example",), {}, 403),
    "a forged host, to the document": ("GET /openapi.json", ("host: evil.example",), {}, 403),
    "two hosts": ("GET /", ("host: localhost", "host: evil.example"), {}, 403),
    "another site's form": (
        "POST /api/accounts", ("origin: https://evil.example",
        "content-type: application/x-www-form-urlencoded"), {"body": b"a=b"}, 403,
    ),
    "another site's text": (
        "POST /api/accounts", ("origin: https://evil.example", "content-type: text/plain"),
        {"body": b"{}"}, 403,
    ),
    "another site asks first": (
        "OPTIONS /api/accounts", ("origin: https://evil.example",
        "access-control-request-method: DELETE"), {}, 403,
    ),
    "a page without origin": ("DELETE /api/accounts/a", ("origin: null",), {}, 403),
    "another port": ("PUT /api/password", ("origin: http://127.0.0.1:1",), {"body": b"{}"}, 403),
    "another site's image": ("GET /api/accounts", (CROSS,), {}, 403),
    "another site's frame": (
        "GET /", (CROSS, "sec-fetch-mode: navigate", "sec-fetch-dest: iframe"), {}, 403,
    ),
    "another site's link": ("GET /", LINK, {}, 200),
    "another site's link to the other page": ("GET /admin", LINK, {}, 200),
    "another site's link to the docs": ("GET /docs", LINK, {}, 200),
    "another site's link to data": ("GET /api/accounts", LINK, {}, 403),
    "another site's form to the page": ("POST /", LINK, {"body": b"a=b"}, 403),
    "another site's script of ours": ("GET /static/page.js", (CROSS,), {}, 403),
}  # fmt: skip


@pytest.mark.parametrize(("line", "headers", "more", "status"), KNOCKS.values(), ids=KNOCKS)
def test_an_open_house(
    line: str, headers: tuple[str, ...], more: dict[str, Any], status: int, tmp_path: Path
) -> None:
    async def story() -> None:
        async with house(tmp_path) as home:
            heard = await home.knock(line, *headers, **more)
            assert heard.status == status
            assert bool(home.room.entered) is (status == 200)
            assert heard.headers.items() >= SECURITY.items()
            assert "access-control-allow-origin" not in heard.headers
            if status == 403:
                error = heard.json["error"]
                assert (error["type"], error["request_id"]) == ("origin_refused", "req_1")
                assert heard.json["success"] is False and error["field"] is None

    asyncio.run(story())


WITHOUT_SESSION = {
    "/": True, "/admin": True, "/docs": True, "/openapi.json": True, "/static/js/page.js": True,
    "/api/session": True, "/api/setup": True, "/api/password": False, "/api/accounts": False,
    "/api/accounts/a": False, "/api/status": False, "/api/events": False, "/api/requests": False,
    "/api/imports": False, "/api/logins": False, "/api/models": False, "/api/playground": False,
    "/api/calibration": False, "/api/nope": False, "/api/session/": False,
    "/api//session": False, "/api/": False, "/static": False, "/admin/": False, "/docs/": False,
    "/api/Session": False,
}  # fmt: skip


@pytest.mark.parametrize("public", [True, False], ids=["setup", "signed out"])
@pytest.mark.parametrize(("path", "open_"), WITHOUT_SESSION.items(), ids=WITHOUT_SESSION)
def test_what_answers_without_a_session(
    path: str, open_: bool, public: bool, tmp_path: Path
) -> None:
    async def story() -> None:
        async with house(tmp_path, public=public, password=not public) as home:
            for method in ("GET", "POST", "DELETE"):
                heard = await home.knock(f"{method} {path}", "cookie: amq2api_session=a.1.2.3.b")
                assert heard.status == (200 if open_ else 401)
                assert heard.headers.items() >= SECURITY.items()
                if not open_:
                    assert heard.json["error"]["type"] == "not_signed_in"
            assert bool(home.room.entered) is open_
            assert not home.playground.entered

    asyncio.run(story())


def test_a_head_has_no_body(tmp_path: Path) -> None:
    async def story() -> None:
        async with house(tmp_path, password=True) as home:
            heard = await home.knock("HEAD /api/accounts")
            assert (heard.status, heard.body) == (401, b"")
            assert int(heard.headers["content-length"]) > 50

    asyncio.run(story())


def test_names_that_are_allowed_and_no_other(tmp_path: Path) -> None:
    async def story() -> None:
        async with house(tmp_path, hosts=("q.example.com",)) as home:
            for host, status in {"q.example.com": 200, "Q.Example.Com:8443": 200,
                                 "localhost": 200, "evil.example": 403}.items():  # fmt: skip
                assert (await home.knock("GET /", f"host: {host}")).status == status
        async with house(tmp_path, public=True) as home:
            heard = await home.knock("GET /", "host: nas.lan:3015", "origin: http://nas.lan:3015")
            assert heard.status == 200
            heard = await home.knock("GET /", "host: nas.lan:3015", "origin: http://evil.example")
            assert heard.status == 403

    asyncio.run(story())


def test_what_is_of_the_api_is_not_kept_by_anyone(tmp_path: Path) -> None:
    async def story() -> None:
        async with house(tmp_path) as home:
            api, page = await home.knock("GET /api/accounts"), await home.knock("GET /static/a.js")
            kept = [[v for n, v in heard.lines if n == "cache-control"] for heard in (api, page)]
            assert kept == [["no-store"], ["max-age=60"]]

    asyncio.run(story())


MIB = 1 << 20
BODIES: dict[str, tuple[str, int, int]] = {
    "nothing": ("POST /api/accounts", 0, 200),
    "as much as may be": ("POST /api/accounts", MIB, 200),
    "a byte more": ("POST /api/accounts", MIB + 1, 413),
    "ten times as much": ("PATCH /api/accounts/a", 10 * MIB, 413),
    "a backup": ("POST /api/accounts/import", 10 * MIB, 200),
    "more than a backup": ("POST /api/accounts/import", 10 * MIB + 1, 413),
    "where none is read": ("GET /api/accounts", MIB + 1, 413),
    "a call, which is bounded elsewhere": ("POST /api/playground", 12 * MIB, 200),
}


@pytest.mark.parametrize("chunked", [False, True], ids=["sized", "in chunks"])
@pytest.mark.parametrize(("line", "size", "status"), BODIES.values(), ids=BODIES)
def test_bodies(line: str, size: int, status: int, chunked: bool, tmp_path: Path) -> None:
    async def story() -> None:
        async with house(tmp_path) as home:
            if chunked:
                body = f"{size:x}\r\n".encode() + b"x" * size + b"\r\n" if size else b""
                chunks = body + b"0\r\n\r\n"
                heard = await home.knock(line, "transfer-encoding: chunked", body=chunks)
            else:
                heard = await home.knock(line, body=b"x" * size)
            assert heard.status == status
            if status == 200:
                assert heard.body == f"{size} bytes".encode()
            else:
                assert heard.json["error"]["type"] == "request_too_large"
                assert not home.room.entered

    asyncio.run(story())


def test_a_stream_passes_as_it_comes(tmp_path: Path) -> None:
    async def story() -> None:
        async with house(tmp_path) as home:
            reader, writer = await asyncio.open_connection("127.0.0.1", int(home.url[-5:]))
            writer.write(b"GET /api/events HTTP/1.1\r\nhost: localhost\r\n\r\n")
            head = await reader.readuntil(b"\r\n\r\n")
            assert b"no-store" in head
            assert await reader.readuntil(b"one") == b"3\r\none"
            assert b"two" not in reader._buffer  # type: ignore[attr-defined]
            await reader.readuntil(b"0\r\n\r\n")
            writer.close()

    asyncio.run(story())


def test_a_call_that_is_tried_goes_to_the_playground_and_nothing_else_does(tmp_path: Path) -> None:
    async def story() -> None:
        async with house(tmp_path) as home:
            await home.knock("POST /api/playground", body=b"{}")
            await home.knock("POST /api/playground/", body=b"{}")
            assert home.playground.entered == ["POST /api/playground"]
            assert home.room.entered == ["POST /api/playground/"]
            refused = await home.knock("POST /api/playground", "origin: http://evil.example")
            assert refused.status == 403 and len(home.playground.entered) == 1

    asyncio.run(story())


def test_a_session_is_let_in_and_renewed_once_an_hour(tmp_path: Path) -> None:
    async def story() -> None:
        seconds = 1_760_000_000.0
        file = AdminFile(tmp_path / "admin.json")
        file.change(lambda found: found.with_password(HASH))
        access = Access(public=True, allowed_hosts=(), file=file, now=lambda: seconds)
        async with serving(Gate(Room(), access)) as url:
            held = sessions.sealed(sessions.begun(1, seconds), file.read().session_secret)
            for later, renewed in ((0, False), (3600, False), (3601, True)):
                seconds = 1_760_000_000.0 + later
                heard = await knock(url, "GET /api/accounts", f"cookie: amq2api_session={held}")
                assert heard.status == 200
                assert ("amq2api_session=" in heard.cookies) is renewed
            heard = await knock(url, "PUT /api/password", f"cookie: amq2api_session={held}")
            assert heard.cookies == "amq2api_session=another", "one that was begun just now stays"

    asyncio.run(story())


def test_a_broken_file_closes_what_is_behind_a_session_and_shows_the_page(tmp_path: Path) -> None:
    async def story() -> None:
        async with house(tmp_path) as home:
            home.file.path.write_text("{")
            assert (await home.knock("GET /")).status == 200
            heard = await home.knock("GET /api/accounts")
            assert (heard.status, heard.json["error"]["type"]) == (503, "admin_file_broken")
            assert not [line for line in home.room.entered if "/api/" in line]

    asyncio.run(story())


def test_what_the_room_refuses_is_worded_here_too(tmp_path: Path) -> None:
    async def story() -> None:
        async with house(tmp_path) as home:
            heard = await home.knock("POST /api/conflict", body=b"{}")
            error = heard.json["error"]
            assert (heard.status, error["type"], error["field"]) == (409, "conflict", "name")

    asyncio.run(story())
