"""``GET /v1/models``: one shape that Claude's clients and OpenAI's both read.

Source: claude-api.md 1.2; the OpenAI members are ``object``, ``created``, ``owned_by``.
"""

from typing import Any, Literal

import msgspec

from amq2api.errors import BadRequest

__all__ = ["ModelEntry", "ModelList", "page"]

MOST = 1000
USUAL = 20


class ModelEntry(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    display_name: str
    description: str = ""
    type: Literal["model"] = "model"
    object: Literal["model"] = "model"
    created_at: str = "1970-01-01T00:00:00Z"
    """The service does not tell when a model appeared; the epoch stands for unknown."""
    created: int = 0
    owned_by: str = "amazon-q-developer"
    lifecycle: Literal["active", "deprecated", "retired"] = "active"
    max_input_tokens: int | None = None
    max_tokens: int | None = None
    capabilities: dict[str, Any] = {}


class ModelList(msgspec.Struct, frozen=True, kw_only=True):
    data: list[ModelEntry]
    has_more: bool
    first_id: str | None
    last_id: str | None
    object: Literal["list"] = "list"


def page(
    entries: list[ModelEntry],
    *,
    limit: int | None = None,
    after_id: str | None = None,
    before_id: str | None = None,
) -> ModelList:
    """One page of *entries*: those right after, or right before, the entry named.

    Raises:
        BadRequest: *limit* is out of range. An unknown cursor gives an empty page, so that
            a client that pages by itself stops.
    """
    size = USUAL if limit is None else limit
    if not 1 <= size <= MOST:
        bound = "greater than or equal to 1" if size < 1 else f"less than or equal to {MOST}"
        raise BadRequest(f"limit: Input should be {bound}")
    ids = [entry.id for entry in entries]
    if after_id is not None:
        rest = entries[ids.index(after_id) + 1 :] if after_id in ids else []
        shown = rest[:size]
    elif before_id is not None:
        rest = entries[: ids.index(before_id)] if before_id in ids else []
        shown = rest[-size:]
    else:
        rest = entries
        shown = rest[:size]
    return ModelList(
        data=shown,
        has_more=len(rest) > len(shown),
        first_id=shown[0].id if shown else None,
        last_id=shown[-1].id if shown else None,
    )
