"""What the signal page cannot run is refused before anything is drawn, and named."""

from collections.abc import Iterator

import pytest

from pages.state.controls import TABLE
from pages.text import LANGUAGES
from pages.text.numbers import count
from tests.support.plain_signal import LESSON
from tests.support.screen import query, refusals, stands
from tests.support.signal_page import EN, Counted, forget_runs, key_of, name_of, opened_small


def test_layers_of_a_scheme_s_own_are_left_out_with_a_sentence() -> None:
    rows = "xavier_normal.7x5-kaiming_normal-zeros.9x9"
    app = opened_small(rows=rows)
    stands(app)
    assert refusals(app) == [EN("refused.signal_fans", was="xavier_normal.7x5")]
    assert query(app)["rows"] == "xavier_normal-kaiming_normal-zeros"
    assert list(key_of(app)) == [name_of("xavier_normal"), name_of("kaiming_normal"), "Zeros"]


@pytest.fixture
def pretended(monkeypatch: pytest.MonkeyPatch) -> Iterator[Counted]:
    forget_runs()
    yield Counted(monkeypatch, small=True)
    forget_runs()  # what was pretended is no run's result


#: Weights over all seeds, multiplications, numbers kept; a scheme that torch draws in steps counts 32-fold
LIMITS = {"signal_weights": 2**33, "signal_products": 2**40, "signal_kept": 2**25}
#: A size at a limit, and what takes it over
OVER = [
    ({"depth": "128", "width": "2048", "seeds": "16", "samples": "128"}, {}, ""),
    ({"depth": "128", "width": "2048", "seeds": "17", "samples": "1"}, {}, "signal_weights"),
    ({"depth": "128", "width": "2048", "seeds": "16", "samples": "129"}, {}, "signal_products"),
    ({"depth": "32", "width": "1024", "seeds": "1", "samples": "1024"}, {}, ""),
    ({"depth": "33", "width": "1024", "seeds": "1", "samples": "1024"}, {}, "signal_kept"),
    ({"depth": "64", "width": "512", "seeds": "16", "samples": "1"}, {"rows": "trunc_normal"}, ""),
    (
        {"depth": "64", "width": "512", "seeds": "17", "samples": "1"},
        {"rows": "trunc_normal"},
        "signal_weights",
    ),
    ({"depth": "200", "width": "2048", "seeds": "50", "samples": "1024"}, {}, "signal_weights"),
]


@pytest.mark.parametrize(("size", "more", "code"), OVER, ids=str)
def test_a_run_too_large_is_refused_before_anything_is_drawn(
    size: dict[str, str], more: dict[str, str], code: str, pretended: Counted
) -> None:
    app = opened_small(**size, **more, seed="4242")
    stands(app)
    assert {scheme for scheme, _ in pretended.calls} == ({"trunc_normal"} if more else {*LESSON})
    for scheme, run in pretended.calls:
        seeds_of = sum(len(other["seeds"]) for own, other in pretended.calls if own == scheme)
        weights = run["depth"] * run["width"] ** 2 * seeds_of
        assert weights <= LIMITS["signal_weights"]
        assert weights * run["batch"] <= LIMITS["signal_products"]
        assert run["depth"] * run["width"] * run["batch"] <= LIMITS["signal_kept"]
    if not code:
        assert refusals(app) == []
        return
    (sentence,) = refusals(app)
    depth, width, seeds, samples = map(int, size.values())
    weights = depth * width**2 * seeds
    amounts = {"weights": weights, "products": weights * samples, "kept": depth * width * samples}
    n = amounts[code.removeprefix("signal_")]
    limit = LIMITS[code] // (32 if more else 1)
    used = sentence.partition(count(limit))[2]
    assert sentence.startswith(
        EN(f"refused.{code}", n=count(n), limit=count(limit), used="§").partition("§")[0]
    )
    # what is used instead is named, and is in force
    kept = {name: query(app).get(name, str(TABLE[name].default)) for name in size}
    changed = {name for name in size if kept[name] != size[name]}
    assert changed
    assert all(f"{EN(f'control.{name}')} = {kept[name]}" in used for name in changed)


@pytest.mark.parametrize(
    ("rows", "kept", "out"),
    [
        ("kaiming_normal-dirac(groups=2)", "kaiming_normal", ["dirac(groups=2)"]),
        (
            "dirac-zeros-eye(a=1)-nothing-xavier_normal",
            "zeros-xavier_normal",
            ["dirac", "eye(a=1)", "nothing"],
        ),
        ("orthogonal-zeros-constant(val=70000)", "zeros", ["orthogonal", "constant(val=70000)"]),
    ],
)
def test_a_row_that_cannot_run_falls_out_alone_and_is_named(
    rows: str,
    kept: str,
    out: list[str],
    pretended: Counted,  # noqa: ARG001
) -> None:
    dtype = {"dtype": "float16"} if "70000" in rows else {}
    for language in LANGUAGES:
        app = opened_small(rows=rows, lang=language, **dtype)
        stands(app)
        (sentence,) = refusals(app)
        assert all(f"“{row}”" in sentence for row in out)
        assert query(app)["rows"] == kept


REFUSED = [
    ({"rows": "dirac"}, "rows", "classic_uniform-xavier_normal-kaiming_normal"),
    ({"rows": "orthogonal", "dtype": "bfloat16"}, "dtype", "float32"),
    ({"rows": "constant(val=70000)", "dtype": "float16"}, "dtype", "float32"),
    ({"rows": "uniform(a=2,b=1)"}, "rows", ""),
    ({"rows": "kaiming"}, "rows", ""),
    ({"depth": "0"}, "depth", "50"),
    ({"depth": "201"}, "depth", "50"),
    ({"width": "2049"}, "width", "256"),
    ({"width": "1.5"}, "width", "256"),
    ({"seeds": "51"}, "seeds", "10"),
    ({"samples": "1025"}, "samples", "64"),
    ({"samples": "many"}, "samples", "64"),
    ({"input_scale": "0"}, "input_scale", "1"),
    ({"input_scale": "nan"}, "input_scale", "1"),
    ({"bias": "normal", "sigma_b": "-1"}, "sigma_b", "0.1"),
    ({"bias": "0.5"}, "bias", "none"),
    ({"input": "images"}, "input", "normal"),
    ({"measure": "mean"}, "measure", "activation_rms"),
    ({"sight": "backward"}, "sight", "forward"),
    ({"picture": "x"}, "picture", "ridges"),
    ({"between": "x"}, "between", "samples"),
]


@pytest.mark.parametrize(("link", "at", "used"), REFUSED, ids=str)
def test_every_objection_names_what_is_used_instead(
    link: dict[str, str],
    at: str,
    used: str,
    pretended: Counted,  # noqa: ARG001
) -> None:
    app = opened_small(**link, lang=list(LANGUAGES)[len(str(link)) % 2], seed="77")
    stands(app)
    (sentence,) = refusals(app)
    assert used in sentence
    assert at not in query(app)
    assert app.get("plotly_chart")


@pytest.mark.parametrize("scheme", ["orthogonal", "orthogonal_cast"])
def test_orthogonal_matrices_multiply_as_they_are_made(scheme: str, pretended: Counted) -> None:
    """A QR decomposition takes some four products of the matrix with itself."""
    size = {"depth": "16", "width": "512", "seeds": "32", "samples": "1"}  # 2²⁷ weights
    app = opened_small(**size, rows=scheme, seed="4242")
    assert refusals(app) == []
    app = opened_small(**{**size, "width": "1024", "depth": "8", "seeds": "32"}, rows=scheme, seed="4242")
    weights = 8 * 1024**2 * 32  # 2²⁸, and 2⁴⁰ products with 4 · 1024 rows
    assert weights * 4097 > 2**40
    assert refusals(app)[0].startswith(
        EN("refused.signal_products", n=count(weights * 4097), limit=count(2**40), used="§").partition("§")[0]
    )
    assert all(run["width"] < 1024 or run["depth"] < 8 for _, run in pretended.calls)
