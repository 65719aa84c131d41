"""What would keep the gateway from working and does not mend itself while it runs: told at the
start, in one sentence.

A file that is broken can be mended while the gateway runs, so it is no reason not to start;
the page tells of it, and so does ``/readyz``.
"""

import os
import resource
from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path
from urllib.parse import urlsplit

from amq2api.accounts.accountfile import AccountFile
from amq2api.accounts.document import StoreBroken
from amq2api.accounts.sealing import SealBroken
from amq2api.config import Settings
from amq2api.log import log

from .app import Complaint
from .encryption import seal_in_force

_PER_CALL = 2  # descriptors: the client's connection and the service's
_BESIDE = 64  # descriptors for everything else
_HERE = frozenset({"localhost", "127.0.0.1", "::1"})
_ANYWHERE = frozenset({"0.0.0.0", "::"})


def preflight(settings: Settings) -> None:
    """Raise :exc:`Complaint` for the first thing that cannot work."""
    for words in obstacles(settings):
        raise Complaint(words, 2)
    _tell_of_few_descriptors(settings)


def obstacles(settings: Settings) -> Iterator[str]:
    """All that cannot work, a sentence each."""
    for check in _CHECKS:
        yield from check(settings)


def writable(path: Path) -> bool:
    """Whether a file can be put there, or, where its directory is closed, be overwritten."""
    target = path.resolve()
    if target.is_file() and os.access(target, os.W_OK):
        return True
    above = _nearest(target.parent)
    return not target.is_dir() and above.is_dir() and os.access(above, os.W_OK | os.X_OK)


def _different_files(settings: Settings) -> Iterator[str]:
    found = list(_paths(settings))
    for (one, first), (other, second) in combinations(found, 2):
        if first.resolve() == second.resolve():
            yield f"{one} and {other} are the same file, {first}; each needs its own"


def _files(settings: Settings) -> Iterator[str]:
    for name, path in _paths(settings):
        above = _nearest(path.resolve().parent)
        if path.is_dir():
            yield f"{name}: {path} is a directory; a file is meant"
        elif not above.is_dir():
            yield f"{name}: {path} cannot be: {above} is not a directory"


def _accounts(settings: Settings) -> Iterator[str]:
    path, in_environment = settings.account_file, settings.refresh_token is not None
    if path.exists() and not os.access(path, os.R_OK):
        yield f"{_name('account_file')}: {path} cannot be read; give it to who runs the gateway"
    elif not path.exists() and not in_environment and not writable(path):
        yield f"{_name('account_file')}: there is no {path}, and none can be made there"


def _token_cache(settings: Settings) -> Iterator[str]:
    path = settings.token_cache
    if writable(path):
        return
    name = _name("token_cache")
    if settings.workers > 1:
        yield f"{name}: {path} cannot be written, and workers share their tokens there"
    elif settings.refresh_token is not None or not writable(settings.account_file):
        yield f"{name}: {path} cannot be written, so a login that is renewed would be lost"
    else:
        log.warning("token_cache.unwritable", path=str(path))


def _sealed(settings: Settings) -> Iterator[str]:
    try:
        AccountFile(settings.account_file, seal_in_force(settings)).read()
    except StoreBroken as exc:
        entry = exc.__cause__
        if entry is not None and isinstance(entry.__cause__, SealBroken):
            yield str(exc)
    except OSError:
        return  # told above, or gone again


def _not_itself(settings: Settings) -> Iterator[str]:
    own = {settings.host} | (_HERE if settings.host in _ANYWHERE | _HERE else set())
    for name in ("api_endpoint", "token_endpoint"):
        there = urlsplit(str(getattr(settings, name)))
        if there.port == settings.port and (there.hostname or "") in own:
            yield f"{_name(name)}: {there.geturl()} is this gateway itself; the service is meant"


_CHECKS: tuple[Callable[[Settings], Iterator[str]], ...] = (
    _different_files, _files, _accounts, _token_cache, _sealed, _not_itself,
)  # fmt: skip


def _tell_of_few_descriptors(settings: Settings) -> None:
    """Too few are no reason not to start: most gateways never get that many calls at once."""
    _, allowed = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = _PER_CALL * settings.max_calls + _BESIDE
    if allowed != resource.RLIM_INFINITY and allowed < needed:
        log.warning("descriptors.few", allowed=allowed, needed=needed, calls=settings.max_calls)


def _paths(settings: Settings) -> Iterator[tuple[str, Path]]:
    for field in ("account_file", "token_cache", "calibration_file", "admin_file", "api_key_file"):
        path: Path | None = getattr(settings, field)
        if path is not None:
            yield _name(field), path


def _name(field: str) -> str:
    return str(Settings.model_fields[field].validation_alias)


def _nearest(directory: Path) -> Path:
    """The directory itself, or what stands where it, or one above it, is to be."""
    while not directory.exists() and directory != directory.parent:
        directory = directory.parent
    return directory
