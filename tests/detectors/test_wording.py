"""How numbers are told in a finding's sentence."""

import pytest

from detectors.wording import severity_in_words


@pytest.mark.parametrize(
    ("score", "told"),
    [(0.0, "0"), (0.0001725, "under 0.01"), (0.29, "0.29"), (0.4999, "0.49"), (0.5, "0.5"), (12.345, "12.34")],
)
def test_a_severity_never_seems_to_reach_a_level_it_is_below(score: float, told: str) -> None:
    assert severity_in_words(score) == told
