"""What the headers of a call say about how it is to be read."""

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gateways import Gateway, running
from knocking import knock

CALL: dict[str, Any] = {
    "model": "claude-sonnet-4.5", "max_tokens": 2000,
    "messages": [{"role": "user", "content": "hi"}],
}  # fmt: skip
WARM = {"temperature": 0.5}
LONG_THOUGHTS = {"thinking": {"type": "enabled", "budget_tokens": 31_999}}

READ: dict[str, tuple[tuple[str, ...], dict[str, Any], str]] = {
    "C-026 the older version": (("anthropic-version: 2023-06-01",), {}, "200"),
    "C-026 the newer version": (("anthropic-version: 2026-10-21",), {}, "200"),
    "C-027 no version": ((), WARM, "200"),
    "C-027 a version that nobody knows": (("anthropic-version: 2031-01-01",), WARM, "200"),
    "C-045 the older version, a temperature": (("anthropic-version: 2023-06-01",), WARM, "200"),
    "C-045 the newer version, a temperature": (
        ("anthropic-version: 2026-10-21",), WARM,
        "400 temperature: Extra inputs are not permitted",
    ),
    "C-045 the newer version, a temperature of null": (
        ("anthropic-version: 2026-10-21",), {"temperature": None}, "200",
    ),
    "C-028 a beta that nobody knows": (("anthropic-beta: made-up-2031-01-01",), {}, "200"),
    "C-029 betas on two lines": (
        ("anthropic-beta: oauth-2025-04-20 ,  made-up",
         "anthropic-beta:   interleaved-thinking-2025-05-14 , claude-code-20250219"),
        LONG_THOUGHTS, "200",
    ),
    "C-029 without that beta": (
        ("anthropic-beta: oauth-2025-04-20 ,  made-up",), LONG_THOUGHTS,
        "400 `max_tokens` must be greater than `thinking.budget_tokens`.",
    ),
    "betas of nothing": (("anthropic-beta: ,, ,", "anthropic-beta:"), {}, "200"),
    "C-030 upper case": (("ANTHROPIC-VERSION: 2026-10-21", "ANTHROPIC-BETA: X"), {}, "200"),
    "C-033 a charset": (("content-type: application/json; charset=utf-8",), {}, "200"),
    "not compressed": (("content-encoding: identity",), {}, "200"),
}  # fmt: skip


async def heard(gateway: Gateway, path: str, headers: tuple[str, ...], **members: Any) -> str:
    body = msgspec.json.encode(CALL | members)
    answer = await knock(gateway.url, f"POST {path}", *headers, body=body)
    said = f" {answer.json['error']['message']}" if answer.status != 200 else ""
    return f"{answer.status}{said}"


@pytest.mark.parametrize(("headers", "members", "told"), READ.values(), ids=READ)
def test_what_headers_say(
    headers: tuple[str, ...], members: dict[str, Any], told: str, tmp_path: Path
) -> None:
    async def story() -> None:
        async with running(tmp_path) as gateway:
            assert await heard(gateway, "/v1/messages", headers, **members) == told

    asyncio.run(story())


def test_counting_reads_the_same_headers(tmp_path: Path) -> None:
    async def story() -> None:
        async with running(tmp_path) as gateway:
            for headers, members, told in READ.values():
                path = "/v1/messages/count_tokens?beta=true"
                assert await heard(gateway, path, headers, **members) == told

    asyncio.run(story())


def test_a_compressed_body_is_refused_by_its_code(tmp_path: Path) -> None:
    async def story() -> None:
        async with running(tmp_path) as gateway:
            heard = await knock(
                gateway.url, "POST /v1/messages", "content-encoding: gzip", body=b""
            )
            assert heard.status == 400
            code = "request_body_encoding_unsupported"
            assert heard.json["error"]["details"] == {"error_code": code}

    asyncio.run(story())


def test_c_036_a_body_over_the_cap(tmp_path: Path) -> None:
    async def story() -> None:
        async with running(tmp_path, max_body=1024) as gateway:
            status, _, body = await gateway.post(bytes(1025))
            error = msgspec.json.decode(body)["error"]
            assert (status, error["type"]) == (413, "request_too_large")
            assert error["message"].startswith("Request exceeds the maximum size: 1025 bytes")

    asyncio.run(story())
