import errno
import fcntl
import json
import os
import threading
from pathlib import Path

import pytest

from amq2api.accounts import files


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


@pytest.fixture
def target(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    path.chmod(0o644)
    return path


def test_a_replaced_file_is_new_and_private(target: Path) -> None:
    before = files.stamp(target)
    assert files.replace(target, b"new")
    assert (target.read_bytes(), mode(target)) == (b"new", 0o600)
    after = files.stamp(target)
    assert before is not None and after is not None and before[2] != after[2]
    assert list(target.parent.iterdir()) == [target]


def test_a_new_file_in_a_new_directory(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "file"
    assert (files.stamp(path), files.read(path)) == (None, (None, b""))
    assert files.replace(path, b"new")
    assert files.read(path) == (files.stamp(path), b"new")
    assert (mode(path), mode(path.parent)) == (0o600, 0o700)


def test_what_a_killed_writer_left_is_in_nobodys_way(target: Path) -> None:
    left = target.with_name(".file.tmp")
    left.write_bytes(b"half of somethi")
    left.chmod(0o644)
    assert files.replace(target, b"new")
    assert (target.read_bytes(), mode(target), left.exists()) == (b"new", 0o600, False)


def test_a_link_stays_a_link(target: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    link = tmp_path / "elsewhere" / "link"
    link.symlink_to(target)
    assert files.replace(link, b"new")
    assert link.is_symlink() and target.read_bytes() == b"new"
    with files.Lock(link):
        assert not files.Lock(target).try_acquire()


def test_the_last_word(target: Path) -> None:
    assert not files.replace(target, b"new", unless=lambda: True)
    assert target.read_bytes() == b"old"
    assert list(target.parent.iterdir()) == [target]


@pytest.mark.parametrize("code", [errno.EBUSY, errno.EXDEV], ids=["busy", "other device"])
@pytest.mark.parametrize("told", [False, True], ids=["", "told not to"])
def test_a_mounted_file_is_overwritten(
    target: Path, monkeypatch: pytest.MonkeyPatch, code: int, told: bool
) -> None:
    def mounted(*_: object) -> None:
        raise OSError(code, "mounted")

    monkeypatch.setattr(os, "replace", mounted)
    inode, answers = target.stat().st_ino, iter([False, told])
    assert files.replace(target, b"n", unless=lambda: next(answers)) is not told
    assert target.read_bytes() == (b"old" if told else b"n")
    assert (target.stat().st_ino, list(target.parent.iterdir())) == (inode, [target])


def no_room_beside(monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    """As in a container whose file system is read-only but for one mounted file."""
    really = os.open

    def closed(path: os.PathLike[str], flags: int, *mode: int) -> int:
        if flags & os.O_CREAT:
            raise OSError(code, os.strerror(code))
        return really(path, flags, *mode)

    monkeypatch.setattr(os, "open", closed)


def test_a_file_in_a_closed_directory_is_overwritten(
    target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_room_beside(monkeypatch, errno.EROFS)
    with files.Lock(target):
        assert not files.Lock(target).try_acquire()
        assert files.replace(target, b"new")
    assert (target.read_bytes(), mode(target)) == (b"new", 0o600)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EACCES], ids=["disk full", "forbidden"])
def test_what_cannot_be_created_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    no_room_beside(monkeypatch, code)
    with pytest.raises(OSError, match=os.strerror(code)):
        files.replace(tmp_path / "file", b"new")
    with pytest.raises(OSError, match=os.strerror(code)):
        files.Lock(tmp_path / "file").try_acquire()


def fails(*_: object) -> None:
    raise OSError(errno.EIO, "broken disk")


@pytest.mark.parametrize("where", ["fsync", "replace"])
def test_a_failed_write_leaves_the_old_bytes(
    target: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    monkeypatch.setattr(os, where, fails)
    with pytest.raises(OSError, match="broken disk"):
        files.replace(target, b"new")
    assert target.read_bytes() == b"old"
    assert list(target.parent.iterdir()) == [target]


def test_one_holder_at_a_time(target: Path) -> None:
    first, second = files.Lock(target), files.Lock(target)
    assert first.try_acquire()
    assert not second.try_acquire()
    first.release()
    assert second.try_acquire()
    second.release()
    second.release()
    assert mode(target.with_name("file.lock")) == 0o600


def test_a_lock_that_cannot_be_had_is_an_error(
    target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fcntl, "flock", fails)
    with pytest.raises(OSError, match="broken disk"):
        files.Lock(target).try_acquire()


def test_threads_exclude_each_other(target: Path) -> None:
    target.write_bytes(b"0")

    def count() -> None:
        for _ in range(20):
            with files.Lock(target):
                files.replace(target, str(int(target.read_bytes()) + 1).encode())

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert target.read_bytes() == b"80"


@pytest.fixture
def mounted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A mount point: nothing can be renamed over it."""

    def refuse(*_: object) -> None:
        raise OSError(errno.EBUSY, "Device or resource busy")

    monkeypatch.setattr(os, "replace", refuse)
    path = tmp_path / "mounted.json"
    path.write_bytes(b'["old", "and longer"]')
    return path


def test_who_is_killed_before_a_mounted_file_is_cut_leaves_it_whole(
    mounted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pwrite, seen = os.pwrite, list[object]()

    def looked_at(fd: int, raw: bytes, at: int) -> int:
        written = pwrite(fd, raw, at)
        seen.append(json.loads(mounted.read_bytes()))
        return written

    monkeypatch.setattr(os, "pwrite", looked_at)
    assert files.replace(mounted, b'["new"]')
    assert seen == [["new"]]
    assert mounted.read_bytes() == b'["new"]'


def test_a_mounted_file_keeps_its_old_bytes_where_the_disk_is_full(
    mounted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pwrite = os.pwrite

    def nearly_full(fd: int, raw: bytes, at: int) -> int:
        if at >= 30:
            raise OSError(errno.ENOSPC, "No space left on device")
        return pwrite(fd, raw[: 30 - at], at)

    monkeypatch.setattr(os, "pwrite", nearly_full)
    old = mounted.read_bytes()
    with pytest.raises(OSError, match="No space left"):
        files.replace(mounted, b'["new, and longer than what there is room for"]')
    assert mounted.read_bytes() == old
