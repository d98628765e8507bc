"""The answer: the same codes in three files, folded, safe, readable, without values."""

import csv
import json
import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest

from parity.home.reference import Reference
from parity.intake.answer import AnswerPaths, formula_safe, rule_answers, write_answer
from parity.intake.reader import read_submission
from parity.intake.slot import Slot
from parity.intake.validation import Validation, validate
from parity.specification import PROJECT_ROOT, load

BROKEN = PROJECT_ROOT / "tests" / "fixtures" / "broken"
SLOT = Slot.from_name("ZZ1_2025-04_primary")


def validated(name: str, workdir: Path) -> Validation:
    raw = read_submission(BROKEN / name, load(), workdir)
    received = datetime(2025, 7, 1, tzinfo=UTC)
    return validate(raw, SLOT, load(), Reference.empty(), received)


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Validation:
    """A submission that is accepted with many rows dropped."""
    return validated("g2_bad_records", tmp_path_factory.mktemp("work"))


@pytest.fixture
def answer(records: Validation, tmp_path: Path) -> AnswerPaths:
    """Its answer."""
    return write_answer(records, SLOT, load(), tmp_path, "a-reference", "accepted")


class _Page(HTMLParser):
    """Elements of a page with their attributes, and whether its tags are balanced."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self._open: list[str] = []
        self.feed(text)
        self.is_balanced = not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in ("meta", "br"):
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def test_the_three_files_name_the_same_rules(
    answer: AnswerPaths, records: Validation
) -> None:
    content = json.loads(answer.json.read_text(encoding="utf-8"))
    with answer.csv.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    page = answer.html.read_text(encoding="utf-8")

    expected = [(each.rule_id, each.table) for each in rule_answers(records, load())]
    assert [(r["rule_id"], r["table"]) for r in content["rules"]] == expected
    assert [(r["rule_id"], r["table"]) for r in rows] == expected
    found = re.findall(r'<th role="rowheader" scope="row">([A-Z0-9-]+)', page)
    assert sorted(found) == sorted(rule_id for rule_id, _ in expected)
    assert content["state"] == "accepted"
    assert content["submission"] == "a-reference"


def test_failures_are_folded_under_the_rule_that_began_them(
    records: Validation,
) -> None:
    found = {each.rule_id: each for each in rule_answers(records, load())}

    twice = found["IDS10103"]
    assert (twice.count, twice.first_rows, twice.share) == (2, (8, 9), 7.7)
    # Each of the two persons, with registration, has only the referral that fell.
    assert twice.further_rows == 4
    assert found["IDS20224"].count == 1
    fallen = records.failures.filter("cascade").unique(["table", "row_number"]).height
    assert sum(each.further_rows for each in found.values()) == fallen


def test_every_fallen_row_is_counted_once(records: Validation) -> None:
    assert records.accepted
    for table, count in records.counts.items():
        dropping = records.failures.filter(
            records.failures["level"].is_in(["group", "record"])
            & (records.failures["table"] == table)
        )
        fallen = dropping.get_column("row_number").n_unique()
        assert count.received - count.kept == fallen


def test_positions_are_the_first_ten(tmp_path: Path) -> None:
    validation = validated("h_empty_mpi", tmp_path)

    found = {each.rule_id: each for each in rule_answers(validation, load())}
    assert found["IDS01101"].count == 11
    assert found["IDS01101"].first_rows == tuple(range(1, 11))
    assert found["IDSREJ003"].share is None
    assert found["IDS10101"].further_rows == 160


def test_the_page_stands_alone_and_can_be_read_by_all(answer: AnswerPaths) -> None:
    text = answer.html.read_text(encoding="utf-8")
    page = _Page(text)

    assert page.is_balanced
    assert page.all("html") == [{"lang": "en-GB"}]
    assert page.all("title")
    assert len(page.all("h1")) == 1
    assert {
        "name": "viewport",
        "content": "width=device-width, initial-scale=1",
    } in page.all("meta")
    assert len(page.all("caption")) == len(page.all("table"))
    assert all(header.get("scope") in ("col", "row") for header in page.all("th"))
    assert not {"script", "link", "img", "iframe", "form", "a"} & {
        t for t, _ in page.elements
    }
    assert "http:" not in text
    assert "https:" not in text
    assert "url(" not in text


def test_a_rejection_for_structure_says_what_is_wrong(tmp_path: Path) -> None:
    validation = validated("d_extra_table_and_columns", tmp_path)
    paths = write_answer(validation, SLOT, load(), tmp_path, "x", "rejected")

    page = paths.html.read_text(encoding="utf-8")
    assert "The submission was rejected" in page
    assert "columns of IDS001MPI that are not of the data set, or twice: 1" in page
    assert "IDSREJ001" in page
    for theirs in ("tblMailMerge", "OldNHSNo", "ClinicNotes"):
        assert not [p for p in vars(paths).values() if theirs in p.read_text("utf-8")]


def test_rules_that_were_not_checked_are_named(answer: AnswerPaths) -> None:
    content = json.loads(answer.json.read_text(encoding="utf-8"))

    unchecked = {rule for item in content["not_checked"] for rule in item["rules"]}
    assert "IDS00125" in unchecked
    assert "IDS00125" in answer.html.read_text(encoding="utf-8")


def test_files_are_their_owners_alone(answer: AnswerPaths) -> None:
    assert {p.stat().st_mode & 0o777 for p in vars(answer).values()} == {0o600}


@pytest.mark.attack(32)
@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@a", "\t=1", "\r=1"])
def test_no_cell_is_a_formula(text: str) -> None:
    assert formula_safe(text) == f"'{text}"
    assert formula_safe(f"a{text}") == f"a{text}"


@pytest.mark.attack(32)
def test_no_cell_of_the_table_begins_a_formula(answer: AnswerPaths) -> None:
    with answer.csv.open(encoding="utf-8", newline="") as stream:
        cells = [cell for row in csv.reader(stream) for cell in row]

    assert not [cell for cell in cells if cell[:1] in tuple("=+-@\t\r")]
