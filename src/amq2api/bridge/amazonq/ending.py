"""How a reply ended: the stop reason and the usage, from whatever trailer came.

Classic deployments send none; since 2026 it is ``metadataEvent``, ``contextUsageEvent``,
``meteringEvent`` (upstream-protocol.md 3.4). Token counts are in the model of the service but
were never seen (8.14): each number says where it is from.
"""

from collections.abc import Mapping
from typing import Any

from amq2api.bridge.backend import Outcome
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
_CUT_SHORT = frozenset({"max_tokens", "model_context_window_exceeded"})


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
        """Whether the model ran out of room: then a tool call may be left half written."""
        return self._stop_reason() in _CUT_SHORT

    def end(self, *, tools: bool) -> m.EndOfMessage:
        """The client's stop reason.

        Raises:
            UpstreamBroken: the service says that what it sent is no good.
        """
        if (failure := _FAILURES.get(self._reason or "")) is not None:
            raise UpstreamBroken(failure)
        reason = self._stop_reason()
        # A turn with a call for the client to answer is never just paused (claude-api.md 5.1).
        if reason in ("end_turn", "pause_turn") and tools:
            reason = "tool_use"
        return m.EndOfMessage(reason, None, self._refusal() if reason == "refusal" else None)

    def usage(self, input_tokens: int, output_tokens: int, window: int | None) -> m.Usage:
        """The best numbers there are; the arguments are estimates."""
        if (told := self._tokens) is not None:
            return m.Usage(
                told.uncached_input_tokens,
                told.cache_write_input_tokens or 0,
                told.cache_read_input_tokens or 0,
                told.output_tokens,
            )
        if self._percentage and window:
            # The percentage counts the window after generation: input and output (3.4).
            filled = round(self._percentage / 100 * window)
            return m.Usage(max(filled - output_tokens, 1), 0, 0, output_tokens)
        return m.Usage(input_tokens, 0, 0, output_tokens)

    def report(self, outcome: Outcome, usage: m.Usage, window: int | None) -> None:
        """Note in *outcome* what one request used and where the numbers are from."""
        outcome.request_tokens = (
            usage.input_tokens + usage.cache_creation_input_tokens + usage.cache_read_input_tokens
        )
        outcome.credits = self._credits
        if self._tokens is not None:
            outcome.usage_source = "service"
        elif self._percentage and window:
            outcome.usage_source = "context"

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
