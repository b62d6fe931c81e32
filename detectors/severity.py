"""Does a change hurt? A guess without labels: how far the fields moved that matter, and how far the score moved.

Distances say that something changed. Many changes are harmless, and a break of a field that the model hardly uses is
as large as one of the field it lives on. Harm is the mean of two ratios, each against a level of its own: the largest
product of a field's raw effect and its importance, and the shift of the model's own answers. At 1 paging begins.

What it cannot see: two features that swap places, a relation between inputs and label that changes, and a population
that shifts with its labels moving along, where the score moves without harm. Labels show these.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from detectors.wording import name, number

# The levels at which either alone would be worth half a page; chosen once, for all streams, by the benchmark of
# detection quality.
IMPACT_LEVEL = 0.03
SHIFT_LEVEL = 0.1


@dataclass(frozen=True, slots=True)
class Severity:
    """How much a window's changes may hurt: ``score`` from 0 upwards, 1 where paging begins.

    ``impact`` is the largest effect times importance, of ``field``; None where no importance is known. ``shift`` is
    the largest effect among the model's outputs, None where there is none. ``reason`` puts both in words.
    """

    score: float
    impact: float | None
    field: str | None
    shift: float | None
    reason: str

    @property
    def pages(self) -> bool:
        """Whether somebody should be called."""
        return self.score >= 1.0


def severity(
    effects: Mapping[str, float], importance: Mapping[str, float], shifts: Mapping[str, float]
) -> Severity | None:
    """The severity of a window; None where neither an important field nor an output could be measured.

    ``effects`` are the raw distances of the fields, ``shifts`` those of the outputs (prediction, scores): KS or total
    variation, both from 0 to 1. ``importance`` is from 0 to 1 by field. Where one of the two ratios is unknown the
    other stands alone.
    """
    products = {field: effect * importance[field] for field, effect in effects.items() if field in importance}
    worst = max(products, key=lambda field: products[field], default=None)
    impact = products[worst] if worst is not None else None
    output = max(shifts, key=lambda field: shifts[field], default=None)
    shift = shifts[output] if output is not None else None
    ratios = [ratio for ratio in (_ratio(impact, IMPACT_LEVEL), _ratio(shift, SHIFT_LEVEL)) if ratio is not None]
    if not ratios:
        return None
    words = []
    if worst is not None and impact is not None:
        words.append(
            f"{name(worst)} moved by {number(effects[worst])} with importance {number(importance[worst])} "
            f"({number(impact / IMPACT_LEVEL)} of the level)"
        )
    if output is not None and shift is not None:
        words.append(f"{name(output)} moved by {number(shift)} ({number(shift / SHIFT_LEVEL)} of the level)")
    return Severity(sum(ratios) / len(ratios), impact, worst, shift, "; ".join(words))


def _ratio(value: float | None, level: float) -> float | None:
    return None if value is None else value / level
