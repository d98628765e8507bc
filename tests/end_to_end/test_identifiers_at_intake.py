"""Identifiers that are none, and identifiers where no identifier belongs, as files."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import duckdb
import pytest
from conftest import made_home, open_keyring, submit_file

from parity.home import Home
from parity.home.unlock import Keyring
from parity.intake.submit import Receipt
from parity.specification import load
from parity.synthetic import synthesise
from parity.vault.store import Vault
from parity.warehouse.connections import reading

SPECIFICATION = load("2.1")
MANY = 10_000
PERSONS, PRACTICES, REFERRALS = "IDS001MPI", "IDS002GP", "IDS101Referral"

Row = dict[str, str]


def rows_of(folder: Path, table: str) -> list[Row]:
    with (folder / f"{table}.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def write(folder: Path, table: str, rows: list[Row]) -> None:
    with (folder / f"{table}.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(
            file, SPECIFICATION.tables[table].field_names, lineterminator="\n"
        )
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture
def sent(tmp_path: Path) -> Path:
    """One submission as a provider sends it."""
    day = date(2025, 1, 1)
    raw = tmp_path / "sent"
    synthesise(raw, providers=1, referrals_per_month=25, first=day, last=day)
    return raw / "ZZ3_2025-01_primary"


def taken_in(sent: Path) -> tuple[Home, Keyring, Receipt]:
    home = made_home(sent.parents[1] / "home", sent.parent / "reference")
    keyring = open_keyring(home)
    return home, keyring, submit_file(home, keyring, sent)


def crowd(sent: Path, number: str) -> None:
    """Ten thousand more people, alike in all but their local identifier."""
    person, practice, referral = (
        rows_of(sent, table)[0] for table in (PERSONS, PRACTICES, REFERRALS)
    )
    status = "01" if number else "07"
    alike = {"NHSNumber": number, "NHSNumberStatus": status}
    keys = [{"LocalPatientId": f"X{n}"} for n in range(MANY)]
    for table, row in ((PERSONS, person | alike), (PRACTICES, practice)):
        write(sent, table, [*rows_of(sent, table), *(row | key for key in keys)])
    more = [
        referral | key | {"ServiceRequestId": f"XR{n}"} for n, key in enumerate(keys)
    ]
    write(sent, REFERRALS, [*rows_of(sent, REFERRALS), *more])


@pytest.mark.attack(18)
def test_ten_thousand_without_a_number_are_ten_thousand_people(sent: Path) -> None:
    """One birth date, one address, one gender, and somebody with a number who has them
    too: nobody is shared.
    """
    people = len(rows_of(sent, PERSONS)) + MANY
    crowd(sent, "")
    home, keyring, receipt = taken_in(sent)
    assert receipt.state == "accepted"
    assert receipt.identifiers["known_by_local_identifier_and_birth_date"] >= MANY
    assert receipt.identifiers["joined_by_alone"] >= MANY
    assert receipt.identifiers["nhs_number_blank"] >= MANY
    with reading(home, landed=keyring.key("landed")) as connection:
        found = connection.execute(
            """
            select
                count(*),
                count(distinct nationalpersonid),
                count(distinct person_id)
            from landed.iapt_v2_1.ids001mpi as persons
            left join landed.receipts.person_link
                on persons.nationalpersonid = person_link.national_person_id
            """
        ).fetchone()
    assert found == (people, people, people)


@pytest.mark.attack(17)
@pytest.mark.parametrize("number", ["9999999999", "0000000000", "9990000019"])
def test_a_number_that_ten_thousand_share_lands_nothing(
    sent: Path, number: str
) -> None:
    """A placeholder or a wrong check digit: the file goes back to the provider."""
    crowd(sent, number)
    _, _, receipt = taken_in(sent)
    assert receipt.state == "rejected"


def readable_cells(connection: duckdb.DuckDBPyConnection, database: str) -> str:
    """Every cell of a database in one text."""
    tables = connection.execute(
        "select schema_name, table_name from duckdb_tables() where database_name = ?",
        [database],
    ).fetchall()
    cells = []
    for schema, table in tables:
        relation = connection.table(f"{database}.{schema}.{table}")
        cells += [str(row) for row in relation.fetchall()]
    return "\n".join(cells)


@pytest.mark.attack(23)
def test_numbers_inside_suppliers_identifiers_do_not_land(sent: Path) -> None:
    """Every identifier that a supplier assigns holds somebody's NHS number and birth
    date; the rows land all the same, and nothing of it can be read.
    """
    numbers = [row["NHSNumber"] for row in rows_of(sent, PERSONS) if row["NHSNumber"]]
    planted: dict[tuple[str, str], str] = {}
    fields = set()
    for name, table in SPECIFICATION.tables.items():
        keyed = [f for f in table.fields if f.pseudonym_domain and f.name != "PauseID"]
        rows = rows_of(sent, name)
        for row in rows:
            for field in keyed:
                domain, value = str(field.pseudonym_domain), row[field.name]
                if value:
                    fields.add(field.name)
                    made = f"{numbers[len(planted) % len(numbers)]}A{len(planted)}"
                    row[field.name] = planted.setdefault((domain, value), made)
        write(sent, name, rows)
    assert {"LocalPatientId", "ServiceRequestId", "CareContactId"} < fields
    assert {"CareActId", "CarePersLocalId"} < fields
    home, keyring, receipt = taken_in(sent)
    assert (receipt.state, receipt.rows_kept) == ("accepted", receipt.rows_received)
    with reading(home, landed=keyring.key("landed")) as connection:
        landed = readable_cells(connection, "landed")
    with Vault.open(home, keyring.key("vault")) as vault:
        known = readable_cells(vault.connection, "vault")
    assert receipt.name.split("_")[0] in landed
    assert "local_patient" in known
    for number in numbers:
        assert number not in landed
        assert number not in known
