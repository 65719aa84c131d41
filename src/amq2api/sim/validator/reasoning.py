"""Replayed reasoning: unmodified, to the same model, or not at all (I16)."""

from collections.abc import Iterator

from amq2api.sim.signing import Signer

from .conversation import Turn
from .problems import Problem


def problems(
    conversation: list[Turn], model_id: str, signer: Signer, *, strict: bool
) -> Iterator[Problem]:
    """Only Claude's signatures are verified; GPT's pass as they are (2.3)."""
    if model_id.startswith("gpt"):
        return
    for turn in conversation:
        reasoning = turn.body.get("reasoningContent", {}).get("reasoningText")
        if reasoning is None:
            continue
        signature = reasoning.get("signature")
        if signature is None and not strict:
            continue
        if not signer.knows(signature or "", reasoning["text"], model_id):
            yield Problem("signature", "I16", f"{turn.where}.reasoningContent")
