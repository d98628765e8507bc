"""A query from outside: child process, formats, exit codes, value-free sentences."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from small_catalog import TABLES, create_statements, home_manifest
from small_warehouse import make_home, write_warehouse

from parity.access import AccessError, Limits, Package, build_package, query, run_query
from parity.home import Home
from parity.home.unlock import Keyring

VALUE = "plantedvalue4711"

ROWS = [
    f"""
    insert into warehouse.core.dim_people
    select uuid(), '{VALUE}', 30 + range from range(3)
    """,
    """
    insert into warehouse.reference.code_lists values
        ('A', 'White British'), ('B', chr(27) || '[31mred'), ('C', null)
    """,
]


class Asked:
    """A home with a researcher's package, asked as the command line asks."""

    def __init__(self, home: Home, keyring: Keyring, package: Package) -> None:
        self.home, self.keyring, self.package = home, keyring, package

    def ask(
        self,
        sql: str,
        form: str = "csv",
        source: str | Path = "researcher",
        **more: Any,
    ) -> tuple[int, bytes, str]:
        output, errors = io.BytesIO(), io.BytesIO()
        code = query(self.home, source, sql, form, output=output, errors=errors, **more)
        return code, output.getvalue(), errors.getvalue().decode()


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Asked:
    home, keyring = make_home(tmp_path_factory.mktemp("asked") / "home")
    write_warehouse(home, keyring, [*create_statements(TABLES), *ROWS])
    home_manifest(home, TABLES)
    return Asked(home, keyring, build_package(home, keyring, "researcher"))


def test_csv(asked: Asked) -> None:
    code, output, said = asked.ask(
        "select code, label, true as yes, 1.50 as n "
        "from code_lists order by code limit 1"
    )
    assert (code, said) == (0, "")
    assert output == b"code,label,yes,n\nA,White British,true,1.50\n"


def test_json_and_package_file_as_source(asked: Asked) -> None:
    code, output, said = asked.ask(
        "select code, label, date '2025-03-01' as day from code_lists order by code",
        "json",
        asked.package.file,
    )
    assert (code, said) == (0, "")
    rows = json.loads(output)
    assert rows[0] == {"code": "A", "label": "White British", "day": "2025-03-01"}
    assert rows[2]["label"] is None


def test_parquet(asked: Asked) -> None:
    code, output, _ = asked.ask("select * from dim_people", "parquet")
    assert code == 0
    frame = pl.read_parquet(io.BytesIO(output))
    assert frame.columns == ["person_id", "ethnic_group"]
    assert frame.height == 3


@pytest.mark.attack(5, 26)
def test_a_column_that_the_role_may_not_see_is_not_there(asked: Asked) -> None:
    code, output, said = asked.ask("select sub_icb_code from fct_referrals")
    assert (code, output) == (2, b"")
    assert said == "there is no column sub_icb_code [unknown_name]\n"


@pytest.mark.attack(25)
def test_reading_a_file_is_refused(asked: Asked, tmp_path: Path) -> None:
    (tmp_path / "plan.csv").write_text(f"a\n{VALUE}\n")
    code, output, said = asked.ask(f"select * from read_csv('{tmp_path}/plan.csv')")
    assert (code, output) == (2, b"")
    assert said == "this session reads its package and nothing else [refused]\n"


def test_a_value_that_does_not_convert_is_not_said(asked: Asked) -> None:
    code, output, said = asked.ask("select ethnic_group::date from dim_people")
    assert (code, output) == (1, b"")
    assert said == "a value does not convert to the type asked for [conversion]\n"


@pytest.mark.attack(27)
def test_a_session_that_dies_is_our_fault_and_takes_nobody_along(asked: Asked) -> None:
    """DuckDB 1.5.5 dies of this statement; that is why each has its own process."""
    code, output, said = asked.ask("select * from pandas_scan(null)")
    assert (code, output) == (3, b"")
    assert said == "the session was ended from outside [killed]\n"


@pytest.mark.attack(27)
def test_a_statement_beyond_its_time_is_ended(asked: Asked) -> None:
    bomb = "select sum(a.range * b.range) from range(9999999) a, range(9999999) b"
    code, _, said = asked.ask(bomb, limits=Limits(seconds=0.5))
    assert code == 2
    assert said == "the statement took too long [too_long]\n"


@pytest.mark.attack(27)
def test_a_session_that_does_not_end_is_killed(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_query, "_GRACE_SECONDS", -99.0)
    bomb = "select sum(a.range * b.range) from range(9999999) a, range(9999999) b"
    code, _, said = asked.ask(bomb, limits=Limits(seconds=100.0))
    assert (code, said) == (3, "the session was ended from outside [killed]\n")


@pytest.mark.attack(7)
def test_neither_key_nor_statement_stands_in_arguments_or_environment(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[tuple[Any, Any]] = []
    popen = subprocess.Popen

    def noting(arguments: Any, **options: Any) -> Any:
        started.append((arguments, options))
        return popen(arguments, **options)

    monkeypatch.setenv("A_SECRET_FOR_TEST", "in the environment")
    monkeypatch.setattr(subprocess, "Popen", noting)
    asked.ask("select 4711 as marked")
    arguments, options = started[-1]
    key = asked.keyring.key(asked.package.key_name)
    assert "parity.access.session" in arguments
    assert options["env"] == {"LANG": "C.UTF-8"}
    for word in (key.hex(), str(key), "marked", "package.duckdb"):
        assert word not in str(arguments)
        assert word not in str(options)


@pytest.mark.attack(8, 29)
def test_a_wrong_key_is_our_fault_and_shows_nothing(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = asked.keyring.key("warehouse")
    monkeypatch.setattr(run_query, "file_key", lambda _home, _name: wrong)
    code, output, said = asked.ask("select 1")
    assert (code, output) == (3, b"")
    assert said.endswith("[not_opened]\n")
    assert wrong.hex() not in said


@pytest.mark.parametrize(
    ("source", "form", "code"),
    [
        ("admin", "csv", "unknown_role"),
        ("equality_lead", "csv", "no_package"),
        ("researcher", "xlsx", "format"),
        (Path("/nowhere/package.duckdb"), "csv", "not_a_package"),
    ],
)
def test_what_cannot_be_asked_starts_no_session(
    asked: Asked, source: str | Path, form: str, code: str
) -> None:
    with pytest.raises(AccessError) as refused:
        asked.ask("select 1", form, source)
    assert (refused.value.code, refused.value.exit_code) == (code, 2)


@pytest.mark.attack(29)
def test_another_file_beside_a_manifest_is_no_package(asked: Asked) -> None:
    with pytest.raises(AccessError) as refused:
        asked.ask("select 1", source=asked.package.folder / "other.duckdb")
    assert refused.value.code == "not_a_package"


@pytest.mark.attack(25)
def test_the_process_can_write_no_file(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path\n"
        "from parity.access import session\n"
        "session._harden()\n"
        "Path(sys.argv[1]).write_text('x')\n"
    )
    target = tmp_path / "written"
    done = subprocess.run(
        [sys.executable, "-c", program, str(target)], capture_output=True, check=False
    )
    assert done.returncode == 1
    assert b"File too large" in done.stderr
    assert not target.exists() or target.read_bytes() == b""
