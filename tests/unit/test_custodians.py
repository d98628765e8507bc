"""Who can open what was sealed: two of three custodians, and nobody else."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from parity.cli.main import main
from parity.home import Home, init, unlock
from parity.home.ledger import Ledger
from parity.home.secret import SecretBytes
from parity.rewriting import document
from parity.vault.custodian_key import (
    Card,
    CustodianKey,
    make_custodian_key,
    open_custodian_key,
    read_card,
    write_card,
)
from parity.vault.custodians import (
    appoint,
    appointed,
    custodians_file,
    half_context,
    made_up_custodians,
    opening_key,
)
from pseudonymisation.encoding import encode
from pseudonymisation.errors import CodedError
from pseudonymisation.passphrase_key import new_cost
from pseudonymisation.sealed_box import public_key
from pseudonymisation.shares import join

PASSPHRASE = SecretBytes(b"a passphrase of nobody")
CHEAP = 2**15


@contextmanager
def refused(*codes: str) -> Iterator[None]:
    with pytest.raises(CodedError) as error:
        yield
    assert error.value.code in codes


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    made = init(tmp_path_factory.mktemp("custodians") / "home", synthetic=True)
    appointed(made, unlock.open_keyring(made))
    return made


@pytest.fixture(scope="module")
def made_up(home: Home) -> list[CustodianKey]:
    return made_up_custodians(home)


@pytest.fixture
def empty(tmp_path: Path) -> Home:
    """A home without custodians yet."""
    return init(tmp_path / "empty", synthetic=True)


def own_file(folder: Path, name: str = "ann") -> Path:
    make_custodian_key(folder / name, name, PASSPHRASE, new_cost(CHEAP))
    return folder / name


def signed_card(key: CustodianKey, **changes: str) -> Card:
    """A card of a custodian's own making."""
    said = asdict(key.card) | changes
    parts = [said[name] for name in ("name", "signing_public", "opening_public")]
    return Card(*parts, key.sign(encode("custodian-card", *parts)).hex())


def test_a_custodians_file_is_the_owners_alone(tmp_path: Path) -> None:
    """It opens with its passphrase, shows no key, and is not taken for its card."""
    path = own_file(tmp_path)
    key = open_custodian_key(path, PASSPHRASE)
    assert path.stat().st_mode & 0o777 == 0o600
    with refused("own_key_file"):
        read_card(path)
    shown = repr(key) + path.read_text()
    for secret in (key.signing, key.opening):
        assert secret.hex() not in shown
        assert repr(secret) not in shown
    write_card(tmp_path / "card", key.card)
    assert read_card(tmp_path / "card") == key.card
    path.chmod(0o640)
    with refused("mode"):
        open_custodian_key(path, PASSPHRASE)


def test_a_wrong_passphrase_and_a_second_file_are_refused(tmp_path: Path) -> None:
    path = own_file(tmp_path)
    with refused("custodian_refused"):
        open_custodian_key(path, SecretBytes(b"another passphrase"))
    with refused("custodian_exists"):
        own_file(tmp_path)


@pytest.mark.parametrize("name", ["", "Ann", "a b", "9a", "ann\n", "a" * 41, "å"])
def test_a_name_is_a_word(tmp_path: Path, name: str) -> None:
    with refused("custodian_name"):
        make_custodian_key(tmp_path / "file", name, PASSPHRASE, new_cost(CHEAP))


def changed(text: str) -> str:
    return ("1" if text[:1] == "0" else "0") + text[1:]


@pytest.mark.attack(15)
@pytest.mark.parametrize(
    "change",
    [
        lambda said: said.update(name="bob"),
        lambda said: said.update(signing_public=changed(said["signing_public"])),
        lambda said: said.update(opening_public=changed(said["opening_public"])),
        lambda said: said.update(signature=changed(said["signature"])),
        lambda said: said.update(wrapped="AAAA" + said["wrapped"][4:]),
        lambda said: said.update(wrapped=7),
        lambda said: said["scrypt"].update(n=2**10),
        lambda said: said["scrypt"].update(salt=changed(said["scrypt"]["salt"])),
        lambda said: said.pop("wrapped"),
    ],
)
def test_an_altered_file_does_not_open(tmp_path: Path, change: Any) -> None:
    path = own_file(tmp_path)
    said = json.loads(path.read_bytes())
    change(said)
    path.write_text(json.dumps(said))
    with refused("custodian_refused"):
        open_custodian_key(path, PASSPHRASE)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"name": 1}', '"ann"', "\xff", '{"name": "ann"}']
)
def test_what_is_no_card_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "card"
    path.write_text(text, encoding="latin-1")
    with refused("custodian_card"):
        read_card(path)


def test_a_card_of_anothers_keys_is_refused(made_up: list[CustodianKey]) -> None:
    """It is signed by the key that it shows: nobody has a card of a borrowed key."""
    one, other = made_up[0].card, made_up[1].card
    for change in ({"name": "me"}, {"opening_public": other.opening_public}):
        with refused("custodian_card"):
            replace(one, **change)
    with refused("custodian_card"):
        replace(one, signature=one.signature.upper())


@pytest.mark.parametrize(("one", "other"), [(0, 1), (1, 0), (0, 2), (2, 1)])
def test_any_two_custodians_have_the_opening_key(
    home: Home, made_up: list[CustodianKey], one: int, other: int
) -> None:
    """In whatever order they come."""
    custodians = appointed(home, unlock.open_keyring(home))
    private = opening_key(custodians, made_up[one], made_up[other])
    assert public_key(private) == custodians.opening_public


def test_one_custodian_alone_has_not(home: Home, made_up: list[CustodianKey]) -> None:
    """Not twice, not with all that was sealed to one, not with another's boxes."""
    custodians = appointed(home, unlock.open_keyring(home))
    one = made_up[0]
    with refused("one_custodian"):
        opening_key(custodians, one, one)
    own = []
    for name, box in custodians.halves.items():
        public = (custodians.opening_public, custodians.request_public)
        context = half_context(name, *public)
        if name[2] == one.card.name:
            own.append(one.open(box, context))
            with refused("envelope_refused"):
                one.open(box, half_context(name, public[0], public[0]))
        else:
            with refused("envelope_refused"):
                one.open(box, context)
    assert len(own) == 2
    for first, second in itertools.product(own, repeat=2):
        with refused("share_refused"):
            join(first, second)


def test_a_stranger_with_a_custodians_name_has_not(
    home: Home, made_up: list[CustodianKey], tmp_path: Path
) -> None:
    custodians = appointed(home, unlock.open_keyring(home))
    name = made_up[1].card.name
    stranger = open_custodian_key(own_file(tmp_path, name), PASSPHRASE)
    with refused("not_a_custodian"):
        opening_key(custodians, made_up[0], stranger)


def test_custodians_are_appointed_once(home: Home, made_up: list[CustodianKey]) -> None:
    with refused("custodians_appointed"):
        appoint(home, unlock.open_keyring(home), [key.card for key in made_up])


@pytest.mark.attack(15)
def test_three_different_people_are_appointed(
    empty: Home, made_up: list[CustodianKey]
) -> None:
    """Not two, not one twice, not one under two names, none whose key hides nothing."""
    one, two, three = (key.card for key in made_up)
    again = signed_card(made_up[0], name="somebody-else")
    half = signed_card(made_up[2], opening_public=one.opening_public)
    open_to_all = signed_card(made_up[2], opening_public="00" * 32)
    chosen: list[Sequence[Card]] = [[one, two], [one, two, two], [one, two, again]]
    chosen += [[one, two, half], [one, two, three, again], [one, two, open_to_all]]
    keyring = unlock.open_keyring(empty)
    for cards in chosen:
        with refused("custodians_three", "public_key"):
            appoint(empty, keyring, cards)
    assert not custodians_file(empty).exists()
    appoint(empty, keyring, [one, two, three])


def test_the_file_of_custodians_is_sealed(empty: Home) -> None:
    keyring = unlock.open_keyring(empty)
    appointed(empty, keyring)
    path = custodians_file(empty)
    whole = path.read_bytes()
    said = json.loads(whole)
    for name in said.keys() - {"format"}:
        altered = dict(said)
        altered[name] = said[name][::-1]
        path.write_text(json.dumps(altered))
        with refused("custodians_altered"):
            appointed(empty, keyring)
    path.write_bytes(whole)
    appointed(empty, keyring)
    path.unlink()
    with refused("custodians_lost"):
        appointed(empty, keyring)


@pytest.mark.attack(34)
def test_an_appointment_that_is_cut_off_is_finished_or_forgotten(
    empty: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the ledger's entry nobody was appointed; after it they were."""

    def dies(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    keyring = unlock.open_keyring(empty)
    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "append", dies)
        with pytest.raises(KeyboardInterrupt):
            appointed(empty, keyring)
    with monkeypatch.context() as patch:
        patch.setattr(document, "put_in_place", dies)
        with pytest.raises(KeyboardInterrupt):
            appointed(empty, keyring)
    assert not custodians_file(empty).exists()
    custodians = appointed(empty, keyring)
    assert custodians_file(empty).exists()
    private = opening_key(custodians, *made_up_custodians(empty)[:2])
    assert public_key(private) == custodians.opening_public


def test_a_live_home_takes_nothing_in_before_its_custodians_are_appointed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The file stays where it is; the words say what to do."""
    root, secret = tmp_path / "live", tmp_path / "passphrase"
    secret.touch(mode=0o600)
    secret.write_bytes(PASSPHRASE.reveal())
    own = ["--home", str(root), "--passphrase-file", str(secret)]
    assert main(["init", *own]) == 0
    assert "parity reidentify appoint" in capsys.readouterr().out
    sent = root / "landing" / "inbox" / "ZZ1_2025-04_primary"
    sent.mkdir()
    (sent / "IDS000Header.csv").write_text("DatSetVer\n2.1\n")
    assert main(["submit", str(sent), *own]) == 2
    assert "parity reidentify appoint" in capsys.readouterr().err
    assert [path.name for path in sent.iterdir()] == ["IDS000Header.csv"]
    with refused("not_made_up"):
        made_up_custodians(Home.find(root))

    cards = []
    for name in ("ann", "bob", "cem"):
        key = tmp_path / f"{name}.json"
        arguments = ["--out", str(key), "--passphrase-file", str(secret)]
        assert main(["reidentify", "custodian", name, *arguments]) == 0
        cards.append(str(key) + ".card")
    assert main(["reidentify", "appoint", *cards[:2], cards[1], *own]) == 2
    assert main(["reidentify", "appoint", *cards, *own]) == 0
    assert main(["reidentify", "appoint", *cards, *own]) == 2
    assert main(["submit", str(sent), *own]) == 1  # it is read now, and is no good
