"""Tools under the service's names, and calls of them under the client's again."""

import json
import re

import msgspec
from hypothesis import given, note
from hypothesis import strategies as st

from amq2api.bridge.amazonq.prepare import prepare
from amq2api.dialects import messages as m
from laws.conversations import Request, requests
from laws.marking import marked
from laws.replies import written
from laws.tally import held
from laws.upstream import MODELS, WHO, Sent

NAMES = st.sampled_from(sorted(MODELS))
FITS = re.compile("[a-zA-Z0-9_-]{1,64}")


@given(requests(), NAMES)
def test_names_are_restored(request: Request, name: str) -> None:
    """Whatever the service calls a tool, the client hears its own name for it."""
    note(json.dumps({"version": request.version, "body": request.body}))
    body, marks = marked({**request.body, "max_tokens": 4096})
    for member in ("tool_choice", "stop_sequences", "thinking"):
        body.pop(member, None)
    body["tools"] = [{**tool, "defer_loading": False} for tool in body.get("tools") or ()
                     if not (tool.get("type") or "").startswith("web_search")]  # fmt: skip
    call = m.decode(msgspec.json.encode(body), version=request.version)
    prepared = prepare(call, MODELS[name], WHO)
    tools = Sent(prepared.ask.body, prepared.notes).tools
    assert len({tool["name"] for tool in tools}) == len(tools)
    assert all(FITS.fullmatch(tool["name"]) for tool in tools)
    calls = [{"name": tool["name"], "toolUseId": f"tooluse_{at}", "stop": True}
             for at, tool in enumerate(tools)]  # fmt: skip
    heard = prepared.translator.feed(b"".join(written("toolUseEvent", c).data for c in calls))
    blocks = [event.content_block for event in heard if isinstance(event, m.ContentBlockStart)]
    names = {block.id: block.name for block in blocks if isinstance(block, m.ToolUseBlock)}
    steady = "tool_removal" not in json.dumps(body)
    for at, tool in enumerate(tools):
        meant = [mark.of for mark in marks if mark.place == "tool"
                 and mark.text[:9_000] in tool["description"]]  # fmt: skip
        theirs = names.get(f"toolu_{at}")
        # What history alone uses is declared, and not the client's to be called.
        assert theirs in meant or not meant or (theirs is None and not steady)
        assert theirs is None or json.dumps(theirs) in json.dumps(body)
    held("names are restored, and no two tools share one")
