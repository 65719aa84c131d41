"""The request's model as shapes: members, types, lengths, patterns, enumerations.

Source: upstream-protocol.md 2.1 to 2.7; limits are those of the newest model (M25c) unless
noted. Conversation rules that span several messages are in conversation.py.
"""

import re
from functools import lru_cache

from . import surroundings
from .images import Base64
from .rules import Rules
from .shapes import Anything, Document, Flag, ListOf, Members, Shape, Text, Union, Whole

_ORIGINS = frozenset({
    "AI_EDITOR", "CHATBOT", "CLI", "CONSOLE", "DOCUMENTATION", "GITLAB", "IDE", "INLINE_CHAT",
    "KIRO_CLI", "MARKETING", "MD", "MD_CE", "MD_IDE", "MOBILE", "OPENSEARCH_DASHBOARD",
    "Q_DEV_BEXT", "SAGE_MAKER", "SERVICE_INTERNAL", "SM_AI_STUDIO_IDE", "UNIFIED_SEARCH", "UNKNOWN",
})  # fmt: skip
_INTENTS = frozenset({
    "APPLY_COMMON_BEST_PRACTICES", "CITE_SOURCES", "CODE_GENERATION", "EXPLAIN_CODE_SELECTION",
    "EXPLAIN_LINE_BY_LINE", "GENERATE_CLOUDFORMATION_TEMPLATE", "GENERATE_UNIT_TESTS",
    "IMPROVE_CODE", "SHOW_EXAMPLES", "SUGGEST_ALTERNATE_IMPLEMENTATION",
})  # fmt: skip
_PROFILE_ARN = re.compile(
    r"arn:aws:(codewhisperer|transform):[-.a-z0-9]{1,63}:\d{12}:profile/([a-zA-Z0-9]){12}"
)
_MODEL_ID = re.compile(r"[a-zA-Z0-9_:.-]+")
_NAME = re.compile(r"[a-zA-Z0-9_-]+")
_MESSAGE = 10_000_000  # characters of one message or tool result; 600 000 until September 2025

_ANY_TEXT = Text()
_SOME_TEXT = Text(1)
_MODEL = Text(1, 1024, _MODEL_ID)
_CONTENT = Text(0, _MESSAGE, rule="2.3", too_long="field too long")


@lru_cache(maxsize=4)
def request(rules: Rules) -> Shape:
    """The whole request under *rules*."""
    return Members(
        {"conversationState": _conversation(rules)},
        {
            "profileArn": Text(1, 950, _PROFILE_ARN, rule="1.5"),
            "agentMode": Text(1, rule="2.1"),
            "additionalModelRequestFields": Document(rule="2.9"),
        },
        # Accepted and ignored (2.1).
        tolerated=("inferenceConfig", "model"),
        rule="2.1",
        closed=rules.strict,
    )


def _conversation(rules: Rules) -> Shape:
    triggers = frozenset({"MANUAL", "DIAGNOSTIC", "INLINE_CHAT"})
    trigger = Text(options=triggers if "I14" in rules else None, rule="I14")
    conversation_id = Text(1, 128)
    message = _message(rules)
    optional: dict[str, Shape] = {
        "workspaceId": Text(36, 36),
        "history": ListOf(message, rules.history_limit, rule="2.2"),
        "customizationArn": Text(0, 1224),
        "agentContinuationId": _SOME_TEXT,
        "agentTaskType": Text(options=frozenset({"vibe", "spectask"})),
        "rootConversationId": _SOME_TEXT,
    }
    required: dict[str, Shape] = {"currentMessage": message, "chatTriggerType": trigger}
    (required if rules.strict else optional)["conversationId"] = conversation_id
    return Members(required, optional, closed=rules.strict)


def _message(rules: Rules) -> Shape:
    return Union({
        "userInputMessage": _user(rules),
        "assistantResponseMessage": _assistant(rules),
    })  # fmt: skip


def _user(rules: Rules) -> Shape:
    closed = rules.strict
    image = Members(
        {
            "format": Text(options=frozenset({"png", "jpeg", "gif", "webp"}), rule="2.7"),
            "source": Union({"bytes": Base64()}, rule="2.7"),
        },
        rule="2.7",
        closed=closed,
    )
    optional = {
        "userInputMessageContext": _context(rules),
        "userIntent": Text(options=_INTENTS, rule="2.3"),
        "origin": Text(options=_ORIGINS, rule="1.5"),
        "images": ListOf(image, 10, rule="2.7", too_many="image count"),
        "modelId": _MODEL,
        "cachePoint": _cache_point(),
        "clientCacheConfig": Members({}, {"useClientCachingOnly": Flag()}, closed=closed),
    }
    return Members({"content": _CONTENT}, optional, rule="2.3", closed=closed)


def _cache_point() -> Shape:
    return Members({"type": Text(options=frozenset({"default"}), rule="2.3")}, rule="2.3")


def _tool_use_id(rules: Rules) -> Shape:
    if "I8" not in rules:
        return Text(rule="2.6", kind="tool")
    return Text(1, 64, _NAME, rule="I8", kind="tool")


def _assistant(rules: Rules) -> Shape:
    closed = rules.strict
    use = Members(
        {
            "toolUseId": _tool_use_id(rules),
            "name": Text(1, 64, _NAME, rule="2.5", kind="tool"),
            "input": Document(rule="I10", kind="tool") if "I10" in rules else Anything(),
        },
        rule="2.3",
        kind="tool",
        closed=closed,
    )
    reasoning = Union(
        {
            "reasoningText": Members(
                {"text": _ANY_TEXT}, {"signature": _ANY_TEXT}, rule="2.3", closed=closed
            ),
            "redactedContent": Base64(),
        }
    )
    optional = {
        "messageId": Text(0, 128),
        "toolUses": ListOf(use, rule="2.3", kind="tool"),
        "reasoningContent": reasoning,
        "references": ListOf(_reference(closed), 10),
        "supplementaryWebLinks": ListOf(_web_link(closed), 10),
        "followupPrompt": Members(
            {"content": Text(0, 4096)}, {"userIntent": Text(options=_INTENTS)}, closed=closed
        ),
        "cachePoint": _cache_point(),
    }
    return Members({"content": _ANY_TEXT}, optional, rule="2.3", closed=closed)


def _reference(closed: bool) -> Shape:
    span = Members({}, {"start": Whole(), "end": Whole()}, rule="2.3", closed=closed)
    return Members(
        {},
        {
            "licenseName": _ANY_TEXT,
            "repository": _ANY_TEXT,
            "url": Text(0, 1024, rule="2.3"),
            "recommendationContentSpan": span,
        },
        rule="2.3",
        closed=closed,
    )


def _web_link(closed: bool) -> Shape:
    return Members(
        {"url": Text(0, 2048, rule="2.3"), "title": Text(0, 1024, rule="2.3")},
        {"snippet": Text(0, 1024, rule="2.3")},
        rule="2.3",
        closed=closed,
    )


def _context(rules: Rules) -> Shape:
    closed = rules.strict
    optional = {
        "tools": ListOf(_tool(rules), rule="2.5", kind="tool"),
        "toolResults": ListOf(_tool_result(rules), rule="2.6", kind="tool"),
        **surroundings.members(closed=closed),
    }
    return Members({}, optional, rule="2.4", closed=closed)


def _tool(rules: Rules) -> Shape:
    name, description = Text(rule="2.5", kind="tool"), Text(rule="2.5", kind="tool")
    if "I11" in rules:
        name = Text(1, 64, _NAME, rule="I11", kind="tool")
        description = Text(1, 10_240 if rules.strict else None, rule="I11", kind="tool")
    required: dict[str, Shape] = {
        "name": name,
        "inputSchema": Members(
            {"json": Document(rule="2.5", kind="tool schema")}, rule="2.5", kind="tool schema"
        ),
    }
    optional: dict[str, Shape] = {}
    # The model has the description optional, every client sends one (2.5).
    (required if rules.strict else optional)["description"] = description
    specification = Members(required, optional, rule="2.5", kind="tool", closed=rules.strict)
    members: dict[str, Shape] = {
        "toolSpecification": specification,
        "cachePoint": _cache_point(),
    }
    return Union(members, rule="I15", kind="tool", open="I15" not in rules)


def _tool_result(rules: Rules) -> Shape:
    text = Text(0, _MESSAGE, rule="2.6", kind="tool", too_long="field too long")
    # A block with an image is answered 200 and dropped in silence (2.6): strictly, a loss.
    block = Union(
        {"text": text, "json": Anything(null=not rules.strict)},
        rule="2.6",
        kind="tool",
        open=not rules.strict,
    )
    return Members(
        {"toolUseId": _tool_use_id(rules), "content": ListOf(block, rule="2.6", kind="tool")},
        {"status": Text(options=frozenset({"success", "error"}), rule="2.6", kind="tool")},
        tolerated=("isError",),
        rule="2.6",
        kind="tool",
        closed=rules.strict,
    )
