"""Where each stream comes from: its file, its fields, what is predicted, how it is cut, and what is known to change.

The row numbers of changes and the meaning of the columns are those of the README beside the files.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

Task = Literal["binary", "regression"]
FieldKind = Literal["numeric", "categorical"]
Nature = Literal["concept", "covariate", "both"]


@dataclass(frozen=True, slots=True)
class Change:
    """What is known to happen from a row of the file on. ``control`` marks a change that does no harm."""

    row: int
    name: str
    nature: Nature
    control: bool = False


@dataclass(frozen=True, slots=True)
class Source:
    """A file of rows in order of time.

    Rows up to ``train_end`` train the model, rows up to ``baseline_end`` are the baseline, the others are watched.
    ``sizes`` are the rows of a window, the binding size first. In their natural order watched rows are cut by
    ``period`` (as pandas writes it), or by the smallest size where there is none. ``balanced`` puts the threshold of
    the score at the share of positive labels, where .5 would predict one class for nearly all rows and no shift could
    do harm.
    """

    name: str
    file: str
    task: Task
    numeric: tuple[str, ...]
    categorical: tuple[str, ...]
    label: Callable[[pd.DataFrame], "pd.Series[Any]"]
    train_end: int
    baseline_end: int
    sizes: tuple[int, ...]
    timestamp: str | None = None
    period: str | None = None
    changes: tuple[Change, ...] = ()
    balanced: bool = False
    prepared: Callable[[pd.DataFrame], pd.DataFrame] = lambda frame: frame


def _column(name: str) -> Callable[[pd.DataFrame], "pd.Series[Any]"]:
    return lambda frame: frame[name].astype(np.float64)


def _equals(name: str, value: str) -> Callable[[pd.DataFrame], "pd.Series[Any]"]:
    return lambda frame: (frame[name] == value).astype(np.float64)


def _late(frame: pd.DataFrame) -> "pd.Series[Any]":
    return ((frame["DEPARTURE_DELAY"] > 15) | (frame["CANCELLED"] == 1)).astype(np.float64)


def _with_weekday(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(weekday=pd.to_datetime(frame["DATE"]).dt.dayofweek)


def _with_hour(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(at=pd.to_datetime(frame["dteday"]) + pd.to_timedelta(frame["hr"], unit="h"))


SOURCES = (
    Source(
        "elec2",
        "elec2.csv.gz",
        "binary",
        ("period", "nswprice", "nswdemand", "vicprice", "vicdemand", "transfer"),
        ("day",),
        _equals("class", "UP"),
        train_end=5_000,
        baseline_end=11_000,
        sizes=(336,),
        timestamp="timestamp",
        changes=(Change(17_424, "interstate market opens", "both"),),
    ),
    Source(
        "bank_marketing",
        "bank_marketing.csv.gz",
        "binary",
        (
            *("age", "campaign", "pdays", "previous"),
            *("emp.var.rate", "cons.price.idx", "cons.conf.idx", "euribor3m", "nr.employed"),
        ),
        (
            *("job", "marital", "education", "default", "housing", "loan"),
            *("contact", "month", "day_of_week", "poutcome"),
        ),
        _equals("y", "yes"),
        train_end=8_000,
        baseline_end=16_000,
        sizes=(3_000, 1_000, 5_000),
        changes=(Change(23_997, "financial crisis", "both"), Change(27_690, "rates collapse", "both")),
        balanced=True,
    ),
    Source(
        "car_loan",
        "nannyml_car_loan.csv.gz",
        "binary",
        ("car_value", "debt_to_income_ratio", "loan_length", "driver_tenure"),
        ("salary_range", "repaid_loan_on_prev_car", "size_of_downpayment"),
        _column("repaid"),
        train_end=20_000,
        baseline_end=35_000,
        sizes=(3_000, 1_000, 5_000),
        timestamp="timestamp",
        changes=(Change(75_000, "dearer cars", "covariate"),),
    ),
    Source(
        "car_price",
        "nannyml_car_price.csv.gz",
        "regression",
        ("car_age", "km_driven", "price_new", "accident_count", "door_count"),
        ("fuel", "transmission"),
        _column("y_true"),
        train_end=20_000,
        baseline_end=40_000,
        sizes=(3_000, 1_000, 5_000),
        timestamp="timestamp",
        changes=(Change(90_000, "other cars, smaller errors", "covariate", control=True),),
    ),
    Source(
        "agrawal",
        "synthetic_agrawal.csv.gz",
        "binary",
        ("salary", "commission", "age", "hvalue", "hyears", "loan"),
        ("elevel", "car", "zipcode"),
        _column("target"),
        train_end=6_000,
        baseline_end=14_000,
        sizes=(3_000, 1_000, 5_000),
        timestamp="timestamp",
        changes=(
            Change(24_000, "another concept", "concept"),
            Change(36_000, "first concept again", "concept", control=True),
            Change(48_000, "older people", "covariate", control=True),
        ),
    ),
    Source(
        "hotel",
        "hotel_bookings.csv.gz",
        "binary",
        (
            *("lead_time", "stays_in_weekend_nights", "stays_in_week_nights", "adults", "children"),
            *("previous_cancellations", "previous_bookings_not_canceled", "booking_changes"),
            *("days_in_waiting_list", "adr", "parking_spaces", "total_of_special_requests"),
        ),
        (
            *("hotel", "meal", "country", "market_segment", "distribution_channel", "is_repeated_guest"),
            *("reserved_room_type", "assigned_room_type", "deposit_type", "customer_type"),
        ),
        _column("is_canceled"),
        train_end=10_000,
        baseline_end=18_000,
        sizes=(700, 100),
        timestamp="timestamp",
        period="7D",
        balanced=True,
    ),
    Source(
        "flights",
        "flights_2015_sample.csv.gz",
        "binary",
        ("DISTANCE",),
        ("AIRLINE", "weekday"),
        _late,
        train_end=15_000,
        baseline_end=40_000,
        sizes=(1_900, 270),
        timestamp="DATE",
        period="7D",
        balanced=True,
        prepared=_with_weekday,
    ),
    Source(
        "bike_hour",
        "bike_hour.csv.gz",
        "regression",
        ("hr", "temp", "atemp", "hum", "windspeed"),
        ("season", "holiday", "weekday", "workingday", "weathersit"),
        _column("cnt"),
        train_end=5_000,
        baseline_end=9_000,
        sizes=(3_000, 1_000),
        timestamp="at",
        prepared=_with_hour,
    ),
)
