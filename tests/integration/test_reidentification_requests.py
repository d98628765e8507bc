"""What may be asked, of whom, and for how long."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from reidentification_scene import Scene, copy_of, message, refused, shared_scene

import orchestration.retention as retention
from parity.vault.errors import VaultError
from parity.vault.reidentification import asking
from parity.vault.reidentification.approval import approve
from parity.vault.reidentification.asking import read_recipient
from parity.vault.reidentification.records import read_records


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return shared_scene(tmp_path_factory)


@pytest.fixture
def copy(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> Scene:
    return copy_of(shared_scene(tmp_path_factory), tmp_path)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"purpose": " \t"}, "purpose_blank"),
        ({"purpose": "."}, "purpose_blank"),
        ({"purpose": "a\x1b[2Kb"}, "purpose_blank"),
        ({"legal_basis": ""}, "legal_basis_blank"),
        ({"legal_basis": "\u200b"}, "legal_basis_blank"),
        ({"hours": 0}, "request_hours"),
        ({"hours": 73}, "request_hours"),
        ({"purpose_code": "two words"}, "purpose_code"),
        ({"role": "nobody"}, "no_such_key"),
    ],
)
def test_a_request_that_says_too_little_is_refused(
    scene: Scene, changes: dict[str, Any], code: str
) -> None:
    asked = scene.entries("reidentification_requested")
    with refused(code):
        scene.asked(**changes)
    assert scene.entries("reidentification_requested") == asked


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="none"),
        pytest.param("x", id="no pseudonym"),
        pytest.param(f"{uuid4()}\n{uuid4()}", id="two"),
        pytest.param(f"{uuid4()}'", id="with a quotation mark"),
    ],
)
def test_other_than_one_pseudonym_is_refused(scene: Scene, text: str) -> None:
    with refused("one_pseudonym"):
        scene.asked(text)


@pytest.mark.parametrize("domain", ["person", "local_patient"])
def test_a_pseudonym_of_no_person_is_refused_at_once(
    copy: Scene, domain: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without anything opened, in one word for the ledger, and no value said."""
    known = message(copy.people[0])[:3]
    subject = copy.pseudonym_of(("local_patient", *known[1:]), domain)
    asked = copy.entries("reidentification_requested")
    with pytest.raises(VaultError) as error:
        copy.asked(subject)
    assert (error.value.code, error.value.exit_code) == ("not_found", 1)
    assert subject not in str(error.value) + capsys.readouterr().err
    assert copy.entries("reidentification_requested") == asked
    assert copy.entries("reidentification_refused")[-1]["facts"] == {
        "reason": "not_found"
    }


LOW_ORDER = [
    "00" * 32,
    "01" + "00" * 31,
    "ec" + "ff" * 30 + "7f",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
]


@pytest.mark.attack(15)
@pytest.mark.parametrize("key", [*LOW_ORDER, "ab" * 31])
def test_a_recipient_key_that_hides_nothing_is_refused(
    tmp_path: Path, key: str
) -> None:
    path = tmp_path / "key"
    path.write_text(key)
    with pytest.raises(VaultError) as error:
        read_recipient(path)
    assert error.value.code in ("recipient_key", "custodian_card")


@pytest.mark.attack(34)
@pytest.mark.parametrize("hours", [2, 24 * 365])
def test_a_ledger_that_is_ahead_of_the_clock_opens_nothing(
    copy: Scene, hours: int
) -> None:
    """A clock that is set back, or that was ahead once: one of the two is wrong."""
    request = copy.asked(hours=1)
    approvals = copy.approved(request, 0, 1)
    ahead = datetime.now(UTC) + timedelta(hours=hours)
    copy.keyring.ledger()._append("tick", {}, ahead)
    for act in (copy.asked, lambda: copy.opened(request, approvals)):
        with refused("clock_behind"):
            act()
    with refused("request_expired"):
        copy.opened(request, approvals, now=ahead)


@pytest.mark.attack(34)
def test_a_request_lasts_no_longer_than_the_clock_of_whoever_looks_says(
    copy: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Made by a home whose clock was a year ahead."""
    later = datetime.now(UTC) + timedelta(days=365)
    with monkeypatch.context() as patch:
        patch.setattr(asking, "read_records", lambda of: read_records(of, later))
        request = copy.asked(hours=1)
    assert request.created_at > datetime.now(UTC).isoformat()
    one, other = copy.custodians[:2]
    with refused("request_ahead"):
        approve(request, one, other.card.name)
    approvals = [
        approve(request, one, other.card.name, later),
        approve(request, other, one.card.name, later),
    ]
    with refused("request_ahead"):
        copy.opened(request, approvals)
    copy.opened(request, approvals, now=later)  # control


def test_an_epoch_that_has_ended_is_refused(copy: Scene) -> None:
    request = copy.asked(copy.someone_in("researcher"), role="researcher")
    approvals = copy.approved(request, 0, 1)
    copy.keyring.rotate("project:researcher")
    with refused("other_epoch"):
        copy.opened(request, approvals)


def test_keys_of_requests_that_nobody_opened_are_destroyed(copy: Scene) -> None:
    """When they have expired, not before; by the next request, or by retention."""
    short, long = copy.asked(hours=1), copy.asked(hours=72)
    unknown = copy.keyring.generate("reidentify:never-entered", "exchange")
    now = datetime.now(UTC)

    def states() -> list[str]:
        names = (short.key_name, long.key_name, "reidentify:never-entered")
        return [copy.keyring.record(name).state for name in names]

    assert len(unknown) == 32
    read_records(copy.keyring, now).forget_expired(copy.keyring)
    assert states() == ["active", "active", "active"]
    read_records(copy.keyring, now + timedelta(hours=1)).forget_expired(copy.keyring)
    assert states() == ["destroyed", "active", "active"]
    later = now + timedelta(hours=73)
    shown = retention._retain(copy.home, copy.keyring, False, later)[-1]
    assert (shown.what, shown.count) == ("keys of expired requests", 2)
    assert states() == ["destroyed", "active", "active"]
    retention._retain(copy.home, copy.keyring, True, later)
    assert states() == ["destroyed", "destroyed", "destroyed"]
