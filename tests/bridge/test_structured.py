"""Schemas and documents: which are good, and what of an answer is the document."""

import json
import time
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amq2api.bridge.structured import Asked, Misfit, Schema, asked, compiled
from amq2api.dialects import messages as m
from amq2api.errors import BadRequest

WHERE = "output_config.format.schema"


def schema(wanted: Any) -> Schema:
    raw = wanted if isinstance(wanted, bytes) else json.dumps(wanted).encode()
    return compiled(Asked(WHERE, msgspec.Raw(raw)))


TITLE = {
    "type": "object", "properties": {"title": {"type": "string"}}, "required": ["title"],
    "additionalProperties": False,
}  # fmt: skip
GOOD = '{"title": "x"}'
NO_JSON = Misfit("$", "")

DOCUMENTS: dict[str, tuple[str, str | Misfit]] = {
    # What the model says, and what of it the client gets.
    "the document": (GOOD, GOOD),
    "with room around it": (f"\n  {GOOD} \n", GOOD),
    "as it was written": ('{ "title":\n"\\u00e9" }', '{ "title":\n"\\u00e9" }'),
    "in a fence": (f"```json\n{GOOD}\n```", GOOD),
    "in a fence without a name": (f"```\n{GOOD}\n```", GOOD),
    "in a fence within chatter": (f"Sure!\n```json\n{GOOD}\n```\nAnything else?", GOOD),
    "after chatter": (f"Here it is: {GOOD}", GOOD),
    "before chatter": (f"{GOOD}\n\nI chose x.", GOOD),
    "after braces that are prose": (f"The set {{a, b}} and [sic]: {GOOD}", GOOD),
    "after a footnote": (f"As in [1]: {GOOD}", GOOD),
    "after a draft": ('Maybe {"title": "y"}. No: ' + GOOD, GOOD),
    "before one that does not fit": (GOOD + ' is not {"name": 1}', GOOD),
    "with a fence inside": ('{"title": "```a```"}', '{"title": "```a```"}'),
    "with braces inside": ('{"title": "}{"}', '{"title": "}{"}'),
    "nothing": ("", NO_JSON),
    "prose": ("I cannot do that.", NO_JSON),
    "cut": ('{"title": "x', NO_JSON),
    "a comma too many": ('{"title": "x",}', NO_JSON),
    "a broken one with a whole one inside": ('{"a": {"title": "x"}, b}', NO_JSON),
    "a draft, and then a broken one": (GOOD + ' or {"title": y}', NO_JSON),
    "not a number": ('{"title": NaN}', NO_JSON),
    "deeper than anyone can read": ("[" * 100_000, NO_JSON),
    "a member too few": ("{}", Misfit("$", "required", '{"required": ["title"]}')),
    "a member too many": (
        '{"title": "x", "a": 1}',
        Misfit("$", "additionalProperties", '{"additionalProperties": false}'),
    ),
    "another type": ('{"title": 5}', Misfit("$.title", "type", '{"type": "string"}')),
}


@pytest.mark.parametrize(("said", "found"), DOCUMENTS.values(), ids=DOCUMENTS)
def test_documents(said: str, found: str | Misfit) -> None:
    assert schema(TITLE).fit(said) == found


SCALARS: dict[str, tuple[Any, str, str | Misfit]] = {
    "a text": ({"type": "string"}, '"hello"', '"hello"'),
    "a fenced number": ({"type": "integer"}, "```\n42\n```", "42"),
    "null": ({"type": "null"}, " null\n", "null"),
    "a text that says a list": ({"type": "string"}, '"[1]"', '"[1]"'),
    "a list in quotation marks": ({"type": "array"}, '"[1]"', "[1]"),
    "a number in quotation marks": (
        {"type": "array"},
        '"1"',
        Misfit("$", "type", '{"type": "array"}'),
    ),
    "a number in prose is none": ({"type": "integer"}, "It is 42.", NO_JSON),
}


@pytest.mark.parametrize(("wanted", "said", "found"), SCALARS.values(), ids=SCALARS)
def test_scalars(wanted: Any, said: str, found: str | Misfit) -> None:
    assert schema(wanted).fit(said) == found


RULES: dict[str, tuple[Any, str, str, str]] = {
    # A schema, a document, and the rule it breaks at which place.
    "within a list": ({"items": {"type": "integer"}}, '[1, "2"]', "$[1]", "type"),
    "a pattern": ({"pattern": "^[0-9]{4}$"}, '"soon"', "$", "pattern"),
    "one of several": ({"enum": ["a", "b"]}, '"c"', "$", "enum"),
    "the nearest of several": (
        {"anyOf": [{"type": "string"}, {"type": "object", "required": ["a"],
                                       "properties": {"a": {"const": 1}}}]},
        '{"a": 2}', "$.a", "const",
    ),
    "by reference": ({"$defs": {"a": {"type": "string"}}, "items": {"$ref": "#/$defs/a"}},
                     "[1]", "$[0]", "type"),
    "by an older reference": (
        {"definitions": {"a": {"type": "string"}}, "items": {"$ref": "#/definitions/a"}},
        "[1]", "$[0]", "type",
    ),
    "nothing is allowed": (False, '{"a": 1}', "$", "false"),
    "the same twice": ({"uniqueItems": True}, '[{"a": 1, "b": 2}, {"b": 2, "a": 1}]', "$",
                       "uniqueItems"),
}  # fmt: skip


@pytest.mark.parametrize(("wanted", "said", "place", "keyword"), RULES.values(), ids=RULES)
def test_rules(wanted: Any, said: str, place: str, keyword: str) -> None:
    found = schema(wanted).fit(said)
    assert isinstance(found, Misfit) and (found.place, found.keyword) == (place, keyword)
    assert found.rule and len(found.rule) < 1100


UNJUDGED: dict[str, tuple[Any, str]] = {
    "expressions": ({"pattern": "^(a+)+$"}, '"' + "a" * 60 + '!"'),
    "names by expressions": (
        {"patternProperties": {"^(a+)+$": {"type": "null"}}, "additionalProperties": False},
        json.dumps({"a" * 60 + "!": 1}),
    ),
    "what is left of names": (
        {"allOf": [{"patternProperties": {"^(a+)+$": True}}], "unevaluatedProperties": False},
        json.dumps({"a" * 60 + "!": 1}),
    ),
    "formats": ({"format": "date"}, '"soon"'),
}


@pytest.mark.parametrize(("wanted", "said"), UNJUDGED.values(), ids=UNJUDGED)
def test_what_would_take_years_or_binds_nobody_is_not_judged(wanted: Any, said: str) -> None:
    assert schema(wanted).fit(said) == said


INVALID: dict[str, tuple[Any, str]] = {
    "no JSON": (b"{", "JSON schema is invalid: "),
    "no text": (b'{"title":"\xff"}', "JSON schema is invalid: "),
    "no schema": (5, "JSON schema is invalid: 5 is not of type 'object', 'boolean'"),
    "no such type": ({"type": "objekt"}, "JSON schema is invalid: 'objekt' is not valid"),
    "deep within": ({"properties": {"a": {"items": {"type": 5}}}}, "JSON schema is invalid: 5"),
    "behind a reference": (
        {"definitions": {"a": {"type": 5}}, "$ref": "#/definitions/a"}, "JSON schema is invalid: 5",
    ),
    "a reference to nothing": ({"$ref": "#/$defs/a"}, '$ref "#/$defs/a" leads nowhere'),
    "a reference elsewhere": ({"$ref": "http://127.0.0.1/a"}, "leads nowhere"),
    "a reference to a file": ({"$ref": "file:///etc/passwd"}, "leads nowhere"),
    "elsewhere, deep within": ({"items": {"$dynamicRef": "http://127.0.0.1/a"}}, "leads nowhere"),
    "round and round": ({"$ref": "#"}, "Schema is too complex for compilation."),
    "round about": ({"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}},
                     "$ref": "#/$defs/a"}, "Schema is too complex for compilation."),
    "doubling at every step": (
        {"$defs": {f"a{n}": {"allOf": [{"$ref": f"#/$defs/a{n + 1}"}] * 2} for n in range(40)}
         | {"a40": {}}, "$ref": "#/$defs/a0"},
        "Schema is too complex for compilation.",
    ),
    "deeper than anyone can read": (
        b'{"items":' * 100_000 + b"{}" + b"}" * 100_000, "Schema is too complex for compilation.",
    ),
    "endless": ({"enum": ["x" * 300_000]}, "Schema is too complex for compilation."),
}  # fmt: skip


@pytest.mark.parametrize(("wanted", "words"), INVALID.values(), ids=INVALID)
def test_what_is_no_schema_is_refused_by_name(wanted: Any, words: str) -> None:
    with pytest.raises(BadRequest) as caught:
        schema(wanted)
    assert str(caught.value).startswith(f"{WHERE}: ") and words in str(caught.value)
    assert len(str(caught.value)) < 400


VALID: dict[str, Any] = {
    "anything": True,
    "an older draft": {"$schema": "http://json-schema.org/draft-07/schema#", "type": "string"},
    "a tree": {"properties": {"children": {"items": {"$ref": "#"}}}},
    "names of its own": {"$id": "https://example.com/a", "$defs": {"b": {"$id": "b"}}, "$ref": "b"},
    "members called like keywords": {"properties": {"$ref": {"type": "string"}, "type": {}}},
    "an expression that is not Python's": {"pattern": r"^\p{L}+$"},
    "values that look like references": {"enum": [{"$ref": "nowhere"}, "x"]},
}


@pytest.mark.parametrize("wanted", VALID.values(), ids=VALID)
def test_what_is_a_schema(wanted: Any) -> None:
    assert schema(wanted).fit('"x"') == '"x"'


def test_an_answer_that_would_be_judged_for_ever_is_not() -> None:
    doubling = {f"a{n}": {"anyOf": [{"$ref": f"#/$defs/a{n + 1}"}] * 2} for n in range(40)}
    wanted = schema(
        {"$defs": doubling | {"a40": False}, "properties": {"a": {"$ref": "#/$defs/a0"}}}
    )
    began = time.monotonic()
    with pytest.raises(BadRequest, match=r"format\.schema: Schema is too complex"):
        wanted.fit('{"a": 1}')
    assert time.monotonic() - began < 30


def test_a_long_answer_is_judged() -> None:
    row = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
    said = json.dumps([{"a": number} for number in range(10_000)])
    assert schema({"type": "array", "items": row, "uniqueItems": True}).fit(said) == said


@pytest.mark.parametrize("prose", ["{ ", "[x", "[1,", '{"', "{} ", "[[", "```\n", '{"a":1}{'])
def test_hostile_prose_takes_no_longer_than_other_prose(prose: str) -> None:
    began = time.monotonic()
    schema(TITLE).fit(prose * 50_000)
    assert time.monotonic() - began < 10


def test_a_rule_that_is_too_long_to_tell_is_named() -> None:
    found = schema({"enum": [f"number {n}" for n in range(1000)]}).fit('"x"')
    assert found == Misfit("$", "enum", "enum")


def test_where_a_call_says_what_it_wants() -> None:
    def call(**members: Any) -> m.Call:
        return m.decode(msgspec.json.encode({
            "model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}],
            **members,
        }))  # fmt: skip

    form = {"type": "json_schema", "schema": {"a": 1}}
    assert asked(call()) is None and asked(call(output_config={"effort": "low"})) is None
    newer, older = asked(call(output_config={"format": form})), asked(call(output_format=form))
    assert newer is not None and (newer.where, bytes(newer.schema)) == (WHERE, b'{"a":1}')
    assert older is not None and older.where == "output_format.schema"


# Laws.

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip
OBJECTS = st.dictionaries(st.text(), JSON, max_size=4)
# Quotes around a document make a text of it, which is another document.
PROSE = st.text(st.characters(exclude_characters='{}[]`"'))
ANYTHING, AN_OBJECT = schema(True), schema({"type": "object"})


@given(JSON, st.booleans(), st.sampled_from([None, 2]))
def test_a_document_by_itself_is_given_as_it_is(value: Any, ascii_only: bool, indent: Any) -> None:
    said = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    assert ANYTHING.fit(said) == said


@given(OBJECTS, PROSE, PROSE, st.booleans())
def test_prose_around_a_document_changes_nothing(
    value: Any, before: str, after: str, fenced: bool
) -> None:
    said = json.dumps(value)
    around = f"{before}\n```json\n{said}\n```\n{after}" if fenced else f"{before}{said}{after}"
    assert AN_OBJECT.fit(around) == said


@given(st.text() | JSON.map(json.dumps) | OBJECTS.map(json.dumps).map(lambda said: said[:-1]))
def test_what_is_given_stands_in_what_was_said_and_fits(said: str) -> None:
    found = AN_OBJECT.fit(said)
    if isinstance(found, str):
        assert found in said and isinstance(json.loads(found), dict)
    else:
        assert found.place.startswith("$")


@given(OBJECTS.filter(bool))
def test_half_a_document_is_none(value: Any) -> None:
    said = json.dumps(value)
    for end in {1, len(said) // 2, len(said) - 1}:
        assert isinstance(AN_OBJECT.fit(said[:end]), Misfit)
