"""Inside the session's process: formats row by row, every kind of refusal, main."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterator
from pathlib import Path

import duckdb
import polars as pl
import pytest

from parity.access import session
from parity.access.refusals import Refusal, refusal_of
from parity.access.result_formats import FORMATS

VALUE = "plantedvalue4711"


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    opened = duckdb.connect()
    opened.execute(f"create table t as select '{VALUE}' as name, 3 as number")
    yield opened
    opened.close()


def ran(connection: duckdb.DuckDBPyConnection, sql: str, form: str = "csv") -> str:
    output = io.BytesIO()
    session.run(connection, sql, form, 30.0, output)
    return output.getvalue().decode("utf-8")


def test_a_table_is_aligned_and_shows_no_control_characters(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    sql = """
        select * from (values (1, chr(27) || '[31mred'), (10, null)) as t (n, label)
    """
    assert ran(connection, sql, "table").splitlines() == [
        "n   label",
        "--  --------",
        "1   ?[31mred",
        "10  null",
    ]


def test_a_table_shows_a_hundred_rows_and_says_so(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    assert len(ran(connection, "from range(100)", "table").splitlines()) == 102
    longer = ran(connection, "from range(101)", "table").splitlines()
    assert longer[-1].startswith("... the first 100 rows")
    assert len(longer) == 103


def test_csv_and_json_write_all_rows(connection: duckdb.DuckDBPyConnection) -> None:
    rows = list(csv.DictReader(io.StringIO(ran(connection, "from range(25000)"))))
    assert (len(rows), rows[-1]) == (25000, {"range": "24999"})
    assert len(json.loads(ran(connection, "from range(25000)", "json"))) == 25000


def test_parquet_holds_all_rows_with_their_types(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    output = io.BytesIO()
    session.run(connection, "from range(25000)", "parquet", 30.0, output)
    frame = pl.read_parquet(io.BytesIO(output.getvalue()))
    assert frame.schema == {"range": pl.Int64}
    assert frame["range"].sum() == 25000 * 24999 // 2


@pytest.mark.parametrize("form", FORMATS)
def test_no_rows_are_a_result(connection: duckdb.DuckDBPyConnection, form: str) -> None:
    text_forms = {"table": "a\n-\n", "csv": "a\n", "json": "[]\n"}
    output = io.BytesIO()
    session.run(connection, "select 1 as a where false", form, 30.0, output)
    if form == "parquet":
        assert output.getvalue()[:4] == b"PAR1"
    else:
        assert output.getvalue().decode() == text_forms[form]


@pytest.mark.parametrize(
    ("sql", "code", "exit_code", "said"),
    [
        ("select nhs_number from t", "unknown_name", 2, "no column nhs_number"),
        ("select t.nothing from t", "unknown_name", 2, "no column nothing"),
        ("select x.a from t", "unknown_name", 2, "no table x"),
        ("select 1 from nowhere", "unknown_name", 2, "no table nowhere"),
        ("select f0(1)", "unknown_name", 2, "no function f0"),
        ("select name from t a, t b", "unknown_name", 2, "ambiguous column name"),
        ("slect 1", "syntax", 2, "not valid SQL, near slect"),
        ("select 'abc", "syntax", 2, "not valid SQL"),
        ("select sum(name) from t", "unknown_name", 2, "a name does not fit here"),
        ("select name::integer from t", "conversion", 1, "does not convert"),
        ("select (number + 300)::utinyint from t", "conversion", 1, "not convert"),
        ("select number + 9223372036854775807 from t", "out_of_range", 1, "range"),
        ("select error(name) from t", "invalid_input", 1, "cannot use"),
        ("select regexp_matches(name, name || '(') from t", "invalid_input", 1, ""),
        ("select strptime(name, '%Y') from t", "invalid_input", 1, "cannot use"),
    ],
)
def test_errors_name_their_kind_and_no_value(
    connection: duckdb.DuckDBPyConnection,
    sql: str,
    code: str,
    exit_code: int,
    said: str,
) -> None:
    with pytest.raises(Refusal) as refused:
        ran(connection, sql)
    assert (refused.value.code, refused.value.exit_code) == (code, exit_code)
    assert said in refused.value.message
    assert VALUE not in str(refused.value)
    assert refused.value.__cause__ is None


def test_a_name_that_the_person_did_not_write_is_not_said() -> None:
    error = duckdb.CatalogException(f"Table with name {VALUE} does not exist!")
    assert refusal_of(error, "select 1").message == "no such table or function"


@pytest.mark.parametrize(
    ("kind", "code", "exit_code"),
    [
        (duckdb.OutOfMemoryException, "too_big", 2),
        (duckdb.InternalException, "internal", 3),
        (duckdb.FatalException, "internal", 3),
        (duckdb.Error, "failed", 1),
    ],
)
def test_other_errors_of_the_engine(
    kind: type[duckdb.Error], code: str, exit_code: int
) -> None:
    refusal = refusal_of(kind(VALUE), "select 1")
    assert (refusal.code, refusal.exit_code) == (code, exit_code)
    assert VALUE not in str(refusal)


def served(
    request: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> tuple[int, str]:
    """Run main as the child does, without taking this process's right to write."""
    monkeypatch.setattr(session, "_harden", lambda: None)
    reading, writing = os.pipe()
    os.write(writing, b"k" * 32)
    os.close(writing)
    code = session.main(reading, io.StringIO(request), io.BytesIO())
    return code, capsys.readouterr().err


def test_a_request_that_is_none_is_our_fault(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said = served(f'"{VALUE}', monkeypatch, capsys)
    assert (code, said) == (3, "the session failed (JSONDecodeError) [unexpected]\n")


def test_a_refusal_ends_with_its_own_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def opened(*_: object) -> duckdb.DuckDBPyConnection:
        return duckdb.connect()

    monkeypatch.setattr(session, "open_locked", opened)
    request = json.dumps(
        {"package": "p", "sql": "select 'a'::date", "format": "csv", "limits": {}}
    )
    code, said = served(request, monkeypatch, capsys)
    assert (code, said.endswith("[conversion]\n")) == (1, True)
    good = request.replace("::date", "")
    assert served(good, monkeypatch, capsys) == (0, "")


def test_a_weak_key_is_our_fault(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    request = json.dumps(
        {"package": str(tmp_path / "p"), "sql": "", "format": "csv", "limits": {}}
    )
    code, said = served(request, monkeypatch, capsys)
    assert (code, said) == (3, "the key repeats itself [key_repeats]\n")
