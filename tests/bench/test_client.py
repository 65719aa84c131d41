"""The load client must not be satisfied with less: each fault is one it has to find."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from measure import tools
from measure.loads import Load, Seen
from measure.processes import Broken, Process
from measure.proxies import Proxy, gateway
from measure.scripts import Script, answer
from threaded import Quiet, serving

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler")

SCRIPT = answer("said", ["Hello", ' "wörld"\n', " 😀", "\u2028"])
LOAD = Load("said", streams=3, at_once=2, limit=10)


def event(kind: str, **members: object) -> bytes:
    data = json.dumps({"type": kind, **members})
    return f"event: {kind}\ndata: {data}\n\n".encode()


def delta(text: str) -> bytes:
    return event("content_block_delta", index=0, delta={"type": "text_delta", "text": text})


START, STOP = event("message_start", message={}), event("message_stop")
TEXT = [delta("Hello"), delta(' "wörld"\n'), delta(" 😀"), delta("\u2028")]
WHOLE = b"".join([START, *TEXT, STOP])
BROKEN = event("error", error={"type": "api_error", "message": "lost"})


@contextmanager
def proxy(body: bytes, tmp_path: Path, status: int = 200, promised: int = 0) -> Iterator[Proxy]:
    """A server that always gives the same answer, cut short if more was *promised*."""

    class Same(Quiet):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(status)
            self.send_header("content-length", str(promised or len(body)))
            self.end_headers()
            self.wfile.write(body)
            self.close_connection = bool(promised)

    with serving(Same) as port, idle(port, tmp_path) as process:
        yield Proxy(gateway("none"), process)


def idle(port: int, home: Path) -> Process:
    """A process to account for: the server itself is this one."""
    return Process("gateway", ["sleep", "60"], port, home, cpu=None)


def measured(proxy: Proxy, tmp_path: Path, script: Script = SCRIPT, load: Load = LOAD) -> Seen:
    return tools.put(job(proxy, tmp_path, script, load))


def job(proxy: Proxy, tmp_path: Path, script: Script, load: Load) -> tools.Job:
    tools.build()
    body = tmp_path / "request"
    body.write_bytes(b"{}")
    return tools.Job(load, script, proxy, body, cpu=None)


def test_a_right_answer_is_accepted(tmp_path: Path) -> None:
    with proxy(WHOLE, tmp_path) as target:
        assert measured(target, tmp_path).events == 12


def test_a_paused_client_reads_on_where_it_stopped(tmp_path: Path) -> None:
    script = answer("said", [f"{i:05}" * 20 for i in range(20_000)])
    deltas = [delta(f"{i:05}" * 20) for i in range(20_000)]
    paused = replace(LOAD, streams=1, at_once=1, pause=0.3)
    with proxy(b"".join([START, *deltas, STOP]), tmp_path) as target:
        seen = measured(target, tmp_path, script, paused)
    assert seen.events == 20_000
    assert seen.seconds >= 0.3
    assert seen.gap_most >= 290


def test_streams_are_told_to_be_open_when_all_of_them_are(tmp_path: Path) -> None:
    with proxy(WHOLE, tmp_path) as target, tools.putting(job(target, tmp_path, SCRIPT, LOAD)) as at:
        at.await_open()
        assert at.finish().requests == 3


def test_what_ends_before_it_is_open_is_found(tmp_path: Path) -> None:
    with (
        proxy(b"{}", tmp_path, status=500) as target,
        tools.putting(job(target, tmp_path, SCRIPT, LOAD)) as at,
        pytest.raises(Broken, match="refused"),
    ):
        at.await_open()


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        pytest.param(WHOLE.replace(TEXT[1], b""), "pieces lost", id="a delta lost"),
        pytest.param(WHOLE.replace(TEXT[1], TEXT[1] * 2), "made up", id="a delta twice"),
        pytest.param(WHOLE.replace(b"Hello", b"Hallo"), "text differs", id="other text"),
        pytest.param(
            b"".join([START, TEXT[1], TEXT[0], *TEXT[2:], STOP]), "text differs", id="other order"
        ),
        pytest.param(WHOLE.removesuffix(STOP), "no end", id="no message_stop"),
        pytest.param(WHOLE.removeprefix(START), "no beginning", id="no message_start"),
        pytest.param(START + BROKEN, "an error event", id="error event"),
        pytest.param(WHOLE + TEXT[0], "follows message_stop", id="more after the end"),
        pytest.param(WHOLE[:-1], "no end", id="the last event unfinished"),
        pytest.param(WHOLE + b": la", "left over", id="half an event after the end"),
        pytest.param(
            WHOLE.replace(b"event: content_block_delta", b"event: ping", 1), "differ",
            id="event and type differ",
        ),
    ],
)  # fmt: skip
def test_a_wrong_answer_is_found(body: bytes, complaint: str, tmp_path: Path) -> None:
    with proxy(body, tmp_path) as target, pytest.raises(Broken, match=complaint):
        measured(target, tmp_path)


def test_a_refusal_is_found(tmp_path: Path) -> None:
    body = b'{"type":"error"}'
    with proxy(body, tmp_path, status=529) as target, pytest.raises(Broken, match="refused"):
        measured(target, tmp_path)


def test_a_cut_answer_is_found(tmp_path: Path) -> None:
    promised = len(WHOLE) + 1
    with (
        proxy(WHOLE, tmp_path, promised=promised) as target,
        pytest.raises(Broken, match="in the middle"),
    ):
        measured(target, tmp_path)


def test_tool_input_is_compared_as_well(tmp_path: Path) -> None:
    script = answer("said", ["Hello"], [("Write", '{"a": 1}')])
    other = {"type": "input_json_delta", "partial_json": '{"a": 2}'}
    fragment = event("content_block_delta", index=1, delta=other)
    with (
        proxy(b"".join([START, TEXT[0], fragment, STOP]), tmp_path) as target,
        pytest.raises(Broken, match="tool input differs"),
    ):
        measured(target, tmp_path, script)
