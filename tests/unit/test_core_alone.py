"""core stands alone: where streamlit, plotly and pandas cannot be imported, and under another name."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import core
from tests.support.stream import ROOT

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


def test_what_is_installed_has_every_room_of_core() -> None:
    setup = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    rooms = {"/".join(file.parent.relative_to(ROOT).parts) for file in (ROOT / "core").rglob("__init__.py")}
    assert setup["package-dir"] == {"init_lab": "core"}
    assert {name.replace("init_lab", "core").replace(".", "/") for name in setup["packages"]} == rooms
    assert all((ROOT / "core" / name).is_file() for name in setup["package-data"]["init_lab"])
