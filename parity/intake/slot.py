"""The slot of a submission: which provider, which month, primary or refresh.

What belongs here: the one form that the name of a submission has. The name is the only
thing that says what a file was sent for; the header inside is tested against it.
"""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from typing import Literal

from parity.intake.errors import IntakeError

_NAME = re.compile(
    r"(?P<provider>[A-Z0-9]{3,6})_(?P<year>[12][0-9]{3})-(?P<month>0[1-9]|1[0-2])"
    r"_(?P<kind>primary|refresh)(?i:\.mdb|\.accdb)?"
)


@dataclass(frozen=True)
class Slot:
    """What a submission was sent for. month: the first day of the month."""

    provider_code: str
    month: date
    kind: Literal["primary", "refresh"]

    @classmethod
    def from_name(cls, name: str) -> "Slot":
        """The slot of `<provider>_<YYYY-MM>_<primary|refresh>[.mdb|.accdb]`.

        Raises:
            IntakeError: the name has another form.
        """
        found = _NAME.fullmatch(name)
        if found is None:
            raise IntakeError(
                "PARITY-NAME",
                "the name is not <provider>_<YYYY-MM>_<primary|refresh>,"
                " for an Access file with .mdb or .accdb",
            )
        return cls(
            provider_code=found["provider"],
            month=date(int(found["year"]), int(found["month"]), 1),
            kind="primary" if found["kind"] == "primary" else "refresh",
        )

    @property
    def name(self) -> str:
        """The name without the ending of a file."""
        return f"{self.provider_code}_{self.month:%Y-%m}_{self.kind}"

    @property
    def period_start(self) -> date:
        """First day of the reporting period."""
        return self.month

    @property
    def period_end(self) -> date:
        """Last day of the reporting period."""
        _, days = monthrange(self.month.year, self.month.month)
        return self.month.replace(day=days)
