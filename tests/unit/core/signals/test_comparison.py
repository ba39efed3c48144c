"""A comparison's text is read, written back or refused in words, and its laws are put in order."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import SCHEMES, ComparisonError, Layer, ParameterError
from core.errors import InitLabError, ShapeError
from core.signals.comparison import (
    LESSON_THREE,
    MAX_CHARS,
    MAX_ENTRIES,
    MAX_FAN,
    Comparison,
    Entry,
    ordered,
)
from tests.support.marks import generator_stays

pytestmark = generator_stays


# Text


numbers = st.one_of(
    st.integers(-1000, 1000).filter(bool),
    st.floats(1e-20, 1e20),
    st.floats(-1e20, -1e-20),
    st.sampled_from([1e-5, -1e-05, 0.1 + 0.2, -2.5e-7, 1e16, 1e22]),
)
sizes = numbers.map(abs)
fans = st.one_of(st.none(), st.tuples(st.integers(1, 65_536), st.integers(1, 65_536)))
#: the parameters of some schemes, in their order, each off its default or left out
PARAMS: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "classic_uniform": {},
    "zeros": {},
    "normal": {"std": sizes.filter(lambda x: x != 1), "mean": numbers},
    "constant": {"val": numbers.filter(lambda x: x != 5)},
    "xavier_normal": {"gain": sizes.filter(lambda x: x != 1)},
    "kaiming_uniform": {
        "nonlinearity": st.sampled_from(["relu", "tanh", "selu", "conv2d", "conv_transpose3d"]),
        "mode": st.just("fan_out"),
        "a": numbers,
    },
    "gpt2_residual": {"n_layer": st.integers(13, 65_536)},
    "sparse": {"sparsity": st.floats(0.2, 1.0)},
}


@st.composite
def entries(draw_from: st.DrawFn) -> Entry:
    scheme = draw_from(st.sampled_from(sorted(PARAMS)))
    kept = [(name, of) for name, of in PARAMS[scheme].items() if draw_from(st.booleans())]
    return Entry(scheme, tuple((name, draw_from(of)) for name, of in kept), draw_from(fans))


@given(st.lists(entries(), min_size=1, max_size=MAX_ENTRIES))
def test_a_comparison_written_is_read_back(parts: list[Entry]) -> None:
    comparison = Comparison(tuple(parts))
    assert Comparison.of(str(comparison)) == comparison
    assert [Entry.of(str(entry)) for entry in parts] == parts


@given(st.lists(entries(), min_size=1, max_size=3), st.sampled_from([" ", "  ", "\t", "\n"]))
def test_spaces_between_words_do_not_matter(parts: list[Entry], space: str) -> None:
    written = f"{space}-{space}".join(str(entry) for entry in parts)
    assert Comparison.of(space + written + space) == Comparison(tuple(parts))


@given(st.text(st.sampled_from("normalzerosgain=().-×x,123e−+ \n"), max_size=60))
def test_any_text_is_read_or_refused_in_words(text: str) -> None:
    refused, comparison = None, None
    try:
        comparison = Comparison.of(text)
    except InitLabError as error:
        refused = error
    if comparison is not None:
        assert Comparison.of(str(comparison)) == comparison
    if refused is not None:
        assert refused.code.split(".")[0] in {"comparison", "parameter"}
        assert refused.code == "comparison.entries" or 1 <= refused.facts["at"] <= text.count("-") + 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("zeros", [Entry("zeros")]),
        (
            "classic_uniform-normal(std=0.02)-zeros.512x256",
            [Entry("classic_uniform"), Entry("normal", (("std", 0.02),)), Entry("zeros", (), (512, 256))],
        ),
        ("zeros.512×256", [Entry("zeros", (), (512, 256))]),
        ("normal(mean=-1)-ones", [Entry("normal", (("mean", -1.0),)), Entry("ones")]),
        ("normal(mean=−1e-3,std=2)", [Entry("normal", (("std", 2.0), ("mean", -1e-3)))]),
        ("uniform(b=-1,a=-2.5).3x5", [Entry("uniform", (("b", -1.0), ("a", -2.5)), (3, 5))]),
        ("normal()", [Entry("normal")]),
        ("normal(std=1)", [Entry("normal")]),  # torch's own default is left out
        (
            "trunc_normal( b = 0.75 , a = -1 ) . 7x1",
            [Entry("trunc_normal", (("a", -1.0), ("b", 0.75)), (7, 1))],
        ),
        ("eye.1x65536", [Entry("eye", (), (1, 65_536))]),
        ("kaiming_normal(mode=fan_out).64x3", [Entry("kaiming_normal", (("mode", "fan_out"),), (64, 3))]),
    ],
)
def test_what_a_text_says(text: str, expected: list[Entry]) -> None:
    assert list(Comparison.of(text).entries) == expected


@pytest.mark.parametrize(
    ("text", "code", "at", "word"),
    [
        ("", "comparison.scheme", 1, ""),
        ("zeros-", "comparison.scheme", 2, ""),
        ("-zeros", "comparison.scheme", 1, ""),
        ("zeros--ones", "comparison.scheme", 2, ""),
        ("zeros-bogus", "comparison.scheme", 2, "bogus"),
        ("Zeros", "comparison.scheme", 1, "Zeros"),
        ("zeros-ones-normal(std=1)x", "comparison.scheme", 3, "normal(std=1)x"),
        ("normal(std", "comparison.scheme", 1, "normal(std"),
        ("zeros_", "comparison.scheme", 1, "zeros_"),
        ("512x256", "comparison.scheme", 1, "512x256"),
        ("zeros.5", "comparison.fans", 1, "5"),
        ("zeros.", "comparison.fans", 1, ""),
        ("zeros.5x", "comparison.fans", 1, "5x"),
        ("zeros.0x3", "comparison.fans", 1, "0x3"),
        ("ones-zeros.3x0", "comparison.fans", 2, "3x0"),
        ("zeros.3x65537", "comparison.fans", 1, "3x65537"),
        ("zeros.65537x3", "comparison.fans", 1, "65537x3"),
        ("zeros.1234567890x3", "comparison.fans", 1, "1234567890x3"),
        ("zeros.5x3.5x3", "comparison.fans", 1, "5x3.5x3"),
        ("zeros.5x3x2", "comparison.fans", 1, "5x3x2"),
        ("zeros.5*3", "comparison.fans", 1, "5*3"),
        ("zeros.٣x٥", "comparison.fans", 1, "٣x٥"),
        ("zeros.ones", "comparison.fans", 1, "ones"),
    ],
)
def test_a_text_that_cannot_be_read(text: str, code: str, at: int, word: str) -> None:
    with pytest.raises(ComparisonError) as refused:
        Comparison.of(text)
    assert refused.value.code == code
    assert refused.value.facts["at"] == at
    assert refused.value.facts["word"] == word
    assert refused.value.facts["most"] == MAX_FAN
    assert refused.value.facts["schemes"] == tuple(SCHEMES)
    assert repr(word) in str(refused.value)


@pytest.mark.parametrize(
    ("text", "code", "at"),
    [
        ("zeros(val=3)", "parameter.unknown", 1),
        ("zeros-normal(std=-1)", "parameter.number", 2),
        ("normal(std=nan)", "parameter.number", 1),
        ("normal(std=inf)", "parameter.number", 1),
        ("normal(std=(0.02))", "parameter.number", 1),
        ("normal(std=0.02))", "parameter.number", 1),
        ("ones-ones-uniform(a=1)", "parameter.order", 3),
        ("uniform(b=-2,a=-1)", "parameter.order", 1),
        ("normal(std)", "parameter.text", 1),
        ("normal(std=1,std=2)", "parameter.text", 1),
        ("kaiming_normal(mode=fan_avg)", "parameter.choice", 1),
        ("gpt2_residual(n_layer=1.5)", "parameter.number", 1),
    ],
)
def test_a_parameter_that_a_scheme_does_not_take(text: str, code: str, at: int) -> None:
    with pytest.raises(ParameterError) as refused:
        Comparison.of(text)
    assert refused.value.code == code
    assert refused.value.facts["at"] == at


def test_at_most_eight_and_at_least_one() -> None:
    assert MAX_ENTRIES == 8
    assert len(Comparison.of("-".join(["zeros"] * 8)).entries) == 8
    for make in (lambda: Comparison.of("-".join(["zeros"] * 9)), lambda: Comparison((Entry("zeros"),) * 9)):
        with pytest.raises(ComparisonError) as refused:
            make()
        assert refused.value.code == "comparison.entries"
        assert (refused.value.facts["most"], refused.value.facts["given"]) == (8, 9)
    with pytest.raises(ComparisonError) as refused:
        Comparison(())
    assert (refused.value.code, refused.value.facts["given"]) == ("comparison.entries", 0)


def test_a_text_has_at_most_a_thousand_characters() -> None:
    fits = "zeros" + " " * (MAX_CHARS - 5)
    assert Comparison.of(fits).entries == (Entry("zeros"),)
    with pytest.raises(ComparisonError) as refused:
        Comparison.of(fits + " ")
    assert refused.value.code == "comparison.long"
    assert refused.value.facts["most"] == MAX_CHARS == 1200


def test_one_entry_changes_and_the_others_stay() -> None:
    before = Comparison.of("zeros-normal(std=0.02)-ones.3x5")
    after = before.with_entry(1, fans=(7, 2))
    assert str(after) == "zeros-normal(std=0.02).7x2-ones.3x5"
    assert str(after.with_entry(0, scheme="eye")) == "eye-normal(std=0.02).7x2-ones.3x5"
    assert str(before) == "zeros-normal(std=0.02)-ones.3x5"
    assert str(LESSON_THREE) == "classic_uniform-xavier_normal-kaiming_normal"


def test_an_entry_s_own_layer_comes_before_the_shared_one() -> None:
    """xavier_normal's std is g·√(2/(fan_in + fan_out)), kaiming_normal's √(2/fan_in)."""
    shared = Layer.of("Conv2d(3, 16, 5)")
    assert Entry.of("zeros").layer(shared) is shared
    own = Entry.of("kaiming_normal.512x30")
    assert own.layer(shared).shape == (30, 512)
    assert own.law(shared).std == pytest.approx(math.sqrt(2 / 512), rel=1e-12)
    assert Entry.of("kaiming_normal").law(shared).std == pytest.approx(math.sqrt(2 / 75), rel=1e-12)
    law = Entry.of("xavier_normal(gain=2)").law(shared)
    assert law.std == pytest.approx(2 * math.sqrt(2 / (75 + 400)), rel=1e-12)
    with pytest.raises(ShapeError):
        Entry.of("eye").law(shared)
    assert Entry.of("eye.7x3").law(shared).mean == pytest.approx(1 / 7)


# Order


def test_laws_from_the_smallest_std_to_the_largest() -> None:
    """For nn.Linear(5, 3): √(2/5), 0, √(2/8), 0 and 1/√15; equal ones stay in order."""
    compared = Comparison.of("kaiming_normal-zeros-xavier_normal-ones-classic_uniform-xavier_normal")
    laws = [entry.law(Layer.of("Linear(5, 3)")) for entry in compared.entries]
    assert ordered(laws) == [1, 3, 4, 2, 5, 0]
    assert ordered(laws[::-1]) == [2, 4, 1, 0, 3, 5]
    assert ordered([]) == []


@pytest.mark.parametrize("step", [1e-2, 1e-4, 1e-6, 1e-9])
def test_laws_that_differ_by_more_than_rounding_are_in_order(step: float) -> None:
    laws = [SCHEMES["normal"].law((3, 5), std=0.0371 * (1 + step * place)) for place in (2, 0, 3, 1)]
    assert ordered(laws) == [1, 3, 0, 2]


def test_a_normal_and_a_uniform_law_of_one_std_stay_in_order() -> None:
    """√3·s/√3 is not s in doubles: 0.49999999999999994 for the layer 5 → 3."""
    for shape in ((3, 5), (256, 512), (20, 30)):
        for keys in (("xavier_normal", "xavier_uniform"), ("kaiming_uniform", "kaiming_normal")):
            laws = [SCHEMES[key].law(shape) for key in keys]
            assert ordered(laws) == [0, 1]
            assert ordered(laws[::-1]) == [0, 1]


# Limits


def test_the_longest_comparison_can_be_read_back() -> None:
    low, high = -0.12345678901234567e-20, -0.11345678901234567e-20
    params = (("mean", low), ("std", -low), ("a", low), ("b", high))
    text = "-".join([str(Entry("trunc_normal", params, (65_536, 65_536)))] * 8)
    assert len(text) <= MAX_CHARS


def test_an_entry_of_no_scheme_or_layer_is_refused() -> None:
    for scheme, fans in (("bogus", None), ("zeros", (0, 3)), ("zeros", (3, 65_537))):
        with pytest.raises(ComparisonError):
            Entry(scheme, fans=fans)
