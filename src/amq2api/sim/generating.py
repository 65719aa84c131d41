"""GenerateAssistantResponse: the checks in the service's order, then the answer (4.5)."""

from collections.abc import Iterator
from dataclasses import dataclass

from . import echo
from .access import Refused, admitted, affords
from .asgi import Incoming
from .dressing import Chunk, bill, chunks, dress
from .faults import REST, Fault
from .question import Question, wanted
from .runtime import offered
from .scenarios import Choice
from .steps import Flat, Streamed
from .validator import validate
from .world import Recorded, World

__all__ = ["Opened", "opened"]


@dataclass(frozen=True, slots=True)
class Opened:
    """An answer that has passed every check and waits to be written."""

    streamed: Streamed
    chunks: Iterator[Chunk]
    conversation_id: str
    """To be told in a header, in the encoding that does so (1.4)."""


def opened(world: World, incoming: Incoming, record: Recorded) -> Opened | Flat:
    """What *incoming* is answered.

    Raises:
        Refused: it is not.
    """
    body = record.body
    account = admitted(world, incoming, body if isinstance(body, dict) else None)
    record.account = account.name
    affords(world, account)
    choice, turn = world.next_choice(wanted(body))
    record.scenario = str(choice)
    refusal = choice.refused(turn)
    if refusal is not None and choice.refusal is not None and choice.refusal.early:
        raise Refused(refusal)
    models = offered(world, account)
    fault = validate(body, encoding=record.encoding, rules=world.rules, models=models)
    if (answer := fault or refusal) is not None:
        raise Refused(answer)
    question = Question(body, record.encoding, models)
    told = _told(choice, question)
    if isinstance(told, Flat):
        return told
    account.credits_used += bill(question, told.steps).credits
    dressed = dress(told, question, world.profile)
    named = question.conversation_id if record.encoding == REST else ""
    return Opened(told, chunks(dressed, told), named)


def _told(choice: Choice, question: Question) -> Streamed | Flat:
    return choice.streamed(question) or echo.answer(question)


def as_fault(answer: Fault | Flat) -> Fault | None:
    """For the record: the service's own words, if it had any."""
    return answer if isinstance(answer, Fault) else None
