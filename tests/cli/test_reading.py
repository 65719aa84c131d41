"""Client keys: where they come from, and that none is needed only at home."""

from pathlib import Path

import pytest

from amq2api.cli.app import Complaint
from amq2api.cli.reading import client_keys, keys_to_serve
from amq2api.config import load


def test_at_home_no_key_is_needed() -> None:
    assert keys_to_serve(load()) == ()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.0.9"])
def test_in_public_one_is(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Complaint, match=r"AMQ2API_HOST.*AMQ2API_API_KEYS") as caught:
        keys_to_serve(load(host=host))
    assert caught.value.status == 2
    monkeypatch.setenv("AMQ2API_API_KEYS", "a-client-key")
    assert keys_to_serve(load(host=host)) == ("a-client-key",)


def test_a_missing_file_is_made_with_a_key_that_is_shown_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "new" / "keys"
    settings = load(host="0.0.0.0", api_key_file=path)
    (key,) = keys_to_serve(settings)
    assert key.startswith("sk-amq-")
    assert len(key) > 40
    assert key in capsys.readouterr().err
    assert path.stat().st_mode & 0o777 == 0o600
    assert keys_to_serve(settings) == (key,)
    assert key not in capsys.readouterr().err


def test_two_files_get_two_keys(tmp_path: Path) -> None:
    made = {keys_to_serve(load(api_key_file=tmp_path / name))[0] for name in "ab"}
    assert len(made) == 2


def test_reading_alone_makes_no_file(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    assert client_keys(load(api_key_file=path)) == ()
    assert not path.exists()


def test_listed_keys_come_before_those_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "keys"
    path.write_text("# for the laptop\n  key-of-the-file \n\nanother-key\n")
    monkeypatch.setenv("AMQ2API_API_KEYS", "listed-key")
    keys = client_keys(load(api_key_file=path))
    assert keys == ("listed-key", "key-of-the-file", "another-key")


UNUSABLE = {
    "empty": (b"", "holds no key"),
    "only a comment": (b"# sk-amq-none\n", "holds no key"),
    "a key with a space": (b"sk-amq-secret words\n", "a space"),
    "no text": (b"\xff\xfe", "is not text"),
}


@pytest.mark.parametrize(("raw", "why"), UNUSABLE.values(), ids=UNUSABLE)
def test_an_unusable_file_is_told_without_its_content(raw: bytes, why: str, tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_bytes(raw)
    with pytest.raises(Complaint, match=r"^AMQ2API_API_KEY_FILE: ") as caught:
        keys_to_serve(load(api_key_file=path))
    assert why in str(caught.value)
    assert "secret" not in str(caught.value)
    assert path.read_bytes() == raw


def test_a_directory_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(Complaint, match=r"^AMQ2API_API_KEY_FILE: .*directory"):
        keys_to_serve(load(api_key_file=tmp_path))


def test_a_place_that_takes_no_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Complaint, match=r"^AMQ2API_API_KEY_FILE: "):
        keys_to_serve(load(api_key_file=tmp_path / "file" / "keys"))
