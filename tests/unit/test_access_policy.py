"""The policy: the committed file, words it does not know, grants over a catalog."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_catalog import TABLES, write_manifest

from parity.access import AccessError, access_explain, load_policy
from parity.access.catalog import CLASSES, read_catalog
from parity.access.policy import ROLES, granted_tables

ROLE = """
  researcher:
    purpose: Studies.
    classes: [pseudonym, clinical]
    rows: all
    doors: [package]
    tables:
      core.fct_referrals: {withheld: [is_recovered]}
"""


def policy_text(**changes: str) -> str:
    """A policy of six roles, the first with parts replaced."""
    role = ROLE
    for old, new in changes.items():
        old = old.replace("_", " ")
        assert old in role
        role = role.replace(old, new, 1)
    others = "".join(
        f"  {name}: {{purpose: P, classes: [open], rows: all, doors: [], "
        "tables: {core.dim_organisations: }}\n"
        for name in ROLES[1:]
    )
    return f"version: 1\nroles:{role}{others}"


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "policy.yml"
    path.write_text(text)
    return path


def test_the_committed_policy_has_all_roles_and_two_doors() -> None:
    policy = load_policy()
    assert tuple(policy.roles) == ROLES
    with_door = [name for name, role in policy.roles.items() if role.doors]
    assert with_door == ["researcher", "equality_lead"]


@pytest.mark.attack(26)
def test_nobody_is_granted_identifiers() -> None:
    granted = {name for role in load_policy().roles.values() for name in role.classes}
    assert granted < set(CLASSES)
    assert "identifier" not in granted


def test_counts_and_rows_of_people_are_never_granted_together() -> None:
    for role in load_policy().roles.values():
        assert not {"disclosive_count", "pseudonym"} <= role.classes


def test_a_role_that_is_not_there_is_wrong_usage() -> None:
    with pytest.raises(AccessError) as refused:
        load_policy().role("admin")
    assert (refused.value.code, refused.value.exit_code) == ("unknown_role", 2)


def test_a_small_policy_loads(tmp_path: Path) -> None:
    role = load_policy(written(tmp_path, policy_text())).role("researcher")
    assert role.purpose == "Studies."
    assert role.grants[0].withheld == {"is_recovered"}


BROKEN = {
    "no YAML": "roles: [",
    "not a mapping": "[]",
    "another version": policy_text().replace("version: 1", "version: 2"),
    "a word more at the top": policy_text() + "extra: 1\n",
    "a role missing": policy_text().replace("  publisher:", "  #"),
    "an unknown role": policy_text().replace("publisher:", "admin:"),
    "a role twice": policy_text() + ROLE,
    "an unknown class": policy_text(clinical="medical"),
    "identifiers": policy_text(clinical="identifier"),
    "a class twice": policy_text(clinical="pseudonym"),
    "classes no list": policy_text().replace("[pseudonym, clinical]", "clinical"),
    "a class no word": policy_text(clinical="1"),
    "an unknown door": policy_text(package="window"),
    "an unknown filter": policy_text().replace("rows: all", "rows: some", 1),
    "a door with a filter": policy_text().replace("rows: all", "rows: own_provider", 1),
    "an unknown mart": policy_text().replace("core.fct", "staging.fct"),
    "a mart without table": policy_text().replace("core.fct_referrals", "core"),
    "no purpose": policy_text().replace("Studies.", "' '"),
    "a purpose no text": policy_text().replace("Studies.", "1"),
    "no tables": policy_text().replace("{core.dim_organisations: }", "{}", 1),
    "tables no mapping": policy_text().replace("{core.dim_organisations: }", "core", 1),
    "a word more in a role": policy_text().replace(
        "purpose", "grants: []\n    purpose", 1
    ),
    "a misspelt restriction": policy_text().replace("withheld", "witheld"),
    "a restriction twice": policy_text().replace(
        "{withheld: [is_recovered]}", "{withheld: [is_recovered], withheld: []}"
    ),
    "withheld no list": policy_text().replace("[is_recovered]", "is_recovered"),
}


@pytest.mark.attack(26)
@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN.keys())
def test_a_policy_that_says_something_else_is_refused(
    tmp_path: Path, text: str
) -> None:
    with pytest.raises(AccessError) as refused:
        load_policy(written(tmp_path, text))
    assert refused.value.code in ("policy_word", "policy_unreadable", "policy_version")


def test_a_policy_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AccessError) as refused:
        load_policy(tmp_path / "policy.yml")
    assert refused.value.code == "policy_unreadable"


@pytest.mark.attack(26)
def test_a_column_needs_its_table_its_class_and_no_withholding(tmp_path: Path) -> None:
    catalog = read_catalog(write_manifest(tmp_path / "manifest.json", TABLES))
    role = load_policy(written(tmp_path, policy_text())).role("researcher")
    (table,) = granted_tables(role, catalog)
    assert [column.name for column in table.columns] == [
        "pathway_id",
        "person_id",
        "days_to_first_treatment",
        "phq_9_first_score",
    ]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (policy_text().replace("fct_referrals", "fct_gone"), "unknown_table"),
        (policy_text().replace("is_recovered", "is_gone"), "unknown_column"),
        (policy_text().replace("[pseudonym, clinical]", "[open]"), "empty_grant"),
    ],
)
def test_a_grant_of_what_is_not_there_is_refused(
    tmp_path: Path, text: str, code: str
) -> None:
    catalog = read_catalog(write_manifest(tmp_path / "manifest.json", TABLES))
    role = load_policy(written(tmp_path, text)).role("researcher")
    with pytest.raises(AccessError) as refused:
        granted_tables(role, catalog)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("role", "column", "is_granted", "reason"),
    [
        ("researcher", "phq_9_first_score", True, "the table and the class clinical"),
        ("researcher", "fct_referrals.sub_icb_code", False, "withheld from researcher"),
        (
            "researcher",
            "core.fct_referrals.pathway_count_below_five",
            False,
            "the class disclosive_count is not granted",
        ),
        ("researcher", "reporting_month", False, "the table intermediate.int_sub"),
        ("equality_lead", "phq_9_first_score", False, "the table core.fct_referrals"),
        ("provider_analyst", "PHQ_9_first_score", False, "granted on paper"),
    ],
)
def test_access_is_explained(
    tmp_path: Path, role: str, column: str, is_granted: bool, reason: str
) -> None:
    manifest = write_manifest(tmp_path / "manifest.json", TABLES)
    (told,) = access_explain(load_policy(), manifest, role, column)
    assert told.is_granted is is_granted
    assert told.reason.startswith(reason)
    assert told.role == role


def test_a_bare_name_explains_every_table_that_has_it(tmp_path: Path) -> None:
    manifest = write_manifest(tmp_path / "manifest.json", TABLES)
    told = access_explain(load_policy(), manifest, "researcher", "person_id")
    assert [each.column for each in told] == [
        "core.dim_people.person_id",
        "core.fct_care_contacts.person_id",
        "core.fct_referrals.person_id",
    ]


@pytest.mark.parametrize("column", ["nhs_number", "people.person_id", "erson_id"])
def test_a_column_that_is_nowhere_is_wrong_usage(tmp_path: Path, column: str) -> None:
    manifest = write_manifest(tmp_path / "manifest.json", TABLES)
    with pytest.raises(AccessError) as refused:
        access_explain(load_policy(), manifest, "researcher", column)
    assert (refused.value.code, refused.value.exit_code) == ("unknown_column", 2)
