"""Dagster sees one unbroken graph, and one bad file holds nothing up."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

from orchestration.definitions import build
from orchestration.failures import value_free
from orchestration.resources import HomeResource
from orchestration.run import dagster_instance
from orchestration.sensors import inbox
from parity.home import Home, HomeError, init

GRAPH = build().resolve_asset_graph()


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return init(tmp_path / "home", synthetic=True)


def test_the_graph_is_unbroken_from_the_providers_file_to_every_output() -> None:
    source = dg.AssetKey(["inbox", "submission"])
    reached = {source}
    while True:
        more = {
            child
            for key in reached
            for child in GRAPH.get(key).child_keys
            if child not in reached
        }
        if not more:
            break
        reached |= more
    outputs = {
        dg.AssetKey(["packages", "researcher"]),
        dg.AssetKey(["packages", "equality_lead"]),
        dg.AssetKey(["published", "monthly_measures"]),
        dg.AssetKey(["published", "documentation"]),
    }
    assert outputs <= reached


def test_every_source_of_dbt_is_made_by_intake() -> None:
    external = set(GRAPH.external_asset_keys)
    assert external == {dg.AssetKey(["inbox", "submission"])}


def test_dbt_tests_are_asset_checks() -> None:
    assert len(GRAPH.asset_check_keys) > 100


@pytest.mark.attack(28)
def test_the_sensor_quarantines_a_strange_name_and_takes_the_rest(home: Home) -> None:
    for name in ("ZZ1_2025-04_primary", "ZZ2_2025-04_primary"):
        (home.landing_inbox / name).mkdir()
    (home.landing_inbox / "ZZ1_1999-01_primary").mkdir()
    (home.landing_inbox / "letter.docx").write_text("not a submission")
    with dagster_instance(home) as instance:
        context = dg.build_sensor_context(
            instance=instance,
            resources={"home_resource": HomeResource(root=str(home.root))},
        )
        result = inbox(context)
    assert isinstance(result, dg.SensorResult)
    assert len(result.run_requests or []) == 2
    left = {path.name for path in home.landing_inbox.iterdir()}
    assert left == {"ZZ1_2025-04_primary", "ZZ2_2025-04_primary"}
    assert len(list(home.landing_quarantine.glob("*/*.sealed"))) == 2
    assert len(list(home.landing_quarantine.glob("*/*.reason.txt"))) == 2


MARK = "999 999 9468 Ada Lovelace"


@pytest.mark.attack(2)
@pytest.mark.parametrize(
    "error", [ValueError(MARK), KeyError(MARK), RuntimeError(MARK)]
)
def test_no_value_of_an_unexpected_error_reaches_dagster(error: Exception) -> None:
    with pytest.raises(dg.Failure) as caught, value_free("a step"):
        raise error
    said = f"{caught.value.description} {caught.value.__cause__} "
    assert MARK not in said
    assert caught.value.__suppress_context__
    assert type(error).__name__ in said


def storage_after(home: Home, asset: dg.AssetsDefinition) -> bytes:
    """All bytes of Dagster's storage after an asset failed."""
    with dagster_instance(home) as instance:
        result = dg.materialize([asset], instance=instance, raise_on_error=False)
    assert not result.success
    files = [path for path in home.dagster_home.rglob("*") if path.is_file()]
    return b"".join(path.read_bytes() for path in files)


@pytest.mark.attack(2)
def test_dagsters_storage_holds_no_value_of_a_failed_step(home: Home) -> None:
    @dg.asset
    def guarded() -> None:
        with value_free("a step"):
            raise ValueError(MARK)

    assert MARK.encode() not in storage_after(home, guarded)


@pytest.mark.attack(2, control=True)
def test_without_the_door_dagster_would_store_it(home: Home) -> None:
    """The control: the look into the storage above can see such a value."""

    @dg.asset
    def unguarded() -> None:
        raise ValueError(MARK)

    assert MARK.encode() in storage_after(home, unguarded)


def test_a_coded_error_keeps_its_words() -> None:
    with pytest.raises(dg.Failure) as caught, value_free("a step"):
        raise HomeError("wrong_passphrase", "the passphrase does not open this home")
    assert "does not open this home" in str(caught.value.description)
