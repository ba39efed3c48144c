"""What the README says of adding a control is all that it takes: it is done in a copy of the project."""

import shutil
import subprocess
import sys
from pathlib import Path

from tests.support.stream import ROOT

#: file → what is put there, and before which line
EDITS = {
    "pages/state/controls.py": (
        '    choice("finish", "plain", ("plain", "smooth"), on(signal=MORE)),\n',
        "    # --- a network and its input\n",
    ),
    "pages/signal.py": (
        '            controls.show(state, "finish", t)\n',
        '            controls.show(state, "dtype", t)\n',
    ),
    "pages/text/en.toml": ('finish = "Finish"\nfinish_help = "How it ends"\n', 'dtype_help = "'),
    "pages/text/zh.toml": ('finish = "表面"\nfinish_help = "如何收尾"\n', 'dtype_help = "'),
}
#: What is then there without another word: a test that runs there, in one process with those that hold it.
LOOKS = """
from streamlit.testing.v1 import AppTest
from pages.state.controls import TABLE
from tests.support.screen import opened, query, refusals, said, turned

small = {"depth": "3", "width": "8", "seeds": "1", "samples": "2"}

def shown(app, name="finish"):
    if "more" in app.session_state:
        app.session_state["more"] = True
        app.run()
    return [widget for widget in app.selectbox if widget.key == name]

def test_it_is_there():
    app = opened("signal", finish="smooth", **small)
    (widget,) = shown(app)
    assert (widget.label, widget.value, widget.help) == ("Finish", "smooth", "How it ends")
    assert query(app)["finish"] == "smooth"
    widget.select("plain").run()
    assert "finish" not in query(app)
    assert refusals(opened("signal", finish="rough", **small))
    assert shown(opened("signal", lang="zh", **small))[0].label == "表面"
    assert not shown(opened("signal", hide="finish", **small))
    assert shown(opened("signal", lock="finish", **small))[0].disabled

    app = opened("signal", predict="on", **small)
    app.button(key="reveal").click().run()
    assert not [button for button in app.button if button.key == "reveal"]
    app.session_state["finish"] = "smooth"
    app.run()
    assert [button for button in app.button if button.key == "reveal"]  # another result is predicted anew

    app = turned(opened("signal", finish="smooth", **small), "teach")
    assert "Finish <b>smooth</b>" in said(app)
    assert "Finish" in app.multiselect(key="prepare_lock_signal").options
"""


def test_a_new_control_needs_a_row_a_call_and_two_texts_in_each_language(tmp_path: Path) -> None:
    for part in ("app.py", "pages", "core", "tests", "pyproject.toml"):
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__", "*.png"))
        else:
            shutil.copy(source, tmp_path)
    for name, (added, before) in EDITS.items():
        file = tmp_path / name
        whole = file.read_text(encoding="utf-8")
        assert whole.count(before) == 1, name
        file.write_text(whole.replace(before, added + before), encoding="utf-8")

    (tmp_path / "tests" / "app" / "test_looks.py").write_text(LOOKS, encoding="utf-8")
    held = (
        "app/test_looks.py",
        "property/test_state.py",
        "unit/pages/text/test_text.py",
        "unit/test_claims.py",
    )
    pytest = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    command = [*pytest, *(f"tests/{file}" for file in held)]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout[-4000:] + ran.stderr
