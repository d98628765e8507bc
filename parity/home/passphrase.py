"""Where a home's secret may come from: a descriptor, a private file, the keyboard.

The secret is a passphrase, or a wrapping key that systemd hands over. Never from the
environment or an argument: both can be read in /proc for as long as the process lives,
and go down to every child. They may carry the path of a file.
"""

from __future__ import annotations

import getpass
import os
from pathlib import Path

from parity.home.environment import check_environment, check_not_exposed
from parity.home.errors import HomeError
from parity.home.layout import Home
from parity.home.private_files import harden_process, read_credential, read_private
from parity.home.secret import SecretBytes, WrappingKey
from pseudonymisation.keys import check_key

_CREDENTIAL = "parity-passphrase"
_KEY_CREDENTIAL = "parity-wrapping-key"
_LONGEST = 4096
_LONG_ENOUGH_TO_LOOK_FOR = 12


def passphrase(
    home: Home,
    *,
    passphrase_file: Path | None = None,
    passphrase_fd: int | None = None,
) -> SecretBytes:
    """The passphrase of a home, from the first of these that there is.

    The descriptor, the file, the systemd credential `parity-passphrase`, the file that
    PARITY_PASSPHRASE_FILE names, a synthetic home's own file, the terminal. One line
    end at the end is not part of it. Raises HomeError.
    """
    harden_process()
    check_environment()
    if passphrase_fd is not None:
        return _from_descriptor(passphrase_fd)
    if passphrase_file is None and (credential := _credential(_CREDENTIAL)):
        return _secret(read_credential(credential))
    file = passphrase_file or _known_file(home)
    if file is not None:
        return _secret(read_private(file))
    return _from_terminal()


def own_passphrase(
    of: str, *, passphrase_file: Path | None = None, passphrase_fd: int | None = None
) -> SecretBytes:
    """The passphrase of a person's own file, which is no home's.

    From the descriptor, the file, else the terminal. of: whose, for the question there.
    Raises HomeError.
    """
    harden_process()
    if passphrase_fd is not None:
        return _from_descriptor(passphrase_fd)
    if passphrase_file is not None:
        return _secret(read_private(passphrase_file))
    return _from_terminal(of)


def wrapping_key() -> WrappingKey:
    """The wrapping key that systemd hands over as `parity-wrapping-key`: 32 bytes.

    Raises HomeError when there is none or others may read it, KeyRefused when it is no
    good key.
    """
    harden_process()
    credential = _credential(_KEY_CREDENTIAL)
    if credential is None:
        raise HomeError(
            "no_wrapping_key",
            "no wrapping key: it comes as the systemd credential parity-wrapping-key",
        )
    return WrappingKey(check_key(read_credential(credential)))


def refuse_passphrase(provider: str, file: Path | None, descriptor: int | None) -> None:
    """Raise HomeError when a passphrase is offered where none is taken."""
    if file is not None or descriptor is not None:
        raise HomeError(
            "other_key_provider",
            f"no passphrase opens under the key provider {provider}",
        )


def _credential(name: str) -> Path | None:
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    if folder and (credential := Path(folder) / name).exists():
        return credential
    return None


def _known_file(home: Home) -> Path | None:
    if named := os.environ.get("PARITY_PASSPHRASE_FILE"):
        return Path(named)
    own = home.synthetic_passphrase_file
    if not own.exists():
        return None
    if home.kind == "live":
        raise HomeError("passphrase_kept", "a live home may not hold its passphrase")
    return own


def _from_descriptor(descriptor: int) -> SecretBytes:
    try:
        with os.fdopen(descriptor, "rb") as file:
            return _secret(file.read(_LONGEST + 1))
    except OSError:
        raise HomeError("no_descriptor", "no such descriptor") from None


def _from_terminal(of: str = "this home") -> SecretBytes:
    try:
        terminal = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY)
    except OSError:
        raise HomeError(
            "no_passphrase",
            "no passphrase: use --passphrase-file, --passphrase-fd, a systemd "
            "credential or PARITY_PASSPHRASE_FILE, or a terminal",
        ) from None
    os.close(terminal)
    return _secret(getpass.getpass(f"Passphrase of {of}: ").encode("utf-8"))


def _secret(content: bytes) -> SecretBytes:
    value = content.removesuffix(b"\n").removesuffix(b"\r")
    if not value or len(value) > _LONGEST:
        raise HomeError("passphrase_blank", "the passphrase is blank or far too long")
    if len(value) >= _LONG_ENOUGH_TO_LOOK_FOR:
        check_not_exposed(value)
    return SecretBytes(value)
