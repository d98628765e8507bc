"""Of several processes that draw the graph at once none reads half a manifest."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestration import transformation
from orchestration.transformation import manifest_path


@pytest.fixture
def seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What another process finds while dbt is in the middle of its manifest."""
    found: list[str] = []

    def parse(folder: Path) -> None:
        (folder / "manifest.json").write_text("{")
        kept = tmp_path / "manifest.json"
        found.append(kept.read_text() if kept.exists() else "")
        (folder / "manifest.json").write_text("{}")

    monkeypatch.setattr(transformation, "_parse", parse)
    return found


def test_the_first_manifest_is_there_when_it_is_whole(
    tmp_path: Path, seen: list[str]
) -> None:
    assert manifest_path(tmp_path).read_text() == "{}"
    assert seen == [""]
    assert [path.name for path in tmp_path.iterdir()] == ["manifest.json"]


def test_an_older_manifest_stands_until_the_new_one_is_whole(
    tmp_path: Path, seen: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "manifest.json").write_text("older")
    monkeypatch.setattr(transformation, "_newest_source", lambda: float("inf"))
    assert manifest_path(tmp_path).read_text() == "{}"
    assert seen == ["older"]


def test_a_manifest_newer_than_every_source_is_not_parsed_again(
    tmp_path: Path, seen: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "manifest.json").write_text("older")
    monkeypatch.setattr(transformation, "_newest_source", lambda: 0.0)
    assert manifest_path(tmp_path).read_text() == "older"
    assert seen == []
