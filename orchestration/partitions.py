"""Partitions: intake is provider by month and kind, publications are by month.

One bad file of one provider must not paint a whole month red, and a refresh is a second
look at the same month; so the key of an intake partition is the provider with the kind,
and the month. Providers are added when their first file arrives. dbt's assets have no
partitions: one build serves all months.
"""

from __future__ import annotations

import dagster as dg

FIRST_MONTH = "2014-07-01"  # data set v1.5 begins; nothing older can be submitted

months = dg.MonthlyPartitionsDefinition(start_date=FIRST_MONTH, end_offset=1)
senders = dg.DynamicPartitionsDefinition(name="senders")
submissions = dg.MultiPartitionsDefinition({"sender": senders, "month": months})
