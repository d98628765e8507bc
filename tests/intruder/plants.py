"""The containers in which identifiers are hidden on purpose, for the scan to find.

What belongs here: writing given cells somewhere in a home, as a careless program
would. Shares no function with the scan.
"""

from __future__ import annotations

import base64
import bz2
import gzip
import io
import json
import lzma
import os
import pickle
import secrets
import sqlite3
import subprocess
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import duckdb
import msgpack  # type: ignore[import-untyped]
import pyarrow as pa
import pyarrow.parquet as pq

from parity.home import Home
from parity.home.encrypted_database import attach_encrypted, connect

FILE_KEY = secrets.token_bytes(32)

# --- containers: each writes all cells somewhere in a home --------------------------

Plant = Callable[[Home, list[bytes]], None]


def _file(home: Home, name: str, content: bytes) -> None:
    folder = home.operations / "plant"
    folder.mkdir(mode=0o700, exist_ok=True)
    (folder / name).write_bytes(content)
    (folder / name).chmod(0o600)


def _texts(cells: list[bytes]) -> list[str]:
    return [cell.decode() for cell in cells]


def _lines(cells: list[bytes]) -> bytes:
    return b"".join(b"12:00:01 info row=" + cell + b"\n" for cell in cells)


def _csv(cells: list[bytes]) -> bytes:
    return b"row,value\n" + b"".join(b'1,"' + cell + b'"\n' for cell in cells)


def _json(cells: list[bytes]) -> bytes:
    return json.dumps({"rows": _texts(cells)}, ensure_ascii=False).encode()


def _html(cells: list[bytes]) -> bytes:
    return b"<table>" + b"".join(b"<td> " + c + b" </td>" for c in cells) + b"</table>"


def _zip(name: str, content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return buffer.getvalue()


def _tar(content: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        member = tarfile.TarInfo("rows.csv")
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def _tar_headers(home: Home, cells: list[bytes]) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for number, text in enumerate(_texts(cells)):
            member = tarfile.TarInfo(f"{number}.lnk")
            member.type = tarfile.SYMTYPE
            member.linkname = text if number % 2 else "nowhere"
            member.pax_headers = {} if number % 2 else {"comment": text}
            archive.addfile(member)
    _file(home, "a.tar", buffer.getvalue())


def _attributes(home: Home, cells: list[bytes]) -> None:
    _file(home, "plain.txt", b"nothing\n")
    path = home.operations / "plant" / "plain.txt"
    os.setxattr(path, "user.note", b"\n".join(cells))


def _git_objects(packed: bool) -> Plant:
    """Objects that no branch reaches, loose or in a pack; the file itself is gone."""

    def plant(home: Home, cells: list[bytes]) -> None:
        folder = home.operations / "plant"
        folder.mkdir(mode=0o700)
        git = ("git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@b")
        run = partial(subprocess.run, check=True, capture_output=True)
        run([*git, "init", "-q"])
        (folder / "rows.csv").write_bytes(_csv(cells))
        run([*git, "add", "rows.csv"])
        run([*git, "commit", "-q", "-m", "rows"])
        (folder / "rows.csv").unlink()
        run([*git, "commit", "-q", "-a", "-m", "no rows"])
        if packed:
            run([*git, "gc", "-q", "--prune=now"])

    return plant


def _core(content: bytes) -> bytes:
    """As the kernel begins a memory image: ELF, 64 bits, type 4."""
    return b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x04\0\x3e\0" + bytes(44) + content


def _sqlite_deleted(cells: Sequence[object]) -> bytes:
    """Rows that were deleted stand in the file until it is made anew."""
    with sqlite3.connect(":memory:") as connection:
        connection.execute("pragma secure_delete = off")
        connection.execute("create table events (id integer, body)")
        connection.executemany(
            "insert into events values (?, ?)", list(enumerate(cells))
        )
        connection.execute("delete from events")
        connection.commit()
        return connection.serialize()


def _compressed(kind: str, content: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, kind) as stream:
        stream.write(content)
    return bytes(sink.getvalue().to_pybytes())


def _parquet(array: pa.Array, metadata: dict[str, str] | None = None) -> bytes:
    table = pa.table({"v": array}).replace_schema_metadata(metadata)
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    return bytes(sink.getvalue().to_pybytes())


def _parquet_metadata(cells: list[bytes]) -> bytes:
    told = {str(n): text for n, text in enumerate(_texts(cells))}
    return _parquet(pa.array([1]), told)


def _sqlite(cells: Sequence[object]) -> bytes:
    with sqlite3.connect(":memory:") as connection:
        connection.execute("create table events (id integer, body)")
        connection.executemany(
            "insert into events values (?, ?)", list(enumerate(cells))
        )
        connection.commit()
        return connection.serialize()


def _duckdb(*statements: str) -> Plant:
    """An encrypted database among the packages; $cells is a list of texts."""

    def plant(home: Home, cells: list[bytes]) -> None:
        path = home.packages / "planted.duckdb"
        connection = connect(home.spill)
        attach_encrypted(connection, path, "planted", FILE_KEY)
        connection.execute("use planted")
        _fill(connection, statements, cells)
        connection.close()

    return plant


def _clear_duckdb(home: Home, cells: list[bytes]) -> None:
    path = home.packages / "planted.duckdb"
    with duckdb.connect(str(path)) as connection:
        _fill(connection, ["create table t as select unnest($cells) as v"], cells)
    path.chmod(0o600)


def _duckdb_in_zip(home: Home, cells: list[bytes]) -> None:
    _clear_duckdb(home, cells)
    path = home.packages / "planted.duckdb"
    content = path.read_bytes()
    path.unlink()
    _file(home, "package.zip", _zip("package.duckdb", content))


def _fill(
    connection: duckdb.DuckDBPyConnection, statements: Sequence[str], cells: list[bytes]
) -> None:
    """Run statements; one with $text once for each cell, which it quotes itself."""
    for statement in statements:
        if "$cells" in statement:
            connection.execute(statement, {"cells": _texts(cells)})
        elif "$blobs" in statement:
            connection.execute(statement, {"blobs": cells})
        elif "$text" in statement:
            for text in _texts(cells):
                connection.execute(statement.replace("$text", text))
        else:
            connection.execute(statement)


def _as_name(cell: bytes) -> str:
    """As programs make file names of base64: with its other alphabet."""
    return cell.decode().replace("+", "-").replace("/", "_")


def _names(home: Home, cells: list[bytes]) -> None:
    for cell in cells:
        _file(home, _as_name(cell) + ".log", b"nothing\n")


def _folder_names(home: Home, cells: list[bytes]) -> None:
    for cell in cells:
        folder = home.dagster_home / "plant" / _as_name(cell)
        folder.mkdir(parents=True)


def _zip_names(home: Home, cells: list[bytes]) -> None:
    for number, cell in enumerate(cells):
        _file(home, f"{number}.zip", _zip(cell.decode() + ".txt", b"nothing\n"))


def _as_file(name: str, make: Callable[[list[bytes]], bytes]) -> Plant:
    return lambda home, cells: _file(home, name, make(cells))


# Containers of decoded text: every text encoding and short identifiers.
TEXT_CONTAINERS: Mapping[str, Plant] = {
    "DuckDB text column": _duckdb("create table t as select unnest($cells) as v"),
    "DuckDB list column": _duckdb("create table t as select $cells as v"),
    "DuckDB struct column": _duckdb(
        "create table t as select {'a': 1, 'b': unnest($cells)} as v"
    ),
    "DuckDB map column": _duckdb(
        "create table t as select map([unnest($cells)], [[1]]) as v"
    ),
    "DuckDB JSON column": _duckdb(
        "create table t as select to_json({'a': $cells}) as v"
    ),
    "DuckDB union column": _duckdb(
        "create table t as select union_value(word := unnest($cells)) as v"
    ),
    "DuckDB text in another schema": _duckdb(
        "create schema hidden",
        "create table hidden.t as select unnest($cells) as v",
    ),
    "DuckDB column comment": _duckdb(
        """create table "$text" (v integer)""",
        """comment on column "$text".v is '$text'""",
    ),
    "DuckDB enum labels": _duckdb(
        "create table labels as select unnest($cells) as v",
        "create type label as enum (select v from labels)",
        "drop table labels",
    ),
    "DuckDB file in clear": _clear_duckdb,
    "DuckDB file in a ZIP archive": _duckdb_in_zip,
    "SQLite text": _as_file("events.db", lambda c: _sqlite(_texts(c))),
    "SQLite blob": _as_file("events.db", _sqlite),
    "SQLite zlib blob": _as_file(
        "events.db", lambda c: _sqlite([zlib.compress(_json(c))])
    ),
    "Parquet text": _as_file("t.parquet", lambda c: _parquet(pa.array(_texts(c)))),
    "Parquet dictionary": _as_file(
        "t.parquet", lambda c: _parquet(pa.array(_texts(c)).dictionary_encode())
    ),
    "Parquet metadata": _as_file("t.parquet", _parquet_metadata),
    "CSV": _as_file("rows.csv", _csv),
    "JSON": _as_file("run_results.json", _json),
    "JSON in JSON": _as_file(
        "events.json", lambda c: json.dumps(_json(c).decode()).encode()
    ),
    "HTML": _as_file("page.html", _html),
    "log line": _as_file("dbt.log", _lines),
    "text in UTF-16": _as_file("t.txt", lambda c: _csv(c).decode().encode("utf-16")),
    "gzip": _as_file("log.gz", lambda c: gzip.compress(_lines(c))),
    "gzip twice": _as_file("log.gz", lambda c: gzip.compress(gzip.compress(_lines(c)))),
    "bzip2": _as_file("log.bz2", lambda c: bz2.compress(_lines(c))),
    "xz": _as_file("log.xz", lambda c: lzma.compress(_lines(c))),
    "zstd": _as_file("log.zst", lambda c: _compressed("zstd", _lines(c))),
    "lz4": _as_file("log.lz4", lambda c: _compressed("lz4", _lines(c))),
    "ZIP": _as_file("a.zip", lambda c: _zip("rows.csv", _csv(c))),
    "ZIP in a ZIP": _as_file(
        "a.zip", lambda c: _zip("b.zip", _zip("rows.json", _json(c)))
    ),
    "tar": _as_file("a.tar", lambda c: _tar(_csv(c))),
    "tar.gz": _as_file("a.tgz", lambda c: gzip.compress(_tar(_csv(c)))),
    "Parquet in a ZIP": _as_file(
        "a.zip", lambda c: _zip("t.parquet", _parquet(pa.array(_texts(c))))
    ),
    "tar in ZIP in zstd": _as_file(
        "a.zst", lambda c: _compressed("zstd", _zip("a.tar", _tar(_csv(c))))
    ),
    "zstd in ZIP in tar": _as_file(
        "a.tar", lambda c: _tar(_zip("a.zst", _compressed("zstd", _csv(c))))
    ),
    "base64 of gzip in JSON": _as_file(
        "a.json",
        lambda c: json.dumps(
            {"body": base64.b64encode(gzip.compress(_csv(c))).decode()}
        ).encode(),
    ),
    "attribute of a file": _attributes,
    "loose git objects": _git_objects(packed=False),
    "git pack": _git_objects(packed=True),
    "pickle": _as_file("output", lambda c: pickle.dumps({"rows": _texts(c)})),
    "msgpack": _as_file(
        "cache.msgpack", lambda c: bytes(msgpack.packb({"rows": _texts(c)}))
    ),
}

# Where text stands among other text: every text encoding, no short identifiers.
NAME_CONTAINERS: Mapping[str, Plant] = {
    "file name": _names,
    "folder name": _folder_names,
    "name of a ZIP member": _zip_names,
    "headers of a tar archive": _tar_headers,
    "DuckDB column name": _duckdb('create table "t $text" ("$text" integer)'),
    "DuckDB view text": _duckdb("""create view "$text" as select '$text' as v"""),
    "DuckDB macro text": _duckdb("""create macro "$text"(x) as x || ' $text '"""),
    "DuckDB default": _duckdb("""create table "$text" (v varchar default '$text')"""),
}

# Containers that hold any bytes: text encodings and binary ones.
BINARY_CONTAINERS: Mapping[str, Plant] = {
    "DuckDB BLOB column": _duckdb("create table t as select unnest($blobs) as v"),
    "DuckDB list of BLOB": _duckdb("create table t as select $blobs as v"),
    "DuckDB BLOB in a struct": _duckdb(
        "create table t as select {'a': unnest($blobs)} as v"
    ),
    "SQLite blob": _as_file("events.db", _sqlite),
    "Parquet binary": _as_file("t.parquet", lambda c: _parquet(pa.array(c))),
    "pickle": _as_file("output", lambda c: pickle.dumps(c)),
    "msgpack": _as_file("cache.msgpack", lambda c: bytes(msgpack.packb(c))),
    "deleted rows of SQLite": _as_file(
        "events.db", lambda c: _sqlite_deleted([b"\xff" + cell + b"\xff" for cell in c])
    ),
    "core dump": _as_file("core.1", lambda c: _core(b"\xff\0\xff".join(c))),
    "file of bytes": _as_file("dump.bin", lambda c: b"\xff\0\xff".join(c)),
    "gzip of bytes": _as_file("a.gz", lambda c: gzip.compress(b"\xff\0\xff".join(c))),
    "ZIP of bytes": _as_file("a.zip", lambda c: _zip("d", b"\xff\0\xff".join(c))),
}
