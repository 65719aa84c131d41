"""The page where a sign-in is approved, as a browser meets it."""

import base64
import hashlib
import re
from collections.abc import Callable, Mapping

import pytest

from amq2api.sim.identity import Device
from sim.client import Answer, Bench

CHINESE = {"accept-language": "zh-CN,zh;q=0.9"}


class Door:
    """A device that waits, and what a person does about it."""

    def __init__(self) -> None:
        self.bench = Bench()
        client = self.bench.world.identities.register()
        self.device: Device = self.bench.world.identities.begin(client, "builder-id", 600, 1)
        self.code = self.device.user_code

    def look(self, code: str | None = None, **headers: str) -> Answer:
        asked = "" if code is None else f"?user_code={code}"
        return self.bench.send("GET", f"/device{asked}", headers=headers)

    def press(
        self, answer: str, code: str | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        form = f"user_code={code or self.code}&answer={answer}".encode()
        return self.bench.send("POST", "/device", headers=headers, body=form)


def title(answer: Answer) -> str:
    (found,) = re.findall(r"<h1>(.*)</h1>", answer.body.decode())
    return str(found)


def test_one_click_approves() -> None:
    door = Door()
    page = door.look(door.code)
    text = page.body.decode()
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert title(page) == "Allow this sign-in?" and f'<p class="code">{door.code}</p>' in text
    assert re.findall(r"<button[^>]*>(.*)</button>", text) == ["Approve", "Deny"]
    assert door.device.account is None  # looking is not approving
    assert title(door.press("approve")) == "Approved"
    assert door.device.account is not None


def test_one_click_denies() -> None:
    door = Door()
    assert title(door.press("deny")) == "Denied"
    assert door.device.denied and door.device.account is None


@pytest.mark.parametrize("spelled", [str.lower, lambda code: code.replace("-", "")])
def test_a_code_may_be_typed(spelled: Callable[[str], str]) -> None:
    door = Door()
    assert 'name="user_code"' in door.look().body.decode()
    assert door.code in door.look(spelled(door.code)).body.decode()
    assert title(door.press("approve", spelled(door.code))) == "Approved"


@pytest.mark.parametrize("answer", ["", "yes", "APPROVE"])
def test_only_a_button_counts(answer: str) -> None:
    door = Door()
    assert door.press(answer).status == 403
    assert door.bench.send("POST", f"/device?user_code={door.code}&answer=approve").status == 403
    assert door.device.account is None


FOREIGN = {
    "another site": {"origin": "https://evil.example"},
    "another port": {"origin": "http://sim:8080"},
    "nobody says which": {"origin": "null"},
    "a browser says so": {"sec-fetch-site": "cross-site"},
    "a neighbour": {"sec-fetch-site": "same-site", "origin": "http://sim"},
}


@pytest.mark.parametrize("headers", FOREIGN.values(), ids=FOREIGN)
def test_other_sites_cannot_press_the_button(headers: dict[str, str]) -> None:
    door = Door()
    assert door.press("approve", headers=headers).status == 403
    assert door.device.account is None


def test_the_page_s_own_button_says_where_it_is_from() -> None:
    headers = {"sec-fetch-site": "same-origin", "origin": "http://sim"}
    assert Door().press("approve", headers=headers).status == 200


def test_what_is_over_is_told() -> None:
    denied, approved, late = Door(), Door(), Door()
    denied.press("deny")
    approved.press("approve")
    late.bench.now += 600
    for door, expected, status in (
        (denied, "Denied", 200), (approved, "Approved", 200), (late, "This code has expired", 410),
    ):  # fmt: skip
        for page in (door.look(door.code), door.press("approve"), door.press("deny")):
            assert (title(page), page.status) == (expected, status)
    assert denied.device.account is None and not approved.device.denied


def test_an_unknown_code_can_be_corrected() -> None:
    door = Door()
    for page in (door.look("NOPE-NOPE"), door.press("approve", "NOPE-NOPE")):
        assert (page.status, title(page)) == (404, "Nobody waits under this code")
        assert 'value="NOPE-NOPE"' in page.body.decode()


def test_nothing_is_written_unescaped() -> None:
    page = Door().look("%22%3E%3Cscript%3Ealert(1)")
    assert b"<script" not in page.body and b"&quot;&gt;&lt;script" in page.body


def test_it_can_be_read_in_chinese() -> None:
    door = Door()
    page = door.look(door.code, **CHINESE).body.decode()
    assert '<html lang="zh-CN">' in page and "批准" in page
    assert not re.search(r">[A-Z][a-z]+ [a-z]+", page)
    assert title(door.press("approve", headers=CHINESE)) == "已批准"


def test_the_page_allows_its_own_style_and_nothing_else() -> None:
    page = Door().look()
    (style,) = re.findall(r"(?s)<style>(.*)</style>", page.body.decode())
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'") and f"'sha256-{digest}'" in policy
    assert "frame-ancestors 'none'" in policy and "unsafe" not in policy
    assert "style=" not in page.body.decode() and "<script" not in page.body.decode()
