"""One line per call, for people or for programs. Never content, never a secret."""

import asyncio
import io
import logging
import sys
import time
import traceback
from collections.abc import Iterator, Mapping, MutableMapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Literal

import msgspec
import structlog

from amq2api.errors import BadRequest, GatewayError

log: Any = structlog.get_logger("amq2api")

# Names under which a secret could come; the value goes, whoever passed it.
_SECRET = ("token", "secret", "authorization", "api_key", "password", "cookie")
_HARMLESS = frozenset({"input_tokens", "output_tokens", "has_token", "token_endpoint"})

# Exceptions whose words name code, files and addresses. A ValueError or a KeyError quotes the
# value that it could not take, and that can be anything.
_HARMLESS_WORDS = (
    GatewayError, OSError, AttributeError, NameError, TypeError, ImportError, RecursionError,
    NotImplementedError, MemoryError, ZeroDivisionError, BaseExceptionGroup,
)  # fmt: skip
_FRAMES = 50  # of a traceback; a recursion has a thousand
_UNSAID = "(words left out)"


def configure(level: str, form: Literal["auto", "console", "json"]) -> None:
    """Set up logging for the whole process, or change it; the command line does."""
    console = form == "console" or (form == "auto" and sys.stderr.isatty())
    renderer: Any = (
        # By then a traceback is text. The pretty one would show local variables.
        structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
        if console
        else _to_json
    )
    first: list[Any] = [
        structlog.processors.add_log_level,
        _stamp,
        redact,
    ]
    last: list[Any] = [
        structlog.processors.ExceptionRenderer(_traceback),
        *([_as_shown] if console else []),
        renderer,
    ]
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


def _stamp(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> Any:
    """When, as structlog's TimeStamper has it, at a quarter of the cost."""
    now = time.time()
    event["timestamp"] = f"{_second(int(now))}.{int(now % 1 * 1e6):06}Z"
    return event


@lru_cache(maxsize=1)
def _second(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor that hides values whose name says they are secret."""
    for key in event:
        if _is_secret(key):
            event[key] = "(hidden)"
    return event


def _as_shown(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> Any:
    """Texts for a terminal: nothing in them moves its cursor, and a secret shows what it wants."""
    for key, value in event.items():
        if isinstance(value, str):
            lines = str(value).split("\n") if key == "exception" else [str(value)]
            event[key] = "\n".join(map(_printable, lines))
    return event


def _printable(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(
        sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text
    )


@lru_cache(maxsize=512)  # the names come from the source, a few dozen of them
def _is_secret(key: str) -> bool:
    lowered = key.lower()
    return lowered not in _HARMLESS and any(word in lowered for word in _SECRET)


def unforeseen(_loop: asyncio.AbstractEventLoop, context: Mapping[str, Any]) -> None:
    """A loop's exception handler. Its own would write what a callback was called with."""
    what = str(context.get("message", "")).partition("(")[0]
    log.error("unforeseen", what=what, exc_info=context.get("exception"))


def _traceback(exc_info: Any) -> str:
    """Where it happened, and what it was; in whose words only if they cannot quote anything."""
    return "\n".join(_told(exc_info[1]))


def _told(exc: BaseException) -> Iterator[str]:
    before = exc.__cause__ or (None if exc.__suppress_context__ else exc.__context__)
    if before is not None:
        yield from _told(before)
        yield f"\n{'which led to' if exc.__cause__ else 'and then'}:\n"
    yield "Traceback (most recent call last):"
    yield "".join(traceback.format_tb(exc.__traceback__, limit=-_FRAMES)).rstrip()
    quotes = isinstance(exc, BadRequest) or not isinstance(exc, _HARMLESS_WORDS)
    yield f"{type(exc).__qualname__}: {_UNSAID if quotes else exc}"
    if isinstance(exc, BaseExceptionGroup):
        for number, part in enumerate(exc.exceptions, 1):
            yield f"\n{number}. of {len(exc.exceptions)}:\n"
            yield from _told(part)


def _to_json(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> str:
    # Several times faster than the standard library's, and a line is written for every call.
    return msgspec.json.encode(event, enc_hook=str).decode()
