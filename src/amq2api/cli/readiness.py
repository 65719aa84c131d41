"""What keeps the gateway from serving calls, for ``/readyz``. Names nobody and no file."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Protocol

from amq2api.accounts.choose import can_serve
from amq2api.errors import GatewayError
from amq2api.relay.relay import Relay
from amq2api.web.probes import Faults

from .preflight import writable


class _Tokens(Protocol):
    @property
    def problem(self) -> str | None: ...


def readiness(relay: Relay, tokens: _Tokens, token_cache: Path) -> Faults:
    """To be asked anew each time; looks at files, but does not read them whole."""
    return partial(_faults, relay, tokens, token_cache)


def _faults(relay: Relay, tokens: _Tokens, token_cache: Path) -> Mapping[str, str]:
    return {"accounts": _of_accounts(relay), "files": _of_files(relay, tokens, token_cache)}


def _of_accounts(relay: Relay) -> str:
    try:
        account = relay.choose().account
    except GatewayError:
        return "no account can serve"
    return "" if can_serve(relay.health.of(account)) else "the account that serves now cannot"


def _of_files(relay: Relay, tokens: _Tokens, token_cache: Path) -> str:
    if relay.accounts.problem is not None:
        return "the account file cannot be used"
    if tokens.problem is not None or not writable(token_cache):
        return "the token cache cannot be written"
    return ""
