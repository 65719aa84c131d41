"""Who may call: the gateway's own client keys, or without any, whoever is on this machine."""

import hmac
from collections.abc import Iterable, Sequence

from amq2api.errors import KeyRefused, OriginRefused
from amq2api.wire import origin

from .asgi import Scope, header
from .callers import KEY

# What a program in a container calls the machine it runs on. Nobody can register a name under
# .internal, so no page on the web has one of these.
_FROM_CONTAINERS = frozenset({
    "host.docker.internal", "host.containers.internal", "host.orb.internal", "host.lima.internal",
})  # fmt: skip


class Keys:
    """The keys that open ``/v1``. Without any, everyone who can reach us may call, but for the
    browser that a page of another site has sent: it would spend its reader's allowance.
    """

    def __init__(self, keys: Sequence[str], allowed_hosts: Iterable[str] = ()) -> None:
        self._keys = tuple(key.encode() for key in keys)
        self._hosts = origin.names(allowed_hosts) | _FROM_CONTAINERS

    def check(self, scope: Scope) -> None:
        """Accept the call if either credential header holds a key (claude-api.md 2.1).

        Where there are several, the scope remembers which, for :func:`.callers.caller`.

        Raises:
            KeyRefused: neither does. The words tell which headers came, never what was in them.
            OriginRefused: no key is asked for, and the call is a stranger's page's.
        """
        if not self._keys:
            if words := origin.refusal(scope["headers"], hosts=self._hosts, apps=True):
                raise OriginRefused(f"{words}; with a client key (AMQ2API_API_KEYS) it would pass")
            return
        shown = _shown(scope)
        for value in shown.values():
            if (place := self._place(value)) is not None:
                if len(self._keys) > 1:
                    scope[KEY] = place
                return
        if not shown:
            raise KeyRefused(
                "x-api-key header is required: send one of this gateway's keys in x-api-key, or in"
                " Authorization as a Bearer token"
            )
        came = " and ".join(shown)
        raise KeyRefused(f"invalid x-api-key: {came} came, but with none of this gateway's keys")

    def _place(self, value: str) -> int | None:
        """Which of the keys it is."""
        shown = value.encode("utf-8", "surrogateescape")
        # Every key is compared, each in constant time, so that time tells nothing.
        same = [hmac.compare_digest(shown, key) for key in self._keys]
        return same.index(True) if any(same) else None


def _shown(scope: Scope) -> dict[str, str]:
    shown: dict[str, str] = {}
    if key := header(scope, b"x-api-key"):
        shown["x-api-key"] = key.strip()
    authorization = header(scope, b"authorization") or ""
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        shown["Authorization"] = token.strip()
    return shown
