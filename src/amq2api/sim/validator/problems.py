"""What a check found, and the words the service has for it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from amq2api.sim.faults import AWS_JSON, REST, Encoding, Fault

Kind: TypeAlias = Literal[
    "malformed", "unknown member", "tool", "tool schema", "pairing", "signature", "model",
    "field too long", "too long", "image count", "image format", "model fields",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Problem:
    """*message* is for kinds whose words quote the request; others have fixed words."""

    kind: Kind
    rule: str
    where: str
    message: str = ""


Problems: TypeAlias = Iterable[Problem]

_MALFORMED = "Improperly formed request."

_WORDS: Mapping[tuple[Kind, Encoding | None], tuple[str, str | None]] = {
    # (kind, encoding or None for both): message, reason. Sources: 4.1 (a captured AWS-JSON
    # body without a reason), 4.3, 2.5 for the two sentences about tools.
    ("malformed", AWS_JSON): (_MALFORMED, None),
    ("malformed", REST): (_MALFORMED, "REQUEST_BODY_INVALID"),
    ("unknown member", None): (_MALFORMED, "REQUEST_BODY_INVALID"),
    ("tool", AWS_JSON): (_MALFORMED, None),
    ("tool", REST): ("Invalid tool use format.", "REQUEST_BODY_INVALID"),
    ("tool schema", AWS_JSON): (_MALFORMED, None),
    ("tool schema", REST): ("Invalid tool use format.", "REQUEST_BODY_INVALID"),
    ("pairing", None): ("", "TOOL_USE_RESULT_MISMATCH"),
    ("signature", None): ("Invalid signature in reasoning content.", "THINKING_SIGNATURE_INVALID"),
    ("model", None): (
        "Invalid model. Please select a different model to continue.", "INVALID_MODEL_ID"),
    ("field too long", None): ("Input content length exceeds threshold.", None),
    ("too long", None): ("Input is too long.", "CONTENT_LENGTH_EXCEEDS_THRESHOLD"),
    ("image count", None): ("Too many images in the request.", "IMAGE_COUNT_EXCEEDED"),
    ("image format", None): ("", "IMAGE_MIME_MISMATCH"),
    ("model fields", None): ("", None),
}  # fmt: skip


def worded(problem: Problem, encoding: Encoding) -> Fault:
    """The service's answer to a problem: always HTTP 400, ValidationException."""
    words = _WORDS.get((problem.kind, None)) or _WORDS[problem.kind, encoding]
    message, reason = words
    return Fault(400, "ValidationException", problem.message or message, reason,
                 rule=problem.rule, where=problem.where)  # fmt: skip
