from hypothesis import given
from hypothesis import strategies as st

from amq2api.accounts.choose import Passed
from amq2api.errors import RequestTooLarge, UpstreamBroken
from amq2api.relay.records import Record, Records, line, refused, shortened


def record(number: int) -> Record:
    return Record(id=f"req_{number}", at=float(number), outcome="end_turn", ok=True)


@given(st.integers(1, 9), st.integers(0, 30), st.integers(-3, 40))
def test_the_latest_are_kept_and_all_are_counted(size: int, added: int, asked: int) -> None:
    records = Records(size)
    for number in range(added):
        records.add(record(number))
    assert records.last == added
    kept = [f"req_{number}" for number in range(max(0, added - size), added)]
    newest = [one.id for one in records.recent(asked)]
    assert newest == kept[::-1][: max(0, asked)]
    came = [one.id for one in records.since(asked)]
    assert came == [name for name in kept if int(name.removeprefix("req_")) >= asked]


def test_whoever_looks_from_time_to_time_misses_nothing() -> None:
    records, seen, last = Records(5), [], 0
    for number in range(12):
        records.add(record(number))
        if number % 3 == 0:
            seen += records.since(last)
            last = records.last
    assert [one.id for one in seen] == [f"req_{number}" for number in range(10)]


def test_a_call_that_could_not_be_read_is_told_without_its_words() -> None:
    told = refused("req_1", RequestTooLarge("hush"), at=7.0, seconds=0.12345)
    assert told == Record(
        id="req_1", at=7.0, status=413, outcome="RequestTooLarge", ok=False, error="", seconds=0.123
    )
    assert refused("req_1", UpstreamBroken("down"), at=7.0, seconds=0.0).error == "down"


def test_a_name_is_kept_at_a_sane_length() -> None:
    assert shortened("claude-sonnet-4.5") == "claude-sonnet-4.5"
    assert len(shortened("x" * 10_000_000)) == 200


def test_the_log_tells_who_was_passed_over_only_if_someone_was() -> None:
    plain = line(record(1))
    assert "passed" not in plain
    assert (plain["request_id"], plain["account"], plain["why"]) == ("req_1", None, None)
    passed = (Passed("a", "Work", "quota_used", "QuotaExhausted"), Passed("b", "", "disabled"))
    told = line(Record(id="r", at=0.0, outcome="end_turn", ok=True, account="c", why="failover",
                       passed=passed))  # fmt: skip
    assert (told["account"], told["why"]) == ("c", "failover")
    assert told["passed"] == ["a:QuotaExhausted", "b:disabled"]


def test_the_log_tells_where_time_went_and_who_else_knows_of_the_call() -> None:
    plain = line(record(1))
    assert not {"upstream_id", "queued", "prepared", "gap"} & set(plain)
    told = line(
        Record(id="r", at=0.0, outcome="end_turn", ok=True, status=200, upstream_id="up-1",
               queued=0.1, prepared=0.2, first=0.3, gap=0.4, seconds=0.5)
    )  # fmt: skip
    times = [told[name] for name in ("queued", "prepared", "first", "gap", "seconds")]
    assert times == [0.1, 0.2, 0.3, 0.4, 0.5]
    assert (told["status"], told["upstream_id"]) == (200, "up-1")


def test_only_calls_of_this_process_are_told_on() -> None:
    records, heard = Records(), list[Record]()
    records.heard.append(heard.append)
    records.add(record(1))
    records.remember(record(2))
    assert [one.id for one in heard] == ["req_1"]
    assert [one.id for one in records.recent()] == ["req_2", "req_1"]
    assert records.last == 2
