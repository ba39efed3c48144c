"""What the distribution page must reach, measured side by side: ``make bench``.

Ratios carry over between machines, absolute figures do not.
"""

import itertools
import shutil
import statistics
import tempfile
from pathlib import Path
from unittest import mock

from streamlit.testing.v1 import AppTest

import core
from pages.state.controls import PAGES
from tests.support.stream import ROOT, Server, Visitor, streamlit_run

#: The same controls as the distribution page at first sight, and nothing else.
EMPTY = """
import streamlit as st
st.set_page_config(page_title="empty", layout="wide")
with st.container(horizontal=True):
    st.page_link("app.py", label="Home")
    st.page_link("pages/distribution.py", label="Distribution")
    st.page_link("pages/compare.py", label="Compare")
    st.page_link("pages/signal.py", label="Signal")
    st.page_link("pages/model.py", label="Model")
    st.page_link("pages/lesson.py", label="Lesson")
    st.page_link("pages/teach.py", label="Teach")
    st.button("language", key="language-zh", type="tertiary")
with st.sidebar:
    st.selectbox("scheme", ["kaiming_normal", "b", "c", "d", "e", "f", "g", "h", "i", "j"], key="scheme")
    st.selectbox("nonlinearity", ["relu", "b", "c", "d", "e", "f"], key="nonlinearity")
    left, right = st.columns(2)
    left.text_input("fan_in", key="fan_in")
    right.text_input("fan_out", key="fan_out")
    left, right = st.columns(2)
    left.text_input("seed", key="seed")
    right.button("redraw", key="redraw")
    st.selectbox("device", ["cpu", "cuda", "mps"], key="device")
    st.expander("more", key="more", on_change="rerun")
st.tabs(["a", "b", "c", "d"], key="views", on_change="rerun")
"""
ROUNDS, RERUNS = 7, 60
#: No seed twice: every run of the app draws anew.
SEEDS = itertools.count(10**6)


def main() -> None:
    """Print each figure beside what it must reach."""
    with streamlit_run() as app, tempfile.TemporaryDirectory() as folder:
        Path(folder, "pages").mkdir()
        for name in PAGES.values():
            Path(folder, name).write_text(EMPTY, encoding="utf-8")
        shutil.copytree(ROOT / ".streamlit", Path(folder, ".streamlit"))
        sizes(app)
        with streamlit_run(cwd=Path(folder)) as empty:
            cost(app, empty, "no collection a run in either, as deployed")
        gc = {"runner.postScriptGC": "true"}
        with streamlit_run(cwd=Path(folder), **gc) as stock:
            cost(app, stock, "the empty page with Streamlit's collection a run")
    second_visitor()


def sizes(app: Server) -> None:
    """Print the bytes to the browser when one control is moved, over sizes and controls."""
    for fan_in, fan_out in ((10, 15), (400, 250), (4096, 4096)):
        visitor = Visitor(app.port, "distribution", f"v=1&fan_in={fan_in}&fan_out={fan_out}")
        visitor.run()
        visitor.run(seed="1")
        moved = {
            "seed": [visitor.run(seed=str(seed)).size for seed in range(2, 7)],
            "scheme": [visitor.run(scheme=name).size for name in ("Kaiming uniform (He)", "Ones", "Normal")],
        }
        visitor.close()
        largest = max(size for values in moved.values() for size in values)
        print(f"one control moved, n = {fan_in * fan_out:>10,}: {largest:,} bytes at most (≤ 12 000)")


def cost(app: Server, empty: Server, words: str) -> None:
    """Print the processor time of a run against that of an empty page, in turns."""
    visitors = [
        (app, Visitor(app.port, "distribution", "v=1&fan_in=400&fan_out=250")),
        (empty, Visitor(empty.port)),
    ]
    for _, visitor in visitors:
        visitor.run()
        visitor.run(seed="0")
    times: list[list[float]] = [[], []]
    for _ in range(ROUNDS):
        for (served, visitor), taken in zip(visitors, times, strict=True):
            begin = served.cpu_seconds()
            for _ in range(RERUNS):
                visitor.run(seed=str(next(SEEDS)))
            taken.append((served.cpu_seconds() - begin) / RERUNS)
    for _, visitor in visitors:
        visitor.close()
    ratios = sorted(a / b for a, b in zip(*times, strict=True))
    ours, theirs = (1000 * statistics.median(taken) for taken in times)
    print(
        f"a run at 100 000 weights: {ours:.1f} ms of processor time against {theirs:.1f} ms ({words}): "
        f"ratio {statistics.median(ratios):.2f}, {ratios[0]:.2f} to {ratios[-1]:.2f} (≤ 3)"
    )


def second_visitor() -> None:
    """Print how many tensors the first and the second visitor of one link draw."""
    draws = []
    for _ in range(2):
        with mock.patch.object(core, "summarize", wraps=core.summarize) as drawn:
            page = AppTest.from_file(str(ROOT / "app.py"), default_timeout=30).switch_page(
                "pages/distribution.py"
            )
            page.query_params["seed"] = "4711"
            page.run()
            draws.append(drawn.call_count)
    print(f"tensors drawn by the first visitor of a link: {draws[0]}, by the second: {draws[1]} (0)")


if __name__ == "__main__":
    main()
