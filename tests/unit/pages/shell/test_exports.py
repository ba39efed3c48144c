"""Files to take home: tensors read back by numpy, safetensors and pandas, charts and reports as documents."""

import io
import json
import re
from datetime import datetime, timedelta, timezone
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load

from core import SCHEMES, DtypeError, SizeError
from pages.shell.files import (
    CSV_LIMIT,
    KINDS,
    TENSOR_LIMIT,
    chart_csv,
    chart_html,
    file_name,
    limit_of,
    refused,
    tensor_file,
    worded,
)
from pages.shell.frame import Formula
from pages.shell.report import PACKAGES, Picture, Report, mathml, report, versions
from pages.text import HTML_LANG, Text
from pages.words.formulas import formula
from tests.support.cases import Case
from tests.support.charts import every_chart
from tests.support.marks import cases, dtypes, languages
from tests.support.stream import ROOT

T = Text("en")
DTYPES = [torch.float32, torch.float64, torch.float16, torch.bfloat16]
shapes = pytest.mark.parametrize("shape", [(3, 5), (7,), (4, 3, 2), (2, 3, 2, 2), (1, 1), ()])


def _tensor(shape: tuple[int, ...], dtype: torch.dtype) -> torch.Tensor:
    generator = torch.Generator().manual_seed(4)
    return (torch.randn(shape, generator=generator, dtype=torch.float64) * 0.05).to(dtype)


# --- tensors ------------------------------------------------------------------------------------------------


@dtypes
@shapes
def test_safetensors_holds_every_dtype_bit_for_bit(shape: tuple[int, ...], dtype: torch.dtype) -> None:
    tensor = _tensor(shape, dtype)
    ((name, back),) = load(tensor_file(tensor, "0.weight", "safetensors")).items()
    assert (name, back.dtype, back.shape) == ("0.weight", dtype, tensor.shape)
    assert torch.equal(back, tensor)


@pytest.mark.parametrize("dtype", DTYPES[:-1], ids=str)
@shapes
def test_numpy_reads_the_same_bits(shape: tuple[int, ...], dtype: torch.dtype) -> None:
    tensor = _tensor(shape, dtype)
    back = np.load(io.BytesIO(tensor_file(tensor, "weight", "npy")), allow_pickle=False)
    assert back.dtype == tensor.numpy().dtype
    assert back.shape == shape
    assert back.tobytes() == tensor.numpy().tobytes()


@dtypes
@shapes
def test_pandas_reads_the_same_numbers_row_by_row(shape: tuple[int, ...], dtype: torch.dtype) -> None:
    tensor = _tensor(shape, dtype)
    table = pd.read_csv(io.BytesIO(tensor_file(tensor, "weight", "csv")))
    rows = shape[0] if shape else 1
    assert table.shape == (rows, tensor.numel() // rows)
    back = torch.tensor(table.to_numpy()).to(dtype)
    assert torch.equal(back, tensor.reshape(rows, -1))


@dtypes
def test_no_shorter_text_reads_back_as_the_same_number(dtype: torch.dtype) -> None:
    values = torch.cat([_tensor((50,), dtype), torch.tensor([0.1, 1 / 3, -0.5, 3.0, 1e-4], dtype=dtype)])
    lines = tensor_file(values, "bias", "csv").decode().splitlines()[1:]
    for text, value in zip(lines, values, strict=True):
        digits = len(re.sub(r"e.*|\D", "", text).strip("0")) or 1
        assert torch.tensor(float(text), dtype=torch.float64).to(dtype) == value
        if digits > 1:
            fewer = float(f"{float(text):.{digits - 2}e}")
            assert torch.tensor(fewer, dtype=torch.float64).to(dtype) != value, text


def test_what_is_no_number_stays_so() -> None:
    for dtype in DTYPES:
        odd = torch.tensor([[float("nan"), float("inf"), -float("inf"), -0.0]], dtype=dtype)
        back = pd.read_csv(io.BytesIO(tensor_file(odd, "w", "csv"))).to_numpy()
        np.testing.assert_array_equal(back, odd.double().numpy())
        assert np.signbit(back[0, 3])


@pytest.mark.parametrize("kind", KINDS)
def test_a_view_and_a_parameter_are_written_as_they_are_read(kind: str) -> None:
    turned = torch.nn.Parameter(torch.arange(6.0).reshape(2, 3)).t()
    data = tensor_file(turned, "w", kind)  # type: ignore[arg-type]
    expected = [[0, 3], [1, 4], [2, 5]]
    if kind == "csv":
        assert data == b"0,1\n0.0,3.0\n1.0,4.0\n2.0,5.0\n"
    elif kind == "npy":
        assert np.load(io.BytesIO(data)).tolist() == expected
    else:
        assert load(data)["w"].tolist() == expected


def test_too_large_a_tensor_is_refused_before_it_is_looked_at() -> None:
    assert CSV_LIMIT < TENSOR_LIMIT
    for kind in KINDS:
        limit = limit_of(kind)
        assert refused((limit,), torch.float32, kind) is None
        huge = torch.empty((1,)).expand(limit + 1)  # one weight of memory
        with pytest.raises(SizeError) as refusal:
            tensor_file(huge, "w", kind)
        assert refusal.value.facts == {"n": limit + 1, "limit": limit, "kind": kind}
    assert refused((2**40, 2**40), torch.float32, "npy") is not None


@languages
def test_numpy_s_missing_dtype_is_refused_and_never_cast(language: str) -> None:
    with pytest.raises(DtypeError) as refusal:
        tensor_file(torch.zeros(2, dtype=torch.bfloat16), "w", "npy")
    t = Text(language)
    assert "bfloat16" in worded(refusal.value, t)
    large = refused((CSV_LIMIT, 2), torch.float32, "csv")
    assert large is not None
    words = worded(large, t)
    assert "524\u202f288" in words
    assert "262\u202f144" in words


@pytest.mark.parametrize(
    ("name", "shape", "expected"),
    [
        ("weight", (256, 512), "weight_256x512.csv"),
        ("0.weight", (64, 3, 3, 3), "0.weight_64x3x3x3.csv"),
        ("bias", (7,), "bias_7.csv"),
        ("../../etc/passwd", (2,), "etc_passwd_2.csv"),
        ("权重", (2, 2), "tensor_2x2.csv"),
        ("g", (), "g_scalar.csv"),
    ],
)
def test_file_names_are_plain(name: str, shape: tuple[int, ...], expected: str) -> None:
    assert file_name(name, shape, "csv") == expected


# --- documents ----------------------------------------------------------------------------------------------


class _Document(HTMLParser):
    """What a document asks for, says and hides."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.inside: list[str] = []
        self.scripts: list[str] = []
        self.words = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attributes)))
        self.inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self.inside and self.inside.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if self.inside[-1:] == ["script"]:
            self.scripts.append(data)
        elif self.inside[-1:] != ["style"]:
            self.words += data

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def _loads(document: _Document) -> list[str]:
    """Return the addresses of all that a browser would load by itself; links are followed by people."""
    asks = {"src", "srcset", "href", "data", "action", "poster", "xlink:href", "background"}
    return [
        str(value)
        for tag, attributes in document.tags
        for name, value in attributes.items()
        if name in asks and tag != "a"
    ]


def _drawing(document: _Document) -> str:
    """Return the script that draws, without Plotly's own."""
    *_, drawing = document.scripts
    return drawing


@languages
def test_a_chart_alone_is_a_document_that_needs_nothing(language: str) -> None:
    t = Text(language)
    chart = every_chart(t)["distribution.weights"]
    document = _Document(chart_html(chart, "<b>Kaiming</b>", "Alt <i>text</i>", t))
    assert document.named("html") == [{"lang": HTML_LANG[language]}]
    assert _loads(document) == []
    style = re.search(r"<style>(.*?)</style>", chart_html(chart, "", "", t), re.DOTALL)
    assert style
    assert "url(" not in style[1]
    assert "@import" not in style[1]
    policy = next(m["content"] for m in document.named("meta") if m.get("http-equiv"))
    assert str(policy).startswith("default-src 'none'")
    assert "http" not in str(policy)
    assert len(document.named("main")) == 1
    assert document.named("b") == document.named("i") == []
    assert "<b>Kaiming</b>" in document.words
    (place,) = document.named("div")
    (caption,) = document.named("figcaption")
    assert (place["role"], place["aria-labelledby"]) == ("img", caption["id"])
    assert "Alt <i>text</i>" in document.words
    assert "displaylogo:false" in _drawing(document)
    assert len(document.scripts) == 2  # Plotly's own, whole, and what draws
    assert len(document.scripts[0]) > 4_000_000


def test_the_document_s_chart_is_the_chart() -> None:
    for chart in every_chart().values():
        script = _drawing(_Document(chart_html(chart, "title", "alt", T)))
        assert "<" not in script
        data = re.fullmatch(r"const charts=\[(.*)\]\.map\(\(chart,at\)=>.*", script, re.DOTALL)
        assert data
        assert json.loads(data[1]) == json.loads(chart.to_json())


def test_a_chart_s_own_height_is_kept() -> None:
    charts = every_chart()
    high = charts["model_parameters.maps"].layout.height
    assert f"height:{high}px" in chart_html(charts["model_parameters.maps"], "", "", T, height=300)
    assert "height:300px" in chart_html(charts["model_parameters.strips"], "", "", T, height=300)


def test_a_chart_s_numbers_open_in_a_spreadsheet() -> None:
    data = chart_csv(every_chart(Text("zh"))["compare.multiples"])
    assert data.startswith(b"\xef\xbb\xbf")
    assert list(pd.read_csv(io.BytesIO(data)))[:3] == ["series", "low", "high"]


NASTY = '"><script>alert(1)</script><img src=x onerror=alert(1)>'


def _report(t: Text, **more: object) -> str:
    charts = every_chart(t)
    parts = {
        "title": "Kaiming " + NASTY,
        "link": "https://lab.example/distribution?scheme=kaiming_normal&seed=40",
        "said": [
            '<p class="lab-context"><b>said</b> <a href="https://arxiv.org/abs/1502.01852">He</a></p>',
            Formula(formula(SCHEMES["kaiming_normal"].law((256, 512)))),
        ],
        "pictures": [
            Picture(charts["distribution.weights"], "first " + NASTY),
            Picture(charts["signal_layers.ridges"], "second"),
        ],
        "code": ["print('<b>') " + NASTY],
        "made": datetime(2026, 1, 2, 3, 4, tzinfo=timezone(timedelta(hours=8))),
    }
    return report(Report(**(parts | more)), t)  # type: ignore[arg-type]


@languages
def test_a_report_holds_all_its_parts_and_loads_nothing(language: str) -> None:
    t = Text(language)
    html = _report(t)
    document = _Document(html)
    assert document.named("html") == [{"lang": HTML_LANG[language]}]
    assert _loads(document) == []
    links = [link["href"] for link in document.named("a")]
    assert links == [
        "https://lab.example/distribution?scheme=kaiming_normal&seed=40",
        "https://arxiv.org/abs/1502.01852",
    ]
    # outside Plotly's own script nothing speaks of any other address
    rest = html.replace(document.scripts[0], "")
    assert set(re.findall(r"https?://[\w./]+", rest)) == {
        "https://lab.example/distribution",
        "https://arxiv.org/abs/1502.01852",
    }
    assert "2026-01-01 19:04 UTC" in document.words  # eight hours before Beijing's
    for key in ("pictures", "code", "tables", "versions"):
        assert t(f"export.{key}") in document.words
    assert len(document.named("figure")) == 2
    assert len(document.named("table")) == 2
    assert len(document.scripts) == 2  # one plotly.js for both charts
    for package in PACKAGES:
        assert package in document.words
    assert document.words.count(torch.__version__) == 1


def test_plain_text_in_a_report_stays_text() -> None:
    document = _Document(_report(T))
    assert document.named("img") == []
    assert len(document.named("script")) == 2
    assert document.words.count(NASTY) == 4  # in the title and the heading, under a chart, in the code
    assert "<" not in _drawing(document)


def test_a_link_that_is_no_page_cannot_be_followed() -> None:
    document = _Document(_report(T, link="javascript:alert(1)", said=[]))
    assert document.named("a") == []
    assert "javascript:alert(1)" in document.words


def test_a_report_says_its_title_once_and_leaves_out_what_it_has_not() -> None:
    bare = _Document(report(Report("Title", "https://lab.example"), T))
    assert len(bare.named("h1")) == 1
    assert bare.scripts == []
    assert len(bare.named("h2")) == 1  # the versions
    headed = _Document(report(Report("Title", "", said=['<h1 class="lab-headline">Said</h1>']), T))
    assert [tag for tag, _ in headed.tags].count("h1") == 1


def test_a_report_keeps_the_page_s_order_and_each_equation_has_its_line() -> None:
    long = "$z_1=" + "+".join(f"w_{{1,{i}}}x_{{{i}}}" for i in range(1, 9)) + r"$ ${=}\;0.5$"
    said = ["<h2>one</h2>", Formula(f"{long}\n\n$b=1$\n\nand <2> more"), "<h2>two</h2>", Formula("$c=2$")]
    html = report(Report("Title", "", said=said), T)
    order = re.findall(r'<h2>(?:one|two)|<p class="law">|and &lt;2&gt; more', html)
    assert order == ["<h2>one", *['<p class="law">'] * 2, "and &lt;2&gt; more", "<h2>two", '<p class="law">']
    lines = [
        "".join("".join(tree.itertext()) for tree in _read(line)) for line in re.findall("<p.*?</p>", html)
    ]
    sum_ = "z1=" + "+".join(f"w1,{i}x{i}" for i in range(1, 9)) + "=0.5"
    assert [re.sub(r"\s", "", line) for line in lines if line] == [sum_, "b=1", "c=2"]
    first = re.findall('<p class="law">(.*?)</p>', html)[0]
    assert len(_read(first)) == 10  # z, eight terms and the value: a line may end between them


def test_a_step_s_brackets_are_never_parted() -> None:
    text = r"$a=\sqrt{6/((1+2.236^2)\cdot 512)}+\left(b+(-0.2934)\cdot(-2.179)\right)+e^{-(1+z)}$"
    html = report(Report("Title", "", said=[Formula(text)]), T)
    parts = ["".join(tree.itertext()) for tree in _read(html)]
    assert [re.sub(r"[\s\u2003-\u200a]", "", part)[:2] for part in parts] == ["a", "=6", "+(", "+e"]


def test_versions_are_those_that_run() -> None:
    found = versions()
    assert (found["torch"], found["numpy"]) == (torch.__version__, np.__version__)
    assert list(found)[:2] == ["Init Lab", "Python"]
    assert f'version = "{found["Init Lab"]}"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")


# --- formulas -----------------------------------------------------------------------------------------------


def _read(html: str) -> list[ET.Element]:
    """Return the formulas of an HTML text as trees."""
    return [ET.fromstring(part) for part in re.findall(r"<math.*?</math>", html, re.DOTALL)]  # noqa: S314 - our own


@cases
def test_every_law_s_formula_is_mathml_that_browsers_know(case: Case) -> None:
    known = {"math", "mrow", "mi", "mn", "mo", "msqrt", "msup", "msub", "mfrac", "mspace", "mstyle"}
    for shape in ((256, 512), (66, 64, 5), (1, 7)):
        if not case.takes(shape):
            continue
        law = SCHEMES[case.key].law(shape, **case.params)
        latex = [formula(law), *(f"${text}$" for band in law.bands for text in (band.formula, *band.ends))]
        for text in latex:
            trees = _read(mathml(text))
            assert len(trees) == text.count("$") / 2
            for tree in trees:
                assert {part.tag for part in tree.iter()} <= known, text
                words = "".join(tree.itertext())
                assert "\\" not in words, text
                assert words, text
                variants = {part.get("mathvariant") for part in tree.iter()}
                assert variants <= {None, "normal"}, text  # all that MathML Core has


def test_a_formula_reads_as_it_is_written() -> None:
    html = mathml(formula(SCHEMES["kaiming_normal"].law((256, 512))))
    words = "".join("".join(tree.itertext()) for tree in _read(html))
    assert words == "W∼N(0,σ2),σ=2/fan_in=2/512=0.0625"
    assert mathml(r"a < b: $x<y$").startswith("a &lt; b: <math")
    relations = [part.text for part in _read(mathml(r"$W\in\pm2\sim a$"))[0].findall(".//mo")]
    assert relations == ["∈", "±", "∼"]
    assert _read(mathml(r"$\pmg$"))[0].findall(".//mi")[0].text == "g"
