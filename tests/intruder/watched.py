"""Runs a program of ours under a watcher, with folders of its own and no network.

What belongs here: starting it, looking at it while it runs, and what it left: output,
temporary files, core dumps.
"""

from __future__ import annotations

import os
import re
import resource
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from parity.home import Home
from parity.specification import PROJECT_ROOT
from parity.vault.identifier_scan import Watch, scan_folders, watching
from parity.vault.scan.needles import Needles
from parity.vault.scan.report import Finding

# How often a way out was asked for that is not there, in the kernel's own counting.
_COUNTED = """
"$0" "$@"
code=$?
cat /proc/self/net/snmp /proc/self/net/snmp6 > counters
exit $code
"""
_NO_ROUTE = re.compile(r"^Ip: (.*OutNoRoutes.*)\nIp: (.*)$", re.MULTILINE)
_NO_ROUTE_6 = re.compile(r"^Ip6OutNoRoutes\s+(\d+)$", re.MULTILINE)

# A program that does what none of ours may: a key as an argument and in a variable.
SHOWS_A_KEY = """
import os, subprocess, sys, tempfile, time
from pathlib import Path
key, name = Path(sys.argv[1]).read_text().split()
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1)", "--vars",
    "{key: %s}" % key])
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1)"],
    env={"DBT_ENV_SECRET_KEY": key})
with tempfile.NamedTemporaryFile() as draft:
    draft.write(name.encode())
    draft.flush()
    time.sleep(1)
"""

PARITY = str(Path(sys.executable).with_name("parity"))


@dataclass(frozen=True)
class Ran:
    """What a run said, and where it stood. folder: its output and temporary files."""

    code: int
    folder: Path
    watch: Watch

    @property
    def said(self) -> bytes:
        """Both of its outputs."""
        return b"".join((self.folder / n).read_bytes() for n in ("output", "errors"))

    @property
    def seen(self) -> tuple[Finding, ...]:
        """What was found while it ran."""
        return self.watch.report.findings

    def left(self, needles: Needles) -> tuple[Finding, ...]:
        """What is found in its output and its temporary folder afterwards."""
        spill = self.folder.with_name(f"{self.folder.name}-spill")
        return scan_folders([self.folder], spill, needles).findings


def run_watched(
    command: Sequence[str],
    folder: Path,
    home: Home,
    needles: Needles,
    settings: Mapping[str, str] | None = None,
    meanwhile: Callable[[subprocess.Popen[bytes]], None] | None = None,
) -> Ran:
    """Run a command to its end, watched.

    folder: made here; working directory, output, and the system's temporary folder of
    the run. meanwhile: called with the running process, for what kills or stops it.
    """
    temporary = folder / "tmp"
    temporary.mkdir(parents=True)
    folders = [temporary, home.spill, home.warehouse_file.parent]
    with (
        watching(folders, folder.with_name("watch"), needles) as watch,
        (folder / "output").open("wb") as output,
        (folder / "errors").open("wb") as errors,
        subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            cwd=folder,
            env=environment(temporary) | dict(settings or {}),
            preexec_fn=_allow_cores,
            start_new_session=True,  # so that it is killed with all that it started
        ) as child,
    ):
        watch.watcher.follow(child.pid)
        if meanwhile is not None:
            meanwhile(child)
        code = child.wait()
    return Ran(code, folder, watch)


def environment(temporary: Path) -> dict[str, str]:
    """What our programs need to run, and a temporary folder."""
    kept = ("PATH", "HOME", "LANG", "PYTHONPATH")
    return {n: os.environ[n] for n in kept if n in os.environ} | {
        "TMPDIR": str(temporary),
        "PYTHONPATH": str(PROJECT_ROOT),
    }


def without_network() -> tuple[str, ...]:
    """What starts a command where there is no way out; root needs no bubblewrap."""
    if os.geteuid() == 0:
        return ("unshare", "--net", "--")
    return ("bwrap", "--unshare-net", "--dev-bind", "/", "/", "--")


def counted(*command: str) -> list[str]:
    """The command without a network; how often it asked for one is in `counters`."""
    return [*without_network(), "sh", "-c", _COUNTED, *command]


def ways_out_asked_for(folder: Path) -> int:
    counters = (folder / "counters").read_text()
    names, values = _NO_ROUTE.findall(counters)[0]
    told = dict(zip(names.split(), values.split(), strict=True))
    return int(told["OutNoRoutes"]) + int(_NO_ROUTE_6.findall(counters)[0])


def cores(ran: Ran) -> list[str]:
    """Core files where this run's processes worked: dbt's and the session's as well."""
    folders = (ran.folder, ran.folder / "tmp", PROJECT_ROOT, Path("/"))
    return [p.name for folder in folders for p in folder.glob("core*") if p.is_file()]


def _allow_cores() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
