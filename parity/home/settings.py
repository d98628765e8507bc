"""What a home may be told: how opt-outs are applied, how long each thing is kept.

What belongs here: `settings.toml` of a home, read whole and strictly. It holds no
secret. An unknown name or value is refused by its name, so that a slip of the pen does
not switch anything off; what the file does not say is as in `default_settings`. A home
without the file (made by an earlier Parity) has the defaults.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast, get_args

from parity.home.errors import HomeError
from parity.home.layout import Home, Kind
from parity.home.private_files import read_private

Gate = Literal["required", "exempt"]
WithoutNumber = Literal["keep", "remove"]
How = Literal["crypto-shred", "delete", "keep"]

_WORD = re.compile(r"[A-Za-z0-9_-]{1,40}")
_LONGEST_KEPT = 1200  # months
_LONGEST_FRESH = 90  # days
_BOUNDS = {
    "withheld_percent": range(101),
    "changed_percent": range(101),
    "always_believed": range(1001),
}
_LONGEST_QUIET = 1000  # days


@dataclass(frozen=True)
class OptOut:
    """How the national data opt-out is applied.

    gate: `required` stops a build without a fresh check; `exempt` asks nobody.
    reason: why a home is exempt. fresh_days: the age in days, from the request, after
    which a check no longer holds. without_number: what becomes of people without an NHS
    number, whom the check cannot name.
    An answer is believed up to these bounds (parity.vault.opt_out.bounds):
    withheld_percent: of the people asked about, those who are not returned.
    changed_percent: of those asked about before too, those of whom it says otherwise
    than the answer before. always_believed: so many people, whatever their share.
    """

    gate: Gate
    reason: str
    fresh_days: int
    without_number: WithoutNumber
    withheld_percent: int = 15
    changed_percent: int = 3
    always_believed: int = 5


@dataclass(frozen=True)
class Retention:
    """How long one kind of thing is kept.

    keep_months: whole months after the one it came in; None: without an end.
    how: its key is destroyed and then its files (`crypto-shred`), its files alone are
    deleted (`delete`), or it stays (`keep`).
    """

    zone: str
    what: str
    keep_months: int | None
    how: How


@dataclass(frozen=True)
class Clock:
    """When the machine's clock is doubted (parity.home.clock).

    quiet_days: for so many days a home may well be left alone.
    """

    quiet_days: int


@dataclass(frozen=True)
class Settings:
    """What a home was told."""

    opt_out: OptOut
    retention: tuple[Retention, ...]
    clock: Clock = Clock(quiet_days=45)

    def kept(self, what: str) -> Retention:
        """The row of one kind of thing. Raises KeyError."""
        return {row.what: row for row in self.retention}[what]


# Every row that there is. Zone and how are fixed: they say what our code does.
_RETENTION = (
    Retention("landing", "sealed submissions", 13, "crypto-shred"),
    Retention("landing", "quarantine", 13, "crypto-shred"),
    Retention("answers", "answers", 24, "delete"),
    Retention("operations", "dbt logs", 3, "delete"),
    Retention("operations", "dbt target", 3, "delete"),
    Retention("operations", "dagster storage", 3, "delete"),
    Retention("operations", "spill", 0, "delete"),
    Retention("packages", "former package builds", 0, "delete"),
    Retention("vault", "ledger", None, "keep"),
    Retention("vault", "vault", None, "keep"),
)


def settings_file(home: Home) -> Path:
    """Where a home keeps its settings."""
    return home.root / "settings.toml"


def default_settings(kind: Kind) -> Settings:
    """What holds where nothing else is said."""
    if kind == "synthetic":
        return Settings(OptOut("exempt", "made-up people", 7, "keep"), _RETENTION)
    return Settings(OptOut("required", "", 7, "keep"), _RETENTION)


def read_settings(home: Home) -> Settings:
    """The settings of a home. Raises HomeError, which names what it refuses."""
    default, path = default_settings(home.kind), settings_file(home)
    if not path.exists():
        return default
    try:
        said = tomllib.loads(read_private(path).decode("utf-8"))
    except ValueError:
        raise HomeError("settings", f"{path} is no TOML file") from None
    _known(said, ("opt_out", "retention", "clock"), "settings.toml")
    return Settings(
        opt_out=_opt_out(_table(said.get("opt_out", {}), "opt_out"), default.opt_out),
        retention=_retention(said.get("retention", []), default.retention),
        clock=_clock(_table(said.get("clock", {}), "clock"), default.clock),
    )


def written_settings(kind: Kind) -> bytes:
    """The file with the defaults of a kind, and what each line means."""
    settings = default_settings(kind)
    opt_out = settings.opt_out
    lines = [
        "# What this home was told. Refused as a whole when it says anything unknown.",
        "",
        "[opt_out]",
        "# required: no build without a fresh check of the national data opt-out.",
        "# exempt: nobody is asked; the reason is shown and stands in the ledger.",
        f'gate = "{opt_out.gate}"',
        f'reason = "{opt_out.reason}"',
        "# Days, from the request, after which a check no longer holds. Ours and",
        "# cautious: we have not confirmed the age that the national policy allows.",
        f"fresh_days = {opt_out.fresh_days}",
        "# The check knows people by NHS number. keep or remove: all others.",
        f'without_number = "{opt_out.without_number}"',
        "# How much of an answer is believed without --accept-share. Per cent of those",
        "# asked about who are not returned: 5 to 6 in England, 8 of women in their",
        "# thirties (statistics National Data Opt-out, April 2022).",
        f"withheld_percent = {opt_out.withheld_percent}",
        "# Per cent of those asked about before too of whom it says otherwise: 2.2 of",
        "# England in the month with most change (June 2021).",
        f"changed_percent = {opt_out.changed_percent}",
        "# So many people are believed whatever their share. All three are our own",
        "# caution: nobody has confirmed them for a service's people.",
        f"always_believed = {opt_out.always_believed}",
        "",
        "[clock]",
        "# Nothing goes (parity retain) when the home was left alone for more days.",
        f"quiet_days = {settings.clock.quiet_days}",
        "",
        "# Whole months that a thing is kept after the month it came in.",
    ]
    for row in settings.retention:
        lines += ["[[retention]]", f'zone = "{row.zone}"', f'what = "{row.what}"']
        if row.keep_months is not None:
            lines.append(f"keep_months = {row.keep_months}")
        lines += [f'how = "{row.how}"', ""]
    return "\n".join(lines).encode("ascii")


def _opt_out(said: Mapping[str, Any], default: OptOut) -> OptOut:
    _known(said, tuple(OptOut.__dataclass_fields__), "opt_out")
    gate = _one_of(said.get("gate", default.gate), get_args(Gate), "opt_out.gate")
    reason = said.get("reason", default.reason)
    if not isinstance(reason, str) or (gate == "exempt" and not reason.strip()):
        raise _refused("opt_out.reason", "says in words why a home is exempt")
    return OptOut(
        gate=cast(Gate, gate),
        reason=reason,
        fresh_days=_number(
            said.get("fresh_days", default.fresh_days),
            range(1, _LONGEST_FRESH + 1),
            "opt_out.fresh_days",
        ),
        without_number=cast(
            WithoutNumber,
            _one_of(
                said.get("without_number", default.without_number),
                get_args(WithoutNumber),
                "opt_out.without_number",
            ),
        ),
        **{
            name: _number(
                said.get(name, getattr(default, name)), allowed, f"opt_out.{name}"
            )
            for name, allowed in _BOUNDS.items()
        },
    )


def _clock(said: Mapping[str, Any], default: Clock) -> Clock:
    _known(said, tuple(Clock.__dataclass_fields__), "clock")
    days = said.get("quiet_days", default.quiet_days)
    return Clock(_number(days, range(1, _LONGEST_QUIET + 1), "clock.quiet_days"))


def _retention(said: object, default: tuple[Retention, ...]) -> tuple[Retention, ...]:
    if not isinstance(said, list):
        raise _refused("retention", "is a list of tables")
    rows = {row.what: row for row in default}
    seen: set[str] = set()
    for table in said:
        row = _row(_table(table, "retention"), rows)
        if row.what in seen:
            raise _refused(f"retention of {row.what}", "is said twice")
        seen.add(row.what)
        rows[row.what] = row
    # One key a month for both: it cannot be destroyed for one and kept for the other.
    if rows["sealed submissions"].keep_months != rows["quarantine"].keep_months:
        raise _refused(
            "retention of quarantine", "is that of sealed submissions: one key for both"
        )
    return tuple(rows.values())


def _row(said: Mapping[str, Any], rows: Mapping[str, Retention]) -> Retention:
    _known(said, tuple(Retention.__dataclass_fields__), "retention")
    what = _one_of(said.get("what"), tuple(rows), "retention.what")
    known, name = rows[what], f"retention of {what}"
    _one_of(said.get("zone", known.zone), (known.zone,), f"{name}: zone")
    _one_of(said.get("how", known.how), (known.how,), f"{name}: how")
    months = said.get("keep_months", known.keep_months)
    if known.keep_months is None:
        if months is not None:
            raise _refused(f"{name}: keep_months", "is not said: it stays")
        return known
    kept = _number(months, range(_LONGEST_KEPT + 1), f"{name}: keep_months")
    return Retention(known.zone, what, kept, known.how)


def _known(said: Mapping[str, Any], names: Collection[str], where: str) -> None:
    for name in said:
        if name not in names:
            shown = name if _WORD.fullmatch(name) else "(no plain name)"
            raise _refused(f"{where}: {shown}", "is not known")


def _table(said: object, where: str) -> Mapping[str, Any]:
    if not isinstance(said, dict):
        raise _refused(where, "is a table")
    return said


def _one_of(value: object, allowed: tuple[str, ...], where: str) -> str:
    if not isinstance(value, str) or value not in allowed:
        raise _refused(where, f"is one of: {', '.join(allowed)}")
    return value


def _number(value: object, allowed: range, where: str) -> int:
    if type(value) is not int or value not in allowed:
        raise _refused(where, f"is a whole number, {allowed[0]} to {allowed[-1]}")
    return value


def _refused(where: str, why: str) -> HomeError:
    return HomeError("settings", f"{where} {why}")
