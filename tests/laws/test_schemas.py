"""Tools' schemas, said again for the service: against jsonschema, which knows the standard."""

import json
from typing import Any

import msgspec
from hypothesis import given, note
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError
from referencing import Registry
from referencing.exceptions import Unresolvable

from amq2api.bridge.amazonq.schema import normalise
from amq2api.sim.validator.schemas import problems
from laws.schemas import PROPERTIES, ROOTS
from laws.tally import held
from laws.texts import VALUES

ANSWERS = st.dictionaries(
    st.sampled_from(PROPERTIES),
    VALUES | st.dictionaries(st.sampled_from(PROPERTIES), VALUES, max_size=2),
    max_size=3,
)


@given(ROOTS)
def test_the_service_takes_any_schema(schema: dict[str, Any]) -> None:
    note(json.dumps(schema))
    raw = msgspec.json.encode(schema)
    made, _ = normalise(raw)
    assert list(problems(json.loads(made), "", strict=True)) == []
    assert normalise(raw)[0] == made
    held("any schema becomes one that the service takes")


@given(ROOTS, ANSWERS)
def test_what_is_not_lost_means_the_same(schema: dict[str, Any], answer: dict[str, Any]) -> None:
    """Where nothing is noted as lost, what the model may answer is what the client allows."""
    note(json.dumps({"schema": schema, "answer": answer}))
    made, lost = normalise(msgspec.json.encode(schema))
    if lost or (theirs := _verdict(schema, answer)) is None:
        return
    assert _verdict(json.loads(made), answer) == theirs
    held("a schema of which nothing is lost allows what it allowed")


def _verdict(schema: dict[str, Any], answer: Any) -> bool | None:
    """Whether *schema* allows *answer*; None if it is no schema of the standard."""
    try:
        Draft202012Validator.check_schema(schema)
        return Draft202012Validator(schema, registry=Registry()).is_valid(answer)
    except (SchemaError, Unresolvable, RecursionError):
        return None
