"""Whether a browser was sent here by somebody else's page: Host, Origin and Sec-Fetch-Site.

A page of any site may make its reader's browser ask a gateway on the reader's own machine. Under
its own name, which it lets point here (DNS rebinding), that page could even read the answer: so
the Host must be a name of ours. Otherwise it can only send, and then the browser says for whom:
Origin, and Sec-Fetch-Site on loopback and https. Programs send neither.

Sources: RFC 9110 7.2 (Host), https://fetch.spec.whatwg.org/#origin-header,
https://www.w3.org/TR/fetch-metadata/, https://url.spec.whatwg.org/#host-parsing (numbers).
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import NamedTuple, TypeAlias

Headers: TypeAlias = Iterable[tuple[bytes, bytes]]
"""As ASGI has them: names in lower case, several lines of one name as several pairs."""

_ASKED = frozenset({b"host", b"origin", b"sec-fetch-site", b"sec-fetch-mode", b"sec-fetch-dest"})
# Host as it may be written; no user, no escapes, no zone of an IPv6 address. Browsers send
# names beyond ASCII in their xn-- form. One dot at the end only says that the name is whole.
_AUTHORITY = re.compile(
    rb"(?: \[ (?P<six> [0-9a-f:.]+ ) \] | (?P<name> [a-z0-9_-]+ (?: \. [a-z0-9_-]+ )* ) \.? )"
    rb"(?: : (?P<port> [0-9]{0,5} ) )?",
    re.IGNORECASE | re.VERBOSE,
)
_LONGEST = 300  # a name has 253 characters at most
_SCHEME = re.compile(rb"[a-z][a-z0-9+.-]*", re.IGNORECASE)
_END = re.compile(r"[.\s]+\Z")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_DEFAULT_PORTS = {b"http": 80, b"https": 443}
_OWN = frozenset({b"same-origin", b"none"})  # "none": the person typed it
_NAVIGATION = {b"sec-fetch-mode": b"navigate", b"sec-fetch-dest": b"document"}
_ANOTHER_PAGE = (
    "a browser sent this for a page of another site, which may not use this gateway"
    " (a reverse proxy must pass the Host header on as it came)"
)


class _Place(NamedTuple):
    name: str
    port: int | None


def names(listed: Iterable[str]) -> frozenset[str]:
    """Host names as people list them, in the form in which browsers send them."""
    return frozenset(_encoded(_END.sub("", name.strip().lower())) for name in listed)


def refusal(
    headers: Headers,
    *,
    hosts: frozenset[str],
    any_host: bool = False,
    page: bool = False,
    apps: bool = False,
) -> str | None:
    """Why this request is not to be served, in words for the operator; None if it may be.

    A request without a Host comes from no browser. Loopback names need not be among *hosts*.

    Args:
        hosts: From :func:`names`.
        any_host: The name proves nothing here, because a password is asked for.
        page: The request gets a page: a link on another site may lead to it.
        apps: Desktop programs and extensions whose pages are their own may ask (``file://``,
            ``app://``, ``vscode-webview://``): no site can have such an origin.
    """
    told: dict[bytes, bytes] = {}
    for pair in headers:
        if pair[0] in _ASKED:
            if pair[0] in told:
                return f"the request has several {pair[0].decode()} headers"
            told[pair[0]] = pair[1]
    host = told.get(b"host")
    if host is None:
        return "the request has no host header" if told else None
    place = _place(host)
    if place is None:
        return "the host header is not the name of a host"
    if not (any_host or _is_loopback(place.name) or place.name in hosts):
        return (
            f"this gateway is not known as {place.name}: use localhost or 127.0.0.1, or list the"
            " name in AMQ2API_ALLOWED_HOSTS"
        )
    return (
        _ANOTHER_PAGE if len(told) > 1 and _is_foreign(told, place, page=page, apps=apps) else None
    )


def _is_foreign(told: dict[bytes, bytes], host: _Place, *, page: bool, apps: bool) -> bool:
    origin = told.get(b"origin")
    if apps and origin is not None and _is_app(origin):
        return False
    if told.get(b"sec-fetch-site", b"none") not in _OWN:
        navigation = all(told.get(key) == value for key, value in _NAVIGATION.items())
        if not (page and navigation):
            return True
    return origin is not None and not _is_same(origin, host)


def _is_app(origin: bytes) -> bool:
    """Whether no page of the web can come from there; those without an origin say ``null``."""
    scheme, separator, _ = origin.partition(b"://")
    return (
        bool(separator)
        and _SCHEME.fullmatch(scheme) is not None
        and (scheme.lower() not in _DEFAULT_PORTS)
    )


def _is_same(origin: bytes, host: _Place) -> bool:
    """Whether a page from *origin* was served by *host*. Which scheme it came by is not known
    here, behind a proxy: without a port each side has the default of the origin's scheme.
    """
    scheme, _, authority = origin.partition(b"://")
    default, place = _DEFAULT_PORTS.get(scheme), _place(authority)
    if default is None or place is None or place.name != host.name:
        return False  # "null", a browser's extension, a file, another host
    return _or(place.port, default) == _or(host.port, default)


def _or(port: int | None, default: int) -> int:
    return default if port is None else port


@lru_cache(maxsize=256)  # a client names the same host in each of its calls
def _place(raw: bytes) -> _Place | None:
    """None for what is no authority."""
    found = _AUTHORITY.fullmatch(raw) if len(raw) <= _LONGEST else None
    if found is None:
        return None
    port = int(found["port"]) if found["port"] else None
    if port is not None and port > 65535:
        return None
    name = _address(found["six"].decode()) if found["six"] else _name(found["name"].decode())
    return None if name is None else _Place(name, port)


def _name(written: str) -> str | None:
    """Lower case; an IPv4 address in its one usual form."""
    name = written.lower()
    if not _NUMBER.fullmatch(name.rpartition(".")[2]):
        return name
    try:
        return str(IPv4Address(name))
    except AddressValueError:
        return None  # 127.1, 0x7f.0.0.1: some would take it for an address, some not


def _address(written: str) -> str | None:
    try:
        six = IPv6Address(written)
    except AddressValueError:
        return None
    # ::ffff:127.0.0.1 is 127.0.0.1, reached through a socket for both kinds.
    return str(six.ipv4_mapped or six)


@lru_cache(maxsize=256)
def _is_loopback(name: str) -> bool:
    if name == "localhost" or name.endswith(".localhost") or name == "::1":
        return True
    try:
        return IPv4Address(name).is_loopback
    except AddressValueError:
        return False


def _encoded(name: str) -> str:
    try:
        return name.encode("idna").decode()
    except UnicodeError:
        return name
