"""core stands alone: where streamlit, plotly and pandas cannot be imported, and under another name."""

import shutil
import subprocess
import sys
from pathlib import Path

import core

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


MODULES = """
import pkgutil, sys
sys.modules["core"] = None
import init_lab
for module in pkgutil.walk_packages(init_lab.__path__, "init_lab."):
    __import__(module.name)
print(init_lab.draw("kaiming_normal", (3, 5), seed=40).shape)
"""


def test_core_runs_without_a_screen() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False)
    assert done.stdout == "alone\n", done.stderr


def test_core_s_modules_find_each_other_by_any_name(tmp_path: Path) -> None:
    """Installed, it is ``init_lab``: an import of ``core`` within it would fail there."""
    shutil.copytree(Path(core.__file__).parent, tmp_path / "init_lab")
    run = [sys.executable, "-c", MODULES]
    done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout == "torch.Size([3, 5])\n", done.stderr
