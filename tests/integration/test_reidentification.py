"""From a pseudonym to a person: two custodians together, or nobody.

What a hostile reader asks of it, and the test that answers:

- one custodian alone, or one twice, opens nothing: test_one_custodian_*
- an approval counts for one request, once: test_an_approval_*, test_a_second_opening_*
- no byte of request or approval may differ: test_any_alteration_*, test_every_field_*
- one pseudonym, purpose and legal basis, a time that ends, a rate: test_*_is_refused
- the recipient alone reads the answer, and no approver is one: test_*recipient*
- no entry in the ledger, no answer; as many entries as openings: test_*ledger*
- nothing is cached or told on the way: test_nothing_is_left_behind
"""

from __future__ import annotations

import csv
import json
import resource
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from conftest import filled_home, made_home, open_keyring
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parity.access.rekeying import project_key
from parity.cli.main import main
from parity.home import Home, HomeError
from parity.home.secret import SecretBytes
from parity.home.unlock import Keyring
from parity.rotation.root import rotate_root
from parity.synthetic import synthesise
from parity.vault import identifier_keys
from parity.vault.custodian_key import (
    CustodianKey,
    make_custodian_key,
    open_custodian_key,
)
from parity.vault.custodians import appointed, custodians_file, made_up_custodians
from parity.vault.errors import VaultError
from parity.vault.reidentification import opening
from parity.vault.reidentification.answer import read_answer, write_answer
from parity.vault.reidentification.approval import (
    Approval,
    approve,
    read_approval,
    write_approval,
)
from parity.vault.reidentification.asking import (
    ask,
    ask_replacement,
    read_recipient,
)
from parity.vault.reidentification.opening import open_replacement, open_request
from parity.vault.reidentification.records import (
    Limits,
    check_agreement,
    read_records,
)
from parity.vault.reidentification.request import (
    Recipient,
    Request,
    read_request,
    write_request,
)
from pseudonymisation.errors import CodedError
from pseudonymisation.keyed_hash import pseudonym, token, uuid_text
from pseudonymisation.keys import generate_key
from pseudonymisation.passphrase_key import new_cost

MANY = Limits(day=10_000, month=10_000)
PASSPHRASE = b"a passphrase of nobody"


@dataclass(frozen=True)
class Scene:
    """A home with people in it, its custodians, a recipient.

    pristine: a copy of the home before anything was asked.
    people: rows of people with a number. bare: the row of one who was never sent with a
    number. both: of one who was, and in the later month was not.
    """

    home: Home
    pristine: Path
    keyring: Keyring = field(repr=False)
    custodians: list[CustodianKey] = field(repr=False)
    recipient: CustodianKey = field(repr=False)
    people: tuple[dict[str, str], ...] = field(repr=False)
    bare: dict[str, str] = field(repr=False)
    both: dict[str, str] = field(repr=False)

    @property
    def to(self) -> Recipient:
        card = self.recipient.card
        return Recipient(card.name, card.opening_public, card.signing_public)

    def pseudonym_of(self, message: tuple[str, ...], domain: str = "person") -> str:
        """As the warehouse calls the person, made without the vault's own code."""
        keys = identifier_keys.IdentifierKeys.of(self.keyring)
        made = token(keys.linkage, *message)
        return uuid_text(pseudonym(keys.of_domain(domain), domain, made))

    @property
    def someone(self) -> str:
        return self.pseudonym_of(("nhs-number", self.number))

    @property
    def number(self) -> str:
        return self.people[0]["NHSNumber"]

    def asked(self, subject: str | None = None, **changes: Any) -> Request:
        given = {
            "purpose": "a safety alert",
            "legal_basis": "vital interests",
            "recipient": self.to,
            "hours": 24,
        } | changes
        return ask(self.home, self.keyring, subject or self.someone, **given)

    def approved(self, request: Request, *who: int) -> list[Approval]:
        return [approve(request, self.custodians[number]) for number in who]

    def opened(self, request: Request, approvals: list[Approval], **more: Any) -> bytes:
        more = {"limits": MANY} | more
        return open_request(self.home, self.keyring, request, approvals, **more)

    def read(self, answer: bytes, folder: Path) -> dict[str, Any]:
        write_answer(folder / "answer", answer)
        return read_answer(folder / "answer", self.recipient)

    def entries(self, event: str) -> list[dict[str, Any]]:
        return [e for e in self.keyring.ledger().entries() if e["event"] == event]


def people_of(path: Path) -> dict[str, dict[str, str]]:
    """The people of a submission by local identifier."""
    with (path / "IDS001MPI.csv").open(newline="", encoding="utf-8") as file:
        return {row["LocalPatientId"]: row for row in csv.DictReader(file)}


def with_provider(path: Path, row: dict[str, str]) -> dict[str, str]:
    return row | {"provider": path.name.partition("_")[0]}


def strip_number(path: Path, local: str) -> None:
    """Take one person's NHS number out of a submission."""
    rows = people_of(path)
    rows[local]["NHSNumber"] = ""
    with (path / "IDS001MPI.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[local])
        writer.writeheader()
        writer.writerows(rows.values())


def message(row: dict[str, str]) -> tuple[str, ...]:
    """What the token of a person without a number is made of."""
    return (
        "local-patient",
        row["provider"],
        row["LocalPatientId"],
        row["PersonBirthDate"],
    )


def answer_of(row: dict[str, str]) -> list[dict[str, str]]:
    """Who somebody is, as the recipient reads it."""
    number = {"kind": "nhs-number", "nhs_number": row["NHSNumber"]}
    return [number, local_answer(row)]


def local_answer(row: dict[str, str]) -> dict[str, str]:
    kind, provider, local, born = message(row)
    return {
        "kind": kind,
        "provider": provider,
        "local_patient_id": local,
        "birth_date": born,
    }


def own_key(folder: Path, name: str) -> CustodianKey:
    path, secret = folder / f"{name}.json", SecretBytes(PASSPHRASE)
    make_custodian_key(path, name, secret, new_cost(2**15))
    return open_custodian_key(path, secret)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    raw = tmp_path_factory.mktemp("asked") / "sent"
    synthesise(
        raw,
        providers=1,
        first=date(2025, 4, 1),
        last=date(2025, 5, 1),
        referrals_per_month=10,
        refresh=False,
        seed=5,
    )
    first, second = sorted(raw.glob("*_*_primary"))
    people = {
        local: row for local, row in people_of(second).items() if row["NHSNumber"]
    }
    bare, both = [local for local in people if local in people_of(first)][:2]
    for path, local in ((first, bare), (second, bare), (second, both)):
        strip_number(path, local)
    home = made_home(tmp_path_factory.mktemp("home") / "home", raw / "reference")
    keyring = filled_home(home, [first, second])
    pristine = tmp_path_factory.mktemp("pristine") / "home"
    shutil.copytree(home.root, pristine)
    others = [row for local, row in people.items() if local not in (bare, both)]
    return Scene(
        home,
        pristine,
        keyring,
        made_up_custodians(home),
        own_key(tmp_path_factory.mktemp("recipient"), "recipient"),
        tuple(with_provider(first, row) for row in others),
        with_provider(first, people[bare]),
        with_provider(first, people[both]),
    )


@pytest.fixture
def copy(scene: Scene, tmp_path: Path) -> Scene:
    """The same in a home of its own, for what changes it."""
    shutil.copytree(scene.pristine, tmp_path / "home")
    home = Home.find(tmp_path / "home")
    return replace(scene, home=home, keyring=open_keyring(home))


@contextmanager
def refused(code: str) -> Iterator[None]:
    with pytest.raises(CodedError) as error:
        yield
    assert error.value.code == code


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
    key = project_key(scene.keyring, "researcher").key
    project_key(scene.keyring, "operator")
    raw = UUID(scene.someone).bytes
    theirs = uuid_text(pseudonym(key, "project-pseudonym", raw))
    request = scene.asked(theirs, role="researcher")
    answer = scene.opened(request, scene.approved(request, 0, 1))
    named = scene.read(answer, tmp_path)["identifiers"]
    assert named == answer_of(scene.people[0])
    for role in (None, "operator"):
        request = scene.asked(theirs, role=role)
        with refused("not_found"):
            scene.opened(request, scene.approved(request, 0, 1))


@pytest.mark.parametrize("who", [(), (0,), (0, 1, 2)])
def test_other_than_two_approvals_are_refused(
    scene: Scene, who: tuple[int, ...]
) -> None:
    request = scene.asked()
    with refused("two_approvals"):
        scene.opened(request, scene.approved(request, *who))


def test_one_custodian_twice_is_refused(scene: Scene) -> None:
    """The same approval twice, and two approvals that one custodian gave."""
    request = scene.asked()
    [once] = scene.approved(request, 0)
    [again] = scene.approved(request, 0)
    for approvals in ([once, once], [once, again]):
        with refused("one_custodian"):
            scene.opened(request, approvals)


def test_one_custodian_under_anothers_name_is_refused(scene: Scene) -> None:
    request = scene.asked()
    [once] = scene.approved(request, 0)
    other = replace(once, custodian=scene.custodians[1].card.name)
    with refused("not_a_custodian"):
        scene.opened(request, [once, other])


def test_a_stranger_approves_nothing(scene: Scene, tmp_path: Path) -> None:
    """Even with a custodian's name: the halves do not open, the key is not known."""
    name = scene.custodians[0].card.name
    stranger = own_key(tmp_path, name)
    request = scene.asked()
    with refused("not_a_custodian"):
        approve(request, stranger)
    with refused("not_a_custodian"):
        approve(request, scene.recipient)
    [once, own] = scene.approved(request, 1, 0)
    forged = replace(own, signing_public=stranger.card.signing_public)
    forged = replace(
        forged, signature=stranger.sign(forged.signed_bytes(request)).hex()
    )
    with refused("not_a_custodian"):
        scene.opened(request, [once, forged])


def test_a_second_opening_is_refused(scene: Scene) -> None:
    request = scene.asked()
    approvals = scene.approved(request, 0, 1)
    scene.opened(request, approvals)
    with refused("request_spent"):
        scene.opened(request, approvals)


def test_an_approval_of_one_request_opens_no_other(scene: Scene) -> None:
    """Nor with the other's id written into it: all of the request is signed."""
    one, other = scene.asked(), scene.asked(scene.pseudonym_of(("nhs-number", "x")))
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


def test_an_approval_for_another_pair_is_refused(scene: Scene) -> None:
    request = scene.asked()
    names = [each.card.name for each in scene.custodians]
    first = approve(request, scene.custodians[0], other=names[2])
    assert len(first.boxes) == 1
    with refused("other_pair"):
        scene.opened(request, [first, *scene.approved(request, 1)])
    scene.opened(request, [first, *scene.approved(request, 2)])


def test_an_expired_request_is_refused_on_both_sides(scene: Scene) -> None:
    request = scene.asked(hours=1)
    approvals = scene.approved(request, 0, 1)
    later = datetime.now(UTC) + timedelta(hours=1, seconds=1)
    with refused("request_expired"):
        approve(request, scene.custodians[0], now=later)
    with refused("request_expired"):
        scene.opened(request, approvals, now=later)


@pytest.mark.attack(34)
def test_a_clock_set_back_opens_nothing_expired(copy: Scene) -> None:
    """It is never earlier than the ledger's last entry."""
    request = copy.asked(hours=1)
    approvals = copy.approved(request, 0, 1)
    later = datetime.now(UTC) + timedelta(hours=2)
    copy.keyring.ledger()._append("tick", {}, later)
    with refused("request_expired"):
        copy.opened(request, approvals)


def test_a_replaced_custodian_opens_nothing(copy: Scene, tmp_path: Path) -> None:
    """Who comes can; who left cannot, with what was asked before or after."""
    before = copy.asked()
    old_approvals = copy.approved(before, 0, 1)
    leaving, new = copy.custodians[0], own_key(tmp_path, "custodian-four")
    opening_public = appointed(copy.home, copy.keyring).opening_public
    words = {"purpose": "left", "legal_basis": "ours", "hours": 1}
    request = ask_replacement(
        copy.home, copy.keyring, leaving.card.name, new.card, **words
    )
    with refused("request_altered"):  # it asks for no person
        copy.opened(request, copy.approved(request, 1, 2))
    with refused("two_approvals"):
        open_replacement(copy.home, copy.keyring, request, copy.approved(request, 1))
    approvals = copy.approved(request, 1, 2)
    former = custodians_file(copy.home).read_bytes()
    open_replacement(copy.home, copy.keyring, request, approvals)
    assert appointed(copy.home, copy.keyring).opening_public == opening_public

    with refused("other_custodians"):
        copy.opened(before, old_approvals)
    after = copy.asked()
    with refused("not_a_custodian"):
        approve(after, leaving)
    bare = Approval(
        after.request_id, leaving.card.name, leaving.card.signing_public, {}
    )
    forged = replace(bare, signature=leaving.sign(bare.signed_bytes(after)).hex())
    with refused("not_a_custodian"):
        copy.opened(after, [forged, *copy.approved(after, 1)])
    copy.opened(after, [approve(after, new), *copy.approved(after, 1)])

    custodians_file(copy.home).write_bytes(former)
    with refused("custodians_lost"):
        appointed(copy.home, copy.keyring)


def test_an_unknown_pseudonym_is_not_found_after_the_entry(scene: Scene) -> None:
    request = scene.asked(str(uuid4()))
    approvals = scene.approved(request, 0, 1)
    with refused("not_found"):
        scene.opened(request, approvals)
    assert scene.entries("reidentified")[-1]["facts"]["request"] == request.request_id
    with refused("request_spent"):
        scene.opened(request, approvals)


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
        ask(
            scene.home,
            scene.keyring,
            text,
            purpose="why",
            legal_basis="what",
            recipient=scene.to,
            hours=1,
        )


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


def test_a_custodian_approves_no_answer_to_self(scene: Scene) -> None:
    card = scene.custodians[0].card
    request = scene.asked(recipient=Recipient(card.name, card.opening_public))
    with refused("own_recipient"):
        scene.approved(request, 0)
    scene.opened(request, scene.approved(request, 1, 2))


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
            records, named_at=(records.now - timedelta(hours=hours),) * count
        )

    named(4, 23).check_rate(Limits())
    named(19, 25).check_rate(Limits())
    named(99, 24 * 31).check_rate(Limits())
    for too_many in (named(5, 23), named(20, 24 * 29)):
        with refused("too_many"):
            too_many.check_rate(Limits())


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
    """The vault keeps count: a shorter ledger has fewer entries than openings."""
    ledger = copy.home.ledger_file.read_bytes()
    request = copy.asked()
    before = copy.home.ledger_file.stat().st_size
    copy.opened(request, copy.approved(request, 0, 1))
    assert check_agreement(copy.home, copy.keyring).without_entry == ()
    whole = copy.home.ledger_file.read_bytes()
    assert whole.startswith(ledger)
    copy.home.ledger_file.write_bytes(whole[:before])
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


def test_a_request_by_another_home_opens_no_half(scene: Scene) -> None:
    """Whoever signs it with another key: a custodian's half is bound to this home."""
    request = scene.asked()
    other = Ed25519PrivateKey.from_private_bytes(generate_key())
    public = other.public_key().public_bytes_raw().hex()
    one_time = "09" + "00" * 31
    forged = replace(request, request_public=public, one_time_public=one_time)
    forged = replace(forged, signature=other.sign(forged.canonical()).hex())
    forged.check_signature()
    with refused("not_a_custodian"):
        approve(forged, scene.custodians[0])
    with refused("request_altered"):
        scene.opened(forged, scene.approved(request, 0, 1))


def test_an_epoch_that_has_ended_is_refused(copy: Scene) -> None:
    project_key(copy.keyring, "researcher")
    request = copy.asked(role="researcher")
    approvals = copy.approved(request, 0, 1)
    copy.keyring.rotate("project:researcher")
    with refused("other_epoch"):
        copy.opened(request, approvals)


def test_keys_of_requests_that_nobody_opened_are_destroyed(copy: Scene) -> None:
    request = copy.asked(hours=1)
    later = datetime.now(UTC) + timedelta(hours=73)
    read_records(copy.keyring, later).forget_expired(copy.keyring)
    assert copy.keyring.record(request.key_name).state == "destroyed"


Documents = list[dict[str, Any]]
Leaf = tuple[Any, ...]


@pytest.fixture(scope="module")
def documents(
    scene: Scene, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Documents, Path]:
    """A request and two approvals that would open, as JSON."""
    folder = tmp_path_factory.mktemp("documents")
    request = scene.asked()
    write_request(folder / "0", request)
    for number, approval in enumerate(scene.approved(request, 0, 1), start=1):
        write_approval(folder / str(number), approval)
    return [json.loads((folder / str(n)).read_bytes()) for n in range(3)], folder


def leaves(value: Any, path: Leaf = ()) -> Iterator[Leaf]:
    if isinstance(value, dict):
        for name in value:
            yield from leaves(value[name], (*path, name))
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from leaves(each, (*path, number))
    else:
        yield path


def altered(documents: Documents, *paths: Leaf) -> Documents:
    changed = deepcopy(documents)
    for path in paths:
        holder: Any = changed
        for step in path[:-1]:
            holder = holder[step]
        value = holder[path[-1]]
        if isinstance(value, int):
            holder[path[-1]] = value + 1
        else:
            middle = len(value) // 2
            other = "0" if value[middle : middle + 1] != "0" else "1"
            holder[path[-1]] = value[:middle] + other + value[middle + 1 :]
    return changed


def tried(scene: Scene, documents: Documents, folder: Path) -> str:
    """The code with which these documents are refused, or `opened`."""
    for number, document in enumerate(documents):
        (folder / str(number)).write_text(json.dumps(document))
    try:
        request = read_request(folder / "0")
        approvals = [read_approval(folder / "1"), read_approval(folder / "2")]
        scene.opened(request, approvals)
    except CodedError as error:
        return error.code
    return "opened"


REFUSED = {
    "request_altered",
    "approval_altered",
    "other_request",
    "not_a_custodian",
    "one_custodian",
}


def test_every_field_of_request_and_approvals_counts(
    scene: Scene, documents: tuple[Documents, Path]
) -> None:
    named = len(scene.entries("reidentified"))
    for path in leaves(documents[0]):
        code = tried(scene, altered(documents[0], path), documents[1])
        assert code in REFUSED, path
    assert len(scene.entries("reidentified")) == named


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_any_alteration_is_refused(
    scene: Scene, documents: tuple[Documents, Path], data: st.DataObject
) -> None:
    every = list(leaves(documents[0]))
    paths = data.draw(st.lists(st.sampled_from(every), min_size=1, unique=True))
    assert tried(scene, altered(documents[0], *paths), documents[1]) in REFUSED


def test_the_unaltered_documents_open(
    scene: Scene, documents: tuple[Documents, Path]
) -> None:
    """The control of the two tests above."""
    assert tried(scene, documents[0], documents[1]) == "opened"


@pytest.mark.attack(7)
def test_the_whole_way_on_the_command_line(
    copy: Scene, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A request, two approvals made without a home, an answer, and its reading."""
    made_up = copy.home.operations / "custodians"
    files = {name: str(tmp_path / name) for name in ("key", "request", "a", "b", "out")}
    passphrase = tmp_path / "passphrase"
    passphrase.touch(mode=0o600)
    passphrase.write_bytes(PASSPHRASE)
    asked = tmp_path / "pseudonym"
    asked.touch(mode=0o600)
    asked.write_text(copy.someone + "\n")
    home = ["--home", str(copy.home.root)]
    own = ["--passphrase-file", str(passphrase)]

    def run(*words: str) -> int:
        return main(["reidentify", *words])

    def yes(number: str, out: str) -> int:
        name = f"custodian-{number}"
        return run(
            *("approve", files["request"], "--out", files[out], "--yes"),
            *("--custodian", str(made_up / f"{name}.json")),
            *("--passphrase-file", str(made_up / f"{name}-passphrase")),
        )

    about = ["--purpose", "a safety alert", "--legal-basis", "vital interests"]
    to = ["--recipient", f"{files['key']}.card"]
    subject = ["--pseudonym-file", str(asked)]
    assert run("custodian", "analyst", "--out", files["key"], *own) == 0
    request = ["request", *subject, *about, *to, "--out", files["request"]]
    assert run(*request, *home) == 0
    assert run(*request, *home) == 2  # it is there already
    assert yes("one", "a") == 0
    alone = ["open", files["request"], files["a"], files["a"], "--out", files["out"]]
    assert run(*alone, *home) == 1
    assert not Path(files["out"]).exists()
    assert yes("three", "b") == 0
    both = ["open", files["request"], files["a"], files["b"], "--out", files["out"]]
    assert run(*both, *home) == 0
    told = capsys.readouterr().out
    assert "a safety alert" in told
    assert copy.someone not in told
    assert copy.number not in told
    assert run(*both[:-1], files["out"] + "2", *home) == 1
    assert run("read", files["out"], "--key-file", files["key"], *own, "--json") == 0
    read = json.loads(capsys.readouterr().out)
    assert read["identifiers"][0]["nhs_number"] == copy.number
    assert run("verify", *home) == 0
    agreement = check_agreement(copy.home, copy.keyring)
    assert agreement.entries == agreement.openings
    assert all(Path(path).stat().st_mode & 0o077 == 0 for path in files.values())


def test_a_rotation_of_the_root_changes_nothing_for_custodians(
    copy: Scene, tmp_path: Path
) -> None:
    """What was asked before is void; the vault's count of openings stays."""
    before = copy.asked()
    copy.opened(before, copy.approved(before, 0, 1))
    waiting = copy.asked()
    rotate_root(copy.home, copy.keyring, copy.custodians[0], copy.custodians[2])
    with refused("other_epoch"):
        copy.opened(waiting, copy.approved(waiting, 0, 1))
    after = copy.asked()
    assert after.subject != before.subject
    answer = copy.opened(after, copy.approved(after, 1, 2))
    assert copy.read(answer, tmp_path)["identifiers"] == answer_of(copy.people[0])
    agreement = check_agreement(copy.home, copy.keyring)
    assert agreement.entries == agreement.openings == 2
