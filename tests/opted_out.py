"""Homes for the tests of opt-outs and erasure: small ones, with somebody to lose.

What belongs here: a caseload in which two people are planted, answers of a national
check as they may come, and what a home holds of somebody, seen from inside.
"""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import polars as pl
from conftest import filled_home, made_home, open_keyring
from duckdb import DuckDBPyConnection

from parity.home import Home
from parity.home.encrypted_database import attach_encrypted, connect
from parity.home.private_files import make_folder, write_private
from parity.home.settings import settings_file
from parity.home.unlock import Keyring
from parity.synthetic import synthesise
from parity.vault.identifier_keys import IdentifierKeys
from parity.vault.opt_out.exchange import Control, control_of, write_control
from parity.vault.opt_out.numbers import with_tokens
from parity.vault.opt_out.request import Request, make_request
from pseudonymisation.keyed_hash import pseudonym, uuid_text

MPI, REFERRALS = "IDS001MPI", "IDS101Referral"
FIRST, LAST = date(2025, 1, 1), date(2025, 3, 1)
# What a build makes, without dbt's tests: those are run over other homes.
MODELS = "resource_type:model resource_type:seed"

Row = dict[str, str]


@dataclass(frozen=True)
class Planted:
    """Somebody made up, as their provider sends them. local: their local identifier."""

    provider: str
    local: str
    number: str
    birth_date: str


@dataclass(frozen=True)
class Sent:
    """Submissions over three months; the planted people are the first provider's.

    one: seen in all months, in the first without a number. other: with a number.
    """

    folder: Path
    one: Planted
    other: Planted

    def months(self, *numbers: int) -> list[Path]:
        """The first provider's submissions of the first, second or third month."""
        every = sorted(self.folder.glob(f"{self.one.provider}_*"))
        return [every[number - 1] for number in numbers]

    def elsewhere(self) -> list[Path]:
        """What other providers sent."""
        every = sorted(self.folder.glob("*_*_*"))
        return [p for p in every if not p.name.startswith(self.one.provider)]


@dataclass(frozen=True)
class Asked:
    """A home with two months landed, opt-outs required, and a request that is out."""

    home: Home
    request: Request
    keyring: Keyring = field(repr=False)

    def copied(self, root: Path) -> Asked:
        """The same in a folder of its own, under the same keys."""
        home = Home.find(shutil.copytree(self.home.root, root))
        return Asked(home, self.request, open_keyring(home))

    def numbers(self) -> list[str]:
        """Whom the request asks about."""
        return self.request.data.read_text().replace(",", "").split()

    def answered(self, folder: Path, without: Collection[str] = ()) -> Path:
        """The data file of an answer that returns everybody but these."""
        numbers = [n for n in self.numbers() if n not in without]
        return answer(folder, self.request.request, [f"{n},\n" for n in numbers])


def synthetic_sent(folder: Path, providers: int = 1) -> Sent:
    """Three months of small providers, with two people who are seen throughout."""
    synthesise(
        folder,
        providers=providers,
        first=FIRST,
        last=LAST,
        referrals_per_month=20 * providers,
        seed=5,
    )
    provider = min(path.name for path in folder.glob("*_*_*")).split("_")[0]
    months = sorted(folder.glob(f"{provider}_*"))
    seen = [{r["LocalPatientId"]: r for r in rows(month, MPI)} for month in months]
    stay = [
        row
        for local, row in seen[0].items()
        if row["NHSNumber"]
        and all(local in each and each[local]["NHSNumber"] for each in seen)
        and _referrals(months[0], local) == 1
    ]
    one, other = (
        Planted(
            provider, row["LocalPatientId"], row["NHSNumber"], row["PersonBirthDate"]
        )
        for row in stay[:2]
    )
    change(months[0], MPI, one.local, lambda row: row | {"NHSNumber": ""})
    return Sent(folder, one, other)


def asking_home(root: Path, sent: Sent, settings: str = "") -> Asked:
    """A home that asks, with the first two months and a request that is out."""
    home = made_home(root / "home", sent.folder / "reference")
    required(home, settings)
    keyring = filled_home(home, sent.months(1, 2))
    return Asked(home, make_request(home, keyring, root / "out"), keyring)


def required(home: Home, more: str = "") -> None:
    """Have opt-outs count, in a home of made-up people too."""
    text = f'[opt_out]\ngate = "required"\n{more}'
    write_private(settings_file(home), text.encode())


def answer(folder: Path, request: str, lines: list[str], says: int = -1) -> Path:
    """An answer as it may come. says: how many rows its control file tells."""
    make_folder(folder)
    data = folder / "answer.dat"
    write_private(data, "".join(lines).encode())
    count = len(lines) if says < 0 else says
    write_control(control_of(data), Control(request, count))
    return data


def rows(submission: Path, table: str) -> list[Row]:
    """The rows of a table as sent."""
    with (submission / f"{table}.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def change(submission: Path, table: str, local: str, how: Callable[[Row], Row]) -> None:
    """Change the rows of one local patient."""
    old = rows(submission, table)
    new = [how(r) if r["LocalPatientId"] == local else r for r in old]
    with (submission / f"{table}.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(old[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(new)


def token(keyring: Keyring, person: Planted) -> bytes:
    """The token of somebody's number."""
    numbers = pl.DataFrame({"number": [person.number]})
    found = with_tokens(numbers, IdentifierKeys.of(keyring)).item(0, "token")
    assert isinstance(found, bytes)
    return found


def pseudonym_of(keyring: Keyring, person: Planted) -> str:
    """Their pseudonym in the warehouse, by number."""
    key = IdentifierKeys.of(keyring).of_domain("person")
    return uuid_text(pseudonym(key, "person", token(keyring, person)))


@contextmanager
def looking(home: Home, keyring: Keyring, file: str) -> Iterator[DuckDBPyConnection]:
    """A connection with one encrypted file of a home attached by its name."""
    paths = {
        "landed": home.landed_file,
        "vault": home.vault_file,
        "warehouse": home.warehouse_file,
    }
    connection = connect(home.spill)
    try:
        key = keyring.key(file)
        attach_encrypted(connection, paths[file], file, key, read_only=True)
        yield connection
    finally:
        connection.close()


def found(
    home: Home, keyring: Keyring, file: str, query: str
) -> list[tuple[object, ...]]:
    """Rows of a query over one file of a home."""
    with looking(home, keyring, file) as connection:
        return connection.execute(query).fetchall()


def pseudonyms_of_rows(home: Home, keyring: Keyring, person: Planted) -> set[str]:
    """Every pseudonym of somebody's rows: person, patient, referrals, contacts."""
    schema = "landed.iapt_v2_1"
    mine = (
        "select submission_id, localpatientid, nationalpersonid "
        f"from {schema}.ids001mpi where nationalpersonid in ("
        "select national_person_id from landed.receipts.person_link "
        f"where person_id = '{pseudonym_of(keyring, person)}')"
    )
    referrals = (
        "select submission_id, servicerequestid, nationalpathwayid "
        f"from {schema}.ids101referral "
        f"semi join ({mine}) using (submission_id, localpatientid)"
    )
    contacts = (
        f"select carecontactid from {schema}.ids201carecontact "
        f"semi join ({referrals}) using (submission_id, servicerequestid)"
    )
    queries = (
        f"select localpatientid from ({mine})",
        f"select nationalpersonid from ({mine})",
        f"select servicerequestid from ({referrals})",
        f"select nationalpathwayid from ({referrals})",
        contacts,
    )
    return {str(v) for (v,) in found(home, keyring, "landed", " union ".join(queries))}


def values_in(home: Home, keyring: Keyring, file: str) -> set[str]:
    """Every pseudonym that a file holds, in whatever table."""
    with looking(home, keyring, file) as connection:
        columns = connection.execute(
            "select schema_name || '.' || table_name, column_name from duckdb_columns()"
            " semi join duckdb_tables() using (database_name, schema_name, table_name)"
            f" where database_name = '{file}' and data_type = 'UUID'"
        ).fetchall()
        queries = [f'select "{name}" from {file}.{table}' for table, name in columns]
        values = connection.execute(" union ".join(queries)).fetchall()
    return {str(value) for (value,) in values}


def tokens_in(home: Home, keyring: Keyring, table: str) -> set[bytes]:
    """Every token that a table of the vault holds."""
    with looking(home, keyring, "vault") as connection:
        columns = connection.execute(
            "select column_name from duckdb_columns() where database_name = 'vault'"
            f" and table_name = '{table}' and column_name like '%token'"
        ).fetchall()
        queries = [f"select {name} from vault.{table}" for (name,) in columns]
        tokens = connection.execute(" union ".join(queries)).fetchall()
    return {token for (token,) in tokens if token is not None}


def files_holding(home: Home, words: Iterable[bytes]) -> list[str]:
    """Files outside landing and vault that hold one of these, as they lie on disk."""
    rooms = (home.landing_inbox.parent, home.vault)
    wanted = list(words)
    return [
        str(path.relative_to(home.root))
        for path in sorted(home.root.rglob("*"))
        if path.is_file()
        and not any(path.is_relative_to(room) for room in rooms)
        and any(word in path.read_bytes() for word in wanted)
    ]


def _referrals(month: Path, local: str) -> int:
    return sum(row["LocalPatientId"] == local for row in rows(month, REFERRALS))
