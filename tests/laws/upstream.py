"""What goes upstream, read back from its bytes by the service's own names."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import msgspec

from amq2api.bridge.amazonq.prepare import prepare
from amq2api.bridge.backend import Identity, Notes
from amq2api.dialects import amazonq as q
from amq2api.dialects import messages as m
from amq2api.sim.catalogue import MODELS as PUBLISHED
from bridge.conversations import Json
from laws.conversations import Request

__all__ = ["MODELS", "WHO", "Sent", "send", "strings"]

MODELS: dict[str, q.Model] = {
    **{f"{model.model_id} (built in)": model for model in q.BUILT_IN},
    **{name: msgspec.convert(dict(model), q.Model) for name, model in PUBLISHED.items()},
}
"""Every model there is: as built in, which offers nothing, and as the service publishes it."""

WHO = Identity(endpoint="http://service/", conversation_id="c", message_id="msg_1")


@dataclass(frozen=True)
class Sent:
    """A request to the service."""

    body: bytes
    notes: Notes

    @cached_property
    def json(self) -> Json:
        decoded: Json = json.loads(self.body)
        return decoded

    @cached_property
    def turns(self) -> list[Json]:
        """History and current message, without their wrapping."""
        state = self.json["conversationState"]
        wrapped = [*state.get("history", []), state["currentMessage"]]
        return [next(iter(message.values())) for message in wrapped]

    @property
    def users(self) -> list[Json]:
        return self.turns[::2]

    @property
    def assistants(self) -> list[Json]:
        return self.turns[1::2]

    @property
    def tools(self) -> list[Json]:
        entries = self.turns[-1].get("userInputMessageContext", {}).get("tools", [])
        return [entry["toolSpecification"] for entry in entries]

    @property
    def uses(self) -> list[Json]:
        return [use for turn in self.assistants for use in turn.get("toolUses", [])]

    @staticmethod
    def results(turn: Json) -> list[Json]:
        found: list[Json] = turn.get("userInputMessageContext", {}).get("toolResults", [])
        return found

    def spoken(self) -> Iterator[str]:
        """Every text that the model reads as language."""
        for turn in self.turns:
            yield turn["content"]
            for answer in self.results(turn):
                yield from (part["text"] for part in answer["content"])
        for tool in self.tools:
            yield tool["description"]

    def noted(self, fate: str, subject: str) -> int:
        return sum(n.count for n in self.notes if (n.fate, n.subject) == (fate, subject))


def send(request: Request | m.Call, model: q.Model, who: Identity = WHO) -> Sent:
    call = request.decoded() if isinstance(request, Request) else request
    prepared = prepare(call, model, who)
    return Sent(prepared.ask.body, prepared.notes)


def strings(value: Any) -> Iterator[str]:
    """Every text in some JSON, keys not included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from strings(inner)
