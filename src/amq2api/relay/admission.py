"""How many calls, and bytes of them, are served at once, by this process and by each account."""

from collections.abc import Callable

from .hold import Bodies
from .room import Heard, Limits, Room, nobody_listens


class Admission:
    """Room in this process, and on each account. Belongs to one event loop.

    All share one line: so many wait at most, wherever they do.

    A call takes a place with ``enter() or await wait(caller)`` and gives it back with ``leave``;
    a request to an account takes a seat there in the same way.

    Args:
        heard: Told of every call that found no free place.
        gone: See :class:`.hold.Bodies`.
    """

    def __init__(
        self,
        calls: int = 5000,
        per_account: int = 0,
        waiting: int = 100,
        patience: float = 10.0,
        bodies: int = 256 * 1024 * 1024,
        *,
        heard: Heard = nobody_listens,
        gone: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._limits = Limits(calls, per_account, waiting, patience)
        self._heard = heard
        self._process = Room("process", calls, self._limits, heard)
        self._seats: dict[str, Room] = {}
        self.bodies = Bodies(Room("bodies", bodies, self._limits, heard), gone)
        # The room's own: every call comes by here.
        self.enter = self._process.enter
        self.wait = self._process.wait
        self.leave = self._process.leave

    def limit(
        self, *, calls: int, per_account: int, waiting: int, patience: float, bodies: int
    ) -> None:
        """Change how much room there is. Who is in stays; who waits may find room now."""
        limits = self._limits
        limits.calls, limits.per_account = calls, per_account
        limits.waiting, limits.patience = waiting, patience
        self._process.limit, self.bodies.room.limit = calls, bodies
        for room in self._seats.values():
            room.limit = per_account
        for room in (self._process, self.bodies.room, *self._seats.values()):
            room.admit()

    @property
    def inside(self) -> int:
        """Calls being served."""
        return self._process.inside

    @property
    def waiting(self) -> int:
        """Calls in line, wherever they wait."""
        return self._limits.in_line

    @property
    def seats_taken(self) -> int:
        """Requests under way, on all accounts."""
        return sum(room.inside for room in self._seats.values())

    def take_seat(self, account_id: str) -> bool:
        """Take a seat on the account if one is free."""
        return self._room(account_id).enter()

    async def wait_for_seat(self, account_id: str, caller: str) -> None:
        """Wait for a seat on the account, and take it.

        Raises:
            AtCapacity: there will be none in time, or too many wait.
        """
        try:
            await self._room(account_id).wait(caller)
        finally:
            self._tidy(account_id)

    def leave_seat(self, account_id: str) -> None:
        """Give the seat back; whoever is next has it at once."""
        self._seats[account_id].leave()
        self._tidy(account_id)

    def _room(self, account_id: str) -> Room:
        room = self._seats.get(account_id)
        if room is None:
            limits = self._limits
            room = Room("account", limits.per_account, limits, self._heard)
            self._seats[account_id] = room
        return room

    def _tidy(self, account_id: str) -> None:
        """Accounts come and go: keep nothing of those that nobody asks."""
        room = self._seats.get(account_id)
        if room is not None and room.idle:
            del self._seats[account_id]
