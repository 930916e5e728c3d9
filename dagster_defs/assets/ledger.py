"""Events of the ledger, landed in the warehouse."""

from typing import Any

import dagster as dg

from dagster_defs.assets.landing import GROUP
from dagster_defs.resources import Warehouse
from execution.installation import Installation
from execution.service import open_ledger
from warehouse.landing import land_ledger


@dg.asset(key=["landing", "ledger_events"], group_name=GROUP, deps=["rebalance", "reconciliation"])
def ledger_landing(
    warehouse: dg.ResourceParam[Warehouse], installation: dg.ResourceParam[Installation]
) -> dg.MaterializeResult[Any]:
    """Every event of the ledger, as recorded."""
    with open_ledger(installation) as ledger:
        rows = ledger.rows()
    about = {"events": len(rows), "new": land_ledger(warehouse.connection, rows)}
    version = dg.DataVersion(rows[-1]["digest"] if rows else "empty")
    return dg.MaterializeResult(metadata=about, data_version=version)
