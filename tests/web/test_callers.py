from collections.abc import Sequence

import pytest

from amq2api.web.callers import KEY, caller

CLAUDE, OPENCODE = b"x-claude-code-session-id", b"x-session-id"


def name(
    *headers: tuple[bytes, bytes], key: int | None = None, client: Sequence[object] | None = None
) -> str:
    scope = {"type": "http", "headers": headers, "client": client}
    return caller(scope if key is None else {**scope, KEY: key})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (name(key=0), name(key=1)),
        (name((CLAUDE, b"a")), name((CLAUDE, b"b"))),
        (name((OPENCODE, b"a")), name((OPENCODE, b"b"))),
        (name(client=("127.0.0.1", 1)), name(client=("127.0.0.2", 1))),
        (name((CLAUDE, b"0")), name(key=0)),
        (name((CLAUDE, b"127.0.0.1")), name(client=("127.0.0.1", 1))),
    ],
)
def test_callers_are_told_apart(one: str, other: str) -> None:
    assert one != other


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (name((CLAUDE, b"a"), key=0), name((CLAUDE, b"b"), key=0)),
        (name((CLAUDE, b"a"), client=("::1", 1)), name((CLAUDE, b"a"), client=("::2", 2))),
        (name(client=("::1", 1)), name((CLAUDE, b""), client=("::1", 2))),
        (name(), name()),
    ],
)
def test_the_calls_of_one_caller_share_a_name(one: str, other: str) -> None:
    assert one == other


def test_a_name_is_short_and_holds_no_key() -> None:
    shown = name((b"x-api-key", b"sk-1"), (CLAUDE, b"\xff" * 100_000), (b"authorization", b"sk-2"))
    assert len(shown) < 100
    assert "sk-" not in shown
