"""Tool schemas on the left, what the service gets on the right; ``lost`` where it says less."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amq2api.bridge.amazonq.schema import normalise
from amq2api.sim.validator.rules import STRICT
from amq2api.sim.validator.schemas import problems

S = {"type": "string"}
N = {"type": "number"}
WHOLE, LOST = False, True


def obj(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


ROOTS: dict[str, tuple[Any, Any, bool]] = {
    "nothing": ({}, obj(), WHOLE),
    "what the service knows": (
        {"type": "object", "title": "T", "description": "D", "properties": {"a": S},
         "required": ["a"]},
        {"type": "object", "title": "T", "description": "D", "properties": {"a": S},
         "required": ["a"]}, WHOLE,
    ),
    "no type": ({"properties": {"a": S}}, obj(a=S), WHOLE),
    "not an object": ({"type": "array", "items": S}, obj(), LOST),
    "object or null": ({"type": ["object", "null"]}, obj(), LOST),
    "bookkeeping goes without loss": (
        {"$schema": "x", "$id": "y", "$comment": "z", "type": "object", "required": []},
        obj(), WHOLE,
    ),
    "closed": ({"type": "object", "additionalProperties": False}, obj(), LOST),
    "required of nobody": (
        {**obj(a=S), "required": ["b", "a", "a", 1]}, {**obj(a=S), "required": ["a"]}, LOST,
    ),
    "required twice": (
        {**obj(a=S), "required": ["a", "a"]}, {**obj(a=S), "required": ["a"]}, WHOLE,
    ),
    "a list of whole objects": ({"enum": [{"a": 1}, {"a": 2}]}, obj(), LOST),
    "nulls": ({"properties": None, "required": None, "description": None}, obj(), WHOLE),
    "all of": (
        {"type": "object", "allOf": [{**obj(a=S), "required": ["a"]}, {**obj(b=N)},
                                     {"required": ["b"]}]},
        {**obj(a=S, b=N), "required": ["a", "b"]}, WHOLE,
    ),
    "one of several objects": (
        {"oneOf": [{**obj(a=S, b=S), "required": ["b", "a"]},
                   {**obj(b=N, c=S), "required": ["b"]}]},
        {**obj(b=S, c=S, a=S), "required": ["b"]}, LOST,
    ),
    "this or that is required": (
        {**obj(a=S, b=S), "required": ["a"], "anyOf": [{"required": ["a"]}, {"required": ["b"]}]},
        {**obj(a=S, b=S), "required": ["a"]}, LOST,
    ),
    "refers to a definition": (
        {"$ref": "#/$defs/a~1b", "$defs": {"a/b": obj(a=S)}}, obj(a=S), WHOLE,
    ),
}  # fmt: skip

PROPERTIES: dict[str, tuple[Any, Any, bool]] = {
    "described": ({"type": "string", "description": "d"}, {"type": "string", "description": "d"},
                  WHOLE),
    "bounded": ({"type": "string", "maxLength": 3}, S, LOST),
    "with a default": ({"type": "string", "default": "x"}, S, LOST),
    "true": (True, {}, WHOLE),
    "false": (False, {}, LOST),
    "anything": ({}, {}, WHOLE),
    "unknown type": ({"type": "file"}, {}, LOST),
    "only null": ({"type": "null"}, {}, LOST),
    "or null": ({"type": ["null", "string"]}, S, LOST),
    "one type in a list": ({"type": ["string"]}, S, WHOLE),
    "const": ({"const": "x"}, {"enum": ["x"]}, WHOLE),
    "enum": ({"type": "string", "enum": ["x", "y"]}, {"type": "string", "enum": ["x", "y"]}, WHOLE),
    "enum with null": ({"enum": ["x", None]}, {"enum": ["x"]}, LOST),
    "enum with a null inside": ({"enum": ["x", {"a": [None]}]}, {"enum": ["x"]}, LOST),
    "const with a null inside": ({"const": {"a": None}}, {}, LOST),
    "empty enum": ({"type": "string", "enum": []}, S, WHOLE),
    "list": ({"type": "array", "items": S}, {"type": "array", "items": S}, WHOLE),
    "list of anything": ({"type": "array"}, {"type": "array"}, WHOLE),
    "tuple": ({"type": "array", "items": [S, N]}, {"type": "array", "items": S}, LOST),
    "tuple, as of 2020": (
        {"type": "array", "prefixItems": [S, N]}, {"type": "array", "items": S}, LOST,
    ),
    "optional": ({"anyOf": [S, {"type": "null"}], "title": "T"},
                 {"type": "string", "title": "T"}, LOST),
    "never": ({"anyOf": [{"const": None}, {"enum": [None]}]}, {}, LOST),
    "choice of words": (
        {"anyOf": [{"const": "x"}, {"type": "string", "enum": ["y"]}]}, {"enum": ["x", "y"]}, WHOLE,
    ),
    "string or list": (
        {"anyOf": [S, {"type": "array", "items": S}], "description": "d"},
        {"type": "string", "description": "d"}, LOST,
    ),
    "words or any string": ({"anyOf": [{"type": "string", "enum": ["x"]}, S]}, S, LOST),
    "a list of this or of that": (
        {"anyOf": [{"type": "array", "items": S}, {"type": "array", "items": N}]},
        {"type": "array", "items": S}, LOST,
    ),
    "object inside": (
        {**obj(x=S), "required": ["x", "y"]}, {**obj(x=S), "required": ["x"]}, LOST,
    ),
    "refers to the root": ({"$ref": "#"}, {"type": "object"}, LOST),
    "refers to a neighbour, with words of its own": (
        {"$ref": "#/properties/other", "description": "d"}, {"type": "number", "description": "d"},
        WHOLE,
    ),
    "refers elsewhere": ({"$ref": "https://x/y"}, {"type": "object"}, LOST),
    "refers to nothing": ({"$ref": "#/$defs/x"}, {"type": "object"}, LOST),
    "refers to no reference": ({"$ref": 1}, {"type": "object"}, LOST),
}  # fmt: skip


def normal(schema: Any) -> tuple[Any, bool]:
    made, lost = normalise(msgspec.json.encode(schema))
    return msgspec.json.decode(made), lost


@pytest.mark.parametrize(("schema", "made", "lost"), ROOTS.values(), ids=ROOTS)
def test_roots(schema: Any, made: Any, lost: bool) -> None:
    assert normal(schema) == (made, lost)


@pytest.mark.parametrize(("schema", "made", "lost"), PROPERTIES.values(), ids=PROPERTIES)
def test_properties(schema: Any, made: Any, lost: bool) -> None:
    # Beside a root that refers to itself nothing may be lost that was not lost before.
    assert normal(obj(it=schema, other=N)) == (obj(it=made, other=N), lost)


def test_a_root_reference_is_followed_once() -> None:
    made, lost = normal({"$ref": "#"})
    assert made == obj() and lost


@pytest.mark.parametrize("name", ["", "x" * 65, "🎉" * 33])
def test_property_names_the_service_refuses_go(name: str) -> None:
    assert normal({**obj(a=S, **{name: S}), "required": ["a", name]}) == (
        {**obj(a=S), "required": ["a"]},
        True,
    )


def test_a_circle_is_cut_where_it_closes() -> None:
    node = obj(value=S, next={"$ref": "#/$defs/node"})
    made, lost = normal({**obj(head={"$ref": "#/$defs/node"}), "$defs": {"node": node}})
    assert made == obj(head=obj(value=S, next={"type": "object"})) and lost


def test_depth_has_an_end() -> None:
    schema: Any = S
    for _ in range(200):
        schema = obj(x=schema)
    made, lost = normal(schema)
    depth = 0
    while properties := made.get("properties"):
        made, depth = properties["x"], depth + 1
    assert made == {"type": "object"} and lost and 20 < depth < 40


@pytest.mark.parametrize("depth", [33, 200, 400, 600, 800, 900, 950, 990])
def test_values_without_a_bottom_are_none(depth: int) -> None:
    deep = b"[" * depth + b"1" + b"]" * depth
    made, lost = normalise(b'{"type":"object","properties":{"a":{"const":%b}}}' % deep)
    assert lost and msgspec.json.decode(made) in (obj(a={}), obj())


def test_references_cannot_make_a_small_schema_huge() -> None:
    """Twenty definitions, each of which holds the next one twice: a million leaves."""
    definitions = {
        str(n): obj(a={"$ref": f"#/$defs/{n + 1}"}, b={"$ref": f"#/$defs/{n + 1}"})
        for n in range(20)
    }
    definitions["20"] = {"type": "string", "description": "d" * 1000}
    made, lost = normalise(msgspec.json.encode({"$ref": "#/$defs/0", "$defs": definitions}))
    assert lost and len(made) < 1_000_000


MANY = [f"αβ{n}" for n in range(20_000)]
GROWING: dict[str, Any] = {
    # What a definition says; three thousand properties refer to it.
    "many values": {"enum": MANY},
    "many demands": {**obj(a=S), "required": MANY},
    "many properties": obj(**dict.fromkeys(MANY, S)),
    "many branches": {"anyOf": [{"type": "null"}] * 20_000},
    "many parts": {"allOf": [obj(a=S)] * 20_000},
    "many words": {"title": "d" * 100_000},
    "a large value": {"const": {"a": MANY}},
    "many keywords nobody knows": dict.fromkeys(MANY, 1),
}


@pytest.mark.parametrize("definition", GROWING.values(), ids=GROWING)
def test_references_do_not_repeat_what_is_large(definition: dict[str, Any]) -> None:
    refers = {"$ref": "#/$defs/large"}
    schema = {**obj(**{f"p{n}": refers for n in range(3000)}), "$defs": {"large": definition}}
    asked = msgspec.json.encode(schema)
    made, lost = normalise(asked)
    assert lost and len(made) < 3_000_000
    assert list(problems(msgspec.json.decode(made), "", strict=True)) == []


def test_a_large_choice_of_words_stays_whole() -> None:
    words = [f"αβ{n}" for n in range(100_000)]
    assert normal(obj(a={"type": "string", "enum": words})) == (
        obj(a={"type": "string", "enum": words}), WHOLE,
    )  # fmt: skip


@pytest.mark.parametrize(
    "schema", [b'{"minimum":1e999}', b'{"x":' + b"[" * 5000 + b"]" * 5000 + b"}"]
)
def test_json_that_cannot_be_read_says_nothing(schema: bytes) -> None:
    assert normalise(schema) == (b'{"type":"object","properties":{}}', True)


def test_no_schema_says_nothing() -> None:
    assert normalise(b"") == (b'{"type":"object","properties":{}}', False)


KEYWORDS = (
    "type", "description", "title", "properties", "required", "items", "prefixItems", "enum",
    "const", "$ref", "allOf", "anyOf", "oneOf", "$defs", "additionalProperties", "format", "not",
)  # fmt: skip
ANY_JSON = st.recursive(
    st.sampled_from([None, True, 1, "object", "string", "null", "#", "#/$defs/a", "a", ""]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*KEYWORDS, "a", "", "x" * 65]), inner, max_size=4)
    ),
    max_leaves=25,
)


@given(st.dictionaries(st.sampled_from(KEYWORDS), ANY_JSON))
def test_whatever_a_schema_is_the_service_takes_what_comes_out(schema: Any) -> None:
    made, _ = normal(schema)
    assert list(problems(made, "", strict=STRICT.strict)) == []
    assert made["type"] == "object" and isinstance(made["properties"], dict)


@given(st.dictionaries(st.sampled_from(KEYWORDS), ANY_JSON))
def test_what_came_out_stays_as_it_is(schema: Any) -> None:
    made, _ = normal(schema)
    assert normal(made) == (made, False)
