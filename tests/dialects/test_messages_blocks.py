"""Every block and member of claude-api.md 3, with null for what is optional and members that
nobody here reads: all of it is taken.
"""

import msgspec
import pytest

from amq2api.dialects import messages as m
from amq2api.errors import BadRequest
from dialects.requests import (
    Json,
    assistant,
    b64,
    body,
    call,
    document,
    image,
    paths,
    replaced,
    result,
    text,
    tool,
    user,
)
from dialects.wordings import check_words

HI = user(text("hi"))
MARK: Json = {"type": "ephemeral", "ttl": "1h"}
NULL_MARK: Json = {"cache_control": None}
TOOL_CALLER: Json = {"type": "code_execution_20260120", "tool_id": "srvtoolu_1"}
REFERENCE: Json = {"type": "tool_reference", "tool_name": "Write"}
PDF = {"type": "base64", "media_type": "application/pdf", "data": b64(b"%PDF-1.7")}
FOUND: Json = {"type": "search_result", "source": "s", "title": "t", "content": [text("x")]}

USER: dict[str, Json] = {
    "C-053 text, nulls": {**text("x"), "citations": None, **NULL_MARK},
    "C-076 text, marked": {**text("x"), "cache_control": MARK},
    "C-098 image, nulls": {**image(), "transformations": None, **NULL_MARK},
    "image, to be made smaller": {**image(), "transformations": {"oversized_image": "downsize"}},
    "C-099 image of a URL": {"type": "image", "source": {"type": "url", "url": "https://x.test"}},
    "C-101 text document": document(type="text", media_type="text/plain", data="x"),
    "C-101 text document of no type": document(type="text", media_type=None, data="x"),
    "C-101 document, nulls": {
        **document(type="text", data="x"),
        "title": None, "context": None, "citations": None, **NULL_MARK,
    },
    "C-101 document, all members": {
        **document(type="content", content=[text("x"), image()]),
        "title": "t", "context": "c", "citations": {"enabled": True}, "cache_control": MARK,
    },
    "C-101 content in one string": document(type="content", content="x"),
    "C-101 PDF": document(**PDF),
    "C-101 PDF of a URL": document(type="url", url="https://x.test/a.pdf"),
    "C-102 search result": {**FOUND, "citations": {"enabled": False}, "cache_control": MARK},
    "C-102 search result, nulls": {**FOUND, "citations": None, **NULL_MARK},
    "C-090 result of nothing": {"type": "tool_result", "tool_use_id": "t"},
    "C-090 result, nulls": {
        **result(None), "is_error": None, "toolset_name": None, **NULL_MARK,
    },
    "result of a toolset": {**result("x"), "toolset_name": "browser"},
    "C-090 result of every kind": result(
        [text("x"), image(), FOUND, document(type="text", data="x"), document(**PDF), REFERENCE]
    ),
    "C-091 references": result([REFERENCE, {**REFERENCE, **NULL_MARK}]),
    "state of a browser": result([
        {"type": "browser_state", "tabs": [{"id": 1, "active": True}], "state_changes": None},
    ]),
    "container upload": {"type": "container_upload", "file_id": "f", **NULL_MARK},
}  # fmt: skip

ASSISTANT: dict[str, Json] = {
    "C-095 thinking with a foreign signature": {
        "type": "thinking", "thinking": "hm", "signature": "?",
    },
    "C-095 thinking without a signature": {"type": "thinking", "thinking": "hm"},
    "C-095 thinking with a signature of null": {
        "type": "thinking", "thinking": "hm", "signature": None,
    },
    "C-096 redacted thinking": {"type": "redacted_thinking", "data": "x"},
    "tool use, nulls": {**call(), "caller": None, "toolset_name": None, **NULL_MARK},
    "tool use of a toolset": {**call(), "caller": {"type": "direct"}, "toolset_name": "browser"},
    "C-096 server tool use": {
        "type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search",
        "input": {"query": "x"}, "caller": TOOL_CALLER, **NULL_MARK,
    },
    "C-096 found on the web": {
        "type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "caller": None,
        "content": [{"type": "web_search_result", "url": "u", "title": "t",
                     "encrypted_content": "e", "page_age": None}],
    },
    "C-096 not found on the web": {
        "type": "web_search_tool_result", "tool_use_id": "srvtoolu_1",
        "content": {"type": "web_search_tool_result_error", "error_code": "unavailable"},
    },
    "fetched": {
        "type": "web_fetch_tool_result", "tool_use_id": "srvtoolu_1",
        "content": {"type": "web_fetch_result", "url": "u", "retrieved_at": None,
                    "content": document(type="text", data="x")},
    },
    "executed": {
        "type": "code_execution_tool_result", "tool_use_id": "srvtoolu_1",
        "content": {"type": "code_execution_result", "stdout": "", "content": []},
    },
    "executed in a shell": {
        "type": "bash_code_execution_tool_result", "tool_use_id": "srvtoolu_1", "content": {},
    },
    "edited": {
        "type": "text_editor_code_execution_tool_result", "tool_use_id": "s", "content": {},
    },
    "tools found": {
        "type": "tool_search_tool_result", "tool_use_id": "srvtoolu_1",
        "content": {"type": "tool_search_tool_search_result", "tool_references": [REFERENCE]},
    },
    "advice": {"type": "advisor_tool_result", "tool_use_id": "s", "content": {"text": "x"}},
    "MCP call": {
        "type": "mcp_tool_use", "id": "m", "name": "n", "server_name": "s", "input": {},
    },
    "MCP result": {
        "type": "mcp_tool_result", "tool_use_id": "m", "is_error": None, "content": [text("x")],
    },
    "MCP tools": {"type": "mcp_tool_listing", "mcp_server_name": "s", "tools": [tool()]},
    "compaction": {"type": "compaction", "content": "so far", "encrypted_content": None},
    "a compaction that failed": {"type": "compaction", "content": None, "tool_changes": None},
    "fallback": {"type": "fallback", "from": {"model": "a"}, "to": {"model": "b"}},
}  # fmt: skip

SYSTEM: dict[str, Json] = {
    "C-082 words": {"content": "be brief"},
    "C-083 blocks and effort": {
        "content": [{**text("be brief"), "cache_control": MARK}],
        "output_config": {"effort": "low"},
    },
    "effort alone": {"output_config": {"effort": "low"}},
    "nulls": {"content": None, "output_config": None, "clear_at": None},
    "to be cleared": {"content": "be brief", "clear_at": "next_user_message"},
    "tools that come and go": {
        "content": [
            {"type": "tool_addition", "tool": {"type": "tool_reference", "name": "x"}},
            {"type": "tool_removal", "tool": {"type": "tool_reference", "name": "y"}},
        ],
    },
}  # fmt: skip

NULL_TOOL = dict.fromkeys((
    "cache_control", "strict", "defer_loading", "eager_input_streaming", "input_examples",
    "allowed_callers", "description", "type",
))  # fmt: skip
SEARCH: Json = {"type": "web_search_20250305", "name": "web_search"}
NULL_SEARCH = dict.fromkeys((
    "max_uses", "allowed_domains", "blocked_domains", "user_location", "response_inclusion",
    "cache_control", "strict", "defer_loading", "allowed_callers",
))  # fmt: skip

MEMBERS: dict[str, Json] = {
    "C-062 tool, nulls": {"tools": [{**tool(), **NULL_TOOL}]},
    "C-062 tool, all members": {"tools": [{
        **tool(), "cache_control": MARK, "strict": True, "defer_loading": False,
        "eager_input_streaming": True, "input_examples": [{}], "allowed_callers": ["direct"],
    }]},
    "C-064 computer, nulls": {"tools": [{
        "type": "computer_20251124", "name": "computer", "display_width_px": 1024,
        "display_height_px": 768, "display_number": None, "enable_zoom": None,
    }]},
    "C-064 editor, nulls": {"tools": [{
        "type": "text_editor_20250728", "name": "str_replace_based_edit_tool",
        "max_characters": None, "input_schema": None,
    }]},
    "C-065 search, nulls": {"tools": [{**SEARCH, **NULL_SEARCH}]},
    "C-065 search, of some sites": {"tools": [{
        **SEARCH, "max_uses": 8, "allowed_domains": ["a.test/docs"], "blocked_domains": [],
        "user_location": {"type": "approximate", "city": None, "country": "DE"},
    }]},
    "C-065 search, not of some sites": {"tools": [{**SEARCH, "blocked_domains": ["a.test"]}]},
    "C-065 search, chosen": {
        "tools": [SEARCH], "tool_choice": {"type": "tool", "name": "web_search"},
    },
    "C-066 adaptive, nulls": {
        "thinking": {"type": "adaptive", "display": None, "block_binding": None},
    },
    "C-067 budget, all members": {
        "thinking": {"type": "enabled", "budget_tokens": 1024, "display": "updates",
                     "block_binding": {"prefix_mismatch_behavior": "drop_block"}},
    },
    "C-070 disabled": {"thinking": {"type": "disabled"}},
    "C-073 output, nulls": {"output_config": {"effort": None, "format": None}},
    "C-074 output, a name": {"output_config": {
        "format": {"type": "json_schema", "schema": {"type": "object"}, "name": None},
    }},
    "choice, nulls": {
        "tools": [tool()], "tool_choice": {"type": "auto", "disable_parallel_tool_use": None},
    },
    "C-053 system, nulls": {"system": [{**text("x"), "citations": None, **NULL_MARK}]},
    "C-050 metadata, nulls": {"metadata": {"user_id": None}},
    "C-051 tier": {"service_tier": "standard_only"},
    "C-052 Claude Code's own": {
        "safeguards": [{"type": "dangerous_tool_use"}], "tags": {}, "context_hint": 1,
        "data_flow": None, "anti_distillation": ["x"],
    },
    "C-077 mark": {"cache_control": MARK},
    "fallbacks": {"fallbacks": "default", "fallback_credit_token": {"token": "x"}},
    "containers of nothing": {"container": {"id": None, "skills": None}},
    "servers of nothing": {"mcp_servers": [], "compaction": {}, "thread": None},
    "diagnostics": {"diagnostics": {"previous_message_id": None}},
    "region and speed": {"inference_geo": "us", "speed": None},
}  # fmt: skip

TAKEN: dict[str, bytes] = {
    **{name: body(user(text("x"), block)) for name, block in USER.items()},
    **{name: body(HI, assistant(block), HI) for name, block in ASSISTANT.items()},
    **{
        f"system: {name}": body(HI, {"role": "system", **message}, HI)
        for name, message in SYSTEM.items()
    },
    **{name: body(**members) for name, members in MEMBERS.items()},
}


@pytest.mark.parametrize("data", TAKEN.values(), ids=TAKEN)
def test_taken(data: bytes) -> None:
    assert isinstance(m.decode(data), m.Call)


@pytest.mark.parametrize("block", (USER | ASSISTANT).values(), ids=USER | ASSISTANT)
def test_members_that_nobody_knows_do_no_harm(block: Json) -> None:
    role = user if block in USER.values() else assistant
    plain, odd = (body(HI, role(b), HI) for b in (block, {**block, "data_flow": {"x": [None]}}))
    assert m.decode(plain) == m.decode(odd)


JUNK: tuple[Json, ...] = (..., None, True, -1, 1.5, "", "x", [], {}, [7], {"type": "?"})


@pytest.mark.parametrize("data", TAKEN.values(), ids=TAKEN)
def test_whatever_is_wrong_in_it_is_said_in_the_api_s_words(data: bytes) -> None:
    whole = msgspec.json.decode(data)
    for path in paths(whole):
        for junk in JUNK:
            try:
                m.decode(msgspec.json.encode(replaced(whole, path, junk)))
            except BadRequest as refusal:
                check_words(str(refusal))


DEEP: Json = []
for _ in range(300):
    DEEP = [DEEP]
TOO_DEEP: dict[str, tuple[bytes, str]] = {
    "what a server tool was asked": (
        body(HI, assistant({"type": "server_tool_use", "id": "s", "name": "x", "input": DEEP})),
        "messages.1.content.0.server_tool_use.input",
    ),
    "what a server tool found": (
        body(HI, assistant({"type": "web_fetch_tool_result", "tool_use_id": "s", "content": DEEP})),
        "messages.1.content.0.web_fetch_tool_result.content",
    ),
    "what a browser shows": (
        body(user(result([{"type": "browser_state", "tabs": DEEP}]))),
        "messages.0.content.0.tool_result.content.0.browser_state.tabs",
    ),
    "a schema": (
        body(output_config={"format": {"type": "json_schema", "schema": {"items": DEEP}}}),
        "output_config.format.schema",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("data", "place"), TOO_DEEP.values(), ids=TOO_DEEP)
def test_what_would_have_to_be_written_again_is_not_too_deep(data: bytes, place: str) -> None:
    with pytest.raises(BadRequest) as caught:
        m.decode(data)
    assert str(caught.value) == f"{place}: Input is nested too deeply"


def test_a_schema_has_no_number_beyond_all_numbers() -> None:
    schema = {"type": "json_schema", "schema": {"maximum": 7}}
    data = body(output_config={"format": schema}).replace(b":7}", b":1e999}")
    with pytest.raises(BadRequest) as caught:
        m.decode(data)
    words = "output_config.format.schema: JSON schema is invalid: a number is out of range"
    assert str(caught.value) == words
