"""Requests as JSON, built by hand from upstream-protocol.md 2: one good one per feature."""

from base64 import b64encode
from typing import Any

from amq2api.sim.signing import SIGNER

Json = dict[str, Any]

ARN = "arn:aws:codewhisperer:us-east-1:123456789012:profile/ABCDEFGHIJKL"
SCHEMA: Json = {"type": "object", "properties": {"command": {"type": "string"}}}
PNG = b64encode(b"\x89PNG\r\n\x1a\n" + bytes(24)).decode()
JPEG = b64encode(b"\xff\xd8\xff\xe0" + bytes(24)).decode()
GIF = b64encode(b"GIF89a" + bytes(24)).decode()
WEBP = b64encode(b"RIFF\x24\0\0\0WEBPVP8 " + bytes(24)).decode()


def user(content: str = "Hello", **members: Any) -> Json:
    return {"userInputMessage": {"content": content, "origin": "CLI", **members}}


def assistant(content: str = "Hi.", **members: Any) -> Json:
    return {"assistantResponseMessage": {"content": content, **members}}


def use(key: str = "tooluse_1", name: str = "bash", **arguments: Any) -> Json:
    return {"toolUseId": key, "name": name, "input": arguments}


def result(key: str = "tooluse_1", text: str = "done") -> Json:
    return {"toolUseId": key, "content": [{"text": text}], "status": "success"}


def tool(name: str = "bash", schema: Json = SCHEMA, description: str = "Run it") -> Json:
    specification = {"name": name, "description": description, "inputSchema": {"json": schema}}
    return {"toolSpecification": specification}


def image(kind: str, data: str) -> Json:
    return {"format": kind, "source": {"bytes": data}}


def asked(
    current: Json | None = None, *history: Json, model: str = "claude-sonnet-4.5", **more: Any
) -> Json:
    """A request whose current message is *current*, for *model* unless the message names one."""
    current = current or user()
    if "userInputMessage" in current:
        current["userInputMessage"].setdefault("modelId", model)
    state: Json = {
        "conversationId": "7b0f4a7e-2f0e-4b9f-8a57-6a2d1f0c9d11",
        "chatTriggerType": "MANUAL",
        "currentMessage": current,
    }
    if history:
        state["history"] = list(history)
    return {"conversationState": state, **more}


def with_tools(*tools: Json, content: str = "Hello", **members: Any) -> Json:
    return user(content, userInputMessageContext={"tools": list(tools)}, **members)


def answering(*results: Json, tools: tuple[Json, ...] = (tool(),), content: str = "") -> Json:
    return user(
        content, userInputMessageContext={"toolResults": list(results), "tools": list(tools)}
    )


def tool_turn(*uses: Json, results: tuple[Json, ...] | None = None) -> Json:
    """A whole loop: question, *uses*, and by default a result for each."""
    if results is None:
        results = tuple(result(use["toolUseId"]) for use in uses)
    return asked(answering(*results), user(), assistant("", toolUses=list(uses)))


def signed(text: str, model: str = "claude-opus-5") -> Json:
    return {"reasoningText": {"text": text, "signature": SIGNER.sign(text, model)}}


_DEEP: Json = {
    "type": "object",
    "properties": {
        "edits": {
            "type": "array",
            "items": {"type": "object", "properties": {"a": {"type": "integer", "default": 1}}},
        },
        "mode": {"type": "string", "enum": ["a", "b"], "maxLength": 3, "pattern": "^[ab]$"},
        "$ref": {"type": "string", "description": "a property may be called anything"},
        "either": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
    },
    "required": ["edits"],
}

GOOD: dict[str, Json] = {
    "minimal": asked(),
    "no model": {
        "conversationState": {
            "conversationId": "c",
            "chatTriggerType": "MANUAL",
            "currentMessage": user(),
        }
    },
    "profile": asked(profileArn=ARN),
    "tolerated members": {**asked(), "inferenceConfig": {"temperature": 1}, "model": "x"},
    "history": asked(user(), user("one"), assistant("two")),
    "tool declared": asked(with_tools(tool(), tool("other-tool_2", _DEEP))),
    "tool without arguments": asked(with_tools(tool(schema={"type": "object", "properties": {}}))),
    "tool loop": tool_turn(use(command="ls")),
    "parallel tools": tool_turn(use("a", command="ls"), use("b", command="ls", n=None, l=[1])),
    "results in history": asked(
        with_tools(tool()),
        user(),
        assistant(toolUses=[use()]),
        user("", userInputMessageContext={"toolResults": [result()]}),
        assistant("That was it."),
    ),
    "json result": tool_turn(
        use(), results=({"toolUseId": "tooluse_1", "content": [{"json": {"a": None}}]},)
    ),
    "failed result": tool_turn(use(), results=({**result(), "status": "error", "isError": True},)),
    "images of each kind": asked(
        user(
            "",
            images=[
                image("png", PNG),
                image("jpeg", JPEG),
                image("gif", GIF),
                image("webp", WEBP),
            ],
        )
    ),
    "signed reasoning": asked(
        user(), user(), assistant(reasoningContent=signed("hm")), model="claude-opus-5"
    ),
    "hidden reasoning": asked(
        user(), user(), assistant(reasoningContent=signed("")), model="claude-opus-5"
    ),
    "redacted reasoning": asked(
        user(), user(), assistant(reasoningContent={"redactedContent": "LktU"}), model="gpt-5.6-sol"
    ),
    "unverified reasoning of GPT": asked(
        user(),
        user(),
        assistant(reasoningContent={"reasoningText": {"text": "hm", "signature": "any"}}),
        model="gpt-5.6-sol",
    ),
    "model fields": asked(
        model="claude-opus-5",
        additionalModelRequestFields={
            "thinking": {"type": "adaptive", "display": "omitted"},
            "output_config": {"effort": "xhigh"},
            "max_tokens": 4096,
        },
    ),
    "environment": asked(
        user(
            userInputMessageContext={
                "envState": {
                    "operatingSystem": "linux",
                    "currentWorkingDirectory": "/home/u",
                    "environmentVariables": [{"key": "A", "value": "b"}],
                    "timezoneOffset": -120,
                },
                "shellState": {
                    "shellName": "zsh",
                    "shellHistory": [{"command": "ls", "exitCode": 0}],
                },
                "gitState": {"status": "## main"},
            }
        )
    ),
    "an editor": asked(
        user(
            userInputMessageContext={
                "editorState": {
                    "document": {
                        "relativeFilePath": "a.py",
                        "programmingLanguage": {"languageName": "python"},
                        "text": "x",
                        "documentSymbols": [{"name": "x", "type": "USAGE"}],
                    },
                    "cursorState": {"position": {"line": 1, "character": 0}},
                    "relevantDocuments": [{"relativeFilePath": "b", "type": "CODE"}],
                    "useRelevantDocuments": False,
                },
                "diagnostic": {"runtimeDiagnostic": {"severity": "ERROR"}},
                "additionalContext": [{"name": "some-notes", "description": "x"}],
            }
        )
    ),
    "links and references": asked(
        user(),
        user(),
        assistant(
            supplementaryWebLinks=[{"url": "https://a", "title": "A", "snippet": "a"}],
            references=[{"licenseName": "MIT", "recommendationContentSpan": {"start": 0}}],
            followupPrompt={"content": "more?"},
            messageId="m",
        ),
    ),
    "an agent's members": asked(agentMode="vibe")
    | {
        "conversationState": asked()["conversationState"]
        | {
            "agentContinuationId": "a",
            "agentTaskType": "vibe",
            "rootConversationId": "sess_1",
            "workspaceId": "x" * 36,
        }
    },
    "cache points": asked(
        user(
            userInputMessageContext={"tools": [tool(), {"cachePoint": {"type": "default"}}]},
            cachePoint={"type": "default"},
            clientCacheConfig={"useClientCachingOnly": True},
        )
    ),
    "unicode": asked(user("漢字 😀 \u2028 e\u0301 \0")),
}
