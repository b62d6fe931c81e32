"""Does a change hurt? A guess without labels, in what it counts in: points of accuracy, or the error of a regression.

Distances say that something changed. Many changes are harmless, and a break of a field that the model hardly uses is
as large as one of the field it lives on. So two losses are added up: what the fields that moved may cost (how far each
moved, times how much it matters, times what the model knows), and what the predictions that turned cost at the least
if the labels stayed. At the loss that is worth a page the severity is 1.

Where the other fields moved along with the one that matters most, the rows are another mix of what the model knows,
and labels will have moved along too: a quarter of the loss is left. Where nothing speaks for that or against it, the
severity stays below a page. So it does by turned predictions alone while no output has drifted by its own limit.

What it cannot see: two features that swap places where fields matter little, and a relation between inputs and label
that changes. Labels show these.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from detectors.accord import Accord
from detectors.movement import Movement
from detectors.stakes import Stakes
from detectors.wording import name, number, percent

# What is left of a loss where the fields moved together, and the most that it counts, in pages, where nobody knows and
# where turned predictions may be chance.
TOGETHER = 0.25
UNSURE_AT_MOST = 0.75


@dataclass(frozen=True, slots=True)
class Severity:
    """How much a window's changes may hurt: ``score`` from 0 upwards, 1 where paging begins.

    ``at_stake`` is what the fields may cost and ``turned`` what the turned predictions do, as shares of what is worth a
    page; None where that is not known. ``field`` is the one with most at stake. ``reason`` puts all in words.
    """

    score: float
    at_stake: float | None
    field: str | None
    turned: float | None
    reason: str

    @property
    def pages(self) -> bool:
        """Whether somebody should be called."""
        return self.score >= 1.0


def field_costs(importance: Mapping[str, float], stakes: Stakes) -> dict[str, float]:
    """What it costs, in pages, when a field says nothing any more: its importance times what the model knows."""
    return {field: share * stakes.knowledge / stakes.page for field, share in importance.items()}


def at_stake(movements: Mapping[str, Movement], costs: Mapping[str, float]) -> dict[str, float]:
    """What each field that moved may cost, in pages: the share of rows that moved beyond chance, times its cost."""
    return {field: each.beyond_chance * costs[field] for field, each in movements.items() if field in costs}


def severity(
    movements: Mapping[str, Movement],
    importance: Mapping[str, float],
    stakes: Stakes,
    turned: float | None,
    together: Accord | None = None,
    outputs_drifted: bool = True,
    sources: Mapping[str, str] | None = None,
) -> Severity | None:
    """The severity of a window; None where neither an important field nor the predictions could be measured.

    score = (sum of movement beyond chance x importance x knowledge + ``turned``) / page, where knowledge and page are
    those of ``stakes`` and the sum is not more than knowledge; see above for what ``together`` changes. ``movements``
    are of the fields that are no outputs, ``importance`` is from 0 to 1 by field, ``turned`` comes from
    ``turned_predictions`` and counts .75 of a page at most unless ``outputs_drifted``: of few rows many turn by chance.
    ``sources`` say in the reason where an importance comes from.
    """
    costs = at_stake(movements, field_costs(importance, stakes))
    worst = max(costs, key=lambda field: costs[field], default=None)
    if worst is None and turned is None:
        return None
    fields = min(sum(costs.values()), stakes.knowledge / stakes.page)
    outputs = (turned or 0.0) / stakes.page
    verdict = None if together is None else together.verdict
    score = fields + (outputs if outputs_drifted else min(outputs, UNSURE_AT_MOST))
    if verdict == "together":
        score *= TOGETHER
    elif verdict == "unknown":
        score = min(score, UNSURE_AT_MOST)
    words = []
    if worst is not None:
        source = (sources or {}).get(worst)
        words.append(
            f"{name(worst)} moved by {number(movements[worst].share)} with importance {number(importance[worst])}"
            + (f" ({source})" if source else "")
            + f": fields may cost {_loss(fields, stakes)}"
        )
    if turned is not None:
        words.append(f"predictions that turned cost {_loss(outputs, stakes)}")
    words.extend(_of_accord(verdict, fields + outputs))
    if stakes.assumed:
        words.append(f"{stakes.assumed}, so costs are a rule of thumb")
    return Severity(
        score, None if worst is None else fields, worst, None if turned is None else outputs, "; ".join(words)
    )


def _of_accord(verdict: str | None, loss: float) -> list[str]:
    if verdict == "together":
        return ["the other fields moved along, as in another mix of known rows: a quarter of it counts"]
    if verdict == "unknown" and loss > UNSURE_AT_MOST:
        return [f"nothing tells whether that is another mix of known rows: {number(UNSURE_AT_MOST)} at most counts"]
    return []


def _loss(pages: float, stakes: Stakes) -> str:
    loss = pages * stakes.page
    return f"{number(100 * loss)} points of accuracy" if stakes.error is None else f"{percent(loss)} of the error"
