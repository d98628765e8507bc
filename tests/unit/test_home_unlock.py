"""Unlocking: one key per request, file keys only, same user, all in the ledger."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from parity.home import Home, HomeError, init, key_socket, unlock, unwrap_one
from parity.home.key_socket import ask, is_served, key_of
from parity.home.unlock import Keyring, file_key, open_keyring, serve, serving

NOT_FILE_KEYS = ("root", "linkage", "epoch", "ledger", "receipt")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Made once; each test has a copy, so that it may break it."""
    return init(tmp_path_factory.mktemp("made") / "home", synthetic=True)


@pytest.fixture
def home(made: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.delenv("PARITY_KEY_SOCKET", raising=False)
    # Longer than a socket's path may be: homes lie where they lie.
    copy = tmp_path / ("long" * 20) / "home"
    return Home.find(shutil.copytree(made.root, copy))


@pytest.fixture
def keyring(home: Home) -> Keyring:
    return open_keyring(home)


@pytest.fixture
def served(home: Home, keyring: Keyring) -> Iterator[Path]:
    """The home's own socket, as `parity unlock` serves it."""
    stop, path = threading.Event(), home.run_folder / "keys.socket"
    server = threading.Thread(target=serve, args=(home, keyring, stop))
    server.start()
    while not is_served(path):
        assert server.is_alive()
    yield path
    stop.set()
    server.join()
    assert not path.exists()


def events(keyring: Keyring) -> list[tuple[object, object]]:
    """What the ledger holds after the making of the home, chain checked."""
    keyring.ledger().verify()
    found = [(e["event"], e["facts"]) for e in keyring.ledger().entries()]
    return found[[event for event, _ in found].index("home_made") + 1 :]


def test_served_home(home: Home, keyring: Keyring, served: Path) -> None:
    """File keys, also those made while it serves; each request in the ledger."""
    assert served.exists()
    keyring.generate("package:one", "file")
    for name in ("landed", "warehouse", "package:one"):
        assert file_key(home, name) == keyring.key(name)
    given = {"key": "landed", "process": os.getpid()}
    assert ("key_given", given) in events(keyring)
    assert [event for event, _ in events(keyring)].count("key_given") == 3


@pytest.mark.attack(6)
@pytest.mark.parametrize("name", NOT_FILE_KEYS)
def test_served_home_gives_no_identifier_key(
    home: Home, keyring: Keyring, served: Path, name: str
) -> None:
    """Keys that make pseudonyms, sign or seal are not served at all."""
    assert served.exists()
    with pytest.raises(HomeError, match="not_a_file_key"):
        file_key(home, name)
    reason = {"reason": "not_a_file_key", "process": os.getpid()}
    assert events(keyring) == [("key_refused", reason)]


@pytest.mark.attack(6)
def test_served_home_gives_no_vault_key(
    home: Home, keyring: Keyring, served: Path
) -> None:
    """Nobody asks for it: intake opens the vault with the secret itself."""
    assert served.exists()
    with pytest.raises(HomeError, match="key_not_served"):
        file_key(home, "vault")
    with (
        pytest.raises(HomeError, match="key_not_served"),
        serving(home, keyring, ["vault"]),
    ):
        pass
    assert events(keyring)[-1][0] == "key_refused"


def test_expired_keys_are_served_for_reading_only(
    home: Home, keyring: Keyring, monkeypatch: pytest.MonkeyPatch, served: Path
) -> None:
    """The warehouse is written: its key must be within its period of protecting."""
    assert served.exists()
    later = datetime.now(UTC) + timedelta(days=800)
    monkeypatch.setattr("parity.home.keyring._now", lambda: later)
    assert file_key(home, "landed") == keyring.key_to_read("landed")
    with pytest.raises(HomeError, match="key_expired"):
        file_key(home, "warehouse")
    assert [event for event, _ in events(keyring)] == ["key_given", "key_refused"]


@pytest.mark.parametrize("name", ["none", "", "9990000018", "\u00e9", "a b", "x" * 150])
def test_name_asked_for_stays_out_of_the_ledger(
    home: Home, keyring: Keyring, served: Path, name: str
) -> None:
    """What a caller writes is the caller's text."""
    assert served.exists()
    with pytest.raises(HomeError, match="no_such_key"):
        file_key(home, name)
    reason = {"reason": "no_such_key", "process": os.getpid()}
    assert events(keyring) == [("key_refused", reason)]


def test_one_server_at_a_time(home: Home, keyring: Keyring, served: Path) -> None:
    """A second is refused; the first one's socket stays."""
    with pytest.raises(HomeError, match="already_unlocked"):
        serve(home, keyring)
    assert is_served(served)


def test_socket_of_a_dead_server(home: Home, keyring: Keyring) -> None:
    """Is not waited for, and is replaced."""
    path = home.run_folder / "keys.socket"
    with socket.socket(socket.AF_UNIX) as dead, key_socket._address(path) as address:
        dead.bind(address)
    assert path.exists()
    assert not is_served(path)
    assert file_key(home, "landed") == keyring.key("landed")
    with key_socket.listening(path):
        assert is_served(path)


@pytest.mark.attack(7)
def test_serving_a_child(home: Home, keyring: Keyring) -> None:
    """A child gets the named keys; its environment and arguments hold none."""
    code = (
        "import sys; from pathlib import Path; from parity.home import Home;"
        "from parity.home.unlock import file_key; home = Home.find(Path(sys.argv[1]));"
        "sys.stdout.buffer.write(file_key(home, 'landed'));"
        "sys.stdout.buffer.write(Path('/proc/self/environ').read_bytes());"
        "sys.stdout.buffer.write(Path('/proc/self/cmdline').read_bytes())"
    )
    with serving(home, keyring, ["landed"]) as settings:
        done = subprocess.run(
            [sys.executable, "-c", code, str(home.root)],
            env={**os.environ, **settings},
            capture_output=True,
            check=True,
        )
    key = keyring.key("landed")
    assert done.stdout[:32] == key
    assert b"PARITY_KEY_SOCKET" in done.stdout
    assert key not in done.stdout[32:]
    assert key.hex().encode() not in done.stdout[32:]


@pytest.mark.attack(6)
def test_serving_only_the_named(
    home: Home, keyring: Keyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not another file's key, nor after it ended; the folder is gone."""
    with serving(home, keyring, ["landed"]) as settings:
        monkeypatch.setenv("PARITY_KEY_SOCKET", settings["PARITY_KEY_SOCKET"])
        with pytest.raises(HomeError, match="key_not_served"):
            file_key(home, "vault")
    with pytest.raises(HomeError, match="missing"):
        file_key(home, "landed")
    assert list(home.run_folder.iterdir()) == []


@pytest.mark.attack(6)
def test_serving_no_identifier_key(home: Home, keyring: Keyring) -> None:
    """Asking to serve one is refused before anything listens."""
    with (
        pytest.raises(HomeError, match="not_a_file_key"),
        serving(home, keyring, ["landed", "root"]),
    ):
        pass


def test_another_user_is_refused(
    home: Home, served: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel says who is there; both ends look (who we are is bent here)."""
    us = key_socket.Peer(process=1, user=os.geteuid())
    stranger = key_socket.Peer(process=1, user=os.geteuid() + 1)

    def seen_by_server(_: socket.socket) -> key_socket.Peer:
        here = threading.current_thread() is threading.main_thread()
        return us if here else stranger

    monkeypatch.setattr(key_socket, "_peer", seen_by_server)
    with pytest.raises(HomeError, match="another_user"):
        file_key(home, "landed")
    monkeypatch.setattr(key_socket, "_peer", lambda _: stranger)
    with pytest.raises(HomeError, match="wrong_server"):
        ask(served, "landed")


def test_folder_that_others_may_enter(home: Home, served: Path) -> None:
    """Neither served nor asked there."""
    home.run_folder.chmod(0o755)
    try:
        with pytest.raises(HomeError, match="mode"):
            ask(served, "landed")
    finally:
        home.run_folder.chmod(0o700)


@pytest.mark.parametrize("request_bytes", [b"landed", b"x" * 300, b""])
def test_requests_of_another_form(served: Path, request_bytes: bytes) -> None:
    """Unfinished, too long, empty: refused, and the server goes on."""
    with key_socket._connected(served) as connection:
        connection.sendall(request_bytes)
        connection.shutdown(socket.SHUT_WR)
        try:
            answer = key_socket._read_all(connection)
        except ConnectionResetError:
            answer = b""
    with pytest.raises(HomeError, match=r"bad_request|no_answer"):
        key_of(answer)
    assert len(ask(served, "landed")) == 32


@pytest.mark.parametrize("answer", [b"", b"\x00", b"\x00" + b"k" * 31, b"\x02abc"])
def test_answers_of_another_form(answer: bytes) -> None:
    """Half a key is no key."""
    with pytest.raises(HomeError, match="no_answer"):
        key_of(answer)


def test_silent_server(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who listens and does not answer is not waited for without end."""
    monkeypatch.setattr(key_socket, "_SECONDS", 0.2)
    path = home.run_folder / "silent"
    with key_socket.listening(path), pytest.raises(HomeError, match="no_server"):
        ask(path, "landed")


def test_no_entry_no_key(keyring: Keyring, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the ledger cannot be written, no key is given."""

    def broken(*_: object, **__: object) -> None:
        raise HomeError("ledger_full", "no")

    monkeypatch.setattr("parity.home.ledger.Ledger.append", broken)
    with pytest.raises(HomeError, match="ledger_full"):
        unlock.giver(keyring, None)("landed", 1)
    with pytest.raises(HomeError, match="ledger_full"):
        unlock.giver(keyring, ["landed"])("vault", 1)


@pytest.mark.attack(7)
def test_child_unwraps_one_key(
    home: Home, keyring: Keyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a socket a child of its own does; it is told no secret."""
    started: list[object] = []
    real = subprocess.Popen

    def noting(arguments: list[str], **settings: object) -> object:
        started.append((arguments, settings))
        return real(arguments, **settings)  # type: ignore[call-overload]

    monkeypatch.setattr(unlock.subprocess, "Popen", noting)
    key = file_key(home, "landed")
    assert key == keyring.key("landed")
    assert len(started) == 1
    assert key.hex() not in str(started)
    assert home.synthetic_passphrase_file.read_text().strip() not in str(started)
    assert events(keyring)[0][0] == "key_given"


@pytest.mark.attack(6)
@pytest.mark.parametrize("name", ["root", "none"])
def test_child_refuses_other_keys(home: Home, name: str) -> None:
    """The refusal's code comes back."""
    with pytest.raises(HomeError, match=r"not_a_file_key|no_such_key"):
        file_key(home, name)


def test_child_without_passphrase(home: Home) -> None:
    """A wrong one is said to be wrong; the asker is told."""
    home.synthetic_passphrase_file.write_text("not the passphrase")
    with pytest.raises(HomeError, match="wrong_passphrase"):
        file_key(home, "landed")


def test_child_answers_over_its_socket(home: Home, keyring: Keyring) -> None:
    """What the child runs, here: 0 with a key, 1 with a refusal."""
    for name, code in (("landed", 0), ("root", 1)):
        ours, theirs = socket.socketpair()
        with ours:
            arguments = [str(home.root), name, str(theirs.detach())]
            assert unwrap_one.main(arguments) == code
            answer = key_socket._read_all(ours)
        assert (keyring.key(name) in answer) is (code == 0)
