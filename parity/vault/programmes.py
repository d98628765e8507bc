"""Internet enabled therapy programmes: free text to the code of a named programme.

The text is the provider's and may hold anything, so only the code leaves. Which words
name which programme stands in the code list's labels ("matches text containing: A, B or
C").
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

import polars as pl

from parity.specification import PROJECT_ROOT

_LABEL = "matches text containing: "


def programme_column(text: pl.Expr) -> pl.Expr:
    """The code of the first programme whose words the text holds, case ignored.

    Other text is the code list's "Other"; blank and null are null.
    """
    rows, lower = _code_list(), text.str.to_lowercase()
    named = [
        pl.when(lower.str.contains(words.lower(), literal=True)).then(pl.lit(code))
        for code, label in rows.select("code", "label").iter_rows()
        for words in _words(label)
    ]
    other = rows.filter(pl.col("group_label") == "Other").get_column("code").item()
    is_filled = text.str.strip_chars() != ""
    return pl.coalesce(*named, pl.when(is_filled).then(pl.lit(other)))


def _words(label: str) -> Iterator[str]:
    if label.startswith(_LABEL):
        yield from re.split(r", | or ", label.removeprefix(_LABEL))


@cache
def _code_list() -> pl.DataFrame:
    file = PROJECT_ROOT / "seeds" / "code_lists.csv"
    rows = pl.read_csv(file, infer_schema=False)
    return rows.filter(pl.col("code_list") == "iet_programme")
