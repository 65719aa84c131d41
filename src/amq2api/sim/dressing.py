"""What every answer of a deployment has around its content: the profiles.

``classic``: an ``initial-response`` first (AWS-JSON only), no trailer. ``2026``: the model's id
in the first text event, and a trailer whose numbers agree. Source: upstream-protocol.md 3.3, 3.4.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from .catalogue import window
from .faults import AWS_JSON
from .question import Question
from .steps import Bytes, Drop, ErrorFrame, Event, Pause, Raised, Step, Streamed, Trailer, frame

__all__ = ["Bill", "Chunk", "Profile", "bill", "chunks", "dress"]

Profile: TypeAlias = Literal["classic", "2026"]
Dressed: TypeAlias = Event | Raised | ErrorFrame | Bytes | Pause | Drop
Chunk: TypeAlias = bytes | Pause | Drop

_OUTPUT_WEIGHT = 15  # an output token costs about as much as 15 of input (7.3)
_CREDITS_PER_TOKEN = 1.7e-6  # fits the captured answer of 3.6 A


@dataclass(frozen=True, slots=True)
class Bill:
    """What one answer took, by this simulator's count."""

    input_tokens: int
    output_tokens: int
    percentage: float
    """How full the window is after the answer: input and output (3.4)."""
    credits: float


def bill(question: Question, steps: Sequence[Step]) -> Bill:
    said = sum(_length(step) for step in steps if isinstance(step, Event))
    took, gave = question.input_tokens, -(-said // 4)
    rate: float = question.model["rateMultiplier"]
    return Bill(
        took,
        gave,
        100 * (took + gave) / window(question.model),
        rate * (took + _OUTPUT_WEIGHT * gave) * _CREDITS_PER_TOKEN,
    )


def _length(event: Event) -> int:
    texts = (event.payload.get(name) for name in ("content", "text", "input"))
    return sum(len(text) for text in texts if isinstance(text, str))


def dress(streamed: Streamed, question: Question, profile: Profile) -> list[Dressed]:
    """The answer as *profile* sends it."""
    out: list[Dressed] = []
    if profile == "classic" and question.encoding == AWS_JSON and not streamed.bare:
        out.append(Event("initial-response", {"conversationId": question.conversation_id}))
    unnamed = profile == "2026"
    for step in streamed.steps:
        if isinstance(step, Trailer):
            if profile == "2026" or step.insist:
                out += _trailer(step, bill(question, streamed.steps))
        elif unnamed and isinstance(step, Event) and step.type == "assistantResponseEvent":
            out.append(
                Event(step.type, {**step.payload, "modelId": question.model_id}, step.headers)
            )
            unnamed = False
        else:
            out.append(step)
    return out


def _trailer(trailer: Trailer, total: Bill) -> Iterator[Event]:
    if trailer.stop_reason is not None:
        details = {} if trailer.details is None else {"stopDetails": trailer.details}
        yield Event("metadataEvent", {"stopReason": trailer.stop_reason, **details})
    percentage = total.percentage if trailer.percentage is None else trailer.percentage
    yield Event("contextUsageEvent", {"contextUsagePercentage": percentage})
    yield Event("meteringEvent", {"unit": "credit", "unitPlural": "credits",
                                  "usage": total.credits})  # fmt: skip


def chunks(steps: Sequence[Dressed], streamed: Streamed) -> Iterator[Chunk]:
    """Each frame's bytes, up to where the scenario cuts the stream."""
    left = streamed.cut
    for step in steps:
        if isinstance(step, Pause | Drop):
            yield step
            continue
        data = frame(step)
        if left is not None and len(data) >= left:
            yield data[:left]
            if streamed.dropped:
                yield Drop()
            return
        left = None if left is None else left - len(data)
        yield data
