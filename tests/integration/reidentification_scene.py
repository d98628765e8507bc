"""A small home to ask re-identification of, and what its tests say and expect.

What belongs here: a caseload in which people with and without a number are known, its
custodians, a recipient. One home serves every file of tests of a process: a test that
changes more than the ledger's length takes a copy.
"""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from conftest import filled_home, made_home, open_keyring

from parity.access.rekeying import project_key
from parity.home import Home
from parity.home.secret import SecretBytes
from parity.home.unlock import Keyring
from parity.synthetic import synthesise
from parity.vault import identifier_keys
from parity.vault.custodian_key import (
    CustodianKey,
    make_custodian_key,
    open_custodian_key,
)
from parity.vault.custodians import made_up_custodians
from parity.vault.reidentification.answer import read_answer, write_answer
from parity.vault.reidentification.approval import Approval, approve
from parity.vault.reidentification.asking import Terms, ask
from parity.vault.reidentification.opening import open_request
from parity.vault.reidentification.records import Limits
from parity.vault.reidentification.request import Recipient, Request
from pseudonymisation.errors import CodedError
from pseudonymisation.keyed_hash import pseudonym, token, uuid_text
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

    def someone_in(self, role: str) -> str:
        """As the role's package calls the same person."""
        key = project_key(self.keyring, role).key
        raw = UUID(self.someone).bytes
        return uuid_text(pseudonym(key, "project-pseudonym", raw))

    @property
    def number(self) -> str:
        return self.people[0]["NHSNumber"]

    def asked(
        self,
        subject: str | None = None,
        recipient: Recipient | None = None,
        role: str | None = None,
        **terms: Any,
    ) -> Request:
        known = Terms("a safety alert", "vital interests", 24)
        return ask(
            self.home,
            self.keyring,
            self.someone if subject is None else subject,
            replace(known, **terms),
            recipient or self.to,
            role,
        )

    def approved(self, request: Request, *who: int) -> list[Approval]:
        """Each names the next as the other; one alone names the first of the rest."""
        others = (*who[1:], who[0]) if len(who) > 1 else (int(who == (0,)),)
        return [
            approve(request, self.custodians[one], self.custodians[other].card.name)
            for one, other in zip(who, others, strict=False)
        ]

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


def shared_scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    """Made once for a process, whichever files of tests use it."""
    return _made(tmp_path_factory.getbasetemp() / "reidentification")


@cache
def _made(root: Path) -> Scene:
    root.mkdir()
    raw = root / "sent"
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
    home = made_home(root / "home", raw / "reference")
    keyring = filled_home(home, [first, second])
    pristine = root / "pristine"
    shutil.copytree(home.root, pristine)
    others = [row for local, row in people.items() if local not in (bare, both)]
    return Scene(
        home,
        pristine,
        keyring,
        made_up_custodians(home),
        own_key(root, "recipient"),
        tuple(with_provider(first, row) for row in others),
        with_provider(first, people[bare]),
        with_provider(first, people[both]),
    )


def copy_of(scene: Scene, folder: Path) -> Scene:
    """The same in a home of its own, for what changes it."""
    shutil.copytree(scene.pristine, folder / "home")
    home = Home.find(folder / "home")
    return replace(scene, home=home, keyring=open_keyring(home))


@contextmanager
def refused(code: str) -> Iterator[None]:
    with pytest.raises(CodedError) as error:
        yield
    assert error.value.code == code
