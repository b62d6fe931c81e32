"""Instants in a file's column: texts, clock readings of a typed column, or numbers counted from 1970."""

from datetime import tzinfo
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

NO_INSTANT = np.iinfo(np.int64).min
_ZONED = r"\d{2}:\d{2}.*(?:Z|[+-]\d{2}(?::?\d{2})?)$"
# Counted in seconds, today is 2e9; in milliseconds 2e12, in microseconds 2e15, in nanoseconds 2e18.
_UNITS = ((1e11, 1_000_000.0), (1e14, 1_000.0), (1e17, 1.0), (np.inf, 0.001))


def micros_of(cells: "pd.Series[Any]", zone: tzinfo) -> NDArray[np.int64]:
    """Microseconds since 1970 of every cell; NO_INSTANT where there is none or it cannot be read.

    A text (ISO 8601, or what pandas reads) or time without a zone is one of the clocks of ``zone``: the earlier of
    the two where clocks are set back, moved past the gap where they are set forward. A number counts from 1970 in
    seconds, milliseconds, microseconds or nanoseconds: whichever puts it before the year 5000.
    """
    if pd.api.types.is_datetime64_any_dtype(cells.dtype):
        return _micros(_placed(cells, zone))
    if pd.api.types.is_numeric_dtype(cells.dtype) and not pd.api.types.is_bool_dtype(cells.dtype):
        return _counted(cells.to_numpy(dtype=np.float64, na_value=np.nan), _whole(cells))
    texts = cells.astype("str").str.strip().where(cells.notna())
    numbers = pd.to_numeric(texts, errors="coerce")
    if numbers.notna().any() and bool((numbers.notna() | cells.isna()).all()):
        return micros_of(numbers, zone)
    zoned = texts.str.contains(_ZONED, regex=True).fillna(False).to_numpy(dtype=bool)
    found = np.full(len(cells), NO_INSTANT, dtype=np.int64)
    found[zoned] = _micros(_parsed(texts[zoned], utc=True))
    found[~zoned] = _micros(_placed(_parsed(texts[~zoned], utc=False), zone))
    return found


def _parsed(texts: "pd.Series[Any]", *, utc: bool) -> "pd.Series[Any]":
    found = pd.to_datetime(texts, errors="coerce", utc=utc, format="ISO8601")
    rest = found.isna() & texts.notna()
    if rest.any():
        found = found.copy()
        found[rest] = pd.to_datetime(texts[rest], errors="coerce", utc=utc, format="mixed").astype(found.dtype)
    return found


def _placed(times: "pd.Series[Any]", zone: tzinfo) -> "pd.Series[Any]":
    if times.dt.tz is not None:
        return times
    first = np.ones(len(times), dtype=bool)
    placed: pd.Series[Any] = times.dt.tz_localize(zone, ambiguous=first, nonexistent="shift_forward")
    return placed


def _micros(times: "pd.Series[Any]") -> NDArray[np.int64]:
    instants = times.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy().astype("datetime64[us]")
    micros: NDArray[np.int64] = instants.astype(np.int64)
    return np.where(np.isnat(instants), NO_INSTANT, micros)


def _whole(cells: "pd.Series[Any]") -> NDArray[np.int64] | None:
    return (
        cells.to_numpy(dtype=np.int64) if pd.api.types.is_integer_dtype(cells.dtype) and cells.notna().all() else None
    )


def _counted(numbers: NDArray[np.float64], whole: NDArray[np.int64] | None) -> NDArray[np.int64]:
    found = np.full(len(numbers), NO_INSTANT, dtype=np.int64)
    left = np.isfinite(numbers)
    for limit, factor in _UNITS:
        own = left & (np.abs(numbers) < limit)
        left &= ~own
        if whole is not None and factor >= 1:
            found[own] = whole[own] * int(factor)
        elif whole is not None:
            found[own] = whole[own] // 1_000
        else:
            found[own] = np.rint(numbers[own] * factor).astype(np.int64)
    return found
