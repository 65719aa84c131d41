"""Answers that call tools: whole, in odd pieces, broken."""

import json

from amq2api.sim.question import Question
from amq2api.sim.steps import (
    Drop,
    Event,
    Pause,
    Step,
    Streamed,
    Trailer,
    text,
    tool_piece,
    tool_start,
    tool_stop,
)

from .calls import CALLED, Call, call
from .told import Play, Table, number

_LOOK = text("Let me look.")
_NASTY = 'a "quoted" \\ back\\slash\n\ttab \u00e9\u6f22 😀 </x> {}[]:,'


def _tool(question: Question, argument: str) -> Streamed:
    return Streamed((_LOOK, *call(question).pieces(), CALLED))


def _end_turn(question: Question, argument: str) -> Streamed:
    return Streamed((*call(question).pieces(), Trailer("END_TURN")))


def _parallel(question: Question, argument: str) -> Streamed:
    calls = [call(question, index) for index in range(int(number(argument, 2)))]
    steps = [step for one in calls for step in one.pieces()]
    return Streamed((_LOOK, *steps, CALLED))


def _interleaved(question: Question, argument: str) -> Streamed:
    first, second = call(question, 0), call(question, 1)
    ours, theirs = first.pieces(5), second.pieces(5)
    steps: list[Step] = []
    while ours or theirs:
        steps += [*ours[:1], *theirs[:1]]
        del ours[:1], theirs[:1]
    return Streamed((*steps, CALLED))


def _then_text(question: Question, argument: str) -> Streamed:
    return Streamed((_LOOK, *call(question).pieces(), text("I called it."), CALLED))


def _no_arguments(question: Question, argument: str) -> Streamed:
    one = call(question)
    return Streamed((tool_start(one.key, one.name), tool_stop(one.key, one.name), CALLED))


def _nasty(question: Question) -> Call:
    """A call whose JSON is full of escapes."""
    one = call(question, words=_NASTY)
    return Call(one.key, one.name, json.dumps(json.loads(one.input)))


def _fragments(question: Question, argument: str) -> Streamed:
    return Streamed((*_nasty(question).pieces(1), CALLED))


def _cut(question: Question, argument: str) -> Streamed:
    one = _nasty(question)
    at = int(number(argument, 7))
    pieces = [tool_piece(one.key, one.name, part) for part in (one.input[:at], one.input[at:])]
    return Streamed((tool_start(one.key, one.name), *pieces, tool_stop(one.key, one.name), CALLED))


def _halves(words: str) -> list[str]:
    """*words* cut in the middle of each character that is a surrogate pair in UTF-16."""
    units = words.encode("utf-16-be")
    pairs = (units[at : at + 2] for at in range(0, len(units), 2))
    pieces = [""]
    for char in (pair.decode("utf-16-be", "surrogatepass") for pair in pairs):
        pieces[-1] += char
        if "\ud800" <= char <= "\udbff":
            pieces.append("")
    return pieces


def _split_surrogates(question: Question, argument: str) -> Streamed:
    one = call(question, words="one 😀 two 👍🏽 three")
    said = [text(piece) for piece in _halves("Look: 😀, then 👩🏽.")]
    pieces = [tool_piece(one.key, one.name, piece) for piece in _halves(one.input)]
    steps = (*said, tool_start(one.key, one.name), *pieces, tool_stop(one.key, one.name))
    return Streamed((*steps, CALLED))


def _lone_surrogate(question: Question, argument: str) -> Streamed:
    return Streamed((text("half \ud83d"), text("no partner"), Trailer()))


def _one_frame(question: Question, argument: str) -> Streamed:
    one = call(question)
    whole = {"toolUseId": one.key, "name": one.name, "input": one.input, "stop": True}
    return Streamed((_LOOK, Event("toolUseEvent", whole), CALLED))


def _repeated_start(question: Question, argument: str) -> Streamed:
    one = call(question)
    begin, *rest = one.pieces()
    return Streamed((begin, begin, *rest, CALLED))


def _unclosed(question: Question, argument: str) -> Streamed:
    begin, first, *_ = call(question).pieces(5)
    return Streamed((_LOOK, begin, first))


def _unclosed_bare(question: Question, argument: str) -> Streamed:
    return Streamed((_LOOK, call(question).pieces()[0]))


def _dropped(question: Question, argument: str) -> Streamed:
    begin, first, *_ = call(question).pieces(5)
    return Streamed((_LOOK, begin, first, Drop()))


def _stalled(question: Question, argument: str) -> Streamed:
    begin, first, *rest = call(question).pieces(5)
    return Streamed((_LOOK, begin, first, Pause(number(argument, 3600)), *rest, CALLED))


def _unclosed_trailer(question: Question, argument: str) -> Streamed:
    begin, first, *_ = call(question).pieces(5)
    return Streamed((_LOOK, begin, first, Trailer("MAX_TOKENS", insist=True)))


def _input(broken: str, reason: str = "TOOL_USE") -> Play:
    def play(question: Question, argument: str) -> Streamed:
        one = call(question)
        end = Trailer(reason, insist=reason != "TOOL_USE")
        return Streamed((_LOOK, *Call(one.key, one.name, broken).pieces(), end))

    return play


TOOLS: Table = {
    "tool": ("text, then one tool call", _tool),
    "tool-end-turn": ("a tool call under the stop reason END_TURN", _end_turn),
    "parallel-tools": ("two calls one after another, or the argument's number", _parallel),
    "interleaved-tools": ("two calls whose fragments alternate", _interleaved),
    "tool-then-text": ("text goes on after a call", _then_text),
    "tool-no-args": ("a call with no input at all", _no_arguments),
    "tool-fragments": ("input full of escapes, one character at a time", _fragments),
    "tool-cut": ("the same input, cut at the argument's character", _cut),
    "tool-split-surrogates": ("characters cut in half, in text and input", _split_surrogates),
    "lone-surrogate": ("half a character whose partner never comes", _lone_surrogate),
    "tool-one-frame": ("the whole call in one frame", _one_frame),
    "tool-repeated-start": ("the first frame of a call comes twice", _repeated_start),
    "tool-unclosed": ("the body ends inside the input, in good order", _unclosed),
    "tool-unclosed-bare": ("the body ends after the first frame of a call", _unclosed_bare),
    "tool-dropped": ("the connection breaks inside the input", _dropped),
    "tool-stall": ("silence inside the input, for an hour or the argument's seconds", _stalled),
    "tool-max-tokens": ("the input stops at the limit, and the trailer says so", _unclosed_trailer),
    "tool-bad-json": ("a closed call whose input is no JSON", _input('{"city": Par')),
    "tool-malformed": ("the same, and the stop reason says so",
                       _input('{"city": Par', "MALFORMED_TOOL_USE")),
    "tool-list-input": ("a closed call whose input is a list", _input("[1, 2]")),
}  # fmt: skip
