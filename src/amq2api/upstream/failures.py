"""What can happen on the road, and what the exceptions of sockets, names and TLS mean there."""

import socket
import ssl
from collections.abc import Mapping
from typing import TypeAlias

from amq2api import errors
from amq2api.errors import GatewayError, RoadBarred, UpstreamBroken


class NameUnknown(UpstreamBroken):
    """No address is known for the service's name."""


class NotTrusted(RoadBarred):
    """There was no TLS with the service: its certificate is not trusted, or it speaks none."""


class ProxyFailed(UpstreamBroken):
    """The proxy cannot be reached, or does not let us through."""


class Unreachable(UpstreamBroken):
    """No connection to the service could be made."""


class ConnectTimeout(errors.ConnectTimeout, Unreachable):
    """No connection to the service could be made in the time there was for it."""


class NotFetched(Exception):
    """There is no file. The text is for the caller and does not hold the URL."""


Meanings: TypeAlias = Mapping[type[BaseException], tuple[type[GatewayError], str]]
"""The nearest class of an exception decides."""

CONNECTING: Meanings = {
    TimeoutError: (ConnectTimeout, "there was no connection to the service in time"),
    socket.gaierror: (NameUnknown, "the service's name is unknown here"),
    UnicodeError: (NameUnknown, "the service's name is none"),
    ssl.SSLError: (NotTrusted, "no trusted TLS connection to the service"),
    OSError: (Unreachable, "the service cannot be reached"),
    # uvloop's, for some addresses that cannot be connected to.
    RuntimeError: (Unreachable, "the service cannot be reached"),
}
TO_PROXY: Meanings = {
    TimeoutError: (ProxyFailed, "there was no connection through the proxy in time"),
    ssl.SSLError: (ProxyFailed, "no trusted TLS connection to the proxy"),
    OSError: (ProxyFailed, "the proxy cannot be reached"),
    UnicodeError: (ProxyFailed, "the proxy's name is none"),
    RuntimeError: (ProxyFailed, "the proxy cannot be reached"),
}
FAILURES = (OSError, UnicodeError, RuntimeError)
"""What both tables know."""


def meaning(exc: BaseException, table: Meanings) -> GatewayError:
    """The words hold nothing of what was sent."""
    verdict, words = next(table[cls] for cls in type(exc).__mro__ if cls in table)
    detail = type(exc).__name__
    if isinstance(exc, ssl.SSLCertVerificationError) and exc.verify_message:
        detail = f"{detail}: {exc.verify_message}"
    return verdict(f"{words} ({detail})")
