"""One call made ready: the request to send, the translator of its reply, what was changed."""

from operator import attrgetter

import msgspec

from amq2api.bridge import tokens
from amq2api.bridge.backend import Identity, Note, Prepared, Progress, merged
from amq2api.dialects import amazonq as q
from amq2api.dialects import messages as m
from amq2api.errors import GatewayError
from amq2api.wire.exchange import Answer, Ask

from .conversation import Conversation, convert
from .native import Native, negotiate
from .stream import StreamTranslator, Terms

# Members of the call that tune and carry no content, and have no counterpart upstream.
_DROPPED = (
    "temperature", "top_p", "top_k", "metadata", "service_tier", "speed", "inference_geo",
    "cache_control", "context_management", "diagnostics", "fallbacks", "fallback_credit_token",
    "billing_policy", "tags", "safeguards",
)  # fmt: skip
_FORCING = (m.AnyTool, m.OneTool)
_tuning = attrgetter(*_DROPPED)
_NOTHING = (None,) * len(_DROPPED)

_FROM_THE_START = Progress()
_LARGE = 500_000
"""Tokens of a call, some two megabytes, beyond which it is written in parts: so long as all of it
is written at once, no other thread runs."""


def prepare(
    call: m.Call,
    model: q.Model,
    identity: Identity,
    *,
    progress: Progress = _FROM_THE_START,
    gauge: tokens.Gauge = tokens.PLAIN,
) -> Prepared:
    """Translate *call* for *model*.

    Args:
        progress: Where the message stands that this call's reply is to go on with.
        gauge: How its tokens are counted.

    Raises:
        BadRequest: the service cannot be told what the call says; the place is named.
    """
    call = _remaining(call, progress)
    native = negotiate(call, model)
    conversation = convert(
        call,
        model_id=model.model_id,
        conversation_id=identity.conversation_id,
        origin=identity.origin,
        replay_reasoning=identity.replay_reasoning and _reasons(model),
        think_tags=native.think_tags,
    )
    request = q.GenerateRequest(
        conversation_state=conversation.state,
        profile_arn=identity.profile_arn,
        additional_model_request_fields=native.fields,
    )
    size = tokens.size(call, model.model_id)
    input_tokens = gauge.count(size, model.model_id)
    terms = _terms(call, model, native, identity, conversation, input_tokens)
    return Prepared(
        ask=_ask(request, identity, size),
        translator=StreamTranslator(terms, progress),
        notes=merged((*conversation.notes, *native.notes, *_dropped(call), *_cuts(call))),
        input_tokens=input_tokens,
        model_id=model.model_id,
        size=size,
    )


def verdict(answer: Answer, now: float | None = None) -> GatewayError:
    """What an answer that is no stream means; *now* is the time where that is known."""
    return q.read_answer(answer, now)


def headers(identity: Identity, target: str) -> dict[str, str]:
    """Headers of any request to the service (upstream-protocol.md 1.3), without credentials."""
    return {
        "content-type": q.JSON_CONTENT,
        "x-amz-target": target,
        "x-amzn-codewhisperer-optout": "true" if identity.opt_out else "false",
        "user-agent": identity.user_agent,
        "accept": "*/*",
    }


def _reasons(model: q.Model) -> bool:
    """Whether the model thinks natively, and so takes its own thoughts back."""
    return model.takes("thinking") is not None or model.takes("reasoning") is not None


def _remaining(call: m.Call, progress: Progress) -> m.Call:
    """The call with what is left of its limit: that is meant for the whole message."""
    if call.max_tokens is None or not progress.output_tokens:
        return call
    left = max(0, call.max_tokens - progress.output_tokens)
    return msgspec.structs.replace(call, max_tokens=left)


def _ask(request: q.GenerateRequest, identity: Identity, size: tokens.Size) -> Ask:
    encode = q.encode_in_turns if size.text > _LARGE else q.encode
    return Ask(identity.endpoint, encode(request), headers(identity, q.GENERATE))


def _terms(
    call: m.Call,
    model: q.Model,
    native: Native,
    identity: Identity,
    conversation: Conversation,
    input_tokens: int,
) -> Terms:
    choice, thinking = call.tool_choice, call.thinking
    asked_display = None if thinking is None else getattr(thinking, "display", None)
    return Terms(
        message_id=identity.message_id,
        model=call.model,
        input_tokens=input_tokens,
        tokenizer=tokens.tokenizer_of(model.model_id),
        window=model.window,
        names=conversation.names,
        search=tool.name if (tool := m.web_search(call)) is not None else None,
        max_tokens=native.cut_at,
        stop_sequences=tuple(call.stop_sequences or ()),
        forced=isinstance(choice, _FORCING) and bool(call.tools),
        no_tools=conversation.no_tools,
        prefill=_prefill(call),
        one_tool=choice is not None and bool(choice.disable_parallel_tool_use),
        thinking_tags=native.think_tags is not None,
        show_thinking=asked_display != "omitted",
        want_thinking=not isinstance(thinking, m.Disabled),
        expects_trailer=identity.expects_trailer,
    )


def _prefill(call: m.Call) -> str:
    """The text that the client had the answer begin with."""
    last = call.messages[-1]
    if last.role != "assistant" or not last.content:
        return ""
    end = last.content if isinstance(last.content, str) else last.content[-1]
    return end.text if isinstance(end, m.Text) else end if isinstance(end, str) else ""


def _dropped(call: m.Call) -> list[Note]:
    if (given := _tuning(call)) == _NOTHING:
        return []
    return [
        Note("dropped", name)
        for name, value in zip(_DROPPED, given, strict=True)
        if value is not None
    ]


def _cuts(call: m.Call) -> list[Note]:
    return [Note("approximated", "stop_sequences")] if call.stop_sequences else []
