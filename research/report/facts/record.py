"""Facts as JSON values: every number in full precision, null for what is not defined."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date
from enum import Enum
from typing import Any

import numpy as np
import pandas as pd


def as_record(value: object) -> Any:  # noqa: ANN401 - any JSON value
    """Turn facts into what `json` writes: dataclasses into objects, arrays into lists, dates into ISO texts.

    Raises:
        TypeError: Something that has no JSON form is among the facts.
    """
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: as_record(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {_key(key): as_record(part) for key, part in value.items()}
    if isinstance(value, pd.DataFrame):
        return [as_record(row) for row in value.to_dict("records")]
    if isinstance(value, (np.ndarray, pd.Index, pd.Series)):
        return [as_record(part) for part in value.tolist()]
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [as_record(part) for part in value]
    return _scalar(value)


def _scalar(value: object) -> str | float | bool | None:
    if value is None or value is pd.NaT:
        return None
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, date):
        return f"{value:%Y-%m-%d}"
    if isinstance(value, np.generic):
        return _scalar(value.item())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, (str, bool, int)):
        return value
    raise TypeError(f"{type(value).__name__} has no JSON form.")


def _key(key: object) -> str:
    return str(_scalar(key))
