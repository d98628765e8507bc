"""Runs dbt over more rows than its memory takes: the child of test_out_of_memory.

    python spilling.py HOME encrypted|clear

What belongs here: one statement through the same plugin, socket and settings as a
build, with a memory limit that makes DuckDB spill. The rows hold a canary that stands
in no statement: it is put together by the engine. `clear` turns the encryption of spill
off, which nothing of ours does.
"""

from __future__ import annotations

import sys
from pathlib import Path

from parity.home import Home
from parity.home.unlock import open_keyring
from parity.warehouse.dbt_runner import run_dbt

# Letters and digits that no identifier scan and no statement holds: an MD5 in the
# engine, beside what makes it a canary.
SEED = "spilled"

_STATEMENT = """
{{% do run_query("set memory_limit = '60MB'") %}}
{{% do run_query("set threads = 1") %}}
{{% do run_query("set temp_file_encryption = {encrypted}") %}}
with made as materialized (
    select 'Cn7' || md5('{seed}') || md5(i::varchar) || i as words, i
    from range({rows}) as r(i)
),
numbered as (
    select words, row_number() over (order by md5((i * 7)::varchar)) as n from made
)
select n, md5(words) as digest from numbered where n % 200000 = 0
"""


def main(root: str, way: str, rows: str) -> None:
    """Run the statement; dbt shows five rows of it."""
    home = Home.find(Path(root))
    encrypted = str(way == "encrypted").lower()
    statement = _STATEMENT.format(encrypted=encrypted, seed=SEED, rows=rows)
    shown = ["show", "--inline", statement, "--limit", "5", "--output", "json"]
    run_dbt(home, open_keyring(home), shown)


if __name__ == "__main__":
    main(*sys.argv[1:])
