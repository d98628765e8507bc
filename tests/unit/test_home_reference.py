"""Reference data: whole, or missing and said so."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from parity.home import HomeError
from parity.home.reference import Reference

ORGANISATIONS = (
    "organisation_code,organisation_name,organisation_type,parent_code,"
    "valid_from,valid_to\n"
)
PRACTICES = "practice_code,practice_name,sub_icb_code\n"
POSTCODES = "postcode,lsoa_code,deprivation_decile,sub_icb_code,is_live\n"


def write(folder: Path, **rows: str) -> Path:
    files = {
        "organisations": ORGANISATIONS + "ZZ1,One,provider,,2020-04-01,\n",
        "practices": PRACTICES + "ZZ9901,Practice,ZZC01\n",
        "postcodes": POSTCODES + "zz993vz,E01000001,3,ZZC01,true\n",
        **rows,
    }
    for name, content in files.items():
        (folder / f"{name}.csv").write_text(content)
    return folder


def test_load(tmp_path: Path) -> None:
    """Typed; postcodes in canonical form; more columns do no harm."""
    folder = write(tmp_path, practices="extra," + PRACTICES + "x,ZZ9901,P,ZZC01\n")
    found = Reference.load(folder)
    assert found.postcodes.rows() == [("ZZ99 3VZ", "E01000001", 3, "ZZC01", True)]
    assert found.practices.rows() == [("ZZ9901", "P", "ZZC01")]
    valid = found.organisations.select("valid_from", "valid_to").row(0)
    assert valid == (date(2020, 4, 1), None)
    assert found.missing == ()


def test_missing_file(tmp_path: Path) -> None:
    """Said in a sentence; the frame is there, empty, with its columns."""
    (write(tmp_path) / "postcodes.csv").unlink()
    found = Reference.load(tmp_path)
    assert len(found.missing) == 1
    assert found.missing[0].startswith("postcodes.csv is missing:")
    assert found.postcodes.height == 0
    assert found.practices.height == 1


def test_empty(tmp_path: Path) -> None:
    """No reference is the reference of an empty folder, less the sentences."""
    none, loaded = Reference.empty(), Reference.load(tmp_path)
    assert len(loaded.missing) == 3
    for name in ("organisations", "practices", "postcodes"):
        assert getattr(none, name).equals(getattr(loaded, name))
        assert getattr(none, name).schema == getattr(loaded, name).schema


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("postcodes", "postcode,lsoa_code\n", "reference_columns"),
        ("postcodes", POSTCODES + "M1 1AA,E,11,S,true\n", "reference_value"),
        ("postcodes", POSTCODES + "M1 1AA,E,three,S,true\n", "reference_value"),
        ("postcodes", POSTCODES + "M1 1AA,E,3,S,perhaps\n", "reference_value"),
        ("postcodes", POSTCODES + "nonsense,E,3,S,true\n", "reference_value"),
        ("postcodes", POSTCODES + ",E,3,S,true\n", "reference_value"),
        (
            "postcodes",
            POSTCODES + "M1 1AA,E,3,S,true\nm11aa,F,4,S,true\n",
            "reference_value",
        ),
        ("practices", PRACTICES + "A,one,S\nA,two,T\n", "reference_value"),
        (
            "organisations",
            ORGANISATIONS + "ZZ1,One,provider,,1 April 2020,\n",
            "reference_value",
        ),
        (
            "practices",
            PRACTICES + "A,one,S,more,than,columns\n",
            "reference_unreadable",
        ),
        ("practices", "", "reference_unreadable"),
    ],
)
def test_not_whole(tmp_path: Path, name: str, content: str, code: str) -> None:
    """A file that is there is right in every row, or is not used at all."""
    with pytest.raises(HomeError, match=code):
        Reference.load(write(tmp_path, **{name: content}))


SUCCESSIONS = (
    "predecessor_code,successor_code,succession_date,keeps_local_identifiers\n"
)


def test_successions(tmp_path: Path) -> None:
    """All predecessors whose identifiers were kept, from the day on; no file, none."""
    assert Reference.load(write(tmp_path)).formers("C", date(2025, 1, 1)) == ()
    rows = "A,B,2020-04-01,true\nB,C,2022-04-01,True\nX,C,2021-04-01,false\n"
    found = Reference.load(write(tmp_path, successions=SUCCESSIONS + rows))
    assert found.formers("C", date(2022, 4, 1)) == ("A", "B")
    assert found.formers("C", date(2022, 3, 31)) == ()
    assert found.formers("B", date(2022, 3, 31)) == ("A",)
    assert found.formers("A", date(2022, 4, 1)) == ()


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param("A,B,2020-04-01,true\nB,A,2021-04-01,true\n", id="circle"),
        pytest.param(
            "A,B,2020-04-01,true\nB,C,2021-04-01,true\nC,A,2022-04-01,true\n",
            id="circle of three",
        ),
        pytest.param("A,A,2020-04-01,true\n", id="circle of one"),
        pytest.param("A,B,2020-04-01,true\nA,C,2021-04-01,true\n", id="two successors"),
        pytest.param(",B,2020-04-01,true\n", id="no predecessor"),
        pytest.param("A,,2020-04-01,true\n", id="no successor"),
        pytest.param("A,B,April,true\n", id="no date"),
        pytest.param("A,B,2020-04-01,perhaps\n", id="neither kept nor not"),
    ],
)
def test_successions_that_cannot_be_followed(tmp_path: Path, rows: str) -> None:
    with pytest.raises(HomeError, match="reference_value"):
        Reference.load(write(tmp_path, successions=SUCCESSIONS + rows))
