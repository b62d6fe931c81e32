"""modelwatch as a contender.

The seam is small: ``fit`` learns the baseline, ``judge`` profiles the window and turns its findings into a verdict.
For now the verdict is read off the fixed thresholds: any finding at its limit alarms, a critical one pages, and the
largest ratio of a value to its limit stands for both drift and severity. There is no estimate yet.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from benchmarks.quality.contenders import Verdict, with_output
from benchmarks.quality.sources import FieldKind
from detectors.binning import Binning, choose_binning
from detectors.columns import CategoryColumn, Column, NumericColumn
from detectors.drift import drift_findings
from detectors.findings import Finding
from detectors.profile import Profile, profile
from detectors.quality import quality_findings

CHECKS = ("missing", "unseen", "range", "types")
SCORE_BINS = 1_024


@dataclass(slots=True)
class Modelwatch:
    """Drift and data quality of every field and of the model's output, with the project's defaults."""

    name: str = "modelwatch"
    _kinds: dict[str, FieldKind] = field(default_factory=dict)
    _binning: Binning = field(default_factory=lambda: Binning(()))
    _baseline: Profile | None = None

    def fit(
        self,
        baseline: pd.DataFrame,
        kinds: Mapping[str, FieldKind],
        importance: Mapping[str, float],
        rng: np.random.Generator,
    ) -> None:
        self._kinds = with_output(baseline, kinds)
        columns = columns_of(baseline, self._kinds)
        self._binning = choose_binning(columns, max_bins={"score": SCORE_BINS})
        self._baseline = profile(self._binning, columns)

    def judge(self, window: pd.DataFrame) -> Verdict:
        if self._baseline is None:
            raise ValueError("no baseline yet: call fit first")
        current = profile(self._binning, columns_of(window, self._kinds))
        findings = drift_findings(self._binning, self._baseline, current)
        findings += quality_findings(self._binning, self._baseline, current, checks=CHECKS)
        return verdict_of(findings)


def verdict_of(findings: list[Finding]) -> Verdict:
    """What the findings of a window come to."""
    raised = [finding for finding in findings if finding.status in ("warning", "critical")]
    largest = max((_ratio(finding) for finding in findings), default=0.0)
    return Verdict(
        alarm=bool(raised),
        statistic=largest,
        severity=largest,
        pages=any(finding.status == "critical" for finding in raised),
        fields=tuple(dict.fromkeys(finding.field for finding in raised if finding.field is not None)),
    )


def _ratio(finding: Finding) -> float:
    if finding.value is None or not finding.threshold:
        return 0.0
    return finding.value / finding.threshold


def columns_of(rows: pd.DataFrame, kinds: Mapping[str, FieldKind]) -> dict[str, Column]:
    """The rows as detectors take them; NaN is missing."""
    found: dict[str, Column] = {}
    for name, kind in kinds.items():
        if kind == "numeric":
            values = rows[name].to_numpy(np.float64)
            found[name] = NumericColumn.of(values, np.isnan(values))
        else:
            categories = rows[name].cat
            vocabulary = tuple(str(text) for text in categories.categories)
            found[name] = CategoryColumn(categories.codes.to_numpy().astype(np.int32), vocabulary)
    return found
