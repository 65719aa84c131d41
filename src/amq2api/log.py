"""One line per call, for people or for programs. Never content, never a secret."""

import io
import logging
import sys
from collections.abc import MutableMapping
from functools import lru_cache
from typing import Any, Literal

import msgspec
import structlog

log: Any = structlog.get_logger("amq2api")

# Names under which a secret could come; the value goes, whoever passed it.
_SECRET = ("token", "secret", "authorization", "api_key", "password", "cookie")
_HARMLESS = frozenset({"input_tokens", "output_tokens", "has_token", "token_endpoint"})


def configure(level: str, form: Literal["auto", "console", "json"]) -> None:
    """Set up logging for the whole process, or change it; the command line does."""
    console = form == "console" or (form == "auto" and sys.stderr.isatty())
    renderer: Any = (
        # The plain traceback: the pretty one shows local variables, and with them content.
        structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
        if console
        else structlog.processors.JSONRenderer(_to_json)
    )
    first: list[Any] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        redact,
    ]
    last: list[Any] = [structlog.processors.format_exc_info, renderer]
    structlog.configure(
        processors=[*first, *last],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level.upper()]
        ),
        logger_factory=structlog.WriteLoggerFactory(_StandardError()),
        cache_logger_on_first_use=True,
    )
    # What it was bound to at its first use, under an earlier configuration.
    vars(log).pop("bind", None)
    _adopt_libraries(first, last)


class _StandardError(io.StringIO):
    """Whatever ``sys.stderr`` is when a line is written: loggers outlive a redirection.

    A StringIO only by type, for those who want a TextIO; it holds nothing.
    """

    def write(self, line: str) -> int:
        return sys.stderr.write(line)

    def flush(self) -> None:
        sys.stderr.flush()


def _adopt_libraries(first: list[Any], last: list[Any]) -> None:
    """What libraries log in the standard way, uvicorn above all: warnings, in the same form."""
    output = logging.StreamHandler(_StandardError())
    output.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=first,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    logging.basicConfig(level=logging.WARNING, handlers=[output], force=True)


def redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor that hides values whose name says they are secret."""
    for key in event:
        if _is_secret(key):
            event[key] = "(hidden)"
    return event


@lru_cache(maxsize=512)  # the names come from the source, a few dozen of them
def _is_secret(key: str) -> bool:
    lowered = key.lower()
    return lowered not in _HARMLESS and any(word in lowered for word in _SECRET)


def _to_json(event: Any, **_how: Any) -> str:
    # Several times faster than the standard library's, and a line is written for every call.
    return msgspec.json.encode(event, enc_hook=str).decode()
