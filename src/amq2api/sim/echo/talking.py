"""Conversation without tools: small talk, sums, and accounts of what was received."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from amq2api.sim.question import Question, Result

from . import listening, sums

Talk: TypeAlias = Callable[[re.Match[str], Question], str | None]

_MOST_LINES, _MOST_CHARACTERS = 40, 4_000


def about_results(question: Question) -> str:
    """What the tools said, quoted; of pages that a search found, what they are about."""
    return "\n\n".join(map(_about, question.results))


def _about(result: Result) -> str:
    if pages := _pages(result.text):
        return f"The web has {_count(len(pages), 'page')}:\n\n" + "\n".join(map(_page, pages))
    return f"{_who(result.name, result.failed)}:\n\n{_excerpt(result.text)}"


def _pages(said: str) -> list[dict[str, Any]]:
    """What a search found, if *said* is that: a JSON object per line with title and address."""
    try:
        found = [json.loads(line) for line in said.split("\n")]
    except (ValueError, RecursionError):
        return []
    whole = all(isinstance(page, dict) and "title" in page and "url" in page for page in found)
    return found if whole else []


def _page(page: Mapping[str, Any]) -> str:
    snippet = page.get("snippet")
    return (
        f"- {page['title']}: {snippet} ({page['url']})"
        if snippet
        else (f"- {page['title']} ({page['url']})")
    )


def _who(name: str, failed: bool) -> str:
    return f"The tool {name} reports an error" if failed else f"The tool {name} said"


def _excerpt(said: str) -> str:
    lines = said.split("\n")
    shown = "\n".join(lines[:_MOST_LINES])[:_MOST_CHARACTERS]
    left = len(said) - len(shown)
    return f"{shown}\n… ({left} more characters)" if left > 0 and shown else shown or "(nothing)"


def reply(question: Question) -> str:
    """An answer to the latest thing in the message that asks for one we know."""
    for part in listening.paragraphs(question.text):
        for pattern, talk in _TALKS:
            if (match := pattern.search(part)) and (said := talk(match, question)) is not None:
                return said
    if question.images:
        return _images(question)
    return _reaction(question)


def _reaction(question: Question) -> str:
    said = listening.words(question.text)
    words = said.split()
    if not words:
        return "You sent no words that I could answer."
    verb = "asked" if said.endswith("?") else "wrote"
    longest = max(words, key=len).strip(".,:;!?\"'()")
    return (
        f"You {verb} {listening.quoted(said)}. I am a simulation of Amazon Q speaking as "
        f"{question.model['modelName']} and know nothing of the world, but I did hear "
        f"{_count(len(words), 'word')}, the longest of which is “{longest}”."
    )


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _greeting(match: re.Match[str], question: Question) -> str:
    name = match["name"]
    to = f" {name}" if name else ""
    return (
        f"{match['hello'].capitalize()}{to}! I am {question.model['modelName']}, as the simulator "
        "plays it. Ask me for a sum, or to read a file if you gave me a tool for that."
    )


def _introduction(match: re.Match[str], question: Question) -> str:
    return (
        f"I am {question.model['modelName']}, as the simulator plays it. I know nothing of the "
        "world, but my answers travel like those of the real service: word by word. I can work "
        "out a sum, count to 100, repeat what you say, and use the tools that you give me."
    )


def _chinese_greeting(match: re.Match[str], question: Question) -> str:
    return f"你好！我是模拟器扮演的 {question.model['modelName']}。有什么可以帮您的吗？"


def _thanks(match: re.Match[str], question: Question) -> str:
    return "You are welcome."


def _sum(match: re.Match[str], question: Question) -> str | None:
    result = sums.worked_out(match["sum"])
    return None if result is None else f"{match['sum'].strip()} = {result}"


def _word_count(match: re.Match[str], question: Question) -> str:
    said = match["said"].strip().strip("\"'“”`")
    return f"{listening.quoted(said)} has {_count(len(said.split()), 'word')}."


def _repeat(match: re.Match[str], question: Question) -> str:
    return match["said"].strip().strip("\"'“”`")


def _counting(match: re.Match[str], question: Question) -> str:
    return ", ".join(str(number) for number in range(1, min(int(match["to"]), 20_000) + 1))


def _instructions(match: re.Match[str], question: Question) -> str:
    return (
        f"The conversation begins with {_count(len(question.opening), 'character')}: "
        f"{listening.quoted(question.opening, 400)}"
    )


def _tools(match: re.Match[str], question: Question) -> str:
    if not question.tools:
        return "No tools were declared to me."
    names = ", ".join(tool.name for tool in question.tools)
    return f"{_count(len(question.tools), 'tool')} were declared to me: {names}."


def _images(question: Question) -> str:
    each = ", ".join(f"a {kind} of about {size} bytes" for kind, size in question.images)
    return f"I received {_count(len(question.images), 'image')}: {each}."


def _asked_images(match: re.Match[str], question: Question) -> str:
    return _images(question) if question.images else "I received no image with this message."


def _model(match: re.Match[str], question: Question) -> str:
    return f"I was asked as {question.model_id}, and I am a simulation of it."


def _name(match: re.Match[str], question: Question) -> str:
    said = [str(message.get("content", "")) for message in question.history]
    found = [name for text in said for name in re.findall(r"\b[Mm]y name is (\w+)", text)]
    return f"You told me: your name is {found[-1]}." if found else "You have not told me your name."


_POLITE = r"(?i)^(?:please|now|and|ok(?:ay)?|can you|could you|[\s,])*"
_TALKS: tuple[tuple[re.Pattern[str], Talk], ...] = (
    # Anchored at the beginning of a paragraph, because system text is in the same message.
    (re.compile(r"(?i)^(?P<hello>hello|hi|hey|good (?:morning|evening|day)|hola|bonjour|hallo)\b"
                r"(?:(?: there|,| i am| i'm| my name is)* (?P<name>(?-i:[A-Z][a-z]\w*)))?"
                r"[^\n]{0,20}$"),
     _greeting),
    (re.compile(r"(?i)^(?:(?:hello|hi|hey)\b[!,.]? *)?what (?:all )?can you (?:do|help)\b"),
     _introduction),
    (re.compile(r"^(?:你好|您好)"), _chinese_greeting),
    (re.compile(r"(?i)^(?:thanks|thank you)\b[^\n]{0,40}$"), _thanks),
    (re.compile(_POLITE + r"(?:what(?:'s| is)|how much is|calculate|compute)?\s*"
                r"(?P<sum>[-(]*\s*\d[\d\s.()]*[-+*/×÷^x][-+*/×÷^x\d\s.()]*?)\s*[=?.]*$"), _sum),
    (re.compile(_POLITE + r"(?:how many words (?:are )?in|count the words (?:in|of)):?\s*"
                r"(?P<said>.+)$", re.DOTALL), _word_count),
    (re.compile(_POLITE + r"(?:say|repeat after me|repeat|echo|(?:reply|respond|answer) with)"
                r"(?: exactly| only| just)?(?: the words?)?:?\s+(?P<said>[^\n]+)$"), _repeat),
    (re.compile(_POLITE + r"count (?:from 1 )?to (?P<to>\d{1,6})\b"), _counting),
    (re.compile(r"(?i)\bwhat\b.*\b(?:system (?:prompt|instructions?)|instructions)\b"),
     _instructions),
    (re.compile(r"(?i)\b(?:which|what|list (?:your|the|all))\b.*\btools\b"), _tools),
    (re.compile(r"(?i)\b(?:which|what|describe|see|how many)\b.*\b(?:images?|pictures?)\b"),
     _asked_images),
    (re.compile(r"(?i)^(?:which|what) model\b"), _model),
    (re.compile(r"(?i)^what(?:'s| is) my name\b"), _name),
)  # fmt: skip
