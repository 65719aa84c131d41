"""The table of metrics: what ``/metrics`` tells, and what each number means."""

from typing import Literal, NamedTuple


class Family(NamedTuple):
    """One metric, as ``/metrics`` and its documentation tell of it."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    help: str
    labels: tuple[str, ...] = ()
    bounds: tuple[float, ...] = ()
    """Of a histogram: upper bounds of its buckets, in seconds."""
    together: Literal["sum", "max", "min"] = "sum"
    """What the numbers of several processes come to."""


WAITS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0)
LENGTHS = (0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 40.0, 60.0, 120.0, 300.0, 600.0, 1800.0)
TURNS = (0.01, 0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)

FAMILIES: tuple[Family, ...] = (
    Family("amq2api_http_requests_total", "counter",
           "HTTP requests, by what was asked for and the status of the answer.",
           ("endpoint", "status")),
    Family("amq2api_calls_total", "counter",
           "Calls of /v1/messages that are over: Claude's stop reason, the class of the failure,"
           " or abandoned by the client.", ("outcome", "stream")),
    Family("amq2api_call_seconds", "histogram",
           "From a call's coming to its end.", ("result",), LENGTHS),
    Family("amq2api_first_event_seconds", "histogram",
           "From a call's coming until the service began to answer.", (), WAITS),
    Family("amq2api_stream_gap_seconds", "histogram",
           "The longest silence of the service within an answer.", (), WAITS),
    Family("amq2api_upstream_answers_total", "counter",
           "What the service said to requests for an answer: the HTTP status, or none where the"
           " road failed; the exception, or the class of the failure; its reason.",
           ("status", "exception", "reason")),
    Family("amq2api_retries_total", "counter",
           "Further requests that a failure led to: what was done, and the class of the failure.",
           ("step", "failure")),
    Family("amq2api_truncated_streams_total", "counter",
           "Answers that broke off after the service had begun them.", ("failure",)),
    Family("amq2api_runaway_stops_total", "counter",
           "Calls refused because the same answer had broken again and again."),
    Family("amq2api_tokens_total", "counter",
           "Tokens of calls, read (input) and written (output), as the client was told.",
           ("model", "direction")),
    Family("amq2api_credits_total", "counter",
           "Credits that the service has charged.", ("model",)),
    Family("amq2api_refreshes_total", "counter",
           "Renewals of access tokens: renewed, or the class of the failure.", ("outcome",)),
    Family("amq2api_queue_seconds", "histogram",
           "Waiting of calls that found no free place, in the process, on the account or, large"
           " ones, among the bodies: served, full (too many waited), late (no turn came in time),"
           " left (the client did).",
           ("place", "end"), TURNS),
    Family("amq2api_calls_waiting", "gauge", "Calls that wait for their turn."),
    Family("amq2api_calls_in_progress", "gauge", "Calls being served."),
    Family("amq2api_held_body_bytes", "gauge", "Bytes of large calls at hand."),
    Family("amq2api_upstream_requests_in_progress", "gauge",
           "Requests to the service that are under way."),
    Family("amq2api_accounts", "gauge", "Accounts by how they fare.", ("state",), together="max"),
    Family("amq2api_workers", "gauge", "Processes whose numbers these are."),
    Family("amq2api_build_info", "gauge", "1; the versions are in the labels.",
           ("version", "python"), together="max"),
    Family("process_resident_memory_bytes", "gauge", "Memory in use, of all workers."),
    Family("process_open_fds", "gauge", "Open file descriptors, of all workers."),
    Family("process_max_fds", "gauge", "File descriptors that a worker may have.",
           together="min"),
    Family("process_cpu_seconds_total", "counter", "Processor time, of all workers."),
    Family("process_start_time_seconds", "gauge", "When the first worker began; Unix time.",
           together="min"),
)  # fmt: skip
BY_NAME = {family.name: family for family in FAMILIES}
