"""Drift methods that compare sampled rows, by the names that a model file may use; all others compare sums."""

JOINT_METHODS = ("domain_classifier", "mmd")
# A method of this name and a test's, like evidently:ks, is that test of Evidently.
EVIDENTLY_PREFIX = "evidently:"
EVIDENTLY_NUMERIC_TESTS = (
    "anderson",
    "cramer_von_mises",
    "ed",
    "empirical_mmd",
    "es",
    "hellinger",
    "jensenshannon",
    "kl_div",
    "ks",
    "mannw",
    "psi",
    "t_test",
    "wasserstein",
)
EVIDENTLY_CATEGORY_TESTS = (
    "TVD",
    "chisquare",
    "fisher_exact",
    "g_test",
    "hellinger",
    "jensenshannon",
    "kl_div",
    "psi",
    "z",
)


def is_row_based(method: object) -> bool:
    """Whether what a drift monitor names is a method of this module, or means to be."""
    return isinstance(method, str) and (method in JOINT_METHODS or method.startswith(EVIDENTLY_PREFIX))


def wrong_row_method(method: str) -> str:
    """What is wrong with a row-based method, and what to write instead; empty where it is right."""
    tests = sorted({*EVIDENTLY_NUMERIC_TESTS, *EVIDENTLY_CATEGORY_TESTS})
    if method in JOINT_METHODS or method.removeprefix(EVIDENTLY_PREFIX) in tests:
        return ""
    return f"method {method!r} names no test of Evidently: use {EVIDENTLY_PREFIX} and one of {', '.join(tests)}"
