"""A new epoch: every pseudonym is another, and nothing else is.

The home rotates with its submissions deleted. What must have become of each pseudonym
is worked out apart, from the vault's tokens by the one-value reference.
"""

from __future__ import annotations

import shutil
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from uuid import UUID, uuid4

import polars as pl
import pytest
from conftest import open_keyring, submit_file
from rotation_scene import (
    Filled,
    Keys,
    Store,
    copy_of,
    hidden_map,
    identities_in,
    identities_in_files,
    keys_given,
    links_of,
    opened_by,
    read_store,
    renamed,
    shared_home,
    tokens_of,
)
from test_idempotence import MODELS

from parity.access import build_package, current_package, verify_package
from parity.access.errors import AccessError
from parity.cli.main import main
from parity.home import Home, HomeError
from parity.home.encrypted_database import attach_encrypted, connect
from parity.home.keyring import Keyring
from parity.publication.monthly import publish_month
from parity.rewriting import RewritingError
from parity.rotation.epoch import rotate_epoch
from parity.rotation.files import renew_package, rotate_file
from parity.specification import load
from parity.warehouse.build import build
from parity.warehouse.landed import Arrival, LandedError, LandedStore

ROLE = "researcher"


@dataclass(frozen=True)
class Snapshot:
    """A home's stores at one moment, with the keys of that moment."""

    keys: Keys = field(repr=False)
    landed: Store = field(repr=False)
    warehouse: Store = field(repr=False)
    package: Store = field(repr=False)
    aside: Path

    @property
    def pseudonyms(self) -> set[UUID]:
        """Every pseudonym that has landed."""
        tokens = tokens_of(
            self.aside / "vault.duckdb", self.keys.files["vault"], self.aside / "spill"
        )
        return set(hidden_map(tokens, self.keys, self.keys))


@dataclass(frozen=True)
class Rotated:
    """A home whose epoch was rotated, and what it held before and after."""

    home: Home
    keyring: Keyring = field(repr=False)
    before: Snapshot
    after: Snapshot
    hidden: dict[UUID, UUID] = field(repr=False)
    sent: list[Path]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Filled:
    return shared_home(tmp_path_factory)


def snapshot(home: Home, keyring: Keyring, aside: Path) -> Snapshot:
    keys = Keys.of(keyring)
    shutil.copytree(home.vault, aside)
    for file in (home.landed_file, home.warehouse_file):
        shutil.copy(file, aside)
    package = current_package(home, ROLE).file
    shutil.copy(package, aside)
    package_key = keyring.key(f"package:{ROLE}")
    spill = home.spill
    return Snapshot(
        keys,
        read_store(home.landed_file, keys.files["landed"], spill),
        read_store(home.warehouse_file, keys.files["warehouse"], spill),
        read_store(package, package_key, spill),
        aside,
    )


@pytest.fixture(scope="module")
def rotated(shared: Filled) -> Rotated:
    aside = shared.sent.parent
    home = copy_of(shared.home, aside / "rotated")
    keyring = open_keyring(home)
    build(home, keyring, select=MODELS)
    build_package(home, keyring, ROLE)
    publish_month(home, keyring, date(2025, 1, 1))
    before = snapshot(home, keyring, aside / "aside")
    for folder in (home.landing_sealed, home.landing_inbox, home.landing_quarantine):
        shutil.rmtree(folder)
        folder.write_bytes(b"")  # whoever opens the folder finds none
    assert main(["keys", "rotate", "epoch", "--home", str(home.root)]) == 0
    gone = [home.warehouse_file, *home.packages.iterdir(), *home.spill.iterdir()]
    assert [path for path in gone if path.exists()] == []
    for folder in (home.landing_sealed, home.landing_inbox, home.landing_quarantine):
        folder.unlink()
        folder.mkdir(mode=0o700)
    build(home, keyring, select=MODELS)
    build_package(home, keyring, ROLE)
    publish_month(home, keyring, date(2025, 1, 1))
    after = snapshot(home, keyring, aside / "aside after")
    tokens = tokens_of(home.vault_file, keyring.key("vault"), home.spill)
    hidden = hidden_map(tokens, before.keys, after.keys)
    return Rotated(home, keyring, before, after, hidden, shared.submissions)


@pytest.mark.attack(24)
def test_the_landed_rows_are_the_same_under_other_pseudonyms(rotated: Rotated) -> None:
    """Whole tables under the hidden map, so that joins are the same too."""
    expected = dict(renamed(rotated.before.landed, rotated.hidden, rotated.hidden))
    [meta] = [name for name in expected if name.startswith("receipts.parity_meta(")]
    assert expected.pop(meta) == Counter({(1,): 1})
    found = dict(rotated.after.landed)
    assert found.pop(meta) == Counter({(2,): 1})
    assert found == expected
    assert sum(rows.total() for rows in found.values()) > 1000


@pytest.mark.attack(24)
def test_the_hidden_map_is_one_to_one(rotated: Rotated) -> None:
    assert len(set(rotated.hidden.values())) == len(rotated.hidden) > 300
    assert not set(rotated.hidden) & set(rotated.hidden.values())


@pytest.mark.attack(24)
def test_every_mart_is_the_same_under_other_pseudonyms(rotated: Rotated) -> None:
    expected = renamed(rotated.before.warehouse, rotated.hidden, rotated.hidden)
    found = rotated.after.warehouse
    assert found.keys() == expected.keys()
    assert [name for name in found if found[name] != expected[name]] == []
    assert len(found) > 30


@pytest.mark.attack(24, control=True)
def test_the_comparison_sees_two_persons_exchanged(rotated: Rotated) -> None:
    links = links_of(rotated.before.landed)
    one, other, *_ = sorted(set(links.values()))
    spoilt = rotated.hidden | {
        one: rotated.hidden[other],
        other: rotated.hidden[one],
    }
    expected = renamed(rotated.before.landed, spoilt, spoilt)
    assert rotated.after.landed != expected


@pytest.mark.attack(10, 21, 24)
def test_no_former_pseudonym_is_anywhere(rotated: Rotated) -> None:
    former = rotated.before.pseudonyms
    for store in (rotated.after.landed, rotated.after.warehouse, rotated.after.package):
        assert identities_in(store, former) == 0
    assert identities_in_files(rotated.home.root, former) == []


@pytest.mark.attack(10, 21, 24, control=True)
def test_a_former_pseudonym_would_be_found(rotated: Rotated, tmp_path: Path) -> None:
    former = rotated.before.pseudonyms
    assert identities_in(rotated.before.landed, former) == len(former) > 300
    one, other, third = sorted(former)[:3]
    (tmp_path / "text").write_text(f"x{str(one).upper()}x")
    (tmp_path / "hex").write_text(f"x{third.hex}x")
    (tmp_path / "bytes").write_bytes(b"x" + other.bytes)
    (tmp_path / "nothing").write_text(str(uuid4()))
    assert identities_in_files(tmp_path, former) == ["bytes", "hex", "text"]


@pytest.mark.attack(21)
def test_a_package_of_each_epoch_share_nobody(rotated: Rotated) -> None:
    """Same people and values; no project pseudonym of the former package is left."""
    before, after = rotated.before.package, rotated.after.package
    former = {v for r in before.values() for row in r for v in row if type(v) is UUID}
    fresh = {v for r in after.values() for row in r for v in row if type(v) is UUID}
    assert len(former) == len(fresh) > 50
    assert not former & fresh
    blank = dict.fromkeys(former | fresh, UUID(int=0))
    tables = {name for name in before if "parity_meta" not in name}
    assert {n: renamed(before, blank, blank)[n] for n in tables} == {
        n: renamed(after, blank, blank)[n] for n in tables
    }
    verify_package(rotated.home, rotated.keyring, ROLE)


@pytest.mark.attack(10)
def test_the_former_files_open_with_no_key_of_the_home(rotated: Rotated) -> None:
    """Landed store, warehouse and package of before, kept aside by a thief."""
    keys = keys_given(rotated.keyring)
    assert len(keys) > 8
    for name in ("landed", "warehouse", "package"):
        path = rotated.before.aside / f"{name}.duckdb"
        assert opened_by(path, keys, rotated.home.spill) == 0


@pytest.mark.attack(10, control=True)
def test_the_former_files_opened_with_their_own_key(rotated: Rotated) -> None:
    path = rotated.before.aside / "landed.duckdb"
    keys = [*keys_given(rotated.keyring), rotated.before.keys.files["landed"]]
    assert opened_by(path, keys, rotated.home.spill) == 1


@pytest.mark.attack(24)
def test_the_former_epoch_cannot_be_used_again(rotated: Rotated) -> None:
    keyring, home = rotated.keyring, rotated.home
    with pytest.raises(HomeError) as refused:
        keyring.key_to_read("epoch", 1)
    assert refused.value.code == "key_destroyed"
    assert keyring.version("epoch") == 2
    arrival = Arrival(
        submission_id=uuid4(),
        provider_code="ZZ1",
        reporting_month=date(2025, 3, 1),
        reporting_period_end_date=date(2025, 3, 31),
        submission_kind="primary",
        data_set_version="2.1",
        received_at=datetime(2025, 4, 20),  # noqa: DTZ001  as the store holds it
        pseudonym_epoch=rotated.before.keys.identifier_keys.epoch,
    )
    specification = load("2.1")
    key, empty = keyring.key("landed"), pl.DataFrame()
    with LandedStore.open(home.landed_file, key, home.spill, specification) as store:  # noqa: SIM117
        with pytest.raises(LandedError) as refused_landing:
            store.land(arrival, {}, empty, empty, empty, empty)
    assert refused_landing.value.code == "another_epoch"
    assert read_store(home.landed_file, key, home.spill) == rotated.after.landed


@pytest.mark.attack(24)
def test_the_next_submission_knows_everybody_again(
    rotated: Rotated, shared: Filled, tmp_path: Path
) -> None:
    """It lands as it would have under the former epoch; one sent again is known."""
    home = copy_of(rotated.home, tmp_path / "next")
    keyring = open_keyring(home)
    other = copy_of(shared.home, tmp_path / "never rotated")
    for each in (home, other):
        submitted = submit_file(each, open_keyring(each), rotated.sent[-1])
        assert submitted.state == "accepted"
    assert submit_file(home, keyring, rotated.sent[0]).state == "replayed"
    never = read_store(
        other.landed_file, open_keyring(other).key("landed"), other.spill
    )
    tokens = tokens_of(home.vault_file, keyring.key("vault"), home.spill)
    hidden = hidden_map(tokens, rotated.before.keys, rotated.after.keys)
    expected = dict(renamed(never, hidden, hidden))
    found = dict(read_store(home.landed_file, keyring.key("landed"), home.spill))
    for store in (found, expected):
        for name in [n for n in store if "receipts." in n and "person_link" not in n]:
            store.pop(name)  # receipts tell of the replay too
    assert found == expected


@pytest.mark.attack(24)
def test_a_pseudonym_without_a_token_stops_everything(
    shared: Filled, tmp_path: Path
) -> None:
    home = copy_of(shared.home, tmp_path / "hole")
    keyring = open_keyring(home)
    before = read_store(home.landed_file, keyring.key("landed"), home.spill)
    with connect(home.spill) as connection:
        attach_encrypted(connection, home.vault_file, "vault", keyring.key("vault"))
        connection.execute(
            "delete from vault.identifier where token in (select token "
            "from vault.identifier where domain = 'care_contact' limit 3)"
        )
    with pytest.raises(RewritingError, match="3 pseudonyms have no token") as refused:
        rotate_epoch(home, keyring)
    assert refused.value.code == "pseudonyms_unknown"
    assert read_store(home.landed_file, keyring.key("landed"), home.spill) == before
    assert keyring.version("epoch") == 1


@pytest.mark.attack(10)
def test_each_file_under_another_key(rotated: Rotated, tmp_path: Path) -> None:
    """The same rows; the file as it was opens with no key that the home gives."""
    home = copy_of(rotated.home, tmp_path / "files")
    keyring = open_keyring(home)
    files = {
        "landed": home.landed_file,
        "vault": home.vault_file,
        "warehouse": home.warehouse_file,
    }
    for name, path in files.items():
        aside = tmp_path / f"{name}.duckdb"
        shutil.copy(path, aside)
        before = read_store(path, keyring.key(name), home.spill)
        assert main(["keys", "rotate", name, "--home", str(home.root)]) == 0
        assert read_store(path, keyring.key(name), home.spill) == before
        with pytest.raises(HomeError) as gone:
            keyring.key_to_read(name, keyring.version(name) - 1)
        assert gone.value.code == "key_destroyed"
        assert opened_by(aside, keys_given(keyring), home.spill) == 0
    rotate_file(home, keyring, "warehouse")
    verify_package(home, keyring, ROLE)


@pytest.mark.attack(10, 21)
def test_a_package_under_another_key_and_of_another_epoch(
    rotated: Rotated, tmp_path: Path
) -> None:
    home = copy_of(rotated.home, tmp_path / "packages")
    keyring = open_keyring(home)
    before = rotated.after.package

    def package() -> Store:
        file = current_package(home, ROLE).file
        return read_store(file, keyring.key(f"package:{ROLE}"), home.spill)

    aside = tmp_path / "package.duckdb"
    shutil.copy(current_package(home, ROLE).file, aside)
    renew_package(home, keyring, ROLE, new_epoch=False)
    assert package() == before
    assert opened_by(aside, keys_given(keyring), home.spill) == 0

    former = {v for r in before.values() for row in r for v in row if type(v) is UUID}
    assert main(["keys", "rotate", f"project:{ROLE}", "--home", str(home.root)]) == 0
    assert identities_in(package(), former) == 0
    verify_package(home, keyring, ROLE)
    with pytest.raises(AccessError):
        renew_package(home, keyring, "provider_analyst", new_epoch=False)
