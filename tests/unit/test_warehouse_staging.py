"""The committed staging files are what the specification makes."""

from __future__ import annotations

import re

from parity.specification import PROJECT_ROOT, load
from parity.warehouse.staging_models import model_name, staging_files


def test_committed_files_equal_the_specification() -> None:
    made = staging_files("2.1")
    different = [p.name for p, text in made.items() if p.read_text() != text]
    assert different == [], "run `make staging`"


def test_no_other_file_stands_beside_them() -> None:
    folder = PROJECT_ROOT / "models" / "staging" / "iapt_v2_1"
    assert set(folder.iterdir()) == set(staging_files("2.1"))


def test_no_identifying_field_is_staged() -> None:
    texts = "\n".join(
        text for path, text in staging_files("2.1").items() if path.suffix == ".sql"
    )
    words = set(re.findall(r"\w+", texts))
    for table in load("2.1").tables.values():
        for field in table.fields:
            if not field.is_landed:
                assert field.name.lower() not in words


def test_every_staged_table_has_a_model() -> None:
    names = {path.stem for path in staging_files("2.1") if path.suffix == ".sql"}
    staged = {model_name("2.1", t) for t in load("2.1").tables.values() if t.staged}
    assert names == staged
    assert len(staged) == 11
