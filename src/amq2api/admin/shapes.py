"""What the admin API tells, and how little of a secret: one function and one model per thing.

The models are the OpenAPI document's; what is sent is made by the functions, so that nothing
is sent which is not written here.
"""

from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from amq2api.accounts.health import Health as HealthValue
from amq2api.accounts.health import State
from amq2api.accounts.model import Account, Source
from amq2api.accounts.tokens import TokenState

from .remedies import Code

T = TypeVar("T")

SHOWN = 10  # characters of a secret by which people tell theirs apart
HIDDEN = "***"


def masked(secret: str) -> str:
    """The first ten characters of a longer value, and nothing of a shorter one."""
    return f"{secret[:SHOWN]}..." if len(secret) > SHOWN else HIDDEN


def listed(account: Account) -> dict[str, Any]:
    """One line of the list of accounts."""
    return {
        "id": account.id,
        "name": account.name,
        "is_active": account.is_active,
        "refresh_token": masked(account.refresh_token),
        "client_id": masked(account.client_id),
        "client_secret": HIDDEN,
        "profile_arn": account.profile_arn or None,
        "created_at": account.created_at,
    }


def detailed(account: Account, health: HealthValue, token: TokenState) -> dict[str, Any]:
    """All there is to know of an account without asking the service."""
    return {
        **listed(account),
        "enabled": account.enabled,
        "region": account.region or None,
        "start_url": account.start_url or None,
        "auth": account.auth or None,
        "source": account.source,
        "api_region": account.api_region,
        "registration_expires_at": account.registration_expires_at,
        "health": {
            "state": health.state,
            "reason": health.reason,
            "since": health.since,
            "until": health.until,
            "last_error": health.last_error,
            "last_error_at": health.last_error_at,
        },
        "token": {
            "present": token.has_token,
            "expired": token.expired,
            "expires_at": token.expires_at,
        },
    }


class Told(BaseModel):
    """Exactly the members that are written down."""

    model_config = ConfigDict(extra="forbid")


Moment = Annotated[float | None, Field(description="Unix time in seconds, or null.")]
"""Every time is one of these."""


class Failure(Told):
    type: str = Field(
        description="What kind of failure it is, in snake_case.", examples=["not_found"]
    )
    message: str = Field(
        description="What is wrong, in words.", examples=["no account has this id"]
    )
    field: str | None = Field(description="The member at fault, as a dotted path.")
    request_id: str = Field(examples=["req_0123456789abcdef01234567"])


class Refused(Told):
    """What every failure is answered with."""

    success: Literal[False]
    error: Failure


class Done(Told, Generic[T]):
    """What every success is answered with."""

    success: Literal[True]
    data: T


class Listed(Told):
    id: str = Field(examples=["account-4be5ae2a9d0f"])
    name: str = Field(examples=["work"])
    is_active: bool
    refresh_token: str = Field(
        description="At most its first ten characters.", examples=["aorAAAAAGm..."]
    )
    client_id: str = Field(
        description="At most its first ten characters.", examples=["_Vsvwl5Xa_..."]
    )
    client_secret: Literal["***"]
    profile_arn: str | None
    created_at: str | float | None = Field(
        description="As it stands in account.json.", examples=["2026-08-01T09:30:00Z"]
    )


class Health(Told):
    state: State
    reason: str = Field(
        description="Class of the failure behind the state; empty if there is none.",
        examples=["QuotaExhausted", "RegistrationExpired", ""],
    )
    since: Moment
    until: Moment
    last_error: str = Field(description="The last failure in words; a success does not erase it.")
    last_error_at: Moment


class Token(Told):
    present: bool
    expired: bool
    expires_at: Moment


class Detailed(Listed):
    enabled: bool
    region: str | None = Field(description="Of the identity provider.", examples=["us-east-1"])
    start_url: str | None
    auth: str | None
    source: Source
    api_region: str | None = Field(description="Of the service, as the profile ARN names it.")
    registration_expires_at: Moment
    health: Health
    token: Token


class Quota(Told):
    kind: str = Field(
        description="The service's resource type, FREE_TRIAL, BONUS, or empty.",
        examples=["CREDIT"],
    )
    name: str = Field(examples=["Credits"])
    used: float | None
    limit: float | None
    percent: float | None = Field(description="Above 100 where overages were used.")
    resets_at: Moment
    expires_at: Moment


class Usage(Told):
    plan: str | None = Field(examples=["Q DEVELOPER PRO"])
    resets_at: Moment
    overage: bool | None = Field(
        description="Whether calls beyond the allowance are served, for money."
    )
    asked_at: float
    quotas: list[Quota]


class Verdict(Told):
    ok: bool
    state: State = Field(description="The account's health after the test.")
    reason: str = Field(description="Class of the failure; empty if there was none.")
    message: str = Field(description="One sentence on what is wrong.")
    remedy: str = Field(description="One sentence on what to do; empty where nothing is wrong.")
    remedy_code: Code
    detail: str = Field(description="The failure's own words.")
    seconds: float
    usage: Usage | None


class Gone(Told):
    id: str


class Skipped(Told):
    name: str
    reason: str


class Added(Told):
    added: list[Listed]
    skipped: list[Skipped]


class Bundled(Told):
    bundle: dict[str, Any] = Field(description="What POST /api/accounts/import takes back.")


class Foreign(Told):
    """A place where another program keeps its sign-ins."""

    source: str = Field(examples=["kiro-cli"])
    path: str = Field(examples=["~/.local/share/kiro-cli/data.sqlite3"])
    exists: bool


class Profile(Told):
    arn: str
    name: str
    region: str | None


class Login(Told):
    id: str
    kind: Literal["builder-id", "identity-center"]
    state: Literal["starting", "waiting", "choosing_profile", "done", "failed", "cancelled"]
    user_code: str
    verification_uri: str
    verification_uri_complete: str
    expires_at: Moment
    start_url: str
    region: str
    profiles: list[Profile]
    account_id: str | None = Field(description="The finished account.")
    error: str
