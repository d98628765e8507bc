"""What a home's keys are wrapped under: a passphrase or a systemd credential."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from parity.cli.main import main
from parity.home import Home, HomeError, init
from parity.home.key_wrapping import HeldKey, KeyProvider
from parity.home.keyring import Keyring
from parity.home.private_files import _check_credential
from parity.home.secret import SecretBytes, WrappingKey
from parity.home.unlock import file_key, open_keyring
from pseudonymisation.encoding import encode
from pseudonymisation.errors import EnvelopeRefused
from pseudonymisation.keys import generate_key

KEY = generate_key()


@pytest.fixture
def credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as systemd gives it to a service, with a wrapping key in it."""
    folder = tmp_path / "credentials"
    folder.mkdir(mode=0o700)
    hand_over(folder, KEY)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder))
    monkeypatch.delenv("PARITY_KEY_SOCKET", raising=False)
    return folder


def hand_over(folder: Path, key: bytes, mode: int = 0o400) -> None:
    file = folder / "parity-wrapping-key"
    file.unlink(missing_ok=True)
    file.touch(mode=0o600)
    file.write_bytes(key)
    file.chmod(mode)


@pytest.fixture
def home(credentials: Path, tmp_path: Path) -> Home:
    assert credentials.exists()
    return init(tmp_path / "home", synthetic=True, wrapping_key=WrappingKey(KEY))


def test_opens_with_the_credential_alone(home: Home) -> None:
    """Nothing of it is in the home, and no passphrase is made or kept."""
    keyring = open_keyring(home)
    assert keyring.key("root") != KEY
    assert not home.synthetic_passphrase_file.exists()
    for path in home.root.rglob("*"):
        content = b"" if path.is_dir() else path.read_bytes()
        assert KEY not in content
        assert KEY.hex().encode() not in content
    told = json.loads(home.keyring_file.read_text())["provider"]
    assert told["name"] == "systemd-credential"
    assert told.keys() == {"name", "check"}


@pytest.mark.attack(7)
def test_a_child_opens_it_too(home: Home) -> None:
    """What goes down to a child is the folder's path, never the key."""
    assert file_key(home, "landed") == open_keyring(home).key("landed")


@pytest.mark.attack(15)
@pytest.mark.parametrize("mode", [0o440, 0o404, 0o644, 0o600 | 0o020])
def test_a_credential_that_others_may_read(
    home: Home, credentials: Path, mode: int
) -> None:
    """Is refused: our own file has to be ours alone."""
    hand_over(credentials, KEY, mode)
    with pytest.raises(HomeError, match="mode"):
        open_keyring(home)


@pytest.mark.parametrize(
    ("owner", "mode", "refused"),
    [
        (1000, 0o400, False),
        (1000, 0o440, True),
        (0, 0o440, False),
        (0, 0o400, False),
        (0, 0o444, True),
        (0, 0o460, True),
        (4242, 0o400, True),
    ],
)
def test_owner_of_a_credential(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    owner: int,
    mode: int,
    refused: bool,
) -> None:
    """Root's is taken when only an access list lets us read it; a stranger's never."""
    monkeypatch.setattr("parity.home.private_files.os.geteuid", lambda: 1000)
    found = os.stat_result((stat.S_IFREG | mode, 1, 1, 1, owner, owner, 32, 0, 0, 0))
    if refused:
        with pytest.raises(HomeError, match=r"mode|not_ours"):
            _check_credential(tmp_path / "file", found)
    else:
        _check_credential(tmp_path / "file", found)


def test_a_credential_that_is_a_link(home: Home, credentials: Path) -> None:
    """No link is followed to it."""
    file = credentials / "parity-wrapping-key"
    file.rename(credentials / "other")
    file.symlink_to(credentials / "other")
    with pytest.raises(HomeError, match="not_a_file"):
        open_keyring(home)


def test_another_wrapping_key(home: Home, credentials: Path) -> None:
    """Told apart from damage, by its code."""
    hand_over(credentials, generate_key())
    with pytest.raises(HomeError, match="wrong_wrapping_key"):
        open_keyring(home)


def test_no_wrapping_key(home: Home, credentials: Path) -> None:
    """It is not asked for at the keyboard."""
    (credentials / "parity-wrapping-key").unlink()
    with pytest.raises(HomeError, match="no_wrapping_key"):
        open_keyring(home)


def test_each_provider_refuses_the_other(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is offered, and however it is offered."""
    file = tmp_path / "passphrase"
    file.touch(mode=0o600)
    file.write_bytes(b"a passphrase of some length")
    with pytest.raises(HomeError, match="other_key_provider"):
        open_keyring(home, passphrase_file=file)
    with pytest.raises(HomeError, match="other_key_provider"):
        open_keyring(home, passphrase_fd=0)
    with pytest.raises(HomeError, match="other_key_provider"):
        Keyring.open(home, SecretBytes(KEY))
    monkeypatch.delenv("CREDENTIALS_DIRECTORY")
    other = init(tmp_path / "other", synthetic=True)
    with pytest.raises(HomeError, match="other_key_provider"):
        Keyring.open(other, WrappingKey(KEY))
    assert open_keyring(other).key("root")


@pytest.mark.parametrize("name", ["pkcs11", "", None, ["passphrase"]])
def test_a_provider_that_nobody_knows(home: Home, name: object) -> None:
    """A keyring of a later Parity, or a damaged one, is not tried."""
    content = json.loads(home.keyring_file.read_text())
    content["provider"]["name"] = name
    home.keyring_file.write_text(json.dumps(content))
    with pytest.raises(HomeError, match="keyring_damaged"):
        open_keyring(home)


def test_an_older_keyring(home: Home) -> None:
    """Is told to be one."""
    home.keyring_file.write_text('{"format": "parity-keyring-1"}')
    with pytest.raises(HomeError, match="keyring_version"):
        open_keyring(home)


def test_the_interface() -> None:
    """A key comes back in its context only; a seal is of the content and the provider.

    What any other provider has to do as well.
    """
    one: KeyProvider = HeldKey(generate_key())
    two: KeyProvider = HeldKey(generate_key())
    key, context = generate_key(), encode("record", "one")
    envelope = one.wrap(key, context)
    assert key not in envelope
    assert one.unwrap(envelope, context) == key
    assert one.wrap(key, context) != envelope
    for provider, about in ((one, encode("record", "two")), (two, context)):
        with pytest.raises(EnvelopeRefused):
            provider.unwrap(envelope, about)
    assert one.seal("content") == one.seal("content")
    assert len({one.seal("content"), one.seal("other"), two.seal("content")}) == 3


def test_command_line(credentials: Path, tmp_path: Path) -> None:
    """A home is made under a credential, and takes no passphrase then or later."""
    root, file = tmp_path / "live", tmp_path / "passphrase"
    file.touch(mode=0o600)
    file.write_bytes(b"a passphrase of some length")
    options = ["--home", str(root), "--key-provider", "systemd-credential"]
    assert main(["init", *options, "--passphrase-file", str(file)]) == 2
    assert not root.exists()
    assert main(["init", *options]) == 0
    assert Home.find(root).kind == "live"
    assert main(["keys", "verify", "--home", str(root)]) == 0
    with_file = ["--home", str(root), "--passphrase-file", str(file)]
    assert main(["keys", "verify", *with_file]) == 2
    (credentials / "parity-wrapping-key").unlink()
    assert main(["keys", "verify", "--home", str(root)]) == 2
