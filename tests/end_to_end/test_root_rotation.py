"""A new root: two custodians, and no token or pseudonym is what it was.

What must have become of each pseudonym is read off the landed rows by their place: that
map must be one to one and hold for whole tables.
"""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path
from uuid import UUID

import polars as pl
import pytest
from conftest import open_keyring, submit_file
from rotation_scene import (
    Filled,
    Keys,
    Store,
    copy_of,
    identities_in,
    identities_in_files,
    keys_given,
    links_of,
    opened_by,
    read_store,
    renamed,
    shared_home,
)

from parity.cli.main import main
from parity.home import Home
from parity.home.private_files import write_private
from parity.home.settings import settings_file
from parity.rotation.root import rotate_root
from parity.vault.custodians import made_up_custodians
from parity.vault.erasure.erase import erase
from parity.vault.errors import VaultError
from parity.vault.opt_out.exchange import Control, write_control
from parity.vault.opt_out.gate import hold_gate
from parity.vault.opt_out.load import load_answer
from parity.vault.opt_out.request import make_request

_ASIDE = "vault of the former root"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Filled:
    return shared_home(tmp_path_factory)


@pytest.fixture(scope="module")
def new_root(shared: Filled) -> tuple[Home, Store, Store, Keys]:
    """Two custodians renewed the root: landed store before and after, former keys."""
    home = copy_of(shared.home, shared.sent.parent / "new root")
    keyring = open_keyring(home)
    before = read_store(home.landed_file, keyring.key("landed"), home.spill)
    keys = Keys.of(keyring)
    shutil.copy(home.vault_file, shared.sent.parent / _ASIDE)
    assert main(["keys", "rotate", "root", "--home", str(home.root)]) == 0
    after = read_store(home.landed_file, keyring.key("landed"), home.spill)
    return home, before, after, keys


@pytest.mark.attack(24)
def test_a_new_root_changes_every_pseudonym_and_no_value(
    new_root: tuple[Home, Store, Store, Keys],
) -> None:
    """The landed rows are matched by their place; the map that this gives is one to one
    and holds for whole tables. Persons are the same groups of records."""
    home, before, after, _ = new_root
    hidden: dict[UUID, UUID] = {}
    for name, rows in before.items():
        if name.startswith("receipts."):
            continue
        placed = {row[:2]: row for row in after[name]}
        for row in rows:
            for old, new in zip(row, placed[row[:2]], strict=True):
                if type(old) is UUID and old != row[0]:
                    assert hidden.setdefault(old, new) == new  # type: ignore[arg-type]
    assert len(set(hidden.values())) == len(hidden) > 200
    assert not set(hidden) & set(hidden.values())
    landed = [name for name in before if not name.startswith("receipts.")]
    expected = renamed(before, hidden, hidden)
    assert {n: after[n] for n in landed} == {n: expected[n] for n in landed}

    persons = {}
    links = links_of(after)
    for known, person in links_of(before).items():
        assert persons.setdefault(person, links[hidden[known]]) == links[hidden[known]]
    assert len(set(persons.values())) == len(persons)
    assert identities_in(after, set(hidden)) == 0
    assert identities_in_files(home.root, set(hidden)) == []


@pytest.mark.attack(10, 24)
def test_a_new_root_leaves_no_former_key_and_no_former_token(
    new_root: tuple[Home, Store, Store, Keys], shared: Filled
) -> None:
    home, _, _, keys = new_root
    keyring = open_keyring(home)
    for name in ("root", "linkage", "epoch", "vault", "landed"):
        assert keyring.record(name, 1).state == "destroyed"
    aside = shared.sent.parent / _ASIDE
    former = read_store(aside, keys.files["vault"], home.spill)
    fresh = read_store(home.vault_file, keyring.key("vault"), home.spill)
    tokens = {v for rows in former.values() for row in rows for v in row if _long(v)}
    left = {v for rows in fresh.values() for row in rows for v in row if _long(v)}
    assert len(tokens) > 500
    assert not tokens & left
    assert opened_by(aside, keys_given(keyring), home.spill) == 0


@pytest.mark.attack(24)
def test_after_a_new_root_submissions_are_known_and_joined_as_before(
    new_root: tuple[Home, Store, Store, Keys],
    shared: Filled,
    tmp_path: Path,
) -> None:
    """The next one lands; as many persons of as many records as without a rotation.
    And the vault, sealed anew, can be renewed once more."""
    first, *_, last = shared.submissions
    sizes = []
    for number, each in enumerate((new_root[0], shared.home)):
        home = copy_of(each, tmp_path / str(number))
        keyring = open_keyring(home)
        assert submit_file(home, keyring, first).state == "replayed"
        assert submit_file(home, keyring, last).state == "accepted"
        landed = read_store(home.landed_file, keyring.key("landed"), home.spill)
        sizes.append(sorted(Counter(links_of(landed).values()).values()))
    assert sizes[0] == sizes[1]
    again = Home.find(tmp_path / "0")
    keyring = open_keyring(again)
    one, _, other = made_up_custodians(again)
    counts = rotate_root(again, keyring, one, other)
    assert counts["landed_rows"] > 1000
    assert keyring.version("root") == 3


def keep_some_out(home: Home, persons: pl.DataFrame, tmp_path: Path) -> None:
    """One opts out and one is erased, both with NHS numbers."""
    keyring = open_keyring(home)
    write_private(settings_file(home), b'[opt_out]\ngate = "required"\n')
    request = make_request(home, keyring, tmp_path / "request")
    numbers = request.data.read_text().splitlines(keepends=True)
    write_private(request.data, "".join(numbers[:-1]).encode())
    write_control(request.control, Control(request.request, len(numbers) - 1))
    load_answer(home, keyring, request.data)
    assert hold_gate(home, keyring).gone == 1
    out = numbers[-1].rstrip(",\n")
    known = set(persons["NHSNumber"].drop_nulls()) & {n.rstrip(",\n") for n in numbers}
    erased = min(known - {out})
    erase(home, keyring, f'nhs_number = "{erased}"'.encode(), "request", dry_run=False)


@pytest.mark.attack(24)
def test_who_is_kept_out_stays_out_under_a_new_root(
    shared: Filled, tmp_path: Path
) -> None:
    """Opted out or erased before the rotation, and sent again after it."""
    last = shared.submissions[-1]
    persons = pl.read_csv(last / "IDS001MPI.csv", infer_schema=False)
    home = copy_of(shared.home, tmp_path / "never rotated")
    keep_some_out(home, persons, tmp_path)
    root = copy_of(home, tmp_path / "new root")
    assert main(["keys", "rotate", "root", "--home", str(root.root)]) == 0
    assert main(["keys", "rotate", "epoch", "--home", str(root.root)]) == 0
    landed = []
    for each in (home, root):
        keyring = open_keyring(each)
        receipt = submit_file(each, keyring, last)
        assert receipt.state == "accepted"
        found = read_store(each.landed_file, keyring.key("landed"), each.spill)
        sizes = Counter(links_of(found).values())
        rows = {name: table.total() for name, table in found.items()}
        request = make_request(each, keyring, tmp_path / f"again {each.root.name}")
        landed.append((rows, sorted(sizes.values()), request.data.read_text()))
    assert landed[0] == landed[1]
    never = copy_of(shared.home, tmp_path / "nobody out")
    submit_file(never, open_keyring(never), last)
    key = open_keyring(never).key("landed")
    everybody = read_store(never.landed_file, key, never.spill)
    assert len(links_of(everybody)) > sum(landed[1][1])


@pytest.mark.attack(10)
def test_one_custodian_renews_no_root(shared: Filled) -> None:
    keyring = open_keyring(shared.home)
    one, *_ = made_up_custodians(shared.home)
    with pytest.raises(VaultError) as refused:
        rotate_root(shared.home, keyring, one, one)
    assert refused.value.code == "one_custodian"
    assert keyring.version("root") == 1


def _long(value: object) -> bool:
    """Tokens, sealed messages and public keys; no short or repeated value."""
    return type(value) is bytes and len(value) >= 32
