"""The whole chain through Dagster, in this process: what `parity run` does.

What belongs here: the order of the steps, their times and what became of each. The
steps themselves are the assets. In-process, because every further process costs
Dagster's start-up again (24 s against 42 to 72 s measured).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import dagster as dg

from orchestration.failures import Failed, why_failed
from orchestration.intake import intake, partition_key, slot_or_refusal
from orchestration.outputs import (
    documentation,
    equality_lead_package,
    monthly_publication,
    researcher_package,
)
from orchestration.resources import HomeResource
from orchestration.transformation import warehouse
from parity.home import Home
from parity.home.keyring_check import seen_at_opening
from parity.home.private_files import write_private
from parity.home.unlock import open_keyring
from parity.intake.errors import IntakeError
from parity.intake.inbox import quarantine, ready_files
from parity.intake.slot import Slot
from parity.publication.periods import latest_month
from parity.rewriting import resume_rewriting

Report = Callable[[str, float, str], None]

_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
_SETTINGS = """\
# Dagster's own settings for this home: nothing is sent anywhere.
telemetry:
  enabled: false
nux:
  enabled: false
"""


@dataclass
class RunSummary:
    """What a run did: steps with seconds and words, and what did not come through.

    told: what was seen of keyring and ledger when they were opened, and the end of a
    rotation that was cut off. not_loaded: the names of submissions. failed: the step
    that ended the chain, with why. failed_with: the exit code that the failure carries.
    """

    steps: list[tuple[str, float, str]] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    not_loaded: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    failed_with: int = 0

    @property
    def exit_code(self) -> int:
        """0 done, 1 the data (also a submission not loaded), 2 usage, 3 us."""
        return self.failed_with or (1 if self.not_loaded else 0)


@dataclass
class _Chain:
    home: Home
    resource: HomeResource
    instance: dg.DagsterInstance
    report: Report
    summary: RunSummary

    @contextmanager
    def timed(self, name: str) -> Iterator[list[str]]:
        """Time a step; what it appends to the list is said of it."""
        words: list[str] = []
        start = time.monotonic()
        yield words
        seconds = time.monotonic() - start
        self.summary.steps.append((name, seconds, "; ".join(words)))
        self.report(name, seconds, "; ".join(words))

    def materialise(
        self, asset: dg.AssetsDefinition, partition: str | None
    ) -> Failed | None:
        """One asset in this process; why it failed, or None when it came through."""
        result = dg.materialize(
            [asset],
            instance=self.instance,
            resources={"home_resource": self.resource},
            partition_key=partition,
            raise_on_error=False,
            run_config=_QUIET,
        )
        return None if result.success else why_failed(result)


def run(
    home: Home, passphrase_file: Path | None = None, report: Report = lambda *_: None
) -> RunSummary:
    """Land what waits in the inbox, build, package, publish the last month, document.

    report is called after each step with its name, seconds and a few words. A
    submission that does not load holds nothing else up; a step that fails ends the
    chain.
    """
    chain = _Chain(
        home,
        HomeResource(root=str(home.root), passphrase_file=str(passphrase_file or "")),
        dagster_instance(home),
        report,
        RunSummary(),
    )
    keyring = open_keyring(home, passphrase_file=passphrase_file)
    if seen := seen_at_opening(keyring):
        chain.summary.told.append(seen.in_words())
    if ended := resume_rewriting(home, keyring):
        chain.summary.told.append(ended.in_words())
    _land_all(chain)
    _step(chain, "warehouse: dbt build with its tests and gates", warehouse)
    _step(chain, "package: researcher", researcher_package)
    _step(chain, "package: equality lead", equality_lead_package)
    month = latest_month(home, keyring) if not chain.summary.failed else None
    if month is not None:
        _publish(chain, month)
    _step(chain, "documentation site", documentation)
    return chain.summary


def dagster_instance(home: Home) -> dg.DagsterInstance:
    """Dagster's storage inside the home, telemetry off."""
    settings = home.dagster_home / "dagster.yaml"
    if not settings.exists():
        write_private(settings, _SETTINGS.encode())
    return dg.DagsterInstance.from_config(str(home.dagster_home))


def _land_all(chain: _Chain) -> None:
    landed = 0
    with chain.timed("intake: every submission in the inbox") as words:
        for path in ready_files(chain.home):
            slot = slot_or_refusal(path)
            if not isinstance(slot, Slot):
                with suppress(IntakeError):  # still arriving: the next run takes it
                    quarantine(chain.home, chain.resource.keyring(), path, slot)
                # The name itself is not repeated: it is the sender's and may say
                # anything.
                chain.summary.not_loaded.append("a file with another kind of name")
                continue
            partition = partition_key(slot)
            sender = partition.keys_by_dimension["sender"]
            chain.instance.add_dynamic_partitions("senders", [sender])
            if chain.materialise(intake, partition) is None:
                landed += 1
            else:
                chain.summary.not_loaded.append(slot.name)
        words.append(f"{landed} landed")
        if chain.summary.not_loaded:
            words.append(f"{len(chain.summary.not_loaded)} not loaded, see the answers")


def _step(
    chain: _Chain, name: str, asset: dg.AssetsDefinition, partition: str | None = None
) -> None:
    """One step, unless an earlier one failed: a broken build publishes nothing."""
    if chain.summary.failed:
        return
    with chain.timed(name) as words:
        failure = chain.materialise(asset, partition)
        if failure is not None:
            chain.summary.failed.append(f"{name}: {failure.words}")
            chain.summary.failed_with = failure.exit_code
            words.append("failed")


def _publish(chain: _Chain, month: date) -> None:
    words = f"publication: {month:%B %Y}, profile nhs_publication"
    _step(chain, words, monthly_publication, month.isoformat())
