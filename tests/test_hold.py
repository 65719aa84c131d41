"""Room for large bodies: a call takes as much as it weighs."""

import asyncio

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from amq2api.errors import AtCapacity
from amq2api.relay.admission import Admission
from amq2api.relay.hold import Hold
from turning import Loop


class Calls:
    """Large calls, each with a name whose first letter is its caller's."""

    def __init__(self, loop: Loop, admission: Admission) -> None:
        self.loop, self.admission = loop, admission
        self.holds: dict[str, Hold] = {}
        self.tasks: dict[str, asyncio.Task[None]] = {}

    def comes(self, name: str, size: int) -> None:
        hold = self.holds[name] = self.admission.bodies.hold(lambda: name[0])
        self.tasks[name] = self.loop.create_task(hold.take(size))
        self.loop.settle()

    def goes(self, name: str) -> None:
        self.tasks[name].cancel()
        self.holds[name].release()
        self.loop.settle()

    @property
    def inside(self) -> set[str]:
        return {name for name, hold in self.holds.items() if hold.taken}

    def refusal(self, name: str) -> str:
        with pytest.raises(AtCapacity) as refused:
            self.tasks[name].result()
        return str(refused.value)


def test_so_many_bytes_are_at_hand_and_no_more(loop: Loop) -> None:
    calls = Calls(loop, Admission(bodies=10))
    for name, size in (("a1", 4), ("a2", 6), ("b1", 3)):
        calls.comes(name, size)
    assert calls.inside == {"a1", "a2"}
    calls.goes("a1")
    assert calls.inside == {"a2", "b1"}
    assert calls.admission.bodies.room.inside == 9


def test_light_ones_do_not_pass_a_heavy_one_for_ever(loop: Loop) -> None:
    calls = Calls(loop, Admission(bodies=10))
    for name, size in (("a1", 6), ("b1", 8), ("c1", 2)):
        calls.comes(name, size)
    assert calls.inside == {"a1"}
    calls.goes("a1")
    assert calls.inside == {"b1", "c1"}


def test_when_a_heavy_one_leaves_the_line_those_behind_it_may_come(loop: Loop) -> None:
    calls = Calls(loop, Admission(bodies=10, patience=5.0))
    for name, size in (("a1", 6), ("b1", 8), ("c1", 2), ("d1", 9), ("e1", 2)):
        calls.comes(name, size)
    calls.goes("b1")
    assert calls.inside == {"a1", "c1"}
    loop.turn(5.1)
    assert "no turn came in 5 seconds; bytes of large calls at hand: 8" in calls.refusal("d1")
    assert calls.inside == {"a1", "c1", "e1"}


def test_what_is_larger_than_all_room_goes_in_alone(loop: Loop) -> None:
    calls = Calls(loop, Admission(bodies=10))
    for name, size in (("a1", 99), ("b1", 1)):
        calls.comes(name, size)
    assert calls.inside == {"a1"}
    calls.goes("a1")
    assert calls.inside == {"b1"}


def test_what_is_known_to_be_less_gives_the_rest_back(loop: Loop) -> None:
    calls = Calls(loop, Admission(bodies=10))
    calls.comes("a1", 10)
    calls.comes("b1", 6)
    calls.holds["a1"].shrink(4)
    loop.settle()
    assert calls.inside == {"a1", "b1"}
    calls.holds["a1"].shrink(7)
    assert calls.admission.bodies.room.inside == 10, "it never grows"


def test_when_all_are_gone_it_is_told_how_many_there_were(loop: Loop) -> None:
    told: list[int] = []
    calls = Calls(loop, Admission(bodies=10, gone=told.append))
    calls.comes("a1", 3)
    calls.comes("a2", 4)
    calls.goes("a1")
    calls.goes("a2")
    calls.goes("a2")
    calls.comes("b1", 2)
    calls.goes("b1")
    assert told == [7, 2]


class Machine(RuleBasedStateMachine):
    """Large calls come and go; nothing is lost, and nobody waits beside enough room."""

    LIMIT = 10

    def __init__(self) -> None:
        super().__init__()
        self.loop = Loop()
        self.calls = Calls(self.loop, Admission(bodies=self.LIMIT, waiting=6, patience=10.0))
        self.sizes: dict[str, int] = {}

    @rule(caller=st.sampled_from("abc"), size=st.integers(2, 12))
    def come(self, caller: str, size: int) -> None:
        name = f"{caller}{len(self.sizes)}"
        self.sizes[name] = size
        self.calls.comes(name, size)

    @precondition(lambda self: self.sizes)
    @rule(data=st.data())
    def go(self, data: st.DataObject) -> None:
        self.calls.goes(data.draw(st.sampled_from(sorted(self.sizes))))

    @rule(seconds=st.sampled_from([3.0, 11.0]))
    def pass_time(self, seconds: float) -> None:
        self.loop.turn(seconds)

    @invariant()
    def what_is_inside_is_what_is_held(self) -> None:
        room, held = self.calls.admission.bodies.room, sum(map(self._held, self.calls.inside))
        assert room.inside == held
        assert held <= self.LIMIT or len(self.calls.inside) == 1
        waiting = [name for name, task in self.calls.tasks.items() if not task.done()]
        assert self.calls.admission.waiting == len(waiting)
        assert not waiting or held

    def _held(self, name: str) -> int:
        return self.sizes[name]

    def teardown(self) -> None:
        for name in list(self.sizes):
            self.calls.goes(name)
        assert self.calls.admission.bodies.room.inside == 0
        for task in self.calls.tasks.values():
            if not task.cancelled():
                task.exception()
        self.loop.close()
        super().teardown()


TestHolds = Machine.TestCase
TestHolds.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
