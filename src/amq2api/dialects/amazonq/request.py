"""GenerateAssistantResponse: what Amazon Q is asked, as values.

Source: upstream-protocol.md 2. Absent members are omitted, never ``null`` (2.1): every
optional member defaults to a value that ``omit_defaults`` leaves out.
"""

from typing import Any, Literal, TypeAlias

import msgspec
from msgspec import UNSET, UnsetType
from msgspec.structs import replace

__all__ = [
    "AssistantMessage",
    "AssistantResponseMessage",
    "ChatMessage",
    "ConversationState",
    "GenerateRequest",
    "Image",
    "ImageBytes",
    "ImageFormat",
    "InputSchema",
    "ReasoningContent",
    "ReasoningText",
    "ToolEntry",
    "ToolResult",
    "ToolResultStatus",
    "ToolResultText",
    "ToolSpecification",
    "ToolUse",
    "UserInputMessage",
    "UserInputMessageContext",
    "UserMessage",
    "encode",
    "encode_in_turns",
]  # fmt: skip

ImageFormat: TypeAlias = Literal["png", "jpeg", "gif", "webp"]
ToolResultStatus: TypeAlias = Literal["success", "error"]


class _Wire(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True, gc=False):
    """Snake case here, camel case on the wire, absent when it has its default.

    Kept from the garbage collector: there are hundreds in a call, and no cycles.
    """


class InputSchema(_Wire, frozen=True):
    """*json* is encoded JSON: a schema whose top level is an object."""

    json: msgspec.Raw


class ToolSpecification(_Wire, frozen=True):
    name: str
    description: str
    input_schema: InputSchema


class ToolEntry(_Wire, frozen=True):
    tool_specification: ToolSpecification


class ToolResultText(_Wire, frozen=True):
    text: str


class ToolResult(_Wire, frozen=True):
    tool_use_id: str
    content: list[ToolResultText]
    status: ToolResultStatus


class UserInputMessageContext(_Wire, frozen=True):
    tools: list[msgspec.Raw] = []
    """Each a :class:`ToolEntry`, encoded."""
    tool_results: list[ToolResult] = []


class ImageBytes(_Wire, frozen=True):
    """*bytes* is base64 without a ``data:`` prefix."""

    bytes: str


class Image(_Wire, frozen=True):
    format: ImageFormat
    source: ImageBytes


class UserInputMessage(_Wire, frozen=True):
    content: str
    user_input_message_context: UserInputMessageContext | UnsetType = UNSET
    origin: str = ""
    images: list[Image] = []
    model_id: str = ""


class ReasoningText(_Wire, frozen=True):
    text: str
    signature: str = ""


class ReasoningContent(_Wire, frozen=True):
    """A union on the wire: exactly one member is set. *redacted_content* is base64."""

    reasoning_text: ReasoningText | UnsetType = UNSET
    redacted_content: str = ""


class ToolUse(_Wire, frozen=True):
    """*input* is encoded JSON: an object, never a string."""

    tool_use_id: str
    name: str
    input: msgspec.Raw


class AssistantResponseMessage(_Wire, frozen=True):
    content: str
    tool_uses: list[ToolUse] = []
    reasoning_content: ReasoningContent | UnsetType = UNSET


class UserMessage(_Wire, frozen=True):
    user_input_message: UserInputMessage


class AssistantMessage(_Wire, frozen=True):
    assistant_response_message: AssistantResponseMessage


ChatMessage: TypeAlias = UserMessage | AssistantMessage


class ConversationState(_Wire, frozen=True):
    """Only the last message may be left out of *history*: it is *current_message*."""

    conversation_id: str
    chat_trigger_type: str
    """Always ``MANUAL`` here (2.2); without a default, so that it is never left out."""
    current_message: UserMessage
    history: list[Any] = []
    """Of :data:`ChatMessage`. They are a union by member name, which only writing needs."""


class GenerateRequest(_Wire, frozen=True):
    conversation_state: ConversationState
    profile_arn: str = ""
    additional_model_request_fields: dict[str, Any] = {}


encode = msgspec.json.Encoder().encode


def encode_in_turns(request: GenerateRequest) -> bytes:
    """As ``encode`` does, but message by message: other threads get their turn in between."""
    state = request.conversation_state
    history = [msgspec.Raw(encode(message)) for message in state.history]
    return encode(replace(request, conversation_state=replace(state, history=history)))
