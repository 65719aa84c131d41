"""Which way a request takes: to which host, by TLS or not, through which proxy."""

from base64 import b64encode
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

from amq2api.errors import UpstreamBroken

from .failures import ProxyFailed

_PORTS = {"http": 80, "https": 443}


class Place(NamedTuple):
    """Where a connection leads."""

    host: str
    port: int
    tls: bool

    @property
    def authority(self) -> str:
        """As in a Host header: without the scheme's own port."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        return name if self.port == (443 if self.tls else 80) else f"{name}:{self.port}"

    @property
    def endpoint(self) -> str:
        """As CONNECT names it: always with the port."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True, eq=False)
class Route:
    """Compared by identity, which makes it a quick key: one is made per host."""

    place: Place
    proxy: Place | None = None
    lines: str = field(default="", repr=False)
    """Header lines of every request that goes this way."""
    proxy_lines: str = field(default="", repr=False)
    """Header lines that are for the proxy alone."""
    prefix: str = ""
    """What stands before the path in a request line (RFC 9112 3.2.2): a proxy that is to forward
    requests reads there where to; one that passes TLS on does not.
    """

    @property
    def forwarded(self) -> bool:
        """Whether a proxy reads the requests."""
        return bool(self.prefix)


def route(origin: str, proxy: str | None) -> Route:
    """The way to *origin*, a URL without a path.

    Raises:
        UpstreamBroken: it is none, or *proxy* is not one that can be used.
    """
    parts = _split(origin)
    place = _place(parts) if parts is not None else None
    if parts is None or place is None or parts.path or parts.query or parts.fragment:
        raise UpstreamBroken("the service's address is no URL of http or https")
    lines = f"host: {place.authority}\r\n{_credentials(parts, 'authorization')}"
    if proxy is None:
        return Route(place, lines=lines)
    told = _split(proxy if "://" in proxy else f"http://{proxy}")
    through = _place(told) if told is not None else None
    if told is None or through is None:
        raise ProxyFailed("the proxy's address is no URL of http or https")
    theirs = _credentials(told, "proxy-authorization")
    if place.tls:
        return Route(place, through, lines, theirs)
    return Route(place, through, lines + theirs, prefix=f"http://{place.authority}")


def _split(url: str) -> SplitResult | None:
    if any(character <= " " for character in url):
        return None  # urlsplit would leave some of them out
    try:
        return urlsplit(url)
    except ValueError:
        return None


def _place(parts: SplitResult) -> Place | None:
    try:
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in _PORTS or not parts.hostname:
        return None
    try:
        host = parts.hostname if ":" in parts.hostname else _ascii(parts.hostname)
    except UnicodeError:
        return None
    if not all("!" <= character <= "~" for character in host):
        return None
    return Place(host, _PORTS[parts.scheme] if port is None else port, parts.scheme == "https")


def _ascii(name: str) -> str:
    return name if name.isascii() else name.encode("idna").decode()


def _credentials(parts: SplitResult, header: str) -> str:
    """Those that stand in a URL, as a header line (RFC 7617)."""
    if parts.username is None:
        return ""
    told = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
    return f"{header}: Basic {b64encode(told).decode()}\r\n"
