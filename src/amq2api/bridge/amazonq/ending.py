"""How a reply ended: the stop reason and the usage, from whatever trailer came.

Classic deployments send none; since 2026 it is ``metadataEvent``, ``contextUsageEvent``,
``meteringEvent`` (upstream-protocol.md 3.4). Token counts are in the model of the service but
were never seen (8.14): each number says where it is from.
"""

from collections.abc import Mapping
from typing import Any

from amq2api.bridge.backend import Outcome, Progress, merged
from amq2api.dialects import amazonq as q
from amq2api.dialects import messages as m
from amq2api.errors import UpstreamBroken

_REASONS: Mapping[str, m.StopReason] = {
    # upstream-protocol.md 3.3. END_TURN comes with tool calls too: those decide, not it.
    "END_TURN": "end_turn",
    "TOOL_USE": "end_turn",
    # No request of ours names one; a client that did could not be told which.
    "STOP_SEQUENCE": "end_turn",
    "MAX_TOKENS": "max_tokens",
    "MODEL_CONTEXT_WINDOW_EXCEEDED": "model_context_window_exceeded",
    "CONTENT_FILTERED": "refusal",
    "GUARDRAIL_INTERVENED": "refusal",
    "PAUSE_TURN": "pause_turn",
}
_FAILURES: Mapping[str, str] = {
    "MALFORMED_TOOL_USE": "the model wrote a tool call that cannot be read",
    "MALFORMED_MODEL_OUTPUT": "the model wrote output that cannot be read",
}
_CUT_SHORT = frozenset({"max_tokens", "model_context_window_exceeded", "refusal"})


class Ending:
    """Takes the events of the trailer, in any order, and answers at the end."""

    __slots__ = ("_credits", "_details", "_percentage", "_reason", "_tokens", "trailer")

    def __init__(self) -> None:
        self._reason: str | None = None
        self._details: Any = None
        self._tokens: q.TokenUsage | None = None
        self._percentage: float | None = None
        self._credits: float | None = None
        self.trailer = False
        """Whether any event of a trailer has come."""

    def take(self, event: q.MetadataEvent | q.ContextUsageEvent | q.MeteringEvent) -> None:
        self.trailer = True
        match event:
            case q.MetadataEvent(reason, details, tokens):
                self._reason = reason.upper() if reason else self._reason
                self._details = details if details is not None else self._details
                self._tokens = tokens or self._tokens
            case q.ContextUsageEvent(percentage):
                self._percentage = percentage
            case q.MeteringEvent(usage):
                self._credits = usage

    @property
    def told(self) -> bool:
        """Whether the service said why it stopped."""
        return self._reason is not None

    @property
    def cut_short(self) -> bool:
        """Whether the model ran out of room or was stopped: a tool call may be half written."""
        return self._stop_reason() in _CUT_SHORT

    @property
    def unreadable(self) -> bool:
        """Whether the model wrote a tool call that nobody can read."""
        return self._reason == "MALFORMED_TOOL_USE"

    def judge(self) -> None:
        """See whether the service stands by its answer.

        Raises:
            UpstreamBroken: the service says that what it sent is no good.
        """
        if (failure := _FAILURES.get(self._reason or "")) is not None:
            raise UpstreamBroken(failure)

    def end(self, *, tools: bool) -> m.EndOfMessage:
        """The client's stop reason; *tools* says whether it has whole calls to answer.

        Raises:
            UpstreamBroken: the service says that what it sent is no good.
        """
        self.judge()
        reason = self._stop_reason()
        # A turn with a call for the client to answer is never just paused (claude-api.md 5.1);
        # and where only the percentage speaks of a full window, the next call finds out.
        if tools and (reason in ("end_turn", "pause_turn") or self._reason is None):
            reason = "tool_use"
        return m.EndOfMessage(reason, None, self._refusal() if reason == "refusal" else None)

    def add_up(
        self,
        before: Progress,
        estimate: m.Usage,
        window: int | None,
        outcome: Outcome,
        *,
        blocks: int,
        searches: int,
    ) -> Progress:
        """Where the answer stands with the use of this request; also told to *outcome*.

        Args:
            window: Size of the model's context window in tokens, where published.
        """
        usage, outcome.usage_source = self._usage(estimate, window)
        outcome.request_tokens = (
            usage.input_tokens + usage.cache_creation_input_tokens + usage.cache_read_input_tokens
        )
        spent = [credits for credits in (before.credits, self._credits) if credits is not None]
        outcome.credits = sum(spent) if spent else None
        after = Progress(
            begun=True,
            blocks=blocks,
            input_tokens=before.input_tokens + usage.input_tokens,
            cache_written=before.cache_written + usage.cache_creation_input_tokens,
            cache_read=before.cache_read + usage.cache_read_input_tokens,
            output_tokens=before.output_tokens + usage.output_tokens,
            searches=searches,
            credits=outcome.credits,
            notes=merged(outcome.notes),
        )
        outcome.input_tokens, outcome.output_tokens = after.whole_input, after.output_tokens
        return after

    def _usage(self, estimate: m.Usage, window: int | None) -> tuple[m.Usage, str]:
        """The best numbers there are, and where they are from."""
        if (told := self._tokens) is not None:
            usage = m.Usage(
                told.uncached_input_tokens,
                told.cache_write_input_tokens or 0,
                told.cache_read_input_tokens or 0,
                told.output_tokens,
            )
            return usage, "service"
        if self._percentage and window:
            # The percentage counts the window after generation: input and output (3.4).
            filled = round(self._percentage / 100 * window)
            written = estimate.output_tokens
            return m.Usage(max(filled - written, 1), 0, 0, written), "context"
        return estimate, "estimate"

    def _stop_reason(self) -> m.StopReason:
        if self._reason is None and self._percentage is not None and self._percentage >= 100:
            return "model_context_window_exceeded"
        return _REASONS.get(self._reason or "", "end_turn")

    def _refusal(self) -> dict[str, Any]:
        told = self._details.get("refusal") if isinstance(self._details, dict) else None
        said = told if isinstance(told, dict) else {}
        return {
            "type": "refusal",
            "category": said.get("category"),
            "explanation": said.get("explanation"),
        }
