"""Choosing a declared tool from what the user says, and arguments that fit its schema."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from amq2api.sim.question import Question, Tool
from amq2api.sim.scenarios.calls import Call
from amq2api.sim.steps import Step

from . import listening
from .arguments import PATHS, fill

_FORCED = re.compile(
    r"(?i)with a call (?:of|to) (?:one of the available tools|the tool [`\"']?(?P<name>[\w-]+))"
)
_POLITE = (
    r"(?i)^(?:please|now|then|first|and|ok(?:ay)?|hey|can you|could you|would you|will you"
    r"|i want you to|let's|let us|try to|[\s,])*\b"
)
_PATH = (
    r"(?:[`\"'“](?P<quoted>[^`\"'“”\n]+)[`\"'”]|(?P<path>[\w.~-]*/[^\s,;:!?\"'`]*|[\w-]+\.\w{1,8}))"
)
_FEW = 5  # tools: with so few a word of a tool's name is enough to mean it
_VAGUE = frozenset({"get", "set", "the", "file", "files", "tool", "list", "read", "write", "search",
                    "create", "update", "run", "call", "find", "result", "final"})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wish:
    """A tool call the user's words amount to; *words* are said before it."""

    tool: Tool
    arguments: Mapping[str, Any]
    key: str
    words: str = ""

    def steps(self) -> list[Step]:
        text = json.dumps(self.arguments, ensure_ascii=False)
        return Call(self.key, self.tool.name, text).pieces()


@dataclass(frozen=True, slots=True)
class _Kind:
    """A kind of request: its words, the names of tools that serve it, the member that says what.

    *shell* is the command that serves it where only a shell is declared.
    """

    pattern: re.Pattern[str]
    names: tuple[str, ...]
    members: tuple[str, ...]
    shell: str = ""


_URL = r"(?P<path>https?://[^\s\"'<>]+)"
_REST = r"[`\"'“]?(?P<path>[^`\"'”\n]+?)[`\"'”?.]*$"
_QUERY = r"(?P<path>[^\n]+?)\s*$"
_WEB = ("web", "websearch", "online")
_KINDS = (
    _Kind(
        # The first is what Claude Code asks for when it wants nothing but a search.
        re.compile(_POLITE + r"(?:perform|do|make|run) an? (?:web|internet|online) search "
                   r"(?:for|on|about)(?: the query)?:?\s+" + _QUERY),
        _WEB, ("query", "q")),
    _Kind(
        re.compile(_POLITE + r"(?:search|browse|ask|check)(?: on)? the (?:web|internet)"
                   r"(?: for| about)?:?\s+" + _QUERY),
        _WEB, ("query", "q")),
    _Kind(
        re.compile(_POLITE + r"(?:search for|look up|google|find)\s+(?P<path>[^\n]+?)\s+"
                   r"(?:on the (?:web|internet)|online)[.?!]*\s*$"),
        _WEB, ("query", "q")),
    _Kind(
        re.compile(_POLITE + r"(?:fetch|download|visit|open|get)\b[^\n]*?" + _URL),
        ("fetch", "browse", "http", "url"), ("url", "uri"), "curl -s {}"),
    _Kind(
        re.compile(_POLITE + r"(?:read|open|show(?: me)?|view|print|cat|display|look at"
                   r"|what(?:'s| is) in|tell me what)\b[^\n]*?" + _PATH),
        ("read", "view", "cat", "open"), PATHS, "cat {}"),
    _Kind(
        re.compile(_POLITE + r"(?:write|create|save|make)\b[^\n]*?" + _PATH),
        ("write", "create", "save"), PATHS),
    _Kind(
        re.compile(_POLITE + r"(?:run|execute)\b(?: the)?(?: shell)?(?: command)?:?\s+" + _REST),
        ("bash", "shell", "exec", "run", "terminal", "command"), ("command", "cmd", "script"),
        "{}"),
    _Kind(
        re.compile(_POLITE + r"list\b[^\n]*\b(?:files?|director\w+|folders?)\b(?:[^\n]*? (?:in|of) "
                   + _PATH + ")?"),
        ("ls", "list", "glob"), ("path", "directory", "dir", "dir_path"), "ls {}"),
    _Kind(
        re.compile(_POLITE + r"(?:search|grep|look|find)\b(?: the (?:web|files|code))?(?: for)?\s+"
                   + _REST),
        ("grep", "search", "find", "glob"), ("pattern", "query", "q", "regex"), "grep -rn '{}' ."),
)  # fmt: skip


def forced(question: Question) -> Wish | None:
    """The call the message demands instead of text."""
    match = _FORCED.search(question.text)
    if match is None or not question.tools:
        return None
    named = [tool for tool in question.tools if tool.name == match["name"]]
    tool = named[0] if named else _best(question)
    rest = question.text[: match.start()].rpartition("\n\n")[0]
    about = listening.words(rest or question.text)
    for wish in _by_kind(about, question):
        if wish.tool is tool:
            return Wish(tool, wish.arguments, wish.key)
    return Wish(tool, fill(tool, {}, about, question), question.key())


def _best(question: Question) -> Tool:
    wish = wished(question)
    if wish is not None and not question.results:
        return wish.tool
    final = [t for t in question.tools if re.search(r"(?i)final|result|output|answer", t.name)]
    return (final or question.tools)[0]


def wished(question: Question) -> Wish | None:
    """The call that the latest paragraph to ask for one asks for, if a tool is there for it."""
    if not question.tools:
        return None
    for part in listening.paragraphs(question.text):
        for wish in (*_by_kind(part, question), *_by_name(part, question)):
            return wish
    return None


def _by_kind(part: str, question: Question) -> Iterator[Wish]:
    for kind in _KINDS:
        match = kind.pattern.search(part)
        if match is None:
            continue
        found = match.groupdict()
        what = (found.get("quoted") or found.get("path") or "").rstrip(".,")
        what = re.sub(r"^([\"'`])([^\"'`]*)\1$", r"\2", what)
        tool = _serving(kind, question)
        if tool is not None:
            given = {name: what for name in kind.members[:] if what and name in tool.properties}
            one = dict(list(given.items())[:1])
            yield _wish(tool, fill(tool, one, part, question), question)
        elif kind.shell and (shell := _shell(question)) is not None:
            command = {"command": kind.shell.format(what).strip()}
            yield _wish(shell, fill(shell, command, part, question), question)


def _wish(tool: Tool, arguments: Mapping[str, Any], question: Question) -> Wish:
    return Wish(tool, arguments, question.key(), f"I will use {tool.name} for that.")


def _serving(kind: _Kind, question: Question) -> Tool | None:
    for name in kind.names:
        for tool in question.tools:
            has_member = any(member in tool.properties for member in kind.members)
            if name in _parts(tool.name) and (has_member or not tool.properties):
                return tool
    return None


def _shell(question: Question) -> Tool | None:
    return next((tool for tool in question.tools if "command" in tool.properties), None)


def _parts(name: str) -> list[str]:
    """The words of a tool's name: ``mcp__fs__readFile`` is mcp, fs, read, file."""
    return [word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+", name)]


def _by_name(part: str, question: Question) -> Iterator[Wish]:
    for tool in question.tools:
        name = re.escape(tool.name)
        asked = re.search(
            _POLITE + rf"(?:use|call|invoke|with|try)\b[^\n]{{0,60}}(?-i:\b{name}\b)", part
        )
        meant = len(question.tools) <= _FEW and _mentions(part, tool)
        if asked or meant:
            yield _wish(tool, fill(tool, {}, part, question), question)


def _mentions(part: str, tool: Tool) -> bool:
    said = {word.lower().rstrip("s") for word in re.findall(r"\w+", part)}
    if tool.name in part and not tool.name.isalpha():
        return True
    telling = [w for w in _parts(tool.name) if len(w) > 3 and w not in _VAGUE]
    return any(word.rstrip("s") in said for word in telling)
