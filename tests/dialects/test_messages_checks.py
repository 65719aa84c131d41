import base64
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amq2api.dialects import messages as m
from amq2api.errors import BadRequest
from dialects.requests import (
    IMAGES,
    PNG,
    Json,
    assistant,
    b64,
    body,
    call,
    document,
    image,
    result,
    text,
    tool,
    user,
)

INTERLEAVED = frozenset({"interleaved-thinking-2025-05-14", "claude-code-20250219"})
HI = user(text("hi"))
SYSTEM: Json = {"role": "system", "content": "be brief"}


def refusal(data: bytes, *, counting: bool = False) -> BadRequest:
    with pytest.raises(BadRequest) as caught:
        m.decode(data, counting=counting)
    return caught.value


def thinking(budget: int) -> Json:
    return {"type": "enabled", "budget_tokens": budget}


def nested(block: Json) -> Json:
    return user(result([text("see"), block]))


HEAD = "messages.0.content.0"
ENUM = "Input should be 'image/jpeg', 'image/png', 'image/gif' or 'image/webp'"
BIG = b64(PNG + bytes(10 * 1024 * 1024 - len(PNG)))
BIGGER = b64(PNG + bytes(10 * 1024 * 1024 + 1 - len(PNG)))
UNSUPPORTED = "are not supported here; send the content itself"
USER_ONLY = "blocks can only be in `user` messages"
ASSISTANT_ONLY = "blocks can only be in `assistant` messages"

REFUSED: dict[str, tuple[bytes, str]] = {
    # Numbers
    "no max_tokens": (body(max_tokens=...), "max_tokens: Field required"),
    "max_tokens null": (body(max_tokens=None), "max_tokens: Field required"),
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
    "a small budget": (
        body(thinking=thinking(1023)),
        "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024",
    ),
    "a budget of all": (
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
    "two tools of a name": (
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
    "a choice without tools": (
        body(tool_choice={"type": "any"}),
        "tool_choice may only be specified while providing tools.",
    ),
    "a tool chosen without tools": (
        body(tools=[], tool_choice={"type": "tool", "name": "a"}),
        "tool_choice may only be specified while providing tools.",
    ),
    "an unknown tool chosen": (
        body(tools=[tool("a")], tool_choice={"type": "tool", "name": "b"}),
        "tool_choice: Tool 'b' not found in provided tools",
    ),
    "a tool of an unknown type": (
        body(tools=[tool("a", type="function")]),
        "tools.0: Input tag 'function' found using 'type' does not match any of the expected "
        "tags: 'custom', 'bash_*', 'text_editor_*', 'computer_*', 'memory_*'",
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
    # Turns
    "no messages": (body(messages=[]), "messages: at least one message is required"),
    "no content": (body(HI, {"role": "user"}), "messages.1.content: Field required"),
    "content null": (
        body(HI, {"role": "assistant", "content": None}), "messages.1.content: Field required",
    ),
    "the assistant first": (
        body(SYSTEM, assistant(text("hi")), HI),
        'messages: first message must use the "user" role',
    ),
    "a final space": (
        body(HI, assistant(text("The answer is "))),
        "messages: final assistant content cannot end with trailing whitespace",
    ),
    "a final line end": (
        body(HI, {"role": "assistant", "content": "So:\n"}),
        "messages: final assistant content cannot end with trailing whitespace",
    ),
    "nothing said": (
        body(user(), user(text(""), text(" \n")), {"role": "user", "content": ""}),
        "messages: text content blocks must be non-empty",
    ),
    "nothing said, by the system": (
        body(user(), {"role": "system"}), "messages: text content blocks must be non-empty",
    ),
    # Blocks in the wrong mouth
    "a call of the user's": (
        body(user(text("x"), call())), f"messages.0.content.1: `tool_use` {ASSISTANT_ONLY}",
    ),
    "thoughts of the user's": (
        body(user({"type": "thinking", "thinking": "hm"})), f"{HEAD}: `thinking` {ASSISTANT_ONLY}",
    ),
    "hidden thoughts of the user's": (
        body(user({"type": "redacted_thinking", "data": "x"})),
        f"{HEAD}: `redacted_thinking` {ASSISTANT_ONLY}",
    ),
    "a result of the assistant's": (
        body(HI, assistant(result())), f"messages.1.content.0: `tool_result` {USER_ONLY}",
    ),
    "an image of the assistant's": (
        body(HI, assistant(image())), f"messages.1.content.0: `image` {USER_ONLY}",
    ),
    "a call of the system's": (
        body(HI, {"role": "system", "content": [call()]}),
        f"messages.1.content.0: `tool_use` {ASSISTANT_ONLY}",
    ),
    "a document of the system's": (
        body(HI, {"role": "system", "content": [document(type="text", data="x")]}),
        "messages.1.content.0: `document` blocks can only be in `user` or `assistant` messages",
    ),
    # Tool calls
    "a call without an id": (
        body(HI, assistant(call() | {"id": ""})),
        "messages.1.content.0.tool_use.id: String should have at least 1 character",
    ),
    "a call of nothing": (
        body(HI, assistant(call() | {"name": ""})),
        "messages.1.content.0.tool_use.name: String should have at least 1 character",
    ),
    "an input in words": (
        body(HI, assistant(call() | {"input": "{}"})),
        "messages.1.content.0.tool_use.input: Input should be an object",
    ),
    "an input of null": (
        body(HI, assistant(call() | {"input": None})),
        "messages.1.content.0.tool_use.input: Input should be an object",
    ),
    # Images
    "an unknown image type": (
        body(user(image("image/bmp"))), f"{HEAD}.image.source.base64.media_type: {ENUM}",
    ),
    "jpg for jpeg": (
        body(user(image("image/jpg"))), f"{HEAD}.image.source.base64.media_type: {ENUM}",
    ),
    "another image's type": (
        body(user(image("image/jpeg"))),
        f"{HEAD}.image.source.base64: Image does not match the provided media type image/jpeg",
    ),
    "an image over 10 MB": (
        body(user(image(data=BIGGER))),
        f"{HEAD}.image.source.base64: image exceeds 10 MB maximum: "
        "10485761 bytes > 10485760 bytes",
    ),
    "an image from the web": (
        body(user({"type": "image", "source": {"type": "url", "url": "https://x.example/"}})),
        f"{HEAD}.image.source.url: sources of type 'url' {UNSUPPORTED}",
    ),
    "an image from a file": (
        body(user({"type": "image", "source": {"type": "file", "file_id": "f"}})),
        f"{HEAD}.image.source.file: sources of type 'file' {UNSUPPORTED}",
    ),
    "an image in a result": (
        body(nested(image("image/bmp"))),
        f"{HEAD}.tool_result.content.1.image.source.base64.media_type: {ENUM}",
    ),
    "an image in a document": (
        body(user(document(type="content", content=[text("x"), image("image/bmp")]))),
        f"{HEAD}.document.source.content.content.1.image.source.base64.media_type: {ENUM}",
    ),
    # Documents
    "a PDF": (
        body(user(document(type="base64", media_type="application/pdf", data="JVBERi0="))),
        f"{HEAD}.document.source.base64: PDF documents cannot be read yet",
    ),
    "a PDF in a result": (
        body(nested(document(type="base64", media_type="application/pdf", data="JVBERi0="))),
        f"{HEAD}.tool_result.content.1.document.source.base64: PDF documents cannot be read yet",
    ),
    "a document from the web": (
        body(user(document(type="url", url="https://x.example/"))),
        f"{HEAD}.document.source.url: sources of type 'url' {UNSUPPORTED}",
    ),
    "a document from a file": (
        body(user(document(type="file", file_id="f"))),
        f"{HEAD}.document.source.file: sources of type 'file' {UNSUPPORTED}",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("data", "complaint"), REFUSED.values(), ids=REFUSED)
def test_refused(data: bytes, complaint: str) -> None:
    assert str(refusal(data)).startswith(complaint)


NO_IMAGES: dict[str, str] = {
    "nothing": "",
    "no base64": "????",
    "a data URL": f"data:image/png;base64,{b64(PNG)}",
    "lines": base64.encodebytes(PNG * 3).decode(),
    "cut": b64(PNG)[:-1],
    "padded in the middle": b64(PNG)[:22] + "==" + b64(PNG),
    "padded before the end": b64(PNG)[:-4] + "AA=A",
    "nothing but padding": "====",
    "letters of other scripts": b64(PNG)[:-4] + "ÄÖÜß",
    "the alphabet for URLs": b64(PNG)[:-4] + "-_-_",
    "a PDF": b64(b"%PDF-1.7 and more"),
    "text": b64(b"hello"),
}


@pytest.mark.parametrize("data", NO_IMAGES.values(), ids=NO_IMAGES)
def test_what_is_no_image(data: str) -> None:
    words = f"{HEAD}.image.source.base64: Could not process image"
    assert str(refusal(body(user(image(data=data))))) == words


SERVER_TOOLS = (
    "web_search_20250305", "web_search_20260318", "web_fetch_20250910", "code_execution_20260521",
    "tool_search_tool_regex_20251119", "tool_search_tool_bm25", "advisor_20260301", "mcp_toolset",
    "computer_toolset_20260801", "browser_toolset_20260801",
)  # fmt: skip


@pytest.mark.parametrize("kind", SERVER_TOOLS)
def test_tools_that_the_api_itself_runs_are_refused(kind: str) -> None:
    words = f"tools.1: the tool type '{kind}' is run by the API's own servers"
    assert str(refusal(body(tools=[tool(), {"type": kind, "name": "x"}]))).startswith(words)


@pytest.mark.parametrize("thread", [{"type": "create"}, {"type": "continue"}, {}])
def test_threads_are_refused_so_that_the_sdks_go_on_without(thread: Json) -> None:
    error = refusal(body(thread=thread))
    assert error.code == "thread_unsupported_request"
    assert str(error).startswith("thread: ")


def test_too_many_messages() -> None:
    many = [{"role": "user", "content": "x"}] * 100_001
    assert isinstance(m.decode(body(*many[1:])), m.Call)
    words = "messages: List should have at most 100000 items, not 100001"
    assert str(refusal(body(*many))) == words


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
    # Turns: the bridge puts these right
    "same role twice": body(HI, HI, assistant(text("a")), assistant(text("b")), HI),
    "system everywhere": body(SYSTEM, HI, SYSTEM, SYSTEM, HI, SYSTEM),
    "system, as blocks": body(HI, {"role": "system", "content": [text("x")]}),
    "system, empty": body(HI, {"role": "system", "content": []}),
    "system, absent": body(HI, {"role": "system", "output_config": {"effort": "low"}}),
    "system alone": body(SYSTEM),
    "tools told by the system": body(HI, SYSTEM | {"content": [{"type": "tool_addition"}]}),
    "empty text in between": body(HI, user(text(""), text("x")), user(), HI),
    "an empty string in between": body(HI, {"role": "user", "content": ""}, HI),
    "an image alone": body(user(image())),
    "a call without a result": body(HI, assistant(call()), HI),
    "a result without a call": body(user(result())),
    "results of every shape": body(
        user(result("x"), result([]), result(None), result([image()]) | {"is_error": True})
    ),
    "a result without content": body(user({"type": "tool_result", "tool_use_id": "t"})),
    "ids and names of any characters": body(HI, assistant(call() | {"id": "a b", "name": "ü.x"})),
    "a foreign signature": body(
        HI, assistant({"type": "thinking", "thinking": "", "signature": "?"}), HI
    ),
    "a document of the assistant's": body(HI, assistant(document(type="text", data="x")), HI),
    "a prefill": body(HI, assistant(text("The answer is ("))),
    "an empty prefill": body(HI, assistant()),
    "a final space of the user's": body(HI, assistant(text("so ")), user(text("go on "))),
    "a prefill that ends in a call": body(HI, assistant(text("so "), call())),
    "a space before the end": body(HI, assistant(text("so ")), HI),
    "documents": body(
        user(document(type="text", data="x"), document(type="content", content="y"))
    ),
    "an image of just 10 MB": body(user(image(data=BIG))),
    "history with tools but none declared": body(HI, assistant(call()), user(result())),
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
    **{kind: body(user(image(kind, b64(data)))) for kind, data in IMAGES.items()},
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


@given(st.binary(min_size=12, max_size=99), st.sampled_from(sorted(IMAGES)))
def test_padding_is_read_as_the_standard_library_reads_it(tail: bytes, kind: str) -> None:
    data = b64(IMAGES[kind] + tail)
    assert isinstance(m.decode(body(user(image(kind, data)))), m.Call)


RFC_4648 = re.compile(r"([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")


@given(st.text("AQ+/=-\n ", max_size=12))
def test_only_whole_base64_is_taken(tail: str) -> None:
    data = b64(PNG + b"\0" * (-len(PNG) % 3)) + tail
    request = body(user(image(data=data)))
    if RFC_4648.fullmatch(data):
        assert isinstance(m.decode(request), m.Call)
    else:
        assert "Could not process image" in str(refusal(request))
