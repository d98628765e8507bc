"""What becomes of each submitted field: kept, keyed or generalised.

The specification's `treatment` says; a treatment that is not known here stops the
submission rather than letting a value through.
"""

from __future__ import annotations

import polars as pl

from parity.specification import Field
from parity.vault.errors import VaultError
from parity.vault.programmes import programme_column
from parity.vault.typed_values import TYPED, stripped, typed

# Codes that suppliers' systems send in more than one form: AppType without its leading
# zero, EthnicCategory in lower case.
_ZERO_PADDED = frozenset({"AppType"})
_UPPER_CASE = frozenset({"EthnicCategory"})


def pseudonym_name(field: Field) -> str:
    """The column that holds a keyed field's pseudonym beside the one that was sent."""
    return f"{field.name} as pseudonym"


def treated(field: Field) -> pl.Expr:
    """The landed column of a field, from its column as sent. Raises VaultError.

    A keyed field's pseudonym (UUID text) stands ready under pseudonym_name.
    """
    if field.pseudonym_domain is not None:
        return pl.col(pseudonym_name(field)).alias(field.name)
    if field.treatment == "generalise:iet_programme":
        return programme_column(pl.col(field.name)).alias(field.name)
    if field.treatment == "keep":
        return _kept(field).alias(field.name)
    raise VaultError(
        "unknown_treatment", f"{field.table}.{field.name} cannot be landed"
    )


def _kept(field: Field) -> pl.Expr:
    if field.type in TYPED:
        return typed(field)
    if not field.code_list:
        return pl.col(field.name)
    code = stripped(pl.col(field.name))
    if field.name in _ZERO_PADDED:
        return code.str.zfill(field.max_length)
    return code.str.to_uppercase() if field.name in _UPPER_CASE else code
