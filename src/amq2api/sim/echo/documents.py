"""JSON on demand: a document that satisfies the schema in the text."""

import json
import re
from typing import Any

from amq2api.sim.question import Question
from amq2api.sim.sampling import sample

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
    parts = [part.strip() for part in before.split("\n\n") if part.strip()]
    # The last part is the demand itself, as far as it stands before the schema.
    about = parts[-2] if len(parts) > 1 else "".join(parts)
    words = re.sub(r"<[^>]*>", " ", about).split()[:6]
    return " ".join(words).strip(" .,:;!?\"'") or "Untitled"
