"""Judges a GenerateAssistantResponse request as the service would, from the service's own rules.

It reads raw JSON and shares no code with the gateway's converter: a misunderstanding there
has to show here as a refusal. Source: upstream-protocol.md 2 and 4.5.

    >>> from amq2api.sim.validator import validate
    >>> validate({"conversationState": {}}).message
    'Improperly formed request.'
"""

from collections.abc import Iterator, Mapping
from typing import Any

from amq2api.sim.catalogue import DEFAULT_MODEL, MODELS, Model, window
from amq2api.sim.faults import AWS_JSON, Encoding, Fault
from amq2api.sim.signing import SIGNER, Signer

from . import conversation, envelope, model_fields, reasoning, size
from .problems import Problem, Problems, worded
from .rules import INVARIANTS, LENIENT, STRICT, Rules

__all__ = ["INVARIANTS", "LENIENT", "STRICT", "Fault", "Rules", "complaints", "validate"]


def validate(
    body: object,
    *,
    encoding: Encoding = AWS_JSON,
    rules: Rules = STRICT,
    models: Mapping[str, Model] = MODELS,
    signer: Signer = SIGNER,
) -> Fault | None:
    """The service's answer if it refuses *body*, else None.

    Args:
        body: The request's JSON, decoded.
        encoding: Which words the refusal has; both encodings follow the same rules.
        models: What the account may use, by id, as ListAvailableModels publishes it.
        signer: Whose reasoning signatures are good.
    """
    found = complaints(body, rules=rules, models=models, signer=signer)
    first = next(iter(found), None)
    return None if first is None else worded(first, encoding)


def complaints(
    body: object, *, rules: Rules, models: Mapping[str, Model], signer: Signer
) -> Problems:
    """Everything wrong with *body*, in the service's order of checks, as far as one can see:
    a request of the wrong shape is judged no further."""
    strings = size.texts(body)
    if not size.encodable(strings):
        yield Problem("malformed", "2.1", "")
        return
    shape = list(envelope.request(rules).problems(body, ""))
    yield from shape
    if shape or not isinstance(body, dict):
        return
    talk = conversation.turns(body["conversationState"])
    yield from conversation.problems(talk, rules)
    model_id = talk[-1].body.get("modelId", DEFAULT_MODEL)
    model = models.get(model_id)
    if model is None and "I12" in rules:
        where = "conversationState.currentMessage.userInputMessage.modelId"
        yield Problem("model", "I12", where)
        return
    yield from _for_model(body, talk, model or MODELS[DEFAULT_MODEL], strings, rules, signer)


def _for_model(
    body: dict[str, Any],
    talk: list[conversation.Turn],
    model: Model,
    strings: list[str],
    rules: Rules,
    signer: Signer,
) -> Iterator[Problem]:
    if "additionalModelRequestFields" in body:
        fields = body["additionalModelRequestFields"]
        yield from model_fields.problems(fields, model.get("additionalModelRequestFieldsSchema"))
    if "I16" in rules:
        yield from reasoning.problems(talk, model["modelId"], signer, strict=rules.strict)
    images = sum(len(turn.body.get("images") or []) for turn in talk)
    too_heavy = size.weight(strings) > rules.weight_limit
    if "I13" in rules and (too_heavy or size.tokens(strings, images) > window(model)):
        yield Problem("too long", "I13", "")
