"""One line per call, for people or for programs. Never content, never a secret."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, Literal

import structlog

log: Any = structlog.get_logger("amq2api")

# Names under which a secret could come; the value goes, whoever passed it.
_SECRET = ("token", "secret", "authorization", "api_key", "password", "cookie")
_HARMLESS = frozenset({"input_tokens", "output_tokens", "has_token", "token_endpoint"})


def configure(level: str, form: Literal["auto", "console", "json"]) -> None:
    """Set up logging for the whole process; called once, by the command line."""
    console = form == "console" or (form == "auto" and sys.stderr.isatty())
    renderer: Any = (
        # The plain traceback: the pretty one shows local variables, and with them content.
        structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
        if console
        else structlog.processors.JSONRenderer()
    )
    first: list[Any] = [
        structlog.contextvars.merge_contextvars,
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
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    _adopt_libraries(first, last)


def _adopt_libraries(first: list[Any], last: list[Any]) -> None:
    """What libraries log in the standard way, uvicorn above all: warnings, in the same form."""
    output = logging.StreamHandler(sys.stderr)
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
        lowered = key.lower()
        if lowered not in _HARMLESS and any(word in lowered for word in _SECRET):
            event[key] = "(hidden)"
    return event
