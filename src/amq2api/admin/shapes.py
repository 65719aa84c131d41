"""What the admin API tells, and how little of a secret: one function and one model per thing.

The models are the OpenAPI document's; what is sent is made by the functions, so that nothing
is sent which is not written here.
"""

from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from amq2api.accounts.choose import Why
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


class _Told(BaseModel):
    model_config = ConfigDict(extra="forbid")


Moment = Annotated[float | None, Field(description="Unix time in seconds, or null.")]
"""Every time is one of these."""


class Failure(_Told):
    type: str = Field(
        description="What kind of failure it is, in snake_case.", examples=["not_found"]
    )
    message: str = Field(
        description="What is wrong, in words.", examples=["no account has this id"]
    )
    field: str | None = Field(description="The member at fault, as a dotted path.")
    request_id: str = Field(examples=["req_0123456789abcdef01234567"])


class Refused(_Told):
    """What every failure is answered with."""

    success: Literal[False]
    error: Failure


class Done(_Told, Generic[T]):
    """What every success is answered with."""

    success: Literal[True]
    data: T


class Listed(_Told):
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


class Health(_Told):
    state: State
    reason: str = Field(
        description="Class of the failure behind the state; empty if there is none.",
        examples=["QuotaExhausted", "RegistrationExpired", ""],
    )
    since: Moment
    until: Moment
    last_error: str = Field(description="The last failure in words; a success does not erase it.")
    last_error_at: Moment


class Token(_Told):
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


class Quota(_Told):
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


class Usage(_Told):
    plan: str | None = Field(examples=["Q DEVELOPER PRO"])
    resets_at: Moment
    overage: bool | None = Field(
        description="Whether calls beyond the allowance are served, for money."
    )
    asked_at: float
    quotas: list[Quota]


class Verdict(_Told):
    ok: bool
    state: State = Field(description="The account's health after the test.")
    reason: str = Field(description="Class of the failure; empty if there was none.")
    message: str = Field(description="One sentence on what is wrong.")
    remedy: str = Field(description="One sentence on what to do; empty where nothing is wrong.")
    remedy_code: Code
    detail: str = Field(description="The failure's own words.")
    seconds: float
    usage: Usage | None


class Gone(_Told):
    id: str


class Skipped(_Told):
    name: str
    reason: str


class Added(_Told):
    added: list[Listed]
    skipped: list[Skipped]


class Bundled(_Told):
    bundle: dict[str, Any] = Field(description="What POST /api/accounts/import takes back.")


class Foreign(_Told):
    """A place where another program keeps its sign-ins."""

    source: str = Field(examples=["kiro-cli"])
    path: str = Field(examples=["~/.local/share/kiro-cli/data.sqlite3"])
    exists: bool


class Passed(_Told):
    account_id: str
    name: str
    state: State
    reason: str


class Record(_Told):
    """One call. No content, ever."""

    id: str = Field(description="The request id that the client was told.")
    at: float
    model: str
    account: str = Field(description="Id of the account that served; empty if none did.")
    account_name: str
    why: Literal["active", "first", "failover", "probe", ""]
    passed: list[Passed]
    attempts: int
    stream: bool
    outcome: str
    ok: bool
    error: str
    input_tokens: int
    output_tokens: int
    usage: str
    credits: float | None
    first: float | None = Field(description="Seconds until the service began to answer.")
    seconds: float
    notes: list[str]


class Model(_Told):
    id: str = Field(examples=["claude-sonnet-4-5"])
    display_name: str = Field(examples=["Claude Sonnet 4.5"])


class StoreProblem(_Told):
    message: str
    line: int | None
    column: int | None


class Serving(_Told):
    account_id: str | None
    why: Why | None
    error: str | None = Field(description="Why no account serves, if none does.")


class Status(_Told):
    version: str
    now: float
    routing: Literal["active", "failover"]
    public: bool = Field(description="Whether other machines can reach the address.")
    encrypted: bool = Field(description="Whether secrets are encrypted at rest.")
    password_set: bool
    client_keys: int
    simulated: bool = Field(description="Whether a pretend Amazon Q is asked.")
    store_problem: StoreProblem | None
    token_problem: str | None
    serving: Serving
    accounts: list[Detailed]


class Profile(_Told):
    arn: str
    name: str
    region: str | None


class Login(_Told):
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
