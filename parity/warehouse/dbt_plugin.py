"""The dbt-duckdb plugin that opens the encrypted files before dbt does.

dbt's profile names the warehouse file without a key. Left alone, dbt's own ATTACH IF
NOT EXISTS would create it in clear and end green; this plugin attaches the same alias
first, with the key bound as a parameter, and raises when it has no key or the file is
not encrypted. The key comes over the unlock channel (parity.home.unlock), never through
a profile, an environment variable, an argument or Jinja, so no artefact can hold it.
The process that runs dbt can ask for the files' keys and for no identifier key.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import duckdb
import yaml
from dbt.adapters.duckdb.plugins import BasePlugin
from dbt.flags import get_flags
from dbt_common.exceptions import DbtRuntimeError

from parity.home import Home
from parity.home.encrypted_database import (
    attach_encrypted,
    connection_config,
    secure_connection,
)
from parity.home.settings import read_settings
from parity.home.unlock import file_key, home_socket
from parity.rewriting import check_finished
from parity.specification import PROJECT_ROOT

# Everything that dbt writes from here on is the user's alone.
os.umask(0o077)

_COPIED = "DBT_ENV_"
_IN_MEMORY = (":memory:", "warehouse")

_DEFAULT_HOME = "demo-home"  # as in profiles.yml: plain `dbt build` after `make demo`


class Plugin(BasePlugin):
    """Attaches `warehouse` for writing and `landed` read-only, both encrypted."""

    def update_connection_config(
        self,
        creds: Any,  # noqa: ARG002  the adapter names it
        config: dict[str, Any],
    ) -> None:
        """Turn off everything that could load or fetch an extension unasked."""
        config.update(connection_config())

    def configure_connection(self, conn: duckdb.DuckDBPyConnection) -> None:
        """Attach both files, or raise: dbt must never get to its own ATTACH."""
        home = Home.find(_named_home())
        self._check_profile(home)
        _check_channels()
        _check_gate(home)
        check_finished(home)
        secure_connection(conn, home.spill)
        attach_encrypted(
            conn, home.warehouse_file, "warehouse", file_key(home, "warehouse")
        )
        attach_encrypted(
            conn, home.landed_file, "landed", file_key(home, "landed"), read_only=True
        )
        _close_the_file_system(conn)

    def _check_profile(self, home: Home) -> None:
        """The file that dbt would attach must be the home's own warehouse."""
        attachments = (self.creds.attach or []) if self.creds else []
        paths = [Path(attachment.path).resolve() for attachment in attachments]
        named = (self.creds.path, self.creds.database) if self.creds else ("", "")
        if paths != [home.warehouse_file.resolve()] or named != _IN_MEMORY:
            raise DbtRuntimeError(
                "the profile must build in memory into the attached warehouse file of "
                "PARITY_HOME, and attach nothing else"
            )


def _check_channels() -> None:
    """What dbt writes into its artefacts is the project's own parameters, no other.

    A variable of another name, one that is no switch or number, and an environment
    variable that dbt copies are refused. Were it a secret, it is in dbt's log by now.
    """
    declared = yaml.safe_load((PROJECT_ROOT / "dbt_project.yml").read_text("utf-8"))
    given = getattr(get_flags(), "VARS", None) or {}  # type: ignore[no-untyped-call]
    is_ours = given.keys() <= declared["vars"].keys()
    if not is_ours or not all(isinstance(value, int) for value in given.values()):
        raise DbtRuntimeError(
            "--vars may set the parameters that dbt_project.yml names, to a switch or "
            "a number; anything else given there stands in dbt's artefacts and is spent"
        )
    if any(name.startswith(_COPIED) for name in os.environ):
        raise DbtRuntimeError(
            "dbt copies DBT_ENV_ variables into its artefacts: none may be set; what "
            "stands in one is spent"
        )


def _check_gate(home: Home) -> None:
    """Where opt-outs count, dbt is started by what holds their gate, not by hand."""
    named = os.environ.get("PARITY_KEY_SOCKET")
    own = named and Path(named).resolve() == home_socket(home).resolve()
    if read_settings(home).opt_out.gate == "required" and (not named or own):
        raise DbtRuntimeError(
            "this home is built by `parity build` or `parity run`, which hold the gate "
            "of the national data opt-out"
        )


def _close_the_file_system(conn: duckdb.DuckDBPyConnection) -> None:
    """No model reads or writes a file: only the seeds' folder stays open to dbt."""
    conn.execute("set allowed_directories = ?", [[str(PROJECT_ROOT / "seeds")]])
    conn.execute("set enable_external_access = false")


def _named_home() -> Path:
    named = os.environ.get("PARITY_HOME")
    return Path(named) if named else PROJECT_ROOT / _DEFAULT_HOME
