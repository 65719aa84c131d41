"""Everything but the hot path and the admin side: models, health, and the answers to probes."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeAlias
from urllib.parse import parse_qs

import msgspec

from amq2api.bridge.amazonq import models as catalogue
from amq2api.dialects import amazonq as q
from amq2api.dialects import messages as m
from amq2api.errors import BadRequest, NotFound, UnknownModel, WrongMethod

from .asgi import Answer, Receive, Scope

Models = Callable[[], Awaitable[Sequence[q.Model]]]
Health = Callable[[], tuple[bool, bool]]
"""Whether there is an access token, and whether it has expired."""
_Page: TypeAlias = Callable[[dict[str, str]], Awaitable[Any]]

_MODEL = "/v1/models/"
_JSON = {"content-type": "application/json"}
_READING = frozenset({"GET", "HEAD"})
_encode = msgspec.json.Encoder().encode


class Pages:
    """The endpoint of all of them; *models* are those of the account that serves now."""

    def __init__(self, models: Models, health: Health, aliases: Mapping[str, str]) -> None:
        self._models, self._health, self._aliases = models, health, dict(aliases)
        self._pages: Mapping[str, tuple[frozenset[str], _Page]] = {
            "/v1/models": (frozenset({"GET"}), self._list_models),
            "/health": (_READING, self._tell_health),
            "/": (_READING, _greet),
            "/api/hello": (_READING, _greet),
        }

    async def __call__(self, scope: Scope, receive: Receive, answer: Answer) -> None:
        """Answer one request; raises GatewayError before anything was sent."""
        method, path = scope["method"], scope["path"]
        if path.startswith(_MODEL):
            _allow(method, frozenset({"GET"}))
            told = await self._retrieve_model(path.removeprefix(_MODEL))
        elif (page := self._pages.get(path)) is not None:
            _allow(method, page[0])
            told = await page[1](_query(scope))
        else:
            raise NotFound("Not Found")
        headers = {**_JSON, "request-id": answer.request_id}
        await answer.whole(200, headers, _encode(told), head=method == "HEAD")

    async def _list_models(self, query: dict[str, str]) -> Any:
        return m.page(
            [catalogue.entry(model) for model in await self._models()],
            limit=_number(query, "limit"),
            after_id=query.get("after_id"),
            before_id=query.get("before_id"),
        )

    async def _retrieve_model(self, model_id: str) -> Any:
        found = catalogue.resolve(model_id, await self._models(), self._aliases)
        if found is None:
            raise UnknownModel(f"model: {model_id}")
        return catalogue.entry(found)

    async def _tell_health(self, _query: dict[str, str]) -> Any:
        has_token, expired = self._health()
        return {"status": "healthy", "has_token": has_token, "token_expired": expired}


async def _greet(_query: dict[str, str]) -> Any:
    return {"name": "amq2api"}


def _allow(method: str, methods: frozenset[str]) -> None:
    if method not in methods:
        raise WrongMethod("Method Not Allowed", allowed=methods)


def _query(scope: Scope) -> dict[str, str]:
    """The query's members; of one that comes twice, the last."""
    given = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    return {name: values[-1] for name, values in given.items()}


def _number(query: dict[str, str], name: str) -> int | None:
    value = query.get(name)
    if value is None:
        return None
    try:
        return int(value)
    except ValueError:
        raise BadRequest(f"{name}: Input should be a valid integer") from None
