"""A small submission to change one thing in, for the tests of the vault."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from parity.home.layout import Kind
from parity.home.reference import Reference
from parity.intake.slot import Slot
from parity.specification import load
from parity.vault.pseudonymise import IdentifierKeys, Landed, pseudonymise
from pseudonymisation.keys import generate_key

SPECIFICATION = load("2.1")


def new_keys() -> IdentifierKeys:
    """Identifier keys of a home of its own."""
    return IdentifierKeys(
        root=generate_key(), linkage=generate_key(), epoch_key=generate_key(), epoch=1
    )


KEYS = new_keys()
SLOT = Slot.from_name("ZZ1_2025-04_primary")

ANN, BOB = "9990000018", "9990000026"

Rows = list[dict[str, str | None]]


def submission(**tables: Rows) -> dict[str, pl.DataFrame]:
    """Frames of every table as intake hands them over: text, null where not given."""
    given: Mapping[str, Rows] = {
        "IDS000Header": [
            {
                "DatSetVer": "2.1",
                "OrgIDProv": "ZZ1",
                "ReportingPeriodStartDate": "2025-04-01",
                "ReportingPeriodEndDate": "2025-04-30",
            }
        ],
        **tables,
    }
    return {
        name: pl.DataFrame(
            given.get(name, []), schema=dict.fromkeys(table.field_names, pl.String)
        ).with_row_index("row_number", offset=1)
        for name, table in SPECIFICATION.tables.items()
    }


def land(
    kept: dict[str, pl.DataFrame],
    *,
    slot: Slot = SLOT,
    keys: IdentifierKeys = KEYS,
    reference: Reference | None = None,
    home_kind: Kind = "synthetic",
) -> Landed:
    """Pseudonymise with the usual slot and keys and no reference data."""
    known = reference or Reference.empty()
    return pseudonymise(kept, slot, SPECIFICATION, keys, known, home_kind)


def person(
    local: str | None, number: str | None = None, **more: str
) -> dict[str, str | None]:
    """A row of IDS001MPI."""
    return {"LocalPatientId": local, "NHSNumber": number, **more}


def column(landed: Landed, table: str, name: str) -> list[object]:
    """One landed column."""
    return landed.tables[table].get_column(name).to_list()
