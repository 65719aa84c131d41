"""Answers what was really asked, so that a demonstration feels alive. No model is involved.

It greets, does sums, counts words, says what it received, calls fitting tools and tells what
they said, fills in JSON schemas, and thinks aloud where asked to. The same request always gets
the same answer.
"""

from amq2api.sim.question import Question
from amq2api.sim.steps import Step, Streamed, Trailer

from . import calling, documents, listening, pondering, talking

__all__ = ["answer"]


def answer(question: Question) -> Streamed:
    """Everything the pretended model says to *question*."""
    steps, reason = _content(question)
    before, after = pondering.around(question)
    steps, reason = _within(question.max_tokens, steps, reason)
    return Streamed((*before, *steps, *after, Trailer(reason)))


def _content(question: Question) -> tuple[list[Step], str]:
    if (forced := calling.forced(question)) is not None:
        return forced.steps(), "TOOL_USE"
    if question.results:
        return listening.spoken(talking.about_results(question)), "END_TURN"
    if (document := documents.asked_for(question)) is not None:
        return listening.spoken(document), "END_TURN"
    if (wish := calling.wished(question)) is not None:
        return [*listening.spoken(wish.words), *wish.steps()], "TOOL_USE"
    return listening.spoken(talking.reply(question)), "END_TURN"


def _within(limit: int | None, steps: list[Step], reason: str) -> tuple[list[Step], str]:
    """As much as fits into *limit* tokens of four characters."""
    if limit is None:
        return steps, reason
    left = limit * 4
    for index, step in enumerate(steps):
        left -= listening.length(step)
        if left < 0:
            return steps[:index], "MAX_TOKENS"
    return steps, reason
