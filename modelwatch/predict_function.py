"""The function that a user names to score rows, as ``package.module:function``."""

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from modelwatch.failures import CommandError

PredictFunction = Callable[[pd.DataFrame], Any]


def load_predict(named: str, folder: Path) -> PredictFunction:
    """The function of that name; its module is looked for in ``folder`` first.

    Raises CommandError where the name is none, the module cannot be imported or the function is not in it.
    """
    module_name, colon, function_name = named.partition(":")
    if not colon or not module_name or not function_name:
        raise CommandError(f"--predict {named!r} names no function: write it like package.module:function")
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    try:
        module = importlib.import_module(module_name)
    except Exception as error:
        raise CommandError(f"--predict: module {module_name} cannot be imported: {_told(error)}") from error
    function = getattr(module, function_name, None)
    if function is None:
        raise CommandError(f"--predict: module {module_name} has no {function_name!r}")
    if not callable(function):
        raise CommandError(f"--predict: {named} is not a function, it is a {type(function).__name__}")
    return guarded(named, function)


def guarded(named: str, function: PredictFunction) -> PredictFunction:
    """The function with its own failures told as those of ``named``."""

    def predict(features: pd.DataFrame) -> Any:
        try:
            return function(features)
        except Exception as error:
            raise CommandError(f"--predict: {named} failed on {len(features):,} rows: {_told(error)}") from error

    return predict


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {(str(error).strip().splitlines() or ['no message'])[0]}"
