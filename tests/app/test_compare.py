"""The compare page: every view, and numbers against closed forms."""

import math
from html import unescape
from urllib.parse import parse_qsl

import pytest

from core import SCHEMES
from pages.state.controls import ASPECTS, LAYERS
from pages.text import Text
from tests.support.compare_page import MANY, opened_comparison, rows_of
from tests.support.marks import both_languages, languages
from tests.support.screen import (
    first_chart,
    headline,
    menu,
    opened,
    own_buttons,
    query,
    refusals,
    said,
    stands,
    typed_in,
)

aspects = pytest.mark.parametrize("aspect", ASPECTS)


@languages
@aspects
@pytest.mark.parametrize("rows", ["", MANY, "eye"])
def test_every_view_stands_in_every_language(rows: str, aspect: str, language: str) -> None:
    app = opened_comparison(
        aspect=aspect, lang=language, fan_in="30", fan_out="20", **({"rows": rows} if rows else {})
    )
    stands(app)
    assert refusals(app) == []
    assert Text(language)("nav.compare") in menu(app)


@aspects
@pytest.mark.parametrize("layer", LAYERS[1:])
def test_every_layer_stands_in_every_view(layer: str, aspect: str) -> None:
    app = opened_comparison(aspect=aspect, layer=layer)
    stands(app)
    assert refusals(app) == []


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_scheme_has_its_words_elsewhere_and_its_figures(scheme: str) -> None:
    layer = {"layer": "Conv2d(8, 16, 3)"} if scheme == "dirac" else {"fan_in": "30", "fan_out": "20"}
    for aspect in ("figures", "rosetta"):
        app = opened_comparison(rows=scheme, aspect=aspect, **layer)
        stands(app)
        assert refusals(app) == []


@pytest.mark.parametrize("n", range(1, 9))
def test_panels_have_more_room_for_bars_than_for_their_words(n: int) -> None:
    layout = first_chart(opened_comparison(rows="-".join(MANY.split("-")[:n])))["layout"]
    heights = [high - low for low, high in (layout[axis]["domain"] for axis in layout if axis[:5] == "yaxis")]
    assert len(heights) == n
    assert sum(heights) > 0.5


def test_first_sight_is_three_schemes_on_one_axis_with_a_sentence() -> None:
    app = opened_comparison()
    own = own_buttons(app)
    assert own == {"redraw"}
    assert len(app.selectbox) + len(typed_in(app)) + len(own) + 1 <= 6  # and the drawer
    assert query(app) == {}
    # √2·√3 apart, as √(2/512) and 1/√(3·512) are
    assert "2.45 times as wide" in said(app)
    assert "σ = 0.0625 against 0.02552" in said(app)
    layout = first_chart(app)["layout"]
    assert [name for name in layout if name.startswith("xaxis")] == ["xaxis"]  # type: ignore[attr-defined]
    assert {f"yaxis{i}" for i in ("", 2, 3)} <= set(layout)  # type: ignore[call-overload]


def test_the_figures_are_the_closed_forms() -> None:
    rows = "classic_uniform-kaiming_normal-uniform-constant(val=0.5)"
    table = rows_of(
        opened_comparison(rows=rows, aspect="figures", fan_in="300", fan_out="200", activation="relu")
    )
    n, d = 60_000, 300
    classic = table["Classic uniform ±1/√d (nn.Linear)"]
    b = 1 / math.sqrt(d)
    assert classic[0].split("|")[1] == f"{b / math.sqrt(3):.5f}"
    assert classic[1] == f"wall ±{b:.5f}"
    assert classic[2].split("|")[1] == "−1.200"  # a uniform law's
    assert classic[3] == "0|0"
    assert float(classic[4].split("|")[1]) == pytest.approx(b * (n - 1) / (n + 1), abs=6e-6)
    assert [float(cell) for cell in classic[5:]] == pytest.approx(
        [1 / math.sqrt(3), 1 / math.sqrt(6)], rel=1e-3
    )
    he = table["Kaiming normal (He)"]
    assert he[0].split("|")[1] == f"{math.sqrt(2 / d):.5f}"
    assert he[3].split("|")[1] == "0.270\u00a0%"  # 0.269980 %
    assert [float(cell) for cell in he[5:]] == pytest.approx([math.sqrt(2), 1.0], rel=1e-3)
    # weights of mean ½ count by their mean square, 1/3
    assert float(table["Uniform"][5]) == pytest.approx(math.sqrt(d / 3), rel=1e-3)
    constant = table["Constant, val = 0.5"]
    assert constant[0] == "0|0"
    assert constant[2] == "undefined|undefined"
    assert constant[4] == "0.5|0.5"
    assert float(constant[5]) == pytest.approx(0.5 * math.sqrt(d), rel=1e-3)


@pytest.mark.parametrize(
    ("activation", "head"), [("gelu", "RMS of gelu(z)"), ("abs", "RMS of abs(z)"), ("z*z+z", "RMS of z*z+z")]
)
def test_a_formula_is_no_function_of_z_once_more(activation: str, head: str) -> None:
    app = opened_comparison(aspect="figures", activation=activation)
    assert f">{head}</th>" in said(app)


@both_languages
def test_a_mean_that_cannot_be_computed_is_said_in_its_place(language: str) -> None:
    """512·10⁶⁰ is the mean square of z: no double tells one turn of a sine from the next there."""
    rows = "normal(std=1e30)-normal(std=1)"
    app = opened_comparison(aspect="figures", activation="sin(3000*z)", rows=rows, lang=language)
    assert not app.exception
    wide, narrow = rows_of(app).values()
    assert wide[-2:] == ["2.263×10³¹", {"en": "cannot be computed", "zh": "无法求得"}[language]]
    assert narrow[-2:] == ["22.63", "0.7071"]


def test_weights_that_overflow_are_told_of_beside_the_figures() -> None:
    """Of 2048² float16 weights of this seed torch itself makes one infinite."""
    rows = "normal(std=13100)"
    app = opened_comparison(aspect="figures", rows=rows, dtype="float16", fan_in="2048", fan_out="2048")
    assert "1 weight is infinite, past 65504, the largest number of float16;" in said(app)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("kaiming_normal", "Kaiming normal (He): σ = 0.0625."),
        ("zeros-kaiming_uniform", "Of these, only Kaiming uniform (He) varies: σ = 0.0625."),
        ("kaiming_normal-kaiming_uniform", "All have the same std, σ = 0.0625"),
        ("kaiming_normal-ones-kaiming_uniform", "Those that vary have the same std, σ = 0.0625"),
        ("zeros-ones", "None of these schemes varies"),
    ],
)
def test_the_sentence_is_true_of_what_does_not_spread_too(rows: str, words: str) -> None:
    assert words in unescape(said(opened_comparison(rows=rows)))


def test_ordering_by_std() -> None:
    rows = "normal-zeros-classic_uniform-kaiming_normal"
    given_, sorted_ = (
        list(rows_of(opened_comparison(rows=rows, aspect="figures", order=o))) for o in ("given", "std")
    )
    assert given_ == ["Normal", "Zeros", "Classic uniform ±1/√d (nn.Linear)", "Kaiming normal (He)"]
    assert sorted_ == ["Zeros", "Classic uniform ±1/√d (nn.Linear)", "Kaiming normal (He)", "Normal"]


def test_one_scheme_followed_over_sizes() -> None:
    app = opened_comparison(
        rows="kaiming_normal.32x64-kaiming_normal.128x64-kaiming_normal.512x64", aspect="figures"
    )
    table = rows_of(app)
    assert [head.split(", ")[1] for head in table] == ["32 → 64", "128 → 64", "512 → 64"]
    stds = [cells[0].split("|")[1] for cells in table.values()]
    assert stds == ["0.2500", "0.1250", "0.06250"]  # √(2/32), √(2/128), √(2/512)
    assert "4 times as wide" in said(app)


def test_the_inspector_counts_a_depthwise_convolution_and_a_fused_projection() -> None:
    app = opened_comparison(aspect="inspector", layer="Conv2d(64, 64, 3, groups=64)")
    table = rows_of(app)
    assert table["fan_in"] == ["9", "9", "1"]
    assert table["fan_out"] == ["576", "9", "64"]
    # √(2/(9 + 576)) against √(2/18)
    assert table["Xavier normal (Glorot)"] == ["0.05847", "0.3333", "0.1754"]
    assert "torch counts fan_in 9, fan_out 576; the true ones are 9 and 9." in said(app)
    table = rows_of(opened_comparison(aspect="inspector", layer="MultiheadAttention(512, 8)"))
    assert table["fan_out"] == ["1\u202f536", "512", "3"]
    # √(2/2048) against √(2/1024)
    assert table["Xavier normal (Glorot)"] == ["0.03125", "0.04419", "0.7071"]


@pytest.mark.parametrize(
    ("layer", "reasons"),
    [
        ("Linear(7, 5)", ["same"]),
        ("Conv2d(8, 16, 3, groups=4)", ["groups"]),
        ("Conv2d(8, 16, 3, stride=2)", ["stride"]),
        ("Conv2d(8, 16, 3, stride=(2, 1), groups=2)", ["groups", "stride"]),
        ("ConvTranspose2d(8, 6, 3)", ["transposed"]),
        ("ConvTranspose2d(8, 6, 4, stride=2)", ["transposed", "transposed_stride"]),
        ("Embedding(30, 5)", ["embedding"]),
        ("MultiheadAttention(16, 2)", ["multiheadattention"]),
    ],
)
def test_the_inspector_says_why(layer: str, reasons: list[str]) -> None:
    words = unescape(said(opened_comparison(aspect="inspector", layer=layer)))
    every = ("same", "groups", "stride", "transposed", "transposed_stride", "embedding", "multiheadattention")
    assert [reason for reason in every if EN(f"inspector.{reason}") in words] == reasons


def test_other_frameworks_are_silent_on_layers_that_they_hold_otherwise() -> None:
    for layer in ("Embedding(30, 5)", "MultiheadAttention(16, 2)", "ConvTranspose2d(8, 6, 3)"):
        words = unescape(said(opened_comparison(aspect="rosetta", layer=layer)))
        assert "keras." not in words
        assert EN("rosetta.other_layers", layer=layer.split("(", maxsplit=1)[0]) in words
    words = unescape(said(opened_comparison(aspect="rosetta", layer="Embedding(30, 5)", rows="zeros.5x3")))
    assert "keras.initializers.Zeros()" in words  # of a linear layer of its own


def test_the_way_to_the_signal_is_a_link_that_its_page_takes() -> None:
    """A layer here may be 65 536 wide, and a deep network there 2048."""
    for fan_in, width in (("2048", "2048"), ("2049", "2048"), ("300", "300")):
        app = opened_comparison(rows="zeros-ones", fan_in=fan_in, fan_out="2")
        (way,) = [link.proto for link in app.get("page_link") if link.proto.page == "signal"]
        assert dict(parse_qsl(way.query_string))["width"] == width
    link = {"rows": "zeros", "depth": "1", "seeds": "1", "samples": "1", "sight": "gains"}
    assert refusals(opened("signal", width="2048", **link)) == []
    assert len(refusals(opened("signal", width="2049", **link))) == 1


def test_the_rosetta_table_says_where_they_differ() -> None:
    words = unescape(said(opened_comparison(aspect="rosetta", rows="kaiming_normal-classic_uniform")))
    assert "keras.initializers.HeNormal()" in words
    assert "jax.nn.initializers.he_normal()" in words
    assert EN("rosetta.same_std") in words
    assert EN("rosetta.finding", n=6, same=4) in words  # all but Keras' and JAX' He normal
    # their cut at two of its own σ: 2·√(2/512)/0.87962566
    assert "±0.1421" in words
    # what layers start as: Glorot's in Keras has √(2/768), 2 times nn.Linear's √(1/1536)
    assert EN("rosetta.std", ratio="2") in words


EN = Text("en")


def test_fractions_of_connections_have_their_std() -> None:
    """A depthwise convolution of stride 2: √(2/(9 + 9/4)) = 0.4216 by its true connections."""
    app = opened_comparison(aspect="inspector", layer="Conv2d(64, 64, 3, stride=2, groups=64)")
    table = rows_of(app)
    assert table["fan_out"] == ["576", "9/4", "256"]
    assert table["Xavier normal (Glorot)"] == ["0.05847", "0.4216", "0.1387"]
    assert "the true ones are 9 and 9/4." in said(app)


def test_gates_are_shown_stacked_and_alone() -> None:
    """At 128: orthogonal_ gives 1/√512 to the stack and 1/√128 to a gate; torch's own is ±1/√128."""
    app = opened_comparison(
        aspect="inspector", layer="LSTM(128, 128).weight_hh_l0", rows="orthogonal-xavier_normal"
    )
    table = rows_of(app)
    assert table["Orthogonal"] == ["0.04419", "0.08839", "0.5"]
    # √(2/(128 + 512)) against √(2/256)
    assert table["Xavier normal (Glorot)"] == ["0.05590", "0.08839", "0.6325"]
    words = unescape(said(app))
    assert "std 0.0442; filled one by one, each matrix is itself orthogonal, std 0.0884." in words
    assert "as U(±1/√hidden_size) = U(±0.08839) and its bias as U(±1/√hidden_size) = U(±0.08839)." in words
    assert "<code>LSTM(128, 128).weight_ih_l0</code>" in words


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        ("Linear(64, 9)", "as U(±1/√fan_in) = U(±0.125) and its bias as U(±1/√fan_in) = U(±0.125)."),
        ("Linear(64, 9, bias=False)", "the layer has no bias."),
        (
            "Bilinear(4, 9, 5)",
            "as U(±1/√in1_features) = U(±0.5) and its bias as U(±1/√in1_features) = U(±0.5).",
        ),
        ("Bilinear(4, 9, 5)", "acts through 45 weights, as fan_out says, one of the second through 20."),
        ("MultiheadAttention(64, 8).out_proj", "as U(±1/√fan_in) = U(±0.125) and its bias as 0."),
        ("MultiheadAttention(64, 8, kdim=32).k_proj_weight", "q_proj_weight, k_proj_weight, v_proj_weight"),
        ("Embedding(30, 5, padding_idx=2)", "Row 2 is padding"),
        ("EmbeddingBag(30, 5)", "A bag sums or averages"),
        ("Linear(64, 9, dtype=torch.float16)", "Ignored here: dtype"),
    ],
)
def test_the_inspector_says_what_torch_starts_a_layer_as(layer: str, words: str) -> None:
    app = opened_comparison(aspect="inspector", layer=layer)
    stands(app)
    assert words in unescape(said(app))
    stands(opened_comparison(aspect="inspector", layer=layer, lang="zh"))


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("en", "each output sums 36 products, and each of the first inputs acts through 45 weights."),
        ("zh", "每个输出对 36 个乘积求和，第一类输入中的每一个经 45 个权重起作用。"),
    ],
)
def test_an_output_of_a_bilinear_layer_reads_no_more_inputs_than_there_are(lang: str, words: str) -> None:
    """Bilinear(4, 9, 5) has 13 inputs and 5 outputs, so that none reads 36 or feeds 45."""
    assert words in headline(opened_comparison(aspect="inspector", layer="Bilinear(4, 9, 5)", lang=lang))


def test_keras_counts_other_fans_for_a_depthwise_convolution() -> None:
    """Kernel (3, 3, 64, 2): compute_fans takes 9·64 and 9·2, and HeNormal's std is √(2/576)."""
    for layer, there in (("Conv2d(64, 128, 3, groups=64)", True), ("Conv2d(64, 128, 3, groups=32)", False)):
        words = unescape(said(opened_comparison(aspect="rosetta", layer=layer, rows="kaiming_normal")))
        assert ("576 and 18 instead of 9 and 1\u202f152" in words) is there
        assert ("σ = 0.05893" in words) is there
