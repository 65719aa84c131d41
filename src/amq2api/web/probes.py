"""``/livez`` and ``/readyz``: whether to start this process anew, and whether to send it calls.

They ask for no key, so they tell what is wrong, and never of whom.
"""

from collections.abc import Callable, Mapping

import msgspec

from amq2api.errors import WrongMethod

from .asgi import Answer, Receive, Scope

Faults = Callable[[], Mapping[str, str]]
"""Parts that calls need, and what is wrong with each; nothing, if nothing is."""

LIVE, READY = "/livez", "/readyz"
_HEADERS = {"content-type": "application/json", "cache-control": "no-store"}
_READING = frozenset({"GET", "HEAD"})


class Probes:
    """The endpoint of both. ``draining`` is set when no more calls are to come."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self.draining = False

    async def __call__(self, scope: Scope, receive: Receive, answer: Answer) -> None:
        """Answer one request; raises WrongMethod."""
        method, path = scope["method"], scope["path"]
        if method not in _READING:
            raise WrongMethod("Method Not Allowed", allowed=_READING)
        status, told = (200, _ALIVE) if path == LIVE else self._ready()
        headers = {**_HEADERS, "request-id": answer.request_id}
        await answer.whole(status, headers, told, head=method == "HEAD")

    def _ready(self) -> tuple[int, bytes]:
        faults = self._faults()
        ready = not self.draining and not any(faults.values())
        told = {
            "status": "ready" if ready else "not ready",
            **{part: fault or "ok" for part, fault in faults.items()},
            "draining": self.draining,
        }
        return 200 if ready else 503, msgspec.json.encode(told)


_ALIVE = msgspec.json.encode({"status": "alive"})
