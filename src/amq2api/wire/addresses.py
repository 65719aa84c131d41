"""Whether an IP address belongs to the public internet, and what a URL's host may look like.

A stranger's URL must not make this machine ask what only this machine can reach: itself, its
network, the metadata service of its cloud.

Sources: the IANA special-purpose address registries for IPv4 and IPv6 (RFC 6890 and what updates
it), RFC 6052 and 8215 (NAT64), 3056 (6to4), 4380 (Teredo), 5214 (ISATAP), and
https://url.spec.whatwg.org/#host-parsing for numbers as hosts.
"""

import re
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

__all__ = ["is_host", "is_public"]

# What Python itself calls global differs between its releases, so the lists are here.
_FOUR = tuple(map(IPv4Network, (
    "0.0.0.0/8",  # this network
    "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",  # private
    "100.64.0.0/10",  # behind a carrier's NAT; Alibaba's metadata service
    "127.0.0.0/8",  # loopback
    "168.63.129.16/32",  # Azure's own service to its machines
    "169.254.0.0/16",  # link-local; the metadata service of most clouds
    "192.0.0.0/24",  # protocol assignments; Oracle's metadata service
    "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24",  # documentation
    "192.88.99.0/24",  # relays of 6to4, deprecated
    "198.18.0.0/15",  # benchmarks
    "224.0.0.0/4",  # multicast
    "240.0.0.0/4",  # reserved, broadcast
)))  # fmt: skip
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_SIX = tuple(map(IPv6Network, (
    "2001::/23",  # protocol assignments, Teredo and ORCHID among them
    "2001:db8::/32", "3fff::/20",  # documentation
    "2002::/16",  # 6to4: an IPv4 address in disguise
)))  # fmt: skip
_MAPPED = IPv6Network("::ffff:0:0/96")
_NAT64 = IPv6Network("64:ff9b::/96")
# The last 64 bits of an ISATAP address but for the IPv4 address in it.
_ISATAP, _ISATAP_MASK = 0x00005EFE, 0xFDFFFFFF
_LOW = 0xFFFFFFFF

_NAME = re.compile(r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})+\.?", re.IGNORECASE)
_LONGEST = 254
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*", re.IGNORECASE)
# Names that no public server has (RFC 6761, 6762, 8375, and what clouds and networks use).
_LOCAL = ("localhost", "local", "internal", "home.arpa", "lan", "intranet", "corp", "home")


def is_public(address: str) -> bool:
    """Whether *address*, as a resolver gives it, is one that anybody could reach.

    False for what is no address, or has a zone.
    """
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return _is_public_four(parsed) if isinstance(parsed, IPv4Address) else _is_public_six(parsed)


def _is_public_four(address: IPv4Address) -> bool:
    return not any(address in network for network in _FOUR)


def _is_public_six(address: IPv6Address) -> bool:
    low = int(address) & _LOW
    if address.scope_id is not None:
        return False
    if address in _MAPPED or address in _NAT64:
        # Both are ways to an IPv4 address; behind DNS64 every one of these looks so.
        return _is_public_four(IPv4Address(low))
    if (int(address) >> 32) & _ISATAP_MASK == _ISATAP:
        return False
    return address in _GLOBAL_UNICAST and not any(address in network for network in _SIX)


def is_host(host: str) -> bool:
    """Whether a URL's host, without brackets, is an address or the full name of a public server.

    An IPv4 address counts in its one usual form only: what ``0x7f.1`` or ``017700000001`` mean
    depends on who reads them.
    """
    try:
        ip_address(host)
    except ValueError:
        return _is_name(host)
    return True


def _is_name(host: str) -> bool:
    if len(host) > _LONGEST or not _NAME.fullmatch(host):
        return False
    name = host.lower().removesuffix(".")
    if _NUMBER.fullmatch(name.rpartition(".")[2]):
        return False
    return not any(name.endswith(f".{local}") for local in _LOCAL)
