"""Settings that are read again while the gateway runs."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from amq2api.cli.building import adopt, gateway, parts
from amq2api.cli.reloading import AT_START, Reloading
from amq2api.cli.terms import of_clients
from amq2api.config import BadSetting, Settings, load

CHANGES: dict[str, Any] = {
    # setting: another value than the default
    "api_keys": "sk-1,sk-2",
    "routing": "failover",
    "model_map": "small=claude-haiku-4.5",
    "origin": "IDE",
    "user_agent": "something else",
    "opt_out": False,
    "attempts": 7,
    "connect_timeout": 7,
    "first_byte_timeout": 8,
    "idle_timeout": 9,
    "total_timeout": 10,
    "grace": 0.5,
    "ping_interval": 0.7,
    "max_body": 2048,
    "held_bodies": 1 << 21,
    "client_timeout": 11,
    "max_calls": 12,
    "account_calls": 13,
    "queue": 14,
    "queue_timeout": 15,
    "drain_timeout": 16,
    "log_level": "error",
    "log_format": "json",
}


@dataclass
class Story:
    """A gateway's settings as they are read, one after the other."""

    first: Settings
    later: list[Settings | BadSetting] = field(default_factory=list)
    adopted: list[tuple[Settings, tuple[str, ...]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.reloading = Reloading(self.first, self.first, (), self.read, self.adopt)

    def read(self) -> Settings:
        found = self.later.pop(0)
        if isinstance(found, BadSetting):
            raise found
        return found

    def adopt(self, settings: Settings, keys: tuple[str, ...]) -> None:
        self.adopted.append((settings, keys))

    def told(self, *settings: Settings | BadSetting) -> list[tuple[str, Any]]:
        self.later += settings
        with capture_logs() as logs:
            for _ in settings:
                self.reloading()
        return [
            (
                log["event"],
                next(log[name] for name in ("changed", "names", "reason") if name in log),
            )
            for log in logs
        ]


def test_what_can_change_does_and_is_told() -> None:
    story = Story(load())
    told = story.told(load(attempts=5, max_body=4096))
    assert told == [("settings.read", ["AMQ2API_ATTEMPTS", "AMQ2API_MAX_BODY"])]
    assert story.reloading.settings.attempts == 5
    assert [settings.max_body for settings, _ in story.adopted] == [4096]


def test_what_cannot_change_stays_and_is_named_each_time() -> None:
    story = Story(load(port=3111))
    told = story.told(load(port=3222, attempts=5), load(port=3222, attempts=5))
    assert told == [
        ("settings.read", ["AMQ2API_ATTEMPTS"]),
        ("settings.wait_for_a_restart", ["PORT"]),
        ("settings.read", []),
        ("settings.wait_for_a_restart", ["PORT"]),
    ]
    assert story.reloading.settings.port == 3111


def test_a_setting_that_makes_no_sense_changes_nothing() -> None:
    story = Story(load())
    assert story.told(BadSetting("AMQ2API_ATTEMPTS: 'x' makes no sense here")) == [
        ("settings.refused", "AMQ2API_ATTEMPTS: 'x' makes no sense here")
    ]
    assert story.adopted == []
    assert story.reloading.settings == load()


def test_keys_come_from_their_file_again(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text("sk-one\n")
    settings = load(api_key_file=keys)
    story = Story(settings)
    story.told(settings)
    keys.write_text("sk-one\nsk-two\n")
    assert story.told(settings) == [("settings.read", ["AMQ2API_API_KEY_FILE"])]
    assert [found for _, found in story.adopted] == [("sk-one",), ("sk-one", "sk-two")]
    keys.write_text("sk two\n")
    assert story.told(settings)[0][0] == "settings.refused"
    keys.unlink()
    assert story.told(settings)[0][0] == "settings.refused", "else everyone could come in"
    assert len(story.adopted) == 2


def test_a_public_gateway_never_loses_its_last_key() -> None:
    story = Story(load(host="0.0.0.0", api_keys="sk-one"))
    assert story.told(load(host="0.0.0.0"))[0][0] == "settings.refused"
    assert story.adopted == []


def test_a_key_is_in_no_line() -> None:
    assert "sk-secret" not in str(Story(load()).told(load(api_keys="sk-secret")))


def test_every_setting_can_change_or_waits_for_a_restart() -> None:
    can = set(CHANGES) | {"api_key_file"}
    assert can | AT_START == set(Settings.model_fields)
    assert not can & AT_START


def in_force(made: Any, app: Any, settings: Settings) -> dict[str, Any]:
    """What the parts of a gateway go by, by setting."""
    relay, timeouts, client = made.relay, made.client.timeouts, of_clients(settings)
    return {
        "api_keys": app.manners.api_keys,
        "grace": app.manners.grace,
        "ping_interval": app.manners.ping_interval,
        "max_body": app.manners.max_body,
        "routing": relay.manner.routing,
        "origin": relay.manner.origin,
        "user_agent": relay.manner.user_agent,
        "opt_out": relay.manner.opt_out,
        "attempts": relay.manner.attempts,
        "model_map": relay.catalogue.aliases,
        "connect_timeout": timeouts.connect,
        "first_byte_timeout": timeouts.first_byte,
        "idle_timeout": timeouts.idle,
        "total_timeout": timeouts.total,
        "client_timeout": client.client_timeout,
        "held_bodies": relay.admission.bodies.room.limit,
    }


@pytest.mark.parametrize("name", sorted(CHANGES.keys() - {"log_level", "log_format"}))
def test_what_can_change_reaches_whoever_goes_by_it(name: str, tmp_path: Path) -> None:
    before = load(token_cache=tmp_path / "tokens", calibration_file=tmp_path / "calibration")
    made = parts(before)
    app = gateway(before, (), made)
    first = in_force(made, app, before)
    after = load(**{name: CHANGES[name]})
    adopt(made, app, after, tuple(key.get_secret_value() for key in after.api_keys))
    later = in_force(made, app, after)
    assert {other for other in first if first[other] != later[other]} <= {name}
