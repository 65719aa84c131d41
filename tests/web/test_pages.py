"""Every path but the calls themselves; and what holds on all of them."""

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gateways import Gateway, Service, running

KEY = "sk-amq-0123456789"
BODY = {"model": "claude-sonnet-4.5", "max_tokens": 9, "messages": [
    {"role": "user", "content": "hi"}]}  # fmt: skip

ANSWERS: dict[str, tuple[str, str, int, Any]] = {
    # what: method, path, status, error type or None
    "probe": ("HEAD", "/", 200, None),
    "Claude Code's probe": ("HEAD", "/api/hello", 200, None),
    "health": ("GET", "/health", 200, None),
    "no such path": ("GET", "/v1/nope", 404, "not_found_error"),
    "no such path outside v1": ("GET", "/nope", 404, "not_found_error"),
    "no batches": ("POST", "/v1/messages/batches", 404, "not_found_error"),
    "messages are not got": ("GET", "/v1/messages", 405, "invalid_request_error"),
    "tokens are not got": ("GET", "/v1/messages/count_tokens", 405, "invalid_request_error"),
    "models are not posted": ("POST", "/v1/models", 405, "invalid_request_error"),
    "models": ("GET", "/v1/models?limit=1000", 200, None),
    "no page of nothing": ("GET", "/v1/models?limit=0", 400, "invalid_request_error"),
    "no page of too much": ("GET", "/v1/models?limit=1001", 400, "invalid_request_error"),
    "no page of words": ("GET", "/v1/models?limit=x", 400, "invalid_request_error"),
    "a model": ("GET", "/v1/models/claude-sonnet-4-5", 200, None),
    "a model by its date": ("GET", "/v1/models/claude-sonnet-4-5-20250929", 200, None),
    "no such model": ("GET", "/v1/models/claude-nonsense", 404, "not_found_error"),
    "a guessed path": ("GET", "/v1/models/../../etc/passwd", 404, "not_found_error"),
}  # fmt: skip


@pytest.mark.parametrize(("method", "path", "status", "kind"), ANSWERS.values(), ids=ANSWERS)
def test_answers(tmp_path: Path, method: str, path: str, status: int, kind: str | None) -> None:
    async def story() -> None:
        async with (
            running(tmp_path) as gateway,
            gateway.http.request(method, gateway.url + path) as response,
        ):
            body = await response.read()
            assert response.status == status
            assert response.headers["request-id"].startswith("req_")
            assert len(response.headers.getall("request-id")) == 1
            assert response.headers["content-type"] == "application/json"
            assert ("allow" in response.headers) == (status == 405)
            if kind is not None and method != "HEAD":
                error = msgspec.json.decode(body)
                assert (error["type"], error["error"]["type"]) == ("error", kind)
                assert error["request_id"] == response.headers["request-id"]

    asyncio.run(story())


async def _json(gateway: Gateway, path: str) -> Any:
    async with gateway.http.get(gateway.url + path) as response:
        return msgspec.json.decode(await response.read())


def test_models_satisfy_both_kinds_of_client(tmp_path: Path) -> None:
    async def story() -> None:
        sonnet = {"modelId": "claude-sonnet-4.5", "modelName": "Claude Sonnet 4.5",
                  "description": "d", "tokenLimits": {"maxInputTokens": 200000}}  # fmt: skip
        offer: list[dict[str, Any]] = [sonnet, {"modelId": "deepseek-3.2"}]
        async with running(tmp_path, Service(models=offer)) as gateway:
            listed = await _json(gateway, "/v1/models")
            assert listed["object"] == "list" and listed["has_more"] is False
            first, second = listed["data"]
            assert listed["first_id"] == first["id"] and listed["last_id"] == second["id"]
            for model in (first, second):
                assert (model["type"], model["object"]) == ("model", "model")
                for name in ("display_name", "created_at", "created", "owned_by", "description"):
                    assert name in model
                assert (await _json(gateway, f"/v1/models/{model['id']}"))["id"] == model["id"]
            assert first["display_name"] == "Claude Sonnet 4.5"

    asyncio.run(story())


def test_models_without_an_account_are_the_built_in_ones(tmp_path: Path) -> None:
    async def story() -> None:
        nobody = {"refresh_token": None, "client_id": None, "client_secret": None}
        async with running(tmp_path, **nobody) as gateway:
            listed = await _json(gateway, "/v1/models")
            assert any("claude" in model["id"] for model in listed["data"])
            health = await _json(gateway, "/health")
            assert health == {"status": "healthy", "has_token": False, "token_expired": True}
            status, _, body = await gateway.post(BODY)
            assert status == 503 and b"amq2api login" in body

    asyncio.run(story())


def test_health_knows_the_token(tmp_path: Path) -> None:
    async def story() -> None:
        async with running(tmp_path) as gateway:
            await gateway.post(BODY)
            health = await _json(gateway, "/health")
            assert health == {"status": "healthy", "has_token": True, "token_expired": False}

    asyncio.run(story())


KEYS: dict[str, tuple[dict[str, str], int]] = {
    "none": ({}, 401),
    "x-api-key": ({"x-api-key": KEY}, 200),
    "in capitals": ({"X-API-KEY": KEY}, 200),
    "bearer": ({"Authorization": f"Bearer {KEY}"}, 200),
    "both": ({"x-api-key": KEY, "Authorization": f"Bearer {KEY}"}, 200),
    "right key, junk bearer": ({"x-api-key": KEY, "Authorization": "Bearer junk"}, 200),
    "junk key, right bearer": ({"x-api-key": "junk", "Authorization": f"Bearer {KEY}"}, 200),
    "wrong": ({"x-api-key": KEY[:-1]}, 401),
    "wrong bearer": ({"Authorization": "Bearer junk"}, 401),
    "basic": ({"Authorization": f"Basic {KEY}"}, 401),
    "not even Latin": ({"x-api-key": "ключ"}, 401),
}  # fmt: skip


@pytest.mark.parametrize(("headers", "status"), KEYS.values(), ids=KEYS)
def test_keys(tmp_path: Path, headers: dict[str, str], status: int) -> None:
    async def story() -> None:
        async with running(tmp_path, api_keys=KEY) as gateway:
            for path in ("/v1/messages", "/v1/messages/count_tokens?beta=true"):
                got, answered, body = await gateway.post(BODY, path, **headers)
                assert got == status
                if status == 401:
                    error = msgspec.json.decode(body)
                    assert error["error"]["type"] == "authentication_error"
                    assert answered["x-should-retry"] == "false"
                    assert KEY not in body.decode() and "junk" not in body.decode()
            async with gateway.http.get(gateway.url + "/v1/models", headers=headers) as response:
                assert response.status == status
            async with gateway.http.head(gateway.url + "/api/hello") as response:
                assert response.status == 200

    asyncio.run(story())


def test_counting(tmp_path: Path) -> None:
    async def story() -> None:
        async with running(tmp_path) as gateway:
            counts = []
            plain = {key: value for key, value in BODY.items() if key != "max_tokens"}
            tools = [{"name": "t", "input_schema": {"type": "object"}}]
            for more in ({}, {"system": "be brief"}, {"system": "be brief", "tools": tools}):
                status, _, body = await gateway.post(plain | more, "/v1/messages/count_tokens")
                assert status == 200
                counts.append(msgspec.json.decode(body)["input_tokens"])
            assert 0 < counts[0] < counts[1] < counts[2]
            _, _, body = await gateway.post(BODY)
            assert gateway.service.calls

    asyncio.run(story())


BODIES: dict[str, tuple[bytes, int, str]] = {
    "empty": (b"", 400, "request body is not valid json"),
    "not JSON": (b"hello", 400, "request body is not valid json"),
    "a list": (b"[]", 400, "object"),
    "no model": (b'{"max_tokens":1,"messages":[]}', 400, "model: field required"),
    "too large": (b" " * 70_000, 413, "70000"),
    "an unknown model": (
        b'{"model":"gpt-x","max_tokens":1,"messages":[{"role":"user","content":"a"}]}',
        404, "model: gpt-x",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("body", "status", "words"), BODIES.values(), ids=BODIES)
def test_bad_bodies_are_refused_in_words(
    tmp_path: Path, body: bytes, status: int, words: str
) -> None:
    async def story() -> None:
        async with running(tmp_path, max_body=65_536) as gateway:
            got, _, answered = await gateway.post(body)
            assert got == status
            assert words in msgspec.json.decode(answered)["error"]["message"].lower()

    asyncio.run(story())


def test_a_body_without_a_declared_length_is_bounded_too(tmp_path: Path) -> None:
    async def endless() -> Any:
        for _ in range(10):
            yield b" " * 10_000

    async def story() -> None:
        async with (
            running(tmp_path, max_body=65_536) as gateway,
            gateway.http.post(gateway.url + "/v1/messages", data=endless()) as response,
        ):
            assert response.status == 413

    asyncio.run(story())
