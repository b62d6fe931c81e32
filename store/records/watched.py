"""Models, and what the two logs hold."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from store.definitions import FieldKind, ModelDefinition

FieldRole = Literal["feature", "prediction", "score"]
KeyScope = Literal["read", "write"]
# What became of one row given to a log. ``duplicate``: the very same row was there already. ``conflict``: another
# row with the same identity was there, and the first is kept.
WriteOutcome = Literal["accepted", "duplicate", "conflict"]


@dataclass(frozen=True, slots=True)
class Model:
    """A model as its model file describes it."""

    id: int
    name: str
    definition: ModelDefinition
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """One deployed version of a model; it comes into being with its first event or baseline."""

    id: int
    model_id: int
    name: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Field:
    """One monitored input or output of a model, in the order it is shown."""

    name: str
    role: FieldRole
    kind: FieldKind


@dataclass(frozen=True, slots=True)
class PredictionRow:
    """One row for the prediction log. ``prediction``, ``score``, ``features`` and ``tags`` are JSON text."""

    model_id: int
    version_id: int
    ts: int
    received_at: int
    prediction_id: str
    prediction: str | None
    score: str | None
    features: str
    tags: str | None


@dataclass(frozen=True, slots=True)
class LabelRow:
    """One row for the label log. ``label`` is JSON text.

    ``sampling_probability`` is the chance with which the row was asked for its label; None where it is not known.
    """

    model_id: int
    prediction_id: str
    label: str
    ts: int
    received_at: int
    sampling_probability: float | None = None


@dataclass(frozen=True, slots=True)
class LoggedPredictions:
    """Rows of the prediction log, column by column; position i of every sequence is one row.

    ``features`` holds one JSON object a row. ``prediction`` and ``score`` are JSON text or None.
    """

    ids: list[int]
    ts: list[int]
    version_ids: list[int]
    prediction_ids: list[str]
    predictions: list[str | None]
    scores: list[str | None]
    features: list[str]


@dataclass(frozen=True, slots=True)
class LabelChanges:
    """Predictions whose counted label, or its probability, changes when the logs are read up to new watermarks.

    ``rows`` are the predictions; ``old_labels`` and ``new_labels`` are the JSON text of the label that the
    profiles hold now and the one they must hold (None: none), ``old_probabilities`` and ``new_probabilities`` the
    chances with which these were asked for (None: not known). ``orphans`` counts labels without a prediction yet.
    """

    rows: LoggedPredictions
    old_labels: list[str | None]
    new_labels: list[str | None]
    old_probabilities: list[float | None]
    new_probabilities: list[float | None]
    orphans: int


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as stored: never the secret itself. ``models`` None means every model."""

    id: int
    prefix: str
    name: str
    scopes: tuple[KeyScope, ...]
    models: tuple[str, ...] | None
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class Deploy:
    """A deploy marker: which version went live when."""

    id: int | None
    model_id: int
    version: str
    at: datetime
    note: str
