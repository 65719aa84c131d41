"""How to get somewhere from here: which hosts are this machine, and which need a proxy."""

import ipaddress
from urllib.parse import urlsplit


def proxy_for(url: str) -> str | None:
    """The proxy that ``HTTPS_PROXY``, ``HTTP_PROXY`` and ``NO_PROXY`` ask for, if any.

    Never one on the way to this machine itself: what listens here, the simulator above all,
    is not to be found elsewhere.
    """
    # Imported when somebody goes somewhere: it brings an HTTP client and a mail parser along.
    from urllib.request import getproxies, proxy_bypass

    parts = urlsplit(url)
    host = parts.hostname or ""
    if is_loopback(host) or proxy_bypass(host):
        return None
    return getproxies().get(parts.scheme)


def is_loopback(host: str) -> bool:
    """Whether *host*, a name or an address, is this machine for certain."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
