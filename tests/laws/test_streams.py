"""What holds for every reply of the service, good or bad, however the network cuts it."""

import json

from hypothesis import given, note
from hypothesis import strategies as st
from msgspec.structs import replace

from laws.found import replies_found
from laws.grammar import Judge
from laws.replies import Reply, broken, legal
from laws.retelling import NAMES, Case, cases, hear, terms
from laws.tally import held

WINDOWS = st.sampled_from([None, 200_000])
TERMS = st.builds(
    terms,
    window=WINDOWS,
    max_tokens=st.sampled_from([None, None, 0, 1, 3, 20]),
    stop_sequences=st.sampled_from([(), (), ("αβ", "β"), ("\n\n",), ("🎉",), ("}",)]),
    one_tool=st.booleans(),
    thinking_tags=st.booleans(),
    show_thinking=st.booleans(),
    want_thinking=st.booleans(),
    forced=st.booleans(),
    search=st.sampled_from([None, "web_search"]),
)


ANY_REPLY = (
    "a stream is legal at every moment and at its end",
    "how the network cuts a reply does not matter",
    "a whole answer is the stream folded",
    "no reader of lines sees a line break in an event",
)


@replies_found
@given(case=cases(legal() | broken(), TERMS))
def test_any_reply(case: Case) -> None:
    """Whatever comes, what a client hears is legal at every moment and told one way only."""
    note(repr(case))
    heard = case.hear()
    assert heard.judge.state in ("stopped", "failed")
    # However the network cuts it, it is the same.
    at_once = hear([case.reply.data], case.terms, early=case.early)
    # A broken reply may break off before a search of it is made, or after.
    if not (case.reply.fault and case.terms.search):
        assert heard.without_pings == at_once.without_pings
    # A whole answer is the stream, folded.
    if heard.judge.state == "stopped":
        assert heard.message == heard.judge.whole()
    # Some clients break lines where ``str.splitlines`` does: U+2028 and its like are escaped.
    told = b"".join(heard.data).decode()
    assert told.splitlines() == told.split("\n")[:-1]
    for law in ANY_REPLY:
        held(law)


@given(cases(legal(), st.builds(terms, window=WINDOWS)))
def test_a_good_reply_ends_well_with_all_it_says(case: Case) -> None:
    note(repr(case))
    judge, reply = case.hear().judge, case.reply
    assert judge.state == "stopped", judge.error
    assert judge.said("text") == reply.said("text")
    assert judge.said("thinking") == reply.said("thinking")
    redacted = [block["data"] for block in judge.content if block["type"] == "redacted_thinking"]
    assert redacted == [part.text for part in reply.parts if part.kind == "redacted"]
    assert calls(judge) == meant(reply)
    held("a good reply ends well with all it says")


@given(cases(broken(), st.builds(terms, expects_trailer=st.booleans())))
def test_a_bad_reply_never_ends_as_success(case: Case) -> None:
    if case.reply.fault == "no trailer":
        case.terms = replace(case.terms, expects_trailer=True)
    note(repr(case))
    judge, reply = case.hear().judge, case.reply
    assert judge.state == "failed"
    # What was told before is what was said, and nothing is told twice.
    assert reply.said("text").startswith(judge.said("text"))
    assert reply.said("thinking").startswith(judge.said("thinking"))
    held("a bad reply never ends as success")


def calls(judge: Judge) -> list[tuple[str, str]]:
    """Every tool call that a client hears: its name and its input."""
    return sorted(
        (block["name"], json.dumps(block["input"]))
        for block in judge.content
        if block["type"] == "tool_use"
    )


def meant(reply: Reply) -> list[tuple[str, str]]:
    """Every tool call of a reply, under the client's name."""
    return sorted(
        (NAMES.get(part.name, part.name), json.dumps(json.loads(part.text.strip() or "{}")))
        for part in reply.calls
    )
