"""Pseudonyms exchanged: the verifier sees what a wrong rotation would do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from uuid import uuid4

import duckdb
import pytest
from rewriting_support import (
    PEOPLE,
    PERSONS,
    landed,
    persons,
    refused,
    rewriting_home,
)

from parity.home import Home
from parity.home.keyring import Keyring
from parity.home.unlock import open_keyring
from parity.rewriting import (
    Prepared,
    Stored,
    rewrite,
)
from parity.rotation.pseudonym_columns import domains_of, pseudonym_columns
from parity.rotation.renaming import Renaming
from parity.specification import load
from parity.vault.errors import VaultError
from parity.vault.identifier_keys import IdentifierKeys
from parity.vault.pseudonym_map import make_map, map_table
from pseudonymisation.keys import generate_key

SPECIFICATION = load("2.1")
SUCCESSORS = {each: uuid4() for pair in PEOPLE for each in pair}


def mapped(
    connection: duckdb.DuckDBPyConnection,
    keys: Mapping[str, Prepared],  # noqa: ARG001  the interface's
    domains: Sequence[str],
) -> int:
    for domain in domains:
        table = map_table(domain)
        connection.execute(f"create temp table {table} (former uuid, fresh uuid)")
        for number, of in enumerate(("local_patient", "person")):
            if of == domain:
                connection.executemany(
                    f"insert into {table} values (?, ?)",
                    [(pair[number], SUCCESSORS[pair[number]]) for pair in PEOPLE],
                )
    return len(SUCCESSORS)


class Spoilt(Renaming):
    """A renaming that does something else to the persons' table."""

    def __init__(self, person: str) -> None:
        super().__init__(SPECIFICATION, 1, mapped)
        self._person = person

    def query(self, table: Stored) -> str:
        right = super().query(table)
        if table.label != PERSONS:
            return right
        return f"select * replace ({self._person} as nationalpersonid) from ({right})"


def _exchanged() -> str:
    one, other = (SUCCESSORS[PEOPLE[n][1]] for n in (0, 1))
    return (
        f"case nationalpersonid when '{one}'::uuid then '{other}'::uuid "
        f"when '{other}'::uuid then '{one}'::uuid else nationalpersonid end"
    )


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return rewriting_home(tmp_path)


@pytest.fixture
def keyring(home: Home) -> Keyring:
    return open_keyring(home)


@pytest.mark.attack(24)
@pytest.mark.parametrize(
    ("person", "code"),
    [
        pytest.param(
            f"case row_number when 1 then '{PEOPLE[0][1]}'::uuid "
            "else nationalpersonid end",
            "pseudonyms_kept",
            id="one keeps the former",
        ),
        pytest.param(
            "case row_number when 1 then null else nationalpersonid end",
            "pseudonyms_differ",
            id="one is lost",
        ),
        pytest.param(
            f"'{SUCCESSORS[PEOPLE[0][1]]}'::uuid", "pseudonyms_differ", id="all are one"
        ),
        pytest.param(_exchanged(), "way_back", id="two are exchanged"),
        pytest.param(
            f"case row_number when 1 then '{uuid4()}'::uuid else nationalpersonid end",
            "way_back",
            id="one is made up",
        ),
    ],
)
def test_the_verifier_sees_a_wrong_renaming(
    home: Home, keyring: Keyring, person: str, code: str
) -> None:
    refused(code, home, keyring, Spoilt(person))


@pytest.mark.attack(24, control=True)
def test_the_verifier_lets_a_right_renaming_through(
    home: Home, keyring: Keyring
) -> None:
    transform = Spoilt("nationalpersonid")
    rewrite(home, keyring, {"landed": transform}, "test", keys=("epoch",))
    renamed = [(SUCCESSORS[a], SUCCESSORS[b]) for a, b in PEOPLE]
    assert persons(home, keyring) == renamed


@pytest.mark.attack(24)
def test_a_store_of_another_epoch_is_refused(home: Home, keyring: Keyring) -> None:
    refused("another_epoch", home, keyring, Renaming(SPECIFICATION, 2, mapped))


@pytest.mark.attack(24)
def test_a_column_of_unknown_identities_stops_a_rotation(
    home: Home, keyring: Keyring
) -> None:
    with landed(home, keyring.key("landed")) as connection:
        connection.execute("create table landed.receipts.more (whose uuid)")
    refused("column_unknown", home, keyring, Renaming(SPECIFICATION, 1, mapped))


def test_every_column_of_pseudonyms_is_known(home: Home, keyring: Keyring) -> None:
    """Of the store as it is made: each UUID column but the submission's."""
    with landed(home, keyring.key("landed")) as connection:
        found = connection.execute(
            """
            select schema_name || '.' || table_name, column_name
            from duckdb_columns()
            where database_name = 'landed' and data_type = 'UUID'
            and column_name != 'submission_id'
            """
        ).fetchall()
    known = pseudonym_columns(SPECIFICATION)
    assert {(t, c) for t, columns in known.items() for c in columns} == set(found)
    assert {"person", "service_request", "care_contact"} <= set(domains_of(known))


# The map.

KEYS = [
    IdentifierKeys(generate_key(), generate_key(), generate_key(), epoch)
    for epoch in (1, 2)
]


def tokens(*rows: tuple[str, str, str, str]) -> str:
    return " union all ".join(
        f"select '{d}' as domain, '{p}' as provider, "
        f"'{former}'::blob as former, '{fresh}'::blob as fresh"
        for d, p, former, fresh in rows
    )


def test_each_token_is_mapped_in_its_domain_and_provider() -> None:
    query = tokens(("person", "", "a", "a"), ("pause", "A", "a", "a"))
    with duckdb.connect() as connection:
        assert make_map(connection, query, ["person", "pause"], *KEYS) == 2
        rows = [
            connection.execute(f"from {map_table(domain)}").fetchall()
            for domain in ("person", "pause")
        ]
    assert [len(each) for each in rows] == [1, 1]
    assert len({value for each in rows for row in each for value in row}) == 4


@pytest.mark.attack(24)
@pytest.mark.parametrize(
    ("query", "code"),
    [
        pytest.param(
            tokens(("person", "", "a", "c"), ("person", "", "b", "c")),
            "not_one_to_one",
            id="two become one",
        ),
        pytest.param(
            tokens(("person", "", "a", "b"), ("person", "", "a", "c")),
            "not_one_to_one",
            id="one becomes two",
        ),
        pytest.param(tokens(("other", "", "a", "a")), "unknown_domain", id="domain"),
    ],
)
def test_a_map_that_is_not_one_to_one_is_refused(query: str, code: str) -> None:
    with duckdb.connect() as connection, pytest.raises(VaultError) as error:
        make_map(connection, query, ["person"], *KEYS)
    assert error.value.code == code


@pytest.mark.attack(24)
def test_keys_that_give_the_same_pseudonyms_are_no_rotation() -> None:
    query = tokens(("person", "", "a", "a"))
    with duckdb.connect() as connection, pytest.raises(VaultError) as error:
        make_map(connection, query, ["person"], KEYS[0], KEYS[0])
    assert error.value.code == "not_one_to_one"
