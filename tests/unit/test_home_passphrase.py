"""Where a passphrase may come from, in which order, and where from never."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from parity.home import Home, HomeError, init
from parity.home import passphrase as module
from parity.home.passphrase import passphrase


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    for name in ("CREDENTIALS_DIRECTORY", "PARITY_PASSPHRASE_FILE"):
        monkeypatch.delenv(name, raising=False)
    return init(tmp_path / "home", synthetic=False, passphrase=b"a long passphrase")


def private(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    path.chmod(0o600)
    return path


def descriptor(content: bytes) -> int:
    reading, writing = os.pipe()
    os.write(writing, content)
    os.close(writing)
    return reading


def test_order_of_sources(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Descriptor, file, systemd credential, named file; the first that there is."""
    named = private(tmp_path / "named", b"from the named file\n")
    monkeypatch.setenv("PARITY_PASSPHRASE_FILE", str(named))
    assert passphrase(home).reveal() == b"from the named file"
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert passphrase(home).reveal() == b"from the named file"
    private(tmp_path / "parity-passphrase", b"from systemd\n")
    assert passphrase(home).reveal() == b"from systemd"
    file = private(tmp_path / "given", b"from the file\r\n")
    assert passphrase(home, passphrase_file=file).reveal() == b"from the file"
    found = passphrase(
        home, passphrase_file=file, passphrase_fd=descriptor(b"from the descriptor")
    )
    assert found.reveal() == b"from the descriptor"


def test_synthetic_home_has_its_own(tmp_path: Path, home: Home) -> None:
    """Asked for last of the files."""
    made = init(tmp_path / "made", synthetic=True)
    own = made.synthetic_passphrase_file.read_bytes().rstrip(b"\n")
    assert passphrase(made).reveal() == own
    assert home.kind == "live"


@pytest.mark.attack(7)
def test_environment_is_refused(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """A passphrase in the environment is not used, even beside a good source."""
    monkeypatch.setenv("PARITY_PASSPHRASE", "a long passphrase")
    with pytest.raises(HomeError, match="passphrase_in_environment") as refusal:
        passphrase(home, passphrase_fd=0)
    assert "a long passphrase" not in str(refusal.value)


@pytest.mark.attack(13)
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644])
def test_file_that_others_may_read(home: Home, tmp_path: Path, mode: int) -> None:
    """Is not taken: the passphrase is spent."""
    file = private(tmp_path / "file", b"a long passphrase")
    file.chmod(mode)
    with pytest.raises(HomeError, match="mode"):
        passphrase(home, passphrase_file=file)


@pytest.mark.parametrize("content", [b"", b"\n", b"x" * 5000])
def test_blank_or_endless(home: Home, tmp_path: Path, content: bytes) -> None:
    """Neither from a file nor from a descriptor."""
    file = private(tmp_path / "file", content)
    with pytest.raises(HomeError, match="passphrase_blank"):
        passphrase(home, passphrase_file=file)
    with pytest.raises(HomeError, match="passphrase_blank"):
        passphrase(home, passphrase_fd=descriptor(content))


def test_closed_descriptor(home: Home) -> None:
    """A number that leads nowhere."""
    closed = descriptor(b"x")
    os.close(closed)
    with pytest.raises(HomeError, match="no_descriptor"):
        passphrase(home, passphrase_fd=closed)


def test_no_source_and_no_terminal(home: Home) -> None:
    """A process without a terminal is told what it can do; it does not wait."""
    asking = "import sys; from pathlib import Path; from parity.home import Home; "
    asking += "from parity.home.unlock import passphrase; "
    asking += "passphrase(Home.find(Path(sys.argv[1])))"
    done = subprocess.run(
        [sys.executable, "-c", asking, str(home.root)],
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode != 0
    assert "[no_passphrase]" in done.stderr


def test_terminal(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked at the keyboard when there is one, without echo."""
    opened = os.open("/dev/null", os.O_RDWR)
    monkeypatch.setattr(module.os, "open", lambda *_: opened)
    monkeypatch.setattr(module.getpass, "getpass", lambda _: "typed \u00e9")
    assert passphrase(home).reveal() == "typed \u00e9".encode()
