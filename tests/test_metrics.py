"""The numbers: what is counted under which label, and that strangers cannot add labels."""

import timeit
from collections.abc import Iterable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amq2api import errors
from amq2api.accounts.health import State
from amq2api.dialects import amazonq as q
from amq2api.errors import Said
from amq2api.relay.families import BY_NAME, FAMILIES
from amq2api.relay.metrics import Metrics, states
from amq2api.relay.records import Record
from amq2api.relay.snapshots import Snapshot, lasting, merged


def record(**members: Any) -> Record:
    return Record(**{"id": "r", "at": 0.0, "outcome": "end_turn", "ok": True, **members})


def found(metrics: Metrics, name: str) -> dict[tuple[str, ...], Any]:
    return {tuple(labels): value for family, labels, value in metrics.snapshot() if family == name}


def series(snapshot: Snapshot) -> int:
    return len({(name, tuple(labels)) for name, labels, _ in snapshot})


def known_model(name: str) -> str | None:
    return name if name.startswith("claude-") else None


@pytest.mark.parametrize(
    ("path", "status", "labels"),
    [
        ("/v1/messages", 200, ("messages", "200")),
        ("/v1/messages", 0, ("messages", "none")),
        ("/v1/messages/count_tokens", 413, ("count_tokens", "413")),
        ("/v1/messages/batches", 404, ("other", "404")),
        ("/v1/models", 200, ("models", "200")),
        ("/v1/models/claude-sonnet-4-5", 404, ("models", "404")),
        ("/readyz", 503, ("health", "503")),
        ("/livez", 200, ("health", "200")),
        ("/metrics", 401, ("metrics", "401")),
        ("/api/accounts", 200, ("admin", "200")),
        ("/", 200, ("admin", "200")),
        ("/.env", 404, ("other", "404")),
        ("/v1/messages", 799, ("messages", "other")),
    ],
)
def test_answers_are_counted_by_endpoint_and_status(
    path: str, status: int, labels: tuple[str, str]
) -> None:
    metrics = Metrics()
    metrics.answered(path, status)
    metrics.answered(path, status)
    assert found(metrics, "amq2api_http_requests_total") == {labels: 2.0}


def failure(kind: type[errors.GatewayError], *said: Any) -> errors.GatewayError:
    failure = kind("words")
    failure.said = Said(*said) if said else None
    return failure


@pytest.mark.parametrize(
    ("answer", "labels"),
    [
        (None, ("200", "", "")),
        (failure(errors.UpstreamTimeout), ("none", "UpstreamTimeout", "")),
        (failure(errors.RateLimited, 429, "ThrottlingException"),
         ("429", "ThrottlingException", "")),
        (failure(errors.QuotaExhausted, 400, "ServiceQuotaExceededException",
                 "MONTHLY_REQUEST_COUNT"),
         ("400", "ServiceQuotaExceededException", "MONTHLY_REQUEST_COUNT")),
        (failure(errors.UpstreamBroken, 502), ("502", "UpstreamBroken", "")),
        (failure(errors.UpstreamBroken, 999, "MadeUp", "MADE_UP"), ("other", "other", "other")),
    ],
)  # fmt: skip
def test_what_the_service_says_is_counted_as_it_said_it(
    answer: errors.GatewayError | None, labels: tuple[str, ...]
) -> None:
    metrics = Metrics()
    metrics.asked(answer)
    assert found(metrics, "amq2api_upstream_answers_total") == {labels: 1.0}


def test_a_call_is_told_by_outcome_time_and_cost() -> None:
    metrics = Metrics(known_model)
    metrics.ended(
        record(model="claude-x", stream=True, input_tokens=70, output_tokens=7, credits=0.5,
               first=0.3, gap=1.2, seconds=3.0)
    )  # fmt: skip
    metrics.ended(record(model="claude-x", first=0.1, input_tokens=30, output_tokens=3))
    assert found(metrics, "amq2api_calls_total") == {
        ("end_turn", "true"): 1.0, ("end_turn", "false"): 1.0,
    }  # fmt: skip
    assert found(metrics, "amq2api_tokens_total") == {
        ("claude-x", "input"): 100.0, ("claude-x", "output"): 10.0,
    }  # fmt: skip
    assert found(metrics, "amq2api_credits_total") == {("claude-x",): 0.5}
    assert found(metrics, "amq2api_truncated_streams_total") == {}
    (waits,) = found(metrics, "amq2api_first_event_seconds").values()
    assert (sum(waits[:-1]), waits[-1]) == (2.0, pytest.approx(0.4))
    (gaps,) = found(metrics, "amq2api_stream_gap_seconds").values()
    bounds = BY_NAME["amq2api_stream_gap_seconds"].bounds
    assert [bound for bound, count in zip((*bounds, None), gaps, strict=False) if count] == [2.5]


@pytest.mark.parametrize(
    ("ended", "truncated", "result"),
    [
        (record(), {}, "ok"),
        (record(ok=False, outcome="abandoned", first=0.1), {}, "abandoned"),
        (record(ok=False, outcome="UpstreamBusy"), {}, "failed"),
        (record(ok=False, outcome="UpstreamBroken", first=0.1),
         {("UpstreamBroken",): 1.0}, "failed"),
    ],
)  # fmt: skip
def test_an_answer_is_truncated_if_the_service_had_begun_it(
    ended: Record, truncated: dict[tuple[str, ...], float], result: str
) -> None:
    metrics = Metrics()
    metrics.ended(ended)
    assert found(metrics, "amq2api_truncated_streams_total") == truncated
    assert list(found(metrics, "amq2api_call_seconds")) == [(result,)]


def test_what_else_is_counted() -> None:
    metrics = Metrics()
    metrics.ended(record(ok=False, outcome="RunawayStopped"))
    metrics.again("retry", errors.UpstreamBusy())
    metrics.refreshed(None)
    metrics.refreshed(errors.LoginRequired())
    metrics.waited("process", "late", 10.0)
    assert found(metrics, "amq2api_runaway_stops_total") == {(): 1.0}
    assert found(metrics, "amq2api_retries_total") == {("retry", "UpstreamBusy"): 1.0}
    assert found(metrics, "amq2api_refreshes_total") == {
        ("renewed",): 1.0, ("LoginRequired",): 1.0,
    }  # fmt: skip
    (waits,) = found(metrics, "amq2api_queue_seconds").values()
    assert waits[-1] == 10.0


@given(st.lists(st.text(max_size=30), min_size=1, max_size=60, unique=True))
def test_hostile_names_make_no_series(names: list[str]) -> None:
    metrics = Metrics(known_model)
    hostile(metrics, ["~"])
    before = series(metrics.snapshot())
    hostile(metrics, [f"~{name}" for name in names])  # which is none of ours
    assert series(metrics.snapshot()) == before


def hostile(metrics: Metrics, names: Iterable[str]) -> None:
    """Every field that somebody else fills, filled with each of *names*."""
    for number, name in enumerate(names):
        metrics.answered("/" + name, 1000 + number)
        metrics.asked(failure(errors.UpstreamBroken, 1000 + number, name, name))
        metrics.asked(type(f"E{name}".replace("\0", ""), (errors.GatewayError,), {})("x"))
        metrics.again(name, errors.GatewayError())
        metrics.ended(
            record(model=name, outcome=name, first=0.1, account=name, account_name=name, why=name,
                   upstream_id=name, usage=name, error=name, notes=(name,))
        )  # fmt: skip


def test_known_names_put_together_anyhow_make_few_series() -> None:
    metrics = Metrics()
    for status in range(200, 600):
        for exception, reason in q.VERDICTS:
            metrics.asked(failure(errors.UpstreamBroken, status, exception or "", reason or ""))
    assert len(found(metrics, "amq2api_upstream_answers_total")) < 250
    assert len(msgspec.json.encode(metrics.snapshot())) < 64 * 1024


def test_models_have_labels_as_the_service_names_them_and_never_too_many() -> None:
    metrics = Metrics(lambda name: f"claude-{name}")
    for number in range(1000):
        metrics.ended(record(model=str(number), first=0.1))
    labels = {model for model, _ in found(metrics, "amq2api_tokens_total")}
    assert "other" in labels
    assert len(labels) < 70
    assert len(metrics._models) < 300


def test_accounts_are_counted_by_state_and_every_state_is_told() -> None:
    found: list[State] = ["ready", "ready", "suspended"]
    told = {labels[0]: count for _, labels, count in states(found)}
    assert (told["ready"], told["suspended"], told["throttled"]) == (2.0, 1.0, 0.0)


def two() -> tuple[Snapshot, Snapshot]:
    one, other = Metrics(), Metrics()
    one.answered("/health", 200)
    other.answered("/health", 200)
    other.answered("/health", 503)
    one.ended(record(seconds=1.0))
    other.ended(record(seconds=2.0))
    one.sources += [lambda: states(["ready"]), lambda: [("process_start_time_seconds", (), 5.0)]]
    other.sources += [lambda: states(["ready"]), lambda: [("process_start_time_seconds", (), 9.0)]]
    return one.snapshot(), other.snapshot()


def test_numbers_of_several_processes_are_added_up() -> None:
    whole = {(name, tuple(labels)): value for name, labels, value in merged(two())}
    assert whole["amq2api_http_requests_total", ("health", "200")] == 2.0
    assert whole["amq2api_http_requests_total", ("health", "503")] == 1.0
    assert whole["amq2api_accounts", ("ready",)] == 1.0  # they share their accounts
    assert whole["process_start_time_seconds", ()] == 5.0
    seconds = whole["amq2api_call_seconds", ("ok",)]
    assert isinstance(seconds, list)
    assert (sum(seconds[:-1]), seconds[-1]) == (2.0, 3.0)


def test_numbers_survive_the_way_between_processes() -> None:
    sent = [msgspec.json.decode(msgspec.json.encode(snapshot)) for snapshot in two()]
    assert merged(sent) == merged(two())


def test_what_a_process_that_is_gone_has_counted_stays() -> None:
    kinds = {BY_NAME[name].kind for name, _, _ in lasting(two()[0])}
    assert kinds == {"counter", "histogram"}
    assert merged([lasting(two()[0]), lasting(two()[0])])[0][2] == 2.0


def test_a_snapshot_does_not_change_afterwards() -> None:
    metrics = Metrics()
    metrics.ended(record(seconds=1.0))
    taken = metrics.snapshot()
    before = msgspec.json.encode(taken)
    metrics.ended(record(seconds=1.0))
    assert msgspec.json.encode(taken) == before


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_the_table_keeps_to_the_conventions(family: Any) -> None:
    assert family.name.startswith(("amq2api_", "process_"))
    assert family.name.endswith("_total") == (family.kind == "counter")
    assert bool(family.bounds) == (family.kind == "histogram")
    assert list(family.bounds) == sorted(set(family.bounds))
    assert family.help.endswith(".") or "/" in family.help
    if family.kind == "histogram":
        assert family.name.endswith("_seconds")


def test_counting_a_call_costs_a_few_microseconds() -> None:
    metrics = Metrics(known_model)
    one = record(model="claude-x", stream=True, first=0.3, gap=0.1, seconds=2.0, input_tokens=5)

    def call() -> None:
        metrics.ended(one)
        metrics.asked(None)
        metrics.answered("/v1/messages", 200)

    best = min(timeit.repeat(call, number=500, repeat=20)) / 500
    assert best < 30e-6  # seconds; about five where nobody else is at work
