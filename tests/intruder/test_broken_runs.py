"""A run that fails, one that runs out of memory, one that is killed: nothing is left.

Each is watched while it runs and what it leaves is scanned; each has its control, a
canary in the same place that is found. Small homes: one provider, one month.
"""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest
from canaries import Row, canary, canary_home, canary_needles, needles_of, rewrite
from spilling import SEED
from watched import PARITY, Ran, run_watched

from orchestration import intake as intake_step
from orchestration import outputs, transformation
from orchestration.resources import HomeResource
from orchestration.run import dagster_instance
from parity.home import Home
from parity.home.encrypted_database import attach_encrypted, connect
from parity.home.private_files import write_private
from parity.home.unlock import Keyring, open_keyring, serving
from parity.intake.submit import submit
from parity.vault.identifier_scan import scan_home, secrets_of
from parity.vault.scan.needles import Needles
from parity.vault.scan.report import UNKNOWN, Finding

HERE = Path(__file__).parent
SEEDS = "resource_type:seed"


@dataclass(frozen=True)
class Scene:
    """A home with a submission of canaries landed. needles: its identifiers, keys.

    empty: the same home before it landed.
    """

    home: Home
    keyring: Keyring
    submission: Path
    needles: Needles
    folder: Path
    empty: Path

    def copy(self, name: str) -> Home:
        """The home once more, to be broken."""
        root = self.folder / name
        sockets = shutil.ignore_patterns("*.socket")  # no file, and nobody listens
        shutil.copytree(self.home.root, root, ignore=sockets)
        return Home.find(root)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("broken")
    home, submission = canary_home(folder)
    keyring = open_keyring(home)
    empty = shutil.copytree(home.root, folder / "empty")
    assert submit(home, submission, keyring).state == "accepted"
    needles = replace(canary_needles(submission), secrets=secrets_of(keyring))
    yield Scene(home, keyring, submission, needles, folder, empty)
    shutil.rmtree(folder)


def left_in(home: Home, needles: Needles) -> tuple[Finding, ...]:
    """What a scan of a home finds, with every key of its databases."""
    keyring = open_keyring(home)
    keys = {name: keyring.key_to_read(name) for name in keyring.names()}
    return scan_home(home, keys, needles).findings


def planted_is_found(home: Home, needles: Needles, folder: Path) -> bool:
    """The control: one canary in a file in that folder of that home."""
    needle = needles.needles[0]
    path = folder / "planted.log"
    write_private(path, f"value {needle.value} is no number\n".encode())
    try:
        found = left_in(home, needles)
    finally:
        path.unlink()
    return (path.name, needle.kind) in {(Path(f.place).name, f.kind) for f in found}


# --- a failing run ------------------------------------------------------------------


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


# --- out of memory ------------------------------------------------------------------

SPILLED = f"Cn7{hashlib.md5(SEED.encode(), usedforsecurity=False).hexdigest()}"


def _spilling(
    scene: Scene, folder: Path, way: str, rows: int = 900_000, **more: Any
) -> Ran:
    command = [sys.executable, HERE / "spilling.py", scene.home.root, way, str(rows)]
    needles = replace(needles_of({SPILLED}), secrets=scene.needles.secrets)
    return run_watched(
        [*map(str, command)], folder / "run", scene.home, needles, **more
    )


def _spill_files(ran: Ran, home: Home) -> int:
    return sum(home.spill in path.parents for path in ran.watch.watcher.files)


@pytest.mark.attack(9)
def test_a_build_beyond_its_memory_spills_nothing_readable(
    scene: Scene, tmp_path: Path
) -> None:
    ran = _spilling(scene, tmp_path, "encrypted")
    assert ran.code == 0, ran.said.decode()
    assert _spill_files(ran, scene.home) > 0
    assert [f for f in ran.seen if f.place == scene.home.spill.name] == []
    assert [p for p in scene.home.spill.rglob("*") if p.is_file()] == []


@pytest.mark.attack(9, control=True)
def test_with_the_encryption_off_the_watcher_reads_the_spill(
    scene: Scene, tmp_path: Path
) -> None:
    ran = _spilling(scene, tmp_path, "clear")
    assert ran.code == 0, ran.said.decode()
    assert scene.home.spill.name in {f.place for f in ran.seen}


@pytest.mark.attack(9, 10)
def test_killed_while_it_spills_it_leaves_ciphertext_that_the_next_run_removes(
    scene: Scene, tmp_path: Path
) -> None:
    ran = _spilling(
        scene, tmp_path, "encrypted", 5_000_000, meanwhile=kill_when(scene.home.spill)
    )
    left = [path for path in scene.home.spill.rglob("*") if path.is_file()]
    assert ran.code == -signal.SIGKILL
    assert left
    needles = replace(scene.needles, needles=needles_of({SPILLED}).needles)
    spilled = scene.home.spill.relative_to(scene.home.root).as_posix()
    found = left_in(scene.home, needles)
    # what no key opens is told, and is all that is told of it
    assert {f.kind for f in found if f.place.startswith(spilled)} <= {UNKNOWN}
    connect(scene.home.spill).close()
    with serving(scene.home, scene.keyring, ["landed"]):
        assert len(list(scene.home.run_folder.iterdir())) == 1
    left = [scene.home.spill, scene.home.run_folder]
    assert [path for folder in left for path in folder.iterdir()] == []


@pytest.mark.attack(9)
def test_a_query_beyond_its_memory_is_ended_and_writes_nothing(
    scene: Scene, tmp_path: Path
) -> None:
    """A researcher's session has no folder to spill to, and may make no file."""
    package = tmp_path / "package.duckdb"
    connection = connect(tmp_path / "spill")
    attach_encrypted(connection, package, "package", scene.keyring.key("landed"))
    connection.close()
    bomb = f"select list('Cn7' || md5('{SEED}') || range order by hash(range))"
    command = [sys.executable, "-c", _BIG_QUERY, str(scene.home.root), str(package)]
    ran = run_watched(
        [*command, f"{bomb} from range(90000000)"],
        tmp_path / "run",
        scene.home,
        needles_of({SPILLED}),
    )
    assert ran.code == 2
    assert b"[too_big]" in ran.said
    assert _spill_files(ran, scene.home) == 0
    assert ran.seen == ()


_BIG_QUERY = """
import sys
from dataclasses import asdict
from pathlib import Path
from parity.access.limits import Limits
from parity.access.run_query import run_session
from parity.home import Home
from parity.home.unlock import file_key
home, package, sql = sys.argv[1:]
key = file_key(Home.find(Path(home)), "landed")
limits = asdict(Limits(memory="50MB", threads=1))
request = {"package": package, "sql": sql, "format": "csv", "limits": limits}
sys.exit(run_session(request, key, 60, sys.stdout.buffer, sys.stderr.buffer))
"""


# --- killed -------------------------------------------------------------------------


def kill_when(folder: Path) -> Callable[[subprocess.Popen[bytes]], None]:
    """Kills a process and all that it started once there is a file in a folder."""

    def meanwhile(child: subprocess.Popen[bytes]) -> None:
        while child.poll() is None:
            if any(path.stat().st_size for path in _files(folder)):
                return kill(child)
            time.sleep(0.01)
        return None

    return meanwhile


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def kill_after(seconds: float) -> Callable[[subprocess.Popen[bytes]], None]:
    def meanwhile(child: subprocess.Popen[bytes]) -> None:
        time.sleep(seconds)
        kill(child)

    return meanwhile


def kill(child: subprocess.Popen[bytes]) -> None:
    """SIGKILL to the whole session of a child that leads one."""
    os.killpg(child.pid, signal.SIGKILL)


@pytest.fixture(scope="module")
def killed_intakes(scene: Scene) -> tuple[Home, list[Ran]]:
    """The same submission, again and again; killed at times that chance draws."""
    home = Home.find(scene.empty)
    draw = random.Random(9)  # noqa: S311
    command = [PARITY, "submit", str(scene.submission), "--home", str(home.root)]
    return home, [
        run_watched(
            command,
            scene.folder / f"intake-{number}" / "run",
            home,
            scene.needles,
            meanwhile=kill_after(draw.uniform(0.3, 1.3)),
        )
        for number in range(5)
    ]


@pytest.mark.attack(9, 10, 34)
def test_a_killed_intake_leaves_no_identifier(
    scene: Scene, killed_intakes: tuple[Home, list[Ran]], intruder: Any
) -> None:
    home, runs = killed_intakes
    needles = replace(scene.needles, secrets=secrets_of(open_keyring(home)))
    assert -signal.SIGKILL in {ran.code for ran in runs}
    assert [ran.seen for ran in runs if ran.seen] == []
    assert [ran.left(needles) for ran in runs if ran.left(needles)] == []
    assert [f for f in left_in(home, needles) if f.kind != UNKNOWN] == []
    assert clear_names_beside(home) == []
    intruder.tried(len(runs), 0, len(needles.needles), "identifiers after kill -9")


@pytest.mark.attack(9, 10, control=True)
def test_a_canary_in_what_a_killed_intake_left_is_found(
    scene: Scene, killed_intakes: tuple[Home, list[Ran]]
) -> None:
    home, runs = killed_intakes
    assert planted_is_found(home, scene.needles, home.answers)
    value = scene.needles.needles[0].value
    (runs[0].folder / "tmp" / "draft").write_text(value)
    assert runs[0].left(scene.needles) != ()


def test_after_the_kills_the_same_submission_lands(
    scene: Scene, killed_intakes: tuple[Home, list[Ran]]
) -> None:
    home, _ = killed_intakes
    state = submit(home, scene.submission, open_keyring(home)).state
    assert state in {"accepted", "replayed"}
    assert [p.name for p in home.landing_inbox.parent.glob("opened-*")] == []


@pytest.mark.attack(9, 10)
def test_a_killed_build_leaves_no_identifier_and_no_clear_page(
    scene: Scene, intruder: Any
) -> None:
    home = scene.copy("killed-build")
    draw = random.Random(10)  # noqa: S311
    runs = [
        run_watched(
            [PARITY, "build", "--select", SEEDS, "--home", str(home.root)],
            scene.folder / f"build-{number}" / "run",
            home,
            scene.needles,
            meanwhile=kill_after(draw.uniform(1.5, 4.5)),
        )
        for number in range(3)
    ]
    assert [ran.seen for ran in runs if ran.seen] == []
    assert [ran.left(scene.needles) for ran in runs if ran.left(scene.needles)] == []
    found = left_in(home, scene.needles)
    assert [f for f in found if f.kind != UNKNOWN] == []
    assert clear_names_beside(home) == []
    assert planted_is_found(home, scene.needles, home.warehouse_file.parent)
    intruder.tried(
        len(runs), 0, len(scene.needles.needles), "identifiers after kill -9"
    )


def clear_names_beside(home: Home) -> list[str]:
    """Files of the warehouse's folder in which a name of a table can be read."""
    files = _files(home.warehouse_file.parent)
    words = (b"submission_id", b"age_bands", b"ids101", b"reporting_month")
    contents = {path.name: path.read_bytes().lower() for path in files}
    return [n for n, content in contents.items() if any(w in content for w in words)]
