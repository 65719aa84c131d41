import base64

from amq2api.bridge.amazonq import words


def test_our_signature_says_whose_it_is() -> None:
    said = base64.b64decode(words.MARKER_SIGNATURE, validate=True).decode()
    assert said.startswith("amq2api: ") and "service gave none" in said


def test_our_signature_is_known_again_and_others_are_not() -> None:
    assert words.is_marker(words.MARKER_SIGNATURE)
    assert words.is_marker(base64.b64encode(b"amq2api: another version").decode())
    assert not words.is_marker("")
    assert not words.is_marker(base64.b64encode(b"a service's own").decode())


def test_every_constant_is_listed() -> None:
    constants = {value for name, value in vars(words).items() if name.isupper() and name != "ALL"
                 and isinstance(value, str) and not name.startswith("_")}  # fmt: skip
    assert constants == words.ALL
