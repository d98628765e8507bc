"""The door: a submission's rows in, rows without identifiers out.

What belongs here: the order of the steps. Nothing that comes out holds an identifier;
what identifies goes into tokens, which go to the crosswalk (parity.vault.store) and
nowhere else. Whole columns at a time: no row is ever in hand, so none can be printed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

import polars as pl

from parity.home.layout import Kind
from parity.home.reference import Reference
from parity.specification import Field, Specification, Table
from parity.vault.derived_columns import HEADER, derived
from parity.vault.evidence import EVIDENCE_DOMAIN
from parity.vault.identifier_keys import PERSON_DOMAIN, IdentifierKeys
from parity.vault.identifiers import (
    REFERRAL_DOMAIN,
    for_the_vault,
    former_referrals,
    pathway_identifiers,
    successions_of,
    supplier_identifiers,
)
from parity.vault.misplaced import check_no_identifier_elsewhere
from parity.vault.people import REFERRALS, People, identify
from parity.vault.treatments import pseudonym_name, treated
from parity.vault.typed_values import TYPED, check_readable, typed

if TYPE_CHECKING:
    from parity.intake.slot import Slot

__all__ = ["IdentifierKeys", "Landed", "pseudonymise"]


@dataclass(frozen=True)
class Landed:
    """A submission as it lands, and what the vault learns from it.

    tables: by official name, columns and order of Table.landed_columns without
        submission_id; pseudonyms are UUID text (lower case, hyphens).
    epoch: the warehouse's epoch that the pseudonyms belong to.
    observations: evidence for the crosswalk (parity.vault.evidence.EVIDENCE).
    successions: service_request_key, former_service_request_key (UUID text) of
        referrals that the provider took over from another.
    identifiers: what each pseudonym is made of (parity.vault.identifiers.IDENTIFIERS),
        messages in clear: for the vault, which seals them.
    """

    tables: Mapping[str, pl.DataFrame] = field(repr=False)
    epoch: int
    observations: pl.DataFrame = field(repr=False)
    successions: pl.DataFrame = field(repr=False)
    identifiers: pl.DataFrame = field(repr=False)


@dataclass(frozen=True)
class _Door:
    """What every table of a submission is landed with."""

    people: People = field(repr=False)
    suppliers: Mapping[str, pl.DataFrame] = field(repr=False)
    pathways: Mapping[str, pl.DataFrame] = field(repr=False)
    specification: Specification
    header_dates: Mapping[str, date | None]


def pseudonymise(
    kept: dict[str, pl.DataFrame],
    slot: Slot,
    specification: Specification,
    keys: IdentifierKeys,
    reference: Reference,
    home_kind: Kind,
) -> Landed:
    """Pseudonymise the rows that the rules kept.

    kept: for every table of the specification, its official columns as text and
    `row_number`. Raises RecordRefused (a value that its type cannot read, a repeated
    key, an NHS number that has no place in a home of this kind) and VaultError.
    """
    provider = slot.provider_code
    people = identify(kept, slot, specification, keys, reference, home_kind)
    check_no_identifier_elsewhere(kept, specification)
    referred = people.beside(REFERRALS, kept[REFERRALS])
    door = _Door(
        people=people,
        suppliers=supplier_identifiers(kept, specification, provider, keys),
        pathways=pathway_identifiers(referred, provider, keys),
        specification=specification,
        header_dates=_header_dates(kept[HEADER], specification),
    )
    formers = {
        former: former_referrals(door.suppliers, former, keys)
        for former in reference.formers(provider, slot.period_end)
    }
    return Landed(
        tables={
            name: _landed(kept[name], table, door)
            for name, table in specification.tables.items()
        },
        epoch=keys.epoch,
        observations=people.observations,
        successions=successions_of(formers.values()),
        identifiers=_identifiers(door, provider, formers),
    )


def _identifiers(
    door: _Door, provider: str, formers: Mapping[str, pl.DataFrame]
) -> pl.DataFrame:
    persons = door.people.by_row.select(
        message="person_message",
        token="person_token",  # noqa: S106  a column's name
    )
    pathways = door.pathways
    return for_the_vault(
        [
            (PERSON_DOMAIN, "", persons),
            *((domain, provider, frame) for domain, frame in door.suppliers.items()),
            ("national_pathway", provider, pathways["national_pathway"]),
            ("person_service_request", "", pathways["person_service_request"]),
            *((REFERRAL_DOMAIN, former, frame) for former, frame in formers.items()),
            (EVIDENCE_DOMAIN, "", door.people.evidence),
        ]
    )


def _landed(rows: pl.DataFrame, table: Table, door: _Door) -> pl.DataFrame:
    fields = {field.name: field for field in table.fields}
    additions = {column.name: column for column in table.derived}
    names = [name for name, _ in table.landed_columns if name != "submission_id"]
    landed = [fields[name] for name in names if name in fields]
    check_readable(
        rows, [f for f in landed if f.treatment == "keep" and f.type in TYPED]
    )
    columns = {
        "row_number": pl.col("row_number").cast(pl.Int32),
        **{f.name: treated(f) for f in landed},
        **{
            name: derived(column, door.specification, door.header_dates)
            for name, column in additions.items()
        },
    }
    known = door.people.beside(table.name, rows) if additions else rows
    if table.name == REFERRALS:
        known = _with_pathways(known, door.pathways)
    known = _with_pseudonyms(known, landed, door.suppliers)
    return known.select(columns[name] for name in names)


def _with_pathways(
    rows: pl.DataFrame, pathways: Mapping[str, pl.DataFrame]
) -> pl.DataFrame:
    for domain, frame in pathways.items():
        known = frame.select("ServiceRequestId", pl.col("pseudonym").alias(domain))
        rows = rows.join(
            known, on="ServiceRequestId", how="left", maintain_order="left"
        )
    return rows


def _with_pseudonyms(
    rows: pl.DataFrame, fields: Iterable[Field], suppliers: Mapping[str, pl.DataFrame]
) -> pl.DataFrame:
    for keyed in fields:
        if keyed.pseudonym_domain is not None:
            known = suppliers[keyed.pseudonym_domain].select(
                pl.col("identifier").alias(keyed.name),
                pl.col("pseudonym").alias(pseudonym_name(keyed)),
            )
            rows = rows.join(known, on=keyed.name, how="left", maintain_order="left")
    return rows


def _header_dates(
    header: pl.DataFrame, specification: Specification
) -> dict[str, date | None]:
    """The dates of the submission's one header row, by field name."""
    fields = [f for f in specification.tables[HEADER].fields if f.type == "date"]
    check_readable(header, fields)
    days = header.select(typed(f).alias(f.name) for f in fields)
    return {f.name: days.item(0, f.name) if days.height else None for f in fields}
