"""Who may call: the gateway's own client keys."""

import hmac
from collections.abc import Sequence

from amq2api.errors import KeyRefused

from .asgi import Scope, header


class Keys:
    """The keys that open ``/v1``; none means that everyone who can reach us may call."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._keys = tuple(key.encode() for key in keys)

    def check(self, scope: Scope) -> None:
        """Accept the call if either credential header holds a key (claude-api.md 2.1).

        Raises:
            KeyRefused: neither does. The words tell which headers came, never what was in them.
        """
        if not self._keys:
            return
        shown = _shown(scope)
        if any(self._knows(value) for value in shown.values()):
            return
        if not shown:
            raise KeyRefused(
                "x-api-key header is required: send one of this gateway's keys in x-api-key, or in"
                " Authorization as a Bearer token"
            )
        came = " and ".join(shown)
        raise KeyRefused(f"invalid x-api-key: {came} came, but with none of this gateway's keys")

    def _knows(self, value: str) -> bool:
        shown = value.encode("utf-8", "surrogateescape")
        # Every key is compared, each in constant time, so that time tells nothing.
        return any([hmac.compare_digest(shown, key) for key in self._keys])


def _shown(scope: Scope) -> dict[str, str]:
    shown: dict[str, str] = {}
    if key := header(scope, b"x-api-key"):
        shown["x-api-key"] = key.strip()
    authorization = header(scope, b"authorization") or ""
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        shown["Authorization"] = token.strip()
    return shown
