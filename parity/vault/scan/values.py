"""Values of columns and objects as bytes, however deep they are nested.

What belongs here: taking an Arrow array or a Python object apart to its leaves. DuckDB
and Parquet both hand over Arrow, so this is where typed values become cells.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.types as kinds


def leaves(array: Any) -> Iterator[Any]:
    """The primitive arrays of an array: lists, structs, maps and unions undone."""
    kind = array.type
    if isinstance(array, pa.ExtensionArray):
        yield from leaves(array.storage)
    elif kinds.is_dictionary(kind):
        yield from leaves(array.dictionary_decode())
    elif kinds.is_run_end_encoded(kind):
        yield from leaves(array.values)
    elif kinds.is_map(kind):
        yield from leaves(array.keys)
        yield from leaves(array.items)
    elif kinds.is_struct(kind):
        for part in array.flatten():
            yield from leaves(part)
    elif kinds.is_union(kind):
        for number in range(kind.num_fields):
            yield from leaves(array.field(number))
    elif kinds.is_nested(kind):
        yield from leaves(array.flatten())
    else:
        yield array


def is_binary(leaf: Any) -> bool:
    """Whether the values are bytes, which may be anything, containers included."""
    kind = leaf.type
    return bool(
        kinds.is_binary(kind)
        or kinds.is_large_binary(kind)
        or kinds.is_binary_view(kind)
        or kinds.is_fixed_size_binary(kind)
    )


def cells(leaf: Any) -> list[bytes]:
    """The values of a primitive array: bytes as they are, all others as text."""
    if is_binary(leaf):
        return [value for value in leaf.to_pylist() if value is not None]
    try:
        values = leaf.cast(pa.string()).to_pylist()
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        # intervals and the like have no cast to text
        values = [None if v is None else str(v) for v in leaf.to_pylist()]
    return [value.encode() for value in values if value is not None]


def scalars(value: Any) -> list[bytes]:
    """Every text, number and byte string in nested lists and mappings."""
    if isinstance(value, dict):
        return [s for pair in value.items() for part in pair for s in scalars(part)]
    if isinstance(value, list | tuple):
        return [s for part in value for s in scalars(part)]
    if isinstance(value, bytes | bytearray):
        return [bytes(value)]
    return [] if value is None else [str(value).encode("utf-8", "surrogatepass")]
