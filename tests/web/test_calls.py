"""Calls over real sockets: what the service does on the left, what the client gets on the right."""

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest

from amq2api.cli import building
from amq2api.wire import sse
from bridge.replies import BEGIN, METERED, ended, exception, text, thought, tool
from gateways import HELLO, Service, Turn, answer, at_once, running, stream

CALL = {"model": "claude-sonnet-4.5", "max_tokens": 1024,
        "messages": [{"role": "user", "content": "hi"}]}  # fmt: skip
STREAM = CALL | {"stream": True}


def events(body: bytes) -> list[tuple[str, dict[str, Any]]]:
    decoder = sse.Decoder()
    heard = [(event.name, msgspec.json.decode(event.data)) for event in decoder.feed(body)]
    decoder.finish()
    assert all(name == data["type"] for name, data in heard)
    return heard


def refused(kind: str, **members: Any) -> dict[str, Any]:
    return {"__type": f"com.amazon.aws.codewhisperer#{kind}", **members}


def test_a_whole_answer(tmp_path: Path) -> None:
    async def story() -> None:
        async with running(tmp_path) as gateway:
            status, headers, body = await gateway.post(CALL)
            message = msgspec.json.decode(body)
            assert (status, message["content"]) == (200, [{"type": "text", "text": "Hello there."}])
            assert message["model"] == "claude-sonnet-4.5" and message["stop_reason"] == "end_turn"
            assert headers["request-id"].startswith("req_")
            (sent,) = gateway.service.calls
            user = sent["conversationState"]["currentMessage"]["userInputMessage"]
            assert user == {"content": "hi", "origin": "CLI", "modelId": "claude-sonnet-4.5"}
            _, names = gateway.service.heard[-1]
            assert names["User-Agent"].startswith("amq2api/")
            assert names["x-amzn-codewhisperer-optout"] == "true"

    asyncio.run(story())


def test_a_stream(tmp_path: Path) -> None:
    async def story() -> None:
        async with running(tmp_path) as gateway:
            status, headers, body = await gateway.post(STREAM)
            heard = events(body)
            assert status == 200
            assert headers["content-type"] == "text/event-stream; charset=utf-8"
            assert [name for name, _ in heard] == [
                "message_start", "content_block_start", "content_block_delta",
                "content_block_delta", "content_block_stop", "message_delta", "message_stop",
            ]  # fmt: skip

    asyncio.run(story())


REFUSALS: dict[str, tuple[Turn, int, str, dict[str, str]]] = {
    "malformed": (
        answer(400, refused("ValidationException", message="Improperly formed request.")),
        400, "invalid_request_error", {},
    ),
    "too long": (
        answer(400, {"message": "Input is too long.",
                     "reason": "CONTENT_LENGTH_EXCEEDS_THRESHOLD"}),
        400, "invalid_request_error", {},
    ),
    "month used up, as 400": (
        answer(400, {"__type": "ThrottlingException", "message": "Maximum Request reached.",
                     "reason": "MONTHLY_REQUEST_COUNT"}),
        429, "rate_limit_error", {"x-should-retry": "false"},
    ),
    "month used up, as 402": (
        answer(402, {"message": "You have reached the limit.", "reason": "MONTHLY_REQUEST_COUNT"}),
        429, "rate_limit_error", {"x-should-retry": "false"},
    ),
    "too fast": (
        answer(429, {"message": "Too many requests", "reason": "USER_REQUEST_RATE_EXCEEDED"},
               retry_after="3"),
        429, "rate_limit_error", {"retry-after": "3"},
    ),
    "burning too fast": (
        answer(429, refused("ThrottlingException", message="Too many requests",
                            reason="CREDIT_CONSUMPTION_RATE_EXCEEDED",
                            retryAfterMilliseconds=300_000)),
        429, "rate_limit_error", {"retry-after": "60"},
    ),
    "suspended": (
        answer(403, {"message": "Your User ID is temporarily suspended. We detected unusual …",
                     "reason": "TEMPORARILY_SUSPENDED"}),
        403, "permission_error", {"x-should-retry": "false"},
    ),
    "not entitled": (
        answer(403, {"message": "User is not authorized to make this call.", "reason": None}),
        403, "permission_error", {"x-should-retry": "false"},
    ),
    "an edge's page": (answer(413, b"<html>too large</html>"), 400, "invalid_request_error", {}),
    "an exception as the first frame": (
        stream(exception("ThrottlingException", message="m", reason="USER_REQUEST_RATE_EXCEEDED")),
        429, "rate_limit_error", {},
    ),
    "an exception after the head": (
        stream(BEGIN, exception("ValidationException", message="Improperly formed request.")),
        400, "invalid_request_error", {},
    ),
    "an error with status 200": (
        answer(200, {"__type": "com.amazon.coral.service#ThrottlingException",
                     "message": "Rate exceeded"}),
        429, "rate_limit_error", {},
    ),
}  # fmt: skip


@pytest.mark.parametrize("asked", [CALL, STREAM], ids=["whole", "stream"])
@pytest.mark.parametrize(("turn", "status", "kind", "hints"), REFUSALS.values(), ids=REFUSALS)
def test_refusals(
    tmp_path: Path, asked: Any, turn: Turn, status: int, kind: str, hints: dict[str, str]
) -> None:
    async def story() -> None:
        async with running(tmp_path, Service(script=[turn])) as gateway:
            got, headers, body = await gateway.post(asked)
            error = msgspec.json.decode(body)
            assert (got, error["type"], error["error"]["type"]) == (status, "error", kind)
            assert error["request_id"] == headers["request-id"]
            assert hints.items() <= {name.lower(): value for name, value in headers.items()}.items()
            assert len(gateway.service.calls) == 1

    asyncio.run(story())


BUSY = answer(500, {"message": "Encountered unexpectedly high load when processing the request, "
                               "please try again."})  # fmt: skip
RECOVERIES: dict[str, list[Turn]] = {
    "busy once": [BUSY],
    "busy twice": [BUSY, BUSY],
    "no capacity, as 400": [
        answer(400, refused("ThrottlingException", message="high traffic",
                            reason="INSUFFICIENT_MODEL_CAPACITY")),
    ],
    "an empty stream": [stream(BEGIN)],
    "a stream cut before its first word": [stream(BEGIN, None)],
    "a connection torn at once": [stream(None)],
    "a bad first frame": [stream(b"\0" * 40)],
    "earlier reasoning refused": [
        answer(400, {"message": "Invalid signature", "reason": "THINKING_SIGNATURE_INVALID"}),
    ],
}  # fmt: skip


@pytest.mark.parametrize("script", RECOVERIES.values(), ids=RECOVERIES)
def test_recoveries(tmp_path: Path, script: list[Turn]) -> None:
    async def story() -> None:
        tries = len(script) + 1
        async with running(tmp_path, Service(script=[*script])) as gateway:
            status, _, body = await gateway.post(STREAM)
            assert status == 200
            assert [name for name, _ in events(body)].count("message_start") == 1
            assert events(body)[-1][0] == "message_stop"
            assert len(gateway.service.calls) == tries

    asyncio.run(story())


BREAKS: dict[str, tuple[Turn, str]] = {
    "torn": (stream(text("half"), None), "api_error"),
    "a cut frame": (stream(text("half") + text("x")[:-3]), "api_error"),
    "an exception": (
        stream(text("half"), exception("ThrottlingException", message="m",
                                       reason="INSUFFICIENT_MODEL_CAPACITY")),
        "overloaded_error",
    ),
    "an unfinished tool call": (stream(text("half"), tool("tooluse_1", input="{")), "api_error"),
    "silence": (stream(text("half"), 3.0), "timeout_error"),
}  # fmt: skip


@pytest.mark.parametrize(("turn", "kind"), BREAKS.values(), ids=BREAKS)
def test_breaks_are_told(tmp_path: Path, turn: Turn, kind: str) -> None:
    async def story() -> None:
        service = Service(script=[turn, turn])
        async with running(tmp_path, service, idle_timeout=1.0) as gateway:
            status, headers, body = await gateway.post(STREAM)
            heard = events(body)
            assert status == 200 and heard[-1][0] == "error"
            assert heard[-1][1]["request_id"] == headers["request-id"]
            assert heard[-1][1]["error"]["type"] == kind
            assert b"half" in body and b"message_stop" not in body
            status, _, body = await gateway.post(CALL)
            assert status >= 500 and msgspec.json.decode(body)["error"]["type"] == kind

    asyncio.run(story())


def test_a_refused_token_is_renewed_once(tmp_path: Path) -> None:
    async def story() -> None:
        async with running(tmp_path) as gateway:
            await gateway.post(CALL)
            gateway.service.valid.clear()
            status, _, _ = await gateway.post(CALL)
            assert (status, gateway.service.refreshes) == (200, 2)

    asyncio.run(story())


def test_a_token_that_is_refused_again_is_an_account_failure(tmp_path: Path) -> None:
    async def story() -> None:
        denied = answer(403, refused(
            "AccessDeniedException",
            message="The bearer token included in the request is invalid."))  # fmt: skip
        async with running(tmp_path, Service(script=[denied] * 9)) as gateway:
            gateway.relay.sleep = at_once
            status, headers, body = await gateway.post(CALL)
            assert (status, len(gateway.service.calls)) == (503, 4)
            assert headers["x-should-retry"] == "false"
            assert b"aoa" not in body

    asyncio.run(story())


def test_fifty_first_calls_share_one_refresh(tmp_path: Path) -> None:
    async def story() -> None:
        service = Service(refresh_delay=0.2)
        async with running(tmp_path, service) as gateway:
            answers = await asyncio.gather(*(gateway.post(CALL) for _ in range(50)))
            assert {status for status, _, _ in answers} == {200}
            assert service.refreshes == 1

    asyncio.run(story())


def test_c_105_c_150_too_long_is_told_in_the_words_that_clients_compact_on(tmp_path: Path) -> None:
    long = {"message": "Input is too long.", "reason": "CONTENT_LENGTH_EXCEEDS_THRESHOLD"}
    ways = [answer(400, long), answer(413, b"<html>413 Request Entity Too Large</html>"),
            answer(400, refused("ValidationException",
                                message="Input content length exceeds threshold.")),
            answer(400, {"message": "The request exceeds the model's context window."}),
            stream(exception("ValidationException", **long)),
            stream(exception("ContentLengthExceededException")),
            stream(exception("error", message="Input is too long.")),
            stream(text("a"), exception("ContentLengthExceededException"))]  # fmt: skip

    async def story() -> None:
        async with running(tmp_path, Service(script=[*ways])) as gateway:
            for way in ways:
                status, _, body = await gateway.post(STREAM)
                assert b'"prompt is too long: 200001 tokens > 200000 maximum"' in body
                assert status == (200 if way is ways[-1] else 400)

    asyncio.run(story())


def test_quota_tells_when_it_is_renewed(tmp_path: Path) -> None:
    async def story() -> None:
        spent = answer(402, {"message": "Reached.", "reason": "MONTHLY_REQUEST_COUNT"})
        service = Service(script=[spent], usage={"nextDateReset": 1777593600, "limits": []})
        async with running(tmp_path, service) as gateway:
            _, _, body = await gateway.post(CALL)
            assert b"2026-05-01" in body

    asyncio.run(story())


def test_a_client_that_leaves_takes_the_upstream_along(tmp_path: Path) -> None:
    async def story() -> None:
        service = Service(script=[stream(text("a"), 30.0), stream(30.0)])
        async with running(tmp_path, service) as gateway:
            for expected in (1, 2):
                call = asyncio.ensure_future(gateway.post(STREAM))
                await asyncio.sleep(0.5)
                assert len(service.calls) == expected
                left = asyncio.get_running_loop().time()
                call.cancel()
                assert await asyncio.wait_for(service.gone.get(), 5) - left < 1.0

    asyncio.run(story())


def test_a_slow_service_is_bridged_with_a_head_and_pings(tmp_path: Path) -> None:
    async def story() -> None:
        service = Service(script=[stream(1.2, text("late"), ended("END_TURN"))])
        async with running(tmp_path, service, grace=0.3, ping_interval=0.2) as gateway:
            _, _, body = await gateway.post(STREAM)
            names = [name for name, _ in events(body)]
            assert names[0] == "message_start" and names.count("message_start") == 1
            assert names.count("ping") >= 2
            assert names[-1] == "message_stop" and b"late" in body

    asyncio.run(story())


def test_a_failure_after_an_early_head_is_an_error_event(tmp_path: Path) -> None:
    async def story() -> None:
        late = stream(0.8, exception("ValidationException", message="m"))
        async with running(tmp_path, Service(script=[late]), grace=0.2) as gateway:
            status, _, body = await gateway.post(STREAM)
            heard = events(body)
            assert status == 200
            assert [name for name, _ in heard if name != "ping"] == ["message_start", "error"]

    asyncio.run(story())


def test_a_retry_after_an_early_head_gives_one_message(tmp_path: Path) -> None:
    async def story() -> None:
        service = Service(script=[stream(0.8, BEGIN), HELLO])
        async with running(tmp_path, service, grace=0.2) as gateway:
            _, _, body = await gateway.post(STREAM)
            names = [name for name, _ in events(body)]
            assert names.count("message_start") == 1 and names[-1] == "message_stop"

    asyncio.run(story())


def test_line_separators_are_escaped(tmp_path: Path) -> None:
    async def story() -> None:
        odd = "a\u2028b\u2029c\u0085d"
        async with running(tmp_path, Service(script=[stream(text(odd))] * 2)) as gateway:
            for call in (STREAM, CALL):
                _, _, body = await gateway.post(call)
                assert b"a\\u2028b\\u2029c\\u0085d" in body

    asyncio.run(story())


def test_the_notes_come_when_asked_for(tmp_path: Path) -> None:
    async def story() -> None:
        call = CALL | {"temperature": 0.5, "billing": 1}
        async with running(tmp_path) as gateway:
            for asked in (call, call | {"stream": True}):
                _, headers, _ = await gateway.post(asked, amq2api_explain="1")
                told = headers["amq2api-fidelity"]
                assert "dropped:temperature" in told and "dropped:unknown fields" in told
                _, headers, _ = await gateway.post(asked)
                assert "amq2api-fidelity" not in headers

    asyncio.run(story())


def test_max_tokens_of_nothing_asks_nobody(tmp_path: Path) -> None:
    async def story() -> None:
        async with running(tmp_path) as gateway:
            _, _, body = await gateway.post(CALL | {"max_tokens": 0})
            message = msgspec.json.decode(body)
            assert (message["content"], message["stop_reason"]) == ([], "max_tokens")
            assert gateway.service.calls == []

    asyncio.run(story())


def test_a_cut_answer_cancels_upstream(tmp_path: Path) -> None:
    async def story() -> None:
        service = Service(script=[stream(text("one STOP"), 30.0, METERED)])
        async with running(tmp_path, service) as gateway:
            _, _, body = await gateway.post(CALL | {"stop_sequences": ["STOP"]})
            message = msgspec.json.decode(body)
            assert message["stop_sequence"] == "STOP" and message["content"][0]["text"] == "one "
            await asyncio.wait_for(service.gone.get(), 5)

    asyncio.run(story())


def test_native_reasoning_goes_both_ways(tmp_path: Path) -> None:
    schema = {"type": "object", "properties": {"thinking": {"type": "object", "properties": {
        "type": {"enum": ["adaptive", "disabled"]}}}}}  # fmt: skip
    offer = [{"modelId": "claude-opus-5.5", "additionalModelRequestFieldsSchema": schema}]

    async def story() -> None:
        thinks = stream(thought(text="hm"), thought(signature="c2ln"), text("42"))
        service = Service(script=[thinks], models=offer)
        async with running(tmp_path, service) as gateway:
            call = CALL | {"model": "claude-opus-5-5", "thinking": {"type": "adaptive"}}
            _, _, body = await gateway.post(call)
            content = msgspec.json.decode(body)["content"]
            assert content[0] == {"type": "thinking", "thinking": "hm", "signature": "c2ln"}
            again = {"role": "assistant", "content": content}
            messages = [*CALL["messages"], again, {"role": "user", "content": "more"}]  # type: ignore[misc]
            await gateway.post(call | {"messages": messages})
            replayed = service.calls[-1]["conversationState"]["history"][-1]
            assert replayed["assistantResponseMessage"]["reasoningContent"] == {
                "reasoningText": {"text": "hm", "signature": "c2ln"}
            }

    asyncio.run(story())


def test_thoughts_that_were_refused_are_not_sent_again(tmp_path: Path) -> None:
    """As in a conversation that began with another provider (field-notes.md, T7)."""
    schema = {"type": "object", "properties": {"thinking": {"type": "object"}}}
    offer = [{"modelId": "claude-opus-5.5", "additionalModelRequestFieldsSchema": schema}]
    refusal = answer(400, {"message": "Invalid", "reason": "THINKING_SIGNATURE_INVALID"})

    def said(signature: str) -> dict[str, Any]:
        thought = {"type": "thinking", "thinking": "hm", "signature": signature}
        return {"role": "assistant", "content": [thought, {"type": "text", "text": "a"}]}

    async def story() -> None:
        service = Service(script=[refusal], models=offer)
        async with running(tmp_path, service) as gateway:
            turns = [*CALL["messages"], said("Zm9y"), {"role": "user", "content": "b"}]  # type: ignore[misc]
            call = CALL | {"model": "claude-opus-5-5", "messages": turns}
            for _ in range(2):
                assert (await gateway.post(call))[0] == 200
            turns += [said("bmV3"), {"role": "user", "content": "c"}]
            assert (await gateway.post(call))[0] == 200
        sent = [str(msgspec.json.encode(call)) for call in service.calls]
        assert ["Zm9y" in body for body in sent] == [True, False, False, False]
        assert "bmV3" in sent[-1]

    asyncio.run(story())


def test_a_service_that_does_not_list_its_models_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(building, "_SERVICE_TIMEOUT", 0.2)

    async def story() -> None:
        async with running(tmp_path, Service(models_delay=60.0)) as gateway:
            status, _, _ = await asyncio.wait_for(gateway.post(CALL), 5)
            assert status == 200

    asyncio.run(story())


def test_two_hundred_streams_at_once(tmp_path: Path) -> None:
    async def story() -> None:
        slow = stream(text("a"), 0.5, text("b"), ended("END_TURN"))
        async with running(tmp_path, Service(script=[slow] * 200)) as gateway:
            answers = await asyncio.gather(*(gateway.post(STREAM) for _ in range(200)))
            assert all(b"message_stop" in body for _, _, body in answers)

    asyncio.run(story())
