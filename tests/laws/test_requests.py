"""What holds for every legal request, whatever a client sends and whichever model it is for."""

import itertools
import json
import re
from collections import Counter
from collections.abc import Callable
from typing import TypeAlias

from hypothesis import given, note
from hypothesis import strategies as st
from msgspec.structs import replace

from amq2api.bridge.amazonq.fidelity import TABLE, row_of
from amq2api.sim.validator import STRICT, validate
from laws.client import OURS, blocks, client_words, image_data, made_of, sound
from laws.conversations import Request, requests
from laws.found import requests_found
from laws.marking import Mark, marked
from laws.tally import held
from laws.upstream import MODELS, WHO, Sent, send, strings

Law: TypeAlias = Callable[[Request, Sent], None]

NAMES = st.sampled_from(sorted(MODELS))
WITHOUT_REASONING = replace(WHO, replay_reasoning=False)
ECHOES = frozenset({
    "web_fetch_tool_result", "code_execution_tool_result", "bash_code_execution_tool_result",
    "text_editor_code_execution_tool_result", "tool_search_tool_result", "advisor_tool_result",
    "container_upload", "mcp_tool_use", "mcp_tool_result", "mcp_tool_listing", "compaction",
    "fallback",
})  # fmt: skip


@requests_found(name="claude-sonnet-4.6")
@given(request=requests(), name=NAMES)
def test_every_legal_request(request: Request, name: str) -> None:
    note(shown(request))
    model = MODELS[name]
    sent = send(request, model)
    for law, holds in LAWS.items():
        note(law)
        holds(request, sent)
        held(law)
    note("the same request gives the same")
    assert send(request, model) == sent
    held("the same request gives the same")


@requests_found()
@given(request=requests())
def test_every_model_takes_every_legal_request(request: Request) -> None:
    """Reasoning that the service has not signed, or not for this model, may come back refused:
    then the request goes without (upstream-protocol.md I16)."""
    note(shown(request))
    call = request.decoded()
    for name, model in MODELS.items():
        note(name)
        sent, bare = send(call, model), send(call, model, WITHOUT_REASONING)
        assert validate(sent.json, rules=STRICT.without("I16")) is None
        assert bare == sent or validate(bare.json) is None
    held("the service takes it, for every model")


@requests_found(name="claude-sonnet-4.5")
@given(request=requests(), name=NAMES)
def test_every_word_arrives_once_where_it_belongs(request: Request, name: str) -> None:
    note(shown(request))
    body, marks = marked(request.body)
    sent = send(Request(body, request.version), MODELS[name])
    heard = list(strings(sent.json))
    places = [(at, turn["content"]) for at, turn in enumerate(sent.turns)]
    before = (-1, 0)
    for mark in marks:
        note(str(mark))
        times = sum(text.count(mark.tag) for text in heard)
        if mark.place in _MAY_BE_MISSING:
            assert times <= _MAY_BE_MISSING[mark.place]
            continue
        assert times == 1
        if mark.place in ("said", "quoted", "system"):
            (here,) = [(at, text.index(mark.text)) for at, text in places if mark.text in text]
            assert mark.place == "quoted" or here[0] % 2 == (mark.of == "assistant")
            assert before < here
            before = here
    held("every word arrives once, in its place")
    _declared(request, sent, [mark for mark in marks if mark.place == "tool"])
    held("every tool is declared or noted")


_MAY_BE_MISSING = {"cleared": 0, "definition": 1, "tool": 1}


def _declared(request: Request, sent: Sent, marks: list[Mark]) -> None:
    told = "\n".join([*(tool["description"] for tool in sent.tools), sent.turns[0]["content"]])
    if (request.body.get("tool_choice") or {}).get("type") in ("none", "tool"):
        return
    removed = {block["tool"].get("name") for block in blocks(request.body)
               if block["type"] == "tool_removal" and isinstance(block["tool"], dict)}  # fmt: skip
    missing = [mark for mark in marks if mark.tag not in told and mark.of not in removed]
    assert len(missing) <= sent.noted("dropped", "tools.defer_loading")


def _every_block(request: Request, sent: Sent) -> None:
    kinds = Counter(block["type"] for block in blocks(request.body))
    images = [image["source"]["bytes"] for turn in sent.users for image in turn.get("images", [])]
    assert sorted(images) == sorted(image_data(request.body["messages"]))
    uses = [sound(use["input"]) for use in sent.uses if use["name"] != "web_search"]
    theirs = [block for block in blocks(request.body) if block["type"] == "tool_use"]
    assert [sound(block["input"]) for block in theirs] == uses
    replayed = [turn["reasoningContent"] for turn in sent.turns if "reasoningContent" in turn]
    dropped = sum(sent.noted("dropped", row) for row in ("messages.thinking", "redacted_thinking"))
    assert len(replayed) + dropped == kinds["thinking"] + kinds["redacted_thinking"]
    for kind in ECHOES & kinds.keys():
        assert sent.noted("approximated", row_of(kind)) == kinds[kind], kind


def _every_text(request: Request, sent: Sent) -> None:
    """As with marks, for texts as they are: alike, and made to be confused."""
    heard = list(strings(sent.json))
    for message in request.body["messages"]:
        content = message.get("content") or ""
        texts = [content] if isinstance(content, str) else [b.get("text", "") for b in content]
        for text in filter(str.strip, [] if message.get("clear_at") else texts):
            assert any(text in string for string in heard), text


def _nothing_is_invented(request: Request, sent: Sent) -> None:
    theirs = client_words(request.body)
    for text in sent.spoken():
        assert made_of(text, theirs | OURS), text


def _notes(request: Request, sent: Sent) -> None:
    for each in sent.notes:
        assert each.subject in TABLE
        assert each.count > 0
        assert re.fullmatch(r"(approximated|dropped|repaired):[\w.:]+(=\d+)?", str(each), re.ASCII)


def _results(request: Request, sent: Sent) -> None:
    for earlier, later in itertools.pairwise([{}, *sent.turns]):
        uses = [use["toolUseId"] for use in earlier.get("toolUses", [])]
        assert [result["toolUseId"] for result in sent.results(later)] == uses


LAWS: dict[str, Law] = {
    "every block arrives or is noted": _every_block,
    "every text arrives byte for byte": _every_text,
    "nothing is invented": _nothing_is_invented,
    "notes speak of rows of the table": _notes,
    "results answer the uses before them": _results,
}


def shown(request: Request) -> str:
    """The request as JSON, for ``found.json`` or ``amq2api translate``."""
    return json.dumps({"version": request.version, "body": request.body})


def test_the_law_of_words_can_fail() -> None:
    assert made_of("αβ\n\nα", frozenset({"α", "β", "\n"}))
    assert not made_of("α and β", frozenset({"α", "β", "\n"}))
