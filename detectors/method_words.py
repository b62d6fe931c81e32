"""What each method's number means, in a sentence or two: for whoever reads a result. The pages say it at length."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from detectors.metrics import METRICS

PAGES = "docs/methods"
# Estimates made without labels, and tests of another package, are named by a prefix.
ESTIMATE_PAGES: Mapping[str, str] = {"cbpe_": "cbpe", "dle_": "dle"}
OTHERS_TESTS = "evidently:"
_OF_ONE_CLASS = re.compile(r"\[.+\]", re.DOTALL)


@dataclass(frozen=True, slots=True)
class MethodWords:
    """``meaning`` is what the number is, ``moves`` what usually moves it, ``fools`` what it misses or mistakes.

    ``page`` is the page about the method, without its folder and ending.
    """

    meaning: str
    moves: str
    fools: str
    page: str


METHOD_WORDS: Mapping[str, MethodWords] = {
    "ks": MethodWords(
        "the largest gap between the two cumulative shares, 0 to 1: so many rows moved past one point",
        "a shift, a new cluster of values, a change of unit",
        "it does not say how far values moved: read the effect; values that move inside the tails hardly count",
        "ks",
    ),
    "slow_drift": MethodWords(
        "how strongly the windows since some moment speak together for a drift that goes one way: one more is ten "
        "times the evidence",
        "a small shift that lasts, too small for the limit of a single window",
        "a season that the baseline does not hold, and every real but harmless change",
        "slow_drift",
    ),
    "total_variation": MethodWords(
        "half the sum of the differences of all shares, 0 to 1: so large a part of the rows changed its category",
        "a category that grows, vanishes or is renamed; another mix of customers",
        "a rare category can vanish below the limit; the order of categories means nothing to it",
        "total_variation",
    ),
    "wasserstein": MethodWords(
        "how far values moved on average, in standard deviations of the baseline",
        "a shift, a unit error, a few values that are very far away",
        "few extreme values can make all of it; its limit is fixed, not calibrated",
        "wasserstein",
    ),
    "psi": MethodWords(
        "the sum over groups of (q - p) ln(q / p): by custom .1 is a moderate change and .2 a large one",
        "shares that change in proportion, above all those of small groups",
        "an empty group adds much in small windows; a change inside a group is not seen",
        "psi",
    ),
    "jensen_shannon": MethodWords(
        "the Jensen-Shannon distance, 0 to 1: how well a row tells which side it is from",
        "any change of shares; 1 where baseline and window have no value in common",
        "a change inside a group is not seen; the size of a move is not either",
        "jensen_shannon",
    ),
    "chi_square": MethodWords(
        "Pearson's statistic of the table of categories by side: it grows with the rows, the effect does not",
        "any change of shares, in proportion to the rows",
        "in large windows a tiny change is far above its expectation: read the effect",
        "chi_square",
    ),
    "drift": MethodWords(
        "the largest ratio of a field's distance to its limit, over all fields of the window: at 1 something changed",
        "the one field that changed most; the reason names the first three",
        "it says that something changed, not that it hurts: the severity asks that",
        "drift",
    ),
    "mmd": MethodWords(
        "the squared maximum mean discrepancy over all fields together, from sampled rows",
        "a change of any field, and of how fields go together",
        "a small change of one field among many is lost in it",
        "mmd",
    ),
    "domain_classifier": MethodWords(
        "the ROC AUC of a classifier that tells rows of the window from rows of the baseline: .5 is no difference",
        "a change of any field, and of how fields go together",
        "a field that counts upwards, as a date or an id, tells them apart without any harm",
        "domain_classifier",
    ),
    "correlation": MethodWords(
        "the largest change of the correlation of a pair of fields",
        "two fields that swap places, or that no longer come from one source",
        "a relation that neither rises nor falls throughout changes unseen",
        "correlation",
    ),
    "label_drift": MethodWords(
        "how far the labels are from those of the baseline: total variation of classes, or the move of the mean in "
        "standard deviations",
        "an outcome that became more or less frequent; another definition of the label",
        "labels that come late are no random sample of all",
        "label_drift",
    ),
    "missing": MethodWords(
        "the share of rows without a value",
        "a join or a source that fails; an optional question in a new form",
        "a default such as 0 or -1 in place of nothing: see stuck",
        "field_checks",
    ),
    "types": MethodWords(
        "the share of values that are no number where one is expected",
        "a changed serialisation, a text such as 'n/a', a division by zero",
        "a number in the wrong unit is of the right type",
        "field_checks",
    ),
    "unseen": MethodWords(
        "the share of values of categories that the baseline did not have",
        "re-coding, another spelling or language, a new product",
        "a field of ever new values, as names are, has many every day",
        "field_checks",
    ),
    "range": MethodWords(
        "the share of numbers outside the baseline's smallest to largest",
        "a unit error, an overflow, a population that was not in the baseline",
        "one wild value in the baseline opens the range for good",
        "field_checks",
    ),
    "stuck": MethodWords(
        "the share of the most frequent single value",
        "a sensor that hangs, a cache that is not refreshed, a default for what is missing",
        "a field that changes rarely; a value that the counts do not show singly",
        "stuck",
    ),
    "volume": MethodWords(
        "rows over the median of up to seven windows before: 1 is as usual",
        "an outage, a sender that retries, a campaign, a holiday",
        "weekends and seasons; a slow decline, for the windows before decline too",
        "volume",
    ),
    "schema": MethodWords(
        "the number of fields that vanished, came, or changed their type",
        "a release of the sender, a renamed column",
        "a renamed field is one that vanished and one that came; a new meaning of the same type is not seen",
        "schema",
    ),
    "freshness": MethodWords(
        "the hours from the newest row to the end of the window",
        "a sender that is down, a queue that is stuck, a wrong clock",
        "holidays; one of several senders that stopped",
        "freshness",
    ),
    "probabilities": MethodWords(
        "the share of rows whose scores cannot be probabilities",
        "a model that answers with logits or per cent; a class that is left out",
        "wrong scores between 0 and 1 are probabilities all the same",
        "probabilities",
    ),
    "duplicates": MethodWords(
        "the share of rows that are the same as another one",
        "a sender that retries under new ids, a replayed file",
        "rows with few coarse fields are alike without being duplicates",
        "duplicates",
    ),
    "worst_segment": MethodWords(
        "how much more the model loses in one part of the stream than in the rest, beyond what it did at the baseline; "
        "of drift, how many times its limit the segment that drifted most is at",
        "something that only these rows have is broken: one app version, one country, high amounts",
        "what hits all rows alike, and a part that only several features together describe",
        "worst_segment",
    ),
    "unknown_labels": MethodWords(
        "the share of labels that are of no declared class",
        "a new outcome, another spelling, a label of another model",
        "a label of the wrong declared class is not seen",
        "unknown_labels",
    ),
    "running_risk": MethodWords(
        "the mean loss of all labelled rows since the baseline, or of the last windows in which it certainly rose",
        "a model that got worse, also by little: small losses add up over windows until they are certain",
        "labels that come first for some kinds of rows: ask for completeness",
        "running_risk",
    ),
    "prediction_powered_risk": MethodWords(
        "the running risk of all rows, labelled or not: labels, corrected by what scores say of the other rows",
        "a model that got worse, also by little: small losses add up over windows until they are certain",
        "labelled rows that are no random sample: the reason says so where scores show it",
        "prediction_powered_risk",
    ),
}
_METRIC = MethodWords(
    "",
    "a model that got worse; another mix of easy and hard rows",
    "labels that come first for some kinds of rows: the reason says how many are there",
    "metrics_with_labels",
)
_ESTIMATE = MethodWords(
    "estimated without labels from what scores meant at the baseline",
    "scores that move towards or away from the threshold",
    "a relation between inputs and label that changed: labels show it, the estimate does not",
    "cbpe",
)
_METRIC_MEANINGS: Mapping[str, str] = {
    "accuracy": "the share of rows whose predicted class is right",
    "precision": "the share of rows predicted to be positive that are",
    "recall": "the share of positive rows that are predicted to be",
    "f1": "the harmonic mean of precision and recall",
    "specificity": "the share of negative rows that are predicted to be",
    "balanced_accuracy": "the mean of the recalls of the classes",
    "mcc": "the correlation of predicted and true classes, -1 to 1",
    "business_value": "what a prediction is worth on average, by the values of the model file",
    "roc_auc": "the chance that a positive row has a higher score than a negative one: .5 is guessing",
    "average_precision": "the precision averaged over all thresholds, weighted by the rise of recall",
    "log_loss": "the mean of -ln of the probability that was given to the label: lower is better",
    "brier": "the mean squared distance of the probabilities from the label: lower is better",
    "calibration_error": "how far scores are from the shares that labels show, on average: lower is better",
    "mae": "the mean of the absolute error: lower is better",
    "rmse": "the root of the mean squared error: lower is better",
    "mape": "the mean of the absolute error in proportion to the label: lower is better",
    "r2": "the part of the scatter of the labels that the model explains; 0 is no better than their mean",
    "error_p50": "the absolute error that half of the rows stay below: lower is better",
    "error_p90": "the absolute error that 90 % of the rows stay below: lower is better",
}


def method_words(method: str) -> MethodWords | None:
    """What is to be said of a method by the name that results carry; None for one that is not known here.

    Names of estimates (``cbpe_recall``), of metrics of one class (``f1[gold]``) and of Evidently's tests
    (``evidently:ks``) are understood.
    """
    if method in METHOD_WORDS:
        return METHOD_WORDS[method]
    if method.startswith(OTHERS_TESTS):
        test = method.removeprefix(OTHERS_TESTS)
        return MethodWords(
            f"Evidently's test {test} on sampled rows; where it answers with a p-value, a low one is a change",
            "any change of the field's distribution",
            "a p-value at .05 alarms in one of twenty windows without any change",
            "evidently",
        )
    for prefix, page in ESTIMATE_PAGES.items():
        if method.startswith(prefix):
            metric = _metric_words(method.removeprefix(prefix))
            return metric and replace(_ESTIMATE, meaning=f"{metric.meaning}; {_ESTIMATE.meaning}", page=page)
    return _metric_words(method)


def _metric_words(name: str) -> MethodWords | None:
    metric = METRICS.get(_OF_ONE_CLASS.sub("", name))
    if metric is None:
        return None
    over = {"micro": ", over the cells of all classes", "weighted": ", averaged by the rows of each class"}
    of_class = f", for the class {name.partition('[')[2][:-1]}" if "[" in name else ""
    return replace(_METRIC, meaning=_METRIC_MEANINGS[metric.base] + over.get(metric.over, "") + of_class)
