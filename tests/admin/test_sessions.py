"""Cookies: ours are read, and nobody else can make one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amq2api.admin.sessions import (
    DAY,
    IDLE,
    KNOWN,
    LONGEST,
    NAME,
    Session,
    begun,
    cookie,
    cookie_of_the_known,
    known,
    known_as,
    no_cookie,
    opened,
    sealed,
    values,
)

SECRET, ANOTHER = "s" * 43, "t" * 43
SESSION = Session("id", 3, 1000.0, 2000.0)
IDS = st.text(st.sampled_from("abcXYZ019-_"), min_size=1)


@given(IDS, st.integers(0), st.integers(0, 1 << 40), st.integers(0, 1 << 40))
def test_what_we_write_we_read(session_id: str, generation: int, began: int, seen: int) -> None:
    session = Session(session_id, generation, float(began), float(seen))
    assert opened(sealed(session, SECRET), SECRET) == session
    assert opened(sealed(session, SECRET), ANOTHER) is None


@given(st.data())
def test_a_changed_letter_voids_it(data: st.DataObject) -> None:
    value = sealed(SESSION, SECRET)
    at = data.draw(st.integers(0, len(value) - 1))
    letter = data.draw(st.characters(max_codepoint=255).filter(lambda c: c != value[at]))
    assert opened(value[:at] + letter + value[at + 1 :], SECRET) is None


@given(st.text())
def test_nobody_else_writes_one(value: str) -> None:
    assert opened(value, SECRET) is None
    assert known_as(value, SECRET) is None


def test_without_a_secret_there_are_none() -> None:
    assert opened(sealed(SESSION, ""), "") is None
    assert known_as(known(""), "") is None


def test_one_kind_does_not_pass_for_the_other() -> None:
    told, _, _ = sealed(SESSION, SECRET).rpartition(".")
    assert known_as(sealed(SESSION, SECRET), SECRET) is None
    assert opened(known(SECRET), SECRET) is None
    assert opened(f"{told}.{known(SECRET).rpartition('.')[2]}", SECRET) is None


def test_each_is_another() -> None:
    assert begun(1, 0.0).id != begun(1, 0.0).id
    assert known(SECRET) != known(SECRET)


ENDS = {
    "unused": (Session("id", 1, 0.0, 0.0), IDLE),
    "used today": (Session("id", 1, 0.0, 5 * DAY), 5 * DAY + IDLE),
    "used every day": (Session("id", 1, 0.0, 29 * DAY), LONGEST),
}


@pytest.mark.parametrize(("session", "ends"), ENDS.values(), ids=ENDS)
def test_a_session_ends(session: Session, ends: float) -> None:
    assert session.ends == ends


def test_it_is_renewed_once_an_hour() -> None:
    session = begun(1, 0.0)
    assert session.renewed(3600.0) is None
    renewed = session.renewed(3601.0)
    assert renewed == Session(session.id, 1, 0.0, 3601.0)


def test_scripts_and_other_sites_do_not_get_it() -> None:
    plain, safe = (cookie(SESSION, SECRET, now=2000.0, secure=secure) for secure in (False, True))
    assert plain.startswith(f"{NAME}=id.3.1000.2000.")
    assert plain.endswith(f"; Path=/; Max-Age={int(7 * DAY)}; HttpOnly; SameSite=Strict")
    assert safe == f"{plain}; Secure"
    mark = cookie_of_the_known(SECRET, secure=True)
    assert mark.startswith(f"{KNOWN}=") and mark.endswith("; HttpOnly; SameSite=Strict; Secure")
    assert no_cookie(secure=False).startswith(f"{NAME}=; Path=/; Max-Age=0;")


COOKIES: dict[str, tuple[list[bytes], list[str]]] = {
    "none": ([], []),
    "one": ([b"amq2api_session=a.b"], ["a.b"]),
    "among others": ([b"x=1; amq2api_session=a; y=2"], ["a"]),
    "no space": ([b"x=1;amq2api_session=a;y=2"], ["a"]),
    "two of one name": ([b"amq2api_session=a; amq2api_session=b"], ["a", "b"]),
    "two lines": ([b"amq2api_session=a", b"amq2api_session=b"], ["a", "b"]),
    "names that look alike": ([b"xamq2api_session=a; amq2api_sessions=b; AMQ2API_SESSION=c"], []),
    "no value": ([b"amq2api_session"], [""]),
    "signs in it": ([b"amq2api_session=a=b"], ["a=b"]),
    "not even Latin": ([b"amq2api_session=\xff"], ["ÿ"]),
    "more than anyone has": ([b"amq2api_session=a; " * 1000], ["a"] * 16),
}


@pytest.mark.parametrize(("lines", "found"), COOKIES.values(), ids=COOKIES)
def test_cookies(lines: list[bytes], found: list[str]) -> None:
    headers = [(b"accept", b"*/*"), *((b"cookie", line) for line in lines)]
    assert list(values(headers, NAME)) == found
