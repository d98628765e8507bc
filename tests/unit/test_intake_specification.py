"""The specification as data holds together, and stops when it does not."""

from pathlib import Path

import pytest

from parity.specification import (
    ALL_TABLES,
    Rule,
    Specification,
    SpecificationError,
    load,
    loader,
)
from parity.specification.model import Code, Field


@pytest.fixture
def spec() -> Specification:
    """Version 2.1."""
    return load()


def test_it_holds_every_table_and_submitted_field(spec: Specification) -> None:
    assert len(spec.tables) == 21
    assert sum(len(table.fields) for table in spec.tables.values()) == 140
    for table in spec.tables.values():
        order = [field.sequence for field in table.fields]
        assert order == sorted(set(order))


def test_every_table_hangs_below_a_table_by_a_key_that_both_have(
    spec: Specification,
) -> None:
    for table in spec.tables.values():
        if table.parent_table:
            parent = spec.tables[table.parent_table]
            assert table.parent_key in parent.field_names
            assert table.parent_key in table.field_names


def test_landed_columns_hold_no_identifier_in_clear(spec: Specification) -> None:
    for table in spec.tables.values():
        landed = dict(table.landed_columns)
        assert list(landed)[:2] == ["submission_id", "row_number"]
        for field in table.fields:
            if field.identifier_class in ("D", "K"):
                assert landed.get(field.name, "UUID") == "UUID"


def test_a_generalised_programme_keeps_its_column(spec: Specification) -> None:
    landed = dict(spec.tables["IDS205InternetTherLog"].landed_columns)

    assert landed["IntEnabledTherProg"] == "VARCHAR"
    assert "PersonBirthDate" not in dict(spec.tables["IDS001MPI"].landed_columns)


def test_rules_are_named_once_and_point_at_what_exists(spec: Specification) -> None:
    names = [rule.rule_id for rule in spec.rules]
    assert len(names) == len(set(names))
    for rule in spec.rules:
        assert rule.table in spec.tables or rule.table == ALL_TABLES
        assert rule.message
        assert rule.remedy
        assert _references(rule) <= {
            f"{table.name}.{field}"
            for table in spec.tables.values()
            for field in table.field_names
        }


def _references(rule: Rule) -> set[str]:
    named = [rule.parameters.get(side, "") for side in ("before", "after")]
    named += rule.parameters.get("dates", "").split(",")
    return {name for name in named if "." in name}


def test_every_mandatory_field_has_a_rule_that_it_is_not_blank(
    spec: Specification,
) -> None:
    ruled = {(r.table, r.fields[0]) for r in spec.rules if r.kind == "blank"}
    for table in spec.tables.values():
        for field in table.fields:
            if field.mandation == "M":
                assert (table.name, field.name) in ruled


def test_every_field_has_a_rule_of_form(spec: Specification) -> None:
    forms = {
        *("length", "digits", "date", "time", "timestamp", "month", "version"),
        *("snomed_expression", "nhs_number", "postcode"),
    }
    ruled = {(r.table, r.fields[0]) for r in spec.rules if r.kind in forms}
    for table in spec.tables.values():
        assert {(table.name, name) for name in table.field_names} <= ruled


def test_codes_are_those_that_may_be_sent_in_the_version(spec: Specification) -> None:
    assert spec.accepted_codes("coding_scheme") == {"01", "04"}
    assert spec.accepted_codes("coding_scheme", "2.0") == {"01", "02", "03", "04"}
    assert {"N4", "Q1"} <= spec.accepted_codes("source_of_referral")
    assert "-1" not in spec.accepted_codes("ethnic_category")
    assert {"en", "q4"} <= spec.accepted_codes("language")
    assert not [c for c in spec.accepted_codes("language") if c.startswith("(")]


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        ("2.1", "", True),
        ("1.5", "2.0", False),
        ("2.0", "2.1", True),
        ("3.0", "", False),
        ("pilot-ea", "pilot-ea", False),
    ],
)
def test_a_code_holds_from_its_first_to_its_last_version(
    first: str, last: str, expected: bool
) -> None:
    assert Code("x", "national", first, last).is_valid_in("2.1") is expected


def test_an_unknown_version_is_refused() -> None:
    with pytest.raises(SpecificationError):
        load("9.9")


def test_a_row_that_is_not_well_formed_stops_the_program(tmp_path: Path) -> None:
    broken = tmp_path / "fields.csv"
    broken.write_text("table,field\nIDS001MPI,Gender\n", encoding="utf-8")

    with pytest.raises(SpecificationError):
        loader._read(broken, loader._field)


def test_a_field_of_an_unknown_type_stops_the_program(spec: Specification) -> None:
    field = spec.tables["IDS001MPI"].fields[0]
    wrong = Field(**{**vars(field), "type": "money"})

    with pytest.raises(SpecificationError):
        loader._check_field(wrong)


@pytest.mark.parametrize(
    "change", [{"level": "note"}, {"table": "IDS999"}, {"fields": ("Nothing",)}]
)
def test_a_rule_about_nothing_stops_the_program(
    spec: Specification, change: dict[str, object]
) -> None:
    rule = next(rule for rule in spec.rules if rule.rule_id == "IDS00131")
    wrong = Rule(**{**vars(rule), **change})

    with pytest.raises(SpecificationError):
        loader._check_rule(wrong, spec.tables)
