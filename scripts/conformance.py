"""The conformance checklist of the Messages API, rows C-001 to C-169: what is chosen where it
leaves a choice, and what is not proven by a test.

tests/test_conformance.py holds the test suite to it; `scripts/docs` puts it into a page.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

__all__ = ["CHOSEN", "LAST", "UNPROVEN", "section"]

LAST = 169
"""The checklist's rows are numbered from 1."""


class Choice(NamedTuple):
    """What a row leaves open, in a word; what happens here; and why."""

    row: str
    chosen: str
    why: str


CHOSEN: Mapping[int, Choice] = {
    17: Choice("`GET /` and `HEAD /`", "The page, or a few words about the gateway.",
               "People and probes look there."),
    27: Choice("No `anthropic-version`, or one that nobody knows", "Judged as `2023-06-01`.",
               "Clients that leave it out are old."),
    41: Choice("An unknown model", "404, unless the operator has mapped the name.",
               "Another model in its place would be a lie."),
    42: Choice("`max_tokens` above the model's cap", "Lowered to the cap, noted.",
               "Clients ask for their own default; the cap is the service's and changes."),
    45: Choice("`temperature`", "Dropped, noted; under `2026-10-21` refused as the API does.",
               "The service has no such field."),
    46: Choice("`temperature` beside thinking", "Dropped, noted.", "As above."),
    47: Choice("`top_p`, `top_k`", "Dropped, noted; under `2026-10-21` refused.", "As above."),
    54: Choice("`tool_choice` without tools", "`any` and `tool` are refused as the API does; "
               "`auto` and `none` pass.", "The latter ask for nothing."),
    59: Choice("A tool's name with other characters", "Mapped, and restored in the answer.",
               "MCP servers have such names; refusing would lose their tools."),
    60: Choice("`input_schema` without `type`", "Taken as an object's; what is no schema is "
               "refused.", "The service wants an object."),
    64: Choice("Client tools of the API", "Declared with the parameters the API documents.",
               "The model calls them like any other."),
    65: Choice("`web_search`", "Executed, where the service offers it to the account; else refused "
               "in words that clients know.", "The service has a search of its own."),
    71: Choice("`display: omitted`", "A block with an empty thought and a signature.",
               "Clients send the signature back."),
    76: Choice("Five cache breakpoints", "Tolerated.", "Nothing is cached here by breakpoint."),
    81: Choice("A conversation that the assistant begins", "Refused as the API does.",
               "Clients know the words; inventing a message would be ours."),
    85: Choice("Refusing `role: system`", "Does not happen: the message keeps its place, as text.",
               "Claude Code sends one with every first request."),
    86: Choice("An empty text", "Left out, noted where a message vanishes.",
               "A session must not be lost over it."),
    87: Choice("A message without content", "Left out, noted.", "As above."),
    88: Choice("A tool call without a result", "Gets a result that says so, noted.",
               "A refusal would end the session."),
    89: Choice("A result without a call", "Becomes text in its place, noted.", "As above."),
    97: Choice("A prefill", "Stays the assistant's, and the current message asks to go on.",
               "The service takes no prefill."),
    99: Choice("An image elsewhere", "Refused, unless fetching is switched on.",
               "Addresses in a conversation may be anybody's."),
    101: Choice("Documents", "Their text is extracted; what has none is refused in the API's "
                "words.", "The service takes no documents."),
    102: Choice("`search_result`", "As text, with title and source.", "As above."),
    106: Choice("Input and `max_tokens` above the window", "Served; the model ends where the "
                "window does, and the stop reason says so.",
                "Newer models of the API do the same."),
    149: Choice("A refusal of the model", "200 with the stop reason `refusal`.",
                "It is an answer."),
    156: Choice("Counting that the service cannot do", "Does not happen: it is done here, and "
                "asks nobody.", "The service counts nothing before it answers."),
}  # fmt: skip
"""Rows that allow more than one thing. All of them are proven as chosen."""

UNPROVEN: Mapping[int, str] = {}
"""Rows that no test proves, and why."""


def section() -> str:
    """The part of docs/fidelity.md that speaks of the checklist."""
    lines = [
        "",
        "## Where the checklist leaves a choice, and what is chosen here",
        "",
        f"The API's behaviour is listed as {LAST} numbered rows, C-001 to C-{LAST:03}. A test "
        "bears the",
        "number of each row that it proves, and another test watches that none is forgotten.",
        "",
        *_table(("row", "what it is about", "here", "why"), [
            (f"C-{number:03}", *choice) for number, choice in CHOSEN.items()
        ]),
    ]  # fmt: skip
    if UNPROVEN:
        rows = [(f"C-{number:03}", why) for number, why in UNPROVEN.items()]
        lines += ["", "Not proven by a test:", "", *_table(("row", "why"), rows)]
    return "\n".join(lines) + "\n"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows)]
