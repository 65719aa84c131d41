"""What reaches the app, how it is judged and recorded, and in which order."""

import asyncio
import json

import pytest

from amq2api.sim.app import create_app
from amq2api.sim.asgi import Message
from amq2api.sim.scenarios import UnknownScenario
from amq2api.sim.world import World
from sim.asking import ARN, GOOD, Json, asked, user
from sim.client import JSON_1_0, Bench

MALFORMED: Json = {"conversationState": {}}


@pytest.mark.parametrize("rest", [False, True], ids=["aws-json", "rest"])
@pytest.mark.parametrize("name", GOOD)
def test_good_requests_are_answered_in_both_encodings(name: str, rest: bool) -> None:
    bench = Bench()
    request = {n: member for n, member in GOOD[name].items() if n != "profileArn"}
    answer = bench.generate(request, rest=rest)
    assert answer.status == 200, answer.body
    assert answer.headers["content-type"] == "application/vnd.amazon.eventstream"
    assert answer.headers["x-amzn-requestid"]
    assert [kind for kind, _ in answer.events()][-3:] == [
        "metadataEvent", "contextUsageEvent", "meteringEvent",
    ]  # fmt: skip
    (recorded,) = bench.world.asked()
    assert (recorded.body, recorded.status, recorded.account) == (request, 200, "alice")


TARGETS = [
    "AmazonCodeWhispererStreamingService.GenerateAssistantResponse",
    "KiroRuntimeService.GenerateAssistantResponse",
]


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("content_type", [JSON_1_0, "application/json"])
def test_any_service_prefix_and_either_content_type(target: str, content_type: str) -> None:
    headers = {"X-Amz-Target": target, "content-type": content_type}
    bench = Bench()
    known = {"authorization": f"Bearer {bench.token}", **headers}
    body = json.dumps(asked()).encode()
    assert bench.send("POST", "/", headers=known, body=body).status == 200


def test_unknown_operations() -> None:
    bench = Bench()
    assert bench.operation("Nope", {}).json() == {
        "__type": "com.amazon.aws.codewhisperer#UnknownOperationException",
        "message": "The requested operation is not recognized.",
    }
    assert bench.send("POST", "/nope").json()["reason"] is None
    assert [r.status for r in bench.world.requests] == [404, 404]


def test_the_conversations_id_travels_where_the_encoding_says() -> None:
    header = "x-amzn-codewhisperer-conversation-id"
    bench = Bench()
    said = asked()["conversationState"]["conversationId"]
    assert bench.generate(asked(), rest=True).headers[header] == said
    assert header not in bench.generate(asked()).headers
    bench.world.profile = "classic"
    assert bench.generate(asked()).events()[0] == ("initial-response", {"conversationId": said})


def test_a_refusal_tells_the_developer_why() -> None:
    bench = Bench()
    answer = bench.generate(asked(user("", origin="CLI")))
    assert answer.status == 400
    place = "conversationState.currentMessage.userInputMessage.content"
    assert answer.headers["x-sim-complaint"] == f"I6 {place}"
    fault = bench.world.requests[-1].fault
    assert fault is not None and fault.rule == "I6"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_object_is_malformed(body: bytes) -> None:
    bench = Bench()
    headers = {"authorization": f"Bearer {bench.token}", "x-amz-target": TARGETS[0]}
    answer = bench.send("POST", "/", headers=headers, body=body)
    assert (answer.status, answer.json()["message"]) == (400, "Improperly formed request.")


def test_a_body_too_large_meets_the_edge() -> None:
    answer = Bench().send("POST", "/", body=bytes(64 * 1024 * 1024 + 1))
    assert (answer.status, answer.headers["content-type"]) == (413, "text/html")


def test_the_order_of_checks() -> None:
    """Token, entitlement, profile, quota, body, model, scenario (4.5)."""
    bench = Bench()
    bench.world.scenario = "high-load-500"
    bench.account.credits_limit = 0
    bench.account.refusal = "suspended-403"
    bench.account.needs_profile = True
    good = bench.token
    seen = []

    def ask(request: Json) -> None:
        answer = bench.generate(request)
        seen.append((answer.status, answer.json().get("reason")))

    bench.token = "aoaNobody"
    ask(MALFORMED)
    bench.token = good
    ask(MALFORMED)
    bench.account.refusal = None
    ask(MALFORMED)
    bench.account.needs_profile = False
    ask(MALFORMED)
    bench.account.credits_limit = 1
    ask(MALFORMED)
    ask(asked(model="nope"))
    ask(asked())
    assert seen == [
        (403, None), (403, "TEMPORARILY_SUSPENDED"), (400, None), (402, "MONTHLY_REQUEST_COUNT"),
        (400, None), (400, "INVALID_MODEL_ID"), (500, None),
    ]  # fmt: skip


@pytest.mark.parametrize("header", ["", "Basic x", "Bearer", "Bearer aoaNobody"])
def test_a_bad_token_is_refused(header: str) -> None:
    bench = Bench()
    answer = bench.generate(asked(), headers={"authorization": header})
    assert answer.status == 403
    assert answer.json()["message"] == "The bearer token included in the request is invalid."


def test_access_tokens_expire_by_the_clock_and_by_order() -> None:
    bench = Bench()
    bench.now += 3599
    assert bench.generate(asked()).status == 200
    bench.now += 1
    assert bench.generate(asked()).status == 403
    bench.token = bench.world.access_token(bench.account)
    bench.world.expire_tokens()
    assert bench.generate(asked()).status == 403


def test_a_foreign_profile_is_refused_and_ones_own_is_not() -> None:
    bench = Bench()
    assert bench.generate(asked(profileArn=ARN)).status == 403  # a Builder ID has none
    account = bench.world.add_account("bob", "idc")
    bench.token = bench.world.access_token(account)
    assert bench.generate(asked(profileArn=ARN)).status == 403
    assert bench.generate(asked(profileArn=account.profile_arn)).status == 200
    assert bench.generate(asked()).status == 200
    account.needs_profile = True
    missing = bench.generate(asked(), rest=True)
    assert missing.json() == {"message": "profileArn is required for this request.", "reason": None}


def test_an_api_key_must_say_that_it_is_one() -> None:
    bench = Bench()
    bench.token = bench.world.add_account("key", "api-key").refresh_token
    assert bench.token.startswith("ksk_")
    assert bench.generate(asked()).status == 403
    assert bench.generate(asked(), headers={"tokentype": "API_KEY"}).status == 200


def test_entitlement_to_models() -> None:
    bench = Bench()
    bench.account.models = frozenset({"auto", "claude-haiku-4.5"})
    assert bench.generate(asked(model="claude-haiku-4.5")).status == 200
    assert bench.generate(asked()).json()["reason"] == "INVALID_MODEL_ID"


def test_answers_use_up_the_quota() -> None:
    bench = Bench()
    bench.account.credits_limit = 0.001
    assert [bench.generate(asked()).status for _ in range(2)] == [200, 402]
    bench.world.profile = "classic"
    assert bench.generate(asked()).status == 400


def test_rules_can_be_relaxed() -> None:
    bench = Bench()
    bench.world.rules = bench.world.rules.without("I14")
    request = asked()
    request["conversationState"]["chatTriggerType"] = "AUTO"
    assert bench.generate(request).status == 200


def test_who_chooses_the_scenario() -> None:
    """The script first, then the text's own wish, then the default."""
    bench = Bench()
    bench.world.scenario = "one-word"
    bench.world.script = ["text", "empty-stream"]
    wish = asked(user("Be so kind:\nsim:stop:END_TURN\nthank you"))
    for request in (wish, wish, wish, asked(), asked(user("sim:no-such-thing"))):
        bench.generate(request)
    played = [request.scenario for request in bench.world.asked()]
    assert played == ["text", "empty-stream", "stop:END_TURN", "one-word", "one-word"]


def test_a_wish_inside_a_reminder_is_none() -> None:
    bench = Bench()
    bench.generate(asked(user("<system-reminder>\nsim:text\n</system-reminder>\nHello")))
    assert bench.world.requests[-1].scenario == "echo"


def test_a_scenario_must_exist() -> None:
    with pytest.raises(UnknownScenario):
        World().scenario = "nope"


def test_records_hold_no_secret() -> None:
    bench = Bench()
    bench.generate(asked())
    demo = bench.world.demo_account()
    bench.sign_in("/token", clientId=demo["client_id"], clientSecret=demo["client_secret"],
                  grantType="refresh_token", refreshToken=demo["refresh_token"])  # fmt: skip
    told = repr(bench.world.requests) + repr(bench.world.identities.accounts)
    secrets = [bench.token, demo["client_secret"], demo["refresh_token"]]
    assert not [secret for secret in secrets if secret in told]


def test_records_are_bounded() -> None:
    bench = Bench()
    for _ in range(250):
        bench.send("POST", "/nope")
    assert len(bench.world.requests) == 200


def test_the_same_seed_tells_the_same_story() -> None:
    first, second = Bench(), Bench()
    assert first.generate(GOOD["unicode"]).body == second.generate(GOOD["unicode"]).body
    assert first.world.demo_account() == second.world.demo_account()


def test_lifespan() -> None:
    asked_for: list[Message] = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
    told: list[str] = []

    async def receive() -> Message:
        return asked_for.pop(0)

    async def send(message: Message) -> None:
        told.append(message["type"])

    async def live() -> None:
        await create_app(World())({"type": "lifespan"}, receive, send)

    asyncio.run(live())
    assert told == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
