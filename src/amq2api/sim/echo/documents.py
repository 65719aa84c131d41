"""JSON on demand: a document that satisfies the schema in the text."""

import json
import re
from typing import Any

from amq2api.sim.question import Question
from amq2api.sim.sampling import sample

from . import listening

_MENTION = re.compile(r"(?i)json[ _-]?schema")
_MENTIONS = 4  # the last ones; a text may be about nothing else
_KEYWORDS = ("type", "properties", "anyOf", "oneOf", "$ref")


def asked_for(question: Question) -> str | None:
    """The document, or None if the message has no schema to satisfy."""
    for mention in reversed(list(_MENTION.finditer(question.text))[-_MENTIONS:]):
        schema = _object_after(question.text, mention.end())
        if schema is not None:
            words = _subject(question.text[: mention.start()])
            return json.dumps(sample(schema, words, every=True), ensure_ascii=False)
    return None


def _object_after(text: str, at: int) -> dict[str, Any] | None:
    start = text.find("{", at)
    if start < 0:
        return None
    try:
        found, _ = json.JSONDecoder().raw_decode(text, start)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or not any(name in found for name in _KEYWORDS):
        return None
    return found


def _subject(before: str) -> str:
    """A few words on what the text before the demand is about."""
    # The last paragraph is the demand itself, as far as it stands before the schema.
    rest = "\n\n".join(before.rstrip().split("\n\n")[:-1])
    about = re.sub(r"<[^>]*>", " ", listening.words(rest or before))
    return " ".join(about.split()[:6]).strip(" .,:;!?\"'") or "Untitled"
