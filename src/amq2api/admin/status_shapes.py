"""What the admin API tells of the gateway as a whole, for the OpenAPI document."""

from typing import Literal

from pydantic import Field

from amq2api.accounts.choose import Why
from amq2api.accounts.health import State

from .shapes import Detailed, Told


class Passed(Told):
    account_id: str
    name: str
    state: State
    reason: str


class Record(Told):
    """One call. No content, ever."""

    id: str = Field(description="The request id that the client was told.")
    upstream_id: str = Field(description="The service's own, of its last answer, if it gave one.")
    at: float
    model: str
    account: str = Field(description="Id of the account that served; empty if none did.")
    account_name: str
    why: Literal["active", "first", "failover", "probe", ""]
    passed: list[Passed]
    attempts: int
    stream: bool
    status: int = Field(description="HTTP, as the client heard it; 0 if it heard none.")
    outcome: str
    ok: bool
    error: str
    input_tokens: int
    output_tokens: int
    usage: str
    credits: float | None
    queued: float | None = Field(description="Seconds that it waited for its turn.")
    prepared: float | None = Field(description="Seconds until it could be sent to the service.")
    first: float | None = Field(description="Seconds until the service began to answer.")
    gap: float | None = Field(description="Seconds of the longest silence in the answer.")
    seconds: float
    notes: list[str]


class Model(Told):
    id: str = Field(examples=["claude-sonnet-4-5"])
    display_name: str = Field(examples=["Claude Sonnet 4.5"])


class StoreProblem(Told):
    message: str
    line: int | None
    column: int | None


class Serving(Told):
    account_id: str | None
    why: Why | None
    error: str | None = Field(description="Why no account serves, if none does.")


class Status(Told):
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
