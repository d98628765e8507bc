"""Everything Dagster is shown, gathered in one place.

`dagster dev -m orchestration.definitions` draws one graph from the provider's file to
the page. Tests replace any part by calling `build` with another home.
"""

from __future__ import annotations

import dagster as dg

from orchestration.intake import intake, provider_file
from orchestration.outputs import (
    documentation,
    equality_lead_package,
    monthly_publication,
    researcher_package,
)
from orchestration.resources import HomeResource
from orchestration.sensors import inbox, intake_job
from orchestration.transformation import warehouse

ASSETS: list[dg.AssetsDefinition | dg.AssetSpec] = [
    provider_file,
    intake,
    warehouse,
    researcher_package,
    equality_lead_package,
    monthly_publication,
    documentation,
]

warehouse_job = dg.define_asset_job(
    "warehouse_job",
    selection=dg.AssetSelection.assets(
        warehouse, researcher_package, equality_lead_package, documentation
    ),
    executor_def=dg.in_process_executor,
)


def build(home_resource: HomeResource | None = None) -> dg.Definitions:
    """The definitions for a home; without one, PARITY_HOME is read when a step runs."""
    return dg.Definitions(
        assets=ASSETS,
        jobs=[intake_job, warehouse_job],
        sensors=[inbox],
        resources={"home_resource": home_resource or HomeResource()},
        executor=dg.in_process_executor,
    )


definitions = build()
