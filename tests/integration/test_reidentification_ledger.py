"""No entry in the ledger, no answer; as many entries as openings, and not too many."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from reidentification_scene import Scene, copy_of, refused, shared_scene

from parity.home import HomeError
from parity.home.unlock import open_keyring
from parity.vault.reidentification import opening
from parity.vault.reidentification.records import Limits, check_agreement, read_records
from parity.vault.store import Vault
from pseudonymisation.errors import LedgerBroken


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return shared_scene(tmp_path_factory)


@pytest.fixture
def copy(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> Scene:
    return copy_of(shared_scene(tmp_path_factory), tmp_path)


def test_a_rate_too_high_is_refused(scene: Scene) -> None:
    named = len(scene.entries("reidentified"))
    for limits in (Limits(named + 1, 10_000), Limits(10_000, named + 2)):
        request = scene.asked()
        scene.opened(request, scene.approved(request, 0, 1), limits=limits)
        request = scene.asked()
        with refused("too_many"):
            scene.opened(request, scene.approved(request, 0, 1), limits=limits)


def test_the_rate_is_five_in_a_day_and_twenty_in_a_month(scene: Scene) -> None:
    records = read_records(scene.keyring)

    def named(count: int, hours: int) -> Any:
        return replace(
            records, named_at=(records.clock - timedelta(hours=hours),) * count
        )

    named(4, 23).check_rate(Limits())
    named(19, 25).check_rate(Limits())
    named(99, 24 * 31).check_rate(Limits())
    for too_many in (named(5, 23), named(20, 24 * 29)):
        with refused("too_many"):
            too_many.check_rate(Limits())


def test_an_opening_that_finds_nobody_names_nobody(copy: Scene) -> None:
    """The person went after the request: it is in the ledger, and no limit is used."""
    request = copy.asked()
    approvals = copy.approved(request, 0, 1)
    with Vault.open(copy.home, copy.keyring.key("vault")) as vault:
        vault.connection.execute("delete from vault.observation")
        vault.connection.execute("delete from vault.identifier")
    for _ in range(2):
        with refused("not_found"):
            copy.opened(request, approvals, limits=Limits(day=1, month=1))
    told = [entry["facts"] for entry in copy.entries("reidentification_refused")]
    assert told == [{"reason": "not_found"}] * 2
    assert read_records(copy.keyring).named_at == ()
    agreement = check_agreement(copy.home, copy.keyring)
    assert (agreement.entries, agreement.openings) == (0, 0)


@contextmanager
def full_disk(path: Path) -> Iterator[None]:
    """No file may grow past the size of this one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.attack(34)
def test_a_ledger_that_takes_no_entry_gives_no_answer(copy: Scene) -> None:
    """Nothing is spent either: the same approvals do once there is room again."""
    request = copy.asked()
    approvals = copy.approved(request, 0, 1)
    before = check_agreement(copy.home, copy.keyring)
    with full_disk(copy.home.ledger_file), pytest.raises(OSError, match="large"):
        copy.opened(request, approvals)
    assert check_agreement(copy.home, copy.keyring) == before
    copy.opened(request, approvals)


@pytest.mark.attack(34)
@pytest.mark.parametrize("step", ["note_opening", "halves_of", "identifiers_of"])
def test_a_crash_after_the_entry_spends_the_request(
    copy: Scene, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    request = copy.asked()
    approvals = copy.approved(request, 0, 1)
    with monkeypatch.context() as patch:
        patch.setattr(opening, step, dies)
        with pytest.raises(KeyboardInterrupt):
            copy.opened(request, approvals)
    assert copy.entries("reidentified")[-1]["facts"]["request"] == request.request_id
    with refused("request_spent"):
        copy.opened(request, approvals)
    with pytest.raises(HomeError):
        copy.keyring.key_to_read(request.key_name)
    agreement = check_agreement(copy.home, copy.keyring)
    assert agreement.without_entry == ()
    expected = (request.request_id,) if step == "note_opening" else ()
    assert agreement.broken_off == expected


def test_a_ledger_cut_short_opens_nothing_more(copy: Scene) -> None:
    """The keyring knows where it once ended."""
    ledger = copy.home.ledger_file.read_bytes()
    copy.opened(asked := copy.asked(), copy.approved(asked, 0, 1))
    copy.home.ledger_file.write_bytes(ledger)
    copy = replace(copy, keyring=open_keyring(copy.home))
    with pytest.raises(LedgerBroken, match="ledger_shortened"):
        copy.asked()
    with pytest.raises(LedgerBroken, match="ledger_shortened"):
        check_agreement(copy.home, copy.keyring)


def test_a_ledger_put_back_with_its_keyring_opens_nothing_more(copy: Scene) -> None:
    """The vault keeps count: such a ledger has fewer entries than openings."""
    files = (copy.home.ledger_file, copy.home.keyring_file)
    before = [file.read_bytes() for file in files]
    request = copy.asked()
    copy.opened(request, copy.approved(request, 0, 1))
    assert check_agreement(copy.home, copy.keyring).without_entry == ()
    for file, content in zip(files, before, strict=True):
        file.write_bytes(content)
    copy = replace(copy, keyring=open_keyring(copy.home))
    assert check_agreement(copy.home, copy.keyring).without_entry == (
        request.request_id,
    )
    other = copy.asked()
    with refused("ledger_behind"):
        copy.opened(other, copy.approved(other, 0, 1))


def test_ledger_and_vault_count_the_same(scene: Scene) -> None:
    """As many entries as openings, and none of a refusal."""
    request = scene.asked()
    with refused("two_approvals"):
        scene.opened(request, scene.approved(request, 0))
    scene.opened(request, scene.approved(request, 0, 1))
    agreement = check_agreement(scene.home, scene.keyring)
    assert agreement.entries == agreement.openings > 0
    assert agreement.entries == len(scene.entries("reidentified"))
