"""What of a gateway is counted, and how much room its calls have: put together from its parts."""

from collections.abc import Iterable, Mapping
from typing import Any

from amq2api.config import Settings
from amq2api.relay.admission import Admission
from amq2api.relay.metrics import Metrics, states
from amq2api.relay.relay import Relay
from amq2api.relay.snapshots import Row

from .room import GivingBack
from .vitals import vitals


def limits(settings: Settings) -> Mapping[str, Any]:
    """How much room there is, as :meth:`Admission.limit` takes it."""
    return {
        "calls": settings.max_calls,
        "per_account": settings.account_calls,
        "waiting": settings.queue,
        "patience": settings.queue_timeout,
        "bodies": settings.held_bodies,
    }


def room(settings: Settings, metrics: Metrics) -> Admission:
    """Room for calls, whose waits are counted."""
    return Admission(**limits(settings), heard=metrics.waited, gone=GivingBack())


def count(relay: Relay) -> None:
    """Have everything counted that the relay does, and that it and its process are."""
    relay.records.heard.append(relay.metrics.ended)
    relay.metrics.sources += [lambda: _now(relay), vitals]


def _now(relay: Relay) -> Iterable[Row]:
    room, accounts = relay.admission, relay.accounts.accounts()
    return [
        ("amq2api_calls_waiting", (), float(room.waiting)),
        ("amq2api_calls_in_progress", (), float(room.inside)),
        ("amq2api_held_body_bytes", (), float(room.bodies.room.inside)),
        ("amq2api_upstream_requests_in_progress", (), float(room.seats_taken)),
        *states(relay.health.of(account).state for account in accounts),
    ]
