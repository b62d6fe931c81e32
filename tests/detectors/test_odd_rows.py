"""Odd baselines and windows: every check gives a named result, none stops, and no value is a NaN."""

import math
from collections.abc import Mapping

import numpy as np
import pytest

from detectors.binning import choose_binning
from detectors.columns import CategoryColumn, Column, NumericColumn
from detectors.comoments import comoments
from detectors.correlation import correlation_finding
from detectors.drift import drift_findings
from detectors.drift_methods import CATEGORY_METHODS, NUMERIC_METHODS
from detectors.duplicates import duplicates_finding
from detectors.findings import Finding
from detectors.label_drift import label_drift_finding
from detectors.pair_scatter import pair_scatter
from detectors.performance import performance_findings
from detectors.performance_profile import Classes, performance_layout, profile_performance
from detectors.profile import profile
from detectors.profile_groups import encode_rows
from detectors.quality import quality_findings
from detectors.rank_codes import rank_codes
from detectors.row_hashes import row_hashes
from detectors.row_sketch import sketch_rows
from detectors.unknown_labels import unknown_labels_finding

N = 500
RNG = np.random.default_rng(17)
Rows = Mapping[str, Column]


def numbers(values: object) -> NumericColumn:
    return NumericColumn.of(np.asarray(values, dtype=np.float64), missing=np.isnan(np.asarray(values, dtype=float)))


def words(*texts: str | None) -> CategoryColumn:
    return CategoryColumn.of_strings([texts[row % len(texts)] for row in range(N)])


USUAL: Rows = {"x": numbers(RNG.normal(size=N)), "y": numbers(RNG.normal(size=N)), "c": words("a", "b", "c")}
MISSING = np.full(N, np.nan)
MANY = CategoryColumn.of_strings([f"id {row}" for row in range(10_000)])
CASES: dict[str, tuple[Rows, Rows]] = {
    "constant fields": ({**USUAL, "x": numbers(np.full(N, 2.0))}, {**USUAL, "x": numbers(np.full(N, 2.0))}),
    "all-missing fields": ({**USUAL, "x": numbers(MISSING), "c": words(None)}, USUAL),
    "all-missing window": (USUAL, {**USUAL, "x": numbers(MISSING), "c": words(None)}),
    "one row": (USUAL, {name: column.take(np.arange(1)) for name, column in USUAL.items()}),
    "one row at the baseline": ({name: column.take(np.arange(1)) for name, column in USUAL.items()}, USUAL),
    "no rows": (USUAL, {name: column.take(np.arange(0)) for name, column in USUAL.items()}),
    "one category": ({**USUAL, "c": words("only")}, {**USUAL, "c": words("only", "other")}),
    "infinite values": (USUAL, {**USUAL, "x": numbers(np.where(np.arange(N) % 2, np.inf, -np.inf))}),
    "infinite baseline": ({**USUAL, "x": numbers(np.full(N, np.inf))}, USUAL),
    "10,000 categories": ({"c": MANY}, {"c": MANY}),
    "the largest floats": ({**USUAL, "x": numbers(1.7e308 * np.linspace(-1, 1, N))}, USUAL),
    "a small baseline": ({name: column.take(np.arange(150)) for name, column in USUAL.items()}, USUAL),
}


def all_findings(baseline: Rows, current: Rows) -> list[Finding]:
    binning = choose_binning(baseline)
    before, now = (profile(binning, side) for side in (baseline, current))
    found = quality_findings(binning, before, now, earlier_counts=[N] * 7)
    methods = [{"numeric": method} for method in NUMERIC_METHODS]
    for chosen in (*methods, *({"categorical": method} for method in CATEGORY_METHODS)):
        found += drift_findings(binning, before, now, methods=chosen)  # type: ignore[arg-type]
    ranks = [rank_codes(encode_rows(binning, side)) for side in (baseline, current)]
    sums = [comoments(each)[0] for each in ranks]
    found.append(correlation_finding(pair_scatter(ranks[0]), *sums))
    sketches = [sketch_rows(row_hashes(side)) for side in (baseline, current)]
    found.append(duplicates_finding(sketches[:1], sketches[1]))
    return found


@pytest.mark.parametrize("case", CASES)
def test_every_finding_has_a_reason_and_no_number_is_undefined(case: str) -> None:
    found = all_findings(*CASES[case])
    assert {"schema", "missing", "correlation", "duplicates"} <= {finding.method for finding in found}
    for finding in found:
        assert finding.reason
        figures = (finding.value, finding.threshold, finding.p_value, finding.effect)
        assert all(figure is None or math.isfinite(figure) for figure in figures), finding
        if finding.status in ("insufficient", "nodata"):
            assert finding.severity == "none"


@pytest.mark.parametrize(
    ("case", "field", "method", "status", "words_of_reason"),
    [
        ("constant fields", "x", "stuck", "ok", "the baseline holds the single value 2"),
        ("constant fields", "x", "ks", "ok", "constant at the baseline"),
        ("all-missing fields", "x", "ks", "insufficient", "the baseline has 0 rows with a value"),
        ("all-missing fields", None, "schema", "warning", "2 fields had no value at the baseline"),
        ("all-missing window", None, "schema", "critical", "2 fields vanished: 'x', 'c'"),
        ("all-missing window", "x", "missing", "critical", "missing in 100.0 %"),
        ("one row", "x", "missing", "insufficient", "1 row, at least 30 are needed"),
        ("one row", None, "correlation", "insufficient", "no two fields vary together in enough rows"),
        ("one row", None, "duplicates", "insufficient", "1 row, at least 30 are needed"),
        ("one row at the baseline", "x", "stuck", "insufficient", "the baseline has 1 value"),
        ("no rows", None, "schema", "nodata", "no rows in this window"),
        ("one category", "c", "unseen", "critical", "of categories not in the baseline, such as 'other'"),
        ("one category", "c", "total_variation", "critical", "share of"),
        ("infinite values", "x", "types", "critical", "were infinite"),
        ("infinite values", "x", "ks", "insufficient", "0 rows with a value"),
        ("infinite baseline", "x", "range", "insufficient", "the baseline has no number, so no range"),
        ("10,000 categories", "c", "unseen", "ok", "every category"),
        ("10,000 categories", "c", "stuck", "ok", "'id 0' in 0.01 % of 10,000 values"),
        ("a small baseline", "x", "missing", "ok", "missing in 0.0 %"),
    ],
)
def test_what_is_odd_is_named(case: str, field: str | None, method: str, status: str, words_of_reason: str) -> None:
    (finding,) = {
        each.reason: each for each in all_findings(*CASES[case]) if (each.field, each.method) == (field, method)
    }.values()
    assert words_of_reason in finding.reason
    assert finding.status == status


def test_labels_of_unknown_classes_are_counted_and_named() -> None:
    layout = performance_layout("binary", Classes(("0", "1"), "1"))
    codes = np.arange(1000) % 2
    (before,) = profile_performance(layout, codes, None, codes)
    (strange,) = profile_performance(layout, codes, None, np.where(np.arange(1000) < 30, 2, codes))
    finding = unknown_labels_finding(layout, before, strange)
    assert (finding.status, finding.value, finding.method) == ("critical", 0.03, "unknown_labels")
    assert finding.reason == "30 of 1,000 labels (3.0 %) are of none of the classes 0, 1"
    assert unknown_labels_finding(layout, None, strange).status == "critical"
    assert unknown_labels_finding(layout, before, before).reason == "every label is of a declared class"
    assert unknown_labels_finding(layout, strange, strange).status == "ok"
    (few,) = profile_performance(layout, codes[:5], None, codes[:5])
    assert unknown_labels_finding(layout, before, few).reason == "5 labels, at least 30 are needed"
    regression = performance_layout("regression", None)
    with pytest.raises(ValueError, match="no classes"):
        unknown_labels_finding(regression, None, before)


def test_one_class_only_has_named_results() -> None:
    layout = performance_layout("binary", Classes(("0", "1"), "1"), {"score": np.linspace(0, 1, 1025)})
    codes, zeros, score = np.arange(400) % 2, np.zeros(400, dtype=int), np.linspace(0, 1, 400)
    (before,), (now,) = (profile_performance(layout, labels, score, labels) for labels in (codes, zeros))
    drift = label_drift_finding(layout, before, now)
    assert drift.status == "critical"
    assert drift.reason.endswith("every label is of '0'")
    reasons = {each.method: each.reason for each in performance_findings(layout, before, now, 400)}
    assert "every labelled row is of class 0, and ROC AUC needs rows of both classes" in reasons["roc_auc"]
    assert "no row is labelled 1" in reasons["recall"]
