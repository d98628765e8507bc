"""From a submission to what is published: who opted out is nowhere in it."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from datetime import date

import pytest
from opted_out import (
    MODELS,
    Asked,
    Sent,
    files_holding,
    found,
    pseudonym_of,
    pseudonyms_of_rows,
    token,
    values_in,
)

from parity.access import build_package
from parity.home import Home
from parity.home.encrypted_database import attach_encrypted, connect
from parity.publication import publish_month
from parity.vault.identifier_scan import run_check_identifiers
from parity.vault.opt_out import request
from parity.vault.opt_out.load import load_answer
from parity.warehouse.build import build


@dataclass(frozen=True)
class Built:
    """A home built with everybody, and built again without one of them."""

    everybody: Asked
    without_one: Asked
    theirs: frozenset[str] = field(repr=False)


@pytest.fixture(scope="module")
def built(made: Asked, sent: Sent, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """A late opt-out: built, packaged and published before, and again after it."""
    root = tmp_path_factory.mktemp("built")
    first = made.copied(root / "everybody")
    theirs = pseudonyms_of_rows(first.home, first.keyring, sent.one)
    load_answer(first.home, first.keyring, first.answered(root / "in"))
    _made_anew(first)
    again = first.copied(root / "one")
    asked = request.make_request(again.home, again.keyring, root / "one-q")
    later = Asked(again.home, asked, again.keyring)
    data = later.answered(root / "one-a", {sent.one.number})
    load_answer(later.home, later.keyring, data)
    _made_anew(later)
    return Built(first, later, frozenset(theirs))


def _made_anew(asked: Asked) -> None:
    build(asked.home, asked.keyring, select=MODELS)
    build_package(asked.home, asked.keyring, "researcher")
    publish_month(asked.home, asked.keyring, date(2025, 2, 1))


def test_a_late_opt_out_is_in_no_table(built: Built) -> None:
    """Neither they nor their referrals: landed store, warehouse, package."""
    first, later = built.everybody, built.without_one
    for file in ("landed", "warehouse"):
        assert built.theirs & values_in(first.home, first.keyring, file)
        assert not built.theirs & values_in(later.home, later.keyring, file)
    assert _people_in_package(later) == _people_in_package(first) - 1
    builds = list((later.home.packages / "researcher").glob("build-*"))
    assert len(builds) == 1


@pytest.mark.attack(10)
def test_the_package_of_before_cannot_be_read(built: Built) -> None:
    records = [
        r for r in built.without_one.keyring.records() if r.name == "package:researcher"
    ]
    assert [record.state for record in records] == ["destroyed", "active"]


def _people_in_package(asked: Asked) -> int:
    from parity.access import current_package

    connection = connect(asked.home.spill)
    file = current_package(asked.home, "researcher").file
    key = asked.keyring.key("package:researcher")
    attach_encrypted(connection, file, "package", key, read_only=True)
    row = connection.execute("select count(*) from package.core.dim_people").fetchone()
    connection.close()
    assert row is not None
    return int(row[0])


def test_everybody_elses_rows_are_unchanged(built: Built, sent: Sent) -> None:
    """Referral by referral, all columns: who left takes nothing along."""
    first, later = built.everybody, built.without_one
    ((person, pathway),) = found(
        first.home,
        first.keyring,
        "warehouse",
        "select person_id, pathway_id from warehouse.core.fct_referrals "
        f"where person_id = '{pseudonym_of(first.keyring, sent.one)}'",
    )
    for table in ("dim_people", "fct_referrals", "fct_care_contacts"):
        query = f"select * from warehouse.core.{table} order by all"
        before = found(first.home, first.keyring, "warehouse", query)
        after = found(later.home, later.keyring, "warehouse", query)
        assert len(after) < len(before)
        others = [row for row in before if person not in row and pathway not in row]
        assert others == after


def test_no_log_and_no_artefact_tells_of_them(built: Built, sent: Sent) -> None:
    """Not their number, not a pseudonym, not a token; not of the permitted either."""
    later = built.without_one
    words = [value.encode() for value in built.theirs]
    for person in (sent.one, sent.other):
        own = token(later.keyring, person)
        words += [own, own.hex().encode(), person.number.encode()]
    assert files_holding(later.home, words) == []
    report = run_check_identifiers(later.home, later.keyring, sent.folder)
    assert report.findings == ()


def test_the_scan_of_files_sees(built: Built, sent: Sent) -> None:
    """The control: the same look finds a token that was written to a log."""
    log = built.without_one.home.dbt_logs / "planted.log"
    log.write_text(token(built.without_one.keyring, sent.one).hex())
    try:
        words = [token(built.without_one.keyring, sent.one).hex().encode()]
        assert len(files_holding(built.without_one.home, words)) == 1
    finally:
        log.unlink()


def test_the_list_is_in_no_table_of_the_warehouse(built: Built) -> None:
    later = built.without_one
    names = found(
        later.home,
        later.keyring,
        "warehouse",
        "select table_name || ' ' || column_name from duckdb_columns() "
        "where table_name || column_name ilike '%opt%out%' "
        "or column_name ilike '%permitted%' or data_type = 'BLOB'",
    )
    assert names == []


def test_one_opt_out_is_not_told_by_rounded_numbers(built: Built) -> None:
    """Below England no published count moves by more than the rounding.

    England's counts are exact under the official rule, so there one person is one.
    """
    moved = 0
    before = _published(built.everybody.home)
    after = _published(built.without_one.home)
    assert before.keys() == after.keys()
    for cell, value in before.items():
        step = abs(_number(value) - _number(after[cell]))
        assert step <= (1 if "England" in cell else 5), cell
        moved += step > 0
    assert len(before) > 100
    assert moved  # else two equal publications were compared


def _published(home: Home) -> dict[tuple[str, ...], str]:
    """Counts of the publication by everything that stands beside them."""
    cells: dict[tuple[str, ...], str] = {}
    for file in (home.published / "monthly").rglob("*.csv"):
        with file.open(newline="", encoding="utf-8") as stream:
            for row in csv.reader(stream):
                if "Count_" in row[-2]:
                    cells[file.name, *row[:-1]] = row[-1]
    return cells


def _number(text: str) -> float:
    return 0.0 if text == "*" else float(text)
