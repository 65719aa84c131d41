"""Tool names and tool-use ids in the letters the service allows, the same way every time.

Source: upstream-protocol.md 2.5, 2.6: 1 to 64 of ``[a-zA-Z0-9_-]``. MCP servers have longer
names than that, and other providers longer ids.
"""

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping

__all__ = ["Names", "fitting"]

_FITS = re.compile(r"[a-zA-Z0-9_-]{1,64}").fullmatch
_STRANGE = re.compile(r"[^a-zA-Z0-9_-]")
_KEPT = 55
"""With the underscore and the digest's eight digits that makes 64."""


def fitting(name: str, taken: Collection[str]) -> str:
    """*name* if it may stay, else its readable beginning and a digest of the whole.

    The answer depends on nothing but the name, as long as it is free: a conversation that
    grows keeps its names.
    """
    if _FITS(name) and name not in taken:
        return name
    head = _STRANGE.sub("_", name[:_KEPT])
    attempt = 0
    while (made := f"{head}_{_digest(attempt, name)}") in taken:
        # Not one by one: a thousand equal names must not take a million digests.
        attempt = max(attempt + 1, len(taken))
    return made


def _digest(attempt: int, name: str) -> str:
    return hashlib.sha256(f"{attempt}\0{name}".encode()).hexdigest()[:8]


class Names:
    """The tool names of one request. No two of the client's share one of the service's.

    Args:
        declared: They come first, so that one which fits is never moved aside.
    """

    __slots__ = ("_clients", "_upstream")

    def __init__(self, declared: Iterable[str] = ()) -> None:
        self._upstream: dict[str, str] = {}
        self._clients: dict[str, str] = {}
        strange = []
        for name in declared:
            if _FITS(name):
                self._upstream[name] = name
                self._clients[name] = name
            else:
                strange.append(name)
        for name in strange:
            self.upstream(name)

    def upstream(self, name: str) -> str:
        """The name under which the service knows the client's *name*."""
        known = self._upstream.get(name)
        if known is None:
            known = self._upstream[name] = fitting(name, self._clients)
            self._clients[known] = name
        return known

    def changed(self) -> Mapping[str, str]:
        """Where the two differ: the service's name to the client's."""
        return {made: name for made, name in self._clients.items() if made != name}
