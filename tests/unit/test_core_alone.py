"""core stands alone: it runs where streamlit, plotly and pandas cannot be imported."""

import subprocess
import sys

SCRIPT = """
import sys
for name in ("streamlit", "plotly", "pandas"):
    sys.modules[name] = None
from core import SCHEMES, draw, referee, summarize
for key, scheme in SCHEMES.items():
    shape = (6, 5, 3) if key == "dirac" else (30, 50)
    draw(key, shape, seed=40)
    assert referee.judge(summarize(key, shape, seed=40), scheme.law(shape)).consistent
print("alone")
"""


def test_core_runs_without_a_screen() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False)
    assert done.stdout == "alone\n", done.stderr
