"""Correlations: of each pair of symbols that the newest decision looked at, and the cap between two picks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from operations.web.reading import Reading

PAIRS = """
SELECT session_date, symbol_1, symbol_2, correlation, observations FROM correlations
WHERE scenario_id = 0 AND session_date = (SELECT max(session_date) FROM correlations WHERE scenario_id = 0)
"""
LIVE = "SELECT corr_cap, corr_window, corr_min_obs FROM strategies WHERE is_live"
UNIVERSE = "SELECT symbol FROM landing.universe ORDER BY symbol"
PICKED = "SELECT symbol FROM live_targets WHERE symbol <> 'CASH' AND weight > 0 ORDER BY symbol"


def document(reading: Reading) -> dict[str, Any]:
    """Return the matrix, symbols by symbols; null where a pair was not looked at or is not known.

    Raises:
        LakeError: The correlations were never built.
    """
    pairs = reading.records(PAIRS)
    known = {frozenset((pair["symbol_1"], pair["symbol_2"])): pair["correlation"] for pair in pairs}
    seen = {symbol for pair in known for symbol in pair}
    symbols = sorted((row["symbol"] for row in reading.records(UNIVERSE)), key=lambda name: (name not in seen, name))
    return {
        "session_date": pairs[0]["session_date"] if pairs else None,
        "symbols": symbols,
        "picked": [row["symbol"] for row in reading.records(PICKED)],
        "matrix": [
            [1.0 if one == other else known.get(frozenset((one, other))) for other in symbols] for one in symbols
        ],
        **reading.records(LIVE)[0],
    }
