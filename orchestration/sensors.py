"""The inbox sensor: every file that arrives becomes one run of intake.

The sensor never raises and reads no content: a name that is not a submission's, or a
month outside the partitions, is moved to the quarantine with its reason, and holds
nothing else up. It works in small steps, so that a full inbox cannot time it out.
"""

import dagster as dg

from orchestration.intake import intake, partition_key, slot_or_refusal
from orchestration.partitions import senders
from orchestration.resources import HomeResource
from parity.intake.inbox import quarantine, ready_files
from parity.intake.slot import Slot

_FILES_A_TICK = 20

intake_job = dg.define_asset_job("intake_job", selection=[intake])


@dg.sensor(job=intake_job, minimum_interval_seconds=30)
def inbox(
    context: dg.SensorEvaluationContext, home_resource: HomeResource
) -> dg.SensorResult:
    """One run request for each readable name; its run key is the name and its time."""
    home = home_resource.home()
    requests, new_senders = [], set()
    for path in ready_files(home)[:_FILES_A_TICK]:
        slot = slot_or_refusal(path)
        if not isinstance(slot, Slot):
            quarantine(home, home_resource.keyring(), path, slot)
            continue
        key = partition_key(slot)
        new_senders.add(key.keys_by_dimension["sender"])
        arrived = path.stat().st_mtime_ns
        requests.append(
            dg.RunRequest(run_key=f"{path.name}:{arrived}", partition_key=key)
        )
    known = set(context.instance.get_dynamic_partitions("senders"))
    missing = sorted(new_senders - known)
    added = [senders.build_add_request(missing)] if missing else []
    return dg.SensorResult(run_requests=requests, dynamic_partitions_requests=added)
