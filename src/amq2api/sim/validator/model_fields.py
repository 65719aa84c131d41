"""``additionalModelRequestFields`` against the schema the model publishes (2.9).

A reading of the few JSON Schema keywords those schemas use, and no more.
"""

from collections.abc import Iterator
from typing import Any

from .problems import Problem

_WHERE = "additionalModelRequestFields"
_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
}


def problems(fields: Any, schema: Any) -> Iterator[Problem]:
    """*schema* is the model's, None if it publishes none."""
    if schema is None:
        yield _said("additionalModelRequestFields is not supported for this model", _WHERE)
        return
    yield from _check(fields, schema, _WHERE)


def _check(value: Any, schema: dict[str, Any], where: str) -> Iterator[Problem]:
    name = where.rsplit(".", 1)[-1]
    wanted = _TYPES.get(schema.get("type", ""))
    if wanted and not _is(value, wanted):
        yield _said(f"property '{name}' must be of type {schema['type']}", where)
    elif "enum" in schema and value not in schema["enum"]:
        options = ", ".join(map(str, schema["enum"]))
        yield _said(f"property '{name}' must be one of [{options}]", where)
    elif isinstance(value, dict):
        yield from _members(value, schema, where)
    elif isinstance(value, int | float):
        yield from _bounds(value, schema, name, where)


def _is(value: Any, wanted: tuple[type, ...]) -> bool:
    return isinstance(value, wanted) and (bool in wanted or not isinstance(value, bool))


def _members(value: dict[str, Any], schema: dict[str, Any], where: str) -> Iterator[Problem]:
    known = schema.get("properties", {})
    for name, member in value.items():
        at = f"{where}.{name}"
        if name in known:
            yield from _check(member, known[name], at)
        elif schema.get("additionalProperties", True) is False:
            yield _said(f"property '{name}' is not defined in the schema", at)
    for name in schema.get("required", []):
        if name not in value:
            yield _said(f"property '{name}' is required", f"{where}.{name}")


def _bounds(value: float, schema: dict[str, Any], name: str, where: str) -> Iterator[Problem]:
    least, most = schema.get("minimum"), schema.get("maximum")
    if (least is not None and value < least) or (most is not None and value > most):
        yield _said(f"property '{name}' must be between {least} and {most}", where)


def _said(message: str, where: str) -> Problem:
    return Problem("model fields", "2.9", where, message)
