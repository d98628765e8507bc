"""Attacks 25 to 27 of the threat model: getting out of a locked session.

Every statement is tried twice: on the engine's lock alone (the connection, without the
rule that only one reading statement is run), and through the session's own door. Each
kind has a control: the same statement without the lock succeeds, so that a refusal
means the lock and not a slip in the statement.

What the engine's lock leaves possible, all of it in memory, is listed as HARMLESS.
"""

from __future__ import annotations

import io
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from parity.access.limits import Limits
from parity.access.package_file import create_package_file
from parity.access.refusals import Refusal
from parity.access.session import open_locked, run
from parity.home.encrypted_database import attach_encrypted, connect, connection_config

CANARY = "canary4711"
FRAME = duckdb.sql(f"select '{CANARY}' as a").to_arrow_table()
TABLE_FUNCTIONS = Path(__file__).with_name("table_functions.txt")

# {file} a text file with the canary, {folder} its folder, {database} a clear DuckDB
# file, {parquet} a Parquet file, {package} the package itself, {key} its key.
READS_FILES = (
    "select * from read_csv('{file}')",
    "select * from read_csv_auto('{file}')",
    "select content from read_text('{file}')",
    "select content from read_blob('{file}')",
    "select * from read_json('{json}')",
    "select * from read_json_auto('{json}')",
    "select * from read_json_objects('{json}')",
    "select * from read_ndjson('{json}')",
    "select * from read_parquet('{parquet}')",
    "select * from parquet_scan('{parquet}')",
    "select * from parquet_metadata('{parquet}')",
    "select * from parquet_schema('{parquet}')",
    "select * from parquet_file_metadata('{parquet}')",
    "select * from parquet_kv_metadata('{parquet}')",
    "select * from parquet_full_metadata('{parquet}')",
    "select * from parquet_bloom_probe('{parquet}', 'a', 'x')",
    "select columns from sniff_csv('{file}')",
    "select * from glob('{folder}/*')",
    "select * from '{file}'",
    "select * from '{parquet}'",
    "select * from '{json}'",
    "select * from query_table('{parquet}')",
    "select * from query('select * from read_text(''{file}'')')",
    "select size from read_blob('{package}')",
    "select * from read_duckdb('{database}', table_name='t')",
    "select (select content from read_text('{file}')) as hidden",
    "from read_csv('{folder}/*.csv', union_by_name=true)",
    "pragma import_database('{folder}')",
)
WRITES_FILES = (
    "copy (select 1 as a) to '{folder}/out.csv'",
    "copy (select 1 as a) to '{folder}/out.parquet' (format parquet)",
    "copy (select 1 as a) to '{package}'",
    "copy (select 1 as a) to '{package}.wal' (format csv)",
    "copy (select 1 as a) to '{package}.wal.recovery' (format csv)",
    "copy (select 1 as a) to '{package}.wal.checkpoint' (format csv)",
    "copy (select 1 as a) to '/dev/stdout' (format csv)",
    "export database '{folder}/export'",
    "export database '{folder}/export' (format parquet)",
    "attach '{folder}/new.duckdb' as stolen",
    "attach '{database}' as other",
    "attach '{package}' as again",
    "attach '{package}' as again (encryption_key '{key}')",
    "attach 'http://127.0.0.1:9/a.duckdb' as far (read_only)",
    "copy core.people from '{file}'",
    "import database '{folder}'",
    "load '{folder}/evil.duckdb_extension'",
    "load httpfs",
    "install httpfs",
    "install spatial from community",
    "force install httpfs",
    "create persistent secret s (type http, bearer_token 'x')",
    "call checkpoint('nowhere')",
)
CHANGES_LOCK = (
    "set enable_external_access = true",
    "reset enable_external_access",
    "set lock_configuration = false",
    "reset lock_configuration",
    "set disabled_filesystems = ''",
    "set allowed_paths = ['{file}']",
    "set allowed_directories = ['{folder}']",
    "set temp_directory = '{folder}'",
    "set memory_limit = '64GB'",
    "set threads = 64",
    "set extension_directory = '{folder}'",
    "set allow_unsigned_extensions = true",
    "set allow_community_extensions = true",
    "set autoinstall_known_extensions = true",
    "set autoload_known_extensions = true",
    "set home_directory = '{folder}'",
    "set secret_directory = '{folder}'",
    "set log_query_path = '{folder}/queries.log'",
    "set profile_output = '{folder}/profile.json'",
    "set python_enable_replacements = true",
    "pragma log_query_path = '{folder}/queries.log'",
    "pragma profile_output = '{folder}/profile.json'",
    "pragma enable_external_access = true",
)
CHANGES_PACKAGE = (
    "create table core.mine as select 1 as a",
    "insert into core.people values ('x')",
    "update core.people set name = 'x'",
    "delete from core.people",
    "drop table core.people",
    "alter table core.people add column x integer",
    "comment on table core.people is 'x'",
    "create view core.peep as select 1 as a",
)
NAMES_OUTSIDE = (
    "select getenv('HOME')",
    "select * from python_frame",
    "select * from query_table('python_frame')",
    "select sub_icb_code from core.people",
    "select * from sqlite_scan('{database}', 't')",
    "select * from postgres_scan('host=127.0.0.1', 'public', 't')",
    "select * from duckdb_logs_parsed('FileSystem', '{file}')",
    "select * from 'https://127.0.0.1:9/a.parquet'",
    "select * from read_csv('/proc/self/environ')",
    "select content from read_text('/proc/self/cmdline')",
    "select * from read_csv('/dev/stdin')",
    "select content from read_blob('/dev/fd/0')",
    "select content from read_text('~/.bashrc')",
    "select content from read_text('file://{file}')",
)
ATTACKS = READS_FILES + WRITES_FILES + CHANGES_LOCK + CHANGES_PACKAGE + NAMES_OUTSIDE

# Over the engine's lock alone these work, in memory, and end with the process. The
# session's rule refuses them too.
HARMLESS = (
    "attach ':memory:' as scratch",
    "create table memory.main.mine as select 1 as a",
    "create temp table mine as select 1 as a",
    "create macro memory.main.plus(a) as a + 1",
    "create secret s (type http, bearer_token 'x')",
    "set variable a = 1",
    "prepare q as select 1",
    "checkpoint package",
    "vacuum",
    "begin",
    "use memory",
    "call enable_logging()",
    "copy from database package to memory",
    "pragma add_parquet_key('k', '0123456789112345')",
    "explain select 1",
)

# What a person can see: names and settings of the own session, paths among them. Paths
# are no data, and the file that they name stays encrypted.
VISIBLE = (
    "select database_name, path from duckdb_databases()",
    "select name, value from duckdb_settings()",
    "select table_name, sql from duckdb_tables()",
    "select column_name from duckdb_columns()",
    "select * from duckdb_secrets()",
    "pragma database_list",
    "pragma storage_info('core.people')",
    "show all tables",
    "describe core.people",
    "summarize core.people",
)


@dataclass(frozen=True)
class Scene:
    """A package, its key, and files that a session must not get at."""

    folder: Path
    package: Path
    key: bytes

    def fill(self, sql: str) -> str:
        return sql.format(
            file=self.folder / "plan.csv",
            json=self.folder / "plan.json",
            parquet=self.folder / "plan.parquet",
            database=self.folder / "plan.duckdb",
            folder=self.folder,
            package=self.package,
            key=self.key.hex(),
        )

    def listing(self) -> dict[str, bytes]:
        paths = [*self.folder.rglob("*"), *self.package.parent.iterdir()]
        return {str(path): path.read_bytes() for path in paths if path.is_file()}


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    folder = tmp_path_factory.mktemp("outside")
    (folder / "plan.csv").write_text(f"a,b\n1,{CANARY}\n")
    (folder / "plan.json").write_text(f'[{{"a": "{CANARY}"}}]')
    plain = duckdb.connect(str(folder / "plan.duckdb"))
    plain.execute(f"create table t as select '{CANARY}' as a")
    plain.execute(f"copy t to '{folder / 'plan.parquet'}'")
    plain.close()
    package = tmp_path_factory.mktemp("package") / "package.duckdb"
    key = secrets.token_bytes(32)
    connection = connect(tmp_path_factory.mktemp("spill"))
    create_package_file(connection, package, key)
    connection.execute("create schema package.core")
    connection.execute("create table package.core.people as select 'Ada' as name")
    connection.close()
    return Scene(folder, package, key)


@pytest.fixture
def locked(scene: Scene) -> Iterator[duckdb.DuckDBPyConnection]:
    connection = open_locked(
        scene.package, scene.key, Limits(memory="500MB", threads=1)
    )
    yield connection
    connection.close()


def outcome(connection: duckdb.DuckDBPyConnection, sql: str) -> str:
    """The rows of a statement as text; raises what the engine raises.

    The variable is where a replacement scan would find it: beside the call.
    """
    python_frame = FRAME
    assert python_frame.num_rows == 1
    return str(connection.execute(sql).fetchall())


@pytest.mark.attack(25, control=True)
def test_the_session_reads_its_package(locked: duckdb.DuckDBPyConnection) -> None:
    assert outcome(locked, "select name from people") == "[('Ada',)]"


@pytest.mark.attack(25)
@pytest.mark.parametrize("sql", ATTACKS)
def test_the_engine_alone_refuses(
    locked: duckdb.DuckDBPyConnection, scene: Scene, sql: str
) -> None:
    before = scene.listing()
    with pytest.raises(duckdb.Error) as refused:
        outcome(locked, scene.fill(sql))
    assert CANARY not in str(refused.value)
    assert scene.listing() == before


@pytest.mark.attack(25)
@pytest.mark.parametrize("sql", HARMLESS)
def test_what_the_engine_leaves_possible_stays_in_memory(
    locked: duckdb.DuckDBPyConnection, scene: Scene, sql: str
) -> None:
    before = scene.listing()
    outcome(locked, scene.fill(sql))
    assert scene.listing() == before


@pytest.mark.attack(5, 8, 25)
@pytest.mark.parametrize("sql", VISIBLE)
def test_what_can_be_seen_holds_nothing_from_outside(
    locked: duckdb.DuckDBPyConnection, scene: Scene, sql: str
) -> None:
    seen = outcome(locked, sql)
    assert CANARY not in seen
    assert scene.key.hex() not in seen


@pytest.mark.attack(25)
@pytest.mark.parametrize("sql", ATTACKS + HARMLESS)
def test_the_door_refuses_with_a_sentence_without_values(
    locked: duckdb.DuckDBPyConnection, scene: Scene, sql: str
) -> None:
    before = scene.listing()
    output = io.BytesIO()
    with pytest.raises(Refusal) as refused:
        run(locked, scene.fill(sql), "csv", 30.0, output)
    assert refused.value.exit_code == 2
    assert CANARY not in str(refused.value)
    assert "outside" not in str(refused.value)
    assert output.getvalue() == b""
    assert scene.listing() == before


@pytest.mark.attack(25)
@pytest.mark.parametrize(
    "sql",
    [
        "select 1; select * from read_csv('{file}')",
        "select 1; copy (select 1) to '{folder}/out.csv'",
        "/* select */ copy (select 1) to '{folder}/out.csv'",
        "explain analyze copy (select 1) to '{folder}/out.csv'",
        "with a as (select 1) delete from core.people",
        "execute q",
        "",
        ";",
        "-- nothing",
    ],
)
def test_one_reading_statement_and_no_more(
    locked: duckdb.DuckDBPyConnection, scene: Scene, sql: str
) -> None:
    with pytest.raises(Refusal):
        run(locked, scene.fill(sql), "csv", 30.0, io.BytesIO())
    assert not (scene.folder / "out.csv").exists()


# The controls: without the lock, statements of each kind do what they are meant to.
CONTROLS = (
    *(sql for sql in READS_FILES if "import_database" not in sql),
    "copy (select 1 as a) to '{folder}/out.csv'",
    "copy (select 1 as a) to '{package}.wal.recovery' (format csv)",
    "attach '{folder}/new.duckdb' as stolen",
    "attach '{database}' as other",
    "set temp_directory = '{folder}'",
    "set memory_limit = '1GB'",
    "set python_enable_replacements = true",
    "select * from python_frame",
    "select * from query_table('python_frame')",
    "select content from read_text('/proc/self/cmdline')",
)


@pytest.mark.attack(25, control=True)
@pytest.mark.parametrize("sql", CONTROLS)
def test_without_the_lock_the_same_statement_succeeds(
    scene: Scene, tmp_path: Path, sql: str
) -> None:
    folder = tmp_path / "copy"
    folder.mkdir()
    for path in scene.folder.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    package = tmp_path / "package.duckdb"
    package.write_bytes(scene.package.read_bytes())
    package.chmod(0o600)
    open_scene = Scene(folder, package, scene.key)
    connection = duckdb.connect(":memory:")
    attach_encrypted(connection, package, "package", scene.key, read_only=True)
    outcome(connection, open_scene.fill(sql))
    connection.close()


@pytest.mark.attack(25, control=True)
def test_external_access_off_alone_lets_a_file_be_written(
    scene: Scene, tmp_path: Path
) -> None:
    """Why the local file system is disabled too. If this fails, DuckDB has changed."""
    package = tmp_path / "package.duckdb"
    package.write_bytes(scene.package.read_bytes())
    package.chmod(0o600)
    connection = duckdb.connect(":memory:", config=connection_config())
    attach_encrypted(connection, package, "package", scene.key, read_only=True)
    connection.execute("set enable_external_access = false")
    connection.execute("set lock_configuration = true")
    connection.execute(f"copy (select 'x') to '{package}.wal' (format csv)")
    connection.close()
    assert (tmp_path / "package.duckdb.wal").exists()


@pytest.mark.attack(27)
def test_a_statement_that_takes_too_long_is_ended(
    locked: duckdb.DuckDBPyConnection,
) -> None:
    bomb = "select sum(a.range * b.range) from range(9999999) a, range(9999999) b"
    with pytest.raises(Refusal) as refused:
        run(locked, bomb, "csv", 0.5, io.BytesIO())
    assert refused.value.code == "too_long"


@pytest.mark.attack(27)
def test_a_statement_that_needs_too_much_memory_is_ended(scene: Scene) -> None:
    connection = open_locked(scene.package, scene.key, Limits(memory="50MB", threads=1))
    bomb = "select list(range order by hash(range)) from range(90000000)"
    with pytest.raises(Refusal) as refused:
        run(connection, bomb, "csv", 60.0, io.BytesIO())
    connection.close()
    assert refused.value.code == "too_big"


@pytest.mark.attack(25, 26)
def test_every_table_function_has_been_looked_at(
    locked: duckdb.DuckDBPyConnection,
) -> None:
    """What a new DuckDB brings is reviewed before it is added to the list."""
    rows = locked.execute(
        "select distinct function_name from duckdb_functions() "
        "where function_type in ('table', 'pragma') order by 1"
    ).fetchall()
    assert [name for (name,) in rows] == TABLE_FUNCTIONS.read_text().split()
