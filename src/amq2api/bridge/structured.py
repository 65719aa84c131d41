"""Structured output: the JSON schema a client sets, and the one document that satisfies it.

The service knows nothing of it (upstream-protocol.md 2.5), so the answer is judged here, by
Draft 2020-12 (claude-api.md 3.4, 3.7) and without ever fetching anything.
"""

import functools
import json
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from amq2api.dialects import messages as m
from amq2api.errors import BadRequest

from .jsontext import Document, decode, documents
from .judging import TooComplex, bounded, check, judge

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

__all__ = ["Misfit", "Schema", "asked", "check_prefill", "compiled"]

_INVALID = "JSON schema is invalid: "
_TOO_COMPLEX = "Schema is too complex for compilation."
_LONGEST = 200_000  # bytes of a schema
_PROBES = ("{}", "[]", '""')  # what a schema must be able to judge before anything is asked
_MOST_DOCUMENTS = 20  # in one answer that are looked at
_LONGEST_RULE = 1_000  # characters of a schema's member that the model is told
_LONGEST_WORDS = 300  # characters of what is wrong with a schema


class Misfit(NamedTuple):
    """Why an answer is not what the schema asks for."""

    place: str
    """In the answer, as a JSON path: ``$.items[0].title``."""
    keyword: str
    """Of the schema's rule; empty if there is no JSON document at all."""
    rule: str = ""
    """The rule as the schema states it, JSON."""


class Asked(NamedTuple):
    """What a call says of the answer's form, and under which name."""

    where: str
    schema: msgspec.Raw


def asked(call: m.Call) -> Asked | None:
    """The schema for a call's answer; ``output_format`` is the older name of the member."""
    if call.output_config is not None and call.output_config.format is not None:
        return Asked("output_config.format.schema", call.output_config.format.schema)
    if call.output_format is not None:
        return Asked("output_format.schema", call.output_format.schema)
    return None


def check_prefill(call: m.Call) -> None:
    """The API takes no beginning of an answer together with a schema for it (3.7).

    Raises:
        BadRequest: the last message is such a beginning.
    """
    last = call.messages[-1]
    end = last.content[-1] if isinstance(last.content, list) and last.content else last.content
    if last.role == "assistant" and end and isinstance(end, str | m.Text):
        raise BadRequest(
            "output_config.format is not supported together with assistant message prefill."
            " The conversation must end with a user message."
        )


def compiled(wanted: Asked) -> "Schema":
    """The schema made ready to judge answers. Slow when it is new: not for the event loop.

    Raises:
        BadRequest: it is no schema, or needs something from elsewhere; the place is named.
    """
    return _compiled(wanted.where, bytes(wanted.schema))


class Schema:
    """A checked schema."""

    def __init__(self, where: str, validator: "Validator") -> None:
        self._where, self._validator = where, validator

    def fit(self, text: str) -> str | Misfit:
        """The document in *text*, exactly as it stands there, without what surrounds it.

        Fences and chatter are tolerated around it. Of several documents the last that
        satisfies the schema is meant: models think aloud first.

        Raises:
            BadRequest: the schema makes judging too expensive.
        """
        try:
            with bounded():
                return self._best(documents(text))
        except (TooComplex, RecursionError):
            raise BadRequest(f"{self._where}: {_TOO_COMPLEX}") from None

    def _best(self, found: list[Document]) -> str | Misfit:
        misfits: list[Misfit] = []
        for document in found[::-1][:_MOST_DOCUMENTS]:
            if (misfit := self._judge(document.value)) is None:
                return document.text
            misfits.append(misfit)
        return misfits[0] if misfits else Misfit("$", "")

    def _judge(self, value: Any) -> Misfit | None:
        # Late, like every use of it: the library takes a third of a second and ten megabytes.
        from jsonschema.exceptions import best_match

        first = next(self._validator.iter_errors(value), None)
        if first is None:
            return None
        error = best_match([first]) or first
        rule = _json({error.validator: error.validator_value}) if error.validator else "false"
        keyword = str(error.validator or "false")
        return Misfit(error.json_path, keyword, rule if len(rule) <= _LONGEST_RULE else keyword)


@functools.lru_cache(maxsize=32)
def _compiled(where: str, raw: bytes) -> Schema:
    if len(raw) > _LONGEST:
        raise BadRequest(f"{where}: {_TOO_COMPLEX}")
    try:
        schema = decode(raw.decode())
        check(schema)
    except RecursionError:
        raise BadRequest(f"{where}: {_TOO_COMPLEX}") from None
    except ValueError as problem:
        raise BadRequest(f"{where}: {_INVALID}{str(problem)[:_LONGEST_WORDS]}") from None
    made = Schema(where, judge(schema))
    for probe in _PROBES:
        made.fit(probe)
    return made


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
