"""Memory for the bodies of large calls, so that many at once cannot take all there is."""

from collections.abc import Callable

from .room import Room


class Hold:
    """Room for the body of one large call, from before it is read until the service has it and
    begins to answer: so long the call is here, read and retold, and may have to be sent again.
    """

    __slots__ = ("_bodies", "_caller", "_size", "waited")

    def __init__(self, bodies: "Bodies", caller: Callable[[], str]) -> None:
        self._bodies, self._caller = bodies, caller
        self._size = 0
        self.waited = 0.0
        """Seconds in line."""

    @property
    def taken(self) -> bool:
        return self._size > 0

    async def take(self, size: int) -> None:
        """Have room for *size* bytes, once; nothing is held before.

        Raises:
            AtCapacity: there will be none in time, or too many wait.
        """
        bodies = self._bodies
        if not bodies.room.enter(size):
            self.waited = await bodies.room.wait(self._caller(), size)
        self._size = size
        bodies.most = max(bodies.most, bodies.room.inside)

    def shrink(self, size: int) -> None:
        """Keep room for no more than *size* bytes of what was taken."""
        if size < self._size:
            self._bodies.leave(self._size - size)
            self._size = size

    def release(self) -> None:
        """Give everything back. May be called again."""
        self.shrink(0)


class Bodies:
    """All of them.

    Args:
        gone: Told when the last one is, with the most bytes there have been at once meanwhile.
    """

    def __init__(self, room: Room, gone: Callable[[int], None]) -> None:
        self.room, self._gone = room, gone
        self.most = 0

    def hold(self, caller: Callable[[], str]) -> Hold:
        """For one body; *caller* says whose it is, for the line."""
        return Hold(self, caller)

    def leave(self, size: int) -> None:
        """So many bytes are not at hand any more."""
        self.room.leave(size)
        if not self.room.inside:
            most, self.most = self.most, 0
            self._gone(most)
