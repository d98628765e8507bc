"""What two approvals are, and what they are good for: one request, once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from reidentification_scene import Scene, message, own_key, refused, shared_scene

from parity.vault.reidentification.approval import approve
from parity.vault.reidentification.request import Recipient, Request
from pseudonymisation.keys import generate_key


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return shared_scene(tmp_path_factory)


@pytest.fixture(scope="module")
def waiting(scene: Scene) -> Request:
    """A request that every test finds unopened: none of what they try does it."""
    return scene.asked()


@pytest.mark.parametrize("who", [(), (0,), (0, 1, 2)])
def test_other_than_two_approvals_are_refused(
    scene: Scene, waiting: Request, who: tuple[int, ...]
) -> None:
    with refused("two_approvals"):
        scene.opened(waiting, scene.approved(waiting, *who))


def test_one_custodian_twice_is_refused(scene: Scene, waiting: Request) -> None:
    """The same approval twice, and two approvals that one custodian gave."""
    [once] = scene.approved(waiting, 0)
    [again] = scene.approved(waiting, 0)
    for approvals in ([once, once], [once, again]):
        with refused("one_custodian"):
            scene.opened(waiting, approvals)


def test_one_custodian_under_anothers_name_is_refused(
    scene: Scene, waiting: Request
) -> None:
    [once] = scene.approved(waiting, 0)
    other = replace(once, custodian=scene.custodians[1].card.name)
    with refused("not_a_custodian"):
        scene.opened(waiting, [once, other])


def test_a_stranger_approves_nothing(
    scene: Scene, tmp_path: Path, waiting: Request
) -> None:
    """Even with a custodian's name: the halves do not open, the key is not known."""
    name = scene.custodians[0].card.name
    stranger = own_key(tmp_path, name)
    with refused("not_a_custodian"):
        approve(waiting, stranger, scene.custodians[1].card.name)
    with refused("not_a_custodian"):
        approve(waiting, scene.recipient, name)
    [once, own] = scene.approved(waiting, 1, 0)
    forged = replace(own, signing_public=stranger.card.signing_public)
    forged = replace(
        forged, signature=stranger.sign(forged.signed_bytes(waiting)).hex()
    )
    with refused("not_a_custodian"):
        scene.opened(waiting, [once, forged])


def test_a_second_opening_is_refused(scene: Scene) -> None:
    request = scene.asked()
    approvals = scene.approved(request, 0, 1)
    scene.opened(request, approvals)
    with refused("request_spent"):
        scene.opened(request, approvals)


def test_an_approval_of_one_request_opens_no_other(scene: Scene) -> None:
    """Nor with the other's id written into it: all of the request is signed."""
    one, other = scene.asked(), scene.asked(scene.pseudonym_of(message(scene.bare)))
    approvals = scene.approved(one, 0, 1)
    with refused("other_request"):
        scene.opened(other, approvals)
    renamed = [replace(each, request_id=other.request_id) for each in approvals]
    with refused("approval_altered"):
        scene.opened(other, renamed)


def test_halves_of_one_request_do_not_open_for_another(scene: Scene) -> None:
    """A custodian who signs a second time does not lend the first one's boxes."""
    one, other = scene.asked(), scene.asked()
    [first, second] = scene.approved(one, 0, 1)
    boxes = replace(first, request_id=other.request_id)
    key = scene.custodians[0]
    lent = replace(boxes, signature=key.sign(boxes.signed_bytes(other)).hex())
    del second
    with refused("envelope_refused"):
        scene.opened(other, [lent, *scene.approved(other, 1)])


def test_an_approval_counts_with_the_other_whom_it_names(scene: Scene) -> None:
    """It hands over one half, which fits no third custodian's."""
    request = scene.asked()
    names = [each.card.name for each in scene.custodians]
    first = approve(request, scene.custodians[0], names[2])
    assert list(first.boxes) == [(*sorted((names[0], names[2])), names[0])]
    with refused("other_pair"):
        scene.opened(request, [first, *scene.approved(request, 1)])
    for nobody in (names[0], "nobody"):
        with refused("not_a_custodian"):
            approve(request, scene.custodians[0], nobody)
    third = approve(request, scene.custodians[2], names[0])
    scene.opened(request, [first, third])


def test_an_expired_request_is_refused_on_both_sides(scene: Scene) -> None:
    request = scene.asked(hours=1)
    approvals = scene.approved(request, 0, 1)
    later = datetime.now(UTC) + timedelta(hours=1, seconds=1)
    with refused("request_expired"):
        approve(request, scene.custodians[0], "custodian-two", later)
    with refused("request_expired"):
        scene.opened(request, approvals, now=later)


def test_a_custodian_approves_no_answer_to_self(scene: Scene) -> None:
    card = scene.custodians[0].card
    request = scene.asked(recipient=Recipient(card.name, card.opening_public))
    with refused("own_recipient"):
        scene.approved(request, 0)
    scene.opened(request, scene.approved(request, 1, 2))


def test_a_request_by_another_home_opens_no_half(
    scene: Scene, waiting: Request
) -> None:
    """Whoever signs it with another key: a custodian's half is bound to this home."""
    other = Ed25519PrivateKey.from_private_bytes(generate_key())
    public = other.public_key().public_bytes_raw().hex()
    one_time = "09" + "00" * 31
    forged = replace(waiting, request_public=public, one_time_public=one_time)
    forged = replace(forged, signature=other.sign(forged.canonical()).hex())
    forged.check_signature()
    with refused("not_a_custodian"):
        approve(forged, scene.custodians[0], "custodian-two")
    with refused("request_altered"):
        scene.opened(forged, scene.approved(waiting, 0, 1))
