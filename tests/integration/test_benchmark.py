"""The benchmark runs and says everything; its targets are for `make bench`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_benchmark_tells_every_figure() -> None:
    """A small run: 0 or 1 by its targets, never a crash, and every figure positive."""
    program = [sys.executable, str(ROOT / "benchmarks/pseudonyms.py"), "--json"]
    small = ["--rows", "8000", "--identifiers", "20000"]
    run = subprocess.run(
        [*program, *small], capture_output=True, text=True, check=False, cwd=ROOT
    )
    lines = json.loads(run.stdout)
    assert all(line["figure"] > 0 for line in lines if line["unit"] != "processes")
    targets = [line for line in lines if line["target"]]
    assert len(targets) == 3
    assert run.returncode == (0 if all(line["is_reached"] for line in targets) else 1)
