"""An identifier in a field that is kept as sent stops the submission, by place only."""

from __future__ import annotations

import pytest
from vault_support import ANN, BOB, land, person, submission

from parity.vault.errors import RecordRefused

POSTCODE = "ZZ99 3AA"


def complaint(code: str) -> dict[str, str | None]:
    return {"ServiceRequestId": "R1", "FindSchemeInUse": "02", "PresComp": code}


@pytest.mark.attack(23)
@pytest.mark.parametrize(
    "code", [ANN, "999 000 0018", "-9990000018", POSTCODE, "zz993aa"]
)
def test_an_identifier_of_the_submission_elsewhere_is_refused(code: str) -> None:
    sent = submission(
        IDS001MPI=[person("P1", ANN, Postcode=POSTCODE)],
        IDS603PresentingComplaints=[complaint("F321"), complaint(code)],
    )
    with pytest.raises(RecordRefused) as caught:
        land(sent)
    assert caught.value.code == "identifier_in_another_field"
    assert (caught.value.field, caught.value.row_number) == ("PresComp", 2)
    assert code not in str(caught.value)


@pytest.mark.attack(23, control=True)
@pytest.mark.parametrize("code", ["F321", "83482000", BOB])
def test_other_codes_pass(code: str) -> None:
    """A number of nobody in the submission is a code like any other."""
    sent = submission(
        IDS001MPI=[person("P1", ANN, Postcode=POSTCODE)],
        IDS603PresentingComplaints=[complaint(code)],
    )
    land(sent)
