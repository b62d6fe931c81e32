"""The sums from which a risk is estimated where only some rows have labels and all have an estimated loss.

The estimated loss of a row is what its own prediction says of it, for example 1 minus the calibrated probability of
the predicted class, or the error to be expected of a row like it.
"""

import math
from dataclasses import astuple, dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class RiskSums:
    """Sums over the rows that have an estimated loss; those of two windows add up to those of both.

    Over the ``n`` labelled rows: losses, estimated losses, their squares and their products. Over all ``rows``, the
    labelled ones among them: estimated losses and their squares.
    """

    n: int = 0
    loss: float = 0.0
    loss_squares: float = 0.0
    estimate: float = 0.0
    estimate_squares: float = 0.0
    products: float = 0.0
    rows: int = 0
    all_estimates: float = 0.0
    all_estimate_squares: float = 0.0

    def __post_init__(self) -> None:
        if not (0 <= self.n <= self.rows and all(map(math.isfinite, astuple(self)))):
            raise ValueError(f"n {self.n} of rows {self.rows}: give finite sums, labelled rows among all rows")


@dataclass(frozen=True, slots=True)
class WeightedRiskSums:
    """Sums for labels that were asked for with known probabilities, which may differ from row to row.

    Labelled rows count with the weight w = 1 / probability: ``w`` sums the weights, ``w_loss`` the weighted losses,
    ``ww_loss`` the losses weighted with the square of w, and so on. Additive like ``RiskSums``.
    """

    n: int = 0
    w: float = 0.0
    w_loss: float = 0.0
    w_estimate: float = 0.0
    w_products: float = 0.0
    w_estimate_squares: float = 0.0
    ww: float = 0.0
    ww_loss: float = 0.0
    ww_estimate: float = 0.0
    ww_loss_squares: float = 0.0
    ww_products: float = 0.0
    ww_estimate_squares: float = 0.0
    rows: int = 0
    all_estimates: float = 0.0
    all_estimate_squares: float = 0.0

    def __post_init__(self) -> None:
        if not (0 <= self.n <= self.rows and all(map(math.isfinite, astuple(self)))):
            raise ValueError(f"n {self.n} of rows {self.rows}: give finite sums, labelled rows among all rows")


def sum_risk(estimate: ArrayLike, loss: ArrayLike) -> RiskSums:
    """The sums of a batch: the estimated loss of each row, float[n], and its loss, NaN where there is no label."""
    f, y = _rows(estimate, loss)
    labelled = ~np.isnan(y)
    fl, yl = f[labelled], y[labelled]
    return RiskSums(
        n=len(yl),
        loss=float(yl.sum()),
        loss_squares=float(yl @ yl),
        estimate=float(fl.sum()),
        estimate_squares=float(fl @ fl),
        products=float(yl @ fl),
        rows=len(f),
        all_estimates=float(f.sum()),
        all_estimate_squares=float(f @ f),
    )


def sum_weighted_risk(estimate: ArrayLike, loss: ArrayLike, probability: ArrayLike) -> WeightedRiskSums:
    """As ``sum_risk``, with the probability with which each row's label was asked for, float[n], above 0 to 1."""
    f, y = _rows(estimate, loss)
    labelled = ~np.isnan(y)
    chance = np.broadcast_to(np.asarray(probability, dtype=np.float64), f.shape)[labelled]
    if not ((chance > 0) & (chance <= 1)).all():
        raise ValueError("probability: every labelled row needs one above 0 and at most 1")
    fl, yl, w = f[labelled], y[labelled], 1 / chance
    ww = w * w
    return WeightedRiskSums(
        n=len(yl),
        w=float(w.sum()),
        w_loss=float(w @ yl),
        w_estimate=float(w @ fl),
        w_products=float(w @ (yl * fl)),
        w_estimate_squares=float(w @ (fl * fl)),
        ww=float(ww.sum()),
        ww_loss=float(ww @ yl),
        ww_estimate=float(ww @ fl),
        ww_loss_squares=float(ww @ (yl * yl)),
        ww_products=float(ww @ (yl * fl)),
        ww_estimate_squares=float(ww @ (fl * fl)),
        rows=len(f),
        all_estimates=float(f.sum()),
        all_estimate_squares=float(f @ f),
    )


def add_risk(a: RiskSums, b: RiskSums) -> RiskSums:
    """The sums over the rows of both."""
    return RiskSums(*(x + y for x, y in zip(astuple(a), astuple(b), strict=True)))


def subtract_risk(a: RiskSums, b: RiskSums) -> RiskSums:
    """The sums over the rows of ``a`` without those of ``b``, which must be among them."""
    return RiskSums(*(x - y for x, y in zip(astuple(a), astuple(b), strict=True)))


def add_weighted_risk(a: WeightedRiskSums, b: WeightedRiskSums) -> WeightedRiskSums:
    """The sums over the rows of both."""
    return WeightedRiskSums(*(x + y for x, y in zip(astuple(a), astuple(b), strict=True)))


def subtract_weighted_risk(a: WeightedRiskSums, b: WeightedRiskSums) -> WeightedRiskSums:
    """The sums over the rows of ``a`` without those of ``b``, which must be among them."""
    return WeightedRiskSums(*(x - y for x, y in zip(astuple(a), astuple(b), strict=True)))


def _rows(estimate: ArrayLike, loss: ArrayLike) -> tuple[Numbers, Numbers]:
    f, y = np.asarray(estimate, dtype=np.float64), np.asarray(loss, dtype=np.float64)
    if f.ndim != 1 or f.shape != y.shape:
        raise ValueError(f"estimate of shape {f.shape} and loss of shape {y.shape}: give one of each a row")
    if not np.isfinite(f).all() or np.isinf(y).any():
        raise ValueError("estimate, loss: finite numbers, and NaN for a loss without a label; leave other rows out")
    return f, y
