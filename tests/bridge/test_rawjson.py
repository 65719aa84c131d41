import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amq2api.bridge.amazonq.rawjson import sound

REPAIRS: dict[str, tuple[bytes, bytes]] = {
    "nothing": (b"{}", b"{}"),
    "numbers keep their digits": (b'{"a":1.50e3,"":1e999}', b'{"a":1.50e3,"_":1e999}'),
    "empty texts stay": (b'{"a":"","b":["",""]}', b'{"a":"","b":["",""]}'),
    "space before the colon": (b'{"" \n:1}', b'{"_" \n:1}'),
    "a text that looks like a key": (rb'{"a":"\"\":","":1}', rb'{"a":"\"\":","_":1}'),
    "nothing but such a text": (rb'{"a":"\"\":"}', rb'{"a":"\"\":"}'),
    "the underscore is a key already": (b'{"_":1,"":2}', b'{"_":1,"_f3ba398b":2}'),
    "a lone half": (rb'{"a":"x\ud83dy"}', rb'{"a":"x\ufffdy"}'),
    "a lone second half": (rb'{"\uDE00":1}', rb'{"\ufffd":1}'),
    "two first halves and a second": (
        rb'{"a":"\ud83d\ud83d\ude00"}', rb'{"a":"\ufffd\ud83d\ude00"}',
    ),
    "a whole pair": (rb'{"a":"\ud83d\ude00"}', rb'{"a":"\ud83d\ude00"}'),
    "an escaped backslash": (rb'{"a":"\\ud83d"}', rb'{"a":"\\ud83d"}'),
}  # fmt: skip


@pytest.mark.parametrize(("raw", "made"), REPAIRS.values(), ids=REPAIRS)
def test_repairs(raw: bytes, made: bytes) -> None:
    assert sound(raw) == made


@pytest.mark.parametrize("raw", [raw for raw, made in REPAIRS.values() if raw == made])
def test_what_is_sound_is_not_even_copied(raw: bytes) -> None:
    assert sound(raw) is raw


TEXTS = st.text(st.sampled_from(list('"\\:_ a{[,\ud83d\ude00')), max_size=6)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.integers() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
)


@given(st.dictionaries(TEXTS, VALUES), st.booleans())
def test_the_rest_stays_as_it_was(value: dict[str, Any], spaced: bool) -> None:
    raw = json.dumps(value, indent=1 if spaced else None).encode()
    key = "_" if b'"_"' not in raw else "_" + hashlib.sha256(raw).hexdigest()[:8]
    assert json.loads(sound(raw)) == repaired(json.loads(raw), key)


def repaired(value: Any, key: str) -> Any:
    """The two repairs once more, on decoded JSON."""
    if isinstance(value, dict):
        return {whole(name) or key: repaired(inner, key) for name, inner in value.items()}
    if isinstance(value, list):
        return [repaired(inner, key) for inner in value]
    return whole(value) if isinstance(value, str) else value


def whole(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
