"""The demonstration: `make demo` runs `python -m parity.cli.demo DIR`.

A synthetic home with fresh keys, three made-up providers over a year, one real Access
file beside their CSV folders, the whole chain through Dagster, and what came out of it.
Every figure that is printed is read back from a published file.
"""

from __future__ import annotations

import shlex
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from orchestration.run import run
from parity.access import current_package
from parity.cli.failures import DONE, report
from parity.cli.reference import load_reference
from parity.cli.run_chain import tell
from parity.cli.screen import complain, say, show_table
from parity.home import Home, HomeError, init
from parity.home.layout import description_file
from parity.home.unlock import open_keyring
from parity.publication import Publication, ethnic_group_summary, publish_month
from parity.specification import PROJECT_ROOT
from parity.synthetic import synthesise

_FIRST_MONTH, _LAST_MONTH = date(2024, 4, 1), date(2025, 3, 1)
_ACCESS_FILE = PROJECT_ROOT / "tests/fixtures/v2_1/ZZ1_2025-04_primary.mdb"
_QUESTION = (
    "select deprivation_decile, count(*) as finished,"
    " round(100 * avg(is_recovered::int), 1) as recovered_percent"
    " from fct_referrals where is_finished_course"
    " and is_not_at_caseness is not true group by all order by all"
)
_FOOTNOTE = (
    "Synthetic: nobody in it is real. England, {start} to {end}, profile {profile}, "
    "read from the published files. Recovery is over finished courses less those not "
    "at caseness."
)


def main() -> int:
    """Run the demonstration in the folder that is named; the exit code."""
    root = Path(sys.argv[1]).resolve()
    with _step("home: a synthetic one with fresh keys"):
        _remove_former(root)
        home = init(root, synthetic=True)
    with _step("data: three made-up providers, twelve months"):
        _fill_inbox(home)
    summary = run(home, report=tell)
    if summary.exit_code != DONE:
        complain(f"not loaded: {summary.not_loaded}; failed: {summary.failed}")
        return summary.exit_code
    with _step("publication: March 2025, which ends the financial year"):
        keyring = open_keyring(home)
        publication = publish_month(home, keyring, _LAST_MONTH)
    _show(home, publication)
    return DONE


@contextmanager
def _step(name: str) -> Iterator[None]:
    start = time.monotonic()
    yield
    tell(name, time.monotonic() - start, "")


def _remove_former(root: Path) -> None:
    """Remove the demo home of an earlier time, and nothing that is not one."""
    if not root.exists():
        return
    if not description_file(root).exists() or Home.find(root).kind != "synthetic":
        raise HomeError("not_a_demo", "that folder is no synthetic home; it stays")
    shutil.rmtree(root)


def _fill_inbox(home: Home) -> None:
    """Made-up submissions, their reference data and the Access file, each in place."""
    made = home.operations / "synthetic"
    synthesise(
        made,
        providers=3,
        first=_FIRST_MONTH,
        last=_LAST_MONTH,
        referrals_per_month=200,
        seed=7,
    )
    load_reference(home, made / "reference")
    for folder in sorted(made.glob("*_primary")):
        folder.rename(home.landing_inbox / folder.name)
    shutil.copy(_ACCESS_FILE, home.landing_inbox)
    shutil.rmtree(made)


def _show(home: Home, publication: Publication) -> None:
    _show_groups(publication)
    say("")
    say(f"Monthly measure file   {_short(publication.measure_file)}")
    site = home.published / "documentation" / "index.html"
    say(f"Documentation site     {_short(site)}")
    package = current_package(home, "researcher")
    say(f"Researcher's package   {_short(package.file)}")
    say("")
    say("Ask the researcher's package something:")
    program = _short(Path(sys.executable).with_name("parity"))
    command = [program, "query", "--home", _short(home.root), "--as", "researcher"]
    say(f'{shlex.join(command)} "{_QUESTION}"')


def _show_groups(publication: Publication) -> None:
    summary = ethnic_group_summary(publication.folder)
    show_table(
        (
            "ethnic group",
            "referrals received",
            "accessed services",
            "finished a course",
            "recovered",
            "recovery, %",
        ),
        [tuple(vars(group).values()) for group in summary.groups],
        title="Access and recovery by ethnic group (synthetic data)",
        numbers=(
            "referrals received",
            "accessed services",
            "finished a course",
            "recovered",
            "recovery, %",
        ),
    )
    say(
        _FOOTNOTE.format(
            start=summary.period_start,
            end=summary.period_end,
            profile=summary.profile,
        )
    )


def _short(path: Path) -> str:
    """A path as it is shortest to type from here."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Exception as error:  # noqa: BLE001  the last door: no value may pass it
        sys.exit(report(error))
