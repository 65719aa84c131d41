"""Room for calls: by table and story, and by a machine that knows who must be where."""

import asyncio
import gc
import timeit
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from amq2api.errors import AtCapacity
from amq2api.relay.admission import Admission
from turning import Loop


class Crowd:
    """Calls that wait, each under a name of its own, and what became of them."""

    def __init__(self, loop: Loop, wait: Callable[[str], Awaitable[object]]) -> None:
        self.loop, self._wait = loop, wait
        self.served: list[str] = []
        self.refused: dict[str, AtCapacity] = {}
        self.tasks: dict[str, asyncio.Task[None]] = {}

    def comes(self, *names: str) -> None:
        """The first letter of a name is the caller's."""
        for name in names:
            self.tasks[name] = self.loop.create_task(self._one(name))
            self.loop.settle()

    def goes(self, name: str) -> None:
        self.tasks[name].cancel()
        self.loop.settle()

    async def _one(self, name: str) -> None:
        try:
            await self._wait(name[0])
        except AtCapacity as failure:
            self.refused[name] = failure
        else:
            self.served.append(name)


def full(calls: int = 1, **limits: float) -> Admission:
    admission = Admission(calls, **limits)  # type: ignore[arg-type]
    while admission.enter():
        pass
    return admission


def test_a_free_place_is_taken_at_once_and_no_more_than_there_are() -> None:
    admission = Admission(2)
    assert [admission.enter() for _ in range(3)] == [True, True, False]
    admission.leave()
    assert admission.enter()
    assert admission.inside == 2


def test_callers_take_turns_and_each_caller_s_calls_keep_their_order(loop: Loop) -> None:
    admission = full()
    crowd = Crowd(loop, admission.wait)
    crowd.comes("a1", "a2", "a3", "b1", "c1", "b2")
    assert admission.waiting == 6
    for _ in range(6):
        admission.leave()
        loop.settle()
    assert crowd.served == ["a1", "b1", "c1", "a2", "b2", "a3"]
    assert admission.waiting == 0
    assert admission.inside == 1


def test_a_place_that_is_given_back_is_not_stolen_by_who_comes_next(loop: Loop) -> None:
    admission = full()
    crowd = Crowd(loop, admission.wait)
    crowd.comes("a1")
    admission.leave()
    assert not admission.enter()
    loop.settle()
    assert crowd.served == ["a1"]


def test_whoever_waits_where_there_is_room_does_not_wait(loop: Loop) -> None:
    admission = Admission(1)
    crowd = Crowd(loop, admission.wait)
    crowd.comes("a1")
    assert crowd.served == ["a1"]


def test_too_many_are_refused_in_words_that_say_how_things_stand(loop: Loop) -> None:
    admission = full(3, waiting=2)
    crowd = Crowd(loop, admission.wait)
    crowd.comes("a1", "b1", "c1")
    assert str(crowd.refused["c1"]) == (
        "this gateway is at capacity: calls under way: 3, waiting: 2. Try again in a moment."
    )
    assert admission.waiting == 2


def test_without_a_line_nobody_waits(loop: Loop) -> None:
    crowd = Crowd(loop, full(waiting=0).wait)
    crowd.comes("a1")
    assert "waiting: 0" in str(crowd.refused["a1"])


def test_patience_has_an_end(loop: Loop) -> None:
    admission = full(patience=10.0)
    crowd = Crowd(loop, admission.wait)
    crowd.comes("a1")
    loop.turn(9.9)
    assert not crowd.refused
    loop.turn(0.2)
    assert "no turn came in 10 seconds" in str(crowd.refused["a1"])
    assert admission.waiting == 0
    admission.leave()
    assert admission.enter()


def test_one_caller_cannot_keep_the_others_out_by_filling_the_line(loop: Loop) -> None:
    admission = full(waiting=4)
    crowd = Crowd(loop, admission.wait)
    crowd.comes("a1", "a2", "a3", "a4", "b1", "a5", "b2", "c1", "d1")
    assert set(crowd.refused) == {"a4", "a5", "a3", "a2", "b2"}
    crowd.comes("e1")
    assert "e1" in crowd.refused
    for _ in range(4):
        admission.leave()
        loop.settle()
    assert crowd.served == ["a1", "b1", "c1", "d1"]


def test_the_wait_that_is_advised_follows_the_pace(loop: Loop) -> None:
    admission = full(waiting=2, patience=100.0)
    crowd = Crowd(loop, admission.wait)
    crowd.comes("a1", "b1", "c1")
    assert crowd.refused["c1"].retry_after == 100.0
    loop.turn(6.0)
    admission.leave()
    loop.settle()
    crowd.comes("d1", "e1")
    # One turn in six seconds; two wait, and whoever comes would be the third.
    assert crowd.refused["e1"].retry_after == 18.0
    loop.turn(0.0)


def test_who_goes_away_leaves_no_trace(loop: Loop) -> None:
    admission = full()
    crowd = Crowd(loop, admission.wait)
    crowd.comes("a1", "b1")
    crowd.goes("a1")
    assert admission.waiting == 1
    admission.leave()
    loop.settle()
    assert crowd.served == ["b1"]


def test_a_place_given_to_one_who_has_just_gone_passes_to_the_next(loop: Loop) -> None:
    admission = full()
    crowd = Crowd(loop, admission.wait)
    crowd.comes("a1", "b1")
    admission.leave()
    crowd.goes("a1")
    assert crowd.served == ["b1"]
    assert admission.inside == 1


# What happens between two looks of the loop, in the order of the names: a turn is given, patience
# ends, the caller goes.
AT_ONCE: dict[str, tuple[tuple[str, ...], str, int]] = {
    # what happens: the order; what a1 hears; who is in afterwards
    "a turn, just in time": (("turn", "late"), "served", 1),
    "a turn, too late": (("late", "turn"), "refused", 0),
    "a turn for one who goes": (("turn", "go"), "gone", 0),
    "a turn for one who has gone": (("go", "turn"), "gone", 0),
    "gone before patience ends": (("go", "late"), "gone", 1),
    "gone after it": (("late", "go"), "gone", 1),
}


@pytest.mark.parametrize(("order", "heard", "inside"), AT_ONCE.values(), ids=AT_ONCE)
def test_what_happens_at_once_is_counted_once(
    loop: Loop, order: tuple[str, ...], heard: str, inside: int
) -> None:
    told: list[str] = []
    admission = Admission(1, patience=10.0, heard=lambda _, end, __: told.append(end))
    assert admission.enter()
    crowd = Crowd(loop, admission.wait)
    crowd.comes("a1")
    acts: dict[str, Callable[[], object]] = {
        "turn": admission.leave,
        "go": crowd.tasks["a1"].cancel,
    }
    end = 10.0 if "late" in order else 5.0
    for place, act in enumerate(order):
        if act in acts:
            loop.call_later(end + (place - (order[0] != "late")) / 100, acts[act])
    loop.turn(end + 0.5)
    served, refused = crowd.served == ["a1"], "a1" in crowd.refused
    assert ("served" if served else "refused" if refused else "gone") == heard
    assert (admission.inside, admission.waiting, len(told)) == (inside, 0, 1)


def test_accounts_have_seats_of_their_own_and_the_words_say_so(loop: Loop) -> None:
    admission = Admission(10, 1, waiting=1)
    assert admission.take_seat("x")
    assert not admission.take_seat("x")
    assert admission.take_seat("y")
    crowd = Crowd(loop, lambda caller: admission.wait_for_seat("x", caller))
    crowd.comes("a1", "b1")
    assert str(crowd.refused["b1"]).startswith("the account for this call is at capacity: calls")
    admission.leave_seat("y")
    assert not crowd.served
    admission.leave_seat("x")
    loop.settle()
    assert crowd.served == ["a1"]


def test_the_line_is_one_for_the_process_and_all_accounts(loop: Loop) -> None:
    admission = full(1, per_account=1, waiting=1)
    assert admission.take_seat("x")
    crowd = Crowd(loop, lambda caller: admission.wait_for_seat("x", caller))
    crowd.comes("a1")
    other = Crowd(loop, admission.wait)
    other.comes("b1")
    assert set(other.refused) == {"b1"}


def test_accounts_that_nobody_asks_are_forgotten(loop: Loop) -> None:
    admission = Admission(10, 1)
    crowd = Crowd(loop, lambda caller: admission.wait_for_seat("x", caller))
    for number in range(50):
        assert admission.take_seat(f"account {number}")
        admission.leave_seat(f"account {number}")
    assert admission.take_seat("x")
    crowd.comes("a1")
    crowd.goes("a1")
    admission.leave_seat("x")
    assert admission.seats_taken == 0
    assert not admission._seats


def test_more_room_lets_in_and_less_throws_nobody_out(loop: Loop) -> None:
    admission = full(2, per_account=1)
    assert admission.take_seat("x")
    calls, seats = (
        Crowd(loop, admission.wait),
        Crowd(loop, lambda caller: admission.wait_for_seat("x", caller)),
    )
    calls.comes("a1", "b1")
    seats.comes("c1", "d1")
    admission.limit(calls=3, per_account=2, waiting=9, patience=9.0, bodies=1)
    loop.settle()
    assert (calls.served, seats.served) == (["a1"], ["c1"])
    admission.limit(calls=1, per_account=0, waiting=9, patience=9.0, bodies=1)
    loop.settle()
    assert (admission.inside, seats.served) == (3, ["c1", "d1"])
    admission.leave()
    admission.leave()
    loop.settle()
    assert calls.served == ["a1"]
    admission.leave()
    loop.settle()
    assert calls.served == ["a1", "b1"]


def test_every_wait_is_told_with_its_end(loop: Loop) -> None:
    told: list[tuple[str, str, float]] = []
    admission = Admission(1, 1, waiting=3, patience=5.0, heard=lambda *event: told.append(event))
    assert admission.enter()
    assert admission.take_seat("x")
    assert not told
    calls = Crowd(loop, admission.wait)
    calls.comes("a1", "b1", "c1", "d1")
    calls.goes("b1")
    loop.turn(2.0)
    admission.leave()
    loop.settle()
    loop.turn(4.0)
    seats = Crowd(loop, lambda caller: admission.wait_for_seat("x", caller))
    seats.comes("e1")
    admission.leave_seat("x")
    loop.settle()
    assert told == [
        ("process", "full", 0.0), ("process", "left", 0.0), ("process", "served", 2.0),
        ("process", "late", 6.0), ("account", "served", 0.0),
    ]  # fmt: skip


def test_a_free_place_costs_next_to_nothing() -> None:
    admission = Admission()

    def pair() -> None:
        admission.enter()
        admission.leave()

    best = min(timeit.repeat(pair, number=1000, repeat=20)) / 1000
    assert best < 3e-6  # seconds; a third of a microsecond where nobody else is at work


class Machine(RuleBasedStateMachine):
    """Calls come, wait, go, end; limits change. A model says how many must be in and in line."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = Loop()
        self.calls, self.waiting = 2, 3
        self.admission = Admission(2, 1, waiting=3, patience=10.0)
        self.tasks: dict[asyncio.Task[None], str] = {}
        self.inside = 0
        self.order: list[str] = []

    def _settle(self) -> None:
        self.loop.settle()
        for task in [task for task in self.tasks if task.done()]:
            name = self.tasks.pop(task)
            if not task.cancelled() and task.exception() is None:
                self.inside += 1
                self.order.append(name)
            else:
                with suppress(AtCapacity, asyncio.CancelledError):
                    task.result()

    @rule()
    def come(self) -> None:
        free, entered = self.inside < self.calls, self.admission.enter()
        assert entered == free
        self.inside += entered

    @rule(caller=st.sampled_from("abc"))
    def wait(self, caller: str) -> None:
        if not self.admission.enter():
            self.tasks[self.loop.create_task(self._wait(caller))] = caller
        else:
            self.inside += 1
        self._settle()

    async def _wait(self, caller: str) -> None:
        await self.admission.wait(caller)

    @precondition(lambda self: self.inside)
    @rule(promptly=st.booleans())
    def leave(self, promptly: bool) -> None:
        self.admission.leave()
        self.inside -= 1
        if promptly:
            self._settle()

    @precondition(lambda self: self.tasks)
    @rule(data=st.data())
    def go(self, data: st.DataObject) -> None:
        data.draw(st.sampled_from(list(self.tasks))).cancel()
        self._settle()

    @rule(seconds=st.sampled_from([0.0, 3.0, 11.0]))
    def pass_time(self, seconds: float) -> None:
        self.loop.now += seconds
        self._settle()
        if seconds > 10.0:
            assert not self.tasks

    @rule(calls=st.integers(1, 4), waiting=st.integers(0, 4))
    def change(self, calls: int, waiting: int) -> None:
        self.calls, self.waiting = calls, waiting
        self.admission.limit(calls=calls, per_account=1, waiting=waiting, patience=10.0, bodies=1)
        self._settle()

    @invariant()
    def nobody_is_lost_and_nobody_waits_beside_a_free_place(self) -> None:
        self._settle()
        assert self.admission.inside == self.inside
        assert self.admission.waiting == len(self.tasks)
        if self.tasks:
            assert self.inside >= self.calls

    def teardown(self) -> None:
        for task in list(self.tasks):
            task.cancel()
        self._settle()
        for _ in range(self.inside):
            self.admission.leave()
        assert (self.admission.inside, self.admission.waiting) == (0, 0)
        self.loop.close()
        super().teardown()


TestAdmission = Machine.TestCase
TestAdmission.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)


def test_ten_thousand_calls_through_a_narrow_door_leave_nothing(loop: Loop) -> None:
    admission = Admission(20, waiting=10_000)
    served: Counter[str] = Counter()

    async def call(caller: str) -> None:
        if not admission.enter():
            await admission.wait(caller)
        try:
            await asyncio.sleep(0)
            served[caller] += 1
        finally:
            admission.leave()

    async def all_of_them() -> None:
        await asyncio.gather(*(call("abc"[number % 3]) for number in range(10_000)))

    loop.run_until_complete(all_of_them())
    gc.collect()
    assert (admission.inside, admission.waiting) == (0, 0)
    assert sum(served.values()) == 10_000
