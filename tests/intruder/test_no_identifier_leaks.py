"""No identifier of any submission stands anywhere it should not, in a home as built.

The whole chain has run over synthetic submissions: intake, dbt, packages, publication,
documentation, all through Dagster. The scan then looks for what was submitted. Its
controls stand in test_identifier_scan_controls.py; here it must also see the same
identifiers where they are: in the submissions, and in a log when one is put there.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from watched import PARITY, run_watched

from parity.home import Home, init
from parity.specification import PROJECT_ROOT
from parity.vault.identifier_scan import (
    collect_needles,
    run_check_identifiers,
    scan_home,
)
from parity.vault.scan.needles import Needles
from parity.vault.scan.report import ScanReport

ACCESS_FILE = PROJECT_ROOT / "tests" / "fixtures" / "v2_1" / "ZZ1_2025-04_primary.mdb"

# What identifies a person, or a record to those who hold the provider's system.
SUBMITTED = {
    "NHSNumber",
    "PersonBirthDate",
    "Postcode",
    "LocalPatientId",
    "ServiceRequestId",
    "CareContactId",
    "CareActId",
    "CarePersLocalId",
}


@pytest.fixture(scope="module")
def report(built_home: Any) -> ScanReport:
    return run_check_identifiers(built_home.home, built_home.keyring, built_home.raw)


@pytest.fixture(scope="module")
def needles(built_home: Any) -> Needles:
    return collect_needles([built_home.raw])


@pytest.mark.attack(1, 3)
def test_a_built_home_holds_no_identifier(report: ScanReport) -> None:
    assert report.findings == ()
    assert report.is_clean


def test_the_scan_looked_everywhere(report: ScanReport, built_home: Any) -> None:
    """Every submission gave needles, of every kind, and every store was opened."""
    folders = [p for p in built_home.raw.iterdir() if p.name != "reference"]
    assert (report.submissions, report.unread) == (len(folders), 0)
    looked_for = {c.kind for c in report.chosen if c.looked_for}
    assert looked_for > SUBMITTED
    # the two warehouse files alone have more columns than this
    assert report.coverage.columns > 500
    assert report.coverage.files > 50


@pytest.mark.attack(1, 3, control=True)
def test_the_same_needles_are_found_where_they_belong(
    needles: Needles, built_home: Any
) -> None:
    """The submissions themselves, scanned as if they were a home, hold every kind."""
    raw = Home(root=built_home.raw, kind="synthetic")
    found = {f.kind for f in scan_home(raw, {}, needles).findings}
    assert found >= SUBMITTED


@pytest.mark.attack(1, control=True)
def test_one_number_in_one_log_line_is_found(built_home: Any, needles: Needles) -> None:
    """What DuckDB writes of a bad cast, at the end of dbt's log, in the built home."""
    number = next(n for n in needles.needles if n.shape == "nhs_number")
    log: Path = built_home.home.dbt_logs / "planted.log"
    log.write_text(f"Could not convert string '{number.value}' to INT32\n")
    log.chmod(0o600)
    try:
        keys = {
            name: built_home.keyring.key(name) for name in built_home.keyring.names()
        }
        findings = scan_home(built_home.home, keys, needles).findings
    finally:
        log.unlink()
    assert {(Path(f.place).name, f.kind) for f in findings} == {(log.name, number.kind)}


def test_the_sealed_copies_give_the_same_verdict(
    report: ScanReport, built_home: Any
) -> None:
    """Later, when the raw folder is gone, the check still knows what to look for."""
    later = run_check_identifiers(built_home.home, built_home.keyring)
    assert later.findings == ()
    assert later.chosen == report.chosen


@pytest.mark.attack(1, 7)
def test_processes_of_an_intake_show_no_identifier(tmp_path: Path) -> None:
    """An Access file is read by programs that get arguments and an environment."""
    needles = collect_needles([ACCESS_FILE])
    home = init(tmp_path / "home", synthetic=True)
    command = [PARITY, "submit", str(ACCESS_FILE), "--home", str(home.root)]
    ran = run_watched(command, tmp_path / "run", home, needles)
    assert ran.code == 0
    # the readers are started and end too quickly for every one to be seen
    assert len(ran.watch.watcher.processes) > 1
    assert ran.seen == ()
    assert ran.left(needles) == ()
