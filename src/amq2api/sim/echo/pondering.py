"""Reasoning around an answer, in the form the request asks for (upstream-protocol.md 2.9, 3.4)."""

import base64

from amq2api.sim.question import Question
from amq2api.sim.signing import SIGNER
from amq2api.sim.steps import Event, Step, reasoning, reasoning_end, text

from . import listening


def around(question: Question) -> tuple[list[Step], list[Step]]:
    """The steps before the answer and after it."""
    thought = _thought(question)
    match question.thinking:
        case "none":
            return [], []
        case "tags":
            return [text("<thinking>"), *listening.spoken(thought), text("</thinking>\n\n")], []
        case "omitted":
            return [reasoning_end(SIGNER.sign("", question.model_id))], []
        case "redacted":
            # GPT models send theirs at the end of the turn (3.4).
            blob = base64.b64encode(thought.encode("utf-8", "replace")).decode()
            return [], [Event("reasoningContentEvent", {"redactedContent": blob})]
        case "summarized":
            signature = SIGNER.sign(thought, question.model_id)
            return [*map(reasoning, listening.pieces(thought)), reasoning_end(signature)], []


def _thought(question: Question) -> str:
    if question.results:
        return "The tool has answered. I tell the user what it said."
    asked = listening.quoted(listening.words(question.text), 120)
    tools = f" There are {len(question.tools)} tools I might use." if question.tools else ""
    return f"The user says {asked}.{tools} I answer briefly."
