"""People sent month after month, and whom the vault takes each record for.

What belongs here: a vault in memory, filled with rows of IDS001MPI alone by the code
that fills a real one, and the person of every record as the models put it together.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date

import duckdb
import polars as pl

from parity.home.layout import Kind
from parity.home.reference import Reference
from parity.intake.slot import Slot
from parity.specification import load
from parity.vault.identifier_keys import PERSON_DOMAIN, IdentifierKeys
from parity.vault.identifiers import for_the_vault
from parity.vault.people import PERSONS, REFERRALS, identify
from parity.vault.store import Vault
from pseudonymisation.keys import generate_key
from pseudonymisation.sealed_box import new_key_pair

SPECIFICATION = load("2.1")
FIELDS = SPECIFICATION.tables[PERSONS].field_names
_, OPENING = new_key_pair()

# Predecessor, successor, day, whether the local identifiers go on.
Succession = tuple[str, str, date, bool]


def new_keys() -> IdentifierKeys:
    """Identifier keys of a home of its own."""
    return IdentifierKeys(
        root=generate_key(), linkage=generate_key(), epoch_key=generate_key(), epoch=1
    )


def nhs_number(tail: int) -> str:
    """The next valid NHS number of the range for tests from 999 and this tail on."""
    nine = f"999{tail:06d}"
    total = sum(int(d) * w for d, w in zip(nine, range(10, 1, -1), strict=True))
    digit = (11 - total % 11) % 11
    return nhs_number(tail + 1) if digit == 10 else f"{nine}{digit}"


@dataclass(frozen=True)
class Sent:
    """One submission's people: a slot's name, and rows of some fields of IDS001MPI."""

    name: str
    rows: list[dict[str, str]]

    def frame(self) -> pl.DataFrame:
        """The rows as intake hands them over."""
        schema = dict.fromkeys(FIELDS, pl.String)
        return pl.DataFrame(self.rows, schema=schema).with_row_index(
            "row_number", offset=1
        )


class Scene:
    """A vault in memory. Submissions may be sent again under the same name."""

    def __init__(
        self,
        successions: Iterable[Succession] = (),
        keys: IdentifierKeys | None = None,
        home_kind: Kind = "synthetic",
    ) -> None:
        connection = duckdb.connect(":memory:")
        connection.execute("attach ':memory:' as vault")
        self.vault = Vault(connection)
        self._keys = keys or new_keys()
        self._kind: Kind = home_kind
        self.set_successions(successions)
        self._records: dict[str, pl.DataFrame] = {}

    def set_successions(self, successions: Iterable[Succession]) -> None:
        """Other reference data for what is sent from now on."""
        empty = Reference.empty()
        self._reference = replace(
            empty,
            successions=pl.DataFrame(
                list(successions), schema=empty.successions.schema, orient="row"
            ),
        )

    def send(self, sent: Sent) -> None:
        """Record one submission."""
        slot = Slot.from_name(sent.name)
        kept = {
            PERSONS: sent.frame(),
            REFERRALS: pl.DataFrame(
                schema={
                    "row_number": pl.UInt32,
                    "ServiceRequestId": pl.String,
                    "LocalPatientId": pl.String,
                }
            ),
        }
        people = identify(
            kept, slot, SPECIFICATION, self._keys, self._reference, self._kind
        )
        told = people.by_row.select(
            message="person_message",
            token="person_token",
        )
        self.vault.record(
            sent.name,
            slot.provider_code,
            people.observations,
            for_the_vault([(PERSON_DOMAIN, "", told)]),
            OPENING,
        )
        local = pl.lit(f"{slot.provider_code} ") + pl.col("LocalPatientId")
        named = people.by_row.select("row_number", "national_person_id", "linkage_step")
        self._records[sent.name] = named.join(
            kept[PERSONS].select("row_number", local=local), on="row_number"
        ).with_columns(name=pl.lit(sent.name))

    def records(self) -> pl.DataFrame:
        """Every record: name, row_number, step (that joined), person.

        person is put together as int_persons_linked does; a record that stands apart by
        its local identifier is named by that.
        """
        links = self.vault.person_links(self._keys)
        apart = self.vault.records_apart(self._keys)
        names = pl.concat_str(
            "provider_code",
            pl.col("reporting_month").dt.strftime("%Y-%m"),
            "submission_kind",
            separator="_",
        )
        apart = apart.select("row_number", name=names, other="person_id", is_apart=True)
        records = pl.concat(list(self._records.values())).with_columns(
            pl.col("row_number").cast(pl.Int32)
        )
        assert set(records["national_person_id"].drop_nulls()) <= set(
            links["national_person_id"]
        )
        whole = records.join(
            links.rename({"linkage_step": "step"}), on="national_person_id", how="left"
        ).join(apart, on=["name", "row_number"], how="left")
        person = (
            pl.when(pl.col("is_apart").is_null())
            .then("person_id")
            .otherwise(pl.coalesce("other", "local"))
        )
        step = pl.when(pl.col("is_apart").is_null()).then("step")
        return whole.select(
            "name", "row_number", "local", step=step.fill_null("apart"), person=person
        )

    def persons(self) -> dict[tuple[str, int], str]:
        """The person of each record, by submission and row."""
        rows = self.records().select("name", "row_number", "person").iter_rows()
        return {(name, row): person for name, row, person in rows}


def sent(name: str, *rows: Mapping[str, str]) -> Sent:
    """A submission of these rows."""
    return Sent(name, [dict(row) for row in rows])


def groups(
    persons: Mapping[tuple[str, int], object],
) -> set[frozenset[tuple[str, int]]]:
    """Which records are one person's, whatever the persons are called."""
    found: dict[object, set[tuple[str, int]]] = {}
    for record, person in persons.items():
        found.setdefault(person, set()).add(record)
    return {frozenset(records) for records in found.values()}
