"""Where an answer is cut, held back or retold by the call's own terms: against plain readings."""

import json
import re
from typing import Any

from hypothesis import given, note
from hypothesis import strategies as st

from laws.grammar import Judge
from laws.replies import Part, Reply, carried, legal
from laws.retelling import SAID_AFTERWARDS, Case, cases, terms
from laws.tally import held
from laws.texts import SAID

SEQUENCES = st.lists(st.sampled_from(["α", "β", "αβ", "ββα", "🎉", "\n", "γγ", "}"]) | SAID,
                     min_size=1, max_size=3).map(tuple)  # fmt: skip
LIMITS = st.sampled_from([0, 1, 2, 3, 5, 8, 13, 40, 200])
ONLY_TEXT = legal(("text",))


@given(cases(ONLY_TEXT, st.builds(terms, stop_sequences=SEQUENCES)))
def test_stop_sequences(case: Case) -> None:
    note(repr(case))
    judge, whole = case.hear().judge, case.reply.said("text")
    said, end = judge.said("text"), judge.end["delta"]
    matched = end["stop_sequence"] or ""
    assert whole.startswith(said + matched)
    assert not any(sequence in said for sequence in case.terms.stop_sequences)
    if not matched:
        assert said == whole
        assert end["stop_reason"] != "stop_sequence"
    held("an answer ends where a stop sequence stands, and nowhere else")


@given(cases(legal(), st.builds(terms, max_tokens=LIMITS)))
def test_limits(case: Case) -> None:
    note(repr(case))
    judge, reply = case.hear().judge, case.reply
    assert judge.state == "stopped"
    assert judge.end["usage"]["output_tokens"] <= max(1, case.terms.max_tokens or 0) or _counted(
        reply
    )
    assert reply.said("text").startswith(judge.said("text"))
    assert reply.said("thinking").startswith(judge.said("thinking"))
    if judge.end["delta"]["stop_reason"] not in ("max_tokens", "model_context_window_exceeded"):
        assert judge.said("text") == reply.said("text")
        assert not judge.torn
    held("an answer ends at its limit with what came before it")


def _counted(reply: Reply) -> bool:
    """Whether the service itself tells the tokens, which then count."""
    return any("tokenUsage" in frame.payload for frame in reply.frames
               if frame.event == "metadataEvent")  # fmt: skip


@st.composite
def tagged(draw: st.DrawFn) -> Reply:
    """Text that may begin with thoughts in tags, or with what looks like it."""
    pieces = st.sampled_from(["<thinking>", "</thinking>", " ", "\n", "<", "<think", "</", "α",
                              "<thinking", "thinking>", "β "])  # fmt: skip
    opening = draw(st.sampled_from(["", "<thinking>", " \n<thinking>", "<thinking>"]))
    reply = draw(ONLY_TEXT)
    return _with_text(draw, reply, opening + "".join(draw(st.lists(pieces, max_size=6))))


def _with_text(draw: st.DrawFn, reply: Reply, text: str) -> Reply:
    part = Part("text", text)
    ends = [frame for frame in reply.frames if frame.event in _TRAILER]
    return Reply([part], [*draw(carried(0, part)), *ends], reply.reason, trailer=reply.trailer)


_TRAILER = ("metadataEvent", "contextUsageEvent", "meteringEvent")


@given(cases(tagged(), st.just(terms(thinking_tags=True))))
def test_thoughts_in_tags(case: Case) -> None:
    note(repr(case))
    judge, whole = case.hear().judge, case.reply.said("text")
    found = re.fullmatch(r"\s*<thinking>(.*?)(?:</thinking>\s*(.*))?", whole, re.DOTALL)
    thought, said = (found[1], found[2] or "") if found else ("", whole)
    assert judge.state == "stopped" or not thought + said  # there was nothing at all
    assert (judge.said("thinking"), judge.said("text")) == (thought, said)
    held("thoughts in tags are told from the answer, and no other tag is touched")


@given(cases(legal(), st.builds(terms, forced=st.just(True))))
def test_forced_calls(case: Case) -> None:
    note(repr(case))
    judge, reply = case.hear().judge, case.reply
    kinds = [block["type"] for block in judge.content]
    if "tool_use" in kinds:
        assert "text" not in kinds[: kinds.index("tool_use")]
        assert reply.said("text").endswith(judge.said("text"))
    else:
        assert judge.said("text") == reply.said("text")
    held("no text comes before a forced call, and none is lost without one")


@given(cases(legal(), st.builds(terms, one_tool=st.just(True))))
def test_one_call(case: Case) -> None:
    note(repr(case))
    judge = case.hear().judge
    kinds = [block["type"] for block in judge.content]
    assert kinds.count("tool_use") == min(1, len(case.reply.calls))
    if "tool_use" in kinds:
        assert kinds[-1] == "tool_use"
    held("with parallel calls off, the first is the last")


@given(cases(legal(("text", "call", "call")), st.just(terms(search="web_search"))))
def test_searches(case: Case) -> None:
    """Each search is made once, its result follows it, and the client's calls are its own."""
    note(repr(case))
    heard = case.hear()
    judge, calls = heard.judge, case.reply.calls
    searches = [part for part in calls if part.name == "web_search"]
    queries = [json.loads(part.text.strip() or "{}").get("query") for part in searches]
    assert len(heard.searches) == len(queries)
    asked = {json.dumps(query if isinstance(query, str) else None) for query in queries}
    assert set(map(json.dumps, heard.searches)) == asked
    assert _results_follow(judge)
    more = SAID_AFTERWARDS * (heard.requests - 1)
    assert judge.said("text") == case.reply.said("text") + more
    made = sum(query is not None for query in heard.searches)
    assert judge.end["usage"]["server_tool_use"] == {"web_search_requests": made}
    assert (heard.requests == 2) <= (len(searches) == len(calls))
    held("each search is made once and answered where it was asked")


def _results_follow(judge: Judge) -> bool:
    blocks: list[dict[str, Any]] = judge.content
    return all(
        blocks[at + 1].get("tool_use_id") == block["id"]
        for at, block in enumerate(blocks)
        if block["type"] == "server_tool_use"
    )
