"""A real stream is cut where its README says."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.quality.models import row_losses
from benchmarks.quality.streams import NATURAL, load, natural_windows, source_named


@pytest.mark.streams
@pytest.mark.slow
def test_agrawal_is_cut_at_its_changes(stream_data: Path) -> None:
    stream = load(source_named("agrawal"), stream_data)
    assert (len(stream.train), len(stream.baseline), len(stream.watched)) == (6_000, 8_000, 46_000)
    losses: dict[str, list[float]] = {}
    for window in natural_windows(stream):
        losses.setdefault(window.change, []).append(float(row_losses(window.rows, "binary").mean()))
    assert {name: len(of) for name, of in losses.items()} == {
        NATURAL: 10,
        "another concept": 12,
        "first concept again": 12,
        "older people": 12,
    }
    # Labels are 5 % noise; another concept is another function of the same inputs.
    assert np.mean(losses[NATURAL]) < 0.1 < 0.4 < np.mean(losses["another concept"])
    assert np.mean(losses["older people"]) < 0.1
    assert max(stream.importance, key=lambda name: stream.importance[name]) == "age"


def test_an_unknown_stream_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="'titanic'"):
        source_named("titanic")
