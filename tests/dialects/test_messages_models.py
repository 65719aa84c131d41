import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amq2api.dialects import messages as m
from amq2api.errors import BadRequest

ENTRIES = [m.ModelEntry(id=f"claude-{n}", display_name=f"Claude {n}") for n in range(5)]


def told(page: m.ModelList) -> str:
    """A page in short: the numbers of its models, and whether more follow."""
    ids = [entry.id.removeprefix("claude-") for entry in page.data]
    ends = [page.first_id, page.last_id]
    assert ends == ([page.data[0].id, page.data[-1].id] if page.data else [None, None])
    return "".join(ids) + ("…" if page.has_more else "")


PAGES: dict[str, tuple[dict[str, int | str], str]] = {
    # claude-api.md C-008 to C-012
    "all": ({}, "01234"),
    "as many as may be asked for": ({"limit": 1000}, "01234"),
    "exactly all": ({"limit": 5}, "01234"),
    "the first": ({"limit": 1}, "0…"),
    "the next": ({"limit": 2, "after_id": "claude-0"}, "12…"),
    "the last": ({"limit": 2, "after_id": "claude-2"}, "34"),
    "after the last": ({"after_id": "claude-4"}, ""),
    "right before": ({"limit": 2, "before_id": "claude-4"}, "23…"),
    "before the second": ({"limit": 2, "before_id": "claude-1"}, "0"),
    "before the first": ({"before_id": "claude-0"}, ""),
    "after a stranger": ({"after_id": "gpt"}, ""),
    "before a stranger": ({"before_id": "gpt"}, ""),
}


@pytest.mark.parametrize(("asked", "story"), PAGES.values(), ids=PAGES)
def test_pages(asked: dict[str, int | str], story: str) -> None:
    assert told(m.page(ENTRIES, **asked)) == story  # type: ignore[arg-type]


def test_no_models_at_all() -> None:
    assert told(m.page([])) == ""


def test_twenty_unless_asked_otherwise() -> None:
    many = [m.ModelEntry(id=str(n), display_name="") for n in range(50)]
    assert [entry.id for entry in m.page(many).data] == [str(n) for n in range(20)]


LIMITS = {
    0: "limit: Input should be greater than or equal to 1",
    -3: "limit: Input should be greater than or equal to 1",
    1001: "limit: Input should be less than or equal to 1000",
}


@pytest.mark.parametrize(("limit", "complaint"), LIMITS.items())
def test_limits(limit: int, complaint: str) -> None:
    with pytest.raises(BadRequest) as caught:
        m.page(ENTRIES, limit=limit)
    assert str(caught.value) == complaint


@given(st.integers(0, 30), st.integers(1, 10))
def test_turning_pages_forward_shows_each_model_once(count: int, limit: int) -> None:
    """As the SDKs do it: ask for what comes after the last, until told that there is no more."""
    entries = [m.ModelEntry(id=f"m{n}", display_name="") for n in range(count)]
    seen: list[m.ModelEntry] = []
    page = m.page(entries, limit=limit)
    for _ in range(count):
        seen += page.data
        if not page.has_more:
            break
        page = m.page(entries, limit=limit, after_id=page.last_id)
    assert seen == entries and not page.has_more


@given(st.integers(1, 30), st.integers(1, 10))
def test_turning_pages_back_shows_each_model_once(count: int, limit: int) -> None:
    entries = [m.ModelEntry(id=f"m{n}", display_name="") for n in range(count)]
    seen = entries[-1:]
    page = m.page(entries, limit=limit, before_id=entries[-1].id)
    for _ in range(count):
        seen = page.data + seen
        if not page.has_more:
            break
        page = m.page(entries, limit=limit, before_id=page.first_id)
    assert seen == entries and not page.has_more


def test_what_both_kinds_of_client_read() -> None:
    entry = m.ModelEntry(id="claude-x", display_name="X", max_input_tokens=200_000)
    assert msgspec.to_builtins(m.page([entry])) == {
        "object": "list",
        "data": [
            {
                "id": "claude-x",
                "display_name": "X",
                "description": "",
                "type": "model",
                "object": "model",
                "created_at": "1970-01-01T00:00:00Z",
                "created": 0,
                "owned_by": "amazon-q-developer",
                "lifecycle": "active",
                "max_input_tokens": 200_000,
                "max_tokens": None,
                "capabilities": {},
            }
        ],
        "has_more": False,
        "first_id": "claude-x",
        "last_id": "claude-x",
    }
