"""The settings, read again while the gateway runs.

Whatever cannot change without a restart stays as it was, and is named; a setting that makes no
sense changes nothing at all.
"""

from collections.abc import Callable

from amq2api.config import BadSetting, Settings
from amq2api.log import log

from .app import Complaint
from .reading import client_keys

AT_START = frozenset({
    "host", "port", "workers", "admin", "admin_file", "allowed_hosts", "account_file",
    "token_cache", "calibration_file", "encryption_key", "refresh_token", "client_id",
    "client_secret", "profile_arn", "api_endpoint", "token_endpoint", "fetch_urls", "metrics",
})  # fmt: skip
"""Settings that hold until the next start: files, addresses, and who is asked."""

Adopt = Callable[[Settings, tuple[str, ...]], None]


class Reloading:
    """What SIGHUP does.

    Args:
        found: The settings as they were read.
        settings: Those in force; a demonstration has some of its own.
        keys: The client keys in force.
        read: Reads the settings; raises BadSetting.
        adopt: Puts settings and client keys into force.
    """

    def __init__(
        self,
        found: Settings,
        settings: Settings,
        keys: tuple[str, ...],
        read: Callable[[], Settings],
        adopt: Adopt,
    ) -> None:
        self._first = self._found = found
        self._settings, self._keys, self._read, self._adopt = settings, keys, read, adopt

    @property
    def settings(self) -> Settings:
        """Those in force."""
        return self._settings

    def __call__(self) -> None:
        """Read the settings again. Blocks on the disk for a moment."""
        try:
            found = self._read()
            keys = _keys(found)
        except (BadSetting, Complaint) as exc:
            log.error("settings.refused", reason=str(exc))
            return
        changed = [name for name in _changes(self._found, found) if name not in AT_START]
        waiting = [name for name in _changes(self._first, found) if name in AT_START]
        kept = {name: getattr(self._settings, name) for name in AT_START}
        settings = found.model_copy(update=kept)
        if keys != self._keys and "api_keys" not in changed:
            changed.append("api_key_file")
        self._found, self._settings, self._keys = found, settings, keys
        # Before they are in force: one of them may be that there is to be silence.
        log.info("settings.read", changed=_names(changed))
        if waiting:
            log.warning("settings.wait_for_a_restart", names=_names(waiting))
        self._adopt(settings, keys)


def _keys(settings: Settings) -> tuple[str, ...]:
    """The client keys; raises Complaint where there ought to be some and are none."""
    path = settings.api_key_file
    if path is not None and not path.exists():
        raise Complaint(f"AMQ2API_API_KEY_FILE: {path} is gone; it is made anew only at the start")
    keys = client_keys(settings)
    if settings.public and not keys:
        raise Complaint("AMQ2API_API_KEYS: a public address needs client keys, and there are none")
    return keys


def _changes(before: Settings, after: Settings) -> list[str]:
    return [name for name in Settings.model_fields if getattr(before, name) != getattr(after, name)]


def _names(fields: list[str]) -> list[str]:
    """As an operator knows them."""
    return [str(Settings.model_fields[field].validation_alias) for field in fields]
