"""The service's other words: requests, models, usage and sign-in."""

import msgspec
import pytest

from amq2api.dialects import amazonq as q
from amq2api.errors import ProtocolError
from amq2api.wire.exchange import Answer

oidc = q.oidc
DEEP = b'{"x":' + b"[" * 5000


def test_absent_members_are_left_out_of_requests() -> None:
    message = q.UserMessage(q.UserInputMessage(""))
    state = q.ConversationState("c", "MANUAL", message)
    assert q.encode(q.GenerateRequest(state)) == (
        b'{"conversationState":{"conversationId":"c","chatTriggerType":"MANUAL",'
        b'"currentMessage":{"userInputMessage":{"content":""}}}}'
    )


def test_models_in_pages() -> None:
    models, token = q.read_models(
        b'{"models":[{"modelId":"m","tokenLimits":{"maxInputTokens":5},"new":1,'
        b'"additionalModelRequestFieldsSchema":{"properties":{"thinking":{"a":1},"odd":3}}}],'
        b'"nextToken":"t"}'
    )
    (model,) = models
    assert (model.model_id, model.window, token) == ("m", 5, "t")
    assert model.takes("thinking") == {"a": 1}
    assert model.takes("odd") is None and model.takes("other") is None
    assert q.Model("x").window is None and q.Model("x").takes("thinking") is None


def test_profiles_in_pages() -> None:
    profiles, token = q.read_profiles(b'{"profiles":[{"arn":"a","profileName":"n"}]}')
    assert profiles == [q.Profile("a", "n")] and token is None


@pytest.mark.parametrize("read", [q.read_models, q.read_profiles])
@pytest.mark.parametrize("body", [b"", b"[]", b'{"models":3,"profiles":3}', b'"\xff"', DEEP])
def test_other_shapes_are_errors(read: object, body: bytes) -> None:
    assert callable(read)
    with pytest.raises(ProtocolError):
        read(body)


def test_built_in_models_promise_nothing() -> None:
    assert len({model.model_id for model in q.BUILT_IN}) == len(q.BUILT_IN)
    assert all(model.additional_model_request_fields_schema is None for model in q.BUILT_IN)


def test_tokens_are_read_and_not_shown() -> None:
    token = oidc.read_token(Answer(200, b'{"accessToken":"hush","expiresIn":3600}'))
    assert (token.access_token, token.refresh_token, token.expires_in) == ("hush", None, 3600)
    assert "hush" not in repr(token)
    request = oidc.CreateTokenRequest("i", "hush", oidc.REFRESH_GRANT, refresh_token="aor")
    assert "hush" not in repr(request)
    assert msgspec.json.decode(oidc.encode(request)) == {
        "clientId": "i", "clientSecret": "hush", "grantType": "refresh_token",
        "refreshToken": "aor",
    }  # fmt: skip


@pytest.mark.parametrize("body", [b"", b"{}", b"<html>", b'{"accessToken":"\xff"}', DEEP])
def test_an_unreadable_token_is_an_error_without_its_body(body: bytes) -> None:
    with pytest.raises(ProtocolError, match=r"^the token endpoint answered in an unknown shape$"):
        oidc.read_token(Answer(200, body))


@pytest.mark.parametrize(("body", "code"), [
    (b'{"error":"slow_down","error_description":"d"}', ("slow_down", "d")),
    (b'{"error":"brand_new"}', ("unknown", "")),
    (b"<html>", ("unknown", "")),
    (b'{"error":"\xff"}', ("unknown", "")),
    (DEEP, ("unknown", "")),
])  # fmt: skip
def test_sign_in_errors(body: bytes, code: tuple[str, str]) -> None:
    assert oidc.read_error(Answer(400, body)) == code
