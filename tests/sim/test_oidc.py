"""Conversations with the sign-in service, step by step (upstream-protocol.md 5)."""

import json
from typing import Any

import pytest

from amq2api.dialects.amazonq import oidc
from amq2api.sim.oidc import DEVICE_GRANT, REFRESH_GRANT
from amq2api.wire.exchange import Answer as HttpAnswer
from sim.asking import asked
from sim.client import Answer, Bench

BUILDER_ID = "https://view.awsapps.com/start"
PENDING = b'{"error":"authorization_pending","error_description":"Authorization is still pending"}'


class Guest:
    """Somebody about to sign in."""

    def __init__(self, start_url: str = BUILDER_ID) -> None:
        self.bench = Bench()
        self.world = self.bench.world
        registered = self.bench.sign_in(
            "/client/register", clientName="test", clientType="public", scopes=list(oidc.SCOPES)
        ).json()
        self.client = {name: registered[name] for name in ("clientId", "clientSecret")}
        begun = self.bench.sign_in("/device_authorization", **self.client, startUrl=start_url)
        self.begun: dict[str, Any] = begun.json()

    def poll(self, after: float = 1) -> Answer:
        self.bench.now += after
        code = self.begun["deviceCode"]
        return self.bench.sign_in("/token", **self.client, grantType=DEVICE_GRANT, deviceCode=code)

    def refresh(self, token: str, **changes: Any) -> Answer:
        asked_for = {**self.client, "grantType": REFRESH_GRANT, "refreshToken": token, **changes}
        return self.bench.sign_in("/token", **asked_for)

    def signed_in(self) -> dict[str, Any]:
        self.world.approve(self.begun["userCode"])
        answer = self.poll()
        assert answer.status == 200
        tokens: dict[str, Any] = answer.json()
        return tokens


def error(answer: Answer) -> str:
    code, _ = oidc.read_error(HttpAnswer(answer.status, answer.body, answer.headers))
    return code


def test_registration() -> None:
    bench = Bench()
    answer = bench.sign_in(
        "/client/register", clientName="test", clientType="public", scopes=["a:b"]
    ).json()
    assert answer["clientIdIssuedAt"] == bench.now
    assert answer["clientSecretExpiresAt"] > bench.now + 80 * 24 * 3600
    refused = bench.sign_in("/client/register", client_name="test", client_type="public")
    assert (refused.status, error(refused)) == (400, "unknown")


def test_a_sign_in_from_beginning_to_end() -> None:
    guest = Guest()
    assert guest.begun["verificationUriComplete"] == (
        f"http://sim/device?user_code={guest.begun['userCode']}"
    )
    assert (guest.begun["expiresIn"], guest.begun["interval"]) == (600, 1)
    pending = guest.poll()
    assert (pending.status, pending.body) == (400, PENDING) and len(PENDING) == 86
    assert pending.headers["x-amzn-errortype"] == (
        "AuthorizationPendingException:http://internal.amazon.com/coral/com.amazonaws.sso.oidc/"
    )
    guest.world.approve(guest.begun["userCode"])
    tokens = guest.poll().json()
    assert tokens["accessToken"].startswith("aoa") and tokens["refreshToken"].startswith("aor")
    assert (tokens["tokenType"], tokens["expiresIn"]) == ("Bearer", 3600)
    guest.bench.token = tokens["accessToken"]
    assert guest.bench.generate(asked()).status == 200
    assert guest.bench.world.requests[-1].account == "signed-in-2"
    assert error(guest.poll()) == "invalid_grant"  # a device code is good for one sign-in


def test_the_start_url_decides_what_kind_of_account_it_is() -> None:
    builder, company = Guest(), Guest("https://acme.awsapps.com/start")
    assert builder.world.approve(builder.begun["userCode"]).profile_arn is None
    assert company.world.approve(company.begun["userCode"]).profile_arn is not None


def test_denial() -> None:
    guest = Guest()
    guest.world.deny(guest.begun["userCode"])
    assert error(guest.poll()) == "access_denied"


def test_somebody_known_can_sign_in_again() -> None:
    guest = Guest()
    alice = guest.bench.account
    old = alice.credentials
    guest.world.approve(guest.begun["userCode"], alice)
    tokens = guest.poll().json()
    guest.bench.token = tokens["accessToken"]
    assert guest.bench.generate(asked()).status == 200
    assert guest.world.requests[-1].account == "alice"
    assert guest.refresh(tokens["refreshToken"]).status == 200
    stale = guest.refresh(old["refresh_token"], clientId=old["client_id"],
                          clientSecret=old["client_secret"])  # fmt: skip
    assert error(stale) == "invalid_grant"


NO_START_URLS = {
    "none": None, "empty": "", "no address": "acme", "not https": "http://acme.awsapps.com/start",
    "no host": "https:///start", "not a text": ["https://acme.awsapps.com/start"],
    "broken": "https://[acme/start",
}  # fmt: skip


@pytest.mark.parametrize("start_url", NO_START_URLS.values(), ids=NO_START_URLS)
def test_a_start_url_must_be_an_https_address(start_url: object) -> None:
    guest = Guest()
    refused = guest.bench.sign_in("/device_authorization", **guest.client, startUrl=start_url)
    assert (refused.status, error(refused)) == (400, "invalid_request")
    refused = guest.bench.sign_in(
        "/client/register", clientName="test", clientType="public", issuerUrl=start_url
    )
    assert (refused.status, error(refused)) == (400, "invalid_request")


@pytest.mark.parametrize(
    ("host", "start_url", "status"),
    [
        ("oidc.us-east-1.amazonaws.com", BUILDER_ID, 200),
        ("oidc.eu-central-1.amazonaws.com", BUILDER_ID, 400),
        ("oidc.eu-central-1.amazonaws.com", "https://acme.awsapps.com/start", 200),
        ("127.0.0.1:3016", BUILDER_ID, 200),
    ],
)
def test_builder_ids_live_in_one_region(host: str, start_url: str, status: int) -> None:
    guest = Guest()
    asked_for = {**guest.client, "startUrl": start_url}
    answer = guest.bench.send(
        "POST", "/device_authorization", headers={"host": host}, body=json.dumps(asked_for).encode()
    )
    assert answer.status == status


def test_polling_too_fast_and_too_long() -> None:
    guest = Guest()
    assert error(guest.poll()) == "authorization_pending"
    assert error(guest.poll(0.5)) == "slow_down"
    assert error(guest.poll()) == "authorization_pending"
    assert error(guest.poll(600)) == "expired_token"


def test_a_refresh_rotates_and_kills_the_old_token() -> None:
    guest = Guest()
    first = guest.signed_in()
    second = guest.refresh(first["refreshToken"]).json()
    assert second["refreshToken"] != first["refreshToken"]
    refused = guest.refresh(first["refreshToken"])
    assert refused.json() == {
        "error": "invalid_grant", "error_description": "Invalid refresh token provided",
    }  # fmt: skip
    assert guest.refresh(second["refreshToken"]).status == 200
    assert guest.world.refreshes == 2
    guest.bench.token = first["accessToken"]
    assert guest.bench.generate(asked()).status == 200  # lives on until it expires


def test_a_refresh_without_rotation_names_no_refresh_token() -> None:
    guest = Guest()
    token = guest.signed_in()["refreshToken"]
    guest.world.rotate = False
    assert "refreshToken" not in guest.refresh(token).json()
    assert guest.refresh(token).status == 200


def test_a_refresh_may_kill_the_old_access_token() -> None:
    guest = Guest()
    tokens = guest.signed_in()
    guest.world.keep_old_access = False
    guest.bench.token = guest.refresh(tokens["refreshToken"]).json()["accessToken"]
    assert guest.bench.generate(asked()).status == 200
    guest.bench.token = tokens["accessToken"]
    assert guest.bench.generate(asked()).status == 403


def test_a_new_token_takes_a_moment_to_get_around() -> None:
    guest = Guest()
    guest.world.propagation = 2
    guest.bench.token = guest.signed_in()["accessToken"]
    early = guest.bench.generate(asked())
    assert (early.status, early.body) == (403, b"")
    guest.bench.now += 2
    assert guest.bench.generate(asked()).status == 200


def test_lifetimes_are_settable() -> None:
    guest = Guest()
    guest.world.token_lifetime = 60
    tokens = guest.signed_in()
    assert tokens["expiresIn"] == 60
    guest.bench.token = tokens["accessToken"]
    guest.bench.now += 60
    assert guest.bench.generate(asked()).status == 403


def test_only_the_registration_that_made_a_token_can_refresh_it() -> None:
    guest = Guest()
    token = guest.signed_in()["refreshToken"]
    other = guest.world.identities.register()
    stranger = {"clientId": other.client_id, "clientSecret": other.client_secret}
    refused = guest.refresh(token, **stranger)
    assert (refused.status, error(refused)) == (401, "invalid_client")
    assert guest.refresh(token).status == 200


def test_revoked_tokens_need_a_new_sign_in() -> None:
    guest = Guest()
    token = guest.signed_in()["refreshToken"]
    guest.world.revoke_refresh_tokens(guest.bench.account)
    token = guest.refresh(token).json()["refreshToken"]
    guest.world.revoke_refresh_tokens()
    assert error(guest.refresh(token)) == "invalid_grant"


REFUSED: dict[str, tuple[dict[str, Any], int, str]] = {
    "snake case": ({"client_id": "x", "client_secret": "y", "grant_type": REFRESH_GRANT,
                    "clientId": None}, 401, "invalid_client"),
    "wrong secret": ({"clientSecret": "eyJno"}, 401, "invalid_client"),
    "unknown client": ({"clientId": "nobody"}, 401, "invalid_client"),
    "another grant": ({"grantType": "password"}, 400, "unsupported_grant_type"),
    "no grant": ({"grantType": None}, 400, "invalid_request"),
    "no token": ({"refreshToken": None}, 400, "invalid_grant"),
    "not a text": ({"refreshToken": ["x"]}, 400, "invalid_grant"),
    "grant is an object": ({"grantType": {}}, 400, "invalid_request"),
}  # fmt: skip


@pytest.mark.parametrize(("changes", "status", "code"), REFUSED.values(), ids=REFUSED)
def test_refused_refreshes(changes: dict[str, Any], status: int, code: str) -> None:
    guest = Guest()
    refused = guest.refresh("aorNobody", **changes)
    assert (refused.status, error(refused)) == (status, code)


def test_an_expired_registration_is_no_client() -> None:
    guest = Guest()
    token = guest.signed_in()["refreshToken"]
    guest.bench.now += 91 * 24 * 3600
    assert error(guest.refresh(token)) == "invalid_client"


def test_how_long_a_registration_lasts_is_settable() -> None:
    guest = Guest()
    token = guest.signed_in()["refreshToken"]
    guest.world.identities.expire_clients()
    assert error(guest.refresh(token)) == "invalid_client"
    guest.world.client_lifetime = 5
    answer = guest.bench.sign_in("/client/register", clientName="test", clientType="public").json()
    assert answer["clientSecretExpiresAt"] == guest.bench.now + 5
    account = guest.world.add_account("short")
    assert account.client.expires_at == guest.bench.now + 5


def test_faults_of_the_token_endpoint() -> None:
    guest = Guest()
    token = guest.signed_in()["refreshToken"]
    guest.world.token_faults = ["500", "cut", "html", "garbage", "slow_down", "server_error"]
    answers = [guest.refresh(token) for _ in range(7)]
    assert [a.status for a in answers] == [500, 200, 503, 200, 400, 500, 200]
    assert [a.complete for a in answers] == [True, False, True, True, True, True, True]
    assert guest.world.refreshes == 1


def test_a_slow_token_endpoint() -> None:
    guest = Guest()
    guest.world.token_delay = 7
    guest.signed_in()
    assert guest.bench.slept == [7]


def test_the_demo_account_can_refresh_and_ask() -> None:
    bench = Bench()
    demo = bench.world.demo_account()
    assert sorted(demo) == ["client_id", "client_secret", "profile_arn", "refresh_token"]
    answer = bench.sign_in(
        "/token", clientId=demo["client_id"], clientSecret=demo["client_secret"],
        grantType=REFRESH_GRANT, refreshToken=demo["refresh_token"],
    )  # fmt: skip
    bench.token = answer.json()["accessToken"]
    assert bench.generate(asked(profileArn=demo["profile_arn"])).status == 200
    assert bench.world.demo_account()["refresh_token"] == answer.json()["refreshToken"]
