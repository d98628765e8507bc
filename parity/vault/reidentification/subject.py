"""Whose pseudonym it is, and what the vault holds sealed of that person.

What belongs here: finding the tokens behind one pseudonym, and opening the messages of
those tokens alone. Every person's pseudonym is made again to find the one: the vault
keeps no table from pseudonyms to tokens that could be read backwards.
"""

from __future__ import annotations

import duckdb
import polars as pl

from parity.access.rekeying import project_key, project_pseudonym
from parity.home.unlock import Keyring
from parity.vault.crosswalk import LINKS, LOCALS
from parity.vault.errors import VaultError
from parity.vault.identifier_keys import PERSON_DOMAIN, IdentifierKeys
from parity.vault.reidentification.request import WAREHOUSE
from pseudonymisation.encoding import decode
from pseudonymisation.sealed_box import batch_key
from pseudonymisation.sealed_identifier import unseal_identifiers

# A token may have landed and be evidence too: its message is sealed for both.
_SEALED = """
    select wanted.token, identifier.sealed, batch.public
    from wanted
    inner join vault.identifier on wanted.token = identifier.token
    inner join vault.batch on identifier.batch = batch.batch
    where identifier.domain in ('person', 'evidence')
    qualify row_number() over (
        partition by wanted.token order by identifier.domain
    ) = 1
    order by wanted.token
"""

_PARTS = {
    "nhs-number": ("nhs_number",),
    "local-patient": ("provider", "local_patient_id", "birth_date"),
}


def identifiers_of(
    connection: duckdb.DuckDBPyConnection, tokens: pl.DataFrame, private: bytes
) -> list[dict[str, str]]:
    """What names a person: NHS number, local identifiers by provider.

    tokens: of `tokens_of`. private: the opening key.
    """
    connection.register("wanted", tokens.to_arrow())
    found = connection.execute(_SEALED).to_arrow_table()
    connection.unregister("wanted")
    rows = pl.DataFrame(pl.from_arrow(found))
    named = []
    for (public,), batch in rows.group_by("public", maintain_order=True):
        key = batch_key(private, bytes(public))
        for message in unseal_identifiers(key, batch["sealed"], batch["token"]):
            named.append(_named(message))
    return sorted(named, key=lambda each: (each["kind"] != "nhs-number", str(each)))


def tokens_of(
    connection: duckdb.DuckDBPyConnection, keyring: Keyring, subject: str, source: str
) -> pl.DataFrame:
    """The tokens (column token) of the person whom a pseudonym names; opens nothing.

    subject, source: of a request. Everything under which the crosswalk knows the
    person: as they landed, and the local identifiers that records in force show.
    Raises VaultError: not_found.
    """
    found = connection.execute(LINKS).to_arrow_table()
    links = pl.DataFrame(pl.from_arrow(found)).lazy()
    keys = IdentifierKeys.of(keyring)
    for name in ("known_as", "person"):
        pseudonym = keys.pseudonyms(pl.col(name), PERSON_DOMAIN)
        if source != WAREHOUSE:
            role = source.removeprefix("package:")
            key = project_key(keyring, role).key
            links = links.with_columns(pseudonym.alias(f"{name}_pseudonym"))
            pseudonym = project_pseudonym(pl.col(f"{name}_pseudonym"), key)
        links = links.with_columns((pseudonym == subject).alias(f"is_{name}"))
    known = links.collect()
    persons = known.filter(pl.col("is_known_as") | pl.col("is_person"))["person"]
    if persons.n_unique() != 1:
        raise VaultError("not_found", "that pseudonym names nobody here", 1)
    here = connection.execute(LOCALS).to_arrow_table()
    shown = pl.DataFrame(pl.from_arrow(here)).rename({"local_token": "known_as"})
    both = pl.concat([known.select("known_as", "person"), shown])
    own = both.filter(pl.col("person") == persons[0]).unique("known_as")
    return own.select(token="known_as")  # noqa: S106  a column's name


def _named(message: bytes) -> dict[str, str]:
    kind, parts = decode(message)
    return {"kind": kind} | dict(zip(_PARTS[kind], map(str, parts), strict=False))
