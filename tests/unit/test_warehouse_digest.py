"""The content digest knows content and nothing else."""

from __future__ import annotations

import secrets

import duckdb
import pytest

from parity.warehouse.digest import table_digests

KEY = secrets.token_bytes(32)


def digest(*statements: str, key: bytes = KEY) -> str:
    connection = duckdb.connect()
    connection.execute("attach ':memory:' as w; create schema w.s")
    connection.execute("create table w.s.t (a varchar, b integer)")
    for statement in statements:
        connection.execute(statement)
    return table_digests(connection, "w", key)["s.t"]


ROWS = "insert into w.s.t values ('x', 1), ('y', 2)"


def test_order_of_rows_does_not_matter() -> None:
    assert digest(ROWS) == digest("insert into w.s.t values ('y', 2), ('x', 1)")


@pytest.mark.parametrize(
    "other",
    [
        pytest.param("insert into w.s.t values ('x', 1)", id="a row less"),
        pytest.param(f"{ROWS}, ('y', 2)", id="a row twice"),
        pytest.param("insert into w.s.t values ('x', 1), ('y', 3)", id="another value"),
        pytest.param("insert into w.s.t values ('x', 1), ('y', null)", id="a null"),
        pytest.param("insert into w.s.t values ('x1', null), ('y', 2)", id="moved"),
        pytest.param("select 1", id="no row"),
    ],
)
def test_other_content_is_another_digest(other: str) -> None:
    assert digest(ROWS) != digest(other)


def test_null_is_not_the_empty_text() -> None:
    empty = "insert into w.s.t values ('', 1)"
    assert digest(empty) != digest("insert into w.s.t values (null, 1)")


def test_another_key_is_another_digest() -> None:
    assert digest(ROWS) != digest(ROWS, key=secrets.token_bytes(32))
