"""What was made of things that come again: found by the thing itself, not by what it says."""

from typing import Generic, TypeVar

__all__ = ["Seen"]

_K = TypeVar("_K")
_V = TypeVar("_V")


class Seen(Generic[_K, _V]):
    """Remembers what was made of at most *most* things, which it keeps alive meanwhile.

    Comparing takes no time whatever their size. Two threads may use it: at worst one makes
    again what the other has made.
    """

    __slots__ = ("_made", "_most")

    def __init__(self, most: int) -> None:
        self._most = most
        self._made: dict[int, tuple[_K, _V]] = {}

    def get(self, thing: _K) -> _V | None:
        # What is kept alive keeps its id.
        found = self._made.get(id(thing))
        return found[1] if found is not None and found[0] is thing else None

    def put(self, thing: _K, made: _V) -> _V:
        if len(self._made) >= self._most:
            self._made.clear()
        self._made[id(thing)] = thing, made
        return made
