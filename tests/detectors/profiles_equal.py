"""When two profiles count as the same: counts exactly, sums within rounding."""

import numpy as np
from numpy.typing import NDArray

from detectors.profile import Profile


def assert_same_counts(a: Profile, b: Profile) -> None:
    assert a.n == b.n
    assert np.array_equal(a.counts, b.counts)


def assert_same(a: Profile, b: Profile, *, size: NDArray[np.float64] | None = None) -> None:
    """All of two profiles; ``size`` is the sum of magnitudes per slot that rounding is relative to."""
    assert_same_counts(a, b)
    assert np.array_equal(a.low, b.low)
    assert np.array_equal(a.high, b.high)
    assert {field: dict(texts) for field, texts in a.unseen.items()} == {
        field: dict(texts) for field, texts in b.unseen.items()
    }
    scale = np.maximum(np.abs(a.sums), np.abs(b.sums)) if size is None else size
    with np.errstate(invalid="ignore"):
        assert (np.abs(a.sums - b.sums) <= 1e-9 * scale + 1e-300).all()
    assert np.allclose(a.squares, b.squares, rtol=1e-9, atol=0, equal_nan=True)
    assert a.fingerprint == b.fingerprint
