import json

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec.structs import asdict

from amq2api.dialects import messages as m
from amq2api.dialects.messages.faults import explain
from amq2api.errors import BadRequest
from dialects.requests import (
    JSON,
    RICH,
    Json,
    assistant,
    body,
    call,
    document,
    image,
    nearly_valid,
    paths,
    replaced,
    text,
    tool,
    user,
)
from dialects.wordings import check_words

BLOCKS = (
    "'advisor_tool_result', 'bash_code_execution_tool_result', 'code_execution_tool_result', "
    "'compaction', 'container_upload', 'document', 'fallback', 'image', 'mcp_tool_listing', "
)
NOT_JSON = "The request body is not valid JSON: "


def refusal(data: bytes) -> str:
    with pytest.raises(BadRequest) as caught:
        m.decode(data)
    return str(caught.value)


def test_a_plain_request() -> None:
    assert asdict(m.decode(body())) == asdict(
        m.Call(model="claude-sonnet-4.5", max_tokens=4096, messages=[m.Message("user", "hi")])
    )


def test_a_rich_request() -> None:
    call = m.decode(json.dumps(RICH).encode())
    assert [message.role for message in call.messages] == [
        "user", "system", "assistant", "user", "system", "assistant", "user",
    ]  # fmt: skip
    first = call.messages[0].content
    assert isinstance(first, list)
    assert first[0] == m.Text("look 日本 \u2028")
    assert call.thinking == m.Enabled(2048, "omitted")
    assert call.tools is not None and [t.name for t in call.tools] == ["Read", "Write", "bash"]


def test_a_whole_number_may_be_written_with_a_point() -> None:
    call = m.decode(body(max_tokens=256.0, top_k=3.0))
    assert (call.max_tokens, call.top_k) == (256, 3)
    assert refusal(body(max_tokens=2.5)) == "max_tokens: Input should be a valid integer"
    assert refusal(body(max_tokens=2.0, top_k="3")) == "top_k: Input should be a valid integer"


def test_what_is_not_looked_into_stays_as_it_came() -> None:
    odd = b'{ "b" : 1.50, "a":"\\u00e9" }'
    data = body(user(call()), tools=[tool()]).replace(b'"input":{}', b'"input":' + odd)
    data = data.replace(b'"user"', b'"assistant"').replace(
        b'"messages":[', b'"messages":[{"role":"user","content":"hi"},'
    )
    content = m.decode(data).messages[1].content
    assert isinstance(content, list) and isinstance(content[0], m.ToolUse)
    assert bytes(content[0].input) == odd


REQUIRED = {"model", "messages", "max_tokens"}
NULLS = [name for name in m.Call.__struct_fields__ if name not in REQUIRED]


@pytest.mark.parametrize("name", NULLS)
def test_null_means_absent(name: str) -> None:
    assert m.decode(body(**{name: None})) == m.decode(body())


NOT_A_REQUEST: dict[str, tuple[bytes, str]] = {
    "C-035 nothing": (b"", NOT_JSON + "Input data was truncated"),
    "C-034 words": (b"hello", NOT_JSON + "JSON is malformed: invalid character (byte 0)"),
    "half": (body()[:-1], NOT_JSON + "Input data was truncated"),
    "more than one": (body() + b"{}", NOT_JSON + "JSON is malformed: trailing characters"),
    "C-035 a list": (b"[]", "The request body: Input should be an object"),
    "null": (b"null", "The request body: Input should be an object"),
    "nested without end": (b'{"metadata":' + b"[" * 10**5, NOT_JSON + "it is nested too deeply"),
    "nested where nobody looks": (b'{"x":' + b"[" * 10**5, NOT_JSON + "it is nested too deeply"),
}


@pytest.mark.parametrize(("data", "complaint"), NOT_A_REQUEST.values(), ids=NOT_A_REQUEST)
def test_what_is_no_request(data: bytes, complaint: str) -> None:
    assert refusal(data).startswith(complaint)


MARK = "HERE"
SCHEMA = {"type": "json_schema", "schema": {"title": MARK}}
HOLES: dict[str, bytes] = {
    # Where a client's string can stand; the last four are not decoded, only skipped over.
    "text": body(user(text(MARK))),
    "system": body(system=MARK),
    "metadata": body(metadata={MARK: 1}),
    "tool name": body(tools=[tool(MARK)]),
    "tool input": body(user(text("x")), assistant(call(path=[MARK]))),
    "input schema": body(tools=[tool(description="x", input_schema={MARK: {}})]),
    "output schema": body(output_config={"format": SCHEMA}),
    "old output schema": body(output_format=SCHEMA),
}
NO_TEXT: dict[str, bytes] = {
    "a high surrogate": rb"\ud800 and more",
    "a high surrogate, at the end": rb"\uD83D",
    "a low surrogate": rb"\udc00 and more",
    "surrogates the wrong way round": rb"\ude00\ud83d and more",
    "a surrogate and an escape": rb"\ud83d\n and more",
    "no UTF-8": b"\xff",
    "UTF-8 of a surrogate": b"\xed\xa0\x80",
    "UTF-8, cut": b"\xe6\x97",
    "an unknown escape": rb"\q",
    "a raw control character": b"\x00",
}


@pytest.mark.parametrize("hole", HOLES.values(), ids=HOLES)
@pytest.mark.parametrize("noise", NO_TEXT.values(), ids=NO_TEXT)
def test_what_is_not_text_is_refused_everywhere(hole: bytes, noise: bytes) -> None:
    assert refusal(hole.replace(MARK.encode(), noise)).startswith(NOT_JSON)


@pytest.mark.parametrize("hole", HOLES.values(), ids=HOLES)
@pytest.mark.parametrize("words", ["日本".encode(), rb"\ud83d\ude00", "😀".encode(), rb"\u0000"])
def test_any_text_is_taken_everywhere(hole: bytes, words: bytes) -> None:
    assert isinstance(m.decode(hole.replace(MARK.encode(), words)), m.Call)


def source(**source: Json) -> bytes:
    return body(user(text("look"), {"type": "image", "source": source}))


FAULTS: dict[str, tuple[bytes, str]] = {
    "C-038 no model": (body(model=...), "model: Field required"),
    "C-039 no messages": (body(messages=...), "messages: Field required"),
    "model of another type": (body(model=4), "model: Input should be a valid string"),
    "words for a number": (body(max_tokens="9"), "max_tokens: Input should be a valid integer"),
    "half a token": (body(max_tokens=1.5), "max_tokens: Input should be a valid integer"),
    "words for a fraction": (body(top_p="hot"), "top_p: Input should be a valid number"),
    "beyond all numbers": (
        body(top_p=0.5).replace(b"0.5", b"1e999"), "top_p: Input should be a finite number",
    ),
    "beyond all numbers, where it should be whole": (
        body(max_tokens=7).replace(b":7,", b":" + b"9" * 5000 + b","),
        "max_tokens: Input should be a finite number",
    ),
    "a number for a truth": (body(stream=1), "stream: Input should be a valid boolean"),
    "messages not a list": (body(messages={}), "messages: Input should be a valid array"),
    "a message that is none": (body("hi"), "messages.0: Input should be an object"),
    "unknown role": (
        body({"role": "user", "content": "x"}, {"role": "tool", "content": "y"}),
        "messages.1.role: Input should be 'user', 'assistant' or 'system'",
    ),
    "no role": (body({"content": "x"}), "messages.0.role: Field required"),
    "content of no type": (
        body({"role": "user", "content": 5}),
        "messages.0.content: Input should be a valid string or a valid array",
    ),
    "a block that is none": (body(user(5)), "messages.0.content.0: Input should be an object"),
    "a block without a type": (
        body(user(text("x"), {"text": "x"})), "messages.0.content.1.type: Field required",
    ),
    "a block of no type": (
        body(user({"type": 7})), "messages.0.content.0.type: Input should be a valid string",
    ),
    "unknown block": (
        body(user({"type": "foo"})),
        "messages.0.content.0: Input tag 'foo' found using 'type' does not match any of the "
        f"expected tags: {BLOCKS}",
    ),
    "a long name of a block": (
        body(user({"type": "x" * 5000})),
        f"messages.0.content.0: Input tag '{'x' * 64}' found using 'type' does not match any",
    ),
    "a hostile name of a block": (
        body(user({"type": "a' - at `$.model`"})),
        "messages.0.content.0: Input tag 'a' - at `$.model`' found using 'type' does not match",
    ),
    "text without text": (
        body(user({"type": "text"})), "messages.0.content.0.text.text: Field required",
    ),
    "null for text": (
        body(user(text("x") | {"text": None})),
        "messages.0.content.0.text.text: Input should be a valid string",
    ),
    "an image without its type": (
        source(type="base64", data="x"),
        "messages.0.content.1.image.source.base64.media_type: Field required",
    ),
    "unknown source": (
        source(type="disk"),
        "messages.0.content.1.image.source: Input tag 'disk' found using 'type' does not match any "
        "of the expected tags: 'base64', 'file', 'url'",
    ),
    "unknown block in a tool result": (
        body(user({"type": "tool_result", "tool_use_id": "t", "content": [{"type": "thinking"}]})),
        "messages.0.content.0.tool_result.content.0: Input tag 'thinking' found using 'type' does "
        "not match any of the expected tags: 'browser_state', 'document', 'image', "
        "'search_result', 'text', 'tool_reference'",
    ),
    "an image in the system prompt": (
        body(system=[image()]), "system.0.type: Input should be 'text'",
    ),
    "a choice in words": (body(tool_choice="auto"), "tool_choice: Input should be an object"),
    "unknown choice": (
        body(tool_choice={"type": "must"}),
        "tool_choice: Input tag 'must' found using 'type' does not match any of the expected "
        "tags: 'any', 'auto', 'none', 'tool'",
    ),
    "a choice of nothing": (
        body(tool_choice={"type": "tool"}), "tool_choice.tool.name: Field required",
    ),
    "thinking without a budget": (
        body(thinking={"type": "enabled"}), "thinking.enabled.budget_tokens: Field required",
    ),
    "unknown effort": (
        body(output_config={"effort": "huge"}),
        "output_config.effort: Input should be 'low', 'medium', 'high', 'xhigh' or 'max'",
    ),
    "unknown format": (
        body(output_config={"format": {"type": "xml"}}),
        "output_config.format.type: Input should be 'json_schema'",
    ),
    # The kind that was chosen is part of the path
    "a call without an id": (
        body(user(text("x")), assistant({"type": "tool_use", "name": "Read", "input": {}})),
        "messages.1.content.0.tool_use.id: Field required",
    ),
    "a call with a numbered name": (
        body(user(text("x")), assistant(call() | {"name": 7})),
        "messages.1.content.0.tool_use.name: Input should be a valid string",
    ),
    "a call without an input": (
        body(user(text("x")), assistant({"type": "tool_use", "id": "t", "name": "Read"})),
        "messages.1.content.0.tool_use.input: Field required",
    ),
    "thoughts of null": (
        body(user(text("x")), assistant({"type": "thinking", "thinking": None})),
        "messages.1.content.0.thinking.thinking: Input should be a valid string",
    ),
    "a result of nothing in particular": (
        body(user({"type": "tool_result", "content": "x"})),
        "messages.0.content.0.tool_result.tool_use_id: Field required",
    ),
    "a result in numbers": (
        body(user({"type": "tool_result", "tool_use_id": "t", "content": 7})),
        "messages.0.content.0.tool_result.content: Input should be a valid string or a valid array",
    ),
    "a result whose text is none": (
        body(user({"type": "tool_result", "tool_use_id": "t", "content": ["x"]})),
        "messages.0.content.0.tool_result.content.0: Input should be an object",
    ),
    "a reference to nothing": (
        body(user({"type": "tool_result", "tool_use_id": "t",
                   "content": [text("x"), {"type": "tool_reference"}]})),
        "messages.0.content.0.tool_result.content.1.tool_reference.tool_name: Field required",
    ),
    "a document without a source": (
        body(user({"type": "document"})), "messages.0.content.0.document.source: Field required",
    ),
    "a document with a numbered title": (
        body(user(document(type="text", data="x") | {"title": 7})),
        "messages.0.content.0.document.title: Input should be a valid string",
    ),
    "a document's part without text": (
        body(user(document(type="content", content=[{"type": "text"}]))),
        "messages.0.content.0.document.source.content.content.0.text.text: Field required",
    ),
    "a search result of one text": (
        body(user({"type": "search_result", "source": "s", "title": "t", "content": "x"})),
        "messages.0.content.0.search_result.content: Input should be a valid array",
    ),
    "a search result's part without text": (
        body(user({"type": "search_result", "source": "s", "title": "t", "content": [{}]})),
        "messages.0.content.0.search_result.content.0.text: Field required",
    ),
    "a search result of images": (
        body(user({"type": "search_result", "source": "s", "title": "t", "content": [image()]})),
        "messages.0.content.0.search_result.content.0.type: Input should be 'text'",
    ),
    "unknown display": (
        body(thinking={"type": "adaptive", "display": "neon"}),
        "thinking.adaptive.display: Input should be 'summarized', 'omitted' or 'updates'",
    ),
    "unknown thinking": (
        body(thinking={"type": "hard"}),
        "thinking: Input tag 'hard' found using 'type' does not match any of the expected tags: "
        "'adaptive', 'between_tools', 'disabled', 'enabled'",
    ),
    "a tool with a numbered name": (
        body(tools=[tool(), tool() | {"name": 7}]),
        "tools.1.custom.name: Input should be a valid string",
    ),
    "a tool with a numbered description": (
        body(tools=[tool(type="custom", description=7)]),
        "tools.0.custom.description: Input should be a valid string",
    ),
    "a tool of a numbered type": (
        body(tools=[tool(type=7)]), "tools.0.custom.type: Input should be a valid string",
    ),
    "a shell deferred in words": (
        body(tools=[{"type": "bash_20250124", "name": "bash", "defer_loading": "yes"}]),
        "tools.0.bash_20250124.defer_loading: Input should be a valid boolean",
    ),
    "a search at will": (
        body(tools=[{"type": "web_search_20250305", "name": "web_search", "max_uses": "9"}]),
        "tools.0.web_search_20250305.max_uses: Input should be a valid integer",
    ),
    "a search of a site": (
        body(tools=[{"type": "web_search_20250305", "allowed_domains": "a.test"}]),
        "tools.0.web_search_20250305.allowed_domains: Input should be a valid array",
    ),
    "a search from somewhere": (
        body(tools=[{"type": "web_search_20250305", "user_location": "Ulm"}]),
        "tools.0.web_search_20250305.user_location: Input should be an object",
    ),
    "unknown effort of a message": (
        body(user(text("x")), {"role": "system", "output_config": {"effort": "some"}}),
        "messages.1.output_config.effort: Input should be 'low', 'medium', 'high', 'xhigh' or",
    ),
    "a kind that is told twice": (
        b'{"model":"m","messages":[{"role":"user","content":[{"type":"image","source":5,'
        b'"type":"text"}]}]}',
        "messages.0.content.0",
    ),
    "an option of a kind that is told twice": (
        b'{"model":"m","messages":[],"thinking":{"type":"adaptive","display":"neon",'
        b'"type":"disabled"}}',
        "thinking",
    ),
    # Whatever is wrong first, what is no JSON weighs more
    "a fault, and no JSON after it": (body(max_tokens="9")[:-1], NOT_JSON),
    "a fault, and no UTF-8 after it": (
        body(max_tokens="9", x="Z").replace(b"Z", b"\xff"), NOT_JSON,
    ),
    "a fault, and nesting without end after it": (
        body(max_tokens="9", x=7).replace(b":7", b":" + b"[" * 10**5), NOT_JSON,
    ),
    "a stop sequence that is none": (
        body(stop_sequences=["a", 1]), "stop_sequences.1: Input should be a valid string",
    ),
    "a tool that is none": (body(tools=["Read"]), "tools.0: Input should be an object"),
}  # fmt: skip


@pytest.mark.parametrize(("data", "complaint"), FAULTS.values(), ids=FAULTS)
def test_faults_are_named_by_place_and_reason(data: bytes, complaint: str) -> None:
    assert refusal(data).startswith(complaint)


def test_every_type_of_value_has_words() -> None:
    """Whatever stands in a rich request's stead, no words of the JSON library come through."""
    for path in paths(RICH):
        for value in (None, True, 7, 1.5, "x", [], {}, [7], {"type": 7}, {"type": "?"}):
            changed = replaced(RICH, path, value)
            try:
                m.decode(msgspec.json.encode(changed))
            except BadRequest as exc:
                check_words(str(exc))


def test_new_words_of_the_json_library_come_through_with_their_place() -> None:
    assert explain("Unheard-of - at `$.tools[3].name`", None) == "tools.3.name: Unheard-of"


STRANGE: dict[str, tuple[bytes, tuple[str, ...]]] = {
    "none": (body(metadata={}), ()),
    "some": (body(data_flow=1, context_hint={"model": 2}), ("data_flow", "context_hint")),
    "hostile": (body(**{"a\r\nset-cookie: x": 1, "": 2, "x" * 65: 3}), ("?",)),
    "twice": (body(x=1).replace(b'"model"', b'"x":[],"model"'), ("x",)),
    "not text": (body(x=1).replace(b'"x"', b'"\xff"'), ("?",)),
}


@pytest.mark.parametrize(("data", "names"), STRANGE.values(), ids=STRANGE)
def test_unknown_fields_are_taken_and_named(data: bytes, names: tuple[str, ...]) -> None:
    call = m.decode(data)
    assert asdict(call) == asdict(m.decode(body(metadata=call.metadata)))
    assert m.unknown_fields(data) == m.unknown_fields(data, call) == names


def test_the_same_tools_are_read_once() -> None:
    a, b = tool("a"), tool("b")
    one, again = (m.decode(body(tools=[a, b])).tools for _ in range(2))
    other = m.decode(body(tools=[b, a])).tools
    assert one is again
    assert other == (one or [])[::-1]


def test_not_too_many_tools_are_kept() -> None:
    one = m.decode(body(tools=[tool("a")])).tools
    for number in range(100):
        m.decode(body(tools=[tool("a", description="x" * number)]))
    again = m.decode(body(tools=[tool("a")])).tools
    assert again == one
    assert again is not one


@pytest.mark.parametrize("size", [1_000, 4_500_000])
def test_large_requests_are_read_as_small_ones_are(size: int) -> None:
    said = "é" * size
    made = m.decode(body(user(text(said)), {"role": "assistant", "content": "b"}))
    assert [message.content for message in made.messages] == [[m.Text(said)], "b"]
    strange = body(user(text(said)), {"role": "assistant", "content": 7})
    assert refusal(strange) == "messages.1.content: Input should be a valid string or a valid array"
    assert refusal(strange[:-1]).startswith(NOT_JSON)


def check_decode(data: bytes) -> None:
    """The law: a Call, or a refusal in words."""
    try:
        made: object = m.decode(data)
    except BadRequest as exc:
        made = str(exc)
    assert isinstance(made, m.Call) or made


@given(nearly_valid())
def test_nearly_valid_requests(value: Json) -> None:
    check_decode(json.dumps(value).encode())


@given(JSON)
def test_any_json(value: Json) -> None:
    check_decode(json.dumps(value).encode())


@given(st.binary())
@example(b"\xef\xbb\xbf" + body())
def test_any_bytes(data: bytes) -> None:
    check_decode(data)


@given(st.integers(0, 10**6), st.binary(max_size=3), st.integers(0, 3))
def test_a_valid_body_with_bytes_replaced(at: int, noise: bytes, gone: int) -> None:
    data = json.dumps(RICH, ensure_ascii=False).encode()
    at %= len(data)
    check_decode(data[:at] + noise + data[at + gone :])
