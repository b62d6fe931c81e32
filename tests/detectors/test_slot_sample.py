import numpy as np
import pytest

from detectors.binning import choose_binning
from detectors.profile import profile
from detectors.slot_sample import SlotSample, sample_slots
from tests.detectors.drift_worlds import columns

ROWS = columns(500, np.random.default_rng(1))
BINNING = choose_binning(ROWS)


def test_a_sample_of_all_rows_has_the_counts_of_their_profile() -> None:
    sample = sample_slots(BINNING, ROWS, np.random.default_rng(2))
    total = profile(BINNING, ROWS)
    assert (sample.n, sample.n_baseline) == (500, 500)
    for name in BINNING.names:
        slots = BINNING.slots(name)
        counts = np.bincount(sample.field(BINNING, name), minlength=slots.stop - slots.start)
        assert counts.tolist() == total.counts[slots].tolist()


def test_a_smaller_sample_keeps_rows_whole_and_in_order() -> None:
    everything = sample_slots(BINNING, ROWS, np.random.default_rng(2))
    some = sample_slots(BINNING, ROWS, np.random.default_rng(2), 50)
    assert (some.n, some.n_baseline) == (50, 500)
    rows = [tuple(row) for row in everything.slots.T.tolist()]
    kept = [tuple(row) for row in some.slots.T.tolist()]
    at = 0
    for row in kept:
        at = rows.index(row, at) + 1


def test_it_survives_storage() -> None:
    sample = sample_slots(BINNING, ROWS, np.random.default_rng(2), 100)
    read = SlotSample.from_bytes(BINNING, sample.to_bytes())
    assert np.array_equal(read.slots, sample.slots)
    assert (read.n_baseline, read.fingerprint) == (500, BINNING.fingerprint)


def test_what_is_damaged_or_of_other_bins_is_refused() -> None:
    data = sample_slots(BINNING, ROWS, np.random.default_rng(2), 100).to_bytes()
    other = choose_binning(columns(400, np.random.default_rng(9)))
    with pytest.raises(ValueError, match="counted with binning"):
        SlotSample.from_bytes(other, data)
    for broken in (b"", b"nonsense" * 9, data[:-5], data[:30]):
        with pytest.raises(ValueError, match=r"sample|binning"):
            SlotSample.from_bytes(BINNING, broken)
