"""Searches of the web, which the Messages API runs itself and the service as a tool.

To the service a search is a call of the tool ``web_search`` and its result. A client has both in
one assistant message, as ``server_tool_use`` and ``web_search_tool_result``; :func:`unfolded`
makes a call and a result of them, and turns.py begins a new turn after the result. So the
conversation with the blocks given out so far is itself the request that goes on with an answer.

What was found has to survive the way through the client, which may show titles and addresses
but sends ``encrypted_content`` back unread: it holds the snippet here. Another maker's cannot be
read by anybody here.
"""

import re
from collections import defaultdict, deque
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from amq2api.dialects import amazonq as q
from amq2api.dialects import messages as m

from .fidelity import Ledger
from .words import MEMBER, SEARCH_QUERY, SNIPPET, sealed, unsealed

__all__ = ["SCHEMA", "description", "results", "unfolded"]

SCHEMA = msgspec.json.encode(
    {
        "type": "object",
        "properties": {
            "query": {
                "type": "string",
                "description": SEARCH_QUERY.format(number=q.LONGEST_QUERY),
            }
        },
        "required": ["query"],
    }
)
"""Of the tool that the service runs (upstream-protocol.md 6.5)."""

_TOLD = ("allowed_domains", "blocked_domains", "user_location")
_PAGE = re.compile(r"\w+://(?:[^/?#]*@)?(?P<host>[^/?#:]*)[^/?#]*/?(?P<path>[^?#]*)")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def description(tool: m.Tool, head: str) -> str:
    """The tool's name, or what it is said to do, and what the client said of where to look."""
    told = [(member, getattr(tool, member)) for member in _TOLD]
    lines = [
        MEMBER.format(member=member, value=msgspec.json.encode(value).decode())
        for member, value in told
        if value
    ]
    return "\n".join([head, *lines])


def results(
    found: q.SearchResults,
    *,
    allowed: Collection[str] | None = None,
    blocked: Collection[str] | None = None,
) -> list[m.WebSearchResult]:
    """What a client gets of a search.

    Args:
        allowed: Domains, each with a path or none, as a tool names them; others are left out.
        blocked: Domains to be left out.
    """
    return [
        m.WebSearchResult(
            url=hit.url,
            title=hit.title,
            encrypted_content=sealed(hit.snippet or ""),
            page_age=_day(hit.published_date),
        )
        for hit in found.results
        if not (allowed and not _within(hit.url, allowed))
        and not (blocked and _within(hit.url, blocked))
    ]


def unfolded(content: Sequence[m.Block], ledger: Ledger) -> Sequence[m.Block]:
    """An assistant message's blocks, with searches as tool uses and tool results.

    A search whose result is not in the same message, and a result of no search, stay as they are.
    """
    if m.WebSearchToolResult not in map(type, content):
        return content
    answers = _answers(content)
    answered = set(answers.values())
    made: list[m.Block] = []
    for at, block in enumerate(content):
        if isinstance(block, m.ServerToolUse) and at in answers:
            given = msgspec.Raw(msgspec.json.encode(block.input))
            made.append(m.ToolUse(str(block.id), str(block.name), given))
        elif isinstance(block, m.WebSearchToolResult) and at in answered:
            made.append(_result(block, ledger))
        else:
            made.append(block)
    return made


def _answers(content: Sequence[m.Block]) -> dict[int, int]:
    """Where each search stands, and where its result: the first after it under its id."""
    waiting: dict[str, deque[int]] = defaultdict(deque)
    answers: dict[int, int] = {}
    for at, block in enumerate(content):
        if isinstance(block, m.ServerToolUse):
            if block.name == m.WEB_SEARCH and block.id and isinstance(block.input, dict):
                waiting[block.id].append(at)
        elif isinstance(block, m.WebSearchToolResult) and waiting[block.tool_use_id or ""]:
            answers[waiting[block.tool_use_id or ""].popleft()] = at
    return answers


def _result(block: m.WebSearchToolResult, ledger: Ledger) -> m.ToolResult:
    content = msgspec.to_builtins(block.content)  # of the program's own blocks, too
    failed = isinstance(content, dict) and content.get("type") == "web_search_tool_result_error"
    hits = content if isinstance(content, list) else [content]
    texts: list[m.ResultBlock] = [m.Text(_told(hit, ledger)) for hit in hits if hit is not None]
    return m.ToolResult(block.tool_use_id or "", texts, failed)


def _told(hit: Any, ledger: Ledger) -> str:
    """What the model reads of one page: its JSON, with the snippet in the clear."""
    if isinstance(hit, dict) and hit.get("type") == "web_search_result":
        members = ((name, hit.get(name)) for name in ("title", "url", "page_age"))
        hit = {name: value for name, value in members if value is not None} | _snippet(hit, ledger)
    return msgspec.json.encode(hit).decode()


def _snippet(hit: dict[str, Any], ledger: Ledger) -> dict[str, str]:
    content = hit.get("encrypted_content")
    text = unsealed(content)
    if text is None and content:
        ledger.dropped("web_search_tool_result.encrypted_content")
    return {SNIPPET: text} if text else {}


def _within(url: str, domains: Collection[str]) -> bool:
    return any(_is_of(url, domain) for domain in domains)


def _is_of(url: str, domain: str) -> bool:
    """Whether a page lies under ``example.com`` or ``example.com/blog``, subdomains included.

    A star stands for any characters of a path.
    """
    page = _PAGE.match(url.lower())
    bare = domain.strip().lower().removeprefix("https://").removeprefix("http://")
    host, _, path = bare.removeprefix("www.").partition("/")
    if page is None or not host or not f".{page['host']}".endswith(f".{host}"):
        return False
    return _begins(page["path"], *path.split("*"))


def _begins(path: str, first: str, *rest: str) -> bool:
    """Whether *path* begins with the parts, with anything between them."""
    if not path.startswith(first):
        return False
    at = len(first)
    for part in rest:
        found = path.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return True


def _day(milliseconds: float | None) -> str | None:
    """``June 15, 2025``, as the API dates pages."""
    if milliseconds is None:
        return None
    try:
        day = _EPOCH + timedelta(milliseconds=milliseconds)
    except (OverflowError, ValueError):
        return None
    return f"{day:%B} {day.day}, {day.year}"
