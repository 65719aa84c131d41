"""JSON Schema, Draft 2020-12, for schemas of strangers: bounded work, and nothing fetched.

What can be made expensive is bounded or left out: this may run beside other calls. The library
takes a third of a second and ten megabytes, so it is loaded with the first schema.
"""

import functools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from .expressions import effort, matches

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

__all__ = ["TooComplex", "bounded", "check", "judge"]

_BUDGET = 500_000  # comparisons that judging one answer may take, about a second
_REFERENCE = 20  # comparisons that following a reference is worth
_STEPS = 50  # of an expression's, as long as one comparison


class TooComplex(Exception):
    """Judging takes more work than any honest schema does."""


_spent: ContextVar[list[int]] = ContextVar("spent")
"""Comparisons made so far for the answer at hand."""


@contextmanager
def bounded() -> Iterator[None]:
    """Within it, judging raises TooComplex once it has taken too much work."""
    before = _spent.set([0])
    try:
        yield
    finally:
        _spent.reset(before)


def judge(schema: Any) -> "Validator":
    """The validator of a checked schema."""
    return _judging()(schema, registry=_nothing_elsewhere())


def check(schema: Any) -> None:
    """Refuse what is no schema, and references that lead nowhere.

    Raises:
        ValueError: in words for the schema's author.
    """
    from referencing.exceptions import Unresolvable
    from referencing.jsonschema import DRAFT202012

    _check_form(schema)
    root = DRAFT202012.create_resource(schema)
    waiting = [(root, _nothing_elsewhere().resolver_with_root(root))]
    targets: list[Any] = []
    seen: set[int] = set()
    while waiting or targets:
        if not waiting:
            target = targets.pop()
            if id(target.contents) in seen:
                continue
            # It lies where no schema is expected, as in the older ``definitions``.
            _check_form(target.contents)
            waiting.append((DRAFT202012.create_resource(target.contents), target.resolver))
        resource, outer = waiting.pop()
        seen.add(id(resource.contents))
        resolver = outer.in_subresource(resource)
        waiting += [(inner, resolver) for inner in resource.subresources()]
        for reference in _references(resource.contents):
            try:
                targets.append(resolver.lookup(reference))
            except Unresolvable:
                raise ValueError(f"$ref {_json(reference)} leads nowhere") from None


def _check_form(schema: Any) -> None:
    from jsonschema import Draft202012Validator, FormatChecker
    from jsonschema.exceptions import SchemaError

    try:
        # Formats are left out: an expression may be of another language than Python's.
        Draft202012Validator.check_schema(schema, format_checker=FormatChecker([]))
    except SchemaError as problem:
        raise ValueError(problem.message) from None


def _references(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        for member in ("$ref", "$dynamicRef"):
            if isinstance(schema.get(member), str):
                yield schema[member]


@functools.cache
def _judging() -> "type[Validator]":
    """Draft 2020-12 with bounded work, the client's regular expressions above all."""
    from jsonschema import Draft202012Validator
    from jsonschema.validators import extend

    costs = dict.fromkeys(("$ref", "$dynamicRef"), _REFERENCE)
    bounded = {
        word: _bounded(judge, costs.get(word, 1))
        for word, judge in Draft202012Validator.VALIDATORS.items()
    }
    plain = bounded["additionalProperties"]

    def additional(judge: Any, value: Any, instance: Any, schema: Any) -> Any:
        return () if "patternProperties" in schema else plain(judge, value, instance, schema)

    bounded |= dict.fromkeys(("patternProperties", "unevaluatedProperties"), _unjudged)
    bounded |= {"pattern": _pattern}
    bounded |= {"additionalProperties": additional, "uniqueItems": _bounded(_unique, 1)}
    judging: type[Validator] = extend(  # type: ignore[no-untyped-call]
        Draft202012Validator, bounded
    )
    return judging


def _bounded(judge: Any, cost: int) -> Any:
    def bounded(validator: Any, value: Any, instance: Any, schema: Any) -> Any:
        _spend(cost + _size(value) + _size(instance))
        return judge(validator, value, instance, schema)

    return bounded


def _spend(comparisons: int) -> None:
    if (spent := _spent.get(None)) is not None:
        spent[0] += comparisons
        if spent[0] > _BUDGET:
            raise TooComplex


def _unjudged(_validator: Any, _value: Any, _instance: Any, _schema: Any) -> tuple[()]:
    return ()


def _pattern(_validator: Any, pattern: Any, instance: Any, _schema: Any) -> Iterator[Any]:
    from jsonschema.exceptions import ValidationError

    if isinstance(instance, str) and (steps := effort(pattern, instance)) is not None:
        _spend(1 + steps // _STEPS)
        if not matches(pattern, instance):
            yield ValidationError("does not match")


def _unique(_validator: Any, value: Any, instance: Any, _schema: Any) -> Iterator[Any]:
    """In linear time, which the library's way is not."""
    from jsonschema.exceptions import ValidationError

    if value and isinstance(instance, list):
        different = {json.dumps(item, sort_keys=True) for item in instance}
        if len(different) < len(instance):
            yield ValidationError("has non-unique elements")


def _size(value: Any) -> int:
    return len(value) if isinstance(value, list | dict) else 0


def _nothing_elsewhere() -> Any:
    from referencing.jsonschema import EMPTY_REGISTRY

    return EMPTY_REGISTRY


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
