"""Texts of every kind, and JSON made of them: what clients, models and hostile people write."""

from typing import Any

from hypothesis import strategies as st

__all__ = ["HOSTILE", "INPUTS", "KEYS", "TEXTS", "VALUES"]

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

_LETTERS = st.sampled_from('αβγδ日é🎉\n\t "\\<>./1')
_ANYTHING = st.characters(
    codec="utf-8", exclude_characters="ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)

TEXTS = st.one_of(
    st.text(_LETTERS, max_size=6),
    st.sampled_from(HOSTILE),
    st.lists(st.sampled_from(HOSTILE), max_size=3).map("".join),
    st.text(_ANYTHING, max_size=5),
    st.sampled_from(["", "γ" * 300, "δ\n" * 120, "🎉" * 90]),
)
KEYS = st.one_of(
    st.text("αβ日_", min_size=1, max_size=3),
    st.sampled_from(
        ["", "_", "\0", "\u2028", "🎉", "$", "α.β", "α" * 70, "\ufeff", "é", "e\u0301"]
    ),
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-9, 9)
    | st.sampled_from([2**53, 2**64, -(10**30), 0.1, 1e300, -0.0, 5e-324])
    | TEXTS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner, max_size=2),
    max_leaves=4,
)
INPUTS = st.dictionaries(KEYS, VALUES, max_size=3)
