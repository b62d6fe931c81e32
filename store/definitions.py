"""The model file: what a team says about a model, typed and checked in one place.

The same structures read the YAML of ``modelwatch apply`` and the JSON of ``PUT /v1/models/{model}``. Decoding
refuses unknown keys and names the path of what is wrong, so a typing error never becomes a silent default.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import Meta, Struct, field

from store.row_methods import JOINT_METHODS, is_row_based, wrong_row_method

Scalar = str | int | float | bool
Task = Literal["binary", "multiclass", "regression"]
FieldKind = Literal["numeric", "categorical", "boolean"]
MonitorKind = Literal["drift", "quality", "performance"]
BaselineChoice = Literal["fixed", "previous", "same_hour", "same_weekday"]
DriftMethod = Literal["ks", "psi", "jensen_shannon", "total_variation", "wasserstein", "chi_square"]
QualityCheck = Literal["missing", "unseen", "range", "types", "stuck", "volume", "schema", "freshness", "probabilities"]
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
Name = Annotated[str, Meta(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
FieldName = Annotated[str, Meta(min_length=1, max_length=256)]

_REGRESSION_METRICS = ("mae", "rmse", "mape", "r2", "error_p50", "error_p90")
# Metrics that a class has for itself, like f1[gold].
CLASS_METRICS = ("precision", "recall", "f1", "specificity", "roc_auc", "average_precision")
_ORDERED_METHODS = ("ks", "wasserstein")
# Which key chooses what a monitor of each kind computes.
_CHOICES = {"drift": "method", "quality": "check", "performance": "metric"}

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
    importance: Annotated[float, Meta(ge=0, le=1)] | None = None


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
    version: str = "version"
    ignore: tuple[str, ...] = ()


class MonitorSpec(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One scheduled check of one model.

    ``window`` is the length of what is judged, ``every`` the distance between window ends (default: the window
    itself), ``lateness`` how long after its end a window is left open for late rows. ``baseline`` is the one in force,
    or for drift one that moves with the window. ``method`` (drift),
    ``check`` (quality) and ``metric`` (performance; of one class: ``f1[gold]``) choose what is computed;
    ``threshold`` overrides the default limit of what was chosen. A drift method is one of DriftMethod, or of
    ``store.row_methods``. An alert fires after ``fire_after`` bad windows in a row and resolves after
    ``resolve_after`` good ones.
    """

    kind: MonitorKind
    name: Name | None = None
    window: str = "1d"
    every: str | None = None
    lateness: str = "0s"
    baseline: BaselineChoice = "fixed"
    method: str | dict[FieldKind, DriftMethod] | None = None
    check: QualityCheck | tuple[QualityCheck, ...] | None = None
    metric: str | tuple[str, ...] | None = None
    fields: tuple[FieldName, ...] | None = None
    threshold: float | None = None
    min_rows: Annotated[int, Meta(ge=1)] | None = None
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
    segments: Annotated[tuple[FieldName, ...], Meta(max_length=8)] = ()
    prediction: PredictionSpec = PredictionSpec()
    columns: ColumnsSpec = ColumnsSpec()
    monitors: Annotated[tuple[MonitorSpec, ...], Meta(max_length=100)] | None = None
    channels: Annotated[tuple[ChannelSpec, ...], Meta(max_length=20)] = ()


DEFAULT_MONITORS: tuple[MonitorSpec, ...] = (
    MonitorSpec(kind="drift", name="drift"),
    MonitorSpec(kind="quality", name="quality"),
    MonitorSpec(kind="performance", name="performance"),
)


def definition_from(document: Any) -> ModelDefinition:
    """Decode and check a model file that YAML or JSON parsing has turned into plain Python values.

    Raises DefinitionError naming the path of the first thing that is wrong.
    """
    try:
        definition = msgspec.convert(document, type=ModelDefinition, strict=True)
    except msgspec.ValidationError as error:
        raise DefinitionError(str(error)) from error
    _check_times(definition)
    _check_classes(definition)
    _check_names(definition)
    for spec in named_monitors(definition):
        _check_monitor(definition, spec)
    return definition


def to_json(definition: ModelDefinition) -> str:
    """The definition as JSON text in a fixed key order, defaults left out."""
    return msgspec.json.encode(definition, order="deterministic").decode()


def from_json(text: str | bytes) -> ModelDefinition:
    """A definition that ``to_json`` wrote."""
    return msgspec.json.decode(text, type=ModelDefinition)


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


def _check_times(definition: ModelDefinition) -> None:
    try:
        zone = ZoneInfo(definition.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise DefinitionError(
            f"time_zone {definition.time_zone!r} is not known: use an IANA name like Europe/Berlin"
        ) from error
    grain = duration(definition.grain)
    if timedelta(days=1) % grain:
        raise DefinitionError(f"grain {definition.grain!r} does not divide a day: use 5m, 15m, 1h, 6h or 1d")
    for month in (1, 7):
        offset = datetime(2026, month, 1, tzinfo=UTC).astimezone(zone).utcoffset() or timedelta(0)
        if offset % grain:
            raise DefinitionError(
                f"time_zone {definition.time_zone} is {offset} from UTC, not a multiple of the grain "
                f"{definition.grain}: set a finer grain, like 15m"
            )
    for spec in named_monitors(definition):
        for key in ("window", "every"):
            text = getattr(spec, key)
            if text is not None and duration(text) % grain:
                raise DefinitionError(
                    f"monitor {spec.name}: {key} {text} is not a multiple of the grain {definition.grain}"
                )
        duration(spec.lateness)


def _check_classes(definition: ModelDefinition) -> None:
    labels, positive = definition.prediction.labels, definition.prediction.positive
    if definition.task == "regression":
        if definition.prediction != PredictionSpec():
            raise DefinitionError("prediction: a regression model has no labels and no positive class")
        return
    _check_values(definition.prediction)
    if labels is not None and len({str(label) for label in labels}) != len(labels):
        raise DefinitionError("prediction.labels: a class is named twice")
    if definition.task == "binary":
        if labels is not None and len(labels) != 2:
            raise DefinitionError(f"prediction.labels: a binary model has two labels, not {len(labels)}")
        if labels is not None and positive is not None and positive not in labels:
            raise DefinitionError(f"prediction.positive: {positive!r} is not among the labels {list(labels)}")
    elif positive is not None:
        raise DefinitionError("prediction.positive: only a binary model has a positive class")


def _check_values(prediction: PredictionSpec) -> None:
    if prediction.values is None:
        return
    n = len(prediction.labels or ())
    if not n or [len(row) for row in prediction.values] != [n] * n:
        raise DefinitionError(
            "prediction.values: want a row of numbers for each of prediction.labels, with one number for each "
            "predicted label, like [[2, -5], [-10, 10]]"
        )


def _check_names(definition: ModelDefinition) -> None:
    for what, names in (
        ("monitors", [spec.name for spec in named_monitors(definition)]),
        ("channels", [spec.name for spec in named_channels(definition)]),
    ):
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            raise DefinitionError(f"{what}: the name {sorted(map(str, twice))[0]!r} is used twice")


def _check_monitor(definition: ModelDefinition, spec: MonitorSpec) -> None:
    for kind, key in _CHOICES.items():
        if kind != spec.kind and getattr(spec, key) is not None:
            raise DefinitionError(f"monitor {spec.name}: {key} belongs to {kind} monitors, this one is {spec.kind}")
    if spec.baseline != "fixed" and (spec.kind != "drift" or is_row_based(spec.method)):
        raise DefinitionError(
            f"monitor {spec.name}: baseline {spec.baseline} is for drift monitors that compare sums, not for this one"
        )
    _check_method(spec)
    for metric in (spec.metric,) if isinstance(spec.metric, str) else spec.metric or ():
        _check_metric(definition, spec.name, metric)


def _check_method(spec: MonitorSpec) -> None:
    if isinstance(spec.method, str):
        _check_method_name(spec, spec.method)
    elif spec.method is not None:
        for kind, method in spec.method.items():
            if kind != "numeric" and method in _ORDERED_METHODS:
                raise DefinitionError(
                    f"monitor {spec.name}: {method} needs values in order, which {kind} fields have not: use "
                    "total_variation, jensen_shannon, psi or chi_square"
                )


def _check_method_name(spec: MonitorSpec, method: str) -> None:
    if is_row_based(method):
        wrong = wrong_row_method(method)
    elif method not in get_args(DriftMethod):
        known = ", ".join((*get_args(DriftMethod), *JOINT_METHODS))
        wrong = f"method {method!r} is not known: use one of {known}, or evidently: and a test, like evidently:ks"
    else:
        wrong = ""
    if wrong:
        raise DefinitionError(f"monitor {spec.name}: {wrong}")


def _check_metric(definition: ModelDefinition, monitor: str | None, metric: str) -> None:
    base, bracket, of_class = metric.partition("[")
    is_known = base in CLASS_METRICS and of_class.endswith("]") if bracket else base in get_args(Metric)
    if not is_known:
        known = ", ".join(get_args(Metric))
        raise DefinitionError(f"monitor {monitor}: metric {metric!r} is not known: use one of {known}")
    averages = base.endswith(("_micro", "_weighted")) and definition.task != "multiclass"
    if averages or (base in _REGRESSION_METRICS) != (definition.task == "regression"):
        raise DefinitionError(f"monitor {monitor}: {metric} is no metric of a {definition.task} model")
