"""Tool schemas, said again in the part of JSON Schema that the service is known to take.

Source: upstream-protocol.md 2.5 and 8.4: seven keywords, an object at the root, no references,
no compositions. What the seven cannot say is lost, and the caller is told that it was.
Where a schema offers alternatives of several types, the first one's type is kept: a value the
model then gives is always one the client allowed.
"""

from collections.abc import Iterable
from typing import Any, TypeAlias

import msgspec

__all__ = ["EMPTY", "normalise"]

_Schema: TypeAlias = dict[str, Any]

EMPTY = b'{"type":"object","properties":{}}'

_TYPES = frozenset({"string", "number", "integer", "boolean", "object", "array"})
_LONGEST_NAME = 64
"""Characters as Java counts them."""
_DEEPEST = 32
_MOST_NODES = 5000
"""References make a small schema large: a tree of them doubles at every level."""

# These say nothing about values, or are said in another way here.
_SILENT = frozenset({"$schema", "$id", "$anchor", "$comment", "$defs", "definitions"})
_SAID = frozenset(
    {"type", "description", "title", "properties", "required", "items", "prefixItems", "enum",
     "const", "$ref", "allOf", "anyOf", "oneOf"}
)  # fmt: skip


def normalise(schema: bytes) -> tuple[bytes, bool]:
    """The schema for the service, and whether anything it said about values was lost."""
    if not schema:
        return EMPTY, False
    try:
        root = msgspec.json.decode(schema)
        rewriter = _Rewriter(root)
        return msgspec.json.encode(rewriter.root()), rewriter.lost
    except (msgspec.DecodeError, RecursionError):
        # Valid JSON all the same: nested without end, or a number beyond every range.
        return EMPTY, True


class _Rewriter:
    """One schema being rewritten.

    ``_parts`` gives what a node says with ``required`` unchecked, because the branches of a
    composition name properties that their neighbours define; ``_whole`` then checks it.
    """

    def __init__(self, root: Any) -> None:
        self._root = root
        self._left = _MOST_NODES
        self.lost = False

    def root(self) -> _Schema:
        said = self._whole(self._root, 0, ("#",), "object")
        if said.get("type", "object") != "object":
            self.lost = True
            said = {}
        # A list of whole objects has no place at the root.
        self.lost = self.lost or "enum" in said
        made: _Schema = {"type": "object"}
        made.update((key, said[key]) for key in ("title", "description") if key in said)
        made["properties"] = said.get("properties", {})
        if "required" in said:
            made["required"] = said["required"]
        return made

    def _whole(
        self, node: Any, depth: int, refs: tuple[str, ...], kind: str | None = None
    ) -> _Schema:
        said = self._parts(node, depth, refs, kind)
        required = said.pop("required", ())
        known = said.get("properties", {})
        # dict.fromkeys: each once, in order.
        kept = [name for name in dict.fromkeys(required) if name in known]
        self.lost = self.lost or not known.keys() >= set(required)
        if kept:
            said["required"] = kept
        return said

    def _parts(self, node: Any, depth: int, refs: tuple[str, ...], kind: str | None) -> _Schema:
        if node is True:
            return {}
        if not isinstance(node, dict):
            self.lost = True
            return {}
        self._left -= _cost(node)
        if depth > _DEEPEST or self._left < 0:
            self.lost = True
            return {"type": "object"}
        self.lost = self.lost or not (_SAID | _SILENT).issuperset(node)
        own = self._own(node, depth, refs)
        kind = own.get("type", kind)
        parts = [self._referred(node["$ref"], depth, refs)] if "$ref" in node else []
        parts += [self._parts(part, depth + 1, refs, kind) for part in _list(node.get("allOf"))]
        for keyword in ("anyOf", "oneOf"):
            if branches := _list(node.get(keyword)):
                parts.append(self._one_of(branches, depth, refs, kind))
        return _together([*parts, own]) if parts else own

    def _own(self, node: _Schema, depth: int, refs: tuple[str, ...]) -> _Schema:
        made: _Schema = {}
        if (kind := self._type(node)) is not None:
            made["type"] = kind
        for key in ("title", "description"):
            if isinstance(text := node.get(key), str) and text:
                made[key] = text
        if values := self._values(node):
            made["enum"] = values
        if isinstance(properties := node.get("properties"), dict):
            made["properties"] = self._properties(properties, depth, refs)
        if (items := self._items(node)) is not None:
            made["items"] = self._whole(items, depth + 1, refs)
        if required := [name for name in _list(node.get("required")) if isinstance(name, str)]:
            made["required"] = required
        return made

    def _type(self, node: _Schema) -> str | None:
        said = node.get("type")
        kinds = said if isinstance(said, list) else [said]
        usable = [kind for kind in kinds if isinstance(kind, str) and kind in _TYPES]
        if said is not None and (len(kinds) != 1 or not usable):
            self.lost = True
        return usable[0] if usable else None

    def _values(self, node: _Schema) -> list[Any]:
        """``enum`` without nulls, which are not values of any type that remains, and without
        values that hold some, or hold too much: the service wants no null anywhere (2.1)."""
        values = [node["const"]] if "const" in node else _list(node.get("enum"))
        kept = [value for value in values if _is_plain(value, _DEEPEST)]
        self.lost = self.lost or len(kept) < len(values)
        return kept

    def _properties(self, properties: _Schema, depth: int, refs: tuple[str, ...]) -> _Schema:
        fitting = {name: node for name, node in properties.items() if _named(name)}
        # The model's answer could not be given back under a name it never heard.
        self.lost = self.lost or len(fitting) < len(properties)
        return {name: self._whole(node, depth + 1, refs) for name, node in fitting.items()}

    def _items(self, node: _Schema) -> Any:
        items = node.get("items")
        if items is None or isinstance(items, list):
            several = _list(items) or _list(node.get("prefixItems"))
            self.lost = self.lost or bool(several)
            return several[0] if several else None
        return items

    def _referred(self, ref: Any, depth: int, refs: tuple[str, ...]) -> _Schema:
        target = None if ref in refs else _find(self._root, ref)
        if target is None:  # a circle, or somewhere else
            self.lost = True
            return {"type": "object"}
        return self._parts(target, depth + 1, (*refs, ref), None)

    def _one_of(
        self, branches: list[Any], depth: int, refs: tuple[str, ...], kind: str | None
    ) -> _Schema:
        """Alternatives as one: all of the first one's type, the properties of all of them."""
        said = [self._parts(b, depth + 1, refs, kind) for b in branches if not _is_null(b)]
        if len(said) < len(branches):
            self.lost = True
        if len(said) <= 1:
            return said[0] if said else {}
        if all(part.keys() <= {"type", "enum"} and "enum" in part for part in said):
            return _either(said)
        self.lost = True
        first = said[0].get("type", kind)
        return _either([part for part in said if part.get("type", kind) == first])


def _together(parts: Iterable[_Schema]) -> _Schema:
    """All of it holds; the last word counts where there can be only one."""
    made: _Schema = {}
    properties: _Schema = {}
    required: list[str] = []
    for part in parts:
        properties.update(part.get("properties", {}))
        required += part.get("required", ())
        made.update(part)
    if properties:
        made["properties"] = properties
    if required:
        made["required"] = required
    return made


def _either(parts: list[_Schema]) -> _Schema:
    """Any of it may hold."""
    made = dict(parts[0])
    if any(part.get("type") != made.get("type") for part in parts):
        made.pop("type", None)
    if all("enum" in part for part in parts):
        made["enum"] = [value for part in parts for value in part["enum"]]
    else:
        made.pop("enum", None)
    properties: _Schema = {}
    for part in reversed(parts):
        properties.update(part.get("properties", {}))
    if properties:
        made["properties"] = properties
    demanded = [frozenset(part.get("required", ())) for part in parts]
    made["required"] = [
        name for name in made.get("required", ()) if all(name in some for some in demanded)
    ]
    return made


def _find(root: Any, ref: Any) -> Any:
    """What a local reference (``#``, ``#/$defs/Name``) points at, or None."""
    if not isinstance(ref, str) or not (ref == "#" or ref.startswith("#/")):
        return None
    found = root
    for step in ref.split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        if not isinstance(found, dict) or key not in found:
            return None
        found = found[key]
    return found


def _is_null(node: Any) -> bool:
    return isinstance(node, dict) and (
        node.get("type") == "null"
        or node.get("enum") == [None]
        or ("const" in node and node["const"] is None)
    )


def _cost(node: _Schema) -> int:
    """How many nodes this one counts for: a reference repeats its lists and texts as well."""
    sizes = (
        len(value)
        for keyword, value in node.items()
        if keyword not in ("enum", "const") and isinstance(value, str | list | dict)
    )
    values = node.get("const", node.get("enum"))
    told = len(msgspec.json.encode(values)) // 512 if isinstance(values, list | dict) else 0
    return 1 + len(node) // 16 + sum(sizes) // 64 + told


def _is_plain(value: Any, depth: int) -> bool:
    """Whether a value holds no null and is nested no deeper than *depth*."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return depth > 0 and all(_is_plain(part, depth - 1) for part in value)
    return value is not None


def _named(name: str) -> bool:
    return bool(name) and len(name.encode("utf-16-le")) <= 2 * _LONGEST_NAME


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
