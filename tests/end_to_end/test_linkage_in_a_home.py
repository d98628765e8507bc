"""Who is who as evidence comes in, from the files to the models, in small homes."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from conftest import made_home, open_keyring, submit_file
from linkage_scene import nhs_number

from parity.cli.reference import load_reference
from parity.home import Home
from parity.home.unlock import Keyring
from parity.intake.submit import Receipt
from parity.synthetic import synthesise
from parity.warehouse.connections import reading
from parity.warehouse.dbt_runner import run_dbt

PERSONS, REFERRALS = "IDS001MPI", "IDS101Referral"
MONTHS = ("2025-01", "2025-02", "2025-03")
# The grain of fct_referrals and what it stands on; what others prove is left out.
MODELS = ("--select", "+int_referrals_latest", "--resource-type", "model")
MODELS += ("--resource-type", "seed")
STEPS = {
    "nhs_number",
    "local_identifier_and_birth_date",
    "birth_date_postcode_gender",
    "alone",
}

Row = dict[str, str]


def rows_of(folder: Path, table: str) -> list[Row]:
    with (folder / f"{table}.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def change(folder: Path, table: str, how: Callable[[Row], Row]) -> None:
    """Write a table of a submission anew, row by row."""
    rows = rows_of(folder, table)
    with (folder / f"{table}.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(how(row) for row in rows)


@dataclass(frozen=True)
class Scene:
    """An empty home and what will be sent to it. local: a person open in all months."""

    home: Home
    raw: Path
    local: str
    number: str
    keyring: Keyring = field(repr=False)

    def submit(self, provider: str, month: str, kind: str = "primary") -> Receipt:
        """Send a submission; it stays where it is."""
        path = self.raw / f"{provider}_{month}_{kind}"
        receipt = submit_file(self.home, self.keyring, path)
        assert receipt.state == "accepted"
        return receipt

    def set_number(self, month: str, number: str) -> None:
        """The person's NHS number in a month's file."""

        def changed(row: Row) -> Row:
            if row["LocalPatientId"] != self.local:
                return row
            status = "01" if number else "07"
            return row | {"NHSNumber": number, "NHSNumberStatus": status}

        change(self.raw / f"ZZ3_{month}_primary", PERSONS, changed)

    def last_event(self, name: str) -> dict[str, Any]:
        entries = [dict(e) for e in self.keyring.ledger().entries()]
        facts = [entry["facts"] for entry in entries if entry["event"] == name][-1]
        assert isinstance(facts, dict)
        return facts

    def referrals(self) -> list[dict[str, Any]]:
        """The person's rows of int_referrals_linked, by month, once built."""
        run_dbt(self.home, self.keyring, ["build", *MODELS])
        keys = {n: self.keyring.key(n) for n in ("warehouse", "landed")}
        with reading(self.home, **keys) as connection:
            found = connection.execute(
                """
                select
                    linked.provider_code,
                    linked.reporting_month,
                    linked.row_number,
                    linked.national_pathway_id,
                    linked.pathway_id,
                    linked.national_person_id,
                    linked.person_id,
                    latest.reporting_month as latest_month
                from warehouse.intermediate.int_referrals_linked as linked
                left join warehouse.intermediate.int_referrals_latest as latest
                    on linked.pathway_id = latest.pathway_id
                where linked.is_final
                order by linked.reporting_month
                """
            )
            names = [column[0] for column in found.description]
            rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
        return [row for row in rows if self._is_the_persons(row)]

    def _is_the_persons(self, row: dict[str, Any]) -> bool:
        month, provider = f"{row['reporting_month']:%Y-%m}", row["provider_code"]
        folder = next(
            path
            for kind in ("refresh", "primary")
            if (path := self.raw / f"{provider}_{month}_{kind}").exists()
        )
        sent = rows_of(folder, REFERRALS)[row["row_number"] - 1]
        return sent["LocalPatientId"] == self.local


def open_throughout(raw: Path) -> tuple[str, str]:
    """Local identifier and NHS number of somebody with one referral in every month."""
    found = []
    for month in MONTHS:
        folder = raw / f"ZZ3_{month}_primary"
        numbers = {
            r["LocalPatientId"]: r["NHSNumber"] for r in rows_of(folder, PERSONS)
        }
        sent = [row["LocalPatientId"] for row in rows_of(folder, REFERRALS)]
        found.append({(p, numbers[p]) for p in sent if sent.count(p) == 1})
    both = sorted(pair for pair in set.intersection(*found) if pair[1])
    return both[0]


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    raw = tmp_path / "sent"
    months = {"first": date(2025, 1, 1), "last": date(2025, 3, 1)}
    synthesise(raw, providers=1, referrals_per_month=6, refresh=True, seed=3, **months)
    home = made_home(tmp_path / "home", raw / "reference")
    local, number = open_throughout(raw)
    return Scene(home, raw, local, number, open_keyring(home))


@pytest.mark.attack(16)
def test_evidence_that_comes_later_joins_parts_and_joins_again(scene: Scene) -> None:
    """No number, then one, then another, then the first again: what the ledger says of
    each, and that the pathway goes on where the national one breaks.
    """
    told = []
    for month, number in (
        ("2025-01", ""),
        ("2025-02", scene.number),
        ("2025-03", nhs_number(999_000)),
        ("2025-03", scene.number),
    ):
        scene.set_number(month, number)
        receipt = scene.submit("ZZ3", month)
        facts = scene.last_event("persons_linked")
        assert set(facts) <= STEPS | {"joined", "parted", "new", "records_apart"}
        told.append((facts["joined"], facts["parted"]))
        known = {n: c for n, c in receipt.identifiers.items() if n.startswith("known")}
        people = rows_of(scene.raw / f"ZZ3_{month}_primary", PERSONS)
        assert sum(known.values()) == len(people)
        counted = scene.last_event("identifiers_counted")
        assert counted == {"slot": receipt.name, **receipt.identifiers}
    # In March another person's number has come too, and joins their February.
    assert told == [(0, 0), (1, 0), (1, 1), (1, 0)]

    january, february, march = scene.referrals()
    assert january["national_person_id"] != february["national_person_id"]
    assert january["national_pathway_id"] != february["national_pathway_id"]
    assert february["national_pathway_id"] == march["national_pathway_id"]
    for row in (february, march):
        assert row["person_id"] == january["person_id"]
        assert row["pathway_id"] == january["pathway_id"]
    assert march["latest_month"] == date(2025, 3, 1)


def hand_over(scene: Scene, keeps: str) -> None:
    """ZZ9 sends ZZ3's caseload from March on, and the reference says so."""
    (scene.raw / "ZZ3_2025-03_primary").rename(scene.raw / "ZZ9_2025-03_primary")
    change(
        scene.raw / "ZZ9_2025-03_primary",
        "IDS000Header",
        lambda row: row | {"OrgIDProv": "ZZ9", "OrgIDSubmit": "ZZ9"},
    )
    (scene.raw / "reference" / "successions.csv").write_text(
        "predecessor_code,successor_code,succession_date,keeps_local_identifiers\n"
        f"ZZ3,ZZ9,2025-03-01,{keeps}\n"
    )
    counts = load_reference(scene.home, scene.raw / "reference")
    assert counts["successions"] == 1


@pytest.mark.attack(16)
@pytest.mark.parametrize("keeps", ["true", "false"])
def test_a_pathway_goes_on_at_the_provider_that_took_over(
    scene: Scene, keeps: str
) -> None:
    """Where local identifiers were kept, also for somebody without a number; also when
    a refresh of the predecessor lands after the successor's first file.
    """
    for month in MONTHS:
        scene.set_number(month, "")
    scene_refresh = scene.raw / "ZZ3_2025-02_refresh"
    change(
        scene_refresh,
        PERSONS,
        lambda row: (
            row | ({"NHSNumber": ""} if row["LocalPatientId"] == scene.local else {})
        ),
    )
    hand_over(scene, keeps)
    for provider, month, kind in (
        ("ZZ3", "2025-01", "primary"),
        ("ZZ3", "2025-02", "primary"),
        ("ZZ9", "2025-03", "primary"),
        ("ZZ3", "2025-02", "refresh"),
    ):
        scene.submit(provider, month, kind)
    rows = scene.referrals()
    assert [row["provider_code"] for row in rows] == ["ZZ3", "ZZ3", "ZZ9"]
    first, _, last = rows
    assert first["national_pathway_id"] != last["national_pathway_id"]
    goes_on = keeps == "true"
    assert (first["pathway_id"] == last["pathway_id"]) is goes_on
    assert (first["person_id"] == last["person_id"]) is goes_on
    assert first["latest_month"] == date(2025, 3 if goes_on else 2, 1)
