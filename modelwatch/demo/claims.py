"""The model that the demo watches: will an insured person see a doctor three times or more this year?

Data: the RAND Health Insurance Experiment, 20,190 person-years, as statsmodels ships it (public domain; Deb and
Trivedi 2002). Its logarithms and dummy variables are turned back into the dollars, percentages and words that an
upstream system would send.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from statsmodels.datasets import randhie

MODEL = "outpatient-visits"
OFTEN = 3
LABEL = "visits_often"
HEALTH = ("excellent", "good", "fair", "poor")
TRAINING_ROWS = 8_000
BASELINE_ROWS = 5_000

MODEL_FILE: dict[str, object] = {
    "model": MODEL,
    "task": "binary",
    "owner": "care-planning",
    "runbook": "https://example.org/runbooks/outpatient-visits",
    "fields": {"self_rated_health": {"kind": "categorical"}},
    "prediction": {"labels": [0, 1], "positive": 1},
    "columns": {"label": LABEL},
    # The thirty days tell of two faults and of nothing else: a false alarm is wanted once in ten months.
    "false_alarms_per_month": 0.1,
}


@dataclass(frozen=True, slots=True)
class ServedModel:
    """A trained classifier with the people it was not trained on.

    ``baseline`` carries features, ``prediction``, ``score`` and the label; ``people`` and ``visits_often`` are the
    rows that arrive later, and their labels (0 or 1).
    """

    classifier: HistGradientBoostingClassifier
    baseline: pd.DataFrame
    people: pd.DataFrame
    visits_often: np.ndarray[tuple[int], np.dtype[np.int64]]

    def score(self, people: pd.DataFrame) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        """Probability of visiting often, for each row; a health word the model does not know counts as missing."""
        scores: np.ndarray[tuple[int], np.dtype[np.float64]] = self.classifier.predict_proba(_numbers(people))[:, 1]
        return scores


def train(seed: int) -> ServedModel:
    """Train on 8,000 rows, take the next 5,000 as baseline, and leave the rest to be served."""
    people, visits_often = _load()
    order = np.random.default_rng(seed).permutation(len(people))
    training, baseline, served = np.split(order, [TRAINING_ROWS, TRAINING_ROWS + BASELINE_ROWS])
    classifier = HistGradientBoostingClassifier(max_iter=150, learning_rate=0.08, random_state=seed)
    classifier.fit(_numbers(people.iloc[training]), visits_often[training])
    model = ServedModel(
        classifier, people.iloc[baseline], people.iloc[served].reset_index(drop=True), visits_often[served]
    )
    scores = model.score(model.baseline)
    frame = model.baseline.assign(
        prediction=(scores >= 0.5).astype(int), score=scores, visits_often=visits_often[baseline]
    )
    return ServedModel(classifier, frame, model.people, model.visits_often)


def _load() -> tuple[pd.DataFrame, np.ndarray[tuple[int], np.dtype[np.int64]]]:
    raw = randhie.load_pandas().data
    people = pd.DataFrame(
        {
            "coinsurance_percent": np.expm1(raw["lncoins"]).round(),
            "individual_deductible": raw["idp"] == 1,
            "incentive_dollars": _dollars(raw["lpi"]),
            "maximum_spend_dollars": _dollars(raw["fmde"]),
            "physical_limitation": raw["physlm"].round(3),
            "disease_index": raw["disea"].round(2),
            "self_rated_health": np.select(
                [raw["hlthp"] == 1, raw["hlthf"] == 1, raw["hlthg"] == 1], ["poor", "fair", "good"], "excellent"
            ),
        }
    )
    return people, (raw["mdvis"] >= OFTEN).to_numpy(dtype=np.int64)


def _dollars(logarithm: "pd.Series[float]") -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.where(logarithm > 0, np.exp(logarithm), 0.0).round(2)


def _numbers(people: pd.DataFrame) -> pd.DataFrame:
    codes = {word: float(code) for code, word in enumerate(HEALTH)}
    return people.assign(self_rated_health=people["self_rated_health"].map(codes)).astype(float)
