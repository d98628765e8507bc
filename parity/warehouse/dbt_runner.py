"""How dbt is started for a home, by the command line and by Dagster alike.

What belongs here: dbt's environment and arguments, and one run of it as a child
process. The child learns the path of a key socket that serves the two warehouse files'
keys and nothing else; no secret stands in its environment or arguments.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from parity.home import Home
from parity.home.private_files import read_private, write_private
from parity.home.unlock import Keyring, serving
from parity.specification import PROJECT_ROOT
from pseudonymisation.errors import CodedError

# dbt's process is served two file keys; it is not told where the passphrase lies.
WAYS_TO_THE_PASSPHRASE = ("PARITY_PASSPHRASE_FILE", "CREDENTIALS_DIRECTORY")

SERVED_KEYS = ("landed", "warehouse")


class DbtError(CodedError):
    """dbt ended with an error; its own log in the home says where."""

    def __init__(self, home: Home, command: str) -> None:
        place = home.dbt_logs.relative_to(home.root)
        super().__init__("dbt_failed", f"dbt {command} failed; see {place} in the home")


def dbt_environment(home: Home) -> dict[str, str]:
    """Settings of dbt for a home: where it reads and writes. Nothing secret."""
    return {
        "PARITY_HOME": str(home.root),
        "DBT_PROJECT_DIR": str(PROJECT_ROOT),
        "DBT_PROFILES_DIR": str(PROJECT_ROOT),
        "DBT_TARGET_PATH": str(home.dbt_target),
        "DBT_LOG_PATH": str(home.dbt_logs),
        "DO_NOT_TRACK": "1",
    }


@contextmanager
def key_socket(home: Home, keyring: Keyring) -> Iterator[dict[str, str]]:
    """Serve the warehouse files' keys while dbt runs; yields the settings it needs."""
    _forget_another_project(home)
    with serving(home, keyring, SERVED_KEYS) as settings:
        yield {**dbt_environment(home), **settings}


def _forget_another_project(home: Home) -> None:
    """Have dbt parse anew when this home was last built by a project elsewhere.

    dbt keeps where its seeds were, and would read them there.
    """
    mark = home.dbt_target / "project_root"
    here = str(PROJECT_ROOT).encode()
    if not mark.exists() or read_private(mark) != here:
        (home.dbt_target / "partial_parse.msgpack").unlink(missing_ok=True)
        write_private(mark, here)


def dbt_program() -> str:
    """The dbt of this environment."""
    return str(Path(sys.executable).with_name("dbt"))


def run_dbt(
    home: Home, keyring: Keyring, arguments: Sequence[str], *, quiet: bool = True
) -> None:
    """Run one dbt command for a home.

    Raises DbtError when it fails. Its messages are shown only when not quiet: models
    hold no identifiers, but a log line belongs in the home's own folder.
    """
    with key_socket(home, keyring) as settings:
        done = subprocess.run(  # noqa: S603  our own program, fixed arguments
            [dbt_program(), *(["--quiet"] if quiet else []), *arguments],
            env={**_inherited(), **settings},
            cwd=PROJECT_ROOT,
            check=False,
        )
    if done.returncode != 0:
        raise DbtError(home, arguments[0])


def _inherited() -> Mapping[str, str]:
    """The environment without the ways to keys and the channels into artefacts."""
    kept_back = kept_from_dbt()
    return {n: value for n, value in os.environ.items() if n not in kept_back}


def kept_from_dbt() -> frozenset[str]:
    """Names in our environment that dbt does not get.

    The ways to the passphrase, and every setting of dbt that is not ours: what stands
    in DBT_ENV_CUSTOM_ENV_* is written into its artefacts.
    """
    dbts = {name for name in os.environ if name.startswith("DBT_")}
    return frozenset(dbts.union(WAYS_TO_THE_PASSPHRASE))
