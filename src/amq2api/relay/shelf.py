"""What was made lately, up to so many bytes of it."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Shelf(Generic[T]):
    """Keeps values by key; makes room by letting go of those asked for longest ago.

    Args:
        room: Bytes.
        lasting: Seconds after which a value is out of date.
    """

    def __init__(
        self, room: int, *, lasting: float | None = None, clock: Callable[[], float] = lambda: 0.0
    ) -> None:
        self._room, self._lasting, self._clock = room, lasting, clock
        self._kept: OrderedDict[object, tuple[T, int, float]] = OrderedDict()
        self.filled = 0

    def get(self, key: object) -> T | None:
        found = self._kept.get(key)
        if found is None:
            return None
        value, _, since = found
        if self._lasting is not None and self._clock() - since > self._lasting:
            self._drop(key)
            return None
        self._kept.move_to_end(key)
        return value

    def put(self, key: object, value: T, size: int) -> None:
        """Keep *value*, of *size* bytes; one too large for the room is not kept at all."""
        self._drop(key)
        if size > self._room:
            return
        self._kept[key] = value, size, self._clock()
        self.filled += size
        while self.filled > self._room:
            self._drop(next(iter(self._kept)))

    def _drop(self, key: object) -> None:
        if (gone := self._kept.pop(key, None)) is not None:
            self.filled -= gone[1]
