"""How the warehouse files of a home are opened for reading.

What belongs here: connections with `warehouse` and `landed` attached read-only under
their file keys. The build opens the files through parity.warehouse.dbt_plugin, intake
writes through parity.warehouse.landed; nothing else opens them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from parity.home import Home, HomeError
from parity.home.encrypted_database import attach_encrypted, connect

_NOT_THERE = {
    "warehouse": ("no_warehouse", "there is no warehouse: parity build"),
    "landed": ("nothing_landed", "nothing has landed: parity submit"),
}


@contextmanager
def reading(home: Home, **keys: bytes) -> Iterator[duckdb.DuckDBPyConnection]:
    """An in-memory connection with the named zone files attached read-only.

    keys: `warehouse=` and/or `landed=`, the 32-byte file keys. Raises HomeError:
    no_warehouse, nothing_landed when there is no such file.
    """
    files = {"warehouse": home.warehouse_file, "landed": home.landed_file}
    for alias in keys:
        if not files[alias].exists():
            raise HomeError(*_NOT_THERE[alias])
    connection = connect(home.spill)
    try:
        for alias, key in keys.items():
            attach_encrypted(connection, files[alias], alias, key, read_only=True)
        yield connection
    finally:
        connection.close()
