"""Raw requests, as many at once as wanted."""

import asyncio
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

import aiohttp

from e2e.answers import Answer, Json

MODEL = "claude-sonnet-4.5"
THINKER = "claude-opus-4.8"
"""A model with a reasoning of its own."""

_PATIENCE = aiohttp.ClientTimeout(total=30)


def say(words: str, **members: Any) -> Json:
    """The smallest request that says *words*."""
    return {"model": MODEL, "max_tokens": 1024,
            "messages": [{"role": "user", "content": words}], **members}  # fmt: skip


def post(
    url: str,
    body: Json | bytes,
    headers: Mapping[str, str] | Sequence[tuple[str, str]] = (),
    path: str = "/v1/messages",
) -> Answer:
    """Ask once."""
    return post_all(url, [body], headers, path)[0]


def post_all(
    url: str,
    bodies: Sequence[Json | bytes],
    headers: Mapping[str, str] | Sequence[tuple[str, str]] = (),
    path: str = "/v1/messages",
) -> list[Answer]:
    """Ask everything at the same time; answers in the order of *bodies*."""

    async def ask() -> list[Answer]:
        async with aiohttp.ClientSession(timeout=_PATIENCE) as http:
            named = list(headers.items() if isinstance(headers, Mapping) else headers)
            asked = (_ask(http, "POST", url + path, body, named) for body in bodies)
            return await asyncio.gather(*asked)

    return asyncio.run(ask())


def fetch(url: str, method: str = "GET", headers: Mapping[str, str] | None = None) -> Answer:
    async def ask() -> Answer:
        async with aiohttp.ClientSession(timeout=_PATIENCE) as http:
            return await _ask(http, method, url, None, list((headers or {}).items()))

    return asyncio.run(ask())


async def _ask(
    http: aiohttp.ClientSession,
    method: str,
    url: str,
    body: Json | bytes | None,
    headers: list[tuple[str, str]],
) -> Answer:
    raw = json.dumps(body).encode() if isinstance(body, dict) else body
    data = None if raw is None else io.BytesIO(raw)
    async with http.request(method, url, headers=headers, data=data) as response:
        names = {name.lower(): value for name, value in response.headers.items()}
        heard = bytearray()
        try:
            async for part in response.content.iter_any():
                heard += part
        except aiohttp.ClientError:
            return Answer(response.status, names, bytes(heard), broken=True)
        return Answer(response.status, names, bytes(heard))
