"""The checkpoint page: what it says of files whose truth is known, from links and pasted reports."""

import json
import math
import re
from collections.abc import Mapping
from html import unescape
from typing import Any
from urllib.parse import parse_qsl

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest
from torch import Tensor, nn

from core import Report, audit
from core.checkpoints.finding import KINDS
from core.teaching.broken import EXAMPLES
from pages.state import reports
from pages.state.controls import BOARDS
from pages.text import LANGUAGES, Text, catalogue
from tests.support.charts import decoded
from tests.support.checkpoint_page import report, seeded, tiles_of
from tests.support.hostile import harm_in
from tests.support.marks import both_languages
from tests.support.screen import bare, first_chart, headline, opened, query, refusals, said, stands
from tests.support.words import plain

EN = Text("en")


def test_the_first_sight_is_a_map_with_the_forgotten_projections_marked() -> None:
    """GPT-2's 0.02/√(2·4) = 0.00707 at 8 projections (Radford et al. 2019), which were drawn with 0.02."""
    app = opened("checkpoint")
    stands(app)
    assert headline(app) == "▲ 8 of 8 residual projections start √8 times too large: std 0.02, not 0.00707."
    tiles = tiles_of(app)
    assert len(tiles) == 52
    marked = [title for title, kind, mark in tiles if mark == "▲" and "lab-mark2" in kind]
    assert len(marked) == 8
    assert all("c_proj.weight: " in title and "residual scale" in title for title in marked)
    constant = [title for title, kind, _ in tiles if kind == "lab-constant"]
    assert len(constant) == 34  # biases, and norms' weights
    assert query(app) == {}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", EXAMPLES)
def test_every_view_of_every_example_stands(name: str, language: str) -> None:
    for board in BOARDS if name == "broken" else ("map", "problems"):
        app = opened("checkpoint", example=name, board=board, lang=language)
        stands(app)
        assert refusals(app) == []
        for element in app.get("html"):
            assert harm_in(element.proto.body) == []


def test_a_tile_opens_its_tensor() -> None:
    app = opened("checkpoint", tensor="h.0.attn.c_proj.weight")
    text = plain(app)
    assert "64 × 64 · float32" in text
    assert "Fits 𝒩(0, 0.02²)" in text
    (chart,) = app.get("plotly_chart")
    titles = json.loads(chart.proto.spec)["layout"]["xaxis"]["title"]["text"]
    assert "Weight" in titles
    assert said(app).count('aria-current="true"') == 1
    assert query(app)["tensor"] == "h.0.attn.c_proj.weight"


def _charted(plot: str, **tensors: Tensor) -> AppTest:
    app = opened("checkpoint", report=report(tensors), tensor=next(iter(tensors)), plot=plot)
    stands(app)
    return app


def _axis(app: AppTest) -> str:
    (chart,) = app.get("plotly_chart")
    return str(json.loads(chart.proto.spec)["layout"]["xaxis"]["title"]["text"])


def test_a_tensor_has_three_charts_each_a_link() -> None:
    weight = seeded(40, 90)
    app = _charted("weights", w=weight)
    ways = re.findall(r'class="lab-plots">(.*?)</p>', said(app))[0]
    assert re.findall(r"plot=(\w+)", ways) == ["row_norms", "spectrum"]
    assert bare(ways) == "WeightsRow normsSingular values"
    norms = torch.linalg.vector_norm(weight, dim=1)
    text = plain(app := _charted("row_norms", w=weight))
    assert _axis(app) == "Norm of a row"
    ends = re.findall(
        r"The 40 rows, each the weights of one output, have norms from (.*?) to (.*?)\. Ind", text
    )
    assert [*map(float, ends[0])] == pytest.approx([float(norms.min()), float(norms.max())], rel=1e-3)
    # 𝒩(0, 1): √90·(1 − 1/360) and 1/√2
    assert "Independent entries by the law that fits give 9.460 ± 0.707." in text


def test_what_rows_share_passes_marchenko_pastur_s_edge() -> None:
    noise = seeded(40, 90)
    text = plain(app := _charted("spectrum", w=noise))
    assert _axis(app) == "Singular value"
    largest, std = float(torch.linalg.svdvals(noise)[0]), float(noise.std(correction=0))
    low, high = std * (90**0.5 - 40**0.5), std * (90**0.5 + 40**0.5)
    assert f"The largest of 40 singular values is {largest:.2f}. " in text
    assert f"edges are {low:.3f} and {high:.2f}. That proves nothing about training." in text
    text = plain(_charted("spectrum", w=noise + 0.5))
    assert "1 of 40 singular values passes" in text
    assert "a sign of training, of a mean that is not 0, or of a few rows or numbers far larger" in text
    text = plain(_charted("spectrum", w=noise + 3 * seeded(40, 2, seed=2) @ seeded(2, 90, seed=3)))
    assert "2 of 40 singular values pass " in text
    # std² = (38·10² + 25² + 18.6²)/3600: the edge is 1.151·(√90 + √40) = 18.20, and 1 noise of 100 passes
    # 1.151·√((√89 + √40)² + 2.02·(√89 + √40)·(1/√89 + 1/√40)^⅓) = 18.87
    left, _, right = torch.linalg.svd(noise, full_matrices=False)
    values = torch.tensor([25, 18.6, *[10] * 38])
    text = plain(_charted("spectrum", w=left * values @ right))
    assert "1 of 40 singular values passes 18.87" in text
    orthogonal = 1.5 * nn.init.orthogonal_(torch.empty(40, 90), generator=torch.Generator().manual_seed(1))
    assert "All 40 singular values are 1.500" in plain(_charted("spectrum", w=orthogonal))
    assert "All 40 rows, each the weights of one output, have the norm 1.500." in plain(
        _charted("row_norms", w=orthogonal)
    )


@pytest.mark.parametrize("plot", ["row_norms", "spectrum"])
def test_a_row_of_a_kernel_is_all_that_an_output_reads(plot: str) -> None:
    """So the same 40 × 90 numbers have the same chart and law as a convolution of 40 × 10 × 3 × 3."""
    matrix, kernel = seeded(40, 90), seeded(40, 90).view(40, 10, 3, 3)
    first, other = (first_chart(_charted(plot, w=weight)) for weight in (matrix, kernel))
    assert len(first["data"]) == 2  # what is counted, and independent entries' density
    assert (other["data"], other["layout"]["annotations"]) == (first["data"], first["layout"]["annotations"])


def test_a_chart_that_a_tensor_has_not_is_said() -> None:
    text = plain(app := _charted("spectrum", w=seeded(300, 200)))
    said_of = "Singular values are kept of matrices of 512 kB at most, whose rows have 8 numbers or more, "
    assert f"{said_of}with no more than 128 rows or columns." in text
    assert _axis(app) == "Weight <i>w</i>"
    text = plain(_charted("row_norms", w=seeded(500))).replace("\u202f", " ")
    assert "Norms are kept of matrices whose rows have from 8 to 262 144 numbers, all finite." in text
    for odd in (torch.zeros(20, 30), torch.full((20, 30), math.nan), torch.full((20, 30), 0.5)):
        text = plain(_charted("spectrum", w=odd))
        assert "There is nothing to draw: some numbers are not finite, or all are alike." in text


def test_a_link_carries_no_weights_and_a_report_that_is_gone_is_said() -> None:
    key = report({"a.weight": seeded(64, 64)})
    app = opened("checkpoint", report=key)
    assert query(app) == {"v": "1", "report": key}
    assert "model · 1 tensor · 4\u202f096 numbers · no sign of training" in plain(app)
    app = opened("checkpoint", report="0" * 16)
    assert refusals(app) == [EN("refused.report_gone", was="0" * 16)]
    assert headline(app).startswith("▲ 8 of 8 residual projections")
    # of a file to compare with it is said too; one's own stays, and no example takes its place
    app = opened("checkpoint", report=key, against="0" * 16, board="against")
    gone = f"The report {'0' * 16}, to compare with, is no longer kept here: drop its file again."
    assert refusals(app) == [f"{gone} Until then nothing is compared."]
    assert query(app) == {"v": "1", "report": key, "board": "against"}
    for wrong in ("evil", "A" * 16, "../../etc/passwd"):
        app = opened("checkpoint", report=wrong)
        stands(app)
        assert refusals(app) == [EN("refused.report_key", was=wrong)]


def _pasted(app: AppTest, text: str) -> AppTest:
    app.session_state["more"] = True
    app.run()
    return app.text_area(key="pasted").set_value(text).run()


def test_a_report_that_is_pasted_shows_the_same_map() -> None:
    """torch starts nn.Linear(30, 40) within ±1/√30; 0.5 was claimed."""
    module = nn.Sequential(nn.Linear(30, 40), nn.ReLU(), nn.Linear(40, 20))
    text = audit(module, expect={"0.weight": ("normal", {"std": 0.5})}).to_json()
    app = _pasted(opened("checkpoint"), text)
    stands(app)
    assert re.fullmatch(r"[0-9a-f]{16}", query(app)["report"])
    assert headline(app).startswith("▲ normal(std=0.5) was claimed for 1 tensor; in 1 the std is 0.1")
    assert len(tiles_of(app)) == 4
    assert app.text_area(key="pasted").value == ""
    kept = reports.kept(query(app)["report"])
    assert kept is not None
    assert kept.to_json() == text
    app.button(key="close_report").click().run()
    assert query(app) == {}


@pytest.mark.parametrize("text", ["<html>", "{}", "[" * 9000, '{"tensors": 3}', "null", "1e999"])
def test_what_is_no_report_is_refused_at_the_field(text: str) -> None:
    app = _pasted(opened("checkpoint"), text)
    stands(app)
    assert query(app) == {}
    (refusal,) = refusals(app)
    assert "to_json()" in refusal


#: Names that would do harm, turn lines round, or have no end.
NAMES = (
    "<img src=x onerror=evil>.weight",
    '"><script>evil()</script>',
    "\u202eevil\u2066.weight",
    "w" * 500,
    "[x](javascript:evil)",
    "a|b`c\n\t\u0007",
    "{0.__class__}",
    "אבג.weight",
)


@pytest.mark.parametrize("board", BOARDS)
def test_a_name_is_only_a_name(board: str) -> None:
    key = report({name: seeded(40, 40, seed=at) * 0.02 for at, name in enumerate(NAMES)})
    for tensor in ("", *NAMES[:4]) if board == "map" else ("",):
        app = opened("checkpoint", report=key, board=board, tensor=tensor)
        stands(app)
        for element in app.get("html"):
            assert harm_in(element.proto.body) == []
            assert "\u202e" not in element.proto.body
            assert "\u0007" not in element.proto.body


def test_ties_are_named() -> None:
    shared = seeded(40, 30)
    key = report({"wte.weight": shared, "head.weight": shared, "copy.weight": shared.clone()})
    text = plain(opened("checkpoint", report=key, board="ties"))
    assert "wte.weight = head.weight" in text
    assert "copy.weight = wte.weight" in text


def test_two_files_are_compared_by_name() -> None:
    first, second = seeded(40, 30), 2 * seeded(40, 30)
    one = report({"a.weight": first, "same.weight": first + 1, "gone": torch.ones(2)})
    two = report({"a.weight": second, "same.weight": first + 1, "new": torch.ones(3)})
    text = plain(opened("checkpoint", report=two, against=one, board="against"))
    for words in ("1 equal", "1 changed", "1 added", "1 gone"):
        assert words in text
    assert "a.weight changed, left its law 2.000" in re.sub(r"\s+", " ", text)
    app = opened("checkpoint", report=two, against=one, board="against")
    linked = {
        dict(parse_qsl(unescape(href).partition("?")[2])).get("tensor")
        for href in re.findall(r'<a href="([^"]*)"[^>]*data-lab-page', said(app))
    }
    assert {"a.weight", "new"} <= linked
    assert "gone" not in linked  # which the shown file does not have
    (way,) = re.findall(r'<a href="([^"]*)"[^>]*>The other way round<', said(app))
    turned = dict(parse_qsl(unescape(way).partition("?")[2]))
    assert turned == {"v": "1", "report": one, "against": two, "board": "against"}
    assert "a.weight changed 0.5000" in re.sub(r"\s+", " ", plain(opened("checkpoint", **turned)))
    (way,) = re.findall(
        r'<a href="([^"]*)"[^>]*>The other way round<',
        said(opened("checkpoint", example="mlp", against=one, board="against")),
    )
    assert dict(parse_qsl(unescape(way).partition("?")[2])) == {
        "v": "1",
        "report": one,
        "against": "mlp",
        "board": "against",
    }


def _steps(trace: Mapping[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Return the edges and heights of a histogram that is drawn from each bin's left edge on."""
    return decoded(trace["x"])[1:-1], decoded(trace["y"])[1:-2]


#: language → what is said of a chart of two files
LAID_OVER = {
    "en": r"the bars are .+?, std ([\d.]+); the line is .+?, std ([\d.]+)\. ",
    "zh": r"柱为 .+?，标准差 ([\d.]+)；线为 .+?，标准差 ([\d.]+)。",
}


@both_languages
def test_a_tensor_is_laid_over_itself_in_the_other_file(language: str) -> None:
    first, other = seeded(40, 30), seeded(50, 20)
    one = report({"a.weight": first, "b.weight": other, "gone": torch.ones(2)})
    two = report({"a.weight": 2 * first, "b.weight": other / 4, "new": torch.ones(3)})
    link = {"report": two, "against": one, "board": "against", "lang": language}
    for chosen, tensor, times in (
        ({}, other, 1 / 4),  # whose std has changed most
        ({"tensor": "a.weight"}, first, 2),
        ({"tensor": "gone"}, other, 1 / 4),  # which is not in both
    ):
        app = opened("checkpoint", **link, **chosen)
        bars, line = first_chart(app)["data"]
        assert (bars["fill"], line["fill"]) == ("tozeroy", "none")
        for trace, numbers in ((bars, times * tensor), (line, tensor)):
            edges, heights = _steps(trace)
            expected, _ = np.histogram(numbers.numpy(), edges, density=True)
            np.testing.assert_allclose(heights, expected, rtol=1e-6)
        std = float(tensor.double().std(correction=0))
        text = plain(app)
        (told,) = re.findall(LAID_OVER[language], text)
        assert [float(found) for found in told] == pytest.approx([times * std, std], rel=1e-3)
        name = "a.weight" if tensor is first else "b.weight"
        (way,) = re.findall(r'<a href="([^"]*)"[^>]*>(?:(?!</a>).)*</a>(?: on the map)? →', said(app))
        assert dict(parse_qsl(unescape(way).partition("?")[2]))["tensor"] == name


def test_the_other_file_s_verdict_is_said_too() -> None:
    text = plain(opened("checkpoint", example="mlp", against="swapped", board="against"))
    assert text.count("where 3 other layers have ±1/√fan_in, here 0.0884") == 1


@both_languages
def test_an_example_s_code_is_said_to_make_the_model_and_a_file_s_to_scan_it(language: str) -> None:
    makes, scans = {
        "en": ("it makes the model", "where init_lab is installed"),
        "zh": ("构建模型", "须先安装 init_lab"),
    }[language]
    example = plain(opened("checkpoint", example="mlp", board="code", lang=language))
    own = plain(opened("checkpoint", report=report({"a": torch.ones(3)}), board="code", lang=language))
    assert makes in example
    assert makes not in own
    assert scans in own
    assert scans not in example


def test_few_numbers_are_said_to_tell_nothing() -> None:
    """Ten numbers from ±0.128 do not refute ±0.316, nor much else."""
    weight, bias = seeded(10, 100) / 10, (seeded(10).clamp(-2, 2) / 16)
    text = plain(_charted("weights", bias=bias, weight=weight))
    assert re.search(r"10 numbers cannot tell: .* is not refuted, nor are laws far from it\.", text)
    tiles = tiles_of(opened("checkpoint", report=report({"bias": bias, "weight": weight})))
    assert [kind for _, kind, _ in tiles] == ["lab-other", "lab-fits"]
    assert "too few numbers to tell" in tiles[0][0]


#: A tensor that has one number throughout, which no law was sought for, and what is said of it.
ALIKE = {
    "counter": (torch.tensor(195_310), "1 number: 195 310.", "1 个数：195 310。"),
    "scalar": (torch.tensor(3.25), "1 number: 3.25.", "1 个数：3.25。"),
    "none": (torch.tensor(math.nan), "These numbers are not judged by a law.", "这些数不按分布判断。"),
    "whole": (torch.full((3, 4), 2), "12 numbers: all 2.", "12 个数：全为 2。"),
    "flags": (torch.tensor([True, True]), "2 numbers: all 1.", "2 个数：全为 1。"),
    "small": (torch.full((5, 5), 2.5e-200).double(), "25 numbers: all 0.", "25 个数：全为 0。"),
    "tiny": (
        torch.full((5, 5), 2.5e-200, dtype=torch.float64),
        "25 numbers: all 2.5×10⁻²⁰⁰.",
        "25 个数：全为 2.5×10⁻²⁰⁰。",
    ),
}


@pytest.mark.parametrize("name", ALIKE)
def test_what_has_one_number_opens_and_names_it(name: str) -> None:
    """Batch norms count their batches and Adam its steps in such tensors: most trained files have some."""
    tensor, *sentences = ALIKE[name]
    key = report({name: tensor, "a.weight": seeded(64, 64)})
    for language, sentence in zip(("en", "zh"), sentences, strict=True):
        app = opened("checkpoint", report=key, tensor=name, lang=language)
        stands(app)
        assert sentence in plain(app).replace("\u202f", " ")


def test_a_network_of_the_lab_opens_here() -> None:
    app = opened("model", net="64-128.kaiming_normal.relu-10.xavier_normal.zeros_bias")
    app.button(key="audit").click().run()
    keys = [path.name for path in sorted(reports._folder().iterdir(), key=lambda path: path.stat().st_mtime)]
    found = reports.kept(keys[-1])
    assert found is not None
    assert found.problems == ()  # it starts as its own code says
    assert [row.name for row in found.rows] == ["linear1.weight", "linear1.bias", "out.weight", "out.bias"]
    assert found.told == frozenset({"linear1.weight", "out.weight", "out.bias"})


def test_predict_asks_what_is_wrong_and_names_it() -> None:
    app = opened("checkpoint", example="fresh", predict="on")
    before = plain(app).partition("▲")[0]  # what is hidden comes after
    assert "digits-2.safetensors · 10 tensors" in before
    assert "trained" not in before
    assert EN("checkpoint.example.fresh") not in said(app)
    assert "example" not in [widget.key for widget in app.selectbox]
    app.button(key="reveal").click().run()
    assert "partly trained" in plain(app)
    app = opened("checkpoint", example="seeds", predict="on")
    app.button(key="reveal").click().run()
    assert "4 layers have the random numbers of 1, to the bit" in headline(app)


def test_every_kind_of_finding_has_its_words() -> None:
    for language in LANGUAGES:
        entries = catalogue(language)
        for kind in KINDS:
            assert f"found.{kind}" in entries
            assert f"found_name.{kind}" in entries
        shared = {KINDS[kind].refuted for kind in ("not_finite", "fresh_among_trained", "signal_vanishes")}
        for kind, row in KINDS.items():
            assert row.refuted in shared or f"refutes.{kind}" in entries


def test_the_report_and_the_markdown_are_offered() -> None:
    key = report({"a.weight": seeded(64, 64)})
    app = opened("checkpoint", report=key, board="code")
    labels = {button.proto.label for button in app.get("download_button")}
    assert {"Report as JSON", "Report as Markdown"} <= labels
    assert "scan('model')" in app.code[0].value
    assert isinstance(reports.kept(key), Report)
