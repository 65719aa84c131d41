"""Every knob, once: name, default, what is allowed and what it is for.

``amq2api settings`` and docs/settings.md are made from this table.
"""

import ipaddress
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AnyHttpUrl, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from .roads import is_loopback

Origin = Literal[
    "AI_EDITOR", "CHATBOT", "CLI", "CONSOLE", "DOCUMENTATION", "GITLAB", "IDE", "INLINE_CHAT",
    "KIRO_CLI", "MARKETING", "MD", "MD_CE", "MD_IDE", "MOBILE", "OPENSEARCH_DASHBOARD",
    "Q_DEV_BEXT", "SAGE_MAKER", "SERVICE_INTERNAL", "SM_AI_STUDIO_IDE", "UNIFIED_SEARCH",
    "UNKNOWN",
]  # fmt: skip
"""The service's enum (upstream-protocol.md 1.5)."""

ENV_FILE = ".env"

Secrets = Annotated[tuple[SecretStr, ...], NoDecode]
Names = Annotated[tuple[str, ...], NoDecode]
Pairs = Annotated[dict[str, str], NoDecode]


def _setting(default: Any, env: str, help_: str, allowed: str, **constraints: Any) -> Any:
    return Field(
        default,
        validation_alias=env,
        description=help_,
        json_schema_extra={"allowed": allowed},
        **constraints,
    )


def _number(
    default: float, env: str, help_: str, *, least: float, most: float, unit: str = ""
) -> Any:
    """What is checked is what is told: a range of two figures, and what they count."""
    allowed = f"{least} to {most} {unit}".rstrip()
    return _setting(default, env, help_, allowed, ge=least, le=most)


class Settings(BaseSettings):
    """Read with :func:`.given.load`, which turns nonsense into :class:`.given.BadSetting`."""

    model_config = SettingsConfigDict(
        env_file=ENV_FILE, env_file_encoding="utf-8", extra="ignore", frozen=True,
        populate_by_name=True, env_ignore_empty=True,
    )  # fmt: skip

    host: str = _setting(
        "127.0.0.1", "AMQ2API_HOST", "Address to listen on. A public one needs client keys.",
        "an IP address or localhost",
    )  # fmt: skip
    port: int = _number(3015, "PORT", "Port to listen on.", least=1, most=65535)
    api_keys: Secrets = _setting(
        (), "AMQ2API_API_KEYS", "Keys that clients must show, separated by commas.",
        "words without spaces; long random ones where others can reach the port",
    )  # fmt: skip
    api_key_file: Path | None = _setting(
        None, "AMQ2API_API_KEY_FILE",
        "File with one client key a line; made with a fresh key, shown once, if it is missing.",
        "a path",
    )  # fmt: skip
    refresh_token: SecretStr | None = _setting(
        None, "AMAZONQ_REFRESH_TOKEN", "Refresh token of the account to use when there is no file.",
        "any text; Amazon's begin with aor",
    )  # fmt: skip
    client_id: SecretStr | None = _setting(
        None, "AMAZONQ_CLIENT_ID", "Client id the refresh token was issued to.", "any text"
    )
    client_secret: SecretStr | None = _setting(
        None, "AMAZONQ_CLIENT_SECRET", "Client secret that belongs to the client id.", "any text"
    )
    profile_arn: str | None = _setting(
        None, "AMAZONQ_PROFILE_ARN", "Profile of an IAM Identity Center account; none for Builder"
        " ID.", "an ARN: arn:aws:codewhisperer:REGION:ACCOUNT:profile/NAME",
        pattern=r"^arn:aws[\w-]*:(codewhisperer|transform):[a-z0-9-]+:\d{12}:profile/[A-Za-z0-9]+$",
    )  # fmt: skip
    api_endpoint: AnyHttpUrl = _setting(
        AnyHttpUrl("https://q.us-east-1.amazonaws.com/"), "AMAZONQ_API_ENDPOINT",
        "Where the service lives.", "an http or https address",
    )  # fmt: skip
    token_endpoint: AnyHttpUrl = _setting(
        AnyHttpUrl("https://oidc.us-east-1.amazonaws.com/token"), "AMAZONQ_TOKEN_ENDPOINT",
        "Where tokens are refreshed.", "an http or https address",
    )  # fmt: skip
    account_file: Path = _setting(
        Path("account.json"), "AMQ2API_ACCOUNT_FILE", "The accounts.", "a path"
    )
    token_cache: Path = _setting(
        Path("~/.amazonq_token_cache.json"), "AMQ2API_TOKEN_CACHE",
        "Where access tokens survive a restart.", "a path",
    )  # fmt: skip
    calibration_file: Path = _setting(
        Path("~/.amq2api_calibration.json"), "AMQ2API_CALIBRATION_FILE",
        "Where it is kept how far estimates of tokens are off, by model.", "a path",
    )  # fmt: skip
    encryption_key: SecretStr | None = _setting(
        None, "AMQ2API_ENCRYPTION_KEY",
        "Encrypts the secrets in the account file and the token cache. Lost, they are lost too.",
        "at least 16 characters, best from `amq2api rekey --generate`", min_length=16,
    )  # fmt: skip
    admin: bool = _setting(
        True, "AMQ2API_ADMIN", "Serve the page and the API that accounts are managed with.",
        "true or false",
    )  # fmt: skip
    admin_file: Path = _setting(
        Path("admin.json"), "AMQ2API_ADMIN_FILE",
        "Where the admin password's hash is kept, once there is one.", "a path",
    )  # fmt: skip
    allowed_hosts: Names = _setting(
        (), "AMQ2API_ALLOWED_HOSTS",
        "Names under which a reverse proxy offers the gateway, separated by commas. With any, the"
        " page wants an admin password.",
        "host names without scheme and port, such as q.example.com",
    )  # fmt: skip
    routing: Literal["active", "failover"] = _setting(
        "active", "AMQ2API_ROUTING",
        "Which account serves: the active one, or the next when it cannot.", "active or failover",
    )  # fmt: skip
    model_map: Pairs = _setting(
        {}, "AMQ2API_MODEL_MAP", "Other names for models, as name=model, separated by commas.",
        "pairs such as claude-3-5-haiku-latest=claude-haiku-4.5",
    )  # fmt: skip
    origin: Origin = _setting(
        "CLI", "AMQ2API_ORIGIN", "What the service is told this program is.",
        "one of the service's own values, such as CLI, IDE, AI_EDITOR, KIRO_CLI",
    )  # fmt: skip
    user_agent: str | None = _setting(
        None, "AMQ2API_USER_AGENT", "User-Agent sent to the service; amq2api/VERSION if unset.",
        "printable ASCII", pattern=r"^[\x20-\x7e]+$",
    )  # fmt: skip
    opt_out: bool = _setting(
        True, "AMQ2API_OPT_OUT", "Ask the service not to use content to improve itself.",
        "true or false",
    )  # fmt: skip
    attempts: int = _number(
        3, "AMQ2API_ATTEMPTS",
        "Most requests upstream that one call may make, without those whose token was refused.",
        least=1, most=10,
    )  # fmt: skip
    connect_timeout: float = _number(
        15.0, "AMQ2API_CONNECT_TIMEOUT", "Seconds to wait for a connection upstream.",
        least=1, most=300, unit="seconds",
    )  # fmt: skip
    first_byte_timeout: float = _number(
        300.0, "AMQ2API_FIRST_BYTE_TIMEOUT",
        "Seconds to wait for the service to begin an answer, once it has the request.",
        least=1, most=3600, unit="seconds",
    )  # fmt: skip
    idle_timeout: float = _number(
        300.0, "AMQ2API_IDLE_TIMEOUT",
        "Seconds of silence in an answer before the call is given up.",
        least=1, most=3600, unit="seconds",
    )  # fmt: skip
    total_timeout: float = _number(
        3600.0, "AMQ2API_TOTAL_TIMEOUT", "Seconds that one answer of the service may take in all.",
        least=10, most=86400, unit="seconds",
    )  # fmt: skip
    grace: float = _number(
        4.0, "AMQ2API_FIRST_EVENT_GRACE",
        "Seconds to wait for the service's first word before a stream begins without it. Until"
        " then a failure is an HTTP error, after it an error event.",
        least=0.1, most=300, unit="seconds",
    )  # fmt: skip
    ping_interval: float = _number(
        10.0, "AMQ2API_PING_INTERVAL", "Seconds of silence after which a stream gets a ping.",
        least=0.1, most=60, unit="seconds",
    )  # fmt: skip
    max_body: int = _number(
        32 * 1024 * 1024, "AMQ2API_MAX_BODY", "Most bytes a request may have.",
        least=1024, most=1 << 30,
    )  # fmt: skip
    held_bodies: int = _number(
        256 * 1024 * 1024, "AMQ2API_HELD_BODIES",
        "Bytes of calls over 256 KB that one process has at hand at once, from before they are read"
        " until the service begins to answer; more wait for their turn. Its memory is about three"
        " times that at most.",
        least=1024 * 1024, most=1 << 40,
    )  # fmt: skip
    client_timeout: float = _number(
        120.0, "AMQ2API_CLIENT_TIMEOUT",
        "Seconds that a client may take nothing of its answer, or send nothing of its request,"
        " before it is cut off.",
        least=1, most=3600, unit="seconds",
    )  # fmt: skip
    max_calls: int = _number(
        5000, "AMQ2API_MAX_CALLS", "Calls that one process serves at once.", least=1, most=100_000
    )
    account_calls: int = _number(
        0, "AMQ2API_ACCOUNT_CALLS",
        "Calls that one account serves at once, in one process; 0 for as many as there are.",
        least=0, most=100_000,
    )  # fmt: skip
    queue: int = _number(
        100, "AMQ2API_QUEUE", "Calls that may wait for their turn; more are refused with 529.",
        least=0, most=10_000,
    )  # fmt: skip
    queue_timeout: float = _number(
        10.0, "AMQ2API_QUEUE_TIMEOUT", "Seconds that a call waits for its turn, at most.",
        least=0.1, most=300, unit="seconds",
    )  # fmt: skip
    drain_timeout: float = _number(
        75.0, "AMQ2API_DRAIN_TIMEOUT",
        "Seconds that calls under way get to end in when the gateway is told to stop.",
        least=0, most=3600, unit="seconds",
    )  # fmt: skip
    workers: int = _number(
        1, "AMQ2API_WORKERS", "Processes that share the port; about one for each processor.",
        least=1, most=64,
    )  # fmt: skip
    metrics: bool = _setting(
        True, "AMQ2API_METRICS", "Serve `/metrics` for Prometheus, to whoever may call `/v1`.",
        "true or false",
    )  # fmt: skip
    fetch_urls: bool = _setting(
        False, "AMQ2API_FETCH_URLS",
        "Fetch images and PDFs that calls name by URL; from public addresses only.",
        "true or false",
    )  # fmt: skip
    log_level: Literal["debug", "info", "warning", "error"] = _setting(
        "info", "AMQ2API_LOG_LEVEL", "How much is logged.", "debug, info, warning or error"
    )
    log_format: Literal["auto", "console", "json"] = _setting(
        "auto", "AMQ2API_LOG_FORMAT", "Log lines for people or for programs.",
        "auto (console on a terminal, else json), console or json",
    )  # fmt: skip

    @field_validator("host")
    @classmethod
    def _an_address(cls, value: str) -> str:
        if value != "localhost":
            ipaddress.ip_address(value)
        return value

    @field_validator("api_keys", mode="before")
    @classmethod
    def _keys(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        keys = tuple(key.strip() for key in value.split(",") if key.strip())
        if any(" " in key for key in keys):
            raise ValueError("a key holds a space")
        return keys

    @field_validator("allowed_hosts", mode="before")
    @classmethod
    def _names(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        names = tuple(name.strip().lower() for name in value.split(",") if name.strip())
        if any(set(name) & set("/: ") for name in names):
            raise ValueError("a name holds more than a name")
        return names

    @field_validator("model_map", mode="before")
    @classmethod
    def _pairs(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        pairs = [pair.partition("=") for pair in value.split(",") if pair.strip()]
        if any(not (name.strip() and model.strip()) for name, _, model in pairs):
            raise ValueError("a pair lacks a side")
        return {name.strip(): model.strip() for name, _, model in pairs}

    @field_validator(
        "token_cache", "calibration_file", "account_file", "api_key_file", "admin_file"
    )
    @classmethod
    def _home(cls, value: Path | None) -> Path | None:
        return None if value is None else value.expanduser()

    @property
    def public(self) -> bool:
        """Whether other machines can reach the address."""
        return not is_loopback(self.host)
