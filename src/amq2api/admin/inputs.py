"""What the admin API takes. Unknown members are refused: a mistyped one would be lost in silence.

Patterns are checked before anything is trimmed, so that the OpenAPI document says exactly what
is taken. White space around a value is: people paste.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

LONGEST_NAME = 200
LONGEST_SECRET = 16_384
_LONGEST_ADDRESS = 2048
_LONGEST_ARN = 512


def _trimmed(body: str, *, optional: bool = False) -> str:
    wanted = f"(?:{body})?" if optional else f"(?:{body})"
    return f"^[ \\t\\r\\n]*{wanted}[ \\t\\r\\n]*$"


_ARN = "arn:aws[a-z-]*:(?:codewhisperer|transform):[a-z0-9-]+:[0-9]{12}:profile/[A-Za-z0-9]+"
_REGION = "[a-z]{2,4}(?:-[a-z]+)+-[0-9]{1,2}"
_HOST = "(?:https://[A-Za-z0-9.-]+|http://(?:localhost|127\\.0\\.0\\.1|\\[::1\\]))"
_ADDRESS = f"{_HOST}(?::[0-9]{{1,5}})?(?:[/?#][!-~]*)?"

SECRET = _trimmed("[!-~]+")
NAME = _trimmed("[^\\x00-\\x1f\\x7f-\\x9f\u2028\u2029]*")
ARN, AN_ARN = _trimmed(_ARN, optional=True), _trimmed(_ARN)
REGION, A_REGION = _trimmed(_REGION, optional=True), _trimmed(_REGION)
START_URL, A_START_URL = _trimmed(_ADDRESS, optional=True), _trimmed(_ADDRESS)

_ARN_WORDS = "must look like arn:aws:codewhisperer:REGION:ACCOUNT:profile/NAME"
_REGION_WORDS = "must be the name of an AWS region, such as us-east-1"
_ADDRESS_WORDS = "must be an https address, such as https://example.awsapps.com/start"
WORDS: Mapping[str, str] = {
    SECRET: "must be one word of plain ASCII characters",
    NAME: "must not hold control characters or line breaks",
    ARN: _ARN_WORDS,
    AN_ARN: _ARN_WORDS,
    REGION: _REGION_WORDS,
    A_REGION: _REGION_WORDS,
    START_URL: _ADDRESS_WORDS,
    A_START_URL: _ADDRESS_WORDS,
}
"""Each pattern in words, for people who do not read patterns."""

_trim = AfterValidator(str.strip)
# To JSON, 2.0 is a whole number; to the rest of this program, only 2 is.
_whole = BeforeValidator(lambda n: int(n) if isinstance(n, float) and n.is_integer() else n)
Secret = Annotated[str, Field(pattern=SECRET, min_length=1, max_length=LONGEST_SECRET), _trim]
Name = Annotated[str, Field(pattern=NAME, max_length=LONGEST_NAME), _trim]
Arn = Annotated[str, Field(pattern=ARN, max_length=_LONGEST_ARN), _trim]
Region = Annotated[str, Field(pattern=REGION, max_length=64), _trim]
StartUrl = Annotated[str, Field(pattern=START_URL, max_length=_LONGEST_ADDRESS), _trim]
Passphrase = Annotated[
    str,
    Field(
        min_length=8,
        max_length=1024,
        description="Whoever has it and the bundle has the accounts.",
        examples=["correct horse battery staple"],
    ),
]
_ACCOUNT_ID = Field(
    None,
    max_length=LONGEST_SECRET,
    description="The account that gets the new credentials; a new one if absent.",
)


class Taken(BaseModel):
    """Types are as in JSON: no text passes for a number or a truth."""

    model_config = ConfigDict(extra="forbid", strict=True)


_NEW_EXAMPLE: dict[str, Any] = {
    "name": "work",
    "refresh_token": "aorAAAAAGmEXAMPLE",
    "client_id": "_Vsvwl5Xa_EXAMPLE",
    "client_secret": "eyJraWQiOiJEXAMPLE",
    "profile_arn": "arn:aws:codewhisperer:us-east-1:123456789012:profile/EXAMPLE",
}


class NewAccount(Taken):
    """The three secrets belong together: they come from one sign-in."""

    model_config = ConfigDict(json_schema_extra={"examples": [_NEW_EXAMPLE]})

    name: Name | None = Field(None, description="What to call it; anything.")
    refresh_token: Secret
    client_id: Secret
    client_secret: Secret
    profile_arn: Arn | None = Field(
        None, description="Profile of an IAM Identity Center account; none for Builder ID."
    )
    region: Region | None = Field(None, description="Of the identity provider.")
    start_url: StartUrl | None = Field(None, description="Where the account signs in.")

    def fields(self) -> dict[str, Any]:
        """The members of account.json that were given."""
        return {name: value for name, value in self.model_dump().items() if value}


def _stays(description: str | None = None) -> Any:
    """What has no default that would mean anything: its absence is what counts."""

    def without_default(schema: dict[str, Any]) -> None:
        del schema["default"]

    return Field(None, description=description, json_schema_extra=without_default)


class Changes(Taken):
    """What is absent stays. Null or an empty text removes an optional member."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "home", "enabled": False}]})

    name: Name | None = _stays()
    enabled: bool = _stays("A disabled account never serves.")
    refresh_token: Secret = _stays("Replaces that of the sign-in, as do the next two.")
    client_id: Secret = _stays()
    client_secret: Secret = _stays()
    profile_arn: Arn | None = _stays()
    region: Region | None = _stays()
    start_url: StartUrl | None = _stays()

    def members(self) -> dict[str, Any]:
        """The members of account.json to replace; None removes one."""
        given = self.model_dump(exclude_unset=True)
        return {name: None if value == "" else value for name, value in given.items()}


class BuilderId(Taken):
    model_config = ConfigDict(json_schema_extra={"examples": [{"kind": "builder-id"}]})

    kind: Literal["builder-id"]
    name: Name | None = None
    account_id: str | None = _ACCOUNT_ID


_CENTER_EXAMPLE: dict[str, Any] = {
    "kind": "identity-center",
    "start_url": "https://example.awsapps.com/start",
    "region": "us-east-1",
}


class IdentityCenter(Taken):
    model_config = ConfigDict(json_schema_extra={"examples": [_CENTER_EXAMPLE]})

    kind: Literal["identity-center"]
    start_url: Annotated[str, Field(pattern=A_START_URL, max_length=_LONGEST_ADDRESS), _trim]
    region: Annotated[str, Field(pattern=A_REGION, max_length=64), _trim]
    name: Name | None = None
    account_id: str | None = _ACCOUNT_ID


KINDS = frozenset({"builder-id", "identity-center"})
NewLogin = Annotated[BuilderId | IdentityCenter, Field(discriminator="kind")]


class ChosenProfile(Taken):
    profile_arn: Annotated[str, Field(pattern=AN_ARN, max_length=_LONGEST_ARN), _trim] = Field(
        examples=[_NEW_EXAMPLE["profile_arn"]]
    )


class Export(Taken):
    passphrase: Passphrase


_BASE64 = "(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?"


class Kdf(Taken):
    name: Literal["scrypt"]
    n: Literal[16384, 32768, 65536, 131072, 262144]
    r: Literal[8]
    p: Literal[1]
    salt: str = Field(pattern=f"^{_BASE64}$", min_length=24, max_length=84)


class Bundle(Taken):
    """As ``amq2api export`` and ``POST /api/accounts/export`` make it."""

    format: Literal["amq2api-export"]
    version: Literal[1]
    created_at: Annotated[int, Field(ge=0, le=1 << 40), _whole]
    accounts: Annotated[int, Field(ge=0, le=1 << 20), _whole]
    kdf: Kdf
    cipher: Literal["AES-256-GCM"]
    nonce: str = Field(pattern="^[A-Za-z0-9+/]{16}$")
    ciphertext: str = Field(pattern=f"^{_BASE64}$")


class Import(Taken):
    passphrase: Passphrase
    bundle: Bundle


class ForeignImport(Taken):
    source: Literal["amazon-q-cli", "kiro-cli", "aws-sso-cache"]
    consent: Literal[True] = Field(
        description="That the accounts of another program may be read. Two programs that share a"
        " sign-in can void each other's tokens."
    )
