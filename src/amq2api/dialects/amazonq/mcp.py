"""InvokeMCP: the service's own tools, of which ``web_search`` is the one it offers.

Source: upstream-protocol.md 1.2, 6.5. It is asked in the REST encoding, ``POST /mcp``, because
that is how the published model of the service has it; the one target known for it belongs to
another service's name and hosts. The profile therefore travels where the clients of this path
put it: in a header, and never as a member of the body.

The body is JSON-RPC 2.0. One exchange carries one call, and an answer to another one is none.
"""

import json
from typing import Any, TypeVar

import msgspec

from amq2api import errors

__all__ = [
    "LONGEST_QUERY", "WEB_SEARCH", "SearchHit", "SearchResults", "call_tool", "list_tools",
    "read_search", "read_tools",
]  # fmt: skip

WEB_SEARCH = "web_search"
LONGEST_QUERY = 200
"""Characters, as the service's own client declares the tool."""

_INVALID_PARAMS = -32602  # also what an unknown tool earns

_T = TypeVar("_T")


class SearchHit(msgspec.Struct, frozen=True, rename="camel"):
    """One page that was found."""

    title: str
    url: str
    snippet: str | None = None
    published_date: int | float | None = None
    """Milliseconds of Unix time."""
    domain: str | None = None


class SearchResults(msgspec.Struct, frozen=True, rename="camel"):
    results: list[SearchHit]
    total_results: int | None = None
    query: str | None = None
    error: Any = None
    """Set where the search itself failed; :func:`read_search` raises then."""


class _Failure(msgspec.Struct, frozen=True):
    code: int | None = None


class _Envelope(msgspec.Struct, frozen=True):
    jsonrpc: str
    id: str | int | None = None
    result: msgspec.Raw = msgspec.Raw()
    error: _Failure | None = None


class _Content(msgspec.Struct, frozen=True):
    type: str
    text: str | None = None


class _Called(msgspec.Struct, frozen=True):
    content: list[_Content]
    is_error: bool = msgspec.field(name="isError", default=False)


class _Tool(msgspec.Struct, frozen=True):
    name: str


class _Tools(msgspec.Struct, frozen=True):
    tools: list[_Tool]


def list_tools(request_id: str) -> bytes:
    """The body that asks which tools there are."""
    return _request(request_id, "tools/list", {})


def call_tool(request_id: str, name: str, arguments: dict[str, Any]) -> bytes:
    """The body that calls one of them."""
    return _request(request_id, "tools/call", {"name": name, "arguments": arguments})


def read_tools(body: bytes, request_id: str) -> list[str]:
    """The names of the tools; see :func:`read_search` for the errors."""
    return [tool.name for tool in _shaped(_result(body, request_id), _Tools).tools]


def read_search(body: bytes, request_id: str) -> SearchResults:
    """What a call of ``web_search`` found.

    Raises:
        RequestRefused: the tool is unknown to the service, or its arguments are.
        ProtocolError: the answer has another shape, or belongs to another request.
        UpstreamBroken: the search failed. The words of a failure may quote the query, which is
            a caller's content, so none are told.
    """
    called = _shaped(_result(body, request_id), _Called)
    if called.is_error:
        raise errors.UpstreamBroken("InvokeMCP: the tool failed")
    if not called.content or called.content[0].type != "text":
        raise errors.ProtocolError("InvokeMCP: the tool's answer is no text")
    found = _shaped((called.content[0].text or "").encode("utf-8", "replace"), SearchResults)
    if found.error:
        raise errors.UpstreamBroken("InvokeMCP: the search failed")
    return found


def _request(request_id: str, method: str, params: dict[str, Any]) -> bytes:
    return msgspec.json.encode(
        {"id": request_id, "jsonrpc": "2.0", "method": method, "params": params}
    )


def _result(body: bytes, request_id: str) -> msgspec.Raw:
    answer = _shaped(body, _Envelope)
    if answer.jsonrpc != "2.0":
        raise errors.ProtocolError("InvokeMCP: the answer is no JSON-RPC 2.0")
    if answer.error is not None:
        what = f"InvokeMCP: JSON-RPC error {answer.error.code}"
        refused = answer.error.code == _INVALID_PARAMS
        raise errors.RequestRefused(what) if refused else errors.UpstreamBroken(what)
    if answer.id != request_id:
        raise errors.ProtocolError("InvokeMCP: the answer belongs to another request")
    return answer.result


def _shaped(raw: bytes | msgspec.Raw, shape: type[_T]) -> _T:
    try:
        return _lenient(bytes(raw), shape)
    except (ValueError, RecursionError):  # msgspec's errors and UnicodeDecodeError are ValueErrors
        # Not chained: the words of a decoder may quote what it read.
        raise errors.ProtocolError("InvokeMCP answered in an unknown shape") from None


def _lenient(raw: bytes, shape: type[_T]) -> _T:
    """*raw* decoded; half a character, as a snippet cut anywhere may end with, is U+FFFD."""
    try:
        return msgspec.json.decode(raw, type=shape)
    except msgspec.DecodeError:
        if b"\\ud" not in raw.lower():
            raise
    # msgspec refuses an escaped surrogate without its partner; the standard library reads it.
    text = json.dumps(json.loads(raw), ensure_ascii=False)
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return msgspec.json.decode(whole.encode(), type=shape)
