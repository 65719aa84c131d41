"""``/metrics`` as Prometheus reads it, and who may."""

import asyncio
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from prometheus_client import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as classic

from amq2api.relay.families import FAMILIES
from amq2api.relay.metrics import Metrics
from amq2api.relay.records import Record
from amq2api.relay.snapshots import Snapshot
from amq2api.web.metrics import rendered
from bridge.replies import text
from gateways import HELLO, Gateway, answer, running, stream

KEY = "sk-amq-0123456789"
CALL = {"model": "claude-sonnet-4-5", "max_tokens": 9, "messages": [
    {"role": "user", "content": "hi"}]}  # fmt: skip
OPEN = "application/openmetrics-text;version=1.0.0,text/plain;q=0.5"


def numbers() -> Snapshot:
    metrics = Metrics(lambda name: name)
    metrics.answered("/v1/messages", 200)
    for seconds in (0.2, 0.3, 7.0, 99_999.0):
        metrics.ended(
            Record(id="r", at=0.0, outcome="end_turn", ok=True, seconds=seconds, first=0.1,
                   model='claude "x"\\\n', input_tokens=5)
        )  # fmt: skip
    metrics.sources.append(lambda: [("amq2api_build_info", ("1.0", "3.11"), 1.0)])
    return metrics.snapshot()


class Read:
    """A page, as Prometheus understands it."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._found = {
            (sample.name, *sorted(sample.labels.items())): sample.value
            for family in families
            for sample in family.samples
        }

    def __call__(self, name: str, **labels: str) -> float | None:
        return self._found.get((name, *sorted(labels.items())))


def read_classic(page: bytes) -> Read:
    return Read(classic(page.decode()))


def read_open(page: bytes) -> Read:
    return Read(openmetrics(page.decode()))  # type: ignore[no-untyped-call]


def test_prometheus_reads_what_was_counted() -> None:
    body, form = rendered(numbers(), "")
    assert form.startswith("text/plain")
    read = read_classic(body)
    assert read("amq2api_http_requests_total", endpoint="messages", status="200") == 1.0
    assert read("amq2api_tokens_total", model='claude "x"\\\n', direction="input") == 20.0
    assert read("amq2api_build_info", version="1.0", python="3.11") == 1.0
    assert read("amq2api_call_seconds_bucket", result="ok", le="0.25") == 1.0
    assert read("amq2api_call_seconds_bucket", result="ok", le="10.0") == 3.0
    assert read("amq2api_call_seconds_bucket", result="ok", le="+Inf") == 4.0
    assert read("amq2api_call_seconds_count", result="ok") == 4.0
    assert read("amq2api_call_seconds_sum", result="ok") == pytest.approx(100_006.5)


def test_who_asks_for_openmetrics_gets_it() -> None:
    body, form = rendered(numbers(), OPEN)
    assert form.startswith("application/openmetrics-text")
    assert body.endswith(b"# EOF\n")
    read = read_open(body)
    assert read("amq2api_http_requests_total", endpoint="messages", status="200") == 1.0


def test_help_and_kind_are_those_of_the_table() -> None:
    body, _ = rendered(numbers(), "")
    told = {family.name: family for family in classic(body.decode())}
    for family in FAMILIES:
        if (metric := told.get(family.name.removesuffix("_total"))) is not None:
            assert (metric.type, metric.documentation) == (family.kind, family.help)


def test_nothing_counted_is_a_page_all_the_same() -> None:
    assert rendered([], "")[0] == b""


def test_the_story_of_three_calls_is_told(tmp_path: Path) -> None:
    async def story() -> None:
        async with running(tmp_path, attempts=1) as gateway:
            gateway.service.script = [
                HELLO,
                stream(text("Hello"), None),
                answer(429, {"__type": "ThrottlingException", "message": "slow down"}),
            ]
            for wanted in (200, 200, 429):
                status, _, _ = await gateway.post(CALL | {"stream": wanted == 200})
                assert status == wanted
            read = read_classic(await _page(gateway))
        assert read("amq2api_http_requests_total", endpoint="messages", status="200") == 2.0
        assert read("amq2api_http_requests_total", endpoint="messages", status="429") == 1.0
        assert read("amq2api_calls_total", outcome="end_turn", stream="true") == 1.0
        assert read("amq2api_calls_total", outcome="RateLimited", stream="false") == 1.0
        assert read("amq2api_truncated_streams_total", failure="UpstreamBroken") == 1.0
        assert read("amq2api_stream_gap_seconds_count") == 2.0
        assert read("amq2api_upstream_answers_total", status="200", exception="", reason="") == 2.0
        assert (
            read(
                "amq2api_upstream_answers_total",
                status="429",
                exception="ThrottlingException",
                reason="",
            )
            == 1.0
        )
        assert read("amq2api_tokens_total", model="claude-sonnet-4.5", direction="output")
        assert read("amq2api_refreshes_total", outcome="renewed") == 1.0
        assert read("amq2api_accounts", state="throttled") == 1.0
        assert read("amq2api_calls_in_progress") == 0.0
        assert (read("process_resident_memory_bytes") or 0) > 10_000_000
        assert (read("process_open_fds") or 0) > 3

    asyncio.run(story())


def test_whoever_may_not_call_may_not_read_the_numbers(tmp_path: Path) -> None:
    async def story() -> None:
        async with running(tmp_path, api_keys=(KEY,)) as gateway:
            async with gateway.http.get(gateway.url + "/metrics") as response:
                assert response.status == 401
            async with gateway.http.get(
                gateway.url + "/metrics", headers={"x-api-key": KEY, "accept": OPEN}
            ) as response:
                assert response.status == 200
                assert response.headers["request-id"].startswith("req_")
                assert response.content_type == "application/openmetrics-text"
                read = read_open(await response.read())
        assert read("amq2api_http_requests_total", endpoint="metrics", status="401") == 1.0

    asyncio.run(story())


def test_the_numbers_can_be_got_only_and_only_where_they_are_wanted(tmp_path: Path) -> None:
    async def story() -> None:
        async with running(tmp_path) as gateway:
            status, _, _ = await gateway.post(b"", "/metrics")
            assert status == 405
            async with gateway.http.head(gateway.url + "/metrics") as response:
                assert response.status == 200
                assert int(response.headers["content-length"]) > 100
                assert await response.read() == b""
        async with (
            running(tmp_path, metrics=False) as gateway,
            gateway.http.get(gateway.url + "/metrics") as response,
        ):
            assert response.status == 404

    asyncio.run(story())


def test_prometheus_client_is_not_loaded_before_anybody_asks() -> None:
    program = (
        "import sys, amq2api.cli.building;"
        "assert not any(name.startswith('prometheus') for name in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


async def _page(gateway: Gateway) -> bytes:
    async with gateway.http.get(gateway.url + "/metrics") as response:
        assert response.status == 200
        return await response.read()


_ASKED = st.lists(
    st.sampled_from(
        ["application/openmetrics-text", "text/plain", "*/*", ";", ",", "=", " ", "version",
         "1.0.0", "a.b", "escaping", "allow-utf-8", "q", "-1", ".", "\xff"]
    )
)  # fmt: skip


@example("application/openmetrics-text; version=a.b")
@example("text/plain; version=1.x; escaping=allow-utf-8")
@given(_ASKED.map("".join) | st.text(max_size=40))
def test_whatever_is_asked_for_there_is_an_answer(accept: str) -> None:
    body, form = rendered(numbers(), accept)
    assert b"amq2api_calls_total" in body
    assert form.startswith(("text/plain", "application/openmetrics-text"))
    form.encode("latin-1")
