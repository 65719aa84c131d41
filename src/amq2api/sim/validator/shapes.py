"""Shapes of JSON as values: a small vocabulary to write the service's model in.

Each shape has ``problems(value, where)``. A null is never what any of them expects (2.1).
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from .problems import Kind, Problem


class Shape(ABC):
    """What a JSON value has to look like."""

    @abstractmethod
    def problems(self, value: object, where: str) -> Iterator[Problem]:
        """Everything about *value* that is not as it should be."""


def utf16(text: str) -> int:
    """Length as Java counts it: the larger of the two ways to read "characters"."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


@dataclass(frozen=True, slots=True)
class Text(Shape):
    least: int = 0
    most: int | None = None
    pattern: re.Pattern[str] | None = None
    options: Collection[str] | None = None
    rule: str = "2.2"
    kind: Kind = "malformed"
    too_long: Kind | None = None
    """What exceeding *most* is, if not *kind*."""

    def problems(self, value: object, where: str) -> Iterator[Problem]:
        if not isinstance(value, str):
            yield Problem(self.kind, self.rule, where)
        elif self.most is not None and utf16(value) > self.most:
            yield Problem(self.too_long or self.kind, self.rule, where)
        elif len(value) < self.least or not self._allowed(value):
            yield Problem(self.kind, self.rule, where)

    def _allowed(self, value: str) -> bool:
        if self.options is not None and value not in self.options:
            return False
        return self.pattern is None or self.pattern.fullmatch(value) is not None


@dataclass(frozen=True, slots=True)
class Whole(Shape):
    least: int = -(2**31)
    most: int = 2**31 - 1

    def problems(self, value: object, where: str) -> Iterator[Problem]:
        if (
            not isinstance(value, int)
            or isinstance(value, bool)
            or not self.least <= value <= self.most
        ):
            yield Problem("malformed", "2.4", where)


@dataclass(frozen=True, slots=True)
class Flag(Shape):
    def problems(self, value: object, where: str) -> Iterator[Problem]:
        if not isinstance(value, bool):
            yield Problem("malformed", "2.3", where)


@dataclass(frozen=True, slots=True)
class Document(Shape):
    """Free JSON, of which only the top level is known to be an object."""

    rule: str = "2.1"
    kind: Kind = "malformed"

    def problems(self, value: object, where: str) -> Iterator[Problem]:
        if not isinstance(value, dict):
            yield Problem(self.kind, self.rule, where)


@dataclass(frozen=True, slots=True)
class Anything(Shape):
    """Free JSON altogether."""

    null: bool = True
    """Whether it may be null."""

    def problems(self, value: object, where: str) -> Iterator[Problem]:
        if value is None and not self.null:
            yield Problem("malformed", "2.1", where)


@dataclass(frozen=True, slots=True)
class ListOf(Shape):
    shape: Shape
    most: int | None = None
    rule: str = "2.4"
    kind: Kind = "malformed"
    too_many: Kind | None = None

    def problems(self, value: object, where: str) -> Iterator[Problem]:
        if not isinstance(value, list):
            yield Problem(self.kind, self.rule, where)
            return
        if self.most is not None and len(value) > self.most:
            yield Problem(self.too_many or self.kind, self.rule, where)
        for index, item in enumerate(value):
            yield from self.shape.problems(item, f"{where}[{index}]")


@dataclass(frozen=True, slots=True)
class Members(Shape):
    """An object. Members named in neither table are unknown to the service."""

    required: Mapping[str, Shape] = field(default_factory=dict)
    optional: Mapping[str, Shape] = field(default_factory=dict)
    tolerated: Collection[str] = ()
    """Known to be ignored by the service, whatever they hold."""
    rule: str = "2.2"
    kind: Kind = "malformed"
    closed: bool = True
    """Whether an unknown member is refused."""

    def problems(self, value: object, where: str) -> Iterator[Problem]:
        if not isinstance(value, dict):
            yield Problem(self.kind, self.rule, where)
            return
        for name, member in value.items():
            shape = self.required.get(name) or self.optional.get(name)
            if shape is not None:
                yield from shape.problems(member, _at(where, name))
            elif self.closed and name not in self.tolerated:
                yield Problem("unknown member", "2.1", _at(where, name))
        for name in self.required:
            if name not in value:
                yield Problem(self.kind, self.rule, _at(where, name))


@dataclass(frozen=True, slots=True)
class Union(Shape):
    """An object with exactly one of the members."""

    members: Mapping[str, Shape]
    rule: str = "2.3"
    kind: Kind = "malformed"
    open: bool = False
    """Whether an object that has none of the members is let pass."""

    def problems(self, value: object, where: str) -> Iterator[Problem]:
        if self.open and isinstance(value, dict) and not self.members.keys() & value.keys():
            return
        if not isinstance(value, dict) or len(value) != 1:
            yield Problem(self.kind, self.rule, where)
            return
        ((name, member),) = value.items()
        shape = self.members.get(name)
        if shape is not None:
            yield from shape.problems(member, _at(where, name))
        else:
            yield Problem(self.kind, self.rule, _at(where, name))


def _at(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name
