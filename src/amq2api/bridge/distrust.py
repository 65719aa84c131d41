"""Thoughts that the service has refused: remembered, so that they are refused only once.

Clients change providers and models in the middle of a conversation, and bring signatures along
that the service does not know as its own (upstream-protocol.md 2.10 I16). They look like its own;
only its refusal tells. That names none of them, and it would come at every further turn.
"""

import hashlib

from msgspec.structs import replace

from amq2api.dialects import messages as m

__all__ = ["Distrust"]

_MOST = 4_096  # proofs; a long conversation has some hundred


class Distrust:
    """Which thoughts not to send again; the oldest are forgotten first."""

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._refused: dict[bytes, None] = {}

    def learn(self, call: m.Call) -> None:
        """The service has refused the thoughts of *call*."""
        for message in call.messages:
            for block in message.content if isinstance(message.content, list) else ():
                if isinstance(block, m.Thinking | m.RedactedThinking):
                    self._refused[_digest(call.model, block)] = None
        for oldest in list(self._refused)[: max(0, len(self._refused) - self._most)]:
            del self._refused[oldest]

    def without(self, call: m.Call) -> m.Call:
        """The call, with no proof under thoughts that were refused."""
        if not self._refused:
            return call
        messages = [self._stripped(call.model, message) for message in call.messages]
        if all(new is old for new, old in zip(messages, call.messages, strict=True)):
            return call
        return replace(call, messages=messages)

    def _stripped(self, model: str, message: m.Message) -> m.Message:
        if message.role != "assistant" or not isinstance(message.content, list):
            return message
        content = [self._disproved(model, block) for block in message.content]
        if all(new is old for new, old in zip(content, message.content, strict=True)):
            return message
        return replace(message, content=content)

    def _disproved(self, model: str, block: m.Block) -> m.Block:
        match block:
            case m.Thinking() if _digest(model, block) in self._refused:
                return replace(block, signature="")
            case m.RedactedThinking() if _digest(model, block) in self._refused:
                return replace(block, data="")
        return block


def _digest(model: str, block: m.Thinking | m.RedactedThinking) -> bytes:
    proof = block.signature if isinstance(block, m.Thinking) else block.data
    said = f"{model}\0{proof}".encode("utf-8", "surrogatepass")
    return hashlib.blake2b(said, digest_size=16).digest()
