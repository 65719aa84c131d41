"""A scan of everything the admin side says, for more of a secret than may be shown."""

import json
import string
import time
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from admin.desk import Desk, at_desk

# No secret may have a name's letters in it, or a harmless word would look like one.
LETTERS = st.text(string.digits + "XYZ_-+/", min_size=11, max_size=60)
SEAT = st.fixed_dictionaries(
    {"refresh_token": LETTERS, "client_id": LETTERS, "client_secret": LETTERS},
    optional={"registration_expires_at": st.just(1.0), "strange": LETTERS},
)
FILE = st.lists(SEAT, min_size=1, max_size=3, unique_by=lambda seat: seat["refresh_token"])
ASKED = (
    ("GET", "/api/accounts"), ("GET", "/api/status"), ("GET", "/api/events"),
    ("GET", "/api/calibration"), ("GET", "/api/requests"),
    ("GET", "/api/accounts/{id}"), ("GET", "/api/accounts/{id}/usage"),
    ("POST", "/api/accounts/{id}/test"), ("POST", "/api/accounts/{id}/clear"),
    ("POST", "/api/accounts/{id}/activate"), ("DELETE", "/api/accounts/{id}"),
)  # fmt: skip


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with at_desk(tmp_path_factory.mktemp("secrets")) as found:
        yield found


def leaks(text: str, secret: str) -> list[str]:
    """Parts of *secret*, one longer than may be shown, that stand in *text*."""
    parts = {secret[at : at + 11] for at in range(len(secret) - 10)}
    return sorted(part for part in parts if part in text)


@settings(max_examples=8, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(FILE)
def test_no_answer_shows_more_of_a_secret_than_ten_characters(
    desk: Desk, seats: list[dict[str, str]]
) -> None:
    desk.file.write_text(json.dumps(seats))
    time.sleep(0.55)  # the store looks twice a second
    heard = []
    for method, path in ASKED:
        for entry in desk.accounts():
            answer = desk.ask(method, path.replace("{id}", entry["id"]))
            heard.append(answer.raw.decode() + str(answer.headers))
    # Mistakes that bring a secret along get it not back.
    for seat in seats:
        wrong = [seat | {"name": 5}, seat | {"profile_arn": seat["client_secret"]},
                 {"refresh_token": 5, "name": seat["refresh_token"]}, [seat["client_id"]],
                 seat | {"region": seat["refresh_token"]}]  # fmt: skip
        heard += [desk.ask("POST", "/api/accounts", body).raw.decode() for body in wrong]
    for seat in seats:
        for name in ("refresh_token", "client_id", "client_secret", "strange"):
            assert leaks("\n".join(heard), seat.get(name, "")) == []


def test_the_scan_finds_what_it_looks_for() -> None:
    assert leaks("see 0123456789X there", "_0123456789XY") == ["0123456789X"]
    assert leaks("see 0123456789... there", "0123456789XYZ") == []
