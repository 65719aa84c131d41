import pytest

from amq2api.dialects import messages as m
from amq2api.errors import BadRequest
from dialects.requests import (
    Json,
    body,
    text,
    tool,
    user,
)

INTERLEAVED = frozenset({"interleaved-thinking-2025-05-14", "claude-code-20250219"})
HI = user(text("hi"))


def refusal(data: bytes, *, counting: bool = False) -> BadRequest:
    with pytest.raises(BadRequest) as caught:
        m.decode(data, counting=counting)
    return caught.value


SEARCH: Json = {"type": "web_search_20250305", "name": "web_search"}


def thinking(budget: int) -> Json:
    return {"type": "enabled", "budget_tokens": budget}


REFUSED: dict[str, tuple[bytes, str]] = {
    # Numbers
    "C-038 a model of no name": (
        body(model=""), "model: String should have at least 1 character",
    ),
    "C-040 no max_tokens": (body(max_tokens=...), "max_tokens: Field required"),
    "C-040 max_tokens null": (body(max_tokens=None), "max_tokens: Field required"),
    "max_tokens negative": (
        body(max_tokens=-1), "max_tokens: Input should be greater than or equal to 0",
    ),
    "max_tokens beyond all": (
        body(max_tokens=1).replace(b":1,", b":9223372036854775808,"),
        "max_tokens: Input should be less than or equal to 9223372036854775807",
    ),
    "temperature": (
        body(temperature=1.5), "temperature: Input should be less than or equal to 1",
    ),
    "temperature below": (
        body(temperature=-0.1), "temperature: Input should be greater than or equal to 0",
    ),
    "top_p": (body(top_p=2), "top_p: Input should be less than or equal to 1"),
    "top_k": (body(top_k=-1), "top_k: Input should be greater than or equal to 0"),
    # Stop sequences
    "a blank stop sequence": (
        body(stop_sequences=["STOP", " \n"]),
        "stop_sequences: each stop sequence must contain non-whitespace",
    ),
    "an empty stop sequence": (
        body(stop_sequences=[""]),
        "stop_sequences: each stop sequence must contain non-whitespace",
    ),
    # Thinking
    "C-068 a small budget": (
        body(thinking=thinking(1023)),
        "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024",
    ),
    "C-069 a budget of all": (
        body(thinking=thinking(4096)),
        "`max_tokens` must be greater than `thinking.budget_tokens`.",
    ),
    "a budget and nothing to say": (
        body(max_tokens=0, thinking=thinking(1024)),
        "`max_tokens` must be greater than `thinking.budget_tokens`.",
    ),
    # Schemas
    "a schema that is none": (
        body(output_config={"format": {"type": "json_schema", "schema": []}}),
        "output_config.format.schema: Input should be an object",
    ),
    "an old schema that is none": (
        body(output_format={"type": "json_schema", "schema": "x"}),
        "output_format.schema: Input should be an object",
    ),
    # Tools
    "C-061 two tools of a name": (
        body(tools=[tool("a"), tool("b"), tool("a")]), "tools: Tool names must be unique.",
    ),
    "a tool without a name": (
        body(tools=[tool("a"), {"input_schema": {}}]), "tools.1.custom.name: Field required",
    ),
    "a tool named nothing": (
        body(tools=[tool("")]), "tools.0.custom.name: String should have at least 1 character",
    ),
    "a client tool without a name": (
        body(tools=[{"type": "bash_20250124"}]), "tools.0.bash_20250124.name: Field required",
    ),
    "a tool without a schema": (
        body(tools=[{"name": "a"}]), "tools.0.custom.input_schema: Field required",
    ),
    "a tool with a schema that is none": (
        body(tools=[tool(input_schema=None)]),
        "tools.0.custom.input_schema: Input should be an object",
    ),
    "all tools deferred": (
        body(tools=[tool("a", defer_loading=True), tool("b", defer_loading=True)]),
        "At least one tool must have defer_loading=false. All tools cannot be deferred.",
    ),
    "C-054 a choice without tools": (
        body(tool_choice={"type": "any"}),
        "tool_choice may only be specified while providing tools.",
    ),
    "a tool chosen without tools": (
        body(tools=[], tool_choice={"type": "tool", "name": "a"}),
        "tool_choice may only be specified while providing tools.",
    ),
    "an unknown tool chosen": (
        body(tools=[tool("a")], tool_choice={"type": "tool", "name": "b"}),
        "Tool 'b' not found in provided tools",
    ),
    "a tool of an unknown type": (
        body(tools=[tool("a", type="function")]),
        "tools.0: Input tag 'function' found using 'type' does not match any of the expected "
        "tags: 'bash_20241022', 'bash_20250124', 'computer_20241022', ",
    ),
    # Searching the web
    "C-065 somebody else's search": (
        body(tools=[{"type": "web_search_preview", "name": "web_search"}]),
        "tools.0: Input tag 'web_search_preview' found using 'type' does not match any of the",
    ),
    "C-065 a search of another name": (
        body(tools=[SEARCH | {"name": "google"}]),
        "tools.0.web_search_20250305.name: Input should be 'web_search'",
    ),
    "C-065 a search that is never made": (
        body(tools=[SEARCH | {"max_uses": 0}]),
        "tools.0.web_search_20250305.max_uses: Input should be greater than 0",
    ),
    "C-065 some sites, and not some sites": (
        body(tools=[SEARCH | {"allowed_domains": ["a.test"], "blocked_domains": ["b.test"]}]),
        "tools.0.web_search_20250305: Only one of `allowed_domains` and `blocked_domains`",
    ),
    "C-065 a search beside a tool of its name": (
        body(tools=[SEARCH, tool("web_search")]), "tools: Tool names must be unique.",
    ),
    # What needs the API's own servers
    "MCP servers": (
        body(mcp_servers=[{"type": "url"}]), "mcp_servers: MCP servers are not supported here",
    ),
    "a container": (body(container="c"), "container: containers are not supported here"),
    "compaction": (
        body(compaction={"type": "summarize"}),
        "compaction: compaction by the API is not supported here",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("data", "complaint"), REFUSED.values(), ids=REFUSED)
def test_refused(data: bytes, complaint: str) -> None:
    assert str(refusal(data)).startswith(complaint)


SERVER_TOOLS = (
    "web_fetch_20250910", "code_execution_20260521",
    "tool_search_tool_regex_20251119", "tool_search_tool_bm25", "advisor_20260301", "mcp_toolset",
    "computer_toolset_20260801", "browser_toolset_20260801",
)  # fmt: skip


@pytest.mark.parametrize("kind", SERVER_TOOLS)
def test_tools_that_the_api_itself_runs_are_refused(kind: str) -> None:
    words = str(refusal(body(tools=[tool(), {"type": kind, "name": "x"}])))
    assert words.startswith(f"tools.1: Input tag '{kind}' found using 'type' does not match any")
    assert words.endswith("; tools of this type are not available here")


@pytest.mark.parametrize("thread", [{"type": "create"}, {"type": "continue"}, {}])
def test_threads_are_refused_so_that_the_sdks_go_on_without(thread: Json) -> None:
    error = refusal(body(thread=thread))
    assert error.code == "thread_unsupported_request"
    assert str(error).startswith("thread: ")


CLIENT_TOOLS = (
    "bash_20241022", "bash_20250124", "text_editor_20250728", "computer_20251124",
    "memory_20250818",
)  # fmt: skip

ACCEPTED: dict[str, bytes] = {
    "no tokens at all": body(max_tokens=0),
    "one token": body(max_tokens=1),
    "the edges": body(temperature=0, top_p=1, top_k=0),
    "a budget under max_tokens": body(max_tokens=1025, thinking=thinking(1024)),
    "every kind of thinking": body(thinking={"type": "adaptive", "display": "updates"}),
    "no thinking": body(thinking={"type": "disabled"}),
    "thinking between tools": body(thinking={"type": "between_tools"}),
    # Tools
    "tools of any name": body(tools=[tool("a.b/c é"), tool("x" * 300)]),
    "a schema without a type": body(tools=[tool(input_schema={})]),
    "a tool of no type": body(tools=[tool(type=None)]),
    "some tools deferred": body(tools=[tool("a", defer_loading=True), tool("b")]),
    "no tools": body(tools=[]),
    "a choice of none without tools": body(tool_choice={"type": "none"}),
    "a free choice without tools": body(tool_choice={"type": "auto"}),
    "a choice of any": body(tools=[tool()], tool_choice={"type": "any"}),
    "a tool chosen": body(tools=[tool("a")], tool_choice={"type": "tool", "name": "a"}),
    # Whatever else there is
    "nothing unsupported": body(mcp_servers=[], container=None, compaction=None, thread=None),
    "unknown fields": body(safeguards=[{}], data_flow=1, speed="fast"),
    "many cache marks": body(
        *[user({**text("x"), "cache_control": {"type": "ephemeral"}}) for _ in range(9)]
    ),
    **{kind: body(tools=[{"type": kind, "name": "x"}]) for kind in CLIENT_TOOLS},
}  # fmt: skip


@pytest.mark.parametrize("data", ACCEPTED.values(), ids=ACCEPTED)
def test_accepted(data: bytes) -> None:
    assert isinstance(m.decode(data), m.Call)


def test_a_budget_may_span_turns_between_tools() -> None:
    data = body(max_tokens=2000, thinking=thinking(31_999))
    assert m.decode(data, betas=INTERLEAVED).thinking == m.Enabled(31_999)
    assert "must be greater" in str(refusal(data))


def test_counting_needs_no_max_tokens() -> None:
    data = body(max_tokens=..., thinking=thinking(2048))
    assert m.decode(data, counting=True).max_tokens is None
    empty = body(max_tokens=..., messages=[])
    assert str(refusal(empty, counting=True)) == "messages: at least one message is required"
