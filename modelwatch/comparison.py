"""Two files compared without a store: the reference is the baseline, the current file one window."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from detectors.binning import choose_binning
from detectors.drift import drift_findings
from detectors.findings import Finding
from detectors.profile import profile
from detectors.quality import quality_findings
from modelwatch.columns import columns_of_frame
from modelwatch.scheme import SCORE_BINS, is_score
from modelwatch.tabular import FileRows, Mapped, TabularError, read_rows
from store.definitions import FieldKind

CHECKS = ("missing", "unseen", "range", "types")
# What is different in nearly every row names the row and says nothing about it.
_DISTINCT_SHARE = 0.9
_LEAST_ROWS = 100
_MAX_BINS = 256


@dataclass(frozen=True, slots=True)
class Comparison:
    """Findings on every field of the reference, drift first. ``notices`` say what was not compared, and why."""

    findings: tuple[Finding, ...]
    n_reference: int
    n_current: int
    notices: tuple[str, ...]

    @property
    def changed(self) -> tuple[Finding, ...]:
        """The findings beyond their limit."""
        return tuple(each for each in self.findings if each.status in ("warning", "critical"))

    @property
    def judged(self) -> bool:
        """Whether there were rows enough to say anything."""
        return any(each.status in ("ok", "warning", "critical") for each in self.findings if each.kind == "drift")


def compare(reference: Path, current: Path, mapped: Mapped) -> Comparison:
    """Did the data change? Kinds of fields are those of the reference. Raises TabularError."""
    before = read_rows(reference, mapped)
    kinds, notices = _comparable(before, mapped.kinds)
    if not kinds:
        raise TabularError(f"{reference} has no column that can be compared")
    now = read_rows(current, replace(mapped, kinds={**mapped.kinds, **kinds}, must=frozenset()))
    strangers = sorted(set(now.kinds) - set(before.kinds))
    if strangers:
        notices.append(f"only the current file has {', '.join(strangers[:10])}: not compared")
    absent = sorted(set(kinds) - set(now.kinds))
    if absent:
        notices.append(f"the current file lacks {', '.join(absent[:10])}: every value counts as missing")
    columns = columns_of_frame(before.frame, kinds)
    binning = choose_binning(columns, max_bins={name: SCORE_BINS if is_score(name) else _MAX_BINS for name in columns})
    baseline = profile(binning, columns)
    window = profile(binning, columns_of_frame(now.frame, kinds, binning))
    findings = (*drift_findings(binning, baseline, window), *quality_findings(binning, baseline, window, checks=CHECKS))
    return Comparison(findings, len(before), len(now), (*before.notices, *notices))


def _comparable(rows: FileRows, declared: Mapping[str, FieldKind]) -> tuple[dict[str, FieldKind], list[str]]:
    """The fields to compare: all but those that look like names of rows, unless a model file declares them."""
    kinds: dict[str, FieldKind] = {}
    notices: list[str] = []
    for name, kind in rows.kinds.items():
        if name in rows.features and name not in declared and _names_rows(rows.frame[name], kind):
            notices.append(f"column {name!r} differs from row to row like an id: not compared")
        else:
            kinds[name] = kind
    return kinds, notices


def _names_rows(cells: "pd.Series[Any]", kind: FieldKind) -> bool:
    if len(cells) < _LEAST_ROWS:
        return False
    if kind == "categorical":
        return cells.nunique() >= _DISTINCT_SHARE * len(cells)
    if not pd.api.types.is_integer_dtype(cells.dtype):
        return False
    return bool((np.diff(cells.to_numpy()) > 0).all())
