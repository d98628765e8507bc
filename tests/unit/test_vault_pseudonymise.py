"""The door: what lands, what does not, and who is who."""

from __future__ import annotations

import hmac
import time
from collections import Counter
from uuid import UUID

import polars as pl
import pytest
from vault_support import (
    ANN,
    BOB,
    KEYS,
    SPECIFICATION,
    Rows,
    column,
    land,
    new_keys,
    person,
    submission,
)

from parity.intake.errors import IntakeError
from parity.intake.slot import Slot
from parity.vault.errors import RecordRefused
from parity.vault.evidence import EVIDENCE_DOMAIN
from parity.vault.identifier_keys import IdentifierKeys
from pseudonymisation.canonical import nhs_number
from pseudonymisation.encoding import encode
from pseudonymisation.errors import IdentifierRefused, KeyRefused
from pseudonymisation.keyed_hash import pseudonym, token, uuid_text
from pseudonymisation.keys import generate_key

PERSONS, REFERRALS, CONTACTS = "IDS001MPI", "IDS101Referral", "IDS201CareContact"

POLARS_TYPES = {
    "VARCHAR": pl.String,
    "UUID": pl.String,
    "INTEGER": pl.Int32,
    "BOOLEAN": pl.Boolean,
    "DATE": pl.Date,
    "TIME": pl.Time,
    "TIMESTAMP": pl.Datetime("us"),
}


def test_every_table_has_exactly_its_landed_columns() -> None:
    """Names, order and types, filled or not; no identifier's column among them."""
    landed = land(submission())
    assert landed.tables.keys() == SPECIFICATION.tables.keys()
    for name, table in SPECIFICATION.tables.items():
        found = landed.tables[name].schema
        wanted = [(n, POLARS_TYPES[t]) for n, t in table.landed_columns[1:]]
        assert list(found.items()) == wanted, name
    for name in ("NHSNumber", "PersonBirthDate", "Postcode"):
        assert name not in landed.tables[PERSONS].columns


@pytest.mark.attack(10, 23)
def test_nothing_that_identifies_lands() -> None:
    """Identifiers in every field that holds one, looked for in every landed cell."""
    marks = [ANN, "PLANTED-LOCAL", "1980-06-15", "ZZ99 3VZ", "PLANTED-REFERRAL"]
    marks += ["PLANTED-CONTACT", "PLANTED-ACTIVITY", "PLANTED-STAFF", "PLN"]
    ids = {
        "LocalPatientId": "PLANTED-LOCAL",
        "ServiceRequestId": "PLANTED-REFERRAL",
        "CareContactId": "PLANTED-CONTACT",
        "CareActId": "PLANTED-ACTIVITY",
        "CarePersLocalId": "PLANTED-STAFF",
        "PauseID": "PLN",
    }
    tables: dict[str, Rows] = {}
    for name, table in SPECIFICATION.tables.items():
        if name != "IDS000Header":
            tables[name] = [{f: ids[f] for f in table.field_names if f in ids}]
    tables[PERSONS][0].update(
        NHSNumber=ANN, PersonBirthDate="1980-06-15", Postcode="ZZ99 3VZ"
    )
    landed = land(submission(**tables))
    shown = repr(landed) + "".join(
        str(frame.rows()) for frame in landed.tables.values()
    )
    assert sum(frame.height for frame in landed.tables.values()) == 21
    for mark in marks:
        assert mark not in shown
        assert mark.encode() not in b"".join(_bytes_of(landed.observations))


def _bytes_of(frame: pl.DataFrame) -> list[bytes]:
    return [value for row in frame.rows() for value in row if isinstance(value, bytes)]


def test_pseudonyms_are_those_of_the_reference() -> None:
    """Message, token and pseudonym of each kind, recomputed one value at a time."""
    rows: Rows = [{"ServiceRequestId": "R1", "LocalPatientId": "P1"}]
    people = [person("P1", ANN, PersonBirthDate="1980-06-15")]
    landed = land(submission(IDS001MPI=people, IDS101Referral=rows))
    ann = encode("nhs-number", ANN)
    wanted = {
        "LocalPatientId": ("local_patient", "ZZ1", ("ZZ1", "P1")),
        "ServiceRequestId": ("service_request", "ZZ1", ("ZZ1", "R1")),
        "NationalPathwayId": ("national_pathway", "ZZ1", ("ZZ1", ann, "R1")),
        "PersonServiceRequestKey": ("person_service_request", "", (ann, "R1")),
    }
    kept = {}
    for name, (domain, provider, parts) in wanted.items():
        kept[domain] = token(KEYS.linkage, domain, *parts)
        key = KEYS.of_domain(domain, provider)
        expected = uuid_text(pseudonym(key, domain, kept[domain]))
        assert column(landed, REFERRALS, name) == [expected], name
    kept["person"] = token(KEYS.linkage, "nhs-number", ANN)
    expected = uuid_text(pseudonym(KEYS.of_domain("person"), "person", kept["person"]))
    assert column(landed, PERSONS, "NationalPersonId") == [expected]
    local = token(KEYS.linkage, "local-patient", "ZZ1", "P1", "1980-06-15")
    observed = landed.observations.row(0, named=True)
    assert observed["nhs_token"] == kept["person"]
    assert observed["local_token"] == local
    assert observed["patient_token"] == kept["local_patient"]
    told = landed.identifiers.filter(pl.col("domain") != EVIDENCE_DOMAIN)
    assert dict(told.select("domain", "token").iter_rows()) == kept


def test_every_pseudonym_that_lands_is_told_to_the_vault() -> None:
    """What an epoch's end needs: each landed pseudonym can be made from a token."""
    rows: Rows = [
        {"ServiceRequestId": "R1", "LocalPatientId": "P1"},
        {"ServiceRequestId": "R2", "LocalPatientId": "P2"},
    ]
    landed = land(
        submission(
            IDS001MPI=[person("P1", ANN), person("P2"), person(" ")],
            IDS101Referral=rows,
            IDS201CareContact=[{"CareContactId": "C1", "ServiceRequestId": "R1"}],
            IDS202CareActivity=[{"CareActId": "A1", "CarePersLocalId": "S1"}],
        )
    )
    told = set()
    named = landed.identifiers.filter(pl.col("domain") != EVIDENCE_DOMAIN)
    for key, frame in named.group_by("domain", "provider"):
        domain, provider = (str(part) for part in key)
        made = frame.select(KEYS.pseudonyms(pl.col("token"), domain, provider))
        told |= set(made.to_series())
    found = set()
    for name, table in SPECIFICATION.tables.items():
        for column_name, kind in table.landed_columns[1:]:
            if kind == "UUID":
                found |= set(column(landed, name, column_name))
    assert found - {None} == told
    assert len(told) == 2 + 2 + 2 + 1 + 1 + 1 + 2 + 2


def test_every_token_of_the_evidence_is_told_to_the_vault() -> None:
    """What a new linkage key needs: each token can be made again from its message. One
    that names a person is told as that, not as evidence."""
    people = [
        person("P1", ANN, PersonBirthDate="1980-06-15", Gender="1", Postcode="AB1 2CD"),
        person("P2", PersonBirthDate="1981-07-16", Gender="2", Postcode="AB1 2CD"),
    ]
    landed = land(submission(IDS001MPI=people))
    seen = set(_bytes_of(landed.observations))
    told = landed.identifiers.rows_by_key("token", named=True, unique=True)
    for each in seen:
        row = told[each]
        assert hash_message(row["message"]) == each
    domains = Counter(told[each]["domain"] for each in seen)
    # Ann's number with its birth date and local identifier; two of each other fact.
    assert domains == {"person": 2, "local_patient": 2, "evidence": 2 + 2 + 2}


def hash_message(message: bytes) -> bytes:
    """A token from its message, apart from the code under test."""
    return hmac.digest(KEYS.linkage.hex().encode(), message, "sha256")


@pytest.mark.attack(16)
def test_person_by_number_else_by_local_identifier() -> None:
    """Two spellings of a number are one person; else the local identifier names."""
    people = [
        person("P1", ANN),
        person("P2", "999 000 0018"),
        person("P3", BOB),
        person("P4"),
        person("P5", "9990000019"),
        person("P6", "9999999999"),
        person("P7", "9999999999"),
        person(None, ANN),
        person(None),
        person("  "),
    ]
    landed = land(submission(IDS001MPI=people))
    found = column(landed, PERSONS, "NationalPersonId")
    steps = column(landed, PERSONS, "LinkageStep")
    assert found[0] == found[1] == found[7]
    assert len(set(found[:7])) == 6
    assert found[8:] == [None, None]
    number, local = "nhs_number", "local_identifier"
    assert steps == [number] * 3 + [local] * 4 + [number, None, None]


@pytest.mark.attack(16)
def test_birth_date_keeps_apart_who_shares_a_local_identifier() -> None:
    """A local identifier given again to somebody else is another person."""
    months = [
        land(submission(IDS001MPI=[person("P1", PersonBirthDate=born)]))
        for born in ("1980-06-15", "1991-01-02", "1980-06-15")
    ]
    found = [column(month, PERSONS, "NationalPersonId") for month in months]
    assert found[0] == found[2] != found[1]
    step = column(months[0], PERSONS, "LinkageStep")
    assert step == ["local_identifier_and_birth_date"]


@pytest.mark.attack(18)
def test_blanks_share_no_identity() -> None:
    """A thousand people without any identifier are a thousand times nobody."""
    landed = land(submission(IDS001MPI=[person(" ")] * 500 + [person(None)] * 500))
    for name in ("NationalPersonId", "LocalPatientId"):
        assert column(landed, PERSONS, name) == [None] * 1000
    assert landed.observations.height == 0


@pytest.mark.attack(18)
def test_blank_referral_leads_to_nobody() -> None:
    """A blank key is no key: it does not lead from a contact to a person."""
    landed = land(
        submission(
            IDS001MPI=[person("P1", ANN, PersonBirthDate="1980-06-15")],
            IDS101Referral=[{"ServiceRequestId": " ", "LocalPatientId": "P1"}],
            IDS201CareContact=[{"ServiceRequestId": " ", "CareContDate": "2025-04-02"}],
        )
    )
    assert column(landed, CONTACTS, "Age_CareContact_Date") == [None]
    assert column(landed, REFERRALS, "NationalPathwayId") == [None]


@pytest.mark.attack(16)
def test_local_identifiers_are_taken_as_they_are() -> None:
    """Not trimmed, not case-folded: each spelling is its own."""
    spellings = ["p1", "P1", "P1 ", " P1", "P\u0031\u200b", "\uff301"]
    landed = land(submission(IDS001MPI=[person(text) for text in spellings]))
    assert len(set(column(landed, PERSONS, "LocalPatientId"))) == len(spellings)


def test_providers_do_not_meet() -> None:
    """The same local identifiers: other keys; the same number: one person."""
    rows: Rows = [{"ServiceRequestId": "R1", "LocalPatientId": "P1"}]
    kept = submission(IDS001MPI=[person("P1", ANN)], IDS101Referral=rows)
    one = land(kept)
    two = land(kept, slot=Slot.from_name("ZZ2_2025-04_primary"))
    for name in ("LocalPatientId", "ServiceRequestId", "NationalPathwayId"):
        assert column(one, REFERRALS, name) != column(two, REFERRALS, name)
    for table, name in (
        (PERSONS, "NationalPersonId"),
        (REFERRALS, "PersonServiceRequestKey"),
    ):
        assert column(one, table, name) == column(two, table, name)


def test_months_meet() -> None:
    """The same row of the next month has the same keys: a pathway goes on."""
    rows: Rows = [{"ServiceRequestId": "R1", "LocalPatientId": "P1"}]
    kept = submission(IDS001MPI=[person("P1", ANN)], IDS101Referral=rows)
    later = land(kept, slot=Slot.from_name("ZZ1_2025-05_refresh"))
    assert land(kept).tables[REFERRALS].equals(later.tables[REFERRALS])


@pytest.mark.attack(14)
def test_only_the_key_makes_the_difference() -> None:
    """Another home's keys: no pseudonym in common."""
    kept = submission(IDS001MPI=[person("P1", ANN)])
    for name in ("LocalPatientId", "NationalPersonId"):
        assert column(land(kept), PERSONS, name) != column(
            land(kept, keys=new_keys()), PERSONS, name
        )


@pytest.mark.attack(17)
@pytest.mark.parametrize(
    ("kind", "number", "code"),
    [
        ("synthetic", "9434765919", "nhs_number_not_synthetic"),
        ("live", ANN, "nhs_number_synthetic"),
    ],
)
def test_made_up_and_real_people_stay_apart(kind: str, number: str, code: str) -> None:
    """A real number in a synthetic home, or the reverse, stops the whole submission."""
    people = [person("P1"), person("P2", number)]
    with pytest.raises(RecordRefused, match=code) as refusal:
        land(submission(IDS001MPI=people), home_kind=kind)  # type: ignore[arg-type]
    assert (refusal.value.table, refusal.value.row_number) == (PERSONS, 2)
    assert number not in str(refusal.value)
    assert isinstance(refusal.value, IntakeError)


def test_live_home_takes_real_numbers() -> None:
    """The number of an NHS example, which is outside the range for tests."""
    landed = land(submission(IDS001MPI=[person("P1", "9434765919")]), home_kind="live")
    assert column(landed, PERSONS, "LinkageStep") == ["nhs_number"]


@pytest.mark.parametrize("table", [PERSONS, REFERRALS])
def test_repeated_key_stops_the_submission(table: str) -> None:
    """Two rows under one key could merge two people: never in silence."""
    key = "LocalPatientId" if table == PERSONS else "ServiceRequestId"
    with pytest.raises(RecordRefused, match="repeated_key") as refusal:
        land(submission(**{table: [{key: "one"}, {key: "two"}, {key: "one"}]}))
    assert refusal.value.row_number == 3


def test_row_numbers_and_order_stay() -> None:
    """Answers and landed rows speak of the same positions, gaps included."""
    kept = submission(IDS001MPI=[person(f"P{place}") for place in range(20)])
    kept[PERSONS] = kept[PERSONS].filter(pl.col("row_number") % 3 != 0).reverse()
    wanted = kept[PERSONS].get_column("row_number").to_list()
    assert column(land(kept), PERSONS, "row_number") == wanted


def test_pseudonyms_are_uuids() -> None:
    """Lower case with hyphens: DuckDB reads them as they are."""
    (found,) = column(
        land(submission(IDS001MPI=[person("P1")])), PERSONS, "LocalPatientId"
    )
    assert str(UUID(str(found))) == found


def test_keys_are_checked_and_not_shown() -> None:
    """Weak keys are refused; printing shows none."""
    good = {name: generate_key() for name in ("root", "linkage", "epoch_key")}
    for name in good:
        for weak in (bytes(32), b"short"):
            with pytest.raises(KeyRefused):
                IdentifierKeys(**(good | {name: weak}), epoch=1)
    assert repr(KEYS) == "IdentifierKeys(epoch=1)"


def test_a_month_of_one_provider_takes_under_a_second() -> None:
    """15,000 scores, 3,000 contacts: measured 0.25 s on two cores in November 2026."""
    kept = submission(
        IDS001MPI=[person(f"P{n}", _number(n)) for n in range(1500)],
        IDS101Referral=[
            {"ServiceRequestId": f"R{n}", "LocalPatientId": f"P{n}"}
            for n in range(1500)
        ],
        IDS201CareContact=[
            {"CareContactId": f"C{n}", "ServiceRequestId": f"R{n % 1500}"}
            for n in range(3000)
        ],
        IDS607CodedScoreAssessmentAct=[
            {"CareActId": f"A{n % 3000}", "PersScore": "5"} for n in range(15_000)
        ],
    )
    taken = []
    for _ in range(3):
        begun = time.perf_counter()
        land(kept)
        taken.append(time.perf_counter() - begun)
    assert min(taken) < 1.0


def _number(place: int) -> str | None:
    """A right number of the range for tests; one place in eleven has none."""
    for digit in "0123456789":
        text = f"999{place:06d}{digit}"
        try:
            return nhs_number(text)
        except IdentifierRefused:
            continue
    return None
