"""How long rotations take, in how much memory: `python benchmarks/rotation.py`.

What belongs here: a home of made-up pseudonyms of about the shape of a year (for each
referral a person, eight contacts, eight activities, 24 scores), and each rotation of it
in a process of its own. No targets: the figures depend on disk and memory. --referrals
says how many; 400,000 are 17 million rows and take some minutes and 4 GB of disk.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from uuid import uuid4

import duckdb
import polars as pl

from parity.home import Home, init
from parity.home.encrypted_database import attach_encrypted, connect
from parity.home.unlock import open_keyring
from parity.rotation.epoch import rotate_epoch
from parity.rotation.files import rotate_file
from parity.rotation.opening_key import rotate_opening_key
from parity.rotation.root import rotate_root
from parity.specification import load
from parity.vault.custodians import appointed, made_up_custodians
from parity.vault.identifier_keys import IdentifierKeys
from parity.vault.store import Vault
from parity.warehouse.landed import LandedStore
from pseudonymisation.encoding import encode_column, text_part
from pseudonymisation.keyed_hash import hash_column

ROTATIONS = ("landed", "epoch", "opening", "root")
PROVIDER = "ZZ1"
# How many of each for one referral, and whether a provider assigns them.
DOMAINS = {
    "person": (1, ""),
    "local_patient": (1, PROVIDER),
    "service_request": (1, PROVIDER),
    "national_pathway": (1, PROVIDER),
    "person_service_request": (1, ""),
    "care_contact": (8, PROVIDER),
    "care_activity": (8, PROVIDER),
}
BATCH = 200_000

# Rows of the landed tables, joined on their number.
FILLED = {
    "receipts.person_link": "select p, p, 'nhs_number' from person",
    "iapt_v2_1.ids001mpi (submission_id, row_number, localpatientid, "
    "nationalpersonid)": """
        select submission, i, local_patient.p, person.p
        from local_patient inner join person using (i)
    """,
    "iapt_v2_1.ids101referral (submission_id, row_number, servicerequestid, "
    "localpatientid, nationalpathwayid, personservicerequestkey)": """
        select submission, i, service_request.p, local_patient.p, national_pathway.p,
            person_service_request.p
        from service_request
        inner join local_patient using (i)
        inner join national_pathway using (i)
        inner join person_service_request using (i)
    """,
    "iapt_v2_1.ids201carecontact (submission_id, row_number, carecontactid, "
    "servicerequestid)": """
        select submission, care_contact.i, care_contact.p, service_request.p
        from care_contact
        inner join service_request on care_contact.i // 8 = service_request.i
    """,
    "iapt_v2_1.ids202careactivity (submission_id, row_number, careactid, "
    "carecontactid)": """
        select submission, i, care_activity.p, care_contact.p
        from care_activity inner join care_contact using (i)
    """,
    "iapt_v2_1.ids607codedscoreassessmentact (submission_id, row_number, "
    "careactid)": """
        select submission, 3 * i + n, p
        from care_activity, range(3) as numbers (n)
    """,
}


def make_home(root: Path, referrals: int) -> None:
    """A synthetic home whose vault and landed store hold this many referrals."""
    home = init(root, synthetic=True)
    keyring = open_keyring(home)
    keys, specification = IdentifierKeys.of(keyring), load("2.1")
    opening = appointed(home, keyring).opening_public
    landed = keyring.key("landed")
    with LandedStore.open(home.landed_file, landed, home.spill, specification):
        pass
    connection = connect(home.spill)
    attach_encrypted(connection, home.landed_file, "landed", landed)
    with Vault.open(home, keyring.key("vault")) as vault:
        for domain, (each, provider) in DOMAINS.items():
            connection.execute(f"create temp table {domain} (i integer, p uuid)")
            for first in range(0, each * referrals, BATCH):
                many = min(BATCH, each * referrals - first)
                made = identifiers(domain, provider, first, many, keys)
                vault.keep(
                    made.select("domain", "provider", "message", "token"), opening
                )
                insert(connection, domain, made)
    fill(connection)
    connection.close()


def identifiers(
    domain: str, provider: str, first: int, many: int, keys: IdentifierKeys
) -> pl.DataFrame:
    """A slice of a domain's identifiers: i, domain, provider, message, token, p."""
    kind = "nhs-number" if domain == "person" else domain
    value = text_part(pl.col("i").cast(pl.String))
    return (
        pl.DataFrame({"i": range(first, first + many)})
        .with_columns(
            domain=pl.lit(domain),
            provider=pl.lit(provider),
            message=encode_column(kind, provider, value),
        )
        .with_columns(token=hash_column(keys.linkage, pl.col("message")))
        .with_columns(p=keys.pseudonyms(pl.col("token"), domain, provider))
    )


def insert(
    connection: duckdb.DuckDBPyConnection, table: str, rows: pl.DataFrame
) -> None:
    """Keep a slice's pseudonyms at hand for the landed rows."""
    connection.register("incoming", rows.select("i", "p").to_arrow())
    connection.execute(f"insert into {table} select i, p::uuid from incoming")
    connection.unregister("incoming")


def fill(connection: duckdb.DuckDBPyConnection) -> None:
    """The landed tables from the domains' tables."""
    connection.execute("insert into landed.receipts.parity_meta values (1)")
    submission = f"'{uuid4()}'::uuid"
    for target, rows in FILLED.items():
        rows = rows.replace("submission,", f"{submission},")
        connection.execute(f"insert into landed.{target} {rows}")


def rotate(root: Path, name: str) -> None:
    """One rotation, and what it took; run in a process of its own."""
    home = Home.find(root)
    keyring = open_keyring(home)
    began = time.perf_counter()
    if name == "epoch":
        counts = rotate_epoch(home, keyring)
    elif name == "opening":
        counts = rotate_opening_key(home, keyring, *made_up_custodians(home)[:2])
    elif name == "root":
        counts = rotate_root(home, keyring, *made_up_custodians(home)[:2])
    else:
        counts = rotate_file(home, keyring, "landed")
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    rows = counts.get("landed_rows") or counts["vault_rows"]
    pseudonyms = counts.get("landed_pseudonyms") or counts.get("vault_tokens", 0)
    print(
        f"{name:8}{rows:>14,} rows{pseudonyms:>14,} pseudonyms"
        f"{seconds:>9.1f} s{rows / seconds:>12,.0f} rows/s{peak:>8,.0f} MB"
    )


def main() -> None:
    """Make the home, then each rotation of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--referrals", type=int, default=50_000)
    parser.add_argument("--rotate", nargs=2, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.rotate:
        rotate(Path(chosen.rotate[0]), chosen.rotate[1])
        return
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "home"
        make_home(root, chosen.referrals)
        for name in ROTATIONS:
            program = [sys.executable, __file__, "--rotate", str(root), name]
            subprocess.run(program, check=True)  # noqa: S603  this very program


if __name__ == "__main__":
    main()
