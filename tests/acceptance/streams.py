"""Real streams as a user would bring them: a model file, a baseline file and a file of what came later.

Streams without a model of their own get a small scikit-learn model, trained on the first part of the stream. The
next part is the baseline, and what follows is watched.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor


@dataclass(frozen=True, slots=True)
class Stream:
    """Paths of the files to hand to the commands, and the frame of what is watched."""

    name: str
    model_file: Path
    baseline: Path
    later: Path
    frame: pd.DataFrame


def _written(folder: Path, definition: dict[str, Any], baseline: pd.DataFrame, later: pd.DataFrame) -> Stream:
    name = definition["model"]
    model_file = folder / f"{name}.yaml"
    model_file.write_text(yaml.safe_dump(definition))
    paths = folder / f"{name}_baseline.csv.gz", folder / f"{name}_later.parquet"
    baseline.to_csv(paths[0], index=False)
    later.to_parquet(paths[1], index=False)
    return Stream(name, model_file, *paths, later)


def _monitors(window: str) -> list[dict[str, str]]:
    return [{"kind": kind, "window": window} for kind in ("drift", "quality", "performance")]


def car_loan(data: Path, folder: Path) -> Stream:
    frame = pd.read_csv(data / "nannyml_car_loan.csv.gz")
    definition = {
        "model": "car-loan",
        "task": "binary",
        "fields": {"repaid_loan_on_prev_car": {"kind": "boolean"}, "size_of_downpayment": {"kind": "categorical"}},
        "prediction": {"labels": [0, 1], "positive": 1},
        "columns": {
            "prediction_id": "id",
            "prediction": "y_pred",
            "score": "y_pred_proba",
            "label": "repaid",
            "ignore": ["part"],
        },
        "monitors": _monitors("30d"),
    }
    return _written(folder, definition, frame[frame["part"] == "reference"], frame[frame["part"] == "analysis"])


def car_price(data: Path, folder: Path) -> Stream:
    frame = pd.read_csv(data / "nannyml_car_price.csv.gz")
    definition = {
        "model": "car-price",
        "task": "regression",
        "columns": {"prediction_id": "id", "prediction": "y_pred", "label": "y_true", "ignore": ["part"]},
        "monitors": _monitors("1d"),
    }
    return _written(folder, definition, frame[frame["part"] == "reference"], frame[frame["part"] == "analysis"])


def elec2(data: Path, folder: Path) -> Stream:
    frame = pd.read_csv(data / "elec2.csv.gz")
    features = ["period", "nswprice", "nswdemand", "vicprice", "vicdemand", "transfer"]
    train, baseline = slice(0, 5_000), slice(5_000, 15_000)
    model = HistGradientBoostingClassifier(random_state=0, max_iter=60)
    model.fit(frame[features][train], frame["class"][train])
    up = model.predict_proba(frame[features])[:, list(model.classes_).index("UP")]
    frame = frame.assign(y_pred=np.where(up >= 0.5, "UP", "DOWN"), y_score=up)
    definition = {
        "model": "elec2",
        "task": "binary",
        "time_zone": "Australia/Sydney",
        "prediction": {"labels": ["DOWN", "UP"], "positive": "UP"},
        "columns": {"prediction": "y_pred", "score": "y_score", "label": "class", "ignore": ["date"]},
        "fields": {"day": {"kind": "categorical"}},
        "monitors": _monitors("7d"),
    }
    return _written(folder, definition, frame[baseline], frame[15_000:])


def bike_hour(data: Path, folder: Path) -> Stream:
    frame = pd.read_csv(data / "bike_hour.csv.gz")
    features = ["season", "hr", "weekday", "workingday", "weathersit", "temp", "atemp", "hum", "windspeed"]
    model = HistGradientBoostingRegressor(random_state=0, max_iter=60).fit(
        frame[features][:4_000], frame["cnt"][:4_000]
    )
    stamps = pd.to_datetime(frame["dteday"]) + pd.to_timedelta(frame["hr"], unit="h")
    frame = frame.assign(y_pred=model.predict(frame[features]), at=stamps.dt.strftime("%Y-%m-%d %H:%M"))
    definition = {
        "model": "bike-hour",
        "task": "regression",
        "columns": {
            "prediction_id": "instant",
            "timestamp": "at",
            "prediction": "y_pred",
            "label": "cnt",
            "ignore": ["dteday", "yr", "mnth", "casual", "registered"],
        },
        "fields": {name: {"kind": "categorical"} for name in ("season", "weekday", "weathersit")},
        "monitors": _monitors("7d"),
    }
    return _written(folder, definition, frame[4_000:9_000], frame[9_000:])


def flights(data: Path, folder: Path) -> Stream:
    frame = pd.read_csv(data / "flights_2015_sample.csv.gz")
    late = ((frame["DEPARTURE_DELAY"] > 15) | (frame["CANCELLED"] == 1)).astype(int)
    inputs = pd.DataFrame(
        {
            "airline": frame["AIRLINE"].astype("category").cat.codes,
            "distance": frame["DISTANCE"],
            "weekday": pd.to_datetime(frame["DATE"]).dt.dayofweek,
        }
    )
    model = HistGradientBoostingClassifier(random_state=0, max_iter=40).fit(inputs[:15_000], late[:15_000])
    score = model.predict_proba(inputs)[:, 1]
    frame = frame.assign(weekday=inputs["weekday"], y_score=score, y_pred=(score >= 0.2).astype(int), late=late)
    definition = {
        "model": "flights",
        "task": "binary",
        "time_zone": "America/New_York",
        "prediction": {"labels": [0, 1], "positive": 1},
        "columns": {
            "prediction_id": "row_id",
            "timestamp": "DATE",
            "prediction": "y_pred",
            "score": "y_score",
            "label": "late",
            "ignore": ["DEPARTURE_DELAY", "TAXI_OUT", "AIR_TIME", "CANCELLED"],
        },
        "fields": {"weekday": {"kind": "categorical"}},
        "segments": ["AIRLINE"],
        "monitors": _monitors("7d"),
    }
    return _written(folder, definition, frame[15_000:40_000], frame[40_000:])


STREAMS: dict[str, Callable[[Path, Path], Stream]] = {
    "car_loan": car_loan,
    "car_price": car_price,
    "elec2": elec2,
    "bike_hour": bike_hour,
    "flights": flights,
}
