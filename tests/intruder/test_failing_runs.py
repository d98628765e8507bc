"""A run that fails over its data, or in a step of Dagster: nothing of a value is left.

It is watched while it runs, and what it leaves is scanned; the controls are canaries in
the same places, and a step without the door that errors pass.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest
from broken_scene import (
    Scene,
    left_in,
    made_scene,
    planted_is_found,
)
from canaries import Row, canary, needles_of, rewrite
from watched import PARITY, Ran, run_watched

from orchestration import intake as intake_step
from orchestration import outputs, transformation
from orchestration.resources import HomeResource
from orchestration.run import dagster_instance
from parity.home import Home
from parity.home.encrypted_database import attach_encrypted, connect
from parity.home.unlock import open_keyring
from parity.vault.identifier_scan import scan_home
from parity.vault.scan.needles import Needles


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    made = made_scene(tmp_path_factory.mktemp("broken"))
    yield made
    shutil.rmtree(made.folder)


def _everything(_: str, rows: list[Row]) -> list[Row]:
    """Every field of every row is a canary: each breaks its type and its list."""
    return [{name: canary(name) for name in row} for row in rows]


def _all_but_the_header(table: str, rows: list[Row]) -> list[Row]:
    return rows if table == "IDS000Header" else _everything(table, rows)


def _all_but_the_keys(table: str, rows: list[Row]) -> list[Row]:
    """Rows that hang together: values stumble later, in what comes after the keys."""
    changed = _all_but_the_header(table, rows)
    kept = [{n: v for n, v in row.items() if n.endswith("Id")} for row in rows]
    return [new | old for new, old in zip(changed, kept, strict=True)]


def _no_csv(submission: Path) -> None:
    for path in submission.glob("*.csv"):
        path.write_text(f'"{canary("quoted")}\n{canary("wide")},,,,,\n"x')


def _not_utf_8(submission: Path) -> None:
    for path in submission.glob("*.csv"):
        path.write_bytes(path.read_bytes() + canary("latin").encode() + b"\xe9\n")


def _rewritten(change: Callable[[str, list[Row]], list[Row]]) -> Callable[[Path], None]:
    return lambda submission: rewrite(submission, change)


BROKEN = {
    "every field": _rewritten(_everything),
    "all but the header": _rewritten(_all_but_the_header),
    "all but the keys": _rewritten(_all_but_the_keys),
    "no CSV": _no_csv,
    "not UTF-8": _not_utf_8,
}


def _hidden_in(submission: Path) -> set[str]:
    """Every canary in the files, wherever it stands."""
    texts = [p.read_bytes().decode("latin-1") for p in submission.glob("*.csv")]
    words = {word for text in texts for word in text.replace('"', ",").split(",")}
    return {w for line in words for w in line.split() if w.startswith("Cn7")}


@pytest.fixture(scope="module")
def failed(scene: Scene) -> tuple[Home, Needles, Ran]:
    """`parity run` over submissions in which every field is a canary, one a month."""
    home = scene.copy("failed")
    hidden: set[str] = set()
    for number, spoil in enumerate(BROKEN.values(), start=2):
        name = scene.submission.name.replace("2025-01", f"2025-{number:02d}")
        copy = home.landing_inbox / name
        shutil.copytree(scene.submission, copy)
        spoil(copy)
        hidden |= _hidden_in(copy)
    # A table that dbt's models read is not as they expect it.
    damage(home)
    needles = replace(needles_of(hidden), secrets=scene.needles.secrets)
    command = [PARITY, "run", "--home", str(home.root)]
    return home, needles, run_watched(command, scene.folder / "run", home, needles)


def damage(home: Home) -> None:
    keyring = open_keyring(home)
    connection = connect(home.spill)
    attach_encrypted(connection, home.landed_file, "landed", keyring.key("landed"))
    connection.execute(
        "alter table landed.receipts.receipt rename column received_at to came_at"
    )
    connection.close()


@pytest.mark.attack(1, 2)
def test_a_failing_run_leaves_no_value(
    failed: tuple[Home, Needles, Ran], intruder: Any
) -> None:
    """Intake fails on bad values, dbt on a model; Dagster stores both."""
    home, needles, ran = failed
    assert ran.code == 3
    assert b"dbt build" in ran.said
    assert b"failed" in ran.said
    assert len(needles.needles) > 100
    assert ran.seen == ()
    assert ran.left(needles) == ()
    assert left_in(home, needles) == ()
    assert not any(home.landing_inbox.iterdir())
    intruder.tried(len(needles.needles), 0, 4, "places with a value of a failing run")


@pytest.mark.attack(1, 2, control=True)
def test_a_value_in_what_the_failing_run_left_is_found(
    failed: tuple[Home, Needles, Ran],
) -> None:
    home, needles, ran = failed
    assert planted_is_found(home, needles, home.dagster_home)
    (ran.folder / "errors").write_bytes(ran.said + needles.needles[0].value.encode())
    assert ran.left(needles) != ()


# Each step of Dagster, and what in it is made to fail.
STEPS: dict[str, tuple[Any, dg.AssetsDefinition, str | None]] = {
    "intake": (intake_step, intake_step.intake, "submit"),
    "keys for dbt": (transformation, transformation.warehouse, "key_socket"),
    "packages": (outputs, outputs.researcher_package, "build_package"),
    "equality": (outputs, outputs.equality_lead_package, "build_package"),
    "publication": (outputs, outputs.monthly_publication, "publish_month"),
    "documentation": (outputs, outputs.documentation, "build_documentation"),
}


@pytest.mark.attack(2)
@pytest.mark.parametrize("step", STEPS)
def test_a_step_that_fails_over_a_value_stores_none(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """DuckDB's own error, which quotes what it could not convert."""
    module, asset, function = STEPS[step]
    needles = needles_of({canary(step)})
    home = Home(root=tmp_path / "home", kind="synthetic")
    home.dagster_home.mkdir(parents=True)
    monkeypatch.setattr(module, str(function), _quoting(canary(step)))
    result = _materialised(home, scene.home, asset)
    assert not result.success
    assert scan_home(home, {}, needles).findings == ()


@pytest.mark.attack(2, control=True)
def test_a_step_without_the_door_stores_it(tmp_path: Path, scene: Scene) -> None:
    @dg.asset
    def unguarded() -> None:
        _quoting(canary("unguarded"))()

    home = Home(root=tmp_path / "home", kind="synthetic")
    home.dagster_home.mkdir(parents=True)
    _materialised(home, scene.home, unguarded)
    found = scan_home(home, {}, needles_of({canary("unguarded")})).findings
    assert {Path(f.place).suffix for f in found} >= {".db"}


def _quoting(value: str) -> Callable[..., None]:
    def fail(*_: object, **__: object) -> None:
        duckdb.connect().execute("select $1::integer", [value])

    return fail


def _materialised(
    storage: Home, home: Home, asset: dg.AssetsDefinition
) -> dg.ExecuteInProcessResult:
    month = "2025-01-01"
    with dagster_instance(storage) as instance:
        instance.add_dynamic_partitions("senders", ["ZZ3_primary"])
        partition = {
            "intake": dg.MultiPartitionKey({"sender": "ZZ3_primary", "month": month}),
            "published__monthly_measures": month,
        }.get(asset.op.name if asset.op.name != "landed__submissions" else "intake")
        return dg.materialize(
            [asset],
            instance=instance,
            resources={"home_resource": HomeResource(root=str(home.root))},
            partition_key=partition,
            raise_on_error=False,
        )
