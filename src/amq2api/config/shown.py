"""The settings as a person reads them."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from pydantic import SecretStr

from .settings import Settings


class Row(NamedTuple):
    """One setting as a person reads it."""

    env: str
    default: str
    allowed: str
    help: str


def table() -> list[Row]:
    """Every setting, in the order of :class:`Settings`."""
    return [
        Row(
            str(field.validation_alias), _shown(field.default), allowed(field.json_schema_extra),
            field.description or "",
        )
        for field in Settings.model_fields.values()
    ]  # fmt: skip


def values(settings: Settings) -> Mapping[str, str]:
    """What is in force, by environment name; secrets only as set or not."""
    shown: dict[str, str] = {}
    for name, field in Settings.model_fields.items():
        shown[str(field.validation_alias)] = _shown(getattr(settings, name))
    return shown


def allowed(extra: Any) -> str:
    """What a setting may be, from its field's ``json_schema_extra``."""
    return str(extra["allowed"]) if isinstance(extra, dict) else ""


def _shown(value: Any) -> str:
    match value:
        case None | ():
            return ""
        case SecretStr():
            return "(set)"
        case bool():
            return str(value).lower()
        case (str(), *_):
            return ",".join(value)
        case tuple():
            return f"({len(value)} set)"
        case dict():
            return ",".join(f"{name}={model}" for name, model in value.items())
        case _:
            return str(value)
