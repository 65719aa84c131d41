"""Texts of every kind, and JSON made of them: what clients, models and hostile people write."""

from typing import Any

from hypothesis import strategies as st

__all__ = ["HOSTILE", "INPUTS", "KEYS", "SAID", "TEXTS", "VALUES"]

HOSTILE = (
    "\0", "\x00\x07\x1b[31m", "\ufeff", "\ufeffβ", "\u2028", "\u2029", "\x85",
    "α\u2028β\u2029γ\x85δ",
    "\v\f\x1c\x1d\x1e", "\r\n", "\r", "\t", " ", "\u00a0", "\u3000", "\u200b", "\u200d", "\u202e",
    "e\u0301", "a\u0300\u0301\u0302\u0303", "\u0915\u094d\u0937", "שלום", "مرحبا بالعالم",
    "\u202bעברית\u202c", "日本語", "한국어", "汉字", "𠮷", "𝔘𝔫𝔦", "🎉",
    "👩\u200d👩\u200d👧\u200d👦",
    "🏳\ufe0f\u200d🌈", "🇺🇳", "👍🏽", "1\ufe0f\u20e3", "\ue000", "\uf8ff", "\ufffd", "\uffff",
    "\ufdd0", "\U0010ffff", "\U000e0041", "\\", "\\\\", '"', "'", "\\u0000", "\\ud83d", "\\n",
    "</s>",
    "<", "<>", "</", "<!--", "]]>", "&amp;", "```", "{", "}", "{}", "[]", "{0}", "{α}", "%s", "$1",
    "0", "1e400", "-0.0", ":", "data: ", "event: ", "\n\n", "\n\ndata: {}\n\n", "[1]",
)  # fmt: skip
"""Each of these has broken a program somewhere. None holds two ASCII letters that the program's
own words hold: a word of the program's is seen at once."""

_LETTERS = st.text(st.sampled_from('αβγδ日é🎉\n\t "\\<>./1'), max_size=6)
_ANYTHING = st.text(
    st.characters(
        codec="utf-8",
        exclude_characters="ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
    ),
    max_size=5,
)
_HOSTILE = st.sampled_from(HOSTILE)
_LONG = st.sampled_from(["", "γ" * 300, "δ\n" * 120, "🎉" * 90])
_KINDS = st.sampled_from([_LETTERS, _LETTERS, _HOSTILE, _HOSTILE, _ANYTHING, _LONG, None])


# Functions, not expressions: a strategy that tells of all its parts takes pages.
@st.composite
def _texts(draw: st.DrawFn) -> str:
    kind = draw(_KINDS)
    return draw(kind) if kind is not None else "".join(draw(_HOSTILE) for _ in range(3))


@st.composite
def _said(draw: st.DrawFn) -> str:
    text = draw(TEXTS)
    return text if text.strip() else f"{text}σ"


@st.composite
def _keys(draw: st.DrawFn) -> str:
    return draw(_KEYS)


@st.composite
def _values(draw: st.DrawFn, depth: int = 2) -> Any:
    kind = draw(st.integers(0, 7 if depth else 4))
    if kind > 4:
        inner = [draw(_values(depth - 1)) for _ in range(draw(st.integers(0, 2)))]
        return inner if kind == 5 else {draw(KEYS): value for value in inner}
    return draw(_SCALARS if kind < 3 else TEXTS)


@st.composite
def _inputs(draw: st.DrawFn) -> dict[str, Any]:
    return {draw(KEYS): draw(VALUES) for _ in range(draw(st.integers(0, 3)))}


_KEYS = st.sampled_from([
    "α", "β", "αβ", "α", "β", "日_", "", "_", "\0", "\u2028", "🎉", "$", "α.β", "α" * 70, "\ufeff",
    "é", "e\u0301", '"', "\\",
])  # fmt: skip
_SCALARS = st.sampled_from([
    None, True, False, 0, -1, 9, 2**53, 2**64, -(10**30), 0.1, 1e300, -0.0, 5e-324, "α", "",
])  # fmt: skip

TEXTS: st.SearchStrategy[str] = _texts()
SAID: st.SearchStrategy[str] = _said()
"""Texts that are not blank."""
KEYS: st.SearchStrategy[str] = _keys()
VALUES: st.SearchStrategy[Any] = _values()
"""JSON of any kind."""
INPUTS: st.SearchStrategy[dict[str, Any]] = _inputs()
"""JSON objects."""
