"""What the service is reported to refuse, as a table: a request, and the answer it earns."""

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amq2api.sim.faults import AWS_JSON, REST
from amq2api.sim.validator import INVARIANTS, LENIENT, STRICT, Fault, Rules, validate
from sim.asking import (
    ARN,
    GOOD,
    JPEG,
    PNG,
    SCHEMA,
    Json,
    answering,
    asked,
    assistant,
    image,
    result,
    signed,
    tool,
    tool_turn,
    use,
    user,
    with_tools,
)

MALFORMED = "Improperly formed request."
BAD_TOOL = "Invalid tool use format."


def changed(request: Json, **members: Any) -> Json:
    """*request* with members of its conversationState replaced, or left out if None."""
    state = {**request["conversationState"], **members}
    kept = {name: value for name, value in state.items() if value is not None}
    return {**request, "conversationState": kept}


def declared(schema: Any, **members: Any) -> Json:
    entry = tool(schema=schema)
    entry["toolSpecification"].update(members)
    return asked(with_tools(entry))


def nested(**keywords: Any) -> Json:
    """A tool with one property, of which the keywords are told."""
    return declared({"type": "object", "properties": {"a": {"type": "string", **keywords}}})


def fields(model: str, **members: Any) -> Json:
    return asked(model=model, additionalModelRequestFields=members)


def answered(content: list[Any], **members: Any) -> Json:
    return tool_turn(use(), results=({"toolUseId": "tooluse_1", "content": content, **members},))


def replayed(reasoning: Json, model: str = "claude-opus-5") -> Json:
    return asked(user(), user(), assistant(reasoningContent=reasoning), model=model)


NO_LOOP = asked(answering(result()), user(), assistant())
NO_SPECIFICATION: Json = {"type": "web_search_20250305", "name": "web_search"}

# rule -> name -> (request, message over REST, reason over REST)
MALFORMED_REQUESTS: dict[str, tuple[str, Json]] = {
    "no state": ("2.1", {}),
    "no current message": ("2.2", changed(asked(), currentMessage=None)),
    "no trigger": ("2.2", changed(asked(), chatTriggerType=None)),
    "unknown trigger": ("I14", changed(asked(), chatTriggerType="AUTO")),
    "empty conversation id": ("2.2", changed(asked(), conversationId="")),
    "long conversation id": ("2.2", changed(asked(), conversationId="x" * 129)),
    "no conversation id": ("2.2", changed(asked(), conversationId=None)),
    "history is null": (
        "2.2",
        {"conversationState": {**asked()["conversationState"], "history": None}},
    ),
    "content is null": ("2.3", asked({"userInputMessage": {"content": None}})),
    "no content": ("2.3", asked({"userInputMessage": {}})),
    "context is null": ("2.4", asked(user(userInputMessageContext=None))),
    "two members in one message": ("2.3", asked({**user(), **assistant()})),
    "unknown origin": ("1.5", asked(user(origin="KIRO_IDE"))),
    "unknown intent": ("2.3", asked(user(userIntent="CHAT"))),
    "profile of no pattern": ("1.5", asked(profileArn="arn:aws:iam::1:user/x")),
    "profile is empty": ("1.5", asked(profileArn="")),
    "model of no pattern": ("2.2", asked(model="claude sonnet")),
    "prefill": ("I1", asked(assistant(), user())),
    "user twice": ("I2", asked(user(), user())),
    "assistant twice": ("I2", asked(user(), user(), assistant(), assistant())),
    "assistant first": ("I3", asked(user(), assistant())),
    "nothing said": ("I6", asked(user(""))),
    "blank said": ("I6", asked(user(" \n\t"))),
    "assistant said nothing": ("I6", asked(user(), user(), assistant(""))),
    "only reasoning": ("I6", asked(
        user(), user(), assistant("", reasoningContent=signed("hm")), model="claude-opus-5")),
    "tool of history undeclared": ("I9", asked(answering(result(), tools=(tool("other"),)),
        user(), assistant(toolUses=[use()]))),
    "results without tools": ("I9", asked(answering(result(), tools=()),
        user(), assistant(toolUses=[use()]))),
    "eleventh link": ("2.4", asked(user(), user(), assistant(supplementaryWebLinks=[{}] * 11))),
    "long working directory": ("2.4", asked(
        user(userInputMessageContext={"envState": {"currentWorkingDirectory": "x" * 257}}))),
    "offset out of range": ("2.4", asked(
        user(userInputMessageContext={"envState": {"timezoneOffset": 1441}}))),
    "unknown shell": ("2.4", asked(
        user(userInputMessageContext={"shellState": {"shellName": "cmd"}}))),
    "image of unknown format": ("2.7", asked(user(images=[image("jpg", JPEG)]))),
    "image as data URL": ("2.7", asked(user(images=[image("png", "data:" + PNG)]))),
    "image without bytes": ("2.7", asked(user(images=[image("png", "")]))),
    "image too large": ("2.7", asked(user(images=[image("png", "A" * 13_333_340)]))),
    "no room for a workspace": ("2.2", changed(asked(), workspaceId="x" * 35)),
    "customization of no length": ("2.2", changed(asked(), customizationArn="x" * 1225)),
    "task of no known type": ("2.2", changed(asked(), agentTaskType="chat")),
    "continuation of nothing": ("2.2", changed(asked(), agentContinuationId="")),
    "root of nothing": ("2.2", changed(asked(), rootConversationId="")),
    "agent mode of nothing": ("2.1", asked(agentMode="")),
    "history is no list": ("2.2", changed(asked(), history={})),
    "history with null": ("2.3", changed(asked(), history=[None])),
    "fields are null": ("2.9", asked(additionalModelRequestFields=None)),
    "profile is null": ("1.5", asked(profileArn=None)),
    "images are null": ("2.7", asked(user(images=None))),
    "repository is null": ("2.4", asked(user(userInputMessageContext={"gitState": None}))),
    "origin is null": ("1.5", asked(user(origin=None))),
    "model is null": ("2.2", {"conversationState": {
        **asked()["conversationState"], "currentMessage": user(modelId=None)}}),
    "model without a name": ("2.2", asked(user(modelId=""))),
    "model with a long name": ("2.2", asked(user(modelId="x" * 1025))),
    "cache point of another kind": ("2.3", asked(user(cachePoint={"type": "ephemeral"}))),
    "cache config of another kind": ("2.3", asked(
        user(clientCacheConfig={"useClientCachingOnly": "yes"}))),
    "message id too long": ("2.2", asked(user(), user(), assistant(messageId="x" * 129))),
    "assistant without content": ("2.3", asked(
        user(), user(), {"assistantResponseMessage": {"toolUses": []}})),
    "assistant's content is null": ("2.2", asked(
        user(), user(), {"assistantResponseMessage": {"content": None}})),
    "no message at all": ("2.3", changed(asked(), history=[{}, assistant()])),
    "reasoning is null": ("2.3", asked(user(), user(), assistant(reasoningContent=None))),
    "reasoning without text": ("2.3", replayed({"reasoningText": {"signature": "x"}})),
    "signature is null": ("2.2", replayed({"reasoningText": {"text": "x", "signature": None}})),
    "link without title": ("2.3", asked(
        user(), user(), assistant(supplementaryWebLinks=[{"url": "https://a"}]))),
    "link too long": ("2.3", asked(user(), user(), assistant(
        supplementaryWebLinks=[{"url": "x" * 2049, "title": ""}]))),
    "reference too long": ("2.3", asked(user(), user(), assistant(
        references=[{"url": "x" * 1025}]))),
    "follow-up without content": ("2.2", asked(user(), user(), assistant(followupPrompt={}))),
    "editor without a path": ("2.4", asked(
        user(userInputMessageContext={"editorState": {"document": {"text": "x"}}}))),
    "editor of an unknown language": ("2.4", asked(user(userInputMessageContext={"editorState": {
        "document": {"relativeFilePath": "a", "programmingLanguage": {"languageName": "cobol"}}}}
    ))),
    "editor with a long text": ("2.4", asked(user(userInputMessageContext={"editorState": {
        "document": {"relativeFilePath": "a", "text": "x" * 40_001}}}))),
    "two cursors": ("2.4", asked(user(userInputMessageContext={"editorState": {"cursorState": {
        "position": {"line": 1, "character": 1}, "range": {}}}}))),
    "too many folders": ("2.4", asked(
        user(userInputMessageContext={"editorState": {"workspaceFolders": ["x"] * 101}}))),
    "unknown system": ("2.4", asked(
        user(userInputMessageContext={"envState": {"operatingSystem": "beos"}}))),
    "variable without a name": ("2.4", asked(user(userInputMessageContext={"envState": {
        "environmentVariables": [{"key": "", "value": "x"}]}}))),
    "long status of git": ("2.4", asked(
        user(userInputMessageContext={"gitState": {"status": "x" * 4097}}))),
    "context under a name in capitals": ("2.4", asked(user(userInputMessageContext={
        "additionalContext": [{"name": "Notes", "description": "x"}]}))),
    "too much context": ("2.4", asked(user(userInputMessageContext={
        "additionalContext": [{"name": "a", "description": "x"}] * 21}))),
    "diagnostic of no kind": ("2.4", asked(
        user(userInputMessageContext={"diagnostic": {"severity": "ERROR"}}))),
    "results in another order": ("2.6", tool_turn(
        use("a"), use("b"), results=(result("b"), result("a")))),
    "result of a null": ("2.1", answered([{"json": None}])),
    "half a surrogate pair": ("2.1", asked(user("\ud83d"))),
    "half a surrogate pair in a key": ("2.1", tool_turn(use(a={"\udc00": 1}))),
    "redacted is no base64": ("2.7", replayed({"redactedContent": "!"})),
    "two kinds of reasoning": ("2.3", replayed({**signed("hm"), "redactedContent": "LktU"})),
}  # fmt: skip

TOOL_REQUESTS: dict[str, tuple[str, Json]] = {
    "tools are null": ("2.5", asked(user(userInputMessageContext={"tools": None}))),
    "results are null": ("2.6", asked(user(userInputMessageContext={"toolResults": None}))),
    "uses are null": ("2.3", asked(user(), user(), assistant(toolUses=None))),
    "use under a long name": ("2.5", tool_turn(use("a", "x" * 65))),
    "use under a strange name": ("2.5", tool_turn(use("a", "a.b"))),
    "use without a name": ("2.5", tool_turn(use("a", ""))),
    "use without an id": ("I8", tool_turn(use(""))),
    "no description": ("2.5", asked(with_tools({"toolSpecification": {
        "name": "bash", "inputSchema": {"json": SCHEMA}}}))),
    "no schema": ("2.5", asked(with_tools({"toolSpecification": {
        "name": "bash", "description": "x"}}))),
    "name too long": ("I11", asked(with_tools(tool("x" * 65)))),
    "name with a dot": ("I11", asked(with_tools(tool("a.b")))),
    "name empty": ("I11", asked(with_tools(tool("")))),
    "description empty": ("I11", asked(with_tools(tool(description="")))),
    "description too long": ("I11", asked(with_tools(tool(description="x" * 10_241)))),
    "description long in UTF-16": ("I11", asked(with_tools(tool(description="😀" * 5_121)))),
    "declared twice": ("I11", asked(with_tools(tool(), tool()))),
    "no specification": ("I15", asked(with_tools(NO_SPECIFICATION))),
    "schema is null": ("2.5", declared(None)),
    "schema is a list": ("2.5", declared([])),
    "schema of a string": ("2.5", declared({"type": "string"})),
    "schema without type": ("2.5", declared({"properties": {}})),
    "schema names its dialect": ("2.5", declared({**SCHEMA, "$schema": "http://…"})),
    "definitions": ("2.5", declared({**SCHEMA, "$defs": {}})),
    "old definitions": ("2.5", declared({**SCHEMA, "definitions": {}})),
    "additionalProperties": ("2.5", declared({**SCHEMA, "additionalProperties": False})),
    "composition at the root": ("2.5", declared({**SCHEMA, "anyOf": [SCHEMA]})),
    "required is null": ("2.5", declared({**SCHEMA, "required": None})),
    "required is empty": ("2.5", declared({**SCHEMA, "required": []})),
    "properties is null": ("2.5", declared({"type": "object", "properties": None})),
    "reference": ("2.5", nested(**{"$ref": "#/$defs/x"})),
    "const": ("2.5", nested(const="x")),
    "format": ("2.5", nested(format="uri")),
    "exclusiveMinimum": ("2.5", nested(exclusiveMinimum=0)),
    "propertyNames": ("2.5", nested(propertyNames={})),
    "deep additionalProperties": ("2.5", nested(items={"anyOf": [{"additionalProperties": 1}]})),
    "any of them at the root": ("2.5", declared({**SCHEMA, "allOf": [SCHEMA]})),
    "one of them at the root": ("2.5", declared({**SCHEMA, "oneOf": [SCHEMA]})),
    "properties are a list": ("2.5", declared({"type": "object", "properties": []})),
    "required is a text": ("2.5", declared({**SCHEMA, "required": "a"})),
    "required holds a number": ("2.5", declared({**SCHEMA, "required": [1]})),
    "schema with a null inside": ("2.5", nested(default=None)),
    "enum with a null": ("2.5", nested(enum=["a", None])),
    "enum of nothing": ("2.5", nested(enum=[])),
    "enum of a text": ("2.5", nested(enum="a")),
    "type of nobody": ("2.5", nested(type="file")),
    "types of nobody": ("2.5", nested(type=[])),
    "described by a number": ("2.5", nested(description=1)),
    "true as a schema": ("2.5", nested(items=True)),
    "reference where it is denied": ("2.5", nested(**{"not": {"$ref": "#"}})),
    "reference in a condition": ("2.5", nested(**{"if": {}, "then": {"$ref": "#"}})),
    "reference beside a pattern": ("2.5", nested(patternProperties={"a": {"$ref": "#"}})),
    "property without a name": ("2.5", declared({"type": "object", "properties": {"": {}}})),
    "property is null": ("2.5", declared({"type": "object", "properties": {"a": None}})),
    "property name too long": ("2.5", declared({"type": "object", "properties": {"a" * 65: {}}})),
    "use without input": ("2.3", tool_turn({"toolUseId": "a", "name": "bash"})),
    "input is a string": ("I10", tool_turn({"toolUseId": "a", "name": "bash", "input": "{}"})),
    "input is null": ("I10", tool_turn({"toolUseId": "a", "name": "bash", "input": None})),
    "input with an empty key": ("I10", tool_turn(use(a=[{"": 1}]))),
    "use id of no pattern": ("I8", tool_turn(use("a:b"))),
    "use id too long": ("I8", tool_turn(use("x" * 65))),
    "use id twice": ("I8", tool_turn(use(), use(), results=(result(),))),
    "result without content": ("I7", answered([])),
    "result with blank content": ("I7", answered([{"text": " "}, {"text": ""}])),
    "result with an empty text": ("I7", answered([{"text": "x"}, {"text": ""}])),
    "result content is null": ("2.6", answered(None)),  # type: ignore[arg-type]
    "result with a blank text": ("I7", answered([{"text": "x"}, {"text": " \n"}])),
    "result text is null": ("2.6", answered([{"text": None}])),
    "result of two kinds": ("2.6", answered([{"text": "x", "json": {}}])),
    "result with an unknown id": ("I8", answered([{"text": "x"}], toolUseId="a b")),
    "result content is a string": ("2.6", answered("done")),  # type: ignore[arg-type]
    "result with an image": ("2.6", answered([{"image": {}}])),
    "result status in capitals": ("2.6", answered([{"text": "x"}], status="ERROR")),
}  # fmt: skip

NO_BLOCKS = "`tool_use` ids were found without `tool_result` blocks immediately after: "
STRANGERS = "unexpected `tool_use_id` found in `tool_result` blocks: "
PAIRING_REQUESTS: dict[str, tuple[str, Json, str]] = {
    "no result": ("I4", asked(user(), user(), assistant(toolUses=[use("a")])), NO_BLOCKS + "a."),
    "one of two results": ("I4", tool_turn(use("a"), use("b"), results=(result("a"),)),
                           NO_BLOCKS + "b."),
    "late result": ("I4", asked(answering(result("a")), user(), assistant(toolUses=[use("a")]),
                                user(), assistant()), NO_BLOCKS + "a."),
    "result of nothing": ("I5", asked(answering(result("z"))), STRANGERS + "z."),
    "orphan result": ("I5", NO_LOOP, STRANGERS + "tooluse_1."),
    "result twice": ("I5", tool_turn(use("a"), results=(result("a"), result("a"))),
                     STRANGERS + "a."),
}  # fmt: skip

OTHER_REQUESTS: dict[str, tuple[str, Json, str, str | None]] = {
    # the same words in both encodings
    "unknown member": ("2.1", asked(stream=True), MALFORMED, "REQUEST_BODY_INVALID"),
    "system prompt": ("2.1", asked(systemPrompt="x"), MALFORMED, "REQUEST_BODY_INVALID"),
    "unknown member inside": ("2.1", asked(user(documents=[])), MALFORMED, "REQUEST_BODY_INVALID"),
    "model at the top": ("2.1", asked(modelId="x"), MALFORMED, "REQUEST_BODY_INVALID"),
    "limit at the top": ("2.1", asked(maxResponseTokens=1), MALFORMED, "REQUEST_BODY_INVALID"),
    "source of another operation": ("2.1", asked(source="CLI"), MALFORMED, "REQUEST_BODY_INVALID"),
    "dry run of another operation": ("2.1", asked(dryRun=True), MALFORMED, "REQUEST_BODY_INVALID"),
    "unknown member of the state": ("2.1", changed(asked(), systemPrompt="x"), MALFORMED,
                                    "REQUEST_BODY_INVALID"),
    "unknown member of a tool": ("2.1", declared(SCHEMA, strict=True), MALFORMED,
                                 "REQUEST_BODY_INVALID"),
    "unknown member of a use": ("2.1", tool_turn({**use(), "type": "tool_use"}), MALFORMED,
                                "REQUEST_BODY_INVALID"),
    "unknown member of a result": ("2.1", answered([{"text": "x"}], type="tool_result"), MALFORMED,
                                   "REQUEST_BODY_INVALID"),
    "unknown member of an image": ("2.1", asked(user(images=[{**image("png", PNG), "x": 1}])),
                                   MALFORMED, "REQUEST_BODY_INVALID"),
    "unknown model": ("I12", asked(model="claude-5"), "Invalid model. Please select a different "
                      "model to continue.", "INVALID_MODEL_ID"),
    "image is another": ("2.7", asked(user(images=[image("jpeg", PNG)])),
        "The image was specified using the image/jpeg media type, but the image appears to be "
        "a image/png image", "IMAGE_MIME_MISMATCH"),
    "image of no kind": ("2.7", asked(user(images=[image("png", "AAAA")])),
        "The image was specified using the image/png media type, but the image has no known "
        "format", "IMAGE_MIME_MISMATCH"),
    "eleven images": ("2.7", asked(user(images=[image("png", PNG)] * 11)),
        "Too many images in the request.", "IMAGE_COUNT_EXCEEDED"),
    "no fields for this model": ("2.9", fields("claude-sonnet-4.5", max_tokens=2048),
        "additionalModelRequestFields is not supported for this model", None),
    "fields of nothing, and none for this model": ("2.9", fields("claude-haiku-4.5"),
        "additionalModelRequestFields is not supported for this model", None),
    "field undefined inside": ("2.9", fields("claude-opus-5", thinking={
        "type": "adaptive", "budget_tokens": 1024}),
        "property 'budget_tokens' is not defined in the schema", None),
    "field is null": ("2.9", fields("claude-opus-5", output_config=None),
        "property 'output_config' must be of type object", None),
    "field of another family": ("2.9", fields("gpt-5.6-sol", output_config={"effort": "low"}),
        "property 'output_config' is not defined in the schema", None),
    "too many tokens": ("2.9", fields("claude-opus-5", max_tokens=128_001),
        "property 'max_tokens' must be between 1024 and 128000", None),
    "field undefined": ("2.9", fields("claude-opus-5", temperature=1),
        "property 'temperature' is not defined in the schema", None),
    "effort unknown to 4.6": ("2.9", fields("claude-opus-4.6", output_config={"effort": "xhigh"}),
        "property 'effort' must be one of [low, medium, high, max]", None),
    "thinking cannot be disabled": ("2.9", fields("claude-opus-5.5", thinking={"type": "disabled"}),
        "property 'type' must be one of [adaptive]", None),
    "too few tokens": ("2.9", fields("claude-opus-5", max_tokens=1023),
        "property 'max_tokens' must be between 1024 and 128000", None),
    "tokens as text": ("2.9", fields("claude-opus-5", max_tokens="many"),
        "property 'max_tokens' must be of type integer", None),
    "reasoning changed": ("I16", replayed(
        {"reasoningText": {**signed("hm")["reasoningText"], "text": "hn"}}),
        "Invalid signature in reasoning content.", "THINKING_SIGNATURE_INVALID"),
    "reasoning of another model": ("I16", replayed(signed("hm", "claude-opus-4.8")),
        "Invalid signature in reasoning content.", "THINKING_SIGNATURE_INVALID"),
    "reasoning unsigned": ("I16", replayed({"reasoningText": {"text": "hm"}}),
        "Invalid signature in reasoning content.", "THINKING_SIGNATURE_INVALID"),
    "too heavy": ("I13", asked(user("漢" * 170_000), model="claude-opus-5"),
        "Input is too long.", "CONTENT_LENGTH_EXCEEDS_THRESHOLD"),
    "over the window": ("I13", asked(user("word " * 170_000)),
        "Input is too long.", "CONTENT_LENGTH_EXCEEDS_THRESHOLD"),
    "one huge message": ("2.3", asked(user("x" * 10_000_001)),
        "Input content length exceeds threshold.", None),
}  # fmt: skip


def refusal(request: object, **options: Any) -> Fault:
    fault = validate(request, **options)
    assert fault is not None
    assert (fault.status, fault.name) == (400, "ValidationException")
    return fault


@pytest.mark.parametrize("request_", GOOD.values(), ids=GOOD)
@pytest.mark.parametrize("rules", [STRICT, LENIENT], ids=["strict", "lenient"])
def test_good_requests(request_: Json, rules: Rules) -> None:
    assert validate(request_, rules=rules) is None


@pytest.mark.parametrize(("rule", "request_"), MALFORMED_REQUESTS.values(), ids=MALFORMED_REQUESTS)
def test_malformed_requests(rule: str, request_: Json) -> None:
    fault = refusal(request_)
    assert (fault.rule, fault.message, fault.reason) == (rule, MALFORMED, None)
    told = refusal(request_, encoding=REST)
    assert (told.message, told.reason) == (MALFORMED, "REQUEST_BODY_INVALID")


@pytest.mark.parametrize(("rule", "request_"), TOOL_REQUESTS.values(), ids=TOOL_REQUESTS)
def test_bad_tools(rule: str, request_: Json) -> None:
    fault = refusal(request_)
    assert (fault.rule, fault.message, fault.reason) == (rule, MALFORMED, None)
    told = refusal(request_, encoding=REST)
    assert (told.message, told.reason) == (BAD_TOOL, "REQUEST_BODY_INVALID")


@pytest.mark.parametrize(
    ("rule", "request_", "start"), PAIRING_REQUESTS.values(), ids=PAIRING_REQUESTS
)
@pytest.mark.parametrize("encoding", [AWS_JSON, REST])
def test_bad_pairs(rule: str, request_: Json, start: str, encoding: str) -> None:
    fault = refusal(request_, encoding=encoding)
    assert (fault.rule, fault.reason) == (rule, "TOOL_USE_RESULT_MISMATCH")
    assert fault.message.startswith(start)


@pytest.mark.parametrize(
    ("rule", "request_", "message", "reason"), OTHER_REQUESTS.values(), ids=OTHER_REQUESTS
)
@pytest.mark.parametrize("encoding", [AWS_JSON, REST])
def test_other_refusals(
    rule: str, request_: Json, message: str, reason: str | None, encoding: str
) -> None:
    fault = refusal(request_, encoding=encoding)
    assert (fault.rule, fault.message, fault.reason) == (rule, message, reason)


BROKEN: dict[str, tuple[str, Json]] = {
    **MALFORMED_REQUESTS,
    **TOOL_REQUESTS,
    **{name: row[:2] for name, row in PAIRING_REQUESTS.items()},
    **{name: row[:2] for name, row in OTHER_REQUESTS.items()},
}


def test_every_invariant_is_broken_by_a_row() -> None:
    assert {rule for rule, _ in BROKEN.values()} >= set(INVARIANTS)


SWITCHABLE = {name: row for name, row in BROKEN.items() if row[0] in INVARIANTS}


@pytest.mark.parametrize(("rule", "request_"), SWITCHABLE.values(), ids=SWITCHABLE)
def test_an_invariant_can_be_switched_off(rule: str, request_: Json) -> None:
    """What broke one invariant may break another, but that one is silent."""
    fault = validate(request_, rules=STRICT.without(rule))
    assert fault is None or fault.rule != rule


def test_what_is_contested_passes_leniently() -> None:
    names = [
        "required is empty", "additionalProperties", "const", "description too long",
        "assistant first", "unknown member", "no conversation id", "result with blank content",
        "result with an image", "reasoning unsigned", "composition at the root",
    ]  # fmt: skip
    assert {name: validate(BROKEN[name][1], rules=LENIENT) for name in names} == dict.fromkeys(
        names
    )


def test_a_history_limit_can_be_set() -> None:
    long = asked(user(), *[user(), assistant()] * 51)
    assert validate(long) is None
    assert refusal(long, rules=Rules(history_limit=100)).rule == "2.2"


def test_a_model_not_entitled_is_unknown() -> None:
    assert refusal(asked(), models={}).reason == "INVALID_MODEL_ID"


def test_the_profile_may_be_a_transform_one() -> None:
    assert validate(asked(profileArn=ARN.replace("codewhisperer", "transform"))) is None


def paths(value: object, here: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Every place inside *value*."""
    found: list[tuple[str | int, ...]] = []
    if isinstance(value, dict):
        members: list[tuple[str | int, object]] = list(value.items())
    else:
        members = list(enumerate(value)) if isinstance(value, list) else []
    for key, member in members:
        found += [(*here, key), *paths(member, (*here, key))]
    return found


PLACES = [(name, path) for name, request in GOOD.items() for path in paths(request)]
STRANGE: st.SearchStrategy[object] = st.sampled_from(
    [None, True, 0, -1.5, "", " ", "x", [], [None], {}, {"": None}, {"x": {}}, [[]], "\ud800"]
)


@given(st.sampled_from(PLACES), STRANGE, st.booleans())
def test_no_mutation_crashes_the_validator(
    place: tuple[str, tuple[str | int, ...]], strange: object, delete: bool
) -> None:
    name, path = place
    mutant = deepcopy(GOOD[name])
    parent: Any = mutant
    for key in path[:-1]:
        parent = parent[key]
    if delete:
        del parent[path[-1]]
    else:
        parent[path[-1]] = strange
    for rules in (STRICT, LENIENT, Rules(on=frozenset(), strict=False)):
        assert isinstance(validate(mutant, rules=rules), Fault | None)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=10,
)


@given(JSON)
def test_no_json_crashes_the_validator(body: object) -> None:
    assert isinstance(validate(body), Fault)


def test_depth_does_not_crash_the_validator() -> None:
    deep: Json = {}
    schema: Json = {"type": "object"}
    for _ in range(5_000):
        deep, schema = {"a": deep}, {"type": "object", "properties": {"a": schema}}
    assert validate(tool_turn(use(deep=deep))) is None
    assert validate(declared(schema)) is None
