"""A build and a query beyond their memory: spill is encrypted, or there is none.

Each is watched while it runs; the control is the same with the encryption off.
"""

from __future__ import annotations

import hashlib
import shutil
import signal
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from broken_scene import (
    Scene,
    kill_when,
    left_in,
    made_scene,
)
from canaries import needles_of
from spilling import SEED
from watched import Ran, run_watched

from parity.home import Home
from parity.home.encrypted_database import attach_encrypted, connect
from parity.home.unlock import serving
from parity.vault.scan.report import UNKNOWN


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    made = made_scene(tmp_path_factory.mktemp("broken"))
    yield made
    shutil.rmtree(made.folder)


HERE = Path(__file__).parent

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
