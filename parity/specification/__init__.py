"""The data set as data: tables, fields, added columns, rules and code lists.

What belongs here: reading the CSV files beside this module and the code lists in
`seeds/`, and the frozen objects that the rest of Parity asks. What does not: any
decision about a submission (parity.intake) or about a value (pseudonymisation).
Each fact stands once, in a CSV row; adding a field is adding a row.
"""

from parity.specification.loader import (
    ALL_TABLES,
    PROJECT_ROOT,
    SpecificationError,
    load,
)
from parity.specification.model import (
    Derived,
    Field,
    Rule,
    Scale,
    Specification,
    Table,
)

__all__ = [
    "ALL_TABLES",
    "PROJECT_ROOT",
    "Derived",
    "Field",
    "Rule",
    "Scale",
    "Specification",
    "SpecificationError",
    "Table",
    "load",
]
