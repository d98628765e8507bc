"""Whom two custodians name, and who can read it."""

from __future__ import annotations

from pathlib import Path

import pytest
from reidentification_scene import (
    Scene,
    answer_of,
    local_answer,
    message,
    refused,
    shared_scene,
)

from parity.access.rekeying import project_key
from parity.vault.reidentification.answer import read_answer, write_answer
from parity.vault.reidentification.asking import read_recipient
from parity.vault.reidentification.request import write_request


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return shared_scene(tmp_path_factory)


@pytest.mark.parametrize("who", [(0, 1), (1, 2), (2, 0)])
def test_any_two_custodians_name_one_person(
    scene: Scene, tmp_path: Path, who: tuple[int, int]
) -> None:
    someone = scene.people[1]
    number = someone["NHSNumber"]
    request = scene.asked(scene.pseudonym_of(("nhs-number", number)))
    answer = scene.opened(request, scene.approved(request, *who))
    assert number.encode() not in answer
    assert scene.read(answer, tmp_path)["identifiers"] == answer_of(someone)


def test_a_person_without_a_number_is_named_by_the_local_identifier(
    scene: Scene, tmp_path: Path
) -> None:
    request = scene.asked(scene.pseudonym_of(message(scene.bare)))
    answer = scene.opened(request, scene.approved(request, 0, 1))
    assert scene.read(answer, tmp_path)["identifiers"] == [local_answer(scene.bare)]


def test_all_that_is_known_of_a_person_is_told_under_either_pseudonym(
    scene: Scene, tmp_path: Path
) -> None:
    """That of the month with the number, and that of the month without."""
    number = scene.both["NHSNumber"]
    for known_as in (("nhs-number", number), message(scene.both)):
        request = scene.asked(scene.pseudonym_of(known_as))
        answer = scene.opened(request, scene.approved(request, 0, 1))
        assert scene.read(answer, tmp_path)["identifiers"] == answer_of(scene.both)


def test_a_package_has_pseudonyms_of_its_own(scene: Scene, tmp_path: Path) -> None:
    """Found by the package they stand in; not by the warehouse, nor another package."""
    theirs = scene.someone_in("researcher")
    project_key(scene.keyring, "operator")
    request = scene.asked(theirs, role="researcher")
    answer = scene.opened(request, scene.approved(request, 0, 1))
    named = scene.read(answer, tmp_path)["identifiers"]
    assert named == answer_of(scene.people[0])
    for role in (None, "operator"):
        with refused("not_found"):
            scene.asked(theirs, role=role)


def test_a_bare_public_key_is_a_recipient(scene: Scene, tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text(scene.to.opening_public + "\n")
    request = scene.asked(recipient=read_recipient(path))
    answer = scene.opened(request, scene.approved(request, 0, 1))
    assert scene.read(answer, tmp_path)["pseudonym"] == scene.someone


def test_nobody_but_the_recipient_reads_the_answer(
    scene: Scene, tmp_path: Path
) -> None:
    request = scene.asked()
    write_answer(
        tmp_path / "answer", scene.opened(request, scene.approved(request, 0, 1))
    )
    for other in scene.custodians:
        with refused("answer_refused"):
            read_answer(tmp_path / "answer", other)


@pytest.mark.attack(14)
def test_nothing_is_left_behind(scene: Scene, tmp_path: Path) -> None:
    """No pseudonym, number, purpose or unkeyed digest of the request; no live key."""
    request = scene.asked(purpose="purpose in clear")
    scene.opened(request, scene.approved(request, 0, 1))
    write_request(tmp_path / "request", request)
    words = [scene.someone, scene.number, "purpose in clear"]
    control = (tmp_path / "request").read_text()
    assert scene.someone in control
    for path in scene.home.root.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert not [word for word in words if word.encode() in content], path.name
    assert scene.keyring.record(request.key_name).state == "destroyed"
