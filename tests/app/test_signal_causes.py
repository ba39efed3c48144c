"""Why a signal does what it does: the page's arithmetic, held to closed forms and to quadrature."""

import math
import re
from urllib.parse import parse_qs

import numpy as np
import pytest
from scipy import integrate, optimize

from core import ACTIVATIONS
from tests.support.screen import opened
from tests.support.words import numbers, says, text_of

SMALL = {"depth": "12", "width": "32", "seeds": "2", "samples": "8"}


def cause(**link: str) -> str:
    """Return the line below the headline, '' if none stands there."""
    app = opened("signal", **{**SMALL, **link})
    assert not app.exception
    bodies = "".join(element.proto.body for element in app.get("html"))
    found = re.findall(r'<p class="lab-cause"[^>]*>(.*?)</p>', bodies, re.DOTALL)
    return text_of(re.sub(r"<sup>(.*?)</sup>", r" ^\1", found[-1])) if found else ""


def mean(of: str, q: float) -> float:
    """Return E[φ(√q z)²], or of the slope, by SciPy."""
    functions = {
        "tanh²": lambda z: math.tanh(z) ** 2,
        "tanh′²": lambda z: (1 - math.tanh(z) ** 2) ** 2,
        "sigmoid²": lambda z: 1 / (1 + math.exp(-z)) ** 2,
    }
    inner = functions[of]
    density = lambda z: math.exp(-z * z / 2) / math.sqrt(2 * math.pi)  # noqa: E731
    return float(integrate.quad(lambda z: inner(math.sqrt(q) * z) * density(z), -12, 12)[0])


def rest(of: str, sigma_w2: float) -> float:
    """Return q* of weights with this fan_in·Var(w)."""
    return float(optimize.brentq(lambda q: sigma_w2 * mean(of, q) - q, 1e-3, 100))


@pytest.mark.parametrize(
    ("scheme", "sigma"),
    [("xavier_normal", 1.0), ("classic_uniform", 1 / 3), ("normal(std=0.5)", 8.0)],
)
def test_relu_leaves_half_and_the_weights_multiply_it(scheme: str, sigma: float) -> None:
    rate = math.sqrt(sigma / 2)
    said = cause(rows=scheme)
    assert says(said, f"relu leaves <0.5> of the mean square; fan_in·Var(w) = <{sigma}> with ")
    assert says(said, f": √(<{sigma}> × <0.5>) = <{rate}> a layer, <{rate}> ^<11> = <{rate**11}>.")
    back = cause(rows=scheme, sight="gradient")
    assert says(back, f"relu’s slope leaves <0.5> of mean squares; fan_in·Var(w) = <{sigma}> with ")
    assert says(back, f": √(<{sigma}> × <0.5>) = <{rate}> a layer, <{rate}> ^<11> = <{rate**11}>.")


@pytest.mark.parametrize(
    ("activation", "scheme", "first", "share", "way"),
    [
        # E[max(0, z)⁴] is 3/2·q², E[z⁴] 3·q², E[z⁶] 15·q³
        ("relu(z)^2", "classic_uniform", 1 / 3, 1.5 / 3, "smaller share of smaller signals, so they vanish"),
        ("relu(z)^2", "kaiming_normal", 2.0, 1.5 * 2, "larger share of larger signals, so they grow"),
        ("z^2", "classic_uniform", 1 / 3, 1.0, "smaller share of smaller signals, so they vanish"),
        ("z^3", "normal(std=0.02)", 0.0128, 15 * 0.0128**2, "smaller share of smaller signals, so they van"),
    ],
)
@pytest.mark.parametrize("depth", ["2", "6", "40"])
def test_what_a_power_leaves_depends_on_the_size_and_has_no_rate(  # noqa: PLR0917
    activation: str, scheme: str, first: float, share: float, way: str, depth: str
) -> None:
    said = cause(rows=scheme, activation=activation, depth=depth)
    assert "a layer" not in said
    assert " × " not in said
    if depth != "2":  # where nothing is far yet
        after = first * share
        assert says(said, f"In layer <1> {activation} turns a mean square of <{first}> into <{after}>; ")
        assert says(said, f" makes that <{first * after}>. {activation} leaves a {way}")


@pytest.mark.parametrize(("scheme", "sigma"), [("xavier_normal", 1.0), ("classic_uniform", 1 / 3)])
def test_one_layer_has_none_to_be_compared_with(scheme: str, sigma: float) -> None:
    """Of inputs of RMS 1 relu leaves √(σ_w²/2); a layer's own gradient is the g that is sent back."""
    said = cause(rows=scheme, depth="1")
    assert says(said, f": <{sigma}> × <0.5> = <{sigma / 2}> a layer.")
    assert "^" not in said
    link = {**SMALL, "rows": scheme, "depth": "1", "width": "512", "seeds": "9"}
    for lang, begins in (
        ("en", "With one layer, the signal under relu is "),
        ("zh", "只有一层，relu 下，信号："),
    ):
        app = opened("signal", **link, lang=lang)
        (words,) = re.findall(r'lab-headline">(.*?)</h1>', "".join(e.proto.body for e in app.get("html")))
        words = text_of(words)
        assert words.startswith(begins)
        (value,) = (float(x) for x in re.findall(r"\d\.\d+", words))
        assert value == pytest.approx(math.sqrt(sigma / 2), rel=0.1)
        assert "kept" not in words
        assert "不变" not in words
    assert cause(rows=scheme, depth="1", sight="gradient") == ""


@pytest.mark.parametrize("measure", ["preactivation_variance", "activation_variance"])
def test_a_variance_is_multiplied_by_the_product_and_not_its_root(measure: str) -> None:
    """32·(1/8)² = 0.5 and relu's half: a quarter a layer, of which the RMS is a half."""
    said = cause(rows="normal(std=0.125)", measure=measure)
    assert says(said, f": <0.5> × <0.5> = <0.25> a layer, <0.25> ^<11> = <{0.25**11}>.")
    chinese = cause(rows="normal(std=0.125)", measure=measure, lang="zh")
    assert says(chinese, f"：每层 <0.5> × <0.5> = <0.25>，<0.25> ^<11> = <{0.25**11}>。")


def test_where_a_narrow_draw_is_lost_theory_is_said_to_be_of_wide_layers() -> None:
    """One tanh a layer is multiplied by N(0, 2), of which e^E[ln|w|] is 0.75; wide ones rest."""
    narrow = {"rows": "kaiming_normal", "width": "1", "depth": "100", "activation": "tanh"}
    strays = "That holds for wide layers: at width 1 this draw strays from it."
    chinese = "这对足够宽的层成立；宽度为 1 时，这次抽取的结果偏离了它。"
    assert cause(**narrow).endswith(strays)
    assert cause(**narrow, lang="zh").endswith(chinese)
    assert cause(**narrow | {"activation": "linear"}, sight="gradient").endswith(strays)
    assert "strays" not in cause(**narrow | {"width": "256", "depth": "12"})
    for link in ({"rows": "xavier_normal", "depth": "30"}, {"dtype": "float16", "input_scale": "1e6"}):
        assert "strays" not in cause(**{"rows": "kaiming_normal", **link})  # of theory itself; of the dtype


def test_zeros_lie_where_relu_s_slope_is_0_and_not_below() -> None:
    link = {"sight": "saturation", "rows": "zeros-kaiming_normal"}
    assert cause(**link) == "With Zeros every pre-activation is 0, where torch gives relu the slope 0."
    assert cause(**link, lang="zh") == "用“全 0”时所有预激活值都是 0，而 torch 在那里取 relu 的斜率为 0。"


def test_a_map_lies_above_the_diagonal_from_the_start_up() -> None:
    """z³ makes 15q³ of q: that is more than q from 1/√15 on, and less below."""
    above = "With Normal, std = 0.1768 the map lies above the diagonal, from where this run starts up, so"
    below = "With Normal, std = 0.1768 the map lies below the diagonal, from where this run starts down, so"
    link = {"sight": "maps", "rows": "normal(std=0.1767767)", "activation": "z^3"}
    assert cause(**link).startswith(above)
    assert cause(**link, input_scale="0.01").startswith(below)


@pytest.mark.parametrize(
    ("std", "rate", "total"),
    [
        # 32·10⁸·½ = 16·10⁸, and 40 000¹⁹⁹ = 4¹⁹⁹·10⁷⁹⁶ = 10^(199·0.602060 + 796)
        ("1e4", "40000 ^199", "6.46×10⁹¹⁵"),
        # 16·10⁻¹⁶: 4¹⁹⁹·10⁻¹⁵⁹²
        ("1e-8", "(4×10⁻⁸) ^199", "6.46×10⁻¹⁴⁷³"),
    ],
)
def test_a_size_past_all_doubles_is_not_cut_to_one(std: str, rate: str, total: str) -> None:
    """Its power takes the whole of a rate that is itself written with one."""
    assert cause(rows=f"normal(std={std})", depth="200").endswith(f" a layer, {rate} = {total}.")


def test_he_gives_back_what_relu_takes() -> None:
    assert says(cause(rows="kaiming_normal"), "<2> with Kaiming normal, gives it back: <2> × <0.5> = <1>.")
    assert says(cause(rows="kaiming_normal", sight="gradient"), "gives it back: <2> × <0.5> = <1>.")
    beside = cause(rows="xavier_normal-kaiming_normal", depth="30")
    assert says(beside, f"with Xavier normal: √(<1> × <0.5>) = <{math.sqrt(0.5)}> a layer")
    assert says(beside, "Kaiming normal: <2> × <0.5> = <1>.")


def test_a_signal_under_tanh_rests_where_it_is_given_back() -> None:
    q = rest("tanh²", 2.0)
    said = cause(rows="kaiming_normal", activation="tanh", depth="60")
    assert says(
        said, f"In layer <60> tanh turns a mean square of <{q}> into <{q / 2}>; fan_in·Var(w), <2> with"
    )
    assert "It stays there." in said
    chi = 2 * mean("tanh′²", q)
    back = cause(rows="kaiming_normal", activation="tanh", depth="60", sight="gradient")
    assert says(
        back,
        f"slope leaves <{chi / 2}> of the mean square; fan_in·Var(w) = <2> with Kaiming normal: "
        f"√(<2> × <{chi / 2}>) = <{math.sqrt(chi)}> a layer.",
    )


def test_a_slow_fall_says_that_small_signals_lose_less() -> None:
    said = cause(rows="xavier_normal", activation="tanh")
    q = 1.0
    for _ in range(11):
        q = mean("tanh²", q)
    assert says(said, f"In layer <12> tanh turns a mean square of <{q}> into <{mean('tanh²', q)}>")
    assert "tanh takes less from smaller signals." in said
    assert "It stays there." not in said


def test_what_adds_to_a_signal_is_not_said_to_take_less() -> None:
    """elu(z, 2) has the slopes 1 and 2 at 0: of small signals it makes (1 + 4)/2 times the mean square."""
    said = cause(rows="classic_uniform", activation="elu(z,2)", depth="5")
    assert "elu(z,2) adds a larger share to smaller signals." in said
    assert "takes less" not in said
    chinese = cause(rows="classic_uniform", activation="elu(z,2)", depth="5", lang="zh")
    assert "信号越小，elu(z,2) 放大的倍数越大。" in chinese


def test_biases_are_named_with_their_variance() -> None:
    said = cause(rows="classic_uniform", bias="normal", sigma_b="0.3")
    assert says(said, "The biases add their variance, <0.09>, in every layer.")
    assert "^" not in said
    settles = cause(rows="xavier_normal", activation="sigmoid", bias="normal", sigma_b="0.5", depth="40")
    q = float(optimize.brentq(lambda x: mean("sigmoid²", x) + 0.25 - x, 1e-3, 10))
    assert says(settles, f"a mean square of <{q}> into <{q - 0.25}>; fan_in·Var(w), <1> with")
    assert says(settles, f"the biases’ variance <0.25> turn that into <{q}>.")


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ({"rows": "zeros"}, "All weights of Zeros are 0, so nothing of the input passes layer 1."),
        ({"rows": "zeros", "bias": "torch"}, "each layer passes on its own biases alone."),
        ({"rows": "zeros", "sight": "gradient"}, "A gradient goes back through the weights"),
        ({"rows": "eye"}, "The identity repeats its inputs; only relu changes them."),
        ({"rows": "uniform"}, "for <32> equal inputs, <16> times their size."),  # 32 · 1/2
        ({"rows": "constant", "sight": "gradient"}, "for <32> equal ones, <160> times"),  # 32 · 5
    ],
)
def test_weights_of_which_theory_says_nothing_have_reasons_of_their_own(
    link: dict[str, str], expected: str
) -> None:
    assert says(cause(**link), expected)


def test_where_slopes_are_flat() -> None:
    assert says(cause(sight="saturation"), "relu is flat below <0>, and half of all")
    edge = math.atanh(math.sqrt(1 - math.sqrt(0.01) ** 2))  # 1 − tanh² = 1 % of the steepest, 1
    said = cause(sight="saturation", activation="tanh", rows="normal")
    assert says(said, f"tanh is flat beyond ±<{edge}>: its slope there is less than <1> %")


def test_why_inputs_become_alike_or_stay_apart() -> None:
    # relu at c = 0: (1/π)·(√(1 − c²) + c·(π − arccos c)) = 1/π (Cho & Saul 2009)
    relu = cause(sight="correlation", rows="kaiming_normal")
    assert says(relu, f"the first layer alone brings <0> to <{1 / math.pi}>, and no layer takes it back.")
    assert "uncorrelated inputs stay uncorrelated" in cause(
        sight="correlation", rows="kaiming_normal", activation="tanh"
    )
    straight = cause(
        sight="correlation", rows="xavier_normal", activation="tanh", input="pixels", input_scale="0.01"
    )
    assert "almost a straight line" in straight
    apart = cause(sight="correlation", rows="normal(std=0.5)", activation="tanh", input="pixels")
    chi = 8 * mean("tanh′²", rest("tanh²", 8.0))
    assert says(apart, f"χ₁ = <{chi}> with Normal")
    assert "apart" in apart


def test_the_maps_and_the_edge_by_their_own_numbers() -> None:
    q = rest("tanh²", 2.0)
    chi = 2 * mean("tanh′²", q)
    maps = cause(sight="maps", rows="kaiming_normal", activation="tanh")
    assert says(maps, f"gives back what came in: <2> × <{q / 2}> = <{q}> with Kaiming normal.")
    assert "below the diagonal" in cause(sight="maps", rows="xavier_normal")
    assert "above the diagonal" in cause(sight="maps", rows="normal")
    chaos = cause(sight="chaos", rows="kaiming_normal", activation="tanh")
    assert says(chaos, f"at q*: <2> × <{chi / 2}> = <{chi}> with Kaiming normal.")
    gains = cause(sight="gains", activation="tanh")
    square, slope = mean("tanh²", 1.0), mean("tanh′²", 1.0)
    assert says(gains, f"E[φ²] = <{square}> for tanh, and 1/√<{square}> = <{1 / math.sqrt(square)}>")
    assert says(gains, f"E[φ′²] = <{slope}>, and 1/√<{slope}> = <{1 / math.sqrt(slope)}>.")


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
@pytest.mark.parametrize("sight", ["forward", "gradient", "saturation", "correlation", "maps", "chaos"])
def test_every_activation_has_a_reason_without_a_number_that_is_none(activation: str, sight: str) -> None:
    said = cause(activation=activation, sight=sight, depth="6", rows="xavier_normal-normal", seeds="1")
    assert "–" not in said
    assert "nan" not in said
    assert all(map(np.isfinite, numbers(said)))
    assert said or sight in {"saturation", "correlation"}


def onward(**link: str) -> tuple[str, dict[str, list[str]]]:
    """Return what is tried next: its words, and the link that it opens."""
    app = opened("signal", **{**SMALL, **link})
    (found,) = app.get("page_link")
    return found.proto.label, parse_qs(found.proto.query_string)


def test_what_to_try_next_is_the_gain_that_keeps_the_signal() -> None:
    label, link = onward(rows="xavier_normal", depth="40", activation="tanh", seed="7")
    gain = 1 / math.sqrt(mean("tanh²", 1.0))
    found = re.fullmatch(r"xavier_normal-xavier_normal\(gain=([\d.]+)\)", link["rows"][0])
    assert found
    assert float(found[1]) == pytest.approx(gain, rel=1e-3)
    assert link["seed"] == ["7"]
    assert link["activation"] == ["tanh"]
    assert says(label, f"Try Xavier normal (Glorot), gain = <{gain}> too")
    then = opened("signal", **{**SMALL, **{name: value for name, (value,) in link.items()}})
    assert not then.exception


def test_he_is_tried_for_relu_and_then_the_way_back() -> None:
    assert onward(rows="xavier_normal", depth="40")[1]["rows"] == ["xavier_normal-kaiming_normal"]
    assert onward(rows="kaiming_normal")[1]["sight"] == ["gradient"]
    assert "rows" not in onward(sight="correlation")[1]


@pytest.mark.parametrize("sight", ["forward", "gradient"])
def test_no_gain_is_tried_that_would_keep_nothing(sight: str) -> None:
    """relu² makes σ²·1.5·q² of q: from q = σ² = 1/1.5 on it falls to 0, though E[φ²] over N(0, 1) is kept."""
    link = {"rows": "classic_uniform", "depth": "40", "activation": "relu(z)^2"}
    assert onward(**link, sight=sight)[1]["rows"] == ["classic_uniform"]


def test_what_is_locked_is_not_tried() -> None:
    assert onward(rows="xavier_normal", depth="40", lock="rows")[1]["sight"] == ["gradient"]
    app = opened("signal", **SMALL, rows="xavier_normal", lock="rows,sight")
    assert not app.get("page_link")


@pytest.mark.parametrize(
    ("scheme", "said"),
    [
        ("xavier_normal", "drawn independently"),
        ("orthogonal", ""),
        ("eye", ""),  # each unit copies an input of its own
        ("zeros", "every unit has the same weights"),
        ("ones", "every unit has the same weights"),
        ("normal(mean=0.1)", "weights of the same nonzero mean"),
        ("xavier_normal-zeros", "With Zeros every unit has the same weights"),
    ],
)
def test_units_are_alike_where_their_weights_are(scheme: str, said: str) -> None:
    found = cause(rows=scheme, sight="correlation", between="units")
    assert said in found if said else not found


def test_a_rate_near_1_stands_beside_numbers_that_give_it() -> None:
    """0.99996² = 0.99992; with one unit, fan_in·Var(w) is that."""
    said = cause(rows="normal(std=0.99996)", activation="linear", width="1")
    assert "fan_in·Var(w) = 0.99992 with" in said
    assert "√(0.99992 × 1) = 0.99996 a layer" in said
