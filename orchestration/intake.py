"""Intake assets: one submission of one provider, kind and month lands.

The asset keys equal the keys of dbt's sources, so that Dagster draws one unbroken graph
from the provider's file to the page.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import dagster as dg

from orchestration.failures import value_free
from orchestration.partitions import submissions
from orchestration.resources import HomeResource
from parity.intake.inbox import find_in_inbox
from parity.intake.slot import Slot
from parity.intake.submit import submit
from parity.specification import load
from parity.warehouse.landed import RECEIPT_TABLES
from parity.warehouse.staging_models import schema_name

PROVIDER_FILE = dg.AssetKey(["inbox", "submission"])

provider_file = dg.AssetSpec(
    PROVIDER_FILE,
    group_name="intake",
    description="What a provider drops in the inbox: an Access file or a CSV folder.",
)


def landed_keys(version: str = "2.1") -> list[dg.AssetKey]:
    """Keys of every table that intake writes, as dbt names its sources."""
    tables = load(version).tables
    landed = [dg.AssetKey([schema_name(version), name.lower()]) for name in tables]
    return landed + [dg.AssetKey(["receipts", name]) for name in RECEIPT_TABLES]


@dg.multi_asset(
    name="intake",
    specs=[
        dg.AssetSpec(key, deps=[PROVIDER_FILE], group_name="intake")
        for key in landed_keys()
    ],
    partitions_def=submissions,
)
def intake(
    context: dg.AssetExecutionContext, home_resource: HomeResource
) -> Iterator[dg.MaterializeResult[Any]]:
    """Validate, answer, pseudonymise and land the submission of this partition."""
    slot = slot_of(context)
    with value_free("intake"):
        home = home_resource.home()
        path = find_in_inbox(home, slot)
        receipt = submit(home, path, home_resource.keyring())
    if receipt.state in {"rejected", "quarantined"}:
        raise dg.Failure(
            description=f"{receipt.name} was {receipt.state}: {receipt.reason}",
            metadata={"what to do": "send the provider the answer; nothing was loaded"},
            allow_retries=False,
        )
    for key in landed_keys():
        yield dg.MaterializeResult(asset_key=key, metadata={"state": receipt.state})


def slot_of(context: dg.AssetExecutionContext) -> Slot:
    """The slot that a partition key names: sender <provider>_<kind>, month."""
    keys = context.partition_key.keys_by_dimension
    provider, kind = keys["sender"].rsplit("_", 1)
    return Slot.from_name(f"{provider}_{keys['month'][:7]}_{kind}")


def partition_key(slot: Slot) -> dg.MultiPartitionKey:
    """The partition of a slot."""
    return dg.MultiPartitionKey(
        {
            "sender": f"{slot.provider_code}_{slot.kind}",
            "month": slot.month.isoformat(),
        }
    )
