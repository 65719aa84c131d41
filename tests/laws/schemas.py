"""JSON Schemas of every kind that tools come with, and some that no tool should."""

from typing import Any, TypeAlias

from hypothesis import strategies as st

from laws.texts import KEYS, TEXTS, VALUES

__all__ = ["PROPERTIES", "ROOTS", "SCHEMAS"]

Json: TypeAlias = dict[str, Any]

PROPERTIES = ("α", "β", "αβ")
"""Few names, so that branches, ``required`` and references meet."""

_NAMES = st.sampled_from(PROPERTIES) | KEYS
_REFERENCES = st.sampled_from([
    "#", "#/$defs/α", "#/$defs/β", "#/definitions/α", "#/properties/α", "#/$defs/nowhere",
    "#/$defs/α/properties/β", "other.json#/α", "#α", "", "#/$defs/~1~0", "#/$defs",
])  # fmt: skip
_TYPES = st.sampled_from([
    "string", "number", "integer", "boolean", "object", "array", "null", ["string", "null"],
    ["integer", "string"], ["null"], [], "file", 1, None, ["object", "null"],
])  # fmt: skip
_RULES: st.SearchStrategy[Json] = st.sampled_from([
    {}, {"format": "date-time"}, {"pattern": "^[αβ]+$"}, {"minLength": 1}, {"maximum": 9},
    {"exclusiveMinimum": 0}, {"default": None}, {"not": {}}, {"additionalProperties": False},
    {"properties": None, "required": None}, {"items": None}, {"enum": {}}, {"required": [1]},
])  # fmt: skip
_COMPOSITIONS = st.sampled_from(["anyOf", "oneOf", "allOf"])
_LEAVES = ("bare", "bare", "bare", "const", "enum", "ref", "ref", "bool")
_NODES = (*_LEAVES, "object", "object", "object", "items", "list", "composed", "composed", "if")


@st.composite
def _schemas(draw: st.DrawFn, depth: int = 3) -> Any:
    kind = draw(st.sampled_from(_NODES if depth else _LEAVES))
    if kind == "bool":
        return draw(st.booleans())
    made: Json = {**draw(_RULES)} if draw(st.booleans()) else {}
    if draw(st.booleans()):
        made["description"] = draw(TEXTS)
    return made | draw(_LEAF[kind] if kind in _LEAF else _branch(kind, depth - 1))


_LEAF: dict[str, st.SearchStrategy[Json]] = {
    "bare": _TYPES.map(lambda kind: {"type": kind}),
    "const": VALUES.map(lambda value: {"const": value}),
    "enum": st.lists(VALUES, min_size=1, max_size=3).map(lambda values: {"enum": values}),
    "ref": _REFERENCES.map(lambda ref: {"$ref": ref}),
}


@st.composite
def _branch(draw: st.DrawFn, kind: str, depth: int) -> Json:
    inner = [draw(_schemas(depth)) for _ in range(draw(st.integers(0, 3)))]
    kinds: Json = {"type": draw(_TYPES)} if draw(st.booleans()) else {}
    first = inner[0] if inner else True
    match kind:
        case "object":
            properties = {draw(_NAMES): schema for schema in inner}
            required = draw(st.lists(_NAMES, max_size=3))
            return {**kinds, "properties": properties, "required": required}
        case "items":
            return {**kinds, "items": first}
        case "list":
            return {**kinds, draw(st.sampled_from(["items", "prefixItems"])): inner}
        case "composed":
            return {**kinds, draw(_COMPOSITIONS): inner}
        case _:
            return {"if": first, "then": inner[-1] if inner else {}, "propertyNames": first}


SCHEMAS: st.SearchStrategy[Any] = _schemas()


def _nested(schema: Any, depth: int, key: str) -> Json:
    """*schema*, deep inside."""
    for _ in range(depth):
        if key == "properties":
            schema = {"type": "object", "properties": {"α": schema}}
        elif key == "items":
            schema = {"type": "array", "items": schema}
        else:
            schema = {key: [schema]}
    return {"type": "object", "properties": {"β": schema}}


_OPTIONAL: st.SearchStrategy[Json] = st.sampled_from([
    {}, {"additionalProperties": False}, {"$schema": "http://json-schema.org/draft-07/schema#"},
    {"anyOf": [{"required": ["α"]}, {"properties": {"β": {}}}]}, {"title": "δ"},
    {"$defs": {"α": {"type": "object", "properties": {"β": {"$ref": "#/$defs/α"}}}}},
])  # fmt: skip


@st.composite
def _roots(draw: st.DrawFn) -> Json:
    match draw(st.sampled_from(["plain", "plain", "plain", "any", "deep", "odd"])):
        case "any":
            schema = draw(SCHEMAS)
            return schema if isinstance(schema, dict) else {}
        case "deep":
            keys = st.sampled_from(["properties", "items", "anyOf", "allOf"])
            return _nested(draw(SCHEMAS), draw(st.sampled_from([3, 31, 40])), draw(keys))
        case "odd":
            return draw(_ODD)
    made: Json = {**draw(_OPTIONAL), **draw(_branch("object", 2)), "type": "object"}
    if draw(st.booleans()):
        place = draw(st.sampled_from(["$defs", "definitions"]))
        made[place] = {"α": draw(SCHEMAS), "/~": draw(SCHEMAS)}
    return made


_ODD: st.SearchStrategy[Json] = st.sampled_from([
    {}, {"type": "object"}, {"type": "object", "properties": {}, "required": []},
    {"$ref": "#/$defs/α", "$defs": {"α": {"allOf": [{"$ref": "#"}] * 2}}},
    {"type": "object", "properties": {"α": {"$ref": "#"}, "β": {"$ref": "#/properties/α"}}},
    {"type": "string"}, {"type": ["object", "null"]}, {"type": "array", "items": {}},
])  # fmt: skip

ROOTS: st.SearchStrategy[Json] = _roots()
"""What stands for a whole tool: always a JSON object, not always a sensible one."""
