"""A column that is new, renamed, retyped or without a class stops the build."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from parity.access import AccessError, check_classes
from parity.home import Home, init
from parity.home.unlock import open_keyring
from parity.specification import PROJECT_ROOT, load
from parity.warehouse.connections import reading
from parity.warehouse.dbt_runner import dbt_environment, dbt_program
from parity.warehouse.landed import LandedStore

MODEL = "dim_organisations"
SQL = f"models/marts/core/{MODEL}.sql"
YAML = f"models/marts/core/{MODEL}.yml"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = init(tmp_path_factory.mktemp("gate") / "home", synthetic=True)
    key = open_keyring(home).key("landed")
    with LandedStore.open(home.landed_file, key, home.spill, load("2.1")):
        return home


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in ("models", "macros", "seeds"):
        shutil.copytree(PROJECT_ROOT / name, tmp_path / name)
    for name in ("dbt_project.yml", "profiles.yml"):
        shutil.copy(PROJECT_ROOT / name, tmp_path / name)
    (tmp_path / "tests" / "data").mkdir(parents=True)
    return tmp_path


def dbt_run(home: Home, project: Path) -> subprocess.CompletedProcess[str]:
    places = {"DBT_PROJECT_DIR": str(project), "DBT_PROFILES_DIR": str(project)}
    return subprocess.run(
        [dbt_program(), "run", "--select", f"+{MODEL}"],
        env={**os.environ, **dbt_environment(home), **places},
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )


def edit(path: Path, before: str, after: str) -> None:
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after, 1))


def a_new_column(project: Path) -> None:
    edit(project / SQL, "    parent_code\n", "    parent_code,\n    1 as another\n")


def a_renamed_column(project: Path) -> None:
    edit(project / SQL, "    parent_code\n", "    parent_code as parent\n")


def a_retyped_column(project: Path) -> None:
    edit(project / SQL, "    parent_code\n", "    1 as parent_code\n")


@pytest.mark.attack(26, control=True)
def test_the_project_as_it_is_runs(home: Home, project: Path) -> None:
    """The control: what stops below is the edit."""
    assert dbt_run(home, project).returncode == 0


@pytest.mark.attack(26)
@pytest.mark.parametrize("change", [a_new_column, a_renamed_column, a_retyped_column])
def test_dbts_contract_stops_the_build(
    change: Callable[[Path], None], home: Home, project: Path
) -> None:
    change(project)
    done = dbt_run(home, project)
    assert done.returncode == 1
    assert "enforced contract" in done.stdout


@pytest.mark.attack(26)
def test_a_column_without_a_class_stops_after_dbt(home: Home, project: Path) -> None:
    a_new_column(project)
    edit(
        project / YAML,
        "  - name: parent_code\n",
        "  - name: another\n    data_type: integer\n  - name: parent_code\n",
    )
    assert dbt_run(home, project).returncode == 0
    key = open_keyring(home).key("warehouse")
    with (
        reading(home, warehouse=key) as connection,
        pytest.raises(AccessError, match=rf"without a class: core\.{MODEL}\.another"),
    ):
        check_classes(home.dbt_target / "manifest.json", connection)


@pytest.mark.attack(1)
def test_no_model_reads_a_file(home: Home, project: Path) -> None:
    """Neither raw submissions nor the passphrase of a synthetic home."""
    reading_a_file = (
        f"    (select content from read_text('{home.synthetic_passphrase_file}'))"
        " as parent_code\n"
    )
    edit(project / SQL, "    parent_code\n", reading_a_file)
    done = dbt_run(home, project)
    assert done.returncode == 1
    assert "disabled" in done.stdout


def test_no_model_writes_a_file(home: Home, project: Path, tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    hook = f"{{{{ config(pre_hook=\"copy (select 1) to '{target}'\") }}}}\n"
    edit(project / SQL, "with\n", f"{hook}with\n")
    assert dbt_run(home, project).returncode == 1
    assert not target.exists()


def test_a_profile_that_builds_elsewhere_is_refused(
    home: Home, project: Path, tmp_path: Path
) -> None:
    clear = tmp_path / "clear.duckdb"
    edit(project / "profiles.yml", 'path: ":memory:"', f'path: "{clear}"')
    edit(project / "profiles.yml", "      database: warehouse\n", "")
    assert dbt_run(home, project).returncode != 0
    assert not clear.exists() or clear.stat().st_size < 100_000
