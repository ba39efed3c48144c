"""Hypothesis profiles: quick at every run, thorough with HYPOTHESIS_PROFILE=thorough.

The thorough one needs more time than a test has: ``--timeout=0 -o faulthandler_timeout=0``.
"""

import os

import pytest
from hypothesis import settings

# What helpers assert is spelled out as what tests assert is.
pytest.register_assert_rewrite("tests.support")

settings.register_profile("quick", max_examples=40, deadline=None)
settings.register_profile("thorough", max_examples=2000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))
