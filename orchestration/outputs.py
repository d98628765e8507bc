"""What leaves the warehouse, as assets: packages, publications, documentation.

Packages and documentation are made anew after each build; publications are made by
month, under a disclosure profile, and only from published-measure marts.
"""

from datetime import date
from typing import Any

import dagster as dg
from dagster_dbt import get_asset_key_for_model

from orchestration.failures import value_free
from orchestration.partitions import months
from orchestration.resources import HomeResource
from orchestration.transformation import warehouse
from parity.access.packages import build_package
from parity.publication import publish_month
from parity.warehouse.documentation import build_documentation

_CORE = ("dim_organisations", "dim_people", "fct_referrals")
_SESSIONS = ("fct_care_contacts", "fct_assessment_scores")
_EQUALITY = ("fct_equality_access", "fct_equality_waits", "fct_equality_outcomes")


def _marts(*names: str) -> list[dg.AssetKey]:
    return [get_asset_key_for_model([warehouse], name) for name in names]


@dg.asset(
    key=["packages", "researcher"],
    deps=_marts(*_CORE, *_SESSIONS),
    group_name="packages",
)
def researcher_package(home_resource: HomeResource) -> dg.MaterializeResult[Any]:
    """The encrypted file of the role researcher: what it may see, nothing more."""
    return _package(home_resource, "researcher")


@dg.asset(
    key=["packages", "equality_lead"],
    deps=_marts("fct_measures", *_EQUALITY),
    group_name="packages",
)
def equality_lead_package(home_resource: HomeResource) -> dg.MaterializeResult[Any]:
    """The encrypted file of the role equality_lead: measures, no row of a person."""
    return _package(home_resource, "equality_lead")


def _package(home_resource: HomeResource, role: str) -> dg.MaterializeResult[Any]:
    with value_free(f"package {role}"):
        home = home_resource.home()
        build_package(home, home_resource.keyring(), role)
    return dg.MaterializeResult()


@dg.asset(
    key=["published", "monthly_measures"],
    deps=_marts("fct_measures", *_EQUALITY),
    partitions_def=months,
    group_name="publications",
)
def monthly_publication(
    context: dg.AssetExecutionContext, home_resource: HomeResource
) -> dg.MaterializeResult[Any]:
    """The measure file and equality tables of a month, under nhs_publication."""
    with value_free("publication"):
        month = date.fromisoformat(context.partition_key)
        publish_month(home_resource.home(), home_resource.keyring(), month)
    return dg.MaterializeResult()


@dg.asset(
    key=["published", "documentation"],
    deps=_marts(*_CORE, *_SESSIONS, "fct_measures", *_EQUALITY),
    group_name="publications",
)
def documentation(home_resource: HomeResource) -> dg.MaterializeResult[Any]:
    """The dbt documentation site with lineage: one offline page."""
    with value_free("documentation"):
        build_documentation(home_resource.home(), home_resource.keyring())
    return dg.MaterializeResult()
