"""Access: who may see what, held by files that physically contain nothing else.

Every column has one class (parity.access.classification), a policy file grants classes
and tables to roles (parity.access.policy), and a grant compiles to a door: an encrypted
DuckDB file (parity.access.packages) that is read in a locked session of its own process
(parity.access.session).
"""

from parity.access.classification import check_classes, check_home_classes
from parity.access.errors import AccessError
from parity.access.explain import Explanation, access_explain
from parity.access.limits import Limits
from parity.access.packages import (
    Package,
    build_package,
    current_package,
    verify_package,
)
from parity.access.policy import Policy, load_policy
from parity.access.run_query import query

__all__ = [
    "AccessError",
    "Explanation",
    "Limits",
    "Package",
    "Policy",
    "access_explain",
    "build_package",
    "check_classes",
    "check_home_classes",
    "current_package",
    "load_policy",
    "query",
    "verify_package",
]
