"""Parts that a machine may lack: a test that needs one says so and is skipped, or fails where all are demanded."""

import os

import pytest


def require(condition: bool, sentence: str) -> None:
    """Skip the running test with ``sentence`` unless ``condition``; with MODELWATCH_REQUIRE=all, fail it instead."""
    if condition:
        return
    if os.environ.get("MODELWATCH_REQUIRE") == "all":
        pytest.fail(f"MODELWATCH_REQUIRE=all, but {sentence}", pytrace=False)
    pytest.skip(sentence)
