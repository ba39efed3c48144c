"""Every view and every choice of the signal page stands, and the first sight answers its question."""

import math

import pytest

import core.signals.trace
from core import ACTIVATIONS
from pages.state.controls import MEASURES, SIGHTS, TABLE
from pages.text import Text
from tests.support.marks import languages
from tests.support.screen import menu, opened, own_buttons, query, refusals, stands, typed_in
from tests.support.signal_page import CHARTS, EN, MANY, RUN, headline_of, name_of, opened_small

sights = pytest.mark.parametrize("sight", SIGHTS)


@languages
@sights
@pytest.mark.parametrize("rows", ["", MANY])
def test_every_view_stands_in_every_language(rows: str, sight: str, language: str) -> None:
    app = opened_small(sight=sight, lang=language, **({"rows": rows} if rows else {}))
    stands(app)
    assert refusals(app) == []
    t = Text(language)
    assert t("nav.signal") in menu(app)
    assert [tab.label for tab in app.tabs] == [t(f"tab.{name}") for name in SIGHTS]
    assert headline_of(app)
    if sight in CHARTS:
        assert len(app.get("plotly_chart")) == (2 if sight == "chaos" else 1)


@sights
def test_schemes_without_theory_have_every_view(sight: str) -> None:
    app = opened_small(sight=sight, rows="constant-eye")
    stands(app)
    assert refusals(app) == []
    assert app.get("plotly_chart") or sight not in RUN or sight == "figures"


@sights
def test_one_layer_one_unit_one_seed_and_one_input_break_no_view(sight: str) -> None:
    app = opened_small(sight=sight, depth="1", width="1", seeds="1", samples="1")
    stands(app)
    assert refusals(app) == []


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation_has_its_run_and_its_theory(activation: str) -> None:
    for sight in ("gradient", "chaos"):
        app = opened_small(
            activation=activation, sight=sight, bias="normal", rows="kaiming_normal-orthogonal"
        )
        stands(app)
        assert refusals(app) == []
        assert activation in headline_of(app)


@pytest.mark.parametrize(
    "link",
    [
        *({"measure": measure} for measure in MEASURES),
        *({"sight": "layers", "picture": picture} for picture in ("ridges", "map")),
        *({"sight": "correlation", "between": between} for between in ("samples", "units")),
        *({"input": kind, "input_scale": "3"} for kind in core.signal.INPUTS),
        *({"bias": bias, "sight": "gradient"} for bias in ("none", "torch", "normal")),
        *({"dtype": dtype, "sight": "figures"} for dtype in ("float16", "bfloat16", "float64")),
        {"seed": "4294967295"},
        {"rows": "zeros-zeros-zeros", "sight": "correlation"},
        {"rows": "normal(std=1e10)-normal(std=1e-10)", "sight": "gradient"},
        {"rows": "normal(std=1e10)-normal(std=1e-10)", "sight": "chaos"},
        {"rows": "normal(std=1e10)", "sight": "saturation", "dtype": "bfloat16"},
        {"rows": "normal(std=1e20)", "sight": "maps"},
        *({"activation": "z^3", "measure": measure, "depth": "50"} for measure in MEASURES),
        {"bias": "normal", "sigma_b": "1000", "sight": "chaos"},
        {"bias": "normal", "sigma_b": "0", "sight": "maps"},
    ],
    ids=str,
)
def test_every_choice_stands(link: dict[str, str]) -> None:
    app = opened_small(**link)
    stands(app)
    assert refusals(app) == []
    for name, value in link.items():
        if name != "sigma_b" and TABLE[name].default != TABLE[name].parse(value):
            assert query(app)[name] == str(TABLE[name].parse(value)) or name == "input_scale"


def test_first_sight_is_a_question_with_few_controls_and_its_answer() -> None:
    app = opened("signal")
    stands(app)
    assert query(app) == {}
    fields = [*app.selectbox, *typed_in(app)]
    assert [field.key for field in typed_in(app)] == ["depth", "width", "seed"]
    assert len(fields) + 1 <= 6  # and the drawer with the schemes
    assert own_buttons(app) == {"redraw"}
    # a chart of three lines with their bands and theory; a moved control sends no more of it
    assert len(app.get("plotly_chart")[0].proto.spec) < 60_000
    halves = {"classic_uniform": 1 / math.sqrt(6), "xavier_normal": math.sqrt(1 / 2)}
    headline = headline_of(app)
    assert EN("signal.signal.kept", name=name_of("kaiming_normal")) in headline
    for scheme, rate in halves.items():  # by theory; seeds differ by less than a layer
        place = math.ceil(1 + math.log(1000) / -math.log(rate))
        words = [EN("signal.signal.vanishes", name=name_of(scheme), place=place + off) for off in (-1, 0, 1)]
        assert any(each in headline for each in words)
