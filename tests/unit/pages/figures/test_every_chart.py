"""Every chart says what its axes measure, and has numbers, a file and a table."""

import io
import re
from base64 import b64decode
from importlib import import_module
from inspect import getmembers, isfunction, signature
from pkgutil import iter_modules
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

import pages.figures
from pages.figures.chart_data import as_csv, as_table, numbers
from pages.figures.distribution import heatmap
from pages.figures.palette import LIGHT
from pages.text import LANGUAGES, Text
from tests.support.charts import every_chart


def test_no_chart_is_missing_here() -> None:
    names = set()
    for module in iter_modules(pages.figures.__path__):
        if module.name in {"chart_data", "template"}:
            continue
        for name, function in getmembers(import_module(f"pages.figures.{module.name}"), isfunction):
            own = function.__module__ == f"pages.figures.{module.name}" and not name.startswith("_")
            if own and signature(function).return_annotation is go.Figure:
                names.add(f"{module.name}.{name}")
    assert names == set(every_chart())


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("checkpoint.histogram", "weights in the bin at "),
        ("checkpoint.laid_over", "weights in the bin at "),
        ("checkpoint_rows.row_norms", "rows in the bin at "),
        ("checkpoint_rows.spectrum", "singular values in the bin at "),
    ],
)
def test_a_pointer_is_told_what_is_counted(name: str, words: str) -> None:
    assert words in every_chart()[name].to_dict()["data"][0]["hovertemplate"]


#: What each axis of each chart measures, by the chart's own description, without marks, and * for a number.
TITLES = {
    "en": {
        "distribution.weights": ["Weight w", "Density p(w)"],
        "distribution.density": ["Weight w", "Density p(w)"],
        "distribution.points": ["Weight w", "Probability P(W = w)"],
        "distribution.unnamed": ["Weight w", "Density p(w)"],
        "distribution.heatmap": ["Input", "Output unit"],
        "distribution_agreement.cumulative": ["Weight w", "Share below w"],
        "distribution_agreement.quantiles": ["Quantile of the law", "Quantile drawn"],
        "distribution_agreement.extreme": ["Largest weight w", "Density of the largest"],
        "compare.multiples": ["Weight w"],
        "compare.overlaid": ["Weight w", "Density p(w)", "Probability P(W = w)"],
        "checkpoint.histogram": ["Weight w", "Density p(w)"],
        "checkpoint.laid_over": ["Weight w", "Density p(w)"],
        "checkpoint_rows.row_norms": ["Norm of a row", "Density"],
        "checkpoint_rows.spectrum": ["Singular value", "Density"],
        "signal.by_layer": ["Layer l", "y"],
        "signal.shares_by_layer": ["Layer l", "y"],
        "signal_layers.ridges": ["Activation x", "Layer l"],
        "signal_layers.depth_map": ["Activation x", "Layer l"],
        "signal_theory.maps": ["Mean square q", "Correlation c"],
        "signal_theory.lengths": ["Mean square q", "Layer l"],
        "signal_theory.chaos": ["σw² = fan_in · Var w", "σb² = Var b"],
        "model.drawing": [
            "Line width: |weight|, the widest is *; dashed: negative"
            " | only the 64 largest weights of each layer are drawn"
        ],
        "model_parameters.maps": [],
        "model_parameters.strips": ["Value"],
    },
    "zh": {
        "distribution.weights": ["权重 w", "密度 p(w)"],
        "distribution.density": ["权重 w", "密度 p(w)"],
        "distribution.points": ["权重 w", "概率 P(W = w)"],
        "distribution.unnamed": ["权重 w", "密度 p(w)"],
        "distribution.heatmap": ["输入", "输出神经元"],
        "distribution_agreement.cumulative": ["权重 w", "小于 w 的比例"],
        "distribution_agreement.quantiles": ["理论分位数", "观测分位数"],
        "distribution_agreement.extreme": ["最大权重 w", "最大值的密度"],
        "compare.multiples": ["权重 w"],
        "compare.overlaid": ["权重 w", "密度 p(w)", "概率 P(W = w)"],
        "checkpoint.histogram": ["权重 w", "密度 p(w)"],
        "checkpoint.laid_over": ["权重 w", "密度 p(w)"],
        "checkpoint_rows.row_norms": ["行范数", "密度"],
        "checkpoint_rows.spectrum": ["奇异值", "密度"],
        "signal.by_layer": ["层 l", "y"],
        "signal.shares_by_layer": ["层 l", "y"],
        "signal_layers.ridges": ["激活值 x", "层 l"],
        "signal_layers.depth_map": ["激活值 x", "层 l"],
        "signal_theory.maps": ["均方值 q", "相关系数 c"],
        "signal_theory.lengths": ["均方值 q", "层 l"],
        "signal_theory.chaos": ["σw² = fan_in · Var w（权重）", "σb² = Var b（偏置）"],
        "model.drawing": ["线宽：权重的绝对值，最粗为 *；虚线：负值 | 每层只画绝对值最大的 64 个权重"],
        "model_parameters.maps": [],
        "model_parameters.strips": ["取值"],
    },
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_axis_says_what_it_measures(language: str) -> None:
    found = {}
    for name, chart in every_chart(Text(language)).items():
        layout = chart.to_dict()["layout"]
        across = [axis.get("title", {}).get("text") for _, axis in sorted(_axes(layout).items())]
        # that of a vertical axis stands above it, at the chart's left or right edge
        edges = ((0, -54), (1, 34))
        up = [note["text"] for note in layout["annotations"] if (note["x"], note.get("xshift")) in edges]
        words = [
            re.sub(r"\d+\.\d+", "*", re.sub(r"<[^>]+>", "", title.replace("<br>", " | ")))
            for title in (*across, *up)
            if title
        ]
        found[name] = list(dict.fromkeys(words))  # equal ones of panels once
    assert found == TITLES[language]


def test_a_file_s_name_is_only_a_name() -> None:
    """Plotly reads marks in its labels; both files' names are somebody else's."""
    notes = every_chart()["checkpoint.laid_over"].to_dict()["layout"]["annotations"]
    words = " ".join(note["text"] for note in notes)
    assert ("a &lt;b&gt;" in words, "c &lt;u&gt;" in words) == (True, True)


#: The axes that run down: a matrix's rows as torch prints them, layers and samples with the first on top.
DOWN = {("distribution.heatmap", "yaxis"), ("signal_layers.depth_map", "yaxis")}
DOWN |= {("model_parameters.maps", "yaxis")}


def _axes(layout: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {key: part for key, part in layout.items() if re.fullmatch(r"[xy]axis\d*", key)}


def test_every_axis_runs_right_or_up_but_those_that_run_down() -> None:
    """Plotly draws a heat map's first row at the foot, unless its axis runs down."""
    down = set()
    for name, chart in every_chart().items():
        for key, axis in _axes(chart.to_dict()["layout"]).items():
            first, last = axis.get("range", (0, 1))
            if axis.get("autorange") == "reversed" or first > last:
                down.add((name, key))
    assert down == DOWN


#: Charts that leave out something on purpose: shares beyond 1, and lengths beyond the map's ends.
CUT = {"signal.shares_by_layer", "signal_theory.lengths"}


def test_no_axis_cuts_off_what_is_drawn() -> None:
    """To a hundredth of the axis: a histogram has half an empty bin more on each side."""
    for name, chart in every_chart().items():
        parts = chart.to_dict()
        axes = _axes(parts["layout"])
        for trace in parts["data"] if name not in CUT else ():
            for side in "xy":
                axis = axes[f"{side}axis{trace.get(f'{side}axis', side)[1:]}"]
                if side not in trace or "range" not in axis:
                    continue
                places = np.array([at for at in _flat(trace[side]) if at is not None], dtype=float)
                if axis.get("type") == "log":
                    places = np.log10(places[places > 0])
                places = places[np.isfinite(places)]
                low, high = sorted(axis["range"])
                room = 0.01 * (high - low)
                assert ((places >= low - room) & (places <= high + room)).all(), (name, side)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_chart_has_numbers_a_file_and_a_table_but_none_in_its_json(language: str) -> None:
    for name, chart in every_chart(Text(language)).items():
        series = numbers(chart)
        assert series, name
        for part in series:
            assert {len(column) for column in part.columns.values()} == {part.rows}, name
            assert all(re.fullmatch(r"[a-z]\w*", key) for key in part.columns), name
        assert len(pd.read_csv(io.StringIO(as_csv(series)))) >= max(part.rows for part in series)
        assert as_table(series, Text(language)).count("<table") >= 1
        assert "_numbers" not in chart.to_json()
        with pytest.raises(LookupError):
            numbers(go.Figure(chart.to_dict()))


#: What a chart tells the pointer beside words of our own: whole numbers, and a plane's places and height.
PLACES = {"y:,d", "text", "customdata", "x", "y", "x:.3~r", "y:.3~r", "z:.3~r"}
#: A number as pages write it: a real minus, powers of ten as superscripts, at least three digits but of 0.
NUMBER = re.compile(r"[−+]?(?:\d+(?:\.\d+)?)(?:×10(?P<power>[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+))?")
DIGITS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹−", "-0123456789-")


def _read(words: str) -> float:
    """Return the number that is written."""
    assert NUMBER.fullmatch(words), words
    return float(words.replace("×10", "e").translate(DIGITS))


def _flat(values: Any) -> list[Any]:
    """Return the numbers of a trace in a row."""
    if isinstance(values, dict):
        return np.frombuffer(b64decode(values["bdata"]), values["dtype"]).tolist()
    return np.asarray(values).ravel().tolist()


def test_what_the_pointer_reads_is_in_the_page_s_own_type_and_numbers() -> None:
    compared = set()
    for name, chart in every_chart(Text("en")).items():
        parts = chart.to_dict()
        own, page = parts["layout"]["hoverlabel"], parts["layout"]["font"]
        assert own["font"] == {"family": page["family"], "size": page["size"], "color": LIGHT.ink}, name
        assert own["bgcolor"] == LIGHT.paper
        for trace in parts["data"]:
            is_line = trace["type"] == "scatter"  # of which the template says "skip"
            if trace.get("hoverinfo", "skip" if is_line else "all") == "skip":
                continue
            places = {place.split("[")[0] for place in re.findall(r"%{([^}]*)}", trace["hovertemplate"])}
            assert places <= PLACES, name
            whole = trace["type"] == "heatmap" or "y:,d" in places
            assert not places & {"x", "y"} or whole, name
            told = trace.get("customdata")
            values = next((trace[axis] for axis in "zxy" if axis in trace), None)
            if "%{customdata}" not in trace["hovertemplate"] or name == "signal_theory.chaos":
                continue  # of several numbers, or of one whose logarithm is drawn
            if name.startswith("signal."):
                values = trace["y"]
            if "y:,d" in places:  # of a bin, where it is
                values = trace["x0"] + trace["dx"] * np.arange(len(told))
            for words, value in zip(np.asarray(told).ravel(), _flat(values), strict=True):
                if value is not None and np.isfinite(value):
                    assert _read(words) == pytest.approx(value, rel=5e-3, abs=1e-45), name
                    compared.add(name)
    assert compared >= {"distribution.weights", "compare.multiples"}
    assert compared >= {"signal.by_layer", "distribution.heatmap", "model_parameters.maps"}


def test_a_chart_of_very_many_numbers_leaves_them_to_the_browser() -> None:
    few, many = np.full((64, 64), -1.25e-7), np.zeros((64, 65))
    t = Text("en")
    (told,) = {*_flat(heatmap(few, t, LIGHT).to_dict()["data"][0]["customdata"])}
    assert told == "−1.25×10⁻⁷"
    (trace,) = heatmap(many, t, LIGHT).to_dict()["data"]
    assert "customdata" not in trace
    assert "%{z:.3~r}" in trace["hovertemplate"]
