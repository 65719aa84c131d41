"""What a request tells of who sent it, and of the road it took."""

from collections.abc import Mapping
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import Any, TypeAlias

Scope: TypeAlias = Mapping[str, Any]
"""Of ASGI; only read here."""

_FORWARDED = frozenset({
    b"forwarded", b"via", b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto",
    b"x-forwarded-server", b"x-forwarded-port", b"x-real-ip", b"x-client-ip", b"x-original-host",
    b"cf-connecting-ip", b"true-client-ip", b"fly-client-ip",
})  # fmt: skip


def is_forwarded(scope: Scope) -> bool:
    """Whether a proxy passed it on. nginx, unless told to, adds no header, but speaks HTTP/1.0
    and names a host, which no browser and no tool of today does.
    """
    names = {pair[0] for pair in scope["headers"]}
    return bool(names & _FORWARDED) or (scope["http_version"] == "1.0" and b"host" in names)


def is_secure(scope: Scope) -> bool:
    """Whether the browser's side of it is https. Who lies here only loses the own cookie."""
    told = next((v for k, v in scope["headers"] if k == b"x-forwarded-proto"), b"")
    return scope["scheme"] == "https" or told.split(b",")[0].strip().lower() == b"https"


def address(scope: Scope) -> str:
    """The peer's address; of IPv6 the network, since one host may have all addresses of it."""
    text = str((scope.get("client") or ("",))[0])
    try:
        peer = ip_address(text)
    except ValueError:
        return text
    if isinstance(peer, IPv6Address) and not peer.ipv4_mapped:
        return str(IPv6Network((int(peer) >> 64 << 64, 64)))
    return str(peer)
