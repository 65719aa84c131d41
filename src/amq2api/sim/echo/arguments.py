"""Arguments for a tool: what its schema wants, taken from the user's words."""

import re
from collections.abc import Mapping
from typing import Any

from amq2api.sim.question import Question, Tool
from amq2api.sim.sampling import sample

PATHS = (
    "file_path", "path", "filepath", "filename", "file", "target_file", "absolute_path",
    "notebook_path", "filePath", "relative_workspace_path",
)  # fmt: skip

_QUOTED = re.compile(r"[`\"“']([^`\"“”\n]+?)[`\"”'](?!\w)")
_PATH_LIKE = re.compile(r"[\w.~-]*/[^\s,;:!?\"'`]+|[\w-]+\.[A-Za-z]\w{0,7}\b")
_URL = re.compile(r"https?://[^\s\"'<>]+")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_AFTER = re.compile(r"(?i)\b(?:in|for|of|about|to|named|called|at|with)\s+([^\n,.?!]+)")
_CONTENT = re.compile(
    r"(?i)\b(?:containing|with(?: the)? (?:content|text)s?|saying|that says)\b:?\s+"
    r"[`\"“']?(.+?)[`\"”']*$",
    re.DOTALL,
)


def fill(tool: Tool, given: Mapping[str, Any], words: str, question: Question) -> dict[str, Any]:
    """The required members of *tool*'s schema, and *given*, in the schema's order."""
    names = set(given)
    required = tool.schema.get("required")
    names |= {name for name in required or [] if name in tool.properties}
    if not names:
        names |= set(list(tool.properties)[:1])
    made: dict[str, Any] = {}
    for name, schema in tool.properties.items():
        if name in names:
            value = given.get(name, None)
            made[name] = _guess(name, schema, words) if value is None else value
            if name in PATHS and isinstance(made[name], str):
                made[name] = _absolute(made[name], question)
    return made


def _absolute(path: str, question: Question) -> str:
    """*path* where the client works, as far as it said where that is."""
    where = question.working_directory
    if where is None or path.startswith(("/", "~")) or re.match(r"[A-Za-z]:[\\/]", path):
        return path
    return f"{where.rstrip('/')}/{path.removeprefix('./')}"


def _guess(name: str, schema: Any, words: str) -> Any:
    if not isinstance(schema, dict):
        return words
    options = schema.get("enum")
    if isinstance(options, list) and options:
        return next((o for o in options if str(o).lower() in words.lower()), options[0])
    kind = schema.get("type", "string")
    if kind in ("integer", "number"):
        return _number(schema, words, whole=kind == "integer")
    if kind == "string":
        return _text(name, schema, words)
    return sample(schema, _text(name, {}, words))


def _number(schema: dict[str, Any], words: str, *, whole: bool) -> float:
    if not (found := _NUMBER.search(words)):
        number: float = sample(schema, "")
        return number
    return int(float(found[0])) if whole else float(found[0])


def _text(name: str, schema: dict[str, Any], words: str) -> str:
    lower = name.lower()
    if name in PATHS:
        found = _QUOTED.search(words) or _PATH_LIKE.search(words)
    elif "url" in lower or "uri" in lower:
        found = _URL.search(words)
    elif lower in ("content", "contents", "text", "file_text"):
        found = _CONTENT.search(words)
    elif lower == "description":
        return words[:60]
    else:
        found = _QUOTED.search(words) or _AFTER.search(words)
    said = words if found is None else found[1] if found.re.groups else found[0]
    return str(sample({**schema, "type": "string"}, said.strip()))
