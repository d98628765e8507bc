"""How much of an answer of the national check is believed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from parity.home.errors import OptOutError
from parity.home.settings import default_settings
from parity.vault.opt_out.bounds import Change, check_bounds

LIVE = default_settings("live").opt_out
WHOLE = Change(
    asked=10_000,
    withheld=550,
    asked_before=9_000,
    newly_withheld=20,
    newly_permitted=10,
)


def refused(change: Change) -> str:
    with pytest.raises(OptOutError) as caught:
        check_bounds(change, LIVE)
    return caught.value.code


def test_an_answer_like_the_nation_is_believed() -> None:
    check_bounds(WHOLE, LIVE)


@pytest.mark.parametrize("withheld", [1_501, 4_000, 10_000])
def test_an_answer_that_withholds_many_is_not(withheld: int) -> None:
    assert refused(replace(WHOLE, withheld=withheld)) == "opt_out_share"


@pytest.mark.parametrize(("withheld", "permitted"), [(271, 0), (0, 271), (136, 135)])
def test_an_answer_unlike_the_one_before_is_not(withheld: int, permitted: int) -> None:
    """In either direction: a request sent back as it is would permit everybody."""
    change = replace(WHOLE, newly_withheld=withheld, newly_permitted=permitted)
    assert refused(change) == "opt_out_change"


def test_the_bounds_themselves_are_believed() -> None:
    check_bounds(replace(WHOLE, withheld=1_500, newly_withheld=260), LIVE)


@pytest.mark.parametrize("people", [1, 5, 20])
def test_a_few_people_are_believed_in_a_small_home(people: int) -> None:
    few = min(people, LIVE.always_believed)
    check_bounds(Change(people, few, people, few, 0), LIVE)


def test_the_first_answer_is_compared_with_none() -> None:
    check_bounds(Change(10_000, 1_500, 0, 0, 0), LIVE)


def test_a_refusal_counts_and_names_the_way() -> None:
    way = r"ask the sender .* --accept-share"
    with pytest.raises(OptOutError, match=way) as caught:
        check_bounds(replace(WHOLE, withheld=4_000), LIVE)
    assert "4,000 of 10,000 people" in str(caught.value)
    assert caught.value.exit_code == 1
