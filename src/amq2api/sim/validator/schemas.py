"""Tool schemas: the part of JSON Schema that the service is known to take.

Sources disagree on the rest (upstream-protocol.md 2.5, 8.3, 8.4), so the strict reading
refuses every keyword any report names, and the lenient one what reports agree on.
"""

from collections.abc import Iterator
from typing import Any

from .problems import Problem
from .shapes import utf16

_REPORTED = frozenset({
    "$schema", "$ref", "$defs", "definitions", "additionalProperties", "const", "format",
    "exclusiveMinimum", "propertyNames",
})  # fmt: skip
_COMPOSITIONS = ("oneOf", "anyOf", "allOf")
_MAPS = ("properties", "patternProperties", "dependentSchemas")
_LISTS = (*_COMPOSITIONS, "prefixItems")
_SINGLE = (
    "items", "not", "if", "then", "else", "contains", "additionalItems", "unevaluatedItems",
    "unevaluatedProperties",
)  # fmt: skip
_TYPES = frozenset({"string", "number", "integer", "boolean", "object", "array", "null"})
_MAX_PROPERTY_NAME = 64


def problems(schema: dict[str, Any], where: str, *, strict: bool) -> Iterator[Problem]:
    """Judge one tool's schema; its top level is known to be an object."""
    if strict:
        yield from _root(schema, where)
    # A stack and not recursion: depth is the client's to choose.
    waiting: list[tuple[Any, str]] = [(schema, where)]
    while waiting:
        node, at = waiting.pop()
        if not isinstance(node, dict):
            # ``true`` is a schema in the standard's eyes, no report shows the service taking it.
            if strict or not isinstance(node, bool):
                yield _bad(at)
            continue
        yield from _node(node, at, strict=strict)
        waiting.extend(_children(node, at))
    if strict and _has_null(schema):
        # Absent members are to be left out, at whatever depth (2.1).
        yield _bad(where)


def _has_null(schema: dict[str, Any]) -> bool:
    waiting: list[Any] = [schema]
    while waiting:
        node = waiting.pop()
        if node is None:
            return True
        if isinstance(node, dict):
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)
    return False


def _root(schema: dict[str, Any], where: str) -> Iterator[Problem]:
    if schema.get("type") != "object":
        yield _bad(f"{where}.type")
    for name in _COMPOSITIONS:
        if name in schema:
            yield _bad(f"{where}.{name}")


def _node(node: dict[str, Any], at: str, *, strict: bool) -> Iterator[Problem]:
    for name, wanted in (("required", list), ("properties", dict)):
        if name in node and not isinstance(node[name], wanted):
            yield _bad(f"{at}.{name}")
    required = node.get("required")
    if isinstance(required, list) and not all(isinstance(name, str) for name in required):
        yield _bad(f"{at}.required")
    if strict:
        yield from _doubts(node, at)


def _doubts(node: dict[str, Any], at: str) -> Iterator[Problem]:
    for name in sorted(_REPORTED & node.keys()):
        yield _bad(f"{at}.{name}")
    yield from _values(node, at)
    # Kiro CLI sends an empty ``required`` and is answered; other reports have it refused (8.3).
    if node.get("required") == []:
        yield _bad(f"{at}.required")
    properties = node.get("properties")
    if isinstance(properties, dict):
        for name in properties:
            if not 1 <= utf16(name) <= _MAX_PROPERTY_NAME:
                yield _bad(f"{at}.properties.{name[:80]}")


def _values(node: dict[str, Any], at: str) -> Iterator[Problem]:
    """Keywords whose values are of no kind that the standard knows."""
    for name in ("description", "title"):
        if name in node and not isinstance(node[name], str):
            yield _bad(f"{at}.{name}")
    if "enum" in node and (not isinstance(node["enum"], list) or not node["enum"]):
        yield _bad(f"{at}.enum")
    if "type" in node:
        kinds = node["type"] if isinstance(node["type"], list) else [node["type"]]
        if not kinds or not all(isinstance(kind, str) and kind in _TYPES for kind in kinds):
            yield _bad(f"{at}.type")


def _children(node: dict[str, Any], at: str) -> Iterator[tuple[Any, str]]:
    for name in _MAPS:
        members = node.get(name)
        if isinstance(members, dict):
            yield from ((child, f"{at}.{name}.{key}") for key, child in members.items())
    for name in _LISTS:
        branches = node.get(name)
        if isinstance(branches, list):
            yield from ((child, f"{at}.{name}[{i}]") for i, child in enumerate(branches))
    for name in _SINGLE:
        if name in node:
            listed = node[name] if isinstance(node[name], list) else [node[name]]
            yield from ((child, f"{at}.{name}") for child in listed)


def _bad(where: str) -> Problem:
    return Problem("tool schema", "2.5", where)
