"""Settings as they are given: by the environment, by ``.env``, by the command line.

The environment is read here and nowhere else.
"""

import os
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any, NamedTuple

from dotenv import dotenv_values
from pydantic import ValidationError

from .settings import ENV_FILE, Settings
from .shown import allowed, table

# How names begin that somebody may have meant for us.
_OURS = ("AMQ2", "AMQAPI", "AMAZONQ", "AMAZON_Q")
# start.sh and scripts/ read them.
_OF_SCRIPTS = ("AMQ2API_VENV", "AMQ2API_SKIP_CLAUDE_CODE", "AMQ2API_CHROMIUM")


class BadSetting(Exception):
    """A value that makes no sense. The text names the setting, the value and what is allowed."""


def load(**overrides: Any) -> Settings:
    """The settings from *overrides*, the environment and ``.env``, in this order.

    Raises:
        BadSetting: a value makes no sense, or half of an account is given.
    """
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        settings = Settings(**given)
    except ValidationError as exc:
        raise BadSetting("\n".join(_complaints(exc))) from None
    except (OSError, UnicodeDecodeError) as exc:
        raise _unreadable(exc) from None
    _check_account(settings)
    return settings


class Stranger(NamedTuple):
    """A variable that looks like a setting and is none; nobody reads it."""

    name: str
    meant: str | None
    """The setting whose name is most like it, if one is."""


def strangers() -> list[Stranger]:
    """Those of the environment and of ``.env``, by name.

    Raises:
        BadSetting: ``.env`` cannot be read.
    """
    known = [row.env for row in table()]
    try:
        given = {*os.environ, *dotenv_values(ENV_FILE)}  # noqa: TID251  (here it may)
    except (OSError, UnicodeDecodeError) as exc:
        raise _unreadable(exc) from None
    found = sorted(
        name
        for name in given
        if name.upper().startswith(_OURS) and name.upper() not in (*known, *_OF_SCRIPTS)
    )
    return [Stranger(name, _nearest(name.upper(), known)) for name in found]


def _nearest(name: str, known: list[str]) -> str | None:
    return next(iter(get_close_matches(name, known, n=1, cutoff=0.8)), None)


def _unreadable(exc: Exception) -> BadSetting:
    return BadSetting(f".env: cannot be read as UTF-8 text ({type(exc).__name__})")


def _check_account(settings: Settings) -> None:
    parts = {
        "AMAZONQ_REFRESH_TOKEN": settings.refresh_token,
        "AMAZONQ_CLIENT_ID": settings.client_id,
        "AMAZONQ_CLIENT_SECRET": settings.client_secret,
    }
    missing = [name for name, value in parts.items() if value is None]
    if missing and len(missing) < len(parts):
        raise BadSetting(
            f"{', '.join(missing)}: not set; an account needs all of {', '.join(parts)}"
        )


def _complaints(exc: ValidationError) -> Iterator[str]:
    by_alias = {str(f.validation_alias): f for f in Settings.model_fields.values()}
    by_name = dict(Settings.model_fields)
    for error in exc.errors(include_url=False, include_context=False):
        place = str(error["loc"][0])
        field = by_alias.get(place) or by_name.get(place)
        if field is None:
            yield f"{place}: {error['msg']}"
            continue
        secret = "Secret" in str(field.annotation)
        value = "(hidden)" if secret else repr(error["input"])
        may_be = allowed(field.json_schema_extra)
        yield f"{field.validation_alias}: {value} makes no sense here; allowed: {may_be}"
