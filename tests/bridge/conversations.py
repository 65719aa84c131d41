"""Legal Messages requests: small ones by hand, arbitrary ones by Hypothesis.

A client's texts here hold no ASCII letters, so that a word of the program's own is seen at once.
"""

import base64
from typing import Any, TypeAlias

import msgspec
from hypothesis import assume
from hypothesis import strategies as st

from amq2api.bridge.amazonq.conversation import Conversation, convert
from amq2api.bridge.amazonq.words import MARKER_SIGNATURE
from amq2api.dialects import amazonq as q
from amq2api.dialects import messages as m
from amq2api.sim.signing import SIGNER

Json: TypeAlias = dict[str, Any]

MODEL = "claude-sonnet-4.6"
SCHEMA: Json = {"type": "object", "properties": {"αβ": {"type": "string"}}}

HEADS = {
    # As much of an image as tells its size: two pixels by two.
    "png": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x02\0\0\0\x02\x08\x06\0\0\0",
    "jpeg": b"\xff\xd8\xff\xc0\0\x0b\x08\0\x02\0\x02\x01\x01\x11\0" + bytes(9),
    "gif": b"GIF89a\x02\0\x02\0" + bytes(14),
    "webp": b"RIFF\x24\0\0\0WEBPVP8L\x0a\0\0\0\x2f\x01\x40\0\0" + bytes(5),
}


def request(*messages: Json, **members: Any) -> Json:
    return {"model": MODEL, "max_tokens": 100, "messages": list(messages), **members}


def user(*content: Any) -> Json:
    return {"role": "user", "content": _content(content)}


def assistant(*content: Any) -> Json:
    return {"role": "assistant", "content": _content(content)}


def system(*content: Any) -> Json:
    return {"role": "system", "content": _content(content)}


def text(text: str) -> Json:
    return {"type": "text", "text": text}


def use(id: str = "t1", name: str = "ls", **input: Any) -> Json:
    return {"type": "tool_use", "id": id, "name": name, "input": input}


def result(id: str = "t1", *content: Any, **members: Any) -> Json:
    block: Json = {"type": "tool_result", "tool_use_id": id, **members}
    return {**block, "content": _content(content)} if content else block


def image(kind: str = "png", tail: bytes = b"") -> Json:
    data = base64.b64encode(HEADS[kind] + tail).decode()
    source = {"type": "base64", "media_type": f"image/{kind}", "data": data}
    return {"type": "image", "source": source}


def thinking(thought: str, signature: str = "") -> Json:
    return {"type": "thinking", "thinking": thought, "signature": signature}


def tool(name: str = "ls", schema: Any = SCHEMA, **members: Any) -> Json:
    return {"name": name, "description": "δ", "input_schema": schema, **members}


def _content(content: tuple[Any, ...]) -> Any:
    if len(content) == 1 and isinstance(content[0], str):
        return content[0]
    return [text(part) if isinstance(part, str) else part for part in content]


def decoded(request: Json) -> m.Call:
    return m.decode(msgspec.json.encode(request))


def converted(
    request: Json,
    *,
    replay_reasoning: bool = True,
    think_tags: int | None = None,
) -> Conversation:
    return convert(
        decoded(request),
        model_id=MODEL,
        conversation_id="c",
        origin="CLI",
        replay_reasoning=replay_reasoning,
        think_tags=think_tags,
    )


def sent(conversation: Conversation) -> Json:
    """What goes over the wire, decoded."""
    body = q.encode(q.GenerateRequest(conversation.state))
    state: Json = msgspec.json.decode(body)["conversationState"]
    return state


def messages(state: Json) -> list[Json]:
    """History and current message, each without its wrapping."""
    return [next(iter(message.values())) for message in (*state.get("history", []),
                                                         state["currentMessage"])]  # fmt: skip


def notes(conversation: Conversation) -> str:
    return " ".join(map(str, conversation.notes))


# Arbitrary requests. Few ids and few names, so that they meet often.

TEXTS = st.text('αβγ日本é🎉\n \t"\\<>.1', max_size=6)
SAID = TEXTS.filter(lambda text: bool(text.strip()))
IDS = st.sampled_from(["t1", "t2", "t1 ", "τ", "tool:" + "x" * 80])
NAMES = st.sampled_from(["ls", "a.b", "列出", "mcp__" + "x" * 70, "a_b"])
UNDECLARED = st.sampled_from(["幽霊", "gone"])
KEYS = st.text("αβ日_", min_size=1, max_size=3)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | TEXTS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner, max_size=2),
    max_leaves=4,
)
INPUTS = st.dictionaries(KEYS, VALUES, max_size=3)

IMAGES = st.builds(image, st.sampled_from(sorted(HEADS)), st.binary(max_size=3))
TEXT_BLOCKS = TEXTS.map(text)
SOURCES = st.one_of(
    st.fixed_dictionaries(
        {"type": st.just("text"), "media_type": st.just("text/plain"), "data": TEXTS}
    ),
    st.fixed_dictionaries(
        {
            "type": st.just("content"),
            "content": TEXTS | st.lists(TEXT_BLOCKS | IMAGES, max_size=2),
        }
    ),
)
DOCUMENTS = st.fixed_dictionaries(
    {"type": st.just("document"), "source": SOURCES},
    optional={"title": TEXTS, "context": TEXTS},
)
SEARCH_RESULTS = st.fixed_dictionaries(
    {
        "type": st.just("search_result"),
        "source": TEXTS,
        "title": TEXTS,
        "content": st.lists(TEXT_BLOCKS, max_size=2),
    }
)
REFERENCES = st.builds(lambda name: {"type": "tool_reference", "tool_name": name}, NAMES)
RESULT_CONTENT = st.one_of(
    st.none(),
    TEXTS,
    st.lists(
        st.one_of(
            TEXT_BLOCKS,
            IMAGES,
            DOCUMENTS,
            SEARCH_RESULTS,
            REFERENCES,
            st.builds(lambda value: {"type": "browser_state", "content": value}, VALUES),
        ),
        max_size=3,
    ),
)
RESULTS = st.fixed_dictionaries(
    {"type": st.just("tool_result"), "tool_use_id": IDS, "content": RESULT_CONTENT},
    optional={"is_error": st.booleans()},
)
USES = st.builds(
    lambda id, name, input: {"type": "tool_use", "id": id, "name": name, "input": input},
    IDS,
    NAMES | UNDECLARED,
    INPUTS,
)
ECHOES = st.one_of(
    st.builds(
        lambda kind, value: {"type": kind, "tool_use_id": "srv", "content": value},
        st.sampled_from(["web_search_tool_result", "mcp_tool_result", "compaction"]),
        VALUES,
    ),
    st.builds(
        lambda value: {"type": "server_tool_use", "id": "srv", "name": "web_search",
                       "input": value},
        INPUTS,
    ),
    st.builds(
        lambda names: {
            "type": "tool_search_tool_result",
            "tool_use_id": "srv",
            "content": {
                "type": "tool_search_tool_search_result",
                "tool_references": [
                    {"type": "tool_reference", "tool_name": name} for name in names
                ],
            },
        },
        st.lists(NAMES, max_size=2),
    ),
)  # fmt: skip
THOUGHTS = st.one_of(
    st.builds(lambda thought: thinking(thought, SIGNER.sign(thought, MODEL)), TEXTS),
    st.builds(thinking, TEXTS, st.sampled_from(["", MARKER_SIGNATURE])),
    st.builds(
        lambda data: {"type": "redacted_thinking", "data": base64.b64encode(data).decode()},
        st.binary(max_size=4),
    ),
)

CONTENT = {
    "user": st.lists(
        TEXT_BLOCKS | IMAGES | RESULTS | RESULTS | DOCUMENTS | SEARCH_RESULTS, max_size=4
    ),
    "assistant": st.lists(TEXT_BLOCKS | USES | USES | THOUGHTS | ECHOES, max_size=4),
    "system": st.lists(
        TEXT_BLOCKS
        | st.builds(
            lambda name: {"type": "tool_addition",
                          "tool": {"type": "tool_reference", "name": name}},
            NAMES,
        ),
        max_size=2,
    ),
}  # fmt: skip


STEPS = st.lists(st.sampled_from(["user", "assistant", "system", "tools", "tools"]), max_size=4)


@st.composite
def turns(draw: st.DrawFn) -> list[Json]:
    """Messages in any order of roles, except that the first is not the assistant's."""
    made: list[Json] = []
    for step in (draw(st.sampled_from(["user", "system"])), "user", *draw(STEPS)):
        if step == "tools":
            made += draw(exchanges())
        else:
            made.append({"role": step, "content": draw(TEXTS | CONTENT[step])})
    made.insert(draw(st.integers(0, len(made))), user(draw(SAID)))
    if made[-1]["role"] == "assistant":
        # A prefill must not end in space; a tool use or a thought may end a turn.
        made[-1]["content"] = [
            block
            for block in _listed(made[-1]["content"])
            if block["type"] != "text" or block["text"] == block["text"].rstrip()
        ]
    return made


@st.composite
def exchanges(draw: st.DrawFn) -> list[Json]:
    """Tool uses and their results: most of them, in any order, some twice."""
    uses = draw(st.lists(USES, min_size=1, max_size=3))
    ids = [use["id"] for use in uses]
    answered = draw(st.permutations(ids) | st.lists(st.sampled_from(ids), max_size=4))
    answers = [draw(RESULTS) | {"tool_use_id": id} for id in answered]
    said = _listed(draw(TEXTS | CONTENT["assistant"]))
    then = _listed(draw(TEXTS | CONTENT["user"]))
    return [
        {"role": "assistant", "content": [*said, *uses]},
        {"role": "user", "content": [*answers, *then]},
    ]


def _listed(content: str | list[Json]) -> list[Json]:
    return [text(content)] if isinstance(content, str) else content


SCHEMAS = st.fixed_dictionaries(
    {"type": st.just("object")},
    optional={
        "properties": st.dictionaries(
            KEYS,
            st.sampled_from(
                [{"type": "string", "description": "γ"}, {"type": ["integer", "null"]},
                 {"anyOf": [{"type": "string"}, {"type": "null"}]}, {"const": 1}, True,
                 {"$ref": "#/$defs/α"}],
            ),
            max_size=2,
        ),
        "$defs": st.just({"α": {"type": "object", "properties": {"β": {"$ref": "#/$defs/α"}}}}),
        "required": st.lists(KEYS, max_size=2),
        "additionalProperties": st.booleans(),
        "$schema": st.just("http://json-schema.org/draft-07/schema#"),
        "anyOf": st.just([{"required": ["α"]}, {"properties": {"α": {}}}]),
    },
)  # fmt: skip
CUSTOM = st.fixed_dictionaries(
    {"name": NAMES, "input_schema": SCHEMAS},
    optional={
        "description": TEXTS | st.just("長" * 10_050 + "🎉"),
        "defer_loading": st.booleans(),
        "type": st.just("custom"),
        "strict": st.booleans(),
    },
)
TOOLS = st.lists(CUSTOM, max_size=4, unique_by=lambda tool: str(tool["name"])).filter(
    lambda tools: not tools or not all(tool.get("defer_loading") for tool in tools)
)


def _images(value: Any) -> int:
    if isinstance(value, list):
        return sum(map(_images, value))
    if isinstance(value, dict):
        return (value.get("type") == "image") + sum(map(_images, value.values()))
    return 0


@st.composite
def requests(draw: st.DrawFn) -> Json:
    """Any request that passes the checks of dialects/messages.

    Turns of one role merge, and the service takes ten images a message: the refusal of more
    has a row of its own, so no more than ten are drawn for a whole conversation.
    """
    said = draw(turns())
    assume(_images(said) <= 10)
    made = request(*said)
    made |= draw(
        st.fixed_dictionaries(
            {},
            optional={
                "system": TEXTS | st.lists(TEXT_BLOCKS, max_size=2),
                "tools": TOOLS,
                "output_config": st.builds(
                    lambda schema: {"format": {"type": "json_schema", "schema": schema}}, SCHEMAS
                ),
            },
        )
    )
    names = [tool["name"] for tool in made.get("tools", [])]
    if names:
        kinds = st.sampled_from(["auto", "any", "none"]).map(lambda kind: {"type": kind})
        forced = st.sampled_from(names).map(lambda name: {"type": "tool", "name": name})
        choice = draw(st.none() | kinds | forced)
        if choice is not None:
            made["tool_choice"] = choice
    return made


def calls() -> st.SearchStrategy[m.Call]:
    return requests().map(decoded)
