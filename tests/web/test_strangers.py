"""Pages of other sites, and what they cannot do here; and that programs notice nothing of it."""

import asyncio
from itertools import product
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gateways import Service, running
from knocking import knock

KEY = "sk-amq-0123456789"
CALL = msgspec.json.encode({
    "model": "claude-sonnet-4.5", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}],
})  # fmt: skip
POST = "POST /v1/messages?beta=true"
CLAUDE_CODE = (
    "user-agent: claude-cli/2.1.329 (external, cli)", "x-api-key: anything", "accept: */*",
    "content-type: application/json", "anthropic-version: 2023-06-01",
)  # fmt: skip

SENT: dict[str, tuple[tuple[str, ...], dict[str, Any], int]] = {
    "Claude Code": (CLAUDE_CODE, {}, 200),
    "curl": (("user-agent: curl/8.5.0", "accept: */*"), {}, 200),
    "a tool of old": ((), {"http": "1.0", "host": False}, 200),
    "a proxy of old on this machine": ((), {"http": "1.0"}, 200),
    "localhost": (("host: localhost:3015",), {}, 200),
    "from a container": (("host: host.docker.internal:3015",), {}, 200),
    "its own page": (("host: localhost:1", "origin: http://localhost:1"), {}, 200),
    "a desktop program's page": (("origin: file://", "sec-fetch-site: cross-site"), {}, 200),
    "an editor's panel": (("origin: vscode-webview://0a1b", "sec-fetch-site: cross-site"), {}, 200),
    "a form of another site": (
        ("origin: https://evil.example", "content-type: text/plain"), {}, 403,
    ),
    "a page without origin": (("origin: null", "content-type: text/plain"), {}, 403),
    "another site, old browser": (("sec-fetch-site: cross-site",), {}, 403),
    "another port of this machine": (("sec-fetch-site: same-site",), {}, 403),
    "a name let point here": (
        ("host: evil.example:3015", "origin: http://evil.example:3015",
         "content-type: application/json"), {}, 403,
    ),
    "a forged host": (("host: evil.example",), {}, 403),
    "two hosts": (("host: localhost", "host: evil.example"), {}, 403),
}  # fmt: skip


@pytest.mark.parametrize(("headers", "how", "status"), SENT.values(), ids=SENT)
def test_without_a_key(
    headers: tuple[str, ...], how: dict[str, Any], status: int, tmp_path: Path
) -> None:
    async def story() -> None:
        async with running(tmp_path) as gateway:
            heard = await knock(gateway.url, POST, *headers, body=CALL, **how)
            assert heard.status == status
            assert len(gateway.service.calls) == (status == 200), "a stranger spends nothing"
            if status == 403:
                assert heard.json["error"]["type"] == "permission_error"
                assert heard.json["request_id"] == heard.headers["request-id"]
                assert "AMQ2API_API_KEYS" in heard.json["error"]["message"]
                assert heard.headers["x-should-retry"] == "false"
            for line in ("GET /v1/models", "POST /v1/messages/count_tokens", "GET /v1/nope"):
                other = await knock(gateway.url, line, *headers, body=CALL, **how)
                assert (other.status == 403) is (status == 403)

    asyncio.run(story())


def test_a_key_is_proof_enough(tmp_path: Path) -> None:
    async def story() -> None:
        async with running(tmp_path, api_keys=KEY) as gateway:
            for headers, _, _ in SENT.values():
                sent = [line for line in headers if not line.startswith("x-api-key")]
                bare = await knock(gateway.url, POST, *sent, body=CALL)
                shown = await knock(gateway.url, POST, *sent, f"x-api-key: {KEY}", body=CALL)
                assert (bare.status, shown.status) == (401, 200)

    asyncio.run(story())


def test_names_that_are_allowed(tmp_path: Path) -> None:
    async def story() -> None:
        async with running(tmp_path, allowed_hosts="q.example.com") as gateway:
            for host, status in {"q.example.com": 200, "evil.example": 403}.items():
                heard = await knock(gateway.url, POST, f"host: {host}", body=CALL)
                assert heard.status == status

    asyncio.run(story())


PROBES = ("HEAD /", "HEAD /api/hello", "GET /api/hello", "GET /health", "HEAD /health")


@pytest.mark.parametrize("settings", [
    {}, {"admin": False}, {"host": "0.0.0.0", "api_keys": KEY}, {"allowed_hosts": "q.example.com"},
], ids=["at home", "without an admin side", "in public", "behind a proxy"])  # fmt: skip
def test_probes_are_answered_whoever_asks(settings: dict[str, Any], tmp_path: Path) -> None:
    async def story() -> None:
        async with running(tmp_path, **settings) as gateway:
            for line, header in product(PROBES, ("host: 10.0.0.9:3015", "user-agent: Bun/1.3")):
                heard = await knock(gateway.url, line, header)
                assert heard.status == 200
                assert heard.headers["content-type"] == "application/json"
                assert "content-security-policy" not in heard.headers
        assert not (tmp_path / "admin.json").exists()

    asyncio.run(story())


ADMINS = ("/", "/admin", "/docs", "/openapi.json", "/static/index.html", "/api/accounts",
          "/api/session", "/api/nope", "/admin/nope")  # fmt: skip


def test_the_admin_side_can_be_left_out(tmp_path: Path) -> None:
    async def story() -> None:
        async with running(tmp_path) as gateway:
            for path in ADMINS:
                heard = await knock(gateway.url, f"GET {path}")
                assert "content-security-policy" in heard.headers
                assert heard.headers["request-id"].startswith("req_")
        async with running(tmp_path, admin=False) as gateway:
            for path in ADMINS:
                heard = await knock(gateway.url, f"GET {path}")
                assert heard.status == (200 if path == "/" else 404)
                assert heard.json.get("name") == ("amq2api" if path == "/" else None)
                assert "content-security-policy" not in heard.headers

    asyncio.run(story())


def test_a_call_can_be_tried_on_the_page_without_a_client_key(tmp_path: Path) -> None:
    async def story() -> None:
        async with running(tmp_path, api_keys=KEY) as gateway:
            whole = await knock(gateway.url, "POST /api/playground", body=CALL)
            assert whole.status == 200 and whole.json["type"] == "message"
            stream = msgspec.json.encode(msgspec.json.decode(CALL) | {"stream": True})
            events = await knock(gateway.url, "POST /api/playground", body=stream)
            assert events.headers["content-type"].startswith("text/event-stream")
            assert events.body.rstrip().endswith(b'{"type":"message_stop"}')
            for heard in (whole, events):
                assert "content-security-policy" in heard.headers
                assert heard.headers["cache-control"] == "no-store"
                assert [name for name, _ in heard.lines].count("request-id") == 1
            refused = await knock(gateway.url, "POST /api/playground", body=b"{")
            assert (refused.status, refused.json["type"]) == (400, "error")
            stranger = await knock(gateway.url, "POST /api/playground",
                                   "origin: http://evil.example", body=CALL)  # fmt: skip
            assert (stranger.status, stranger.json["success"]) == (403, False)
            assert len(gateway.service.calls) == 2

    asyncio.run(story())


def test_but_it_wants_a_session_where_there_is_a_password(tmp_path: Path) -> None:
    async def story() -> None:
        async with running(tmp_path, Service(), host="0.0.0.0", api_keys=KEY) as gateway:
            for headers in ((), (f"x-api-key: {KEY}",)):
                heard = await knock(gateway.url, "POST /api/playground", *headers, body=CALL)
                assert (heard.status, heard.json["error"]["type"]) == (401, "not_signed_in")
            assert not gateway.service.calls

    asyncio.run(story())


def test_a_call_is_as_long_on_the_page_as_elsewhere(tmp_path: Path) -> None:
    async def story() -> None:
        long = msgspec.json.encode(msgspec.json.decode(CALL) | {"system": "x" * (3 << 20)})
        async with running(tmp_path, max_body=4 << 20) as gateway:
            assert (await knock(gateway.url, "POST /api/playground", body=long)).status == 200
        async with running(tmp_path, max_body=2048) as gateway:
            status, _, body = await gateway.post(b"x" * 2049, "/api/playground")
            assert (status, b"request_too_large" in body) == (413, True)

    asyncio.run(story())
