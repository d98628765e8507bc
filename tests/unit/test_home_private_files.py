"""Files and folders that are ours alone."""

from __future__ import annotations

import os
import resource
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from parity.home import HomeError, private_files
from parity.home.private_files import (
    check_file,
    check_folder,
    harden_process,
    make_folder,
    read_private,
    write_private,
)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.attack(13)
def test_written_file_is_private_whatever_the_umask(tmp_path: Path) -> None:
    """0600 with a umask that would let all read; nothing else is left behind."""
    old = os.umask(0)
    try:
        write_private(tmp_path / "file", b"one")
        write_private(tmp_path / "file", b"two")
        make_folder(tmp_path / "folder")
    finally:
        os.umask(old)
    assert mode(tmp_path / "file") == 0o600
    assert mode(tmp_path / "folder") == 0o700
    assert read_private(tmp_path / "file") == b"two"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]


@pytest.mark.attack(13)
@pytest.mark.parametrize("extra", [0o040, 0o004, 0o020, 0o001])
def test_what_others_may_touch_is_refused(tmp_path: Path, extra: int) -> None:
    """One bit for group or others is one too many."""
    write_private(tmp_path / "file", b"one")
    (tmp_path / "file").chmod(0o600 | extra)
    with pytest.raises(HomeError, match="mode"):
        read_private(tmp_path / "file")
    make_folder(tmp_path / "folder").chmod(0o700 | extra)
    with pytest.raises(HomeError, match="mode"):
        make_folder(tmp_path / "folder")


def test_another_kind_of_thing_is_refused(tmp_path: Path) -> None:
    """A link is not followed: it may lead to somebody else's file."""
    write_private(tmp_path / "file", b"one")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    with pytest.raises(HomeError, match="not_a_file"):
        check_file(tmp_path / "link")
    with pytest.raises(HomeError, match="not_a_folder"):
        check_folder(tmp_path / "file")
    with pytest.raises(HomeError, match="missing"):
        check_file(tmp_path / "none")


@pytest.mark.attack(13)
def test_another_users_file_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who can change a file can change what we believe."""
    write_private(tmp_path / "file", b"one")
    stranger = os.geteuid() + 1
    monkeypatch.setattr(private_files.os, "geteuid", lambda: stranger)
    with pytest.raises(HomeError, match="not_ours"):
        check_file(tmp_path / "file")


@pytest.mark.attack(34)
def test_failed_write_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whole or not at all."""
    write_private(tmp_path / "file", b"one")

    def full(_: int) -> None:
        raise OSError(28, "no space")

    monkeypatch.setattr(private_files.os, "fsync", full)
    with pytest.raises(OSError, match="no space"):
        write_private(tmp_path / "file", b"two")
    assert read_private(tmp_path / "file") == b"one"
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.attack(11, 13)
def test_hardened_process(tmp_path: Path) -> None:
    """New files are ours alone, and a crash leaves no memory image."""
    harden_process()
    (tmp_path / "file").touch()
    assert mode(tmp_path / "file") == 0o600
    assert resource.getrlimit(resource.RLIMIT_CORE)[0] == 0


@pytest.mark.attack(10)
def test_a_draft_that_a_killed_writer_left_goes(tmp_path: Path) -> None:
    """It is a whole copy; that of a process that still writes stays."""
    path = tmp_path / "keyring.json"
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass
    left = path.with_name(f".keyring.json.{ended.pid}.draft")
    others = path.with_name(f".keyring.json.{os.getppid()}.draft")
    for draft in (left, others):
        draft.write_bytes(b"former keys")
    write_private(path, b"keys")
    assert not left.exists()
    assert others.exists()


@pytest.mark.parametrize("use", [check_file, check_folder, read_private])
def test_a_refusal_names_the_place(
    tmp_path: Path, use: Callable[[Path], object]
) -> None:
    """The whole path: a base name does not say of which home."""
    for path in (tmp_path / "missing", tmp_path / "open"):
        if path.name == "open":
            path.mkdir(mode=0o755) if use is check_folder else path.touch(mode=0o644)
            path.chmod(0o755)
        with pytest.raises(HomeError) as refused:
            use(path)
        assert str(path) in str(refused.value)


def test_what_a_process_used_that_ended_unnoticed_is_in_use_no_more(
    tmp_path: Path,
) -> None:
    """Killed, and not waited for: the kernel still lists it, and it runs no more."""
    child = subprocess.Popen(["sleep", "60"])
    stat_file = Path(f"/proc/{child.pid}/stat")
    started = stat_file.read_text().rpartition(")")[2].split()[19]
    used = tmp_path / f"spill-{child.pid}-{started}-1"
    assert private_files.is_in_use(used)
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert stat_file.exists()
    assert not private_files.is_in_use(used)
    child.wait()
