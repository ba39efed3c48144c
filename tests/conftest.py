"""Hypothesis profiles: quick at every run, thorough with HYPOTHESIS_PROFILE=thorough.

The thorough one needs more time than a test has: ``--timeout=0 -o faulthandler_timeout=0``.
"""

import gc
import logging
import os

import pytest
from hypothesis import settings

# What helpers assert is spelled out as what tests assert is.
pytest.register_assert_rewrite("tests.support")

settings.register_profile("quick", max_examples=40, deadline=None)
settings.register_profile("thorough", max_examples=2000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))

# What is imported and collected stays to the end: it is not looked through for garbage, again and again.
gc.disable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave what needs a browser for last: Playwright's loop runs on, and no other may start beside it."""
    items.sort(key=lambda item: "browser" in item.path.parts)


def pytest_collection_finish() -> None:
    """Start the tests on a heap that the collector leaves alone, and on loggers that tell the root."""
    gc.freeze()
    gc.enable()
    # Each of Streamlit's hundred loggers keeps to itself, so pytest hangs its own handlers on every one of
    # them six times a test. Through the root's they hear the same.
    for logger in logging.Logger.manager.loggerDict.values():
        if isinstance(logger, logging.Logger) and logger.name.partition(".")[0] == "streamlit":
            logger.propagate = True
