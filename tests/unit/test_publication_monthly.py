"""The monthly publication: official layout, protected figures, whole or not at all."""

from __future__ import annotations

import json
import stat
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from small_warehouse import STATEMENTS, make_home, write_warehouse

from parity.disclosure import DisclosureError
from parity.home import Home
from parity.home.unlock import Keyring
from parity.publication import (
    PublicationError,
    check_publication,
    ethnic_group_summary,
    publish_month,
    publisher_public_key,
)

MARCH = date(2025, 3, 1)

OFFICIAL_COLUMNS = (
    "REPORTING_PERIOD_START,REPORTING_PERIOD_END,GROUP_TYPE,ORG_CODE1,ORG_NAME1,"
    "ORG_CODE2,ORG_NAME2,MEASURE_ID,MEASURE_NAME,MEASURE_VALUE_SUPPRESSED"
)

# level, sub-ICB, provider, measure, statistic, numerator, denominator, value
MEASURES = """
    insert into warehouse.measures.fct_measures
    select
        edition, month, last_day(month), level, sub_icb, names[sub_icb],
        provider, names[provider], measure_id, measure_name,
        registry.statistic, numerator, denominator, value
    from (values
        ('primary', date '2025-03-01', 'SubICB - Provider', 'S1', 'P1', 'M001',
            4, null, 4),
        ('primary', date '2025-03-01', 'Provider', null, 'P1', 'M001', 12, null, 12),
        ('primary', date '2025-03-01', 'Provider', null, 'P2', 'M001', 4, null, 4),
        ('primary', date '2025-03-01', 'SubICB', 'S1', null, 'M192', 7, 13, 53.846154),
        ('primary', date '2025-03-01', 'SubICB', 'S1', null, 'M048', 4, null, 99),
        ('primary', date '2025-03-01', 'England', null, null, 'M192', 1, 3, 33.333333),
        ('primary', date '2025-03-01', 'England', null, null, 'M001', 16, null, 16),
        ('primary', date '2025-03-01', 'England', null, null, 'M048', 9, null, 12.25),
        ('primary', date '2025-02-01', 'England', null, null, 'M001', 77, null, 77),
        ('final', date '2025-03-01', 'England', null, null, 'M001', 88, null, 88)
    ) as cells (
        edition, month, level, sub_icb, provider, measure_id, numerator, denominator,
        value
    )
    left join warehouse.reference.measure_registry as registry using (measure_id)
    cross join (
        select map {'S1': '=HYPERLINK("x")', 'P1': 'Trust, of "one"'} as names
    )
"""


def equality(table: str, measure_id: str, cells: str) -> str:
    """Insert England cells of two ethnic groups for the month and the year to date."""
    return f"""
    insert into warehouse.equality.fct_equality_{table}
    select
        'primary', period_type, period_start, period_end, level, null, null,
        provider, null, 'ethnic_group', group_code, group_label, group_order,
        measure_id, measure_name, statistic, numerator, denominator, null
    from (values {cells}) as cells (level, provider, group_code, numerator, denominator)
    inner join (values ('white', 'White', 1), ('mixed', 'Mixed', 2))
        as groups (group_code, group_label, group_order) using (group_code)
    inner join warehouse.reference.measure_registry as registry
        on registry.measure_id = '{measure_id}'
    cross join (values
        ('month', date '2025-02-01', date '2025-02-28'),
        ('month', date '2025-03-01', date '2025-03-31'),
        ('financial_year', date '2024-04-01', date '2025-03-31')
    ) as periods (period_type, period_start, period_end)
    """


EQUALITY = (
    equality(
        "access",
        "M001",
        "('England', null, 'mixed', 3, null), ('England', null, 'white', 90, null),"
        "('Provider', 'P1', 'mixed', 3, null), ('Provider', 'P1', 'white', 88, null)",
    ),
    equality(
        "access",
        "M031",
        "('England', null, 'mixed', 2, null), ('England', null, 'white', 80, null)",
    ),
    equality(
        "outcomes",
        "M076",
        "('England', null, 'mixed', 1, null), ('England', null, 'white', 60, null)",
    ),
    equality(
        "outcomes",
        "M191",
        "('England', null, 'mixed', 0, null), ('England', null, 'white', 20, null)",
    ),
    equality(
        "outcomes",
        "M192",
        "('England', null, 'mixed', 0, 0), ('England', null, 'white', 20, 30)",
    ),
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, Keyring]:
    home, keyring = make_home(tmp_path_factory.mktemp("made") / "home")
    write_warehouse(home, keyring, [*STATEMENTS, MEASURES, *EQUALITY])
    return home, keyring


def lines(path: Path) -> list[str]:
    return path.read_text("utf-8").split("\n")


def test_the_measure_file_has_the_official_layout(made: tuple[Home, Keyring]) -> None:
    publication = publish_month(*made, MARCH)
    start = "2025-03-01,2025-03-31"
    england = f"{start},England,all,All SubICBs,all,All Providers"
    sub_icb = f'{start},SubICB,S1,"\'=HYPERLINK(""x"")",all,All Providers'
    assert lines(publication.measure_file) == [
        OFFICIAL_COLUMNS,
        f"{england},M001,Count_ReferralsReceived,16",
        f"{england},M048,Mean_WaitAccessingServices,12.3",
        f"{england},M192,Percentage_Recovery,33.3",
        f"{sub_icb},M048,Mean_WaitAccessingServices,*",
        f"{sub_icb},M192,Percentage_Recovery,54",
        f'{start},Provider,all,All SubICBs,P1,"Trust, of ""one""",'
        "M001,Count_ReferralsReceived,10",
        f"{start},Provider,all,All SubICBs,P2,UNKNOWN,M001,Count_ReferralsReceived,*",
        f'{start},SubICB - Provider,S1,"\'=HYPERLINK(""x"")",P1,"Trust, of ""one""",'
        "M001,Count_ReferralsReceived,*",
        "",
    ]


def test_another_edition_is_another_publication(made: tuple[Home, Keyring]) -> None:
    publication = publish_month(*made, MARCH, "final")
    assert publication.folder.name == "2025-03-final"
    assert lines(publication.measure_file)[1].endswith(",88")


def test_the_refresh_alone_is_not_published(made: tuple[Home, Keyring]) -> None:
    """Its totals would be those of the providers that sent one."""
    with pytest.raises(PublicationError) as caught:
        publish_month(*made, MARCH, "refresh")  # type: ignore[arg-type]
    assert caught.value.code == "edition"


def test_equality_tables_are_protected_and_end_with_the_month(
    made: tuple[Home, Keyring],
) -> None:
    publication = publish_month(*made, MARCH)
    table = pl.read_csv(publication.files["equality-access"], infer_schema=False)
    provider = table.filter(
        pl.col("GROUP_TYPE") == "Provider", pl.col("PERIOD_TYPE") == "month"
    )
    assert provider["GROUP_LABEL"].to_list() == ["White", "Mixed"]
    assert provider["MEASURE_VALUE_SUPPRESSED"].to_list() == ["90", "*"]
    assert set(table["REPORTING_PERIOD_END"]) == {"2025-03-31"}
    assert set(table["PERIOD_TYPE"]) == {"month", "financial_year"}


def test_metadata_has_one_row_for_each_measure_that_appears(
    made: tuple[Home, Keyring],
) -> None:
    publication = publish_month(*made, MARCH)
    metadata = pl.read_csv(publication.files["measure-metadata"], infer_schema=False)
    shown = {
        measure
        for kind, path in publication.files.items()
        if kind != "measure-metadata"
        for measure in pl.read_csv(path, infer_schema=False)["MEASURE_ID"]
    }
    assert metadata["measure_id"].to_list() == sorted(shown)
    recovery = metadata.filter(pl.col("measure_id") == "M192").row(0, named=True)
    assert recovery["construction"] == "M191 / (M076 - M179) * 100"
    assert recovery["numerator_id"] == "M191"
    assert recovery["denominator_id"] == "M076 - M179"
    assert recovery["derivation_uids"] == "is_recovered; is_finished; is_below"
    assert recovery["suppression_profile"] == "nhs_publication"
    assert recovery["source_submission"] == "primary"
    mean = metadata.filter(pl.col("measure_id") == "M048").row(0, named=True)
    assert mean["construction"] == "Mean of wait where it is known"
    assert mean["measure_type"] == "Core"


def test_the_manifest_says_what_it_is_and_made_from_what(
    made: tuple[Home, Keyring],
) -> None:
    publication = publish_month(*made, MARCH)
    manifest = json.loads(publication.manifest.read_text())
    assert manifest["synthetic"] is True
    assert (manifest["month"], manifest["edition"]) == ("2025-03", "primary")
    assert manifest["profile"] == "nhs_publication"
    assert manifest["created_from"]["submissions"] == 2
    assert len(manifest["created_from"]["digest"]) == 64
    assert all(entry["file"].startswith("synthetic-") for entry in manifest["files"])
    assert {entry["file"]: entry["rows"] for entry in manifest["files"]} == {
        path.name: pl.read_csv(path).height for path in publication.files.values()
    }


def test_files_are_their_owners_alone(made: tuple[Home, Keyring]) -> None:
    folder = publish_month(*made, MARCH).folder
    modes = {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert modes == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_the_same_warehouse_gives_the_same_bytes(
    made: tuple[Home, Keyring], tmp_path: Path
) -> None:
    first = publish_month(*made, MARCH, out=tmp_path / "a").folder
    again = publish_month(*made, MARCH, out=tmp_path / "b").folder
    assert {p.name: p.read_bytes() for p in first.iterdir()} == {
        p.name: p.read_bytes() for p in again.iterdir()
    }


def test_publishing_again_leaves_what_is_the_same_and_replaces_what_is_not(
    made: tuple[Home, Keyring], tmp_path: Path
) -> None:
    publication = publish_month(*made, MARCH, out=tmp_path)
    before = publication.folder.stat().st_ino
    assert publish_month(*made, MARCH, out=tmp_path).folder.stat().st_ino == before
    publication.measure_file.write_text("altered")
    (publication.folder / "stray.csv").write_text("")
    publish_month(*made, MARCH, out=tmp_path)
    check_publication(publication.folder)
    assert [path.name for path in tmp_path.iterdir()] == ["2025-03-primary"]


@pytest.mark.attack(34)
def test_a_publication_that_fails_leaves_the_former_one(
    made: tuple[Home, Keyring], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publication = publish_month(*made, MARCH, out=tmp_path)
    publication.measure_file.write_text("former")
    rename = Path.rename

    def fail_for_draft(self: Path, target: Path) -> Path:
        if self.name.endswith(".draft"):
            raise OSError("no space")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fail_for_draft)
    with pytest.raises(OSError, match="no space"):
        publish_month(*made, MARCH, out=tmp_path)
    assert publication.measure_file.read_text() == "former"
    assert [path.name for path in tmp_path.iterdir()] == ["2025-03-primary"]


@pytest.mark.attack(34)
def test_a_first_publication_that_fails_leaves_nothing(
    made: tuple[Home, Keyring], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_self: Path, _target: Path) -> Path:
        raise OSError("no space")

    monkeypatch.setattr("parity.publication.folder.Path.rename", fail)
    with pytest.raises(OSError, match="no space"):
        publish_month(*made, MARCH, out=tmp_path / "new")
    assert list((tmp_path / "new").iterdir()) == []


@pytest.mark.parametrize(
    ("month", "edition", "code", "exit_code"),
    [
        (date(2024, 1, 1), "primary", "no_data", 1),
        (MARCH, "draft", "edition", 2),
    ],
)
def test_what_cannot_be_published_is_refused(
    made: tuple[Home, Keyring], month: date, edition: str, code: str, exit_code: int
) -> None:
    with pytest.raises(PublicationError) as refused:
        publish_month(*made, month, edition)  # type: ignore[arg-type]
    assert (refused.value.code, refused.value.exit_code) == (code, exit_code)


def test_an_unknown_profile_publishes_nothing(
    made: tuple[Home, Keyring], tmp_path: Path
) -> None:
    with pytest.raises(DisclosureError):
        publish_month(*made, MARCH, profile_name="exact", out=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_summary_reads_published_text(made: tuple[Home, Keyring]) -> None:
    summary = ethnic_group_summary(publish_month(*made, MARCH).folder)
    assert (summary.period_start, summary.period_end) == ("2024-04-01", "2025-03-31")
    assert summary.is_synthetic
    white, mixed = summary.groups
    assert (white.group, mixed.group) == ("White", "Mixed")
    assert (white.referrals_received, white.accessed_services) == ("90", "80")
    assert (white.finished_course, white.recovered) == ("60", "20")
    assert white.recovery_percentage == "66.7"
    assert mixed.recovery_percentage == "-"


def test_a_month_inside_the_year_has_no_year_to_sum_up(
    made: tuple[Home, Keyring],
) -> None:
    publication = publish_month(*made, date(2025, 2, 14))
    with pytest.raises(PublicationError) as refused:
        ethnic_group_summary(publication.folder)
    assert refused.value.code == "no_year"


@pytest.mark.parametrize(
    ("harm", "code"),
    [
        (lambda folder: next(folder.glob("*measures*")).write_text("x"), "altered"),
        (lambda folder: next(folder.glob("*measures*")).unlink(), "other_files"),
        (lambda folder: (folder / "more.csv").write_text(""), "other_files"),
        (lambda folder: (folder / "manifest.json").unlink(), "manifest_unreadable"),
        (lambda folder: (folder / "manifest.json").write_text("[]"), "manifest_unread"),
        (
            lambda folder: (folder / "manifest.json").write_text(
                (folder / "manifest.json").read_text().replace("primary", "final")
            ),
            "signature",
        ),
    ],
)
def test_a_publication_that_was_changed_is_refused(
    made: tuple[Home, Keyring], tmp_path: Path, harm: object, code: str
) -> None:
    folder = publish_month(*made, MARCH, out=tmp_path).folder
    check_publication(folder, publisher_public_key(made[1]))
    assert callable(harm)
    harm(folder)
    with pytest.raises(PublicationError) as refused:
        check_publication(folder)
    assert refused.value.code.startswith(code)


def test_another_publisher_is_found_out(
    made: tuple[Home, Keyring], tmp_path: Path
) -> None:
    folder = publish_month(*made, MARCH).folder
    _, stranger = make_home(tmp_path / "other")
    with pytest.raises(PublicationError) as refused:
        check_publication(folder, publisher_public_key(stranger))
    assert refused.value.code == "signature"


def test_a_measure_without_a_registry_row_stops_the_publication(
    tmp_path: Path,
) -> None:
    home, keyring = make_home(tmp_path / "home")
    forget = (
        "delete from warehouse.reference.measure_registry where measure_id = 'M048'"
    )
    write_warehouse(home, keyring, [*STATEMENTS, MEASURES, forget])
    with pytest.raises(PublicationError) as refused:
        publish_month(home, keyring, MARCH)
    assert refused.value.code == "not_in_registry"
    assert list(home.published.iterdir()) == []
