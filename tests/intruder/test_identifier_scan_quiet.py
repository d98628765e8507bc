"""The identifier scan is loud where it cannot look, and quiet where nothing is."""

from __future__ import annotations

import gzip
import hmac
import os
import subprocess
import sys
from datetime import date, timedelta

import pytest
from plants import BINARY_CONTAINERS, FILE_KEY, TEXT_CONTAINERS
from scan_scene import (
    BIRTH_DATES,
    BORN,
    KEYS,
    NEEDLES,
    TEXT,
    WORDS,
    dates_in_duckdb,
    missed,
    scan,
)

from parity.home import Home
from parity.vault.identifier_scan import scan_home, scan_processes
from parity.vault.scan.needles import Collected, Needles
from parity.vault.scan.report import UNKNOWN, UNREADABLE

# --- what cannot be looked into is a finding ----------------------------------------


def test_a_database_without_its_key_is_a_finding(bare_home: Home) -> None:
    TEXT_CONTAINERS["DuckDB text column"](bare_home, [h.cell for h in TEXT])
    found = scan_home(bare_home, {"another": KEYS["another"]}, NEEDLES).findings
    assert [(f.place, f.kind) for f in found] == [
        ("packages/planted.duckdb", UNREADABLE)
    ]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("short.gz", gzip.compress(os.urandom(500))[:-100]),
        ("bad.zip", b"PK\x03\x04" + bytes(80)),
        ("bad.zst", b"\x28\xb5\x2f\xfd" + b"\xff" * 80),
        ("bad.parquet", b"PAR1" + bytes(80) + b"PAR1"),
        ("bad.db", b"SQLite format 3\0" + b"\xff" * 200),
        ("bad.duckdb", bytes(8) + b"DUCK" + bytes(80)),
        ("bad.pickle", b"\x80\x05" + b"\xff" * 20),
        ("bad.msgpack", b"\xc1" * 20),
    ],
)
def test_a_damaged_container_is_a_finding(
    bare_home: Home, name: str, content: bytes
) -> None:
    (bare_home.dbt_target / name).write_bytes(content)
    assert {f.kind for f in scan(bare_home).findings} == {UNREADABLE}


def test_an_unknown_container_is_a_finding(bare_home: Home) -> None:
    (bare_home.spill / "left_over.tmp").write_bytes(b"\x81\xfe\xfd\0" * 50)
    found = scan(bare_home).findings
    assert [(f.place, f.kind) for f in found] == [
        ("operations/spill/left_over.tmp", UNKNOWN)
    ]


def test_a_pipe_and_a_link_that_leads_out_are_findings(bare_home: Home) -> None:
    os.mkfifo(bare_home.spill / "pipe")
    (bare_home.packages / "link").symlink_to(bare_home.vault)
    found = scan(bare_home).findings
    assert {(f.place, f.kind) for f in found} == {
        ("operations/spill/pipe", UNREADABLE),
        ("packages/link", UNREADABLE),
    }


def test_a_process_that_ended_is_a_finding() -> None:
    with subprocess.Popen([sys.executable, "-c", "pass"]) as child:
        child.wait()
    found = scan_processes([child.pid], NEEDLES).findings
    assert {f.kind for f in found} == {UNREADABLE}


# --- controls the other way ---------------------------------------------------------


def test_a_home_without_identifiers_is_clean(new_home: Home) -> None:
    report = scan_home(new_home, {}, NEEDLES)
    assert report.is_clean
    assert report.findings == ()
    assert report.coverage.files > 0


def test_a_scan_for_nothing_is_not_clean(bare_home: Home) -> None:
    assert not scan(bare_home, Needles.choose([], 10)).is_clean


def test_what_only_looks_alike_is_not_found(bare_home: Home) -> None:
    """Longer numbers, other numbers, keyed hashes, a short identifier in a word."""
    cells = [f"1{h.value}".encode() for h in TEXT if h.value.isdigit()]
    cells += [f"{h.value}7".encode() for h in TEXT if h.value.isdigit()]
    cells += [f"{int(h.value) + 1}".encode() for h in TEXT if h.value.isdigit()]
    cells += [f"x{h.value}y z{h.value}".encode() for h in WORDS]
    cells += [hmac.digest(FILE_KEY, h.value.encode(), "sha256") for h in TEXT]
    BINARY_CONTAINERS["DuckDB BLOB column"](bare_home, cells)
    BINARY_CONTAINERS["SQLite blob"](bare_home, cells)
    report = scan(bare_home)
    assert report.is_clean
    assert report.coverage.columns == 3


def test_a_few_bytes_of_ciphertext_are_chance_and_many_are_not(
    bare_home: Home,
) -> None:
    """A packed number in an encrypted file's bytes; its content is read decoded."""
    TEXT_CONTAINERS["DuckDB text column"](bare_home, [b"nothing"])
    (file,) = bare_home.packages.glob("*.duckdb")
    assert file.read_bytes()[20] & 1
    number = next(h.value for h in TEXT if len(h.value) == 10 and h.value.isdigit())
    with file.open("ab") as end:
        end.write(bytes.fromhex(f"0{number}c"))
    assert scan(bare_home).findings == ()
    with file.open("ab") as end:
        end.write(f" {number} ".encode())
    (found,) = scan(bare_home).findings
    assert (found.place, found.location) == (f"packages/{file.name}", "(bytes)")


def test_dates_that_anybody_may_have_are_not_found(bare_home: Home) -> None:
    """Every day of twenty years holds all birth dates, and all their decoys."""
    first = date(1950, 1, 1)
    days = [(first + timedelta(days=n)).isoformat() for n in range(20 * 365)]
    dates_in_duckdb(bare_home, days)
    (bare_home.dbt_logs / "dbt.log").write_text(f"{BORN[0]} and {BORN[1]}\n")
    assert scan(bare_home, BIRTH_DATES).is_clean


def test_row_numbers_are_no_short_identifiers(bare_home: Home) -> None:
    """Identifiers given out in a run, and a column that counts past them."""
    given = [str(n) for n in range(10_000, 10_400)]
    needles = Needles.choose([Collected("number", "identifier", frozenset(given))], 200)
    rows = "".join(f"{n}\n" for n in range(1, 20_000))
    (bare_home.answers / "rows.csv").write_text("row\n" + rows)
    assert scan(bare_home, needles).is_clean


def test_rooms_of_identifiers_are_left_out(bare_home: Home) -> None:
    for room in (bare_home.landing_inbox, bare_home.landing_sealed, bare_home.vault):
        (room / "rows.csv").write_bytes(b"\n".join(h.cell for h in TEXT))
    assert scan(bare_home).is_clean


def test_postcodes_may_stand_in_the_list_of_postcodes_only(bare_home: Home) -> None:
    postcodes = [h for h in TEXT if h.shape == "postcode"]
    number = next(h for h in TEXT if h.kind == "plain")
    content = b"\n".join(h.cell for h in [*postcodes, number])
    (bare_home.reference / "postcodes.csv").write_bytes(content)
    report = scan(bare_home)
    assert {f.kind for f in report.findings} == {number.kind}
    assert {f.kind for f in report.expected} == {h.kind for h in postcodes}
    (bare_home.reference / "practices.csv").write_bytes(content)
    assert missed(scan(bare_home), postcodes) == set()
