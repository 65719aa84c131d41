"""What is kept of a password, and what fits it."""

import asyncio

import pytest

from amq2api.accounts.adminfile import AdminFileBroken
from amq2api.admin.passwords import (
    Passwords,
    checked,
    hashed,
    new_token,
    token_fits,
    token_hash,
)
from amq2api.errors import BadRequest, RateLimited

KEPT = hashed("correct horse")


def fits(password: str, kept: str = KEPT) -> bool:
    return asyncio.run(Passwords().fits(password, kept))


def test_what_is_kept_is_slow_to_guess_from_and_never_twice_the_same() -> None:
    assert KEPT.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert hashed("correct horse") != KEPT


SHOWN = {
    "the one": ("correct horse", True),
    "copied with space": (" correct horse\n", True),
    "another": ("correct horsE", False),
    "less": ("correct", False),
    "more": ("correct horse battery", False),
    "nothing": ("", False),
    "half a pair": ("\ud800" * 10, False),
    "longer than any": ("x" * 100_000, False),
}


@pytest.mark.parametrize(("password", "right"), SHOWN.values(), ids=SHOWN)
def test_passwords(password: str, right: bool) -> None:
    assert fits(password) is right


def test_a_letter_is_the_same_however_it_is_composed() -> None:
    assert fits("Mu\u0308llers Kuh", hashed("M\u00fcllers Kuh"))


def test_space_that_was_chosen_counts() -> None:
    assert fits("  spaced out  ", hashed("  spaced out  "))
    assert not fits("spaced out", hashed("  spaced out  "))


NEW = {
    "the shortest": ("x" * 10, True),
    "too short": ("x" * 9, False),
    "the longest": ("ü" * 1024, True),
    "too long": ("x" * 1025, False),
    "half a pair": ("\ud800" * 10, False),
}


@pytest.mark.parametrize(("password", "good"), NEW.values(), ids=NEW)
def test_new_passwords(password: str, good: bool) -> None:
    if good:
        assert checked(password) == password
        return
    for refuse in (checked, hashed):
        with pytest.raises(BadRequest) as caught:
            refuse(password)
        assert caught.value.field == "password"


@pytest.mark.parametrize("kept", ["", "open sesame", "$argon2id$v=19$m=65536,t=3,p=4$xx"])
def test_what_is_no_hash_is_not_taken_for_a_wrong_password(kept: str) -> None:
    with pytest.raises(AdminFileBroken):
        fits("correct horse", kept)


def test_no_more_wait_than_memory_allows() -> None:
    async def story() -> list[bool | BaseException]:
        passwords = Passwords()
        return await asyncio.gather(
            *(passwords.fits("correct horse", KEPT) for _ in range(25)), return_exceptions=True
        )

    told = asyncio.run(story())
    assert told[:20] == [True] * 20
    assert all(isinstance(failure, RateLimited) for failure in told[20:])


def test_the_loop_goes_on_meanwhile() -> None:
    async def story() -> int:
        passwords, turns = Passwords(), 0
        checking = asyncio.ensure_future(passwords.fits("correct horse", KEPT))
        while not checking.done():
            turns += 1
            await asyncio.sleep(0)
        assert checking.result()
        return turns

    assert asyncio.run(story()) > 10


def test_tokens() -> None:
    token = new_token()
    assert len(token) == 32 and token != new_token()
    kept = token_hash(token)
    assert len(kept) == 64 and token not in kept
    assert token_fits(token, kept) and token_fits(f" {token}\n", kept)
    assert not any(token_fits(shown, kept) for shown in ("", token[:-1], kept, "\ud800", "ü"))
    assert not token_fits(token, "ü")
