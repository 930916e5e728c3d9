"""Where the relations of a lake and the oracle's tables differ."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
from oracle import (
    Market,
    Parameters,
    backtest,
    correlation,
    ema,
    features,
    measured,
    metrics,
    target_weights,
    walk_forward,
)
from oracle.targets import ranking_scores, selections

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import duckdb
