"""What holds of every page: its languages, what it keeps of a visit, and how it says what failed."""

import re
from urllib.parse import parse_qsl

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Node

from core.refusals import TEMPLATES
from deploy import rehearse
from pages.jobs import distribution
from pages.state.controls import ASPECTS, PAGES, PARTS, SIGHTS
from pages.text import Text, catalogue
from tests.support.marks import languages
from tests.support.page_chart import stands_with_chart
from tests.support.screen import menu, opened, query, refusals, said, turned
from tests.support.words import alts, text_of

pages = pytest.mark.parametrize("page", PAGES)


@pages
@languages
def test_a_page_opens_in_every_language(page: str, language: str) -> None:
    app = opened(page, lang=language)
    stands_with_chart(app)
    assert Text(language)(f"nav.{page}") in menu(app)
    assert refusals(app) == []


def test_a_headline_stays_in_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a browser may show it beside the one before it until the run has ended."""
    with monkeypatch.context() as slow:
        slow.setattr(distribution, "QUICK_STREAMED", 0)
        app = opened(fan_in="77", nonsense="1")  # a draw that is waited for, and a link that is answered
        first = _places(app, "lab-headline")
    assert len(first) == 1
    assert _places(app.run(), "lab-headline") == first  # found in the cache
    assert _places(app.text_input(key="fan_out").set_value("33").run(), "lab-headline") == first


def _places(app: AppTest, kind: str) -> list[int]:
    """Return where on the page elements of this class stand, by their order."""
    return [place for place, element in app.main.children.items() if kind in _body(element)]


def _body(element: Node) -> str:
    return getattr(getattr(element, "proto", None), "body", "")


def test_languages_switch_and_the_choice_is_kept() -> None:
    app = opened(seed="9")
    app.button(key="language-zh").click().run()
    assert "正态分布没有硬边界" in said(app)
    assert query(app) == {"v": "1", "seed": "9", "lang": "zh"}
    assert app.text_input(key="seed").value == "9"
    app.button(key="language-en").click().run()
    assert query(app) == {"v": "1", "seed": "9"}


@pytest.mark.parametrize(
    ("layer", "page", "english", "chinese"),
    [
        # depthwise and pointwise: each channel for itself
        (
            "Conv2d(6, 6, 1, groups=6)",
            "distribution",
            "each output reads 1 input, and each input feeds 1 output.",
            "每个输出读取 1 个输入，每个输入送往 1 个输出。",
        ),
        # three matrices (1, 1) in one
        (
            "MultiheadAttention(1, 1)",
            "distribution",
            "in each, an output reads 1 input, and an input feeds 1 output.",
            "在每个矩阵中，每个输出读取 1 个输入，每个输入送往 1 个输出。",
        ),
        (
            "Linear(1, 3)",
            "compare",
            "torch counts correctly: each output reads 1 input, and each input feeds 3 outputs.",
            "torch 算得正确：每个输出读取 1 个输入，每个输入送往 3 个输出。",
        ),
        (
            "Linear(5, 1)",
            "compare",
            "torch counts correctly: each output reads 5 inputs, and each input feeds 1 output.",
            "torch 算得正确：每个输出读取 5 个输入，每个输入送往 1 个输出。",
        ),
    ],
)
def test_one_connection_is_said_as_one(layer: str, page: str, english: str, chinese: str) -> None:
    inspector = {"aspect": "inspector"} if page == "compare" else {}
    assert english in text_of(said(opened(page, layer=layer, **inspector)))
    assert chinese in text_of(said(opened(page, layer=layer, lang="zh", **inspector)))


#: A one before a noun of many, as "1 rows"; not at the end of 0.1, ×1 or → 1.
_NOUNS = "layers|seeds|rows|columns|inputs|outputs|units|labels|numbers|steps|schemes"
MANY = re.compile(rf"(?<![\w.,/→×+−=-])(?<!→ )1 (?:{_NOUNS})\b")


@pytest.mark.parametrize(
    ("page", "link"),
    [
        *(("signal", {"sight": sight, "depth": "1", "seeds": "1", "samples": "1"}) for sight in SIGHTS),
        *(("model", {"net": "3-1.relu", "batch": "1", "part": part}) for part in PARTS),
        ("model", {"net": "3-2", "batch": "1", "part": "forward", "sample": "2"}),
        ("model", {"net": "3-2", "batch": "1", "part": "backward", "labels": "0,1"}),
        ("distribution", {"fan_in": "15", "fan_out": "1", "tab": "matrix"}),
        *(("compare", {"rows": "normal", "fan_in": "1", "aspect": aspect}) for aspect in ASPECTS),
    ],
)
def test_a_single_thing_is_not_written_in_the_plural(page: str, link: dict[str, str]) -> None:
    app = opened(page, **{"width": "8", **link} if page == "signal" else link)
    words = " | ".join([text_of(said(app)), *alts(app), *refusals(app)])
    assert len(words) > 100
    assert MANY.findall(words) == [], words


@pytest.mark.parametrize("page", ["distribution", "home"])
@pytest.mark.parametrize(
    ("link_", "words"),
    [
        ({"gain": "2"}, "The link’s Gain g = 2 has no effect: Kaiming normal (He) has no such parameter."),
        ({"a": "0.25", "nonlinearity": "tanh"}, "a = 0.25 has no effect: a affects leaky_relu only."),
        ({"layer": "Linear(7, 5)", "fan_in": "9"}, "The link’s fan_in = 9 has no effect: Linear(7, 5) has"),
        ({"layer": "Linear(7, 5)", "fan_out": "9"}, "fan_out = 9 has no effect: Linear(7, 5) has"),
        # nor has what would be refused: no default is used in its place
        (
            {"layer": "Linear(7, 5)", "fan_in": "65537"},
            "The link’s fan_in = 65537 has no effect: Linear(7, 5)",
        ),
        ({"gain": "-2"}, "The link’s Gain g = -2 has no effect: Kaiming normal (He) has no such parameter."),
        ({"scheme": "xavier_normal", "mode": "fan_out"}, "The link’s Mode = fan_out has no effect: Xavier"),
        (
            {"scheme": "deepnorm", "stack": "decoder", "n_decoder": "8"},
            "M = 8 has no effect with stack = decoder, but with stack = encoder alone.",
        ),
        (
            {"scheme": "t5", "role": "o", "d_kv": "32"},
            "d_kv = 32 has no effect with role = o, but with role = q alone.",
        ),
    ],
)
def test_a_choice_of_a_link_that_nothing_reads_is_named(link_: dict[str, str], words: str, page: str) -> None:
    app = opened(page, **link_)
    stands_with_chart(app)
    assert any(words in sentence for sentence in refusals(app)), refusals(app)
    stands_with_chart(opened(page, **link_, lang="zh"))


def test_a_refusal_without_a_control_on_the_screen_is_said_at_the_top() -> None:
    sentences = "\n".join(
        refusals(opened(dtype="int8", bins="9999", overlay="zzz", tab="foo", mode="bar", mean="x"))
    )
    for words in ("int8", "9999", "zzz", "foo", "bar", "Mean μ = x has no effect"):
        assert words in sentences
    assert "Negative slope a must be a number" in refusals(opened(nonlinearity="leaky_relu", a="x"))[0]
    app = opened("home", fan_in="0", colour="red")
    assert len(refusals(app)) == 2
    stands_with_chart(app)


def test_what_was_chosen_goes_home_and_back() -> None:
    app = opened("home", scheme="uniform", b="2", fan_in="30", dtype="float64", tab="code")
    assert "Linear 30 → 256" in said(app)
    held = {"v": "1", "scheme": "uniform", "b": "2", "fan_in": "30", "dtype": "float64", "tab": "code"}
    turned(app, "distribution")
    assert query(app) == held
    assert "torch.float64" in app.code[0].value
    turned(app, "home")
    assert query(app) == held
    assert refusals(app) == []


def test_nothing_typed_is_sent_as_html() -> None:
    app = opened(fan_in="<b>x</b>", scheme="<i>y</i>", **{"<u>z</u>": "1"})
    bodies = "".join(element.proto.body for element in app.get("html"))
    assert not [tag for tag in ("<b>x", "<i>y", "<u>z") if tag in bodies]
    assert len(refusals(app)) == 3


def test_the_second_visitor_of_a_link_draws_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = []
    summary_of = distribution.summary_of
    monkeypatch.setattr(distribution, "summary_of", lambda *a, **k: drawn.append(a) or summary_of(*a, **k))
    opened(seed="987654")
    assert len(drawn) == 1
    opened(seed="987654")
    opened(seed="987654", lang="zh")
    assert len(drawn) == 1


def test_a_failure_is_said_in_a_sentence_and_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(distribution, "summary_of", lambda *_, **__: 1 / 0)
    app = opened(seed="123321")
    assert not app.exception
    assert refusals(app) == [Text("en")("error.unexpected")]
    assert "ZeroDivisionError" in caplog.text


@languages
def test_no_image_is_built_of_a_page_that_fails(language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page says what failed in a sentence, and the harness hears of no exception."""
    rehearse.visit("distribution", seed="123322", lang=language)
    monkeypatch.setattr(distribution, "summary_of", lambda *_, **__: 1 / 0)
    with pytest.raises(SystemExit, match=r"distribution .*123323"):
        rehearse.visit("distribution", seed="123323", lang=language)


def test_home_answers_and_leads_on_with_its_choice() -> None:
    app = opened("home")
    app.selectbox(key="scheme").select("classic_uniform").run()
    app.button(key="redraw").click().run()
    assert query(app) == {"v": "1", "scheme": "classic_uniform", "seed": "41"}
    assert "Every weight lies within ±0.04419." in said(app)
    links = [link.proto for link in app.get("page_link")]
    doors, cards = links[:4], links[4:]
    assert [door.page for door in doors] == ["signal", "signal", "checkpoint", "lesson"]
    assert dict(parse_qsl(doors[1].query_string))["sight"] == "gains"  # where an activation is asked
    for door in doors:
        path = door.page + (f"?{door.query_string}" if door.query_string else "")
        assert not opened(door.page, **dict(parse_qsl(door.query_string))).exception, path
    assert [card.page for card in cards] == [page for page in PAGES if page != "home"]
    # the page that is reached finds the choice by itself: in each link it would travel with every run
    assert {card.query_string for card in cards} == {""}
    network = "3-3.sigmoid-2.relu-2.softmax"  # as torch's own start
    assert query(turned(app, "model")) == {"v": "1", "net": network, "seed": "41"}
    assert query(turned(app, "distribution")) == {"v": "1", "scheme": "classic_uniform", "seed": "41"}


def test_what_a_folded_sidebar_says_is_said_in_the_page_too() -> None:
    app = opened(fan_in="0")
    assert len(refusals(app)) == 1
    assert 'class="lab-refusal lab-again">▲ fan_in must be' in said(app)


def test_the_worker_s_failures_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distribution, "QUICK_STREAMED", 0)  # so that it is drawn behind the page
    with monkeypatch.context() as patched:
        patched.setattr(distribution, "summary_of", lambda *_, **__: 1 / 0)
        assert refusals(opened(seed="31337")) == [Text("en")("error.unexpected")]
    stands_with_chart(opened(seed="31337"))


def test_every_objection_of_core_that_a_page_can_meet_has_its_sentence() -> None:
    codes = {key.partition(":")[0] for key in TEMPLATES}
    # what the table of controls refuses before core is asked
    before = {"unknown", "choice", "number", "order", "seed", "bins"}
    before = {f"parameter.{name}" for name in before} | {"shape.sizes", "shape.fans", "dtype.unknown"}
    before |= {"device.unknown", "device.missing", "scheme.unknown", "scheme.duplicate"}
    # what no page asks, or asks after it has looked itself
    before |= {
        f"network.{name}" for name in ("input", "input_dtype", "labels", "lazy", "parameters", "summary")
    }
    before |= {
        f"network.{name}" for name in ("example", "outputs")
    }  # nothing runs through a module of one's own
    before |= {"network.type", "network.tensor", "network.batch", "network.dtypes", "network.module"}
    # things of another kind than a page has, and summaries that it never makes
    before |= {"comparison.type", "table.type", "table.numbers", "shape.empty", "shape.lazy", "device.meta"}
    before |= {f"dtype.{name}" for name in ("drawn_in", "held", "slope")}
    kinds = ("atoms", "band", "edges", "law", "layout", "merge", "n", "real", "summary", "weights")
    before |= {f"parameter.{name}" for name in kinds}
    # a page hands over text, looks at the size of a run itself, and shows no theory where there is none
    before |= {"formula.type", "size.signal", "parameter.mean", "parameter.kind", "parameter.continuous"}
    # what is free changes: a sentence of its own says it where it is drawn
    before.add("size.memory")
    sentences = {f"refused.{code.replace('.', '_')}" for code in codes - before}
    layers = {key.replace("shape_layer", "layer") for key in sentences if "shape_layer" in key}
    others = {key for key in sentences if "shape_layer" not in key}
    assert layers
    assert layers | others <= set(catalogue("en"))
