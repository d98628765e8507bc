"""The monthly publication: measure file, equality tables, metadata, signed manifest.

What belongs here: which files make a publication and in what order they come to be. The
same warehouse gives the same bytes: nothing here looks at a clock.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import duckdb
import polars as pl

from parity.disclosure import Profile, profile, protect
from parity.home import Home
from parity.home.standing import check_standing
from parity.home.unlock import Keyring
from parity.publication import cells, layout
from parity.publication.csv_text import csv_bytes
from parity.publication.errors import PublicationError
from parity.publication.folder import write_folder
from parity.publication.measure_metadata import metadata_file
from parity.publication.provenance import created_from
from parity.publication.signing import MANIFEST, publisher_key, signed_manifest
from parity.rewriting import resume_rewriting
from parity.warehouse.connections import reading

MEASURES = "measures"
METADATA = "measure-metadata"


@dataclass(frozen=True)
class Publication:
    """Where a publication stands. files: by kind, `measures`, `equality-access`, ..."""

    folder: Path
    files: dict[str, Path]

    @property
    def measure_file(self) -> Path:
        """The monthly measure file in the official layout."""
        return self.files[MEASURES]

    @property
    def manifest(self) -> Path:
        """The signed list of the files."""
        return self.folder / MANIFEST


def publish_month(
    home: Home,
    keyring: Keyring,
    month: date,
    edition: cells.Edition = "primary",
    profile_name: str = "nhs_publication",
    out: Path | None = None,
    waiting: Callable[[str], None] | None = None,
) -> Publication:
    """Publish the measures and equality tables of a month under a profile.

    month: any day of it. edition: which submissions; primary is what NHS England
    publishes. out: the folder in which the publication's own folder is made;
    published/monthly/ of the home without it. waiting: told once when another process
    holds the home; a rotation that was cut off is brought to its end first.

    Raises PublicationError (no_data, exit code 1) when the month has none,
    DisclosureError, and OptOutError (parity.home.standing). What was published before
    stays until the new one is complete.
    """
    month = month.replace(day=1)
    if edition not in cells.EDITIONS:
        known = ", ".join(cells.EDITIONS)
        raise PublicationError("edition", f"the editions are: {known}", exit_code=2)
    chosen = profile(profile_name)
    with home.lock("publication", waiting):
        resume_rewriting(home, keyring)
        check_standing(home, keyring)
        with reading(home, warehouse=keyring.key_to_read("warehouse")) as connection:
            tables = _tables(connection, month, edition, chosen)
            provenance = created_from(connection, edition, month)
    kinds = {kind: _file_name(home, kind, month, edition) for kind in tables}
    files = {kinds[kind]: _written(kind, table) for kind, table in tables.items()}
    manifest = {
        "publication": "monthly",
        "month": f"{month:%Y-%m}",
        "edition": edition,
        "profile": chosen.name,
        "synthetic": home.kind == "synthetic",
        "created_from": asdict(provenance),
        "files": [
            _listed(kinds[kind], table.height, files[kinds[kind]])
            for kind, table in tables.items()
        ],
    }
    folder = (out or home.published / "monthly") / f"{month:%Y-%m}-{edition}"
    write_folder(folder, files | signed_manifest(manifest, publisher_key(keyring)))
    return Publication(folder, {kind: folder / name for kind, name in kinds.items()})


def _written(kind: str, table: pl.DataFrame) -> bytes:
    return csv_bytes(table, None if kind == METADATA else layout.VALUE_COLUMN)


def _listed(name: str, rows: int, content: bytes) -> dict[str, str | int]:
    digest = hashlib.sha256(content).hexdigest()
    return {"file": name, "rows": rows, "sha256": digest}


def _tables(
    connection: duckdb.DuckDBPyConnection,
    month: date,
    edition: cells.Edition,
    chosen: Profile,
) -> dict[str, pl.DataFrame]:
    """Every table of a publication by its kind, protected and laid out."""
    exact = cells.measure_cells(connection, month, edition)
    if exact.is_empty():
        raise PublicationError(
            "no_data",
            "the warehouse has no data of that month and edition",
            exit_code=1,
        )
    tables = {MEASURES: layout.measure_file(protect(exact, chosen))}
    for table in cells.EQUALITY_TABLES:
        exact = cells.equality_cells(connection, table, month, edition)
        tables[f"equality-{table}"] = layout.equality_file(protect(exact, chosen))
    shown = {str(name) for table in tables.values() for name in table["MEASURE_ID"]}
    tables[METADATA] = metadata_file(
        cells.registry_rows(connection),
        cells.threshold_rows(connection),
        shown,
        edition,
        chosen.name,
    )
    return tables


def _file_name(home: Home, kind: str, month: date, edition: str) -> str:
    """The official layout has no place to say so: made-up figures say it by name."""
    mark = "synthetic-" if home.kind == "synthetic" else ""
    return f"{mark}{kind}-{month:%Y-%m}-{edition}.csv"
