"""Drift and performance on a real stream, against what NannyML 0.13.1 says about the same chunks of 5,000 rows.

The stream is NannyML's car loan data set: 50,000 rows of reference and 50,000 of analysis, in which drift sets in at
the sixth chunk. Expected values were made by running NannyML with pandas 2.3.3, first and last chunk.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest

from detectors.binning import Binning, choose_binning
from detectors.bins import NumericBins
from detectors.columns import CategoryColumn, Column, NumericColumn
from detectors.drift import drift_findings
from detectors.findings import Finding
from detectors.metrics import metric_value
from detectors.performance_profile import Classes, Layout, PerformanceProfile, performance_layout, profile_performance
from detectors.profile import Profile, profile

pytestmark = pytest.mark.streams

NUMERIC = ("car_value", "debt_to_income_ratio", "driver_tenure", "y_pred_proba")
CATEGORIES = ("salary_range", "repaid_loan_on_prev_car", "size_of_downpayment")


class Stream(NamedTuple):
    binning: Binning
    reference: Profile
    first: Profile
    sixth: Profile
    last: Profile
    layout: Layout
    first_labels: PerformanceProfile
    last_labels: PerformanceProfile


def columns_of(rows: pd.DataFrame) -> dict[str, Column]:
    columns: dict[str, Column] = {name: NumericColumn.of(rows[name].to_numpy(np.float64)) for name in NUMERIC}
    for name in CATEGORIES:
        texts = rows[name].astype(object).where(rows[name].notna(), None)
        columns[name] = CategoryColumn.of_strings([None if text is None else str(text) for text in texts])
    return columns


@pytest.fixture(scope="module")
def stream(stream_data: Path) -> Stream:
    rows = pd.read_csv(stream_data / "nannyml_car_loan.csv.gz")
    reference, analysis = rows[rows["part"] == "reference"], rows[rows["part"] == "analysis"]
    before = columns_of(reference)
    binning = choose_binning(before, max_bins={"y_pred_proba": 1024})
    score = binning.fields[binning.index("y_pred_proba")]
    assert isinstance(score, NumericBins)
    layout = performance_layout("binary", Classes(("0", "1"), "1"), {"score": score.edges})

    def labels(chunk: pd.DataFrame) -> PerformanceProfile:
        return profile_performance(layout, chunk["y_pred"], chunk["y_pred_proba"], chunk["repaid"])[0]

    first, sixth, last = (analysis[start : start + 5000] for start in (0, 25_000, 45_000))
    profiles = [profile(binning, columns_of(chunk)) for chunk in (first, sixth, last)]
    whole = profile(binning, before)
    return Stream(binning, whole, profiles[0], profiles[1], profiles[2], layout, labels(first), labels(last))


def finding_of(stream: Stream, chunk: Profile, field: str, method: str) -> Finding:
    kind = "numeric" if field in NUMERIC else "categorical"
    found = drift_findings(stream.binning, stream.reference, chunk, methods={kind: method}, fields=[field])  # type: ignore[dict-item]
    return found[0]


@pytest.mark.parametrize(
    ("field", "method", "first", "last"),
    [
        ("salary_range", "chi_square", 1.033683, 474.891775),
        ("size_of_downpayment", "chi_square", 1.602497, 1.637593),
        ("size_of_downpayment", "jensen_shannon", 0.007962, 0.008094),
        ("salary_range", "jensen_shannon", 0.006397, 0.19035),
        # L-infinity of two categories is their total variation.
        ("repaid_loan_on_prev_car", "total_variation", 0.00974, 0.25706),
    ],
)
def test_categories_agree_to_the_last_digit(stream: Stream, field: str, method: str, first: float, last: float) -> None:
    assert finding_of(stream, stream.first, field, method).value == pytest.approx(first, abs=2e-6)
    assert finding_of(stream, stream.last, field, method).value == pytest.approx(last, abs=2e-6)


@pytest.mark.parametrize(
    ("field", "first", "last"),
    [
        ("car_value", 0.01308, 0.43838),
        ("debt_to_income_ratio", 0.01576, 0.0068),
        ("driver_tenure", 0.02114, 0.0062),
    ],
)
def test_ks_agrees_to_a_thousandth(stream: Stream, field: str, first: float, last: float) -> None:
    assert finding_of(stream, stream.first, field, "ks").value == pytest.approx(first, abs=0.001)
    assert finding_of(stream, stream.last, field, "ks").value == pytest.approx(last, abs=0.001)


def test_wasserstein_agrees_to_a_thousandth_of_a_standard_deviation(stream: Stream) -> None:
    variance = stream.reference.field(stream.binning, "car_value").variance()
    assert variance is not None
    for chunk, expected in ((stream.first, 348.369397), (stream.last, 19061.621573)):
        found = finding_of(stream, chunk, "car_value", "wasserstein").value
        assert found == pytest.approx(expected / variance**0.5, abs=0.001)


def test_realised_performance_agrees(stream: Stream) -> None:
    for labels, roc_auc, accuracy, f1 in (
        (stream.first_labels, 0.970962, 0.9422, 0.943344),
        (stream.last_labels, 0.957556, 0.9122, 0.913498),
    ):
        found = [metric_value(labels, stream.layout, metric).value for metric in ("roc_auc", "accuracy", "f1")]
        assert found == [
            pytest.approx(roc_auc, abs=1e-4),
            pytest.approx(accuracy, abs=1e-6),
            pytest.approx(f1, abs=1e-6),
        ]


def test_the_default_is_quiet_before_the_drift_and_loud_in_it(stream: Stream) -> None:
    before = drift_findings(stream.binning, stream.reference, stream.first)
    assert {finding.status for finding in before} == {"ok"}
    during = {
        finding.field: finding.status for finding in drift_findings(stream.binning, stream.reference, stream.sixth)
    }
    assert during["car_value"] == during["repaid_loan_on_prev_car"] == "critical"
    assert during["debt_to_income_ratio"] == during["driver_tenure"] == "ok"
