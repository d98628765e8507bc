"""What the vault does not know it does not let through."""

from __future__ import annotations

from dataclasses import replace

import pytest
from vault_support import SPECIFICATION

from parity.vault.derived_columns import derived
from parity.vault.errors import VaultError
from parity.vault.treatments import treated

PERSONS = SPECIFICATION.tables["IDS001MPI"]
REFERRALS = SPECIFICATION.tables["IDS101Referral"]


@pytest.mark.parametrize(
    "treatment",
    ["drop", "generalise:age", "generalise:area", "generalise:x", "", "kept"],
)
def test_unknown_treatment(treatment: str) -> None:
    """A misspelt or dropping treatment never keeps a field."""
    field = replace(PERSONS.fields[0], treatment=treatment)
    with pytest.raises(VaultError, match="unknown_treatment"):
        treated(field)


@pytest.mark.parametrize(
    "derivation", ["", "person", "age_at:IDS201CareContact.CareContDate"]
)
def test_unknown_derivation(derivation: str) -> None:
    """Nor does a derivation that is not known, or an age at another row's day."""
    column = replace(REFERRALS.derived[0], derivation=derivation)
    with pytest.raises(VaultError, match="unknown_derivation"):
        derived(column, SPECIFICATION, {})
