"""What a page hands to its dialog of files: a report in the page's order, true code, all tensors."""

import contextlib
import io
import math
import re
from collections.abc import Callable
from functools import partial
from html import unescape
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from core import ACTIVATIONS
from pages.figures.chart_data import Series, numbers
from pages.figures.palette import PRINT
from pages.shell import export as tools
from pages.shell.frame import Chart, Frame
from tests.support.activations import CLOSED
from tests.support.lesson import lesson_model, lesson_parameters
from tests.support.products import assert_close

Framed = Callable[..., Frame]


def _tensors(frame: Frame) -> dict[str, torch.Tensor]:
    assert frame.tensors is not None
    offers = frame.tensors()
    found = {offer.name: offer.make() for offer in offers}
    assert len(found) == len(offers)  # each has a file of its own
    assert all((found[o.name].shape, found[o.name].dtype) == (o.shape, o.dtype) for o in offers)
    return found


def _report(frame: Frame) -> str:
    return re.sub(r"<script>.*?</script>", "", tools._report(frame, "https://lab.example"), flags=re.DOTALL)


def filled(name: str, shape: tuple[int, int], *, seed: int, **given: float) -> torch.Tensor:
    """Return what torch's own initialiser draws."""
    generator = torch.Generator().manual_seed(seed)
    weight: torch.Tensor = getattr(torch.nn.init, name)(torch.empty(shape), generator=generator, **given)
    return weight


def test_each_layer_s_equations_follow_its_heading(framed: Framed) -> None:
    html = _report(framed("model", part="forward"))
    order = re.findall(r"class='lab-layer'>(\w+)|(<p class=\"law\">)", html)
    assert [name or "=" for name, _ in order] == [
        *("linear1", *"==="),
        *("linear2", *"=="),
        *("out", *"=="),
    ]


def test_reports_hold_what_programs_print(framed: Framed) -> None:
    weight = str(filled("kaiming_normal_", (3, 5), seed=40))
    frame = framed("distribution", tab="matrix", fan_in="5", fan_out="3", seed="40")
    assert f"<pre>{weight}</pre>" in _report(frame)
    html = _report(framed("lesson", step="network", seed="40"))
    assert "output shape--&gt; torch.Size([5, 2])" in html
    bias = dict(lesson_parameters(seed=40))["out.bias"]
    assert str(bias)[7:-1] in html


def test_the_inspector_s_tables_are_in_the_report(framed: Framed) -> None:
    """torch counts 9 inputs of each of 64 groups, and 64 · 9 outputs, where 9 are true."""
    html = _report(framed("compare", aspect="inspector", layer="Conv2d(64, 64, 3, groups=64)"))
    assert 'class="lab-table lab-fans"' in html
    assert "576" in html


@pytest.mark.parametrize("step", ["uniform", "sqrt5", "network", "closing", "questions"])
def test_a_lesson_s_report_says_where_it_was(framed: Framed, step: str) -> None:
    assert _report(framed("lesson", step=step)).count('<p class="lab-context">') == 1


#: The headings of a report's parts, in their order.
PARTS = {
    "en": ["Charts", "Code", "Numbers", "Versions"],
    "zh": ["图", "代码", "数值", "版本"],
}


@pytest.mark.parametrize("language", PARTS)
@pytest.mark.parametrize(
    ("page", "link"),
    [
        ("distribution", {"fan_in": "6", "fan_out": "4"}),
        ("compare", {"fan_in": "6", "fan_out": "4"}),
        ("signal", {"depth": "3", "width": "8", "seeds": "2"}),
        ("model", {}),
        ("lesson", {"step": "kaiming"}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_report_leaves_no_part_out(page: str, link: dict[str, str], language: str, framed: Framed) -> None:
    html = _report(framed(page, **link, lang=language))
    assert re.findall(r"<h2>(.*?)</h2>", html) == PARTS[language]
    charts, code, tables, versions = re.split(r"<h2>.*?</h2>", html)[1:]
    assert charts.count('role="img"') == charts.count("<figcaption") >= 1
    assert "import torch" in code
    assert "<td>" in tables
    assert "torch" in versions
    assert 'href="https://lab.example"' in html
    assert "lab-headline" in html


def test_a_report_s_code_draws_the_page_s_weight(framed: Framed) -> None:
    html = _report(framed("distribution", scheme="xavier_uniform", fan_in="6", fan_out="4", seed="41"))
    (code,) = (
        unescape(each) for each in re.findall(r"<pre>(.*?)</pre>", html, re.DOTALL) if "import" in each
    )
    names: dict[str, Any] = {}
    exec(code, names)  # noqa: S102 - what the report offers to run
    assert torch.equal(names["weight"], filled("xavier_uniform_", (4, 6), seed=41))


def test_the_lesson_s_network_can_be_taken_away(framed: Framed) -> None:
    tensors = _tensors(framed("lesson", step="network", seed="7"))
    own = dict(lesson_parameters(seed=7))
    assert list(tensors) == ["input", *own, "output"]
    assert all(torch.equal(tensors[name], own[name]) for name in own)
    net = lesson_model()
    net.load_state_dict(own)
    with torch.no_grad():
        assert_close(net(tensors["input"]), tensors["output"], depth=3, width=3)


def test_weights_that_a_lesson_draws_can_be_taken_away(framed: Framed) -> None:
    tensors = _tensors(framed("lesson", step="sqrt5", seed="3", fan_in="8", fan_out="4", slope="1"))
    assert set(tensors) == {"kaiming_uniform.weight", "classic_uniform.weight"}
    assert torch.equal(tensors["kaiming_uniform.weight"], filled("kaiming_uniform_", (4, 8), seed=3, a=1.0))
    with torch.random.fork_rng([]):
        torch.manual_seed(3)
        own = torch.nn.Linear(8, 4).weight.detach()
    assert torch.equal(tensors["classic_uniform.weight"], own)
    frame = framed("lesson", step="questions", quiz="1", question="1")  # which scheme drew these?
    (bins,) = numbers(_charts(frame)[0].draw(PRINT))
    (weight,) = _tensors(frame).values()
    assert weight.numel() == sum(bins.columns["count"])


@pytest.mark.parametrize("step", ["network", "sqrt5", "uniform"])
def test_nothing_is_offered_before_it_was_predicted(framed: Framed, step: str) -> None:
    assert framed("lesson", step=step, predict="on").tensors is None


def test_a_model_s_every_step_and_gradient_can_be_taken_away(framed: Framed) -> None:
    link = {"net": "4-3.kaiming_normal.tanh-2.kaiming_normal", "seed": "5"}
    tensors = _tensors(framed("model", **link))
    steps = [name for name in tensors if name.endswith((".z", ".a"))]
    assert steps == ["linear1.z", "linear1.a", "out.z"]
    z = F.linear(tensors["input"], tensors["linear1.weight"], tensors["linear1.bias"])
    assert_close(tensors["linear1.z"], z, depth=1, width=4)
    assert torch.equal(tensors["linear1.a"], tensors["linear1.z"].tanh())
    out = F.linear(z.tanh(), tensors["out.weight"], tensors["out.bias"])
    assert_close(tensors["out.z"], out, depth=2, width=4)

    frame = framed("model", part="backward", labels="0,1,1,0,1", **link)
    tensors = _tensors(frame)
    names = ["linear1.weight", "linear1.bias", "out.weight", "out.bias"]
    assert [name for name in tensors if name.endswith(".grad")] == [f"{name}.grad" for name in names]
    own = [tensors[name].clone().requires_grad_() for name in names]
    out = F.linear(F.linear(tensors["input"], *own[:2]).tanh(), *own[2:])
    slopes = torch.autograd.grad(F.cross_entropy(out, torch.tensor([0, 1, 1, 0, 1])), own)
    for name, slope in zip(names, slopes, strict=True):
        torch.testing.assert_close(tensors[f"{name}.grad"], slope)


# --- theory's code ------------------------------------------------------------------------------------------

#: gains that torch.nn.init knows, without arguments
TORCH_S = {
    key: torch.nn.init.calculate_gain(name)
    for key, name in {
        "linear": "linear",
        "relu": "relu",
        "leaky_relu": "leaky_relu",
        "tanh": "tanh",
        "sigmoid": "sigmoid",
        "selu": "selu",
    }.items()
}
#: a step for differences
H = 1e-4
#: middles of small steps, so that where an activation bends lies between two of them
GRID = np.linspace(-10, 10, 20_001)[:-1] + 0.0005
WEIGHTS = np.exp(-(GRID**2) / 2) * 0.001 / math.sqrt(2 * math.pi)


def mean(phi: Callable[[Any], Any], q: float, power: int) -> float:
    """Return E[φ(z)^power], z ~ N(0, q), by a sum over small steps."""
    return float(WEIGHTS @ np.asarray(phi(math.sqrt(q) * GRID)) ** power)


def slope_of(phi: Callable[[Any], Any], z: Any) -> Any:
    return (phi(z + H) - phi(z - H)) / (2 * H)


def tanh_slope(z: Any) -> Any:
    return 1 - np.tanh(z) ** 2


def _run(frame: Frame) -> dict[str, Any]:
    """Run a page's code, and return its names and all that it printed as rows."""
    assert frame.code is not None
    code = frame.code()
    assert len(code.splitlines()) <= 25
    assert max(map(len, code.splitlines())) <= 110 or "in [(" in code
    printed: list[tuple[Any, ...]] = []
    names: dict[str, Any] = {"print": lambda *row, **_: printed.append(row)}
    exec(code, names)  # noqa: S102 - what the page offers to run
    return names | {"printed": printed}


def _charts(frame: Frame) -> list[Chart]:
    return [piece for piece in frame.shown if isinstance(piece, Chart)]


def _series(frame: Frame) -> list[Series]:
    return numbers(_charts(frame)[0].draw(PRINT))


@pytest.mark.parametrize("activation", ["tanh", "relu", "linear"])
def test_the_maps_code_makes_the_chart_s_numbers(framed: Framed, activation: str) -> None:
    frame = framed(
        "signal", sight="maps", activation=activation, rows="kaiming_normal-zeros-ones-xavier_normal"
    )
    series, printed = _series(frame), _run(frame)["printed"]
    assert [row[0] for row in printed] == ["kaiming_normal", "zeros", "xavier_normal"]
    assert len(series) == 3 * len(printed)
    for at, (_, q_rest, c_rest, lengths, alike) in enumerate(printed):
        length, correlation, rest = (part.columns for part in series[3 * at : 3 * at + 3])
        np.testing.assert_array_equal(lengths, np.c_[length["q"], length["q_next"]])
        np.testing.assert_array_equal(alike, np.c_[correlation["c"], correlation["c_next"]])
        np.testing.assert_array_equal([q_rest, c_rest], [rest["q_rest"][0], rest["c_rest"][0]])


def test_the_chaos_code_makes_the_chart_s_numbers(framed: Framed) -> None:
    frame = framed(
        "signal", sight="chaos", activation="tanh", rows="kaiming_normal-ones-normal(std=0.5)", bias="torch"
    )
    with contextlib.redirect_stdout(io.StringIO()) as said, np.printoptions():
        exec(frame.code(), {})  # noqa: S102
    assert "..." not in said.getvalue()
    assert said.getvalue().count("\n") > 23  # a plane, whole
    names = _run(frame)
    columns = {name: column for part in _series(frame) for name, column in part.columns.items()}
    np.testing.assert_array_equal(names["chi1"].ravel(), columns["chi1"])
    beside = numbers(_charts(frame)[1].draw(PRINT))
    edge, *schemes = names["printed"]
    assert [row[0] for row in schemes] == ["kaiming_normal", "normal(std=0.5)"]
    # 256 units: Kaiming's 2/fan_in, and 0.25 each; nn.Linear's bias has the variance 1/(3·256)
    for at, ((_, w, b, q, slope, lengths, by_layer), sigma_w2) in enumerate(
        zip(schemes, (2.0, 64.0), strict=True)
    ):
        map_, rest, course = (part.columns for part in beside[3 * at : 3 * at + 3])
        np.testing.assert_array_equal(lengths, np.c_[map_["q"], map_["q_next"]])
        np.testing.assert_array_equal(by_layer, course["q"])
        assert rest["q_rest"] == [q]
        assert (w, b) == pytest.approx((sigma_w2, 1 / 768), rel=1e-12)
        assert q == pytest.approx(w * mean(np.tanh, q, 2) + b, rel=1e-6)
        assert slope == pytest.approx(w * mean(tanh_slope, q, 2), rel=1e-6)
    edges = edge[0][1:]  # the first is where nothing is added: σ_w² = 1 and q = 0
    assert edge[0][0] == pytest.approx([0, 1])
    assert len(edges) == 22
    for sigma_b2, sigma_w2 in edges[::6]:
        q = sigma_b2
        for _ in range(3000):  # on the edge it converges slowly
            q = sigma_w2 * mean(np.tanh, q, 2) + sigma_b2
        assert sigma_w2 * mean(tanh_slope, q, 2) == pytest.approx(1, rel=1e-3)


def test_the_chaos_code_starts_each_network_from_its_own_length(framed: Framed) -> None:
    """At σ_w² = 2 relu keeps every length: inputs of mean square 9 give 2·9, and so it stays."""
    frame = framed("signal", sight="chaos", activation="relu", rows="kaiming_normal", input_scale="3")
    (_, w, b, q, slope, *_) = _run(frame)["printed"][-1]
    assert (w, b, q, slope) == pytest.approx((2, 0, 18, 1), rel=1e-9)


@pytest.mark.parametrize("activation", ["relu", "sin(z)"])
def test_the_gains_code_prints_the_gains_of_theory(framed: Framed, activation: str) -> None:
    printed = _run(framed("signal", sight="gains", activation=activation))["printed"]
    own = [] if activation in ACTIVATIONS else [activation]
    assert [row[0] for row in printed] == [*own, *ACTIVATIONS, "glu", "reglu", "geglu", "swiglu"]
    assert printed[-3][2:] == pytest.approx((math.sqrt(2), 1, 2), rel=1e-6)  # of relu(z)·u
    for key, theirs, forward, backward, slope in printed[:-4]:
        assert theirs == TORCH_S.get(key)
        phi = np.vectorize(math.sin if key == "sin(z)" else CLOSED[key])
        assert forward == pytest.approx(mean(phi, 1.0, 2) ** -0.5, rel=1e-6)
        assert backward == pytest.approx(mean(partial(slope_of, phi), 1.0, 2) ** -0.5, rel=1e-6)
        up, down = (forward**2 * mean(phi, q, 2) for q in (1 + H, 1 - H))
        assert slope == pytest.approx((up - down) / (2 * H), rel=1e-4)


def test_where_theory_is_silent_there_is_no_code(framed: Framed) -> None:
    assert framed("signal", sight="maps", rows="ones").code is None
    code = framed("signal", sight="forward", depth="3", width="8").code
    assert code is not None
    assert "torch.nn" in code() or "from torch import nn" in code()
