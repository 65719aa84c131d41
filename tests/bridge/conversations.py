"""Messages requests, made by hand; tests/laws draws arbitrary ones."""

import base64
from typing import Any, TypeAlias

import msgspec

from amq2api.bridge.amazonq.conversation import Conversation, convert
from amq2api.dialects import amazonq as q
from amq2api.dialects import messages as m

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
