"""What the settings come to for each part of a gateway; made anew when they change."""

from amq2api import __version__
from amq2api.config import Settings
from amq2api.relay.relay import Manner
from amq2api.upstream.timeouts import Timeouts
from amq2api.web.app import Manners
from amq2api.web.patience import Limits

# Connections beyond those of calls: idle ones, the page's, and those that hear of a full house.
_OTHERS = 1000
_DEFAULT_ENDPOINT = Settings.model_fields["api_endpoint"].default


def timeouts(settings: Settings) -> Timeouts:
    """How long an exchange with the service may take."""
    return Timeouts(
        connect=settings.connect_timeout,
        first_byte=settings.first_byte_timeout,
        idle=settings.idle_timeout,
        total=settings.total_timeout,
    )


def manner(settings: Settings) -> Manner:
    return Manner(
        endpoint=str(settings.api_endpoint),
        default_endpoint=settings.api_endpoint == _DEFAULT_ENDPOINT,
        user_agent=settings.user_agent or f"amq2api/{__version__}",
        origin=settings.origin,
        opt_out=settings.opt_out,
        attempts=settings.attempts,
        routing=settings.routing,
    )


def manners(settings: Settings, api_keys: tuple[str, ...]) -> Manners:
    return Manners(
        api_keys=api_keys,
        allowed_hosts=settings.allowed_hosts,
        max_body=settings.max_body,
        grace=settings.grace,
        ping_interval=settings.ping_interval,
        metrics=settings.metrics,
    )


def of_clients(settings: Settings) -> Limits:
    """What a client may take up before it is cut off."""
    return Limits(client_timeout=settings.client_timeout, connections=settings.max_calls + _OTHERS)
