"""A project's key: apart from every other, and made anew by nobody in silence."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from small_warehouse import make_home

from parity.access.rekeying import project_key
from parity.home import HomeError
from pseudonymisation.derivation import derive
from pseudonymisation.keys import generate_key

KEY = generate_key()


@pytest.mark.attack(19, 21)
@given(
    words=st.lists(st.text(max_size=8), max_size=4),
    others=st.lists(st.text(max_size=8), max_size=4),
)
@settings(max_examples=200, deadline=None)
def test_two_labels_are_two_keys(words: list[str], others: list[str]) -> None:
    """Arbitrary words, separators and lengths among them."""
    assume(words != others)
    is_shared = derive(KEY, *words) == derive(KEY, *others)
    assert not is_shared


@pytest.mark.attack(19, 21)
@given(
    text=st.text(alphabet="ab:;1t/\x00\u00e9", min_size=1, max_size=12),
    cuts=st.sets(st.integers(min_value=0, max_value=12), max_size=3),
    others=st.sets(st.integers(min_value=0, max_value=12), max_size=3),
)
@settings(max_examples=200, deadline=None)
def test_the_same_letters_cut_elsewhere_are_another_key(
    text: str, cuts: set[int], others: set[int]
) -> None:
    """("ab", "c") and ("a", "bc"), and all their like."""

    def pieces(places: set[int]) -> list[str]:
        ends = [0, *sorted(p for p in places if p < len(text)), len(text)]
        return [text[a:b] for a, b in pairwise(ends)]

    assume(pieces(cuts) != pieces(others))
    is_shared = derive(KEY, *pieces(cuts)) == derive(KEY, *pieces(others))
    assert not is_shared


@pytest.mark.attack(19, 21)
@pytest.mark.parametrize(
    "name", ["researcher:1", "researcher/2", "researcher\x00", "Researcher", "", "t1:a"]
)
def test_no_name_of_a_project_gives_the_key_of_another(name: str) -> None:
    salt = generate_key()
    others = {
        derive(KEY, "project", "researcher", salt=salt),
        derive(KEY, "project", "researcher", name, salt=salt),
        derive(KEY, "project", salt=salt),
        derive(KEY, "warehouse", name, salt=salt),
    }
    is_another = derive(KEY, "project", name, salt=salt) not in others
    assert is_another  # a key is not compared where pytest would print it


@pytest.mark.attack(21)
def test_an_epoch_is_the_version_of_the_projects_key(tmp_path: Path) -> None:
    """Made at first use, kept until it is rotated, another for each project."""
    _, keyring = make_home(tmp_path / "home")
    first = project_key(keyring, "study")
    assert first == project_key(keyring, "study")
    assert first.epoch == 1
    is_shared = first.key == project_key(keyring, "other").key
    assert not is_shared
    keyring.rotate("project:study")
    second = project_key(keyring, "study")
    assert (second.epoch, second.key == first.key) == (2, False)
    is_shown = first.key.hex() in repr(first) or str(first.key) in repr(first)
    assert not is_shown


@pytest.mark.attack(10, 21)
def test_a_destroyed_epoch_is_not_made_again(tmp_path: Path) -> None:
    """The root key alone does not give it, and no build begins another in silence."""
    _, keyring = make_home(tmp_path / "home")
    former = project_key(keyring, "study")
    keyring.destroy("project:study")
    with pytest.raises(HomeError) as refused:
        project_key(keyring, "study")
    assert refused.value.code == "key_destroyed"
    root = keyring.key("root")
    made = {derive(root, "project", "study"), derive(root, "project", "study", "1")}
    is_lost = former.key not in made
    assert is_lost
