"""What ``amq2api doctor`` found, as a file for others: nothing in it opens or names anybody."""

import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from amq2api.accounts import files
from amq2api.accounts.health import Health, TokenState
from amq2api.accounts.model import Account
from amq2api.admin import shapes
from amq2api.config import Settings, values

from .app import Complaint
from .checks.check import Check
from .checks.installation import installed, machine

_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(arn:aws[\w-]*:[a-z0-9-]*:[a-z0-9-]*):[^\s\"',;)]*"), r"\1:(hidden)"),
    (re.compile(r"(?<=://)[^/@\s]+@"), "(hidden)@"),
    (re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+"), "(an address)"),
    (re.compile(r"\bd-[0-9a-f]{10}\b[\w.-]*"), "(an id)"),
    (re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", re.IGNORECASE), "(an id)"),
    (re.compile(r"\b(ao[ar]|eyJ|ksk_|sk-|enc:)[\w+/=.:-]{16,}"), "(a secret)"),
    (re.compile(r"\b\d{12}\b"), "(a number)"),
)
# Of an account's members those that tell how it fares, and not whose it is.
_TOLD = (
    "is_active", "enabled", "source", "region", "api_region", "registration_expires_at",
    "health", "token",
)  # fmt: skip
_PRIVATE = ("AMQ2API_ALLOWED_HOSTS",)


@dataclass(slots=True)
class Finding:
    """All that was found in one look."""

    checks: list[Check] = field(default_factory=list)
    settings: Settings | None = None
    accounts: Sequence[tuple[Account, Health, TokenState]] = ()


def fresh(path: Path) -> None:
    """Raise Complaint if something is there already: it may be anything."""
    if path.exists():
        raise Complaint(f"{path}: is there already; choose another name", 2)


def write(path: Path, found: Finding) -> Path:
    """Write the bundle, readable by its owner only.

    Returns:
        Its whole path.

    Raises:
        Complaint: it cannot be written.
    """
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, value in contents(found).items():
            told = scrubbed(msgspec.to_builtins(value), _homes())
            bundle.writestr(name, msgspec.json.format(msgspec.json.encode(told), indent=2))
    try:
        files.replace(path, packed.getvalue())
    except OSError as exc:
        raise Complaint(f"{path}: {exc.strerror or 'cannot be written'}") from exc
    return path.absolute()


def contents(found: Finding) -> dict[str, Any]:
    """The files of the bundle, before :func:`scrubbed`."""
    return {
        "report.json": [msgspec.structs.replace(check, about="") for check in found.checks],
        "settings.json": _settings(found.settings),
        "versions.json": machine() | {"packages": installed()},
        "accounts.json": [_account(*account) for account in found.accounts],
    }


def scrubbed(value: Any, homes: Sequence[str]) -> Any:
    """*value* without what its texts tell of anybody.

    Args:
        homes: Directories to call ``~``.
    """
    match value:
        case str():
            return _scrubbed(value, homes)
        case dict():
            return {key: scrubbed(below, homes) for key, below in value.items()}
        case list():
            return [scrubbed(below, homes) for below in value]
        case _:
            return value


def _scrubbed(text: str, homes: Sequence[str]) -> str:
    for home in homes:
        text = text.replace(home, "~")
    for pattern, instead in _PATTERNS:
        text = pattern.sub(instead, text)
    return text


def _homes() -> list[str]:
    """The user's home under its names; the root of all is nobody's."""
    names = {str(Path.home()), str(Path.home().resolve())}
    return sorted(names - {"/"}, key=len, reverse=True)


def _settings(settings: Settings | None) -> Mapping[str, str]:
    if settings is None:
        return {}
    shown = values(settings)
    return {name: "(set)" if name in _PRIVATE and value else value for name, value in shown.items()}


def _account(account: Account, health: Health, token: TokenState) -> dict[str, Any]:
    told = shapes.detailed(account, health, token)
    return {key: told[key] for key in _TOLD} | {
        "has_name": bool(account.name),
        "has_profile": bool(account.profile_arn),
        "has_start_url": bool(account.start_url),
    }
