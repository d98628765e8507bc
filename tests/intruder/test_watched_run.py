"""The whole chain, watched: nothing that identifies and no key is anywhere, ever.

`parity run` lands a submission of canaries, builds, packages, publishes and documents,
in a network namespace without a way out, while every process of it and every folder
that it spills to is looked at. The keys of the home are known to the test. Afterwards
everything that is left is scanned. The controls are programs that do it wrong.
"""

from __future__ import annotations

import base64
import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from canaries import canary, canary_home, canary_needles, needles_of
from stopped import Looking, is_hardened, is_still, running, waited_for
from watched import (
    PARITY,
    SHOWS_A_KEY,
    Ran,
    cores,
    counted,
    run_watched,
    ways_out_asked_for,
)

from parity.home import Home
from parity.home.private_files import write_private
from parity.home.unlock import Keyring, open_keyring
from parity.specification import PROJECT_ROOT
from parity.vault.identifier_scan import (
    run_check_identifiers,
    scan_folders,
    scan_home,
    scan_memory,
    secrets_of,
)
from parity.vault.scan.needles import Needles, Secret
from parity.vault.scan.report import UNKNOWN, UNREADABLE, ScanReport

# There a control that cannot run is a failure: without it the tests prove nothing.
IN_CI = os.environ.get("CI") == "true"


@dataclass(frozen=True)
class Chain:
    """A home after `parity run`. needles: its identifiers, keys and passphrase."""

    home: Home
    keyring: Keyring
    submission: Path
    needles: Needles
    ran: Ran
    settings: Mapping[str, str]

    def report(self) -> ScanReport:
        """The home as the run left it."""
        keyring = self.keyring
        keys = {name: keyring.key_to_read(name) for name in keyring.names()}
        return scan_home(self.home, keys, self.needles)


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    folder = tmp_path_factory.mktemp("watched")
    home, submission = canary_home(folder)
    keyring = open_keyring(home)
    shutil.copytree(submission, home.landing_inbox / submission.name)
    # The home keeps no passphrase: then it may hold it nowhere.
    secret = folder / "secret" / "passphrase"
    secret.parent.mkdir(mode=0o700)
    home.synthetic_passphrase_file.rename(secret)
    needles = canary_needles(submission)
    known = (*secrets_of(keyring), Secret("passphrase", secret.read_bytes().strip()))
    settings = {"PARITY_PASSPHRASE_FILE": str(secret)}
    ran = run_watched(
        counted(PARITY, "run", "--home", str(home.root)),
        folder / "run",
        home,
        replace(needles, secrets=known),
        settings,
    )
    # packages have got their keys by now
    made = (*secrets_of(keyring), known[-1])
    yield Chain(
        home, keyring, submission, replace(needles, secrets=made), ran, settings
    )
    shutil.rmtree(folder)


@pytest.mark.attack(12)
def test_the_chain_needs_no_network_and_asks_for_none(chain: Chain) -> None:
    assert chain.ran.code == 0, chain.ran.said.decode()
    assert ways_out_asked_for(chain.ran.folder) == 0


@pytest.mark.attack(12, control=True)
def test_a_program_that_asks_for_a_way_out_is_counted(tmp_path: Path) -> None:
    asking = (
        "import socket\n"
        "try: socket.create_connection(('192.0.2.1', 443), 1)\n"
        "except OSError as error: raise SystemExit(error.errno)\n"
    )
    (tmp_path / "home").mkdir()
    ran = run_watched(
        counted(sys.executable, "-c", asking),
        tmp_path / "run",
        Home(root=tmp_path / "home", kind="synthetic"),
        needles_of({canary("network")}),
    )
    assert ran.code != 0
    assert ways_out_asked_for(ran.folder) > 0


@pytest.mark.attack(1, 2, 6, 7)
def test_nothing_was_seen_while_it_ran(chain: Chain) -> None:
    """Environments, arguments, spill, temporary files: no identifier, no key."""
    assert chain.ran.seen == ()
    # sh, parity, dbt and its children; at the least the warehouse's files
    assert len(chain.ran.watch.watcher.processes) > 3
    assert len(chain.ran.watch.watcher.files) > 1


@pytest.mark.attack(1, 2, 4, 6, 8, 14)
def test_nothing_is_left_in_the_home(chain: Chain) -> None:
    """Databases, packages, artefacts, logs, Dagster's storage, publication, site."""
    report = chain.report()
    assert report.findings == ()
    assert report.is_clean
    assert report.coverage.keys > len(chain.keyring.names())
    assert {path.name for path in chain.home.published.iterdir()} >= {
        "documentation",
        "monthly",
    }
    assert any(chain.home.dagster_home.rglob("*.db"))
    assert any(chain.home.packages.rglob("*.duckdb"))


@pytest.mark.attack(1, 7)
def test_nothing_is_left_outside_the_home(chain: Chain) -> None:
    """Output, errors, the system's temporary folder, the working directory."""
    assert chain.ran.left(chain.needles) == ()


@pytest.mark.attack(11)
def test_the_repository_holds_none_of_it(chain: Chain, tmp_path: Path) -> None:
    """Every file that git has or would take, and every object that it ever had."""
    report = scan_folders([PROJECT_ROOT], tmp_path, chain.needles)
    assert report.findings == ()
    assert report.coverage.files > 100


@pytest.mark.attack(6, 8)
def test_the_check_of_the_home_looks_for_its_keys_as_well(chain: Chain) -> None:
    """As `parity check identifiers` does, from the sealed copies alone."""
    report = run_check_identifiers(chain.home, chain.keyring)
    assert report.is_clean
    assert report.coverage.keys == len(chain.needles.secrets) - 1


@pytest.mark.attack(13)
def test_every_file_of_the_run_is_its_owners_alone(chain: Chain) -> None:
    found = [chain.home.root, *chain.home.root.rglob("*"), *_made_by(chain.ran)]
    assert [p.name for p in found if stat.S_IMODE(p.lstat().st_mode) & 0o077] == []
    assert len(found) > 100


def _made_by(ran: Ran) -> list[Path]:
    return list((ran.folder / "tmp").rglob("*"))


# --- memory ---------------------------------------------------------------------------


def named_keys(chain: Chain) -> Needles:
    """Every key of the home by its name, the passphrase, and the identifiers."""
    keyring = chain.keyring
    keys = tuple(Secret(name, keyring.key(name)) for name in keyring.names())
    return replace(chain.needles, secrets=(*keys, chain.needles.secrets[-1]))


def held(reports: list[ScanReport]) -> set[str]:
    """What was found in memory. Who is not root may not even look."""
    (report,) = reports
    kinds = {f.kind for f in report.findings}
    if os.geteuid() != 0:
        assert kinds == {UNREADABLE}
        return set()
    assert UNREADABLE not in kinds
    return kinds


@pytest.mark.attack(6, 7, 11)
def test_dbts_memory_holds_the_keys_of_two_files_at_most(
    chain: Chain, tmp_path: Path
) -> None:
    """Stopped where it says in its log that it is done, and then crashed."""
    log = chain.home.dbt_logs / "dbt.log"
    begun = log.stat().st_size

    def at_the_end(child: subprocess.Popen[bytes]) -> list[int]:
        is_done = b"Finished running" in log.read_bytes()[begun:]
        return running(child, "dbt", "build", "--quiet") if is_done else []

    look = Looking(at_the_end, named_keys(chain), tmp_path / "spill")
    command = [PARITY, "build", "--select", "age_bands", "--home", str(chain.home.root)]
    ran = run_watched(
        command, tmp_path / "run", chain.home, chain.needles, chain.settings, look
    )
    assert held(look.reports) <= {"landed", "warehouse"}
    assert ran.code != 0
    assert cores(ran) == []


@pytest.mark.attack(11)
def test_a_researchers_processes_hold_one_key_and_no_identifier(
    chain: Chain, tmp_path: Path
) -> None:
    """Stopped while the session still writes rows that nobody reads, then crashed."""

    def while_it_writes(child: subprocess.Popen[bytes]) -> list[int]:
        session = running(child, "parity.access.session")
        asking = running(child, "bin/parity", "query")
        is_time = session and asking and is_still(session[0])
        return [*session, asking[-1]] if is_time else []

    spill = tmp_path / "spill"
    look = Looking(while_it_writes, named_keys(chain), spill, ends_all=True)
    rows = "select p.* from dim_people p, range(200000)"
    command = [PARITY, "query", rows, "--as", "researcher", "--format", "csv"]
    ran = run_watched(
        ["sh", "-c", '"$0" "$@" | sleep 60', *command, "--home", str(chain.home.root)],
        tmp_path / "run",
        chain.home,
        chain.needles,
        chain.settings,
        look,
    )
    assert held(look.reports) <= {"package:researcher"}
    assert cores(ran) == []


@pytest.mark.attack(11, control=True)
def test_a_key_and_an_identifier_in_memory_are_found(
    chain: Chain, tmp_path: Path
) -> None:
    needles = named_keys(chain)
    key = next(s for s in needles.secrets if s.kind == "root")
    needle = next(n for n in needles.needles if n.kind == "LocalPatientId")
    with subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys; a = sys.stdin.buffer.read(); print(flush=1)"
            "; import time; time.sleep(60)",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(key.content + needle.value.encode())
        child.stdin.close()
        child.stdout.readline()
        report = scan_memory([child.pid], tmp_path / "spill", needles)
        child.kill()
    assert {f.kind for f in report.findings} == {key.kind, needle.kind}


# --- core dumps -----------------------------------------------------------------------

COMMANDS = {
    "submit": ("submit", "{submission}"),
    "build": ("build", "--select", "age_bands"),
    "package": ("package", "build", "researcher"),
    "query": ("query", "select count(*) from dim_people", "--as", "researcher"),
    "check": ("check", "identifiers"),
    "unlock": ("unlock",),
}
_PATTERN = Path("/proc/sys/kernel/core_pattern").read_text().strip()
HERE_ONLY = pytest.mark.skipif(
    not IN_CI and _PATTERN.startswith(("|", "/")),
    reason="this machine puts cores elsewhere",
)


@pytest.mark.attack(11)
@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_that_crashes_leaves_no_core(
    chain: Chain, tmp_path: Path, name: str
) -> None:
    """As soon as it has looked at the home, which is before it has any key."""

    def crash(child: subprocess.Popen[bytes]) -> None:
        waited_for(lambda: [child.pid] if is_hardened(child.pid) else [])
        os.kill(child.pid, signal.SIGSEGV)

    words = [word.format(submission=chain.submission) for word in COMMANDS[name]]
    ran = run_watched(
        [PARITY, *words, "--home", str(chain.home.root)],
        tmp_path / "run",
        chain.home,
        chain.needles,
        chain.settings | {"PYTHONFAULTHANDLER": "1"},
        crash,
    )
    assert ran.code == -signal.SIGSEGV
    assert cores(ran) == []
    # what Python says of a crash is lines of programs, and no local variable
    assert ran.left(chain.needles) == ()


@HERE_ONLY
@pytest.mark.attack(11, control=True)
def test_a_program_that_is_not_hardened_leaves_a_core_and_it_is_seen_through(
    chain: Chain, tmp_path: Path
) -> None:
    needle = next(n for n in chain.needles.needles if n.kind == "LocalPatientId")
    (tmp_path / "told").write_text(needle.value)
    program = "import os, sys; a = open(sys.argv[1]).read() * 2; os.abort()"
    ran = run_watched(
        [sys.executable, "-c", program, str(tmp_path / "told")],
        tmp_path / "run",
        Home(root=tmp_path / "home", kind="synthetic"),
        chain.needles,
    )
    assert ran.code == -signal.SIGABRT
    assert cores(ran) != []
    found = ran.left(chain.needles)
    assert {f.kind for f in found} == {needle.kind, UNREADABLE}
    assert {f.encoding for f in found if f.kind == UNREADABLE} == {
        "a core dump: the memory of a process"
    }


# --- controls: in this very home, what is planted is found ---------------------------

ROOMS = ("dbt_logs", "dbt_target", "dagster_home", "published")
WAYS = {"raw": bytes, "hex": lambda b: b.hex().encode(), "base64": base64.b64encode}


@pytest.mark.attack(1, 2, 4, 6, 8, control=True)
def test_a_canary_and_every_key_are_found_among_what_is_left(
    chain: Chain, intruder: Any
) -> None:
    """A canary in each room; each key and the passphrase raw, in hex and in base64."""
    needle = next(n for n in chain.needles.needles if n.kind == "ServiceRequestId")
    secrets = chain.needles.secrets
    said = f'{{"message": "Could not convert string {needle.value!r}"}}'.encode()
    plants = {getattr(chain.home, room) / "planted.json": said for room in ROOMS}
    for name, write in WAYS.items():
        content = b"\n".join(write(secret.content) for secret in secrets)
        plants[chain.home.dbt_target / f"run_results.{name}"] = content
    expected = {(path.name, needle.kind) for path in plants if path.suffix == ".json"}
    expected |= {(f"run_results.{name}", s.kind) for name in WAYS for s in secrets}
    try:
        for path, content in plants.items():
            write_private(path, content)
        findings = chain.report().findings
    finally:
        for path in plants:
            path.unlink()
    found = {(Path(f.place).name, f.kind) for f in findings if f.kind != UNKNOWN}
    assert found == expected
    assert len({f.place for f in findings}) == len(plants)
    intruder.control(len(plants), len(plants), "plants among what the run left")


@pytest.mark.attack(6, 7, control=True)
def test_a_program_that_shows_a_key_is_seen(chain: Chain, tmp_path: Path) -> None:
    """An argument, a variable, and a temporary file that is gone when it ends."""
    key = next(s for s in chain.needles.secrets if s.kind == "key: linkage")
    needle = next(n for n in chain.needles.needles if n.kind == "LocalPatientId")
    (tmp_path / "told").write_text(f"{key.content.hex()} {needle.value}")
    ran = run_watched(
        [sys.executable, "-c", SHOWS_A_KEY, str(tmp_path / "told")],
        tmp_path / "run",
        Home(root=tmp_path / "home", kind="synthetic"),
        chain.needles,
    )
    assert {(f.place.split()[0], f.kind) for f in ran.seen} == {
        ("process", key.kind),
        ("tmp", needle.kind),
    }
    assert {f.location for f in ran.seen if f.kind == key.kind} == {
        "cmdline",
        "environ",
    }
    assert ran.left(chain.needles) == ()
