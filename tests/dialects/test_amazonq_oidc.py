"""Answers of the sign-in service, as documented and as they should never be."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amq2api.dialects.amazonq import oidc
from amq2api.errors import ProtocolError
from amq2api.wire.exchange import Answer

# upstream-protocol.md 5.2, 5.3
REGISTERED = b"""{"clientId":"i","clientSecret":"hush","clientIdIssuedAt":1730000000,
 "clientSecretExpiresAt":1737776000,"authorizationEndpoint":null,"tokenEndpoint":null}"""
AUTHORIZED = b"""{"deviceCode":"hush","userCode":"ABCD-EFGH",
 "verificationUri":"https://device.sso.us-east-1.amazonaws.com/",
 "verificationUriComplete":"https://device.sso.us-east-1.amazonaws.com/?user_code=ABCD-EFGH",
 "expiresIn":600,"interval":1}"""


def test_a_registration() -> None:
    client = oidc.read_registration(Answer(200, REGISTERED))
    assert (client.client_id, client.client_secret) == ("i", "hush")
    assert (client.client_id_issued_at, client.client_secret_expires_at) == (1730000000, 1737776000)
    assert "hush" not in repr(client)


def test_a_device_authorization() -> None:
    code = oidc.read_authorization(Answer(200, AUTHORIZED))
    assert (code.device_code, code.user_code) == ("hush", "ABCD-EFGH")
    assert code.verification_uri == "https://device.sso.us-east-1.amazonaws.com/"
    assert code.verification_uri_complete == f"{code.verification_uri}?user_code=ABCD-EFGH"
    assert (code.expires_in, code.interval) == (600, 1)
    assert "hush" not in repr(code)


def test_what_may_be_missing() -> None:
    bare = b'{"deviceCode":"d","userCode":"u","verificationUri":"https://v.example/"}'
    code = oidc.read_authorization(Answer(200, bare))
    # Five seconds is what RFC 8628 3.2 says for an interval that is not told.
    assert (code.verification_uri_complete, code.expires_in, code.interval) == (None, 600, 5)
    client = oidc.read_registration(Answer(200, b'{"clientId":"i","clientSecret":"s"}'))
    assert client.client_secret_expires_at == 0


READERS: dict[str, Callable[[Answer], Any]] = {
    "registration": oidc.read_registration,
    "authorization": oidc.read_authorization,
    "token": oidc.read_token,
}
SHAPES = {
    "a page": b"<html>hush</html>", "nothing": b"", "a list": b'["hush"]', "not text": b"\xffhush",
    "others": b'{"hush":"hush"}', "wrong kinds": b'{"clientId":["hush"],"deviceCode":{}}',
    "deep": b"[" * 100_000,
}  # fmt: skip


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
@pytest.mark.parametrize("body", SHAPES.values(), ids=SHAPES)
def test_other_shapes_are_told_without_their_content(
    read: Callable[[Answer], Any], body: bytes
) -> None:
    with pytest.raises(ProtocolError, match="unknown shape") as told:
        read(Answer(200, body))
    assert "hush" not in str(told.value) + str(told.value.__cause__)


@given(st.binary() | st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda leaves: st.dictionaries(st.sampled_from(["clientId", "deviceCode", "x"]), leaves),
).map(lambda found: oidc.encode(found)))  # fmt: skip
def test_any_answer_is_read_or_refused(body: bytes) -> None:
    for read in READERS.values():
        with pytest.raises(ProtocolError):
            read(Answer(200, body))
