"""One thing looked at, and what came out."""

from collections.abc import Mapping
from typing import Literal, NamedTuple, TypeAlias

import msgspec

from amq2api.admin.remedies import remedy
from amq2api.errors import GatewayError
from amq2api.upstream.failures import NameUnknown, NotTrusted, ProxyFailed, Unreachable

State: TypeAlias = Literal["ok", "note", "problem", "skipped"]


class Check(msgspec.Struct, frozen=True):
    """A sentence on what was found, and one on what to do where something is to be done."""

    name: str
    """In snake_case; the same in every run."""
    state: State
    message: str
    remedy: str = ""
    about: str = ""
    """Who or what it is about: a path, a host, an account. Never in a report for others."""


class Advice(NamedTuple):
    """What is wrong and what to do."""

    wrong: str
    todo: str


ROAD: Mapping[type[GatewayError], Advice] = {
    NameUnknown: Advice(
        "The name of the host is not known here.",
        "Check the network, the name server, and the address in the settings.",
    ),
    NotTrusted: Advice(
        "There was no trusted TLS connection.",
        "If a proxy of your company signs connections anew, put its certificate into a file that"
        " SSL_CERT_FILE names; else check the address in the settings.",
    ),
    ProxyFailed: Advice(
        "The proxy cannot be reached, or does not let this through.",
        "Check HTTPS_PROXY and HTTP_PROXY, or except the host with NO_PROXY.",
    ),
    Unreachable: Advice(
        "The host cannot be reached.",
        "Check the network and firewall, and whether a proxy is needed (HTTPS_PROXY).",
    ),
}


def failed(name: str, failure: GatewayError, about: str = "") -> Check:
    """What *failure* means to the person who has to mend it."""
    wrong, todo = advice(failure)
    words = str(failure)
    return Check(name, "problem", f"{wrong} ({words})" if words else wrong, todo, about)


def advice(failure: GatewayError) -> Advice:
    for kind in type(failure).__mro__:
        if kind in ROAD:
            return ROAD[kind]
    found = remedy(failure)
    return Advice(found.wrong, found.todo)


def too_slow(name: str, seconds: float, about: str = "") -> Check:
    """It did not come to an end in the time it was given."""
    return Check(
        name, "problem", f"There was no answer within {seconds:g} seconds.",
        "Check the network and the proxy, then try again.", about,
    )  # fmt: skip
