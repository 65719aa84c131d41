"""InvokeMCP: the service's own tools over JSON-RPC (upstream-protocol.md 6.5).

Only ``web_search`` is there, for the accounts that have it. What it finds is made up: the same
query finds the same pages, on hosts that nobody can reach.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from .access import refuse
from .faults import Fault
from .identity import Account
from .scenarios import REFUSALS
from .steps import Flat
from .world import World

__all__ = ["FAULTS", "invoke"]

Body: TypeAlias = dict[str, Any]

_METHODS = ("initialize", "notifications/initialized", "tools/list", "tools/call")
_LONGEST = 200  # characters of a query, by the schema that the service's own client declares

_MEMBERS = frozenset({"jsonrpc", "id", "method", "params", "profileArn"})
_INVALID_REQUEST, _INVALID_PARAMS, _INTERNAL = -32600, -32602, -32603
_SCHEMA = {
    "type": "object",
    "properties": {"query": {"type": "string", "maxLength": _LONGEST}},
    "required": ["query"],
}
_DESCRIPTION = "Looks the query up on the web and gives titles, addresses and excerpts of pages."
_NEWEST = 1_750_000_000_000  # Unix time in milliseconds; pages are of the months before
_MONTH = 30 * 24 * 3600 * 1000


class _Invalid(Exception):
    """JSON-RPC's own errors: HTTP 200, and the body says what was wrong."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__()
        self.error = {"code": code, "message": message, "data": None}


def invoke(world: World, account: Account, body: Any) -> Body | Flat | Fault:
    """What a call of the operation is answered.

    Raises:
        Refused: a fault of the world's list is a refusal of the service.
    """
    if (where := _misshapen(body)) is not None:
        return Fault(400, "ValidationException", "Improperly formed request.", None,
                     rule="6.5", where=where)  # fmt: skip
    fault = world.search_faults.pop(0) if _searches(body) and world.search_faults else ""
    if fault in REFUSALS:
        raise refuse(fault)
    try:
        result = _result(world, account, body)
    except _Invalid as invalid:
        return _answer(body, error=invalid.error)
    return _answer(body, result=result) if not fault else FAULTS[fault](body, result)


def _misshapen(body: Any) -> str | None:
    """The member that is not as the service's model has it (1.2, 6.5)."""
    if not isinstance(body, dict):
        return "body"
    for name in body:
        if name not in _MEMBERS:
            return str(name)
    if not isinstance(body.get("jsonrpc"), str):
        return "jsonrpc"
    if body.get("method") not in _METHODS:
        return "method"
    if "id" in body and not isinstance(body["id"], str):
        return "id"
    if "params" in body and not isinstance(body["params"], dict):
        return "params"
    return None


def _searches(body: Body) -> bool:
    return bool(body["method"] == "tools/call")


def _answer(body: Body, **outcome: Any) -> Body:
    return {"id": body.get("id"), "jsonrpc": "2.0", **outcome}


def _result(world: World, account: Account, body: Body) -> Body:
    if body["jsonrpc"] != "2.0":
        raise _Invalid(_INVALID_REQUEST, "Invalid Request")
    if _searches(body):
        return _called(world, account, body.get("params", {}))
    if body["method"] == "tools/list":
        return {"tools": _tools(world, account)}
    return {}


def _tools(world: World, account: Account) -> list[Body]:
    if not (world.web_search and account.web_search):
        return []
    return [{"name": "web_search", "description": _DESCRIPTION, "inputSchema": _SCHEMA}]


def _called(world: World, account: Account, params: Body) -> Body:
    if params.keys() - {"name", "arguments"}:
        raise _Invalid(_INVALID_PARAMS, "Invalid params")
    if params.get("name") not in [tool["name"] for tool in _tools(world, account)]:
        raise _Invalid(_INVALID_PARAMS, "Tool not found")
    arguments = params.get("arguments")
    if not isinstance(arguments, dict) or arguments.keys() != {"query"}:
        raise _Invalid(_INVALID_PARAMS, "Invalid arguments")
    query = arguments["query"]
    if not isinstance(query, str):
        raise _Invalid(_INVALID_PARAMS, "Invalid arguments: query")
    if not query.strip() or len(query) > _LONGEST:
        raise _Invalid(_INVALID_PARAMS, "Invalid arguments: query must have 1 to 200 characters")
    found = _found(query)
    return _text({"results": found, "totalResults": len(found), "query": query, "error": None})


def _text(value: Body) -> Body:
    said = json.dumps(value, ensure_ascii=False)
    return {"content": [{"type": "text", "text": said}], "isError": False}


def _found(query: str) -> list[Body]:
    digest = hashlib.blake2s(query.encode("utf-8", "replace")).digest()
    return [_page(query, number, digest) for number in range(1, 4 + digest[0] % 3)]


def _page(query: str, number: int, digest: bytes) -> Body:
    domain = f"site{number}.example.org"
    return {
        "title": f"{query} ({number})",
        "url": f"https://{domain}/{digest.hex()[:8]}/{number}",
        "snippet": f"Page {number} about {query}: the answer is {digest[number] % 100}.",
        # Not every page says when it was written.
        "publishedDate": _NEWEST - digest[number] % 24 * _MONTH if number != 2 else None,
        "id": f"{digest.hex()[:12]}-{number}",
        "domain": domain,
        "maxVerbatimWordLimit": 30,
        "publicDomain": False,
    }


def _failed(body: Body, result: Body) -> Body:
    told = _text({"results": [], "totalResults": 0, "error": "The search failed."})
    return _answer(body, result=told)


FAULTS: Mapping[str, Callable[[Body, Body], Body | Flat]] = {
    "nothing": lambda body, result: _answer(body, result=_text({"results": [], "error": None})),
    "error": lambda body, result: _answer(
        body, error={"code": _INTERNAL, "message": "Internal error", "data": None}
    ),
    "is-error": lambda body, result: _answer(body, result={**result, "isError": True}),
    "failed": _failed,
    "no-json": lambda body, result: _answer(
        body, result={**result, "content": [{"type": "text", "text": "sorry"}]}
    ),
    "no-text": lambda body, result: _answer(body, result={**result, "content": []}),
    "other-id": lambda body, result: {**_answer(body, result=result), "id": "somebody-else"},
    "garbage": lambda body, result: Flat(200, b"{"),
}
"""How a search can go wrong short of an HTTP error, by name: what is answered instead."""
