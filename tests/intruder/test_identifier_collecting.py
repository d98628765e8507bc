"""The identifier scan looks for what was submitted: every identifying field."""

from __future__ import annotations

import csv
from datetime import date, timedelta
from pathlib import Path

import pytest

from parity.home import Home, init
from parity.home.unlock import open_keyring
from parity.intake.seal import content_id, seal_copy
from parity.intake.sealed_copies import month_folder, sealing_key
from parity.intake.slot import Slot
from parity.specification import load
from parity.vault.identifier_scan import collect_needles, run_check_identifiers
from parity.vault.scan.needles import Needles
from pseudonymisation.errors import EnvelopeRefused

PEOPLE = 120
SLOT = "RX1_2024-04_primary"

# The fields of the data set that name or number a person, a referral or a worker.
FIELDS = {
    "NHSNumber",
    "LocalPatientId",
    "PersonBirthDate",
    "Postcode",
    "ServiceRequestId",
    "CareContactId",
}


def _rows() -> dict[str, list[dict[str, str]]]:
    first = date(1950, 5, 1)
    people = [
        {
            "LocalPatientId": f"LOCAL{n:05d}",
            "NHSNumber": f"999{(n + 1) * 7919:07d}",
            "PersonBirthDate": (first + timedelta(days=131 * n)).isoformat(),
            "Postcode": f"zz{n % 90 + 10} 1aa",
        }
        for n in range(PEOPLE)
    ]
    referrals = [
        {
            "ServiceRequestId": f"REFERRAL{n:05d}",
            "LocalPatientId": f"LOCAL{n:05d}",
        }
        for n in range(PEOPLE)
    ]
    contacts = [
        {"CareContactId": f"C{n}", "ServiceRequestId": f"REFERRAL{n:05d}"}
        for n in range(PEOPLE)
    ]
    return {
        "IDS000Header": [{"OrgIDProv": "RX1"}],
        "IDS001MPI": people,
        "IDS101Referral": referrals,
        "IDS201CareContact": contacts,
    }


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    """A folder with one submission and, beside it, what is none."""
    folder = tmp_path / "raw" / SLOT
    folder.mkdir(parents=True)
    (tmp_path / "raw" / "reference").mkdir()
    for name, rows in _rows().items():
        columns = [f.name for f in load().tables[name].fields]
        with (folder / f"{name}.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, columns, restval="")
            writer.writeheader()
            writer.writerows(rows)
    return tmp_path / "raw"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return init(tmp_path_factory.mktemp("made") / "home", synthetic=True)


def _counts(needles: Needles) -> dict[str, tuple[int, int]]:
    """Submitted and looked for, by field; joined values left out."""
    return {
        c.kind: (c.submitted, c.looked_for)
        for c in needles.chosen
        if " + " not in c.kind
    }


def test_every_identifying_field_is_looked_for(raw: Path) -> None:
    needles = collect_needles([raw], limit_per_field=1000)
    assert needles.submissions == 1
    assert needles.unread == 0
    counts = _counts(needles)
    assert counts.keys() == FIELDS
    # C0 to C9 are too short to be told from other data
    assert counts.pop("CareContactId") == (PEOPLE, PEOPLE - 10)
    assert counts.pop("Postcode") == (90, 90)
    assert set(counts.values()) == {(PEOPLE, PEOPLE)}


def test_the_specification_decides_what_identifies() -> None:
    """Every field that is dropped as identifying or keyed is collected, no other."""
    named = {
        f.name
        for table in load().tables.values()
        for f in table.fields
        if f.pseudonym_domain or f.sensitivity == "identifier"
    }
    assert named > FIELDS
    assert {"CareActId", "CarePersLocalId", "PauseID"} < named


def test_joined_values_of_one_record_are_looked_for(raw: Path) -> None:
    needles = collect_needles([raw], limit_per_field=1000)
    joined = dict(needles.joined)
    assert {"NHSNumber + PersonBirthDate", "Postcode + PersonBirthDate"} < set(joined)
    assert "provider + LocalPatientId" in joined


def test_a_limit_is_kept(raw: Path) -> None:
    counts = _counts(collect_needles([raw], limit_per_field=10))
    assert {looked_for for _, looked_for in counts.values()} == {10}


def test_a_folder_of_one_submission_is_taken_as_well(raw: Path) -> None:
    assert collect_needles([raw / SLOT], 10) == collect_needles([raw], 10)


def test_a_submission_that_cannot_be_read_is_counted(raw: Path) -> None:
    (raw / "RX2_2024-04_primary.mdb").write_bytes(b"no database at all")
    needles = collect_needles([raw], 10)
    assert (needles.submissions, needles.unread) == (1, 1)


def test_sealed_copies_give_the_same_needles(home: Home, raw: Path) -> None:
    """Without the raw folder the scan looks for the same in the same home."""
    keyring = open_keyring(home)
    submission_id = content_id({}, Slot.from_name(SLOT), keyring.key("receipt"))
    folder = month_folder(home.landing_sealed, "2024-05")
    sealed = folder / f"{submission_id}.sealed"
    seal_copy(raw / SLOT, sealed, sealing_key(keyring, "2024-05"), submission_id)
    from_sealed = run_check_identifiers(home, keyring, limit_per_field=20)
    from_raw = run_check_identifiers(home, keyring, raw, limit_per_field=20)
    assert from_sealed.is_clean
    assert from_sealed.chosen == from_raw.chosen
    assert list(home.landing_inbox.parent.rglob("*.csv")) == []
    number = _rows()["IDS001MPI"][0]["NHSNumber"]
    (home.dbt_logs / "dbt.log").write_text(f"bad value {number}\n")
    leaked = run_check_identifiers(home, keyring, limit_per_field=20)
    assert [f.kind for f in leaked.findings] == ["NHSNumber"]
    sealed.write_bytes(sealed.read_bytes()[:-1] + b"\0")
    with pytest.raises(EnvelopeRefused):
        run_check_identifiers(home, keyring)
