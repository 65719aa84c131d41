"""Answers that call the service's search tool, whatever was asked; once it has been called, the
next answer is about what was found."""

import re
from itertools import chain

from amq2api.sim.question import Question
from amq2api.sim.steps import Flat, Step, Streamed, Trailer, text

from .calls import CALLED, Call, call, written
from .told import Play, Table, number

_LOOK = text("Let me search the web.")
_QUERY = "weather in Paris"
_LONG = 201  # characters: one more than the service takes


def _search(question: Question, index: int, input: object) -> Call:
    named = [tool.name for tool in question.tools if re.search(r"(?i)web_?search", tool.name)]
    return Call(question.key(index), next(iter(named), "web_search"), written(input))


def _said(argument: str) -> str:
    return argument.replace("_", " ") or _QUERY


def _once(play: Play) -> Play:
    """*play*, unless the message brings what tools said."""

    def first(question: Question, argument: str) -> Streamed | Flat | None:
        return None if question.results else play(question, argument)

    return first


def _one(question: Question, argument: str) -> Streamed:
    found = _search(question, 0, {"query": _said(argument)})
    return Streamed((_LOOK, *found.pieces(), CALLED))


def _several(question: Question, argument: str) -> Streamed:
    queries = [f"{_QUERY} {n}" for n in range(1, int(number(argument, 2)) + 1)]
    calls = [_search(question, n, {"query": query}) for n, query in enumerate(queries)]
    return Streamed((_LOOK, *chain.from_iterable(one.pieces() for one in calls), CALLED))


def _then_text(question: Question, argument: str) -> Streamed:
    found = _search(question, 0, {"query": _said(argument)})
    return Streamed((_LOOK, *found.pieces(), text("I asked."), CALLED))


def _and_tool(question: Question, argument: str) -> Streamed:
    found = _search(question, 0, {"query": _said(argument)})
    others = [n for n, tool in enumerate(question.tools) if tool.name != found.name]
    ours = call(question, others[0]) if others else call(question)
    beside = Call(question.key(1), ours.name, ours.input)
    return Streamed((_LOOK, *found.pieces(), *beside.pieces(), CALLED))


def _odd(input: object) -> Play:
    def play(question: Question, argument: str) -> Streamed:
        return Streamed((_LOOK, *_search(question, 0, input).pieces(), CALLED))

    return _once(play)


def _unclosed(question: Question, argument: str) -> Streamed:
    steps: list[Step] = _search(question, 0, {"query": _QUERY}).pieces(5)
    return Streamed((_LOOK, *steps[:2], Trailer("MAX_TOKENS", insist=True)))


SEARCHES: Table = {
    "search": ("a search of the web for the argument, _ for a space", _once(_one)),
    "searches": ("two searches at once, or the argument's number", _once(_several)),
    "search-for-ever": ("the same, again after every result", _one),
    "search-then-text": ("text goes on after the search was asked for", _once(_then_text)),
    "search-and-tool": ("a search and a call of a tool of the client's", _once(_and_tool)),
    "search-long": ("a query longer than the service takes", _odd({"query": "x" * _LONG})),
    "search-no-query": ("a search for nothing", _odd({})),
    "search-bad-query": ("a query that is no text", _odd({"query": ["a"]})),
    "search-unclosed": ("the query stops at the limit, and the trailer says so", _once(_unclosed)),
}
