"""kill -9 at times that chance draws, in the intake and in the build.

Each run is watched and what it leaves is scanned; a canary that is put there is found.
"""

from __future__ import annotations

import random
import shutil
import signal
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from broken_scene import (
    Scene,
    files_in,
    kill_after,
    left_in,
    made_scene,
    planted_is_found,
)
from watched import PARITY, Ran, run_watched

from parity.home import Home
from parity.home.unlock import open_keyring
from parity.intake.submit import submit
from parity.vault.identifier_scan import secrets_of
from parity.vault.scan.report import UNKNOWN


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    made = made_scene(tmp_path_factory.mktemp("broken"))
    yield made
    shutil.rmtree(made.folder)


SEEDS = "resource_type:seed"


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
    files = files_in(home.warehouse_file.parent)
    words = (b"submission_id", b"age_bands", b"ids101", b"reporting_month")
    contents = {path.name: path.read_bytes().lower() for path in files}
    return [n for n, content in contents.items() if any(w in content for w in words)]
