"""Reading a model file: decoded, then checked for what types alone cannot say."""

from datetime import UTC, datetime, timedelta
from typing import Any, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from store.definitions import (
    PAIR_METHODS,
    DefinitionError,
    DriftMethod,
    Metric,
    ModelDefinition,
    MonitorSpec,
    PredictionSpec,
    RiskMethod,
    duration,
    named_channels,
    named_monitors,
    segment_pairs,
    single_segments,
)
from store.row_methods import JOINT_METHODS, is_row_based, wrong_row_method

_REGRESSION_METRICS = ("mae", "rmse", "mape", "r2", "error_p50", "error_p90")
# Metrics that a class has for itself, like f1[gold].
CLASS_METRICS = ("precision", "recall", "f1", "specificity", "roc_auc", "average_precision")
_ORDERED_METHODS = ("ks", "wasserstein")
# Each pair multiplies what is profiled by up to fifty.
_MOST_PAIRS = 4
# Which key chooses what a monitor of each kind computes.
_CHOICES = {"drift": "method", "quality": "check", "performance": "metric"}


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
    _check_segments(definition)
    for spec in named_monitors(definition):
        _check_monitor(definition, spec)
    return definition


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


def _check_segments(definition: ModelDefinition) -> None:
    for entry in definition.segments:
        if not isinstance(entry, str) and len(entry) != 2:
            raise DefinitionError(f"segments: {list(entry)} is no pair: name one field, or a list of two")
    pairs = segment_pairs(definition)
    if len(pairs) > _MOST_PAIRS:
        raise DefinitionError(f"segments: {len(pairs)} pairs are more than {_MOST_PAIRS}: name those that matter most")
    for first, second in pairs:
        if first == second:
            raise DefinitionError(f"segments: the pair [{first}, {second}] names one field twice: name two")
    for entry in definition.segments:
        if definition.segments.count(entry) > 1 or (not isinstance(entry, str) and entry[::-1] in pairs):
            raise DefinitionError(f"segments: {entry if isinstance(entry, str) else list(entry)} is named twice")
    # The names of segments could be taken for one another.
    for name in (*single_segments(definition), *(name for pair in pairs for name in pair)) if pairs else ():
        if "=" in name or " & " in name:
            raise DefinitionError(f"segments: where pairs are watched no field may hold '=' or ' & ', as {name!r} does")


def _check_monitor(definition: ModelDefinition, spec: MonitorSpec) -> None:
    for kind, key in _CHOICES.items():
        if kind != spec.kind and getattr(spec, key) is not None:
            raise DefinitionError(f"monitor {spec.name}: {key} belongs to {kind} monitors, this one is {spec.kind}")
    if spec.baseline != "fixed" and (spec.kind == "quality" or is_row_based(spec.method)):
        choice = spec.baseline if isinstance(spec.baseline, str) else "of another version"
        raise DefinitionError(
            f"monitor {spec.name}: baseline {choice} is for performance monitors and for drift monitors that compare "
            "sums, not for this one"
        )
    for key in ("tolerance", "completeness"):
        if spec.kind != "performance" and getattr(spec, key) is not None:
            raise DefinitionError(f"monitor {spec.name}: {key} is for performance monitors, this one is {spec.kind}")
    _check_method(spec)
    for metric in (spec.metric,) if isinstance(spec.metric, str) else spec.metric or ():
        if metric in get_args(RiskMethod):
            _check_risk(definition, spec, metric)
        else:
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
    elif method not in (*get_args(DriftMethod), *PAIR_METHODS):
        known = ", ".join((*get_args(DriftMethod), *PAIR_METHODS, *JOINT_METHODS))
        wrong = f"method {method!r} is not known: use one of {known}, or evidently: and a test, like evidently:ks"
    else:
        wrong = ""
    if wrong:
        raise DefinitionError(f"monitor {spec.name}: {wrong}")


def _check_risk(definition: ModelDefinition, spec: MonitorSpec, method: str) -> None:
    if spec.baseline != "fixed":
        raise DefinitionError(f"monitor {spec.name}: {method} runs since the baseline came: use baseline fixed")
    if method == "prediction_powered_risk" and definition.task == "regression":
        raise DefinitionError(f"monitor {spec.name}: {method} is for classifiers with scores: use running_risk")


def _check_metric(definition: ModelDefinition, monitor: str | None, metric: str) -> None:
    base, bracket, of_class = metric.partition("[")
    is_known = base in CLASS_METRICS and of_class.endswith("]") if bracket else base in get_args(Metric)
    if not is_known:
        known = ", ".join((*get_args(Metric), *get_args(RiskMethod)))
        raise DefinitionError(f"monitor {monitor}: metric {metric!r} is not known: use one of {known}")
    averages = base.endswith(("_micro", "_weighted")) and definition.task != "multiclass"
    if averages or (base in _REGRESSION_METRICS) != (definition.task == "regression"):
        raise DefinitionError(f"monitor {monitor}: {metric} is no metric of a {definition.task} model")
