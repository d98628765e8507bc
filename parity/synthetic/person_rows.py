"""Rows about persons: what one submission says of everybody it holds.

What belongs here: the tables that hang on LocalPatientId. A date that lies after the
month is not known yet, so it is not sent.
"""

from datetime import date, timedelta

from parity.synthetic.files import Row, Tables
from parity.synthetic.model import Employment, Registration
from parity.synthetic.months import ONE_DAY

_CLUSTER_AFTER = timedelta(days=20)  # from the referral to the cluster


def add_person_rows(
    tables: Tables, registration: Registration, start: date, end: date
) -> None:
    """Add everything about one person in the month from `start` to `end`."""
    key = {"LocalPatientId": registration.local_id}
    tables["IDS001MPI"].append(key | _person_row(registration, start, end))
    tables["IDS002GP"] += [
        key | row for row in _practice_rows(registration, start, end)
    ]
    _add_lasting(tables, registration, key)
    _add_cluster(tables, registration, key, end)
    tables["IDS004EmpStatus"] += [
        key | _employment_row(record, end)
        for pathway in registration.pathways
        for record in pathway.employment
        if record.day <= end
    ]


def _add_lasting(tables: Tables, registration: Registration, key: Row) -> None:
    """Add what is asked once, at the first referral, and sent every month."""
    person = registration.person
    tables["IDS007DisabilityType"] += [
        key | {"DisabCode": code} for code in sorted(person.disabilities)
    ]
    recorded = registration.known_since.isoformat()
    tables["IDS011SocPerCircumstances"] += [
        key | {"SocPerCircumstance": concept, "SocPerCircumstanceRecDate": recorded}
        for concept in person.circumstances
    ]
    if person.accommodation:
        kind, settled = person.accommodation
        row = {
            "AccommodationType": kind,
            "SettledAccommodationInd": settled,
            "AccommodationTypeDate": recorded,
        }
        tables["IDS003AccommStatus"].append(key | row)
    if person.overseas:
        row = {"OvsVisChCat": person.overseas, "OvsVisChCatAppDate": recorded}
        tables["IDS012OverseasVisitorChargCat"].append(key | row)
    if person.previous_diagnosis:
        scheme, code = person.previous_diagnosis.split(" ")
        day = registration.known_since - timedelta(days=700)
        row = {"DiagSchemeInUse": scheme, "PrevDiag": code, "DiagDate": day.isoformat()}
        tables["IDS601MedHistPrevDiag"].append(key | row)


def _add_cluster(
    tables: Tables, registration: Registration, key: Row, end: date
) -> None:
    cluster_from = registration.known_since + _CLUSTER_AFTER
    cluster = registration.person.care_cluster
    if cluster and cluster_from <= end:
        row = {
            "AMHCareClustCodeFin": cluster,
            "StartDateCareClust": cluster_from.isoformat(),
            "StartTimeCareClust": "10:30:00",
        }
        tables["IDS803CareCluster"].append(key | row)


def _person_row(registration: Registration, start: date, end: date) -> Row:
    person = registration.person
    number_from = registration.number_from
    has_number = number_from is not None and number_from <= start
    return {
        "OrgIDLocalPatientId": registration.provider,
        "NHSNumber": person.nhs_number if has_number else "",
        "NHSNumberStatus": "01" if has_number else registration.no_number_status,
        "PersonBirthDate": person.birth_date.isoformat(),
        "Postcode": person.home_on(end).postcode,
        "Gender": person.gender,
        "GenderIdentity": person.gender_identity,
        "GenderIdentitySameAtBirth": person.same_at_birth,
        "EthnicCategory": person.ethnicity,
        **person.details,
    }


def _practice_rows(registration: Registration, start: date, end: date) -> list[Row]:
    """The registration of the month; both in the month of a change.

    A registration that ended before the month may not be sent any more (IDS00214).
    """
    change = registration.practice_until
    since = registration.practice_since.isoformat()
    old = {"GMPCodeReg": registration.practice, "StartDateGMPRegistration": since}
    if registration.practice.startswith("V"):
        return [{"GMPCodeReg": registration.practice}]
    if change is None or change > end:
        return [old]
    new = {
        "GMPCodeReg": registration.next_practice,
        "StartDateGMPRegistration": (change + ONE_DAY).isoformat(),
    }
    if change < start:
        return [new]
    return [old | {"EndDateGMPRegistration": change.isoformat()}, new]


def _employment_row(record: Employment, end: date) -> Row:
    row = {
        "EmployStatus": record.status,
        "EmployStatusRecDate": record.day.isoformat(),
        "SickAbsenceInd": record.sick_absence,
        "EmpSupportInd": "NA",
        **record.details,
    }
    if record.support_from is not None and record.support_from <= end:
        row |= {
            "EmpSupportInd": "Y",
            "EmpSupportReferral": record.support_from.isoformat(),
        }
        if record.support_until is not None and record.support_until <= end:
            row["EmpSupportDischargeDate"] = record.support_until.isoformat()
    return row
