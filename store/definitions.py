"""The model file: what a team says about a model, typed and checked in one place.

The same structures read the YAML of ``modelwatch apply`` and the JSON of ``PUT /v1/models/{model}``. Decoding
refuses unknown keys and names the path of what is wrong, so a typing error never becomes a silent default.
"""

import re
from datetime import timedelta
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct, field

Scalar = str | int | float | bool
Task = Literal["binary", "multiclass", "regression"]
FieldKind = Literal["numeric", "categorical", "boolean"]
MonitorKind = Literal["drift", "quality", "performance"]
BaselineChoice = Literal["fixed", "previous", "same_hour", "same_weekday", "same_season"]
DriftMethod = Literal["ks", "psi", "jensen_shannon", "total_variation", "wasserstein", "chi_square"]
QualityCheck = Literal[
    "missing", "unseen", "range", "types", "stuck", "volume", "schema", "freshness", "probabilities", "duplicates"
]
# A drift method that judges pairs of fields, and so is for no single kind of them.
PAIR_METHODS = ("correlation",)
Metric = Literal[
    "accuracy",
    "precision",
    "precision_micro",
    "precision_weighted",
    "recall",
    "recall_micro",
    "recall_weighted",
    "f1",
    "f1_micro",
    "f1_weighted",
    "specificity",
    "specificity_micro",
    "specificity_weighted",
    "balanced_accuracy",
    "mcc",
    "business_value",
    "roc_auc",
    "roc_auc_weighted",
    "average_precision",
    "average_precision_weighted",
    "log_loss",
    "brier",
    "calibration_error",
    "mae",
    "rmse",
    "mape",
    "r2",
    "error_p50",
    "error_p90",
]
# Of performance monitors, beside the metrics of single windows.
RiskMethod = Literal["running_risk", "prediction_powered_risk"]
Share = Annotated[float, Meta(ge=0, le=1)]
Name = Annotated[str, Meta(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
FieldName = Annotated[str, Meta(min_length=1, max_length=256)]

_DURATION = re.compile(r"(\d+)(s|m|h|d)")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class DefinitionError(ValueError):
    """A model file that cannot be applied; the message names the key and what to write instead."""


def duration(text: str) -> timedelta:
    """``"90s"``, ``"5m"``, ``"6h"``, ``"7d"`` as a time span; anything else is a DefinitionError."""
    match = _DURATION.fullmatch(text)
    if match is None or (int(match[1]) == 0 and match[2] != "s"):
        raise DefinitionError(f"{text!r} is not a duration: write a whole number and s, m, h or d, like 6h or 1d")
    return timedelta(seconds=int(match[1]) * _UNITS[match[2]])


class FieldSpec(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How one feature is to be read, and how much it matters to the model, from 0 to 1, where that is known."""

    kind: FieldKind
    importance: Share | None = None


class PredictionSpec(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The classes a classifier may answer with, and which of two is the positive one.

    ``values`` say what a row is worth: a row of numbers for each label, a column for each prediction, in the order of
    ``labels``.
    """

    labels: Annotated[tuple[Scalar, ...], Meta(min_length=2, max_length=200)] | None = None
    positive: Scalar | None = None
    values: tuple[tuple[float, ...], ...] | None = None


class ColumnsSpec(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How tabular files name things; every column that is not named here is a feature."""

    prediction_id: str = "prediction_id"
    timestamp: str = "timestamp"
    prediction: str = "prediction"
    score: str | dict[str, str] = "score"
    label: str = "label"
    sampling_probability: str = "sampling_probability"
    version: str = "version"
    ignore: tuple[str, ...] = ()


class VersionBaseline(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The version of the model whose rows those of all other versions are compared with."""

    version: Annotated[str, Meta(min_length=1, max_length=256)] | int


class MonitorSpec(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One scheduled check of one model.

    ``window`` is the length of what is judged, ``every`` the distance between window ends (default: the window
    itself), ``lateness`` how long after its end a window is left open for late rows. ``baseline`` is the one in force,
    or for drift and performance one that moves with the window, or another version. ``method`` (drift),
    ``check`` (quality) and ``metric`` (performance; of one class: ``f1[gold]``) choose what is computed;
    ``threshold`` overrides the default limit of what was chosen. A drift method is one of DriftMethod, of PAIR_METHODS,
    or of ``store.row_methods``. Of performance monitors ``tolerance`` is how far the running risk may rise unreported,
    and ``completeness`` the share of a window's rows that must have labels before it is judged. An alert fires after
    ``fire_after`` bad windows in a row and resolves after ``resolve_after`` good ones.
    """

    kind: MonitorKind
    name: Name | None = None
    window: str = "1d"
    every: str | None = None
    lateness: str = "0s"
    baseline: BaselineChoice | VersionBaseline = "fixed"
    method: str | dict[FieldKind, DriftMethod] | None = None
    check: QualityCheck | tuple[QualityCheck, ...] | None = None
    metric: str | tuple[str, ...] | None = None
    fields: tuple[FieldName, ...] | None = None
    threshold: float | None = None
    min_rows: Annotated[int, Meta(ge=1)] | None = None
    tolerance: Share | None = None
    completeness: Share | None = None
    fire_after: Annotated[int, Meta(ge=1, le=100)] = 1
    resolve_after: Annotated[int, Meta(ge=1, le=100)] = 1


class ChannelSpec(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Where alerts of this model go. The signing secret is read from the environment variable named here."""

    kind: Literal["webhook"]
    url: Annotated[str, Meta(pattern=r"^https?://", max_length=2000)]
    secret_env: Annotated[str, Meta(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")] | None = None
    name: Name | None = None


class ModelDefinition(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The whole model file."""

    model: Name
    task: Task
    owner: Annotated[str, Meta(max_length=200)] = ""
    runbook: Annotated[str, Meta(max_length=2000)] = ""
    time_zone: str = "UTC"
    grain: str = "1h"
    baseline_rows: Annotated[int, Meta(ge=100, le=1_000_000)] = 10_000
    false_alarms_per_month: Annotated[float, Meta(gt=0, le=100)] = 1.0
    fields: Annotated[dict[FieldName, FieldSpec], Meta(max_length=2000)] = field(default_factory=dict)
    # The inner one is a pair; that it has two fields is checked in reading, for msgspec 0.22 breaks over it in a union.
    segments: Annotated[tuple[FieldName | tuple[FieldName, ...], ...], Meta(max_length=8)] = ()
    prediction: PredictionSpec = PredictionSpec()
    columns: ColumnsSpec = ColumnsSpec()
    monitors: Annotated[tuple[MonitorSpec, ...], Meta(max_length=100)] | None = None
    channels: Annotated[tuple[ChannelSpec, ...], Meta(max_length=20)] = ()


DEFAULT_MONITORS: tuple[MonitorSpec, ...] = (
    MonitorSpec(kind="drift", name="drift"),
    MonitorSpec(kind="quality", name="quality"),
    MonitorSpec(kind="performance", name="performance"),
)


def to_json(definition: ModelDefinition) -> str:
    """The definition as JSON text in a fixed key order, defaults left out."""
    return msgspec.json.encode(definition, order="deterministic").decode()


def from_json(text: str | bytes) -> ModelDefinition:
    """A definition that ``to_json`` wrote."""
    return msgspec.json.decode(text, type=ModelDefinition)


def single_segments(definition: ModelDefinition) -> tuple[str, ...]:
    """The features each of whose categories is a segment."""
    return tuple(entry for entry in definition.segments if isinstance(entry, str))


def segment_pairs(definition: ModelDefinition) -> tuple[tuple[str, str], ...]:
    """The pairs of features each of whose pairs of categories is a segment."""
    return tuple((entry[0], entry[1]) for entry in definition.segments if not isinstance(entry, str))


def named_monitors(definition: ModelDefinition) -> tuple[MonitorSpec, ...]:
    """The monitors of a model, each with a name: those declared, else the defaults.

    A monitor without a name gets its kind; a second one of the kind gets ``kind-2`` and so on.
    """
    specs = DEFAULT_MONITORS if definition.monitors is None else definition.monitors
    taken = {spec.name for spec in specs if spec.name}
    named = []
    for spec in specs:
        name = spec.name or _free_name(spec.kind, taken)
        taken.add(name)
        named.append(msgspec.structs.replace(spec, name=name))
    return tuple(named)


def named_channels(definition: ModelDefinition) -> tuple[ChannelSpec, ...]:
    """The channels of a model, each with a name, by the rule of ``named_monitors``."""
    taken = {spec.name for spec in definition.channels if spec.name}
    named = []
    for spec in definition.channels:
        name = spec.name or _free_name(spec.kind, taken)
        taken.add(name)
        named.append(msgspec.structs.replace(spec, name=name))
    return tuple(named)


def _free_name(kind: str, taken: set[str]) -> str:
    number = 1
    while (name := kind if number == 1 else f"{kind}-{number}") in taken:
        number += 1
    return name
