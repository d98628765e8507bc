"""The name of a submission, and only it, says what it was sent for."""

from datetime import date

import pytest

from parity.intake.errors import IntakeError
from parity.intake.slot import Slot


@pytest.mark.parametrize("ending", ["", ".mdb", ".accdb", ".MDB"])
def test_a_name_says_provider_month_and_kind(ending: str) -> None:
    slot = Slot.from_name(f"ZZ1_2024-02_refresh{ending}")

    assert slot == Slot("ZZ1", date(2024, 2, 1), "refresh")
    assert slot.name == "ZZ1_2024-02_refresh"
    assert (slot.period_start, slot.period_end) == (date(2024, 2, 1), date(2024, 2, 29))


@pytest.mark.attack(28)
@pytest.mark.parametrize(
    "name",
    [
        "ZZ1_2024-13_primary",
        "ZZ1_2024-1_primary",
        "zz1_2024-01_primary",
        "ZZ1_2024-01_final",
        "ZZ1_2024-01_primary.zip",
        "ZZ1_2024-01_primary\n",
        "../ZZ1_2024-01_primary",
        "ZZ1'; drop table a;--_2024-01_primary",
        "ZZ1_٢٠٢٤-01_primary",
        "",
    ],
)
def test_another_name_is_refused_without_being_repeated(name: str) -> None:
    with pytest.raises(IntakeError) as refused:
        Slot.from_name(name)

    assert refused.value.code == "PARITY-NAME"
    assert not name or name not in str(refused.value)
