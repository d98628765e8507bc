"""Which periods can be published: what the built warehouse holds."""

from __future__ import annotations

from datetime import date

from parity.home import Home
from parity.home.unlock import Keyring
from parity.warehouse.connections import reading


def latest_month(home: Home, keyring: Keyring) -> date | None:
    """First day of the last month with measures; None in an empty warehouse."""
    with reading(home, warehouse=keyring.key_to_read("warehouse")) as connection:
        found = connection.execute(
            "select max(reporting_month) from warehouse.measures.fct_measures"
        ).fetchone()
    return found[0] if found else None
