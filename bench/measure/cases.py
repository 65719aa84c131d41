"""What is measured, and what it may cost."""

from functools import partial

from . import requests
from .figures import Case, Figure, Target
from .loads import Load
from .trials import Held, Loaded, Slow, Stalled, Started, Workers

_BURST = Load("burst", streams=40, at_once=4)
_SESSION_5M = partial(requests.session, 5_000_000)
_EVENT = Figure("cpu", "µs CPU per event", ratio=True)
_REQUEST = Figure("cpu", "µs CPU per request", ratio=True)
_FIRST = (
    Figure("first_p50", "first event, ms, half of them", added=True, by_the_clock=True),
    Figure("first_p99", "first event, ms, 99 of 100", added=True, by_the_clock=True),
)

CASES: dict[str, Case] = {
    case.name: case
    for case in (
        Case(
            "burst", "2,000 events as fast as they go, 4 streams at a time",
            Loaded("event", _BURST), (_EVENT.at_most(2.5),),
        ),
        Case(
            "paced300", "300 streams of 50 events/s, 200 events each",
            Loaded("event", Load("paced", streams=300, at_once=300, rate=50, ramp=1.5)),
            (_EVENT.wanting(Target(1.8, "times nginx")),),
        ),
        Case(
            "req", "a minimal request, one event, 4 at a time",
            Loaded("request", Load("one", streams=400, at_once=4)), (_REQUEST.at_most(200),),
        ),
        Case(
            "cc150k", "150 KB with 20 tools and 61 messages, one event",
            Loaded(
                "request",
                Load("one", streams=40, at_once=1, ask=partial(requests.session, 150_000)),
            ),
            (_REQUEST.at_most(1000),),
        ),
        Case(
            "cc5m", "the same with 5 MB",
            Loaded("request", Load("one", streams=4, at_once=1, ask=_SESSION_5M)),
            (_REQUEST.at_most(25_000),),
        ),
        Case(
            "stall", "20 streams of 100 events/s while 5 MB requests are made",
            Stalled(
                Load("long", streams=20, at_once=20, rate=100, ramp=0.5),
                Load("one", streams=6, at_once=1, ask=_SESSION_5M),
            ),
            (
                Figure(
                    "pause", "longest pause, ms, beyond the streams' pace",
                    added=True, by_the_clock=True,
                ).wanting(Target(10, "ms more than direct")),
            ),
        ),
        Case(
            "ttft50", "20 events at 20/s, 50 streams at a time",
            Loaded("request", Load("twenty", streams=200, at_once=50, rate=20, ramp=1)),
            (
                _FIRST[0].wanting(Target(1, "ms more than direct")),
                _FIRST[1].wanting(Target(5, "ms more than direct")),
            ),
        ),
        Case(
            "ttft1", "20 events, one stream at a time",
            Loaded("request", Load("twenty", streams=200, at_once=1)), _FIRST,
        ),
        Case(
            "tool", "50 events of text, then two tool calls of 8 KB",
            Loaded("event", Load("tool", streams=40, at_once=4)), (_EVENT,),
        ),
        Case(
            "gaps", "50 streams of 50 events/s: how even they come out",
            Loaded("event", Load("paced", streams=50, at_once=50, rate=50, ramp=0.5)),
            (
                Figure(
                    "gap_p50", "longest gap in a stream, ms, half of them",
                    added=True, by_the_clock=True,
                ),
                Figure(
                    "gap_p99", "longest gap in a stream, ms, 99 of 100",
                    added=True, by_the_clock=True,
                ),
            ),
        ),
        Case(
            "idle", "5,000 open streams that get an event every ten seconds",
            Held(Load("long", streams=5000, at_once=5000, rate=0.1, ramp=10, limit=120)),
            (
                Figure("each", "KB of memory per open stream", ratio=True).at_most(25),
                Figure("closed", "s until all are closed upstream once their clients left"),
                Figure("left", "MB kept of it 2 s later"),
            ),
            own=True,
        ),
        Case(
            "slow", "8 clients that read nothing for 3 s of an answer of 12 MB",
            Slow(Load("flood", streams=8, at_once=8, pause=3, ask=requests.unbounded)),
            (Figure("each", "KB of memory at the peak per slow client").at_most(2000),),
            own=True,
        ),
        Case(
            "life", "from the start to the first answer, then left alone",
            Started(),
            (
                Figure("start", "s to the first healthy answer", by_the_clock=True).at_most(0.7),
                Figure("idle", "MB of memory, idle").at_most(70),
            ),
            own=True,
        ),
        Case(
            "workers", "20 events at once, 400 streams at a time: two processes against one",
            Workers(Load("twenty", streams=4000, at_once=400, ramp=0.2)),
            (
                Figure("capacity", "× the calls of one process, by the CPU of the busier one")
                .wanting(Target(1.8, "at least")),
                Figure("wall", "× the calls of one process, by the clock, beside the load"),
                Figure("share", "% of the CPU time that the busier one has"),
                Figure("cost", "× the CPU time of one process for the same calls"),
            ),
            own=True, gateways_only=True,
        ),
    )
}  # fmt: skip

USUAL = tuple(
    name for name, case in CASES.items() if case.judged and not case.own and name != "ttft50"
)
