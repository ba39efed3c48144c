"""What passes through products of matrices holds whichever kernels and however many threads make them."""

import os
import re
import subprocess
import sys

import pytest

from tests.support.stream import ROOT

#: nothing special; MKL's kernels of any processor; torch's without vectors; more threads than cores
SETTINGS = (
    ("A", "1"),
    ("MKL_CBWR", "COMPATIBLE"),
    ("ATEN_CPU_CAPABILITY", "default"),
    ("OMP_NUM_THREADS", "4"),
)
FILES = (
    "golden/test_lesson_network.py",
    "property/test_signal.py",
    "unit/core/networks/test_network_gradients.py",
    "unit/core/networks/test_network_steps.py",
    "unit/core/signals/test_signal.py",
    "unit/core/signals/test_signal_dtypes.py",
    "unit/core/signals/test_signal_measures.py",
    "unit/core/code/test_signal_code.py",
)


@pytest.mark.parametrize(("name", "value"), SETTINGS)
def test_tests_of_matrix_products_pass_under_other_processor_settings(name: str, value: str) -> None:
    ours = {"PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER"}
    environment = {key: old for key, old in os.environ.items() if key not in ours} | {name: value}
    files = [f"tests/{file}" for file in FILES]
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:xdist", "-m", "products"]
    done = subprocess.run(
        [*command, *files], capture_output=True, text=True, check=False, cwd=ROOT, env=environment
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr
    passed = re.search(r"^(\d+) passed", done.stdout, re.MULTILINE)
    assert passed, done.stdout
    assert int(passed[1]) > 100
