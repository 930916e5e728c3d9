"""What was decided, sent and filled, as it lands from the ledger."""

from typing import Any

import dagster as dg

from dagster_defs.assets.landing import GROUP
from dagster_defs.resources import Warehouse, ledger_address
from execution.ledger import Ledger
from warehouse.landing import land_ledger


@dg.asset(key=["landing", "ledger_events"], group_name=GROUP)
def ledger_landing(warehouse: Warehouse) -> dg.MaterializeResult[Any]:
    """Every event of the ledger, as it was recorded."""
    ledger = Ledger.open(ledger_address())
    try:
        rows = ledger.rows()
    finally:
        ledger.close()
    with warehouse.lake.writer() as connection:
        return dg.MaterializeResult(metadata={"events": len(rows), "new": land_ledger(connection, rows)})
