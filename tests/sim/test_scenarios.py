"""Every scenario, played through the app: what is meant to be a stream is one to botocore too."""

import json
from typing import Any

import pytest
from botocore.eventstream import EventStreamBuffer

from amq2api.dialects import amazonq as q
from amq2api.errors import GatewayError, ProtocolError, UpstreamBroken
from amq2api.sim.dressing import Profile
from amq2api.sim.scenarios import ECHO, REFUSALS, STREAMS, summaries
from amq2api.sim.scenarios.broken import BROKEN
from amq2api.sim.scenarios.searches import SEARCHES
from amq2api.sim.scenarios.told import OTHER_EVENTS, TOLD
from amq2api.sim.scenarios.tools import TOOLS
from amq2api.sim.steps import frame, text
from amq2api.wire.exchange import Answer as HttpAnswer
from sim.asking import asked, tool, tool_turn, use, with_tools
from sim.client import Answer, Bench

DAMAGED = {
    # What no decoder may take for a whole stream, and whether the connection breaks, too.
    "drop-at-byte": True, "end-at-byte": False, "crc-flip": False, "payload-flip": False,
    "prelude-flip": False, "zero-length-frame": False, "huge-frame": False,
    "unknown-header-types": False,
}  # fmt: skip
NO_STREAM = {"json-200", "html-200"}
BROKEN_OFF = {"tool-dropped"}
"""Whose frames are whole, and whose connection breaks after one of them."""
SOUND = [name for name in (*STREAMS, ECHO) if name not in {*DAMAGED, *NO_STREAM, *BROKEN_OFF}]
ASK = asked(with_tools(tool("get_weather"), tool("bash")), model="claude-opus-5")


def play(name: str, profile: Profile = "2026", *, rest: bool = False) -> Answer:
    bench = Bench()
    bench.world.profile, bench.world.scenario = profile, name
    return bench.generate(ASK, rest=rest)


def botocore_frames(data: bytes) -> list[Any]:
    """What botocore's decoder makes of it; it has to use up all of it."""
    buffer = EventStreamBuffer()
    buffer.add_data(data)
    frames: list[Any] = list(buffer)
    assert sum(message.prelude.total_length for message in frames) == len(data)
    return frames


def test_names_are_unique_and_told_in_one_line() -> None:
    told = summaries()
    assert len(told) == sum(map(len, (TOLD, TOOLS, SEARCHES, BROKEN, REFUSALS))) + 1
    assert all(line and "\n" not in line and len(line) < 100 for line in told.values())


@pytest.mark.parametrize("rest", [False, True], ids=["aws-json", "rest"])
@pytest.mark.parametrize("profile", ["classic", "2026"])
@pytest.mark.parametrize("name", SOUND)
def test_sound_streams_are_sound_to_botocore(name: str, profile: Profile, rest: bool) -> None:
    answer = play(name, profile, rest=rest)
    assert answer.status == 200 and answer.complete
    theirs = botocore_frames(answer.body)
    assert [frame.payload for frame in theirs] == [frame.payload for frame in answer.frames()]


@pytest.mark.parametrize(("name", "dropped"), DAMAGED.items(), ids=DAMAGED)
def test_damaged_streams_are_damaged(name: str, dropped: bool) -> None:
    answer = play(name)
    assert answer.status == 200 and answer.complete is not dropped
    with pytest.raises(ProtocolError):
        answer.frames()


@pytest.mark.parametrize("name", BROKEN_OFF)
def test_streams_that_break_off_have_no_end(name: str) -> None:
    answer = play(name)
    assert answer.status == 200 and not answer.complete and answer.frames()


def test_the_reference_frame() -> None:
    """The vector of upstream-protocol.md 3.7, headers in the order of captures."""
    assert frame(text("Hi")).hex() == (
        "0000007c0000005c3bddcf780b3a6576656e742d74797065070016617373697374616e74526573706f6e7365"
        "4576656e740d3a636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e0d3a6d657373"
        "6167652d74797065070005"
        "6576656e747b22636f6e74656e74223a224869227db02babdc"
    )


def heard(answer: Answer) -> str:
    """A stream in one line."""
    words = []
    for kind, payload in answer.events():
        match kind:
            case "assistantResponseEvent":
                words.append(repr(payload.get("content", "")))
            case "toolUseEvent":
                end = "!" if payload.get("stop") else ""
                words.append(f"{payload['name']}({payload.get('input', '')}){end}")
            case "reasoningContentEvent":
                words += [f"~{name}" for name in payload]
            case "metadataEvent":
                words.append(f"[{payload.get('stopReason')}]")
            case "contextUsageEvent":
                words.append("%")
            case "meteringEvent":
                words.append("$")
            case _:
                words.append(f"<{kind}>")
    return " ".join(words)


STORIES: dict[str, str] = {
    "text": "'Hello' ' there' ', friend.' [END_TURN] % $",
    "duplicate-deltas": "'ha' 'ha' 'ha' '!' [END_TURN] % $",
    "tool": "'Let me look.' get_weather() get_weather({\"command\": ) get_weather(\"Paris\"}) "
            "get_weather()! [TOOL_USE] % $",
    "tool-end-turn": "get_weather() get_weather({\"command\": ) get_weather(\"Paris\"}) "
                     "get_weather()! [END_TURN] % $",
    "interleaved-tools": "get_weather() bash() get_weather({\"com) bash({\"com) get_weather(mand\")"
                         " bash(mand\") get_weather(: \"Pa) bash(: \"Pa) get_weather(ris\"}) "
                         "bash(ris\"}) get_weather()! bash()! [TOOL_USE] % $",
    "tool-no-args": "get_weather() get_weather()! [TOOL_USE] % $",
    "tool-one-frame": "'Let me look.' get_weather({\"command\": \"Paris\"})! [TOOL_USE] % $",
    "tool-unclosed": "'Let me look.' get_weather() get_weather({\"com)",
    "tool-max-tokens": "'Let me look.' get_weather() get_weather({\"com) [MAX_TOKENS] % $",
    "reasoning": "~text ~text ~signature '42.' [END_TURN] % $",
    "reasoning-omitted": "~signature '42.' [END_TURN] % $",
    "reasoning-late": "'42.' ~redactedContent [END_TURN] % $",
    "empty-stream": "",
    "empty-with-trailer": "[END_TURN] % $",
    "lone-context-usage": "%",
    "exception-first": "<None>",
    "exception-mid:InternalServerException": "'This is only part' <None>",
    "invalid-state": "'This is only part' <invalidStateEvent>",
    "event:codeEvent": "'before ' <codeEvent> 'after' [END_TURN] % $",
    "stop:pause_turn": "'This is where it ends.' [pause_turn] % $",
}  # fmt: skip


@pytest.mark.parametrize(("name", "story"), STORIES.items(), ids=STORIES)
def test_stories(name: str, story: str) -> None:
    assert heard(play(name)) == story


def test_the_classic_profile_begins_with_an_id_and_ends_without_numbers() -> None:
    assert heard(play("text", "classic")) == "<initial-response> 'Hello' ' there' ', friend.'"
    assert heard(play("text", "classic", rest=True)) == "'Hello' ' there' ', friend.'"


def test_the_2026_profile_names_the_model_once() -> None:
    named = [payload.get("modelId") for _, payload in play("text").events()]
    assert named == ["claude-opus-5", None, None, None, None, None]


def test_scenarios_about_the_trailer_have_it_in_any_profile() -> None:
    story = heard(play("max-tokens", "classic"))
    assert story == "<initial-response> 'This goes on and' [MAX_TOKENS] % $"


def test_a_full_context_is_a_hundred_percent() -> None:
    assert ("contextUsageEvent", {"contextUsagePercentage": 100}) in play("context-full").events()


def test_the_trailers_numbers_agree() -> None:
    """The window's share grows with the answer, and so does the price."""
    short, long = dict(play("text").events()), dict(play("long:1000").events())
    tokens = long["contextUsageEvent"]["contextUsagePercentage"] / 100 * 1_000_000
    assert 1_900 < tokens < 2_400
    assert long["meteringEvent"]["usage"] > 20 * short["meteringEvent"]["usage"]


def test_cut_characters_come_as_escapes() -> None:
    answer = play("tool-split-surrogates")
    assert b"\\ud83d" in answer.body and b"\\ude00" in answer.body
    pieces = [p.get("input", "") for kind, p in answer.events() if kind == "toolUseEvent"]
    whole = "".join(pieces).encode("utf-16", "surrogatepass").decode("utf-16")
    assert json.loads(whole) == {"command": "one 😀 two 👍🏽 three"}


@pytest.mark.parametrize("name", ["tool-fragments", "tool-cut:3", "tool-cut:40"])
def test_fragments_make_one_document(name: str) -> None:
    pieces = [p.get("input", "") for kind, p in play(name).events() if kind == "toolUseEvent"]
    assert "\n\ttab" in json.loads("".join(pieces))["command"]


def test_every_event_type_of_the_model_can_be_sent() -> None:
    assert q.OTHER_EVENTS | {"messageMetadataEvent"} == set(OTHER_EVENTS)


@pytest.mark.parametrize("argument", ["1", "100", "171"])
def test_a_drop_comes_at_its_byte(argument: str) -> None:
    whole = play("drop-at-byte:1000000").body
    dropped = play(f"drop-at-byte:{argument}")
    assert dropped.body == whole[: int(argument)] and not dropped.complete


def test_pauses() -> None:
    bench = Bench()
    bench.world.script = ["stall:5", "slow-first-byte:3", "slow-first-event", "slow:0.5"]
    for _ in range(4):
        bench.generate(ASK)
    assert bench.slept[:3] == [5, 3, 2] and set(bench.slept[3:]) == {0.5}


@pytest.mark.parametrize("rest", [False, True], ids=["aws-json", "rest"])
@pytest.mark.parametrize("name", REFUSALS)
def test_refusals_are_read_by_the_gateways_table(name: str, rest: bool) -> None:
    """The second reading of 4.3: what is sent here is no stranger to dialects/amazonq."""
    answer = play(name, rest=rest)
    assert answer.status >= 400 and answer.complete
    assert answer.headers["x-amzn-requestid"]
    error = q.read_answer(HttpAnswer(answer.status, answer.body, answer.headers))
    assert isinstance(error, GatewayError)
    assert answer.status >= 500 or type(error) is not UpstreamBroken


BODIES: dict[str, tuple[bool, int, bytes]] = {
    # Captured or quoted literally in 4.1 and 4.3.
    "malformed-400": (False, 400, b'{"__type":"com.amazon.aws.codewhisperer#ValidationException",'
                                  b'"message":"Improperly formed request."}'),
    "too-long-400": (True, 400, b'{"message":"Input is too long.",'
                                b'"reason":"CONTENT_LENGTH_EXCEEDS_THRESHOLD"}'),
    "bearer-403": (True, 403, b'{"message":"The bearer token included in the request is invalid.",'
                              b'"reason":null}'),
    "quota-402": (True, 402, b'{"message":"You have reached the limit.",'
                             b'"reason":"MONTHLY_REQUEST_COUNT"}'),
    "throttle": (True, 429, b'{"message":"Too many requests, please wait before trying again.",'
                            b'"reason":"USER_REQUEST_RATE_EXCEEDED"}'),
    "empty-403": (False, 403, b""),
}  # fmt: skip


@pytest.mark.parametrize(("name", "row"), BODIES.items(), ids=BODIES)
def test_refusals_word_for_word(name: str, row: tuple[bool, int, bytes]) -> None:
    rest, status, body = row
    answer = play(name, rest=rest)
    assert (answer.status, answer.body) == (status, body)


def test_the_lengths_of_captured_bodies() -> None:
    assert len(BODIES["malformed-400"][2]) == 100
    assert len(BODIES["too-long-400"][2]) == 76


def test_rest_tells_the_exception_in_a_header() -> None:
    told = play("model-400", rest=True).headers["x-amzn-errortype"]
    assert told.startswith("ValidationException:http")
    assert "x-amzn-errortype" not in play("model-400").headers


def test_the_time_to_wait_is_announced() -> None:
    assert play("throttle-429:1,30").headers["retry-after"] == "30"
    assert play("throttle-ms:1,2.5").json()["retryAfterMilliseconds"] == 2500
    assert "retry-after" not in play("throttle").headers


def test_refusals_end_after_their_number() -> None:
    bench = Bench()
    bench.world.scenario = "throttle:3"
    statuses = [bench.generate(ASK).status for _ in range(8)]
    assert statuses == [429, 429, 429, 200, 429, 429, 429, 200]


SEARCHED: dict[str, list[tuple[str, Any]]] = {
    "search": [("web_search", {"query": "weather in Paris"})],
    "search:rust_1.90": [("web_search", {"query": "rust 1.90"})],
    "searches": [("web_search", {"query": f"weather in Paris {n}"}) for n in (1, 2)],
    "searches:3": [("web_search", {"query": f"weather in Paris {n}"}) for n in (1, 2, 3)],
    "search-for-ever": [("web_search", {"query": "weather in Paris"})],
    "search-then-text": [("web_search", {"query": "weather in Paris"})],
    "search-and-tool": [("web_search", {"query": "weather in Paris"}), ("bash", {})],
    "search-long": [("web_search", {"query": "x" * 201})],
    "search-no-query": [("web_search", {})],
    "search-bad-query": [("web_search", {"query": ["a"]})],
}  # fmt: skip


def uses(answer: Answer) -> list[tuple[str, Any]]:
    """Name and input of each call."""
    pieces: dict[str, list[str]] = {}
    names: dict[str, str] = {}
    for kind, payload in answer.events():
        if kind == "toolUseEvent":
            names[payload["toolUseId"]] = payload["name"]
            pieces.setdefault(payload["toolUseId"], []).append(payload.get("input", ""))
    return [(names[key], json.loads("".join(parts))) for key, parts in pieces.items()]


@pytest.mark.parametrize(("scenario", "calls"), SEARCHED.items(), ids=SEARCHED)
def test_searches_are_made_once(scenario: str, calls: list[tuple[str, Any]]) -> None:
    bench = Bench()
    bench.world.scenario = scenario
    told = uses(bench.generate(asked(with_tools(tool("bash"), tool("web_search")))))
    assert [(name, given if name == "web_search" else {}) for name, given in told] == calls
    after = uses(bench.generate(tool_turn(use())))
    assert bool(after) is (scenario == "search-for-ever")
