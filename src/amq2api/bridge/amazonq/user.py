"""User turns as the service's user messages: texts, images and tool results.

Every tool use is answered in the very next user message, in the order of the uses, each once;
no result answers anything else (upstream-protocol.md 2.6, 2.10 I4, I5).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import cast

import msgspec
from msgspec import UNSET, UnsetType

from amq2api.dialects import amazonq as q
from amq2api.dialects import messages as m
from amq2api.errors import BadRequest

from .content import Reader, image
from .fidelity import Ledger
from .turns import Turn, UserPiece
from .words import EMPTY_MESSAGE, EMPTY_RESULT, IMAGE_POINTER, INTERRUPTED, SEPARATOR

__all__ = ["MOST_IMAGES", "Asked", "Draft", "draft"]

MOST_IMAGES = 10
"""Of one message (upstream-protocol.md 2.7)."""


class Asked(msgspec.Struct, frozen=True, gc=False):
    """A tool use that waits for its result: its id on either side."""

    client_id: str
    upstream_id: str


class Draft(msgspec.Struct):
    """A user message in the making."""

    texts: list[str] = []
    results: list[q.ToolResult] = []
    images: list[q.Image] = []

    def message(
        self, origin: str, *, model_id: str = "", tools: Sequence[msgspec.Raw] = ()
    ) -> q.UserMessage:
        content = SEPARATOR.join(self.texts)
        if not content and not self.results and not self.images:
            content = EMPTY_MESSAGE
        context: q.UserInputMessageContext | UnsetType = UNSET
        if tools or self.results:
            context = q.UserInputMessageContext(list(tools), self.results)
        said = q.UserInputMessage(content, context, origin, self.images, model_id)
        return q.UserMessage(said)


def draft(turn: Turn, asked: Sequence[Asked], reader: Reader, ledger: Ledger) -> Draft:
    """Retell a user turn that follows an assistant turn with the tool uses *asked*.

    Results that answer none of them stay where they are, as text.
    """
    made = Draft()
    answers: dict[str, list[m.ToolResult]] = {use.client_id: [] for use in asked}
    rest = cast("list[UserPiece]", turn.pieces)
    if answers:
        pieces, rest = rest, []
        for piece in pieces:
            if type(piece) is m.ToolResult and piece.tool_use_id in answers:
                answers[piece.tool_use_id].append(piece)
            else:
                rest.append(piece)
    # Results first: the service matches images to them by position (2.6).
    for use, given in _dealt(asked, answers):
        made.results.append(_result(use, given, made, reader, ledger))
    for piece in rest:
        if isinstance(piece, str):
            made.texts.append(piece)
        elif isinstance(piece, m.Image):
            made.images.append(image(piece))
        else:
            ledger.repaired("tool_result")
            made.texts += _texts([piece], made, reader, ledger)
    if len(made.images) > MOST_IMAGES:
        raise BadRequest(
            # Claude Code sends the request again without media on these words (claude-api.md 9.5).
            f"messages.{turn.at}.content: too much media: {len(made.images)} images, "
            f"but at most {MOST_IMAGES} images per message"
        )
    return made


def _dealt(
    asked: Sequence[Asked], answers: Mapping[str, list[m.ToolResult]]
) -> Iterator[tuple[Asked, list[m.ToolResult]]]:
    """To each use its results: in order where uses share an id, the last taking what is over."""
    if len(answers) == len(asked):
        for use in asked:
            yield use, answers[use.client_id]
        return
    last = {use.client_id: at for at, use in enumerate(asked)}
    piles = {client_id: iter(given) for client_id, given in answers.items()}
    for at, use in enumerate(asked):
        pile = piles[use.client_id]
        yield use, list(pile if last[use.client_id] == at else islice(pile, 1))


def _result(
    use: Asked, given: Sequence[m.ToolResult], made: Draft, reader: Reader, ledger: Ledger
) -> q.ToolResult:
    if not given:
        ledger.repaired("tool_use")
        return q.ToolResult(use.upstream_id, [q.ToolResultText(INTERRUPTED)], "error")
    if len(given) > 1:
        ledger.repaired("tool_result", len(given) - 1)
        failed = any([result.is_error for result in given])
    else:
        failed = bool(given[0].is_error)
    texts = list(map(q.ToolResultText, _texts(given, made, reader, ledger)))
    return q.ToolResult(use.upstream_id, texts, "error" if failed else "success")


def _texts(
    results: Iterable[m.ToolResult], made: Draft, reader: Reader, ledger: Ledger
) -> list[str]:
    """What results say; their images go to the message, with a pointer in their place."""
    texts: list[str] = []
    for result in results:
        for piece in reader.pieces(result.content or ()):
            if type(piece) is str:
                if piece and not piece.isspace():
                    texts.append(piece)
            elif type(piece) is m.Image:
                ledger.approximated("tool_result.image")
                made.images.append(image(piece))
                texts.append(IMAGE_POINTER.format(number=len(made.images)))
    if not texts:
        ledger.approximated("tool_result.content")
        return [EMPTY_RESULT]
    return texts
