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
    "half a surrogate pair": ("2.1", asked(user("\ud83d"))),
    "redacted is no base64": ("2.7", replayed({"redactedContent": "!"})),
    "two kinds of reasoning": ("2.3", replayed({**signed("hm"), "redactedContent": "LktU"})),
}  # fmt: skip

TOOL_REQUESTS: dict[str, tuple[str, Json]] = {
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
