"""Every knob: its default, what it refuses, and that secrets stay secrets."""

from pathlib import Path

import pytest

from amq2api.config import BadSetting, load, proxy_for, strangers, table, values

ACCOUNT = {
    "AMAZONQ_REFRESH_TOKEN": "aor-refresh-secret",
    "AMAZONQ_CLIENT_ID": "client-secret-id",
    "AMAZONQ_CLIENT_SECRET": "client-secret-secret",
}


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for row in table():
        monkeypatch.delenv(row.env, raising=False)
    monkeypatch.chdir(tmp_path)


def test_defaults() -> None:
    settings = load()
    assert (settings.host, settings.port) == ("127.0.0.1", 3015)
    assert str(settings.api_endpoint) == "https://q.us-east-1.amazonaws.com/"
    assert str(settings.token_endpoint) == "https://oidc.us-east-1.amazonaws.com/token"
    assert settings.account_file == Path("account.json")
    assert settings.token_cache == Path.home() / ".amazonq_token_cache.json"
    assert (settings.routing, settings.origin, settings.opt_out) == ("active", "CLI", True)
    assert not settings.api_keys
    assert not settings.public


NONSENSE = {
    "port, a word": ("PORT", "web", "1 to 65535"),
    "port, too large": ("PORT", "65536", "1 to 65535"),
    "port, none": ("PORT", "0", "1 to 65535"),
    "host": ("AMQ2API_HOST", "example.org", "an IP address or localhost"),
    "origin": ("AMQ2API_ORIGIN", "KIRO_IDE", "one of the service's own values"),
    "routing": ("AMQ2API_ROUTING", "random", "active or failover"),
    "endpoint": ("AMAZONQ_API_ENDPOINT", "q.amazonaws.com", "an http or https address"),
    "token endpoint": ("AMAZONQ_TOKEN_ENDPOINT", "ftp://x/", "an http or https address"),
    "profile": ("AMAZONQ_PROFILE_ARN", "arn:aws:iam::1:role/x", "an ARN"),
    "attempts": ("AMQ2API_ATTEMPTS", "11", "1 to 10"),
    "connect timeout": ("AMQ2API_CONNECT_TIMEOUT", "0", "1 to 300"),
    "idle timeout": ("AMQ2API_IDLE_TIMEOUT", "never", "1 to 3600"),
    "grace": ("AMQ2API_FIRST_EVENT_GRACE", "301", "0.1 to 300"),
    "ping interval": ("AMQ2API_PING_INTERVAL", "61", "0.1 to 60"),
    "max body": ("AMQ2API_MAX_BODY", "32MB", "1024 to 1073741824"),
    "opt-out": ("AMQ2API_OPT_OUT", "perhaps", "true or false"),
    "log level": ("AMQ2API_LOG_LEVEL", "loud", "debug, info, warning or error"),
    "log format": ("AMQ2API_LOG_FORMAT", "xml", "console or json"),
    "model map": ("AMQ2API_MODEL_MAP", "claude-3-5-haiku", "pairs such as"),
    "user agent": ("AMQ2API_USER_AGENT", "naïve", "printable ASCII"),
}


@pytest.mark.parametrize(("name", "value", "allowed"), NONSENSE.values(), ids=NONSENSE)
def test_nonsense_is_named_with_what_is_allowed(
    name: str, value: str, allowed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(BadSetting) as caught:
        load()
    told = str(caught.value)
    assert told.startswith(f"{name}: {value!r}")
    assert allowed in told


def test_all_nonsense_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "x")
    monkeypatch.setenv("AMQ2API_ATTEMPTS", "y")
    with pytest.raises(BadSetting) as caught:
        load()
    assert [line.partition(":")[0] for line in str(caught.value).splitlines()] == [
        "PORT",
        "AMQ2API_ATTEMPTS",
    ]


@pytest.mark.parametrize("key", ["with a space in it", "good-one,a bad one"])
def test_a_bad_key_is_refused_without_being_shown(
    key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AMQ2API_API_KEYS", key)
    with pytest.raises(BadSetting, match="AMQ2API_API_KEYS: \\(hidden\\)") as caught:
        load()
    assert key not in str(caught.value)


@pytest.mark.parametrize("missing", ACCOUNT)
def test_half_an_account_is_refused(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ACCOUNT.items():
        if name != missing:
            monkeypatch.setenv(name, value)
    with pytest.raises(BadSetting, match=f"^{missing}: not set") as caught:
        load()
    assert not any(value in str(caught.value) for value in ACCOUNT.values())


def test_secrets_are_shown_only_as_set(monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = {**ACCOUNT, "AMQ2API_API_KEYS": "first-client-key,second-client-key"}
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)
    settings = load()
    shown = values(settings)
    assert [shown[name] for name in secrets] == ["(set)", "(set)", "(set)", "(2 set)"]
    everything = f"{settings!r} {settings} {shown}"
    assert not any(part in everything for value in secrets.values() for part in value.split(","))


def test_overrides_beat_the_environment_and_it_beats_the_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Path(".env").write_text("PORT=1001\nAMQ2API_ROUTING=failover\nAMQ2API_ATTEMPTS=5\nOTHER=x\n")
    monkeypatch.setenv("PORT", "1002")
    monkeypatch.setenv("AMQ2API_ROUTING", "active")
    settings = load(port=1003, host=None)
    assert (settings.port, settings.routing, settings.attempts) == (1003, "active", 5)


def test_an_override_is_judged_too() -> None:
    with pytest.raises(BadSetting, match="PORT: 70000 makes no sense here"):
        load(port=70000)


def test_an_empty_value_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "")
    monkeypatch.setenv("AMAZONQ_CLIENT_ID", "")
    assert load().port == 3015


def test_a_file_that_is_no_text_is_told() -> None:
    Path(".env").write_bytes(b"PORT=\xff\xfe")
    with pytest.raises(BadSetting, match=r"^\.env: cannot be read"):
        load()


def test_lists_and_pairs_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMQ2API_API_KEYS", " key-number-1 ,, key-number-2,")
    monkeypatch.setenv("AMQ2API_MODEL_MAP", "fast = claude-haiku-4.5 ,x=y")
    settings = load()
    keys = [key.get_secret_value() for key in settings.api_keys]
    assert keys == ["key-number-1", "key-number-2"]
    assert settings.model_map == {"fast": "claude-haiku-4.5", "x": "y"}


PUBLIC = {
    "127.0.0.1": False, "127.8.8.8": False, "localhost": False, "::1": False,
    "0.0.0.0": True, "::": True, "192.168.1.2": True,
}  # fmt: skip


@pytest.mark.parametrize(("host", "public"), PUBLIC.items(), ids=PUBLIC)
def test_public_addresses(host: str, public: bool) -> None:
    assert load(host=host).public is public


def test_no_name_or_meaning_is_missing() -> None:
    rows = table()
    assert len({row.env for row in rows}) == len(rows)
    assert all(row.allowed and row.help for row in rows)
    assert all(name.isupper() for name in values(load()))


PROXIES = {
    "https": ("https://q.us-east-1.amazonaws.com", "http://proxy:1"),
    "excepted": ("https://inside.example", None),
    "this machine": ("https://127.0.0.1:8443", None),
    "this machine by name": ("https://localhost", None),
    "no proxy for the scheme": ("http://q.us-east-1.amazonaws.com", None),
}


@pytest.mark.parametrize(("url", "proxy"), PROXIES.values(), ids=PROXIES)
def test_proxies(url: str, proxy: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("https_proxy", "http://proxy:1")
    monkeypatch.setenv("no_proxy", ".example")
    assert proxy_for(url) == proxy


STRANGERS = {
    "a letter lost": ("AMQ2API_ROUTNG", "AMQ2API_ROUTING"),
    "singular for plural": ("AMQ2API_API_KEY", "AMQ2API_API_KEYS"),
    "small letters": ("amq2api_routng", "AMQ2API_ROUTING"),
    "an underscore too many": ("AMAZON_Q_REFRESH_TOKEN", "AMAZONQ_REFRESH_TOKEN"),
    "nothing like it": ("AMAZONQ_FAVOURITE_COLOUR", None),
}


@pytest.mark.parametrize(("name", "meant"), STRANGERS.values(), ids=STRANGERS)
@pytest.mark.parametrize("where", ["the environment", ".env"])
def test_names_that_nobody_reads_are_found(
    name: str, meant: str | None, where: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if where == ".env":
        (tmp_path / ".env").write_text(f"{name}=hush\nPORT=8080\n")
    else:
        monkeypatch.setenv(name, "hush")
    assert strangers() == [(name, meant)]


def test_settings_and_other_people_s_variables_are_no_strangers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in (*(row.env for row in table()), "AMQ_BROKER", "AMQ2API_VENV", "PORTT"):
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("amq2api_routing", "active")
    assert strangers() == []


def test_a_file_that_is_no_text_holds_no_names(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"\xff\xfe")
    with pytest.raises(BadSetting, match=r"\.env"):
        strangers()
