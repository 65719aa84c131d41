"""A JSON schema as the rows of a table: one for each member, those inside others included."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias

from .inputs import WORDS

Schema: TypeAlias = Mapping[str, Any]

_BOUNDS: Mapping[str, str] = {
    "minLength": "at least {} characters", "maxLength": "at most {} characters",
    "minimum": "at least {}", "maximum": "at most {}", "minItems": "at least {} of them",
}  # fmt: skip


class Row(NamedTuple):
    """A member as people read it."""

    name: str
    """Dotted; ``[]`` stands for each part of a list."""
    type: str
    required: bool
    notes: str


def resolved(schema: Schema, components: Schema) -> Schema:
    """What *schema* refers to, if it does."""
    while "$ref" in schema:
        schema = components[schema["$ref"].rpartition("/")[2]]
    return schema


def rows(schema: Schema, components: Schema, *, below: str = "") -> Iterator[Row]:
    """The members of *schema*, of its branches and parts, in the document's order."""
    schema = resolved(schema, components)
    required = schema.get("required", ())
    for name, member in schema.get("properties", {}).items():
        place = f"{below}.{name}" if below else name
        yield Row(place, _type(member, components), name in required, _notes(member, components))
        yield from rows(member, components, below=place)
    for branch in _branches(schema):
        yield from rows(branch, components, below=below)
    if "items" in schema:
        yield from rows(schema["items"], components, below=f"{below}[]")


def _branches(schema: Schema) -> list[Schema]:
    return [*schema.get("anyOf", ()), *schema.get("oneOf", ())]


def _type(schema: Schema, components: Schema) -> str:
    schema = resolved(schema, components)
    if "const" in schema:
        return _literal(schema["const"])
    if "enum" in schema:
        return " or ".join(map(_literal, schema["enum"]))
    if branches := _branches(schema):
        return " or ".join(dict.fromkeys(_type(branch, components) for branch in branches))
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}), components)}"
    return str(schema.get("type", "anything"))


def _notes(schema: Schema, components: Schema) -> str:
    schema = resolved(schema, components)
    inner = [resolved(branch, components) for branch in _branches(schema)]
    told = [schema["description"]] if "description" in schema else []
    for part in (schema, *inner):
        told += [WORDS[part["pattern"]]] if part.get("pattern") in WORDS else []
        # That a text must not be empty is said by its pattern, or goes without saying.
        bounds = {key: part[key] for key in _BOUNDS if part.get(key, 1) != 1}
        told += [_BOUNDS[key].format(bound) for key, bound in bounds.items()]
    examples = schema.get("examples") or ()
    told += [f"such as {_literal(example)}" for example in examples[:1]]
    return "; ".join(note.rstrip(".") for note in told)


def _literal(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case None:
            return "null"
        case str():
            return f'"{value}"'
        case _:
            return str(value)
