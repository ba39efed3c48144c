"""The Rosetta table: every call is run here on formulas written out from its framework's documentation.

No framework but torch is installed. ``eval`` of a call in ``_world`` gives what the published formula of
that initializer says of a weight: its family, mean, std before any cut, and its walls.
"""

import math
import warnings
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest
import torch
from scipy import stats
from torch import nn

from core import SCHEMES, InitLabError, ParameterError, SchemeError, ShapeError
from core.code.rosetta import defaults, depthwise, difference, equivalents
from core.code.rosetta_rows import FRAMEWORKS, NOTES, Equivalent
from core.weights.families import normal, point, symmetric_uniform, uniform
from core.weights.laws import Expression, Law
from core.weights.layers import Layer
from tests.support.cases import FANS, SHAPES, SQRT3, Shape

INF = math.inf
#: std of a standard normal law cut at ±2, by its closed form: 1 − 4·φ(2)/(Φ(2) − Φ(−2))
CUT = math.sqrt(1 - 4 * math.exp(-2) / math.sqrt(2 * math.pi) / math.erf(math.sqrt(2)))


class Said(NamedTuple):
    """What a framework's documentation says of a weight."""

    family: str
    mean: float = 0.0
    #: before any cut
    std: float = 0.0
    low: float = -INF
    high: float = INF


def _normal(std: float, mean: float = 0.0) -> Said:
    return Said("normal", mean, std) if std else _point(mean)


def _uniform(low: float, high: float) -> Said:
    return Said("uniform", (low + high) / 2, (high - low) / math.sqrt(12), low, high)


def _cut(std: float, low: float, high: float, mean: float = 0.0) -> Said:
    return Said("truncated_normal", mean, std, low, high)


def _point(value: float) -> Said:
    return Said("point", value, 0.0, value, value)


def _scaled(shape: Shape, scale: float, mode: str, distribution: str) -> Said:
    """std = √(scale/n) in any case; a normal law that is to be cut starts out wider, at std/CUT."""
    fan_in, fan_out = FANS[shape]
    n = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[mode]
    std = math.sqrt(scale / n)
    if std == 0:
        return _point(0.0)
    if distribution == "uniform":
        return _uniform(-SQRT3 * std, SQRT3 * std)
    if distribution == "truncated_normal":
        return _cut(std / CUT, -2 * std / CUT, 2 * std / CUT)
    return _normal(std)


def _world(shape: Shape) -> dict[str, Any]:
    """Return the frameworks' modules as their documentation describes them, for a weight of ``shape``."""

    def named(scale: float, mode: str, distribution: str) -> Any:
        return lambda: _scaled(shape, scale, mode, distribution)

    def keras_scaling(*, scale: float, mode: str, distribution: str) -> Said:
        assert scale > 0  # Keras raises
        kinds = {"truncated_normal": "truncated_normal", "untruncated_normal": "normal", "uniform": "uniform"}
        return _scaled(shape, scale, mode, kinds[distribution])

    def keras_cut(*, stddev: float, mean: float = 0.0) -> Said:
        return _cut(stddev, mean - 2 * stddev, mean + 2 * stddev, mean)

    def in_place(w: str, **given: Any) -> Said:
        assert w == "w"
        return _scaled(shape, **given)

    fans = {"He": (2.0, "fan_in"), "Glorot": (1.0, "fan_avg"), "Lecun": (1.0, "fan_in")}
    laws = {"Normal": "truncated_normal", "Uniform": "uniform"}
    classes = {f"{name}{law}": named(*fans[name], laws[law]) for name in fans for law in laws}
    functions = {f"{n.lower()}_{law.lower()}": classes[f"{n}{law}"] for n in fans for law in laws}
    keras = SimpleNamespace(
        **classes,
        VarianceScaling=keras_scaling,
        RandomNormal=lambda *, stddev, mean=0.0: _normal(stddev, mean),
        RandomUniform=lambda *, minval, maxval: _uniform(minval, maxval),
        TruncatedNormal=keras_cut,
        Constant=lambda *, value: _point(value),
        Zeros=lambda: _point(0.0),
        Ones=lambda: _point(1.0),
        Orthogonal=lambda *, gain=1.0: Said("orthogonal", std=gain),
        Identity=lambda: Said("indicator"),
    )
    jax = SimpleNamespace(
        **functions,
        variance_scaling=lambda *, scale, mode, distribution: _scaled(shape, scale, mode, distribution),
        normal=lambda *, stddev: _normal(stddev),
        uniform=lambda *, scale: _uniform(0.0, scale),
        truncated_normal=lambda *, stddev, lower, upper: _cut(stddev, lower * stddev, upper * stddev),
        constant=_point,
        zeros=_point(0.0),
        ones=_point(1.0),
        orthogonal=lambda *, scale=1.0: Said("orthogonal", std=scale),
    )
    timm = SimpleNamespace(
        variance_scaling_=in_place,
        lecun_normal_=lambda w: in_place(w, scale=1.0, mode="fan_in", distribution="truncated_normal"),
        trunc_normal_=lambda _, std=1.0, mean=0.0, a=-2.0, b=2.0: _cut(std, a, b, mean),
    )
    return {
        "keras": SimpleNamespace(initializers=keras),
        "jax": SimpleNamespace(nn=SimpleNamespace(initializers=jax)),
        "timm": SimpleNamespace(layers=timm),
        "w": "w",
    }


def said(call: str, shape: Shape) -> Said:
    found = eval(call, _world(shape))  # noqa: S307 - the table's own code
    assert isinstance(found, Said)
    return found


def assert_law(law: Law, says: Said, shape: Shape) -> None:
    """Hold a law to what is said, by scipy's distributions of the same numbers."""
    assert law.family == says.family
    if says.family == "orthogonal":
        rows, columns = shape[0], math.prod(shape[1:])
        assert law.std == pytest.approx(says.std / math.sqrt(max(rows, columns)), rel=1e-9)
        return
    if says.family == "indicator":
        ones, n = min(shape), math.prod(shape)
        assert law.atoms == ((0.0, pytest.approx(1 - ones / n)), (1.0, pytest.approx(ones / n)))
        return
    mean, std = says.mean, says.std
    if says.family == "truncated_normal":
        theirs = stats.truncnorm((says.low - mean) / std, (says.high - mean) / std, mean, std)
        mean, std = float(theirs.mean()), float(theirs.std())
    assert law.mean == pytest.approx(mean, rel=1e-9, abs=1e-9 * std)
    assert law.std == pytest.approx(std, rel=1e-9)
    assert law.support == pytest.approx((says.low, says.high), rel=1e-9)


def shapes_of(key: str) -> list[Shape]:
    if key in {"eye", "sparse"}:
        return [(256, 512), (7, 1)]
    if key == "dirac":
        return [(33, 64, 5), (64, 32, 3, 3)]
    return [shape for shape in SHAPES if shape != (1, 1)]


def by_framework(key: str, shape: Shape, **params: Any) -> dict[str, Equivalent]:
    return {row.framework: row for row in equivalents(key, shape, **params)}


CALLS = [(key, {}, shape) for key in SCHEMES for shape in shapes_of(key)] + [
    (key, params, shape)
    for key, params in [
        ("uniform", {"a": 0.0, "b": 0.3}),
        ("normal", {"std": 0.02}),
        ("normal", {"std": 0.0}),
        ("constant", {"val": -0.25}),
        *((f"kaiming_{law}", {"mode": "fan_out", "nonlinearity": "tanh"}) for law in ("normal", "uniform")),
        ("kaiming_normal", {"nonlinearity": "selu"}),
        ("kaiming_normal", {"nonlinearity": "linear"}),
        ("kaiming_normal", {"a": 0.3}),
        ("kaiming_uniform", {"a": math.sqrt(5)}),
        ("kaiming_uniform", {"a": 1e30, "mode": "fan_out"}),
        ("xavier_normal", {"gain": 5 / 3}),
        ("xavier_normal", {"gain": 0.0}),
        ("xavier_uniform", {"gain": 1e-20}),
        ("trunc_normal", {"std": 0.02}),
        ("trunc_normal", {"std": 0.5, "a": -0.3, "b": 1.1}),
        *(
            ("variance_scaling", {"scale": 0.7, "mode": mode, "distribution": distribution})
            for mode in ("fan_in", "fan_out", "fan_avg")
            for distribution in ("normal", "truncated_normal", "uniform")
        ),
        ("orthogonal", {"gain": 1.5}),
        ("gpt2_residual", {"n_layer": 48}),
        ("mup_hidden", {"sigma": 0.5}),
        ("mup_hidden", {"sigma": 0.5, "base_width": 64}),
        ("mup_hidden", {"sigma": 0.0}),
        ("mup_output", {"sigma": 0.0}),
    ]
    for shape in [(256, 512), (33, 64, 5)]
]


@pytest.mark.parametrize("key", SCHEMES)
def test_every_scheme_has_a_row_for_each_framework_or_an_honest_none(key: str) -> None:
    rows = equivalents(key, shapes_of(key)[0])
    assert tuple(row.framework for row in rows) == FRAMEWORKS == ("keras", "jax", "timm")
    for row in rows:
        assert (row.call == "") == (row.law is None) == ("no_such" in row.notes)
        assert set(row.notes) <= set(NOTES)
        assert len(set(row.notes)) == len(row.notes)
        assert row.source.url.startswith("https://")
        assert row.source.citation
        assert row.source.title


@pytest.mark.parametrize(
    ("key", "params", "shape"), [call for call in CALLS if call[0] not in {"sparse", "dirac"}], ids=str
)
def test_a_law_is_what_the_documentation_says_of_its_call(key: str, params: Any, shape: Shape) -> None:
    ours = SCHEMES[key].law(shape, **params)
    rows = [row for row in equivalents(key, shape, **params) if row.law and not row.call.startswith("lambda")]
    assert rows
    for row in rows:
        assert_law(row.law, said(row.call, shape), shape)
        if row.exact:
            assert_law(ours, said(row.exact, shape), shape)
            assert difference(row.law, ours).kind == "same_std"
        elif "cut_fixed" not in row.notes:
            assert difference(row.law, ours).kind == "same"


def test_no_note_is_unused_and_what_no_framework_has_is_named() -> None:
    used = {
        note
        for key, params, shape in CALLS
        for row in equivalents(key, shape, **params)
        for note in row.notes
    }
    far = {note for row in equivalents("trunc_normal", (5, 3), a=3.0, b=4.0) for note in row.notes}
    assert used | far == set(NOTES)
    missing = {key for key in SCHEMES if not any(row.call for row in equivalents(key, shapes_of(key)[0]))}
    assert missing == {"sparse", "dirac"}


@pytest.mark.parametrize(
    ("key", "keras", "jax"),
    [
        ("kaiming_normal", "HeNormal", "he_normal"),
        ("kaiming_uniform", "HeUniform", "he_uniform"),
        ("xavier_normal", "GlorotNormal", "glorot_normal"),
        ("xavier_uniform", "GlorotUniform", "glorot_uniform"),
        ("lecun_normal", "LecunNormal", "lecun_normal"),
        ("lecun_uniform", "LecunUniform", "lecun_uniform"),
        ("orthogonal", "Orthogonal", "orthogonal"),
    ],
)
def test_defaults_of_a_scheme_go_by_their_name(key: str, keras: str, jax: str) -> None:
    rows = by_framework(key, (256, 512))
    assert rows["keras"].call == f"keras.initializers.{keras}()"
    assert rows["jax"].call == f"jax.nn.initializers.{jax}()"


def test_other_parameters_go_by_variance_scaling_with_the_gain_squared() -> None:
    rows = by_framework("kaiming_normal", (64, 32, 3, 3), nonlinearity="tanh", mode="fan_out")
    scale = repr((5 / 3) ** 2)
    arguments = f'scale={scale}, mode="fan_out", distribution='
    assert rows["keras"].call == f'keras.initializers.VarianceScaling({arguments}"truncated_normal")'
    assert rows["keras"].exact == f'keras.initializers.VarianceScaling({arguments}"untruncated_normal")'
    assert rows["jax"].call == f'jax.nn.initializers.variance_scaling({arguments}"truncated_normal")'
    assert rows["jax"].exact == f'jax.nn.initializers.variance_scaling({arguments}"normal")'
    assert rows["timm"].call == f'timm.layers.variance_scaling_(w, {arguments}"normal")'
    classic = by_framework("classic_uniform", (256, 512))
    assert classic["timm"].call == (
        f'timm.layers.variance_scaling_(w, scale={1 / 3!r}, mode="fan_in", distribution="uniform")'
    )


def test_a_relu_gain_is_squared_without_rounding() -> None:
    # √2 squared is 2.0000000000000004 in floats
    # and the slope `a` is leaky_relu's alone: torch reads it for no other
    for params in ({"nonlinearity": "relu"}, {}, {"nonlinearity": "relu", "a": 0.5}):
        assert by_framework("kaiming_normal", (5, 3), **params)["timm"].call.count("scale=2.0,") == 1


def test_keras_calls_the_cut_law_normal() -> None:
    rows = by_framework("variance_scaling", (5, 3), distribution="normal")
    assert "normal_is_cut" in rows["keras"].notes
    assert '"untruncated_normal"' in rows["keras"].call
    assert "normal_is_cut" not in rows["jax"].notes
    assert '"normal"' in rows["jax"].call


def test_a_scale_of_zero_is_zeros_in_keras() -> None:
    for key, params in (("xavier_normal", {"gain": 0.0}), ("mup_hidden", {"sigma": 0.0})):
        rows = by_framework(key, (5, 3), **params)
        assert rows["keras"].call == "keras.initializers.Zeros()"
        assert rows["keras"].notes == ("zero_scale",)
        assert all(row.law is not None and row.law.support == (0, 0) for row in rows.values())


def test_cuts_are_weights_in_torch_and_std_in_jax_and_fixed_in_keras() -> None:
    ours = SCHEMES["trunc_normal"].law((5, 3), std=0.02)
    rows = by_framework("trunc_normal", (5, 3), std=0.02)
    assert rows["jax"].call == "jax.nn.initializers.truncated_normal(stddev=0.02, lower=-100.0, upper=100.0)"
    assert rows["timm"].call == "timm.layers.trunc_normal_(w, mean=0.0, std=0.02, a=-2.0, b=2.0)"
    assert rows["keras"].call == "keras.initializers.TruncatedNormal(stddev=0.02)"
    assert rows["keras"].law is not None
    found = difference(rows["keras"].law, ours)
    assert found.kind == "std"
    assert found.std_ratio == pytest.approx(CUT, rel=1e-9)
    moved = by_framework("trunc_normal", (5, 3), mean=1.0, std=0.5, a=0.0, b=2.0)
    assert moved["keras"].call == "keras.initializers.TruncatedNormal(mean=1.0, stddev=0.5)"
    assert moved["keras"].law is not None
    assert (
        difference(moved["keras"].law, SCHEMES["trunc_normal"].law((5, 3), mean=1, std=0.5, a=0)).kind
        == "same"
    )


@pytest.mark.parametrize(
    ("params", "stray", "far"),
    [
        ({}, False, False),
        ({"std": 0.02}, True, False),
        # erf(5.3/√2) is short of 1 by 1.2e-7, of which float32 still keeps track; erf(5.6/√2) by 2.1e-8
        ({"std": 2 / 5.3}, False, False),
        ({"std": 2 / 5.6}, True, False),
        ({"a": 2.5, "b": 3.0}, False, True),
        ({"mean": 4.5}, True, True),
    ],
    ids=str,
)
def test_where_the_inverse_of_erf_leaves_the_law(params: dict[str, float], *, stray: bool, far: bool) -> None:
    rows = by_framework("trunc_normal", (5, 3), **params)
    for name in ("jax", "timm"):
        assert ("stray" in rows[name].notes, "far_cut" in rows[name].notes) == (stray, far)
    assert not {"stray", "far_cut"} & set(rows["keras"].notes)


@pytest.mark.parametrize("mean", [-5.5, -4.9, -3.5, -3.1, -2.9, -1.5, 0.0, 2.0, 3.9, 4.1, 5.9, 6.1, 7.0])
@pytest.mark.parametrize(("a", "b", "std"), [(-2.0, 3.0, 0.5), (-1.0, 2.0, 1.0), (-3.0, 4.0, 1.0)])
def test_a_cut_is_far_where_torch_itself_warns_of_it(mean: float, a: float, b: float, std: float) -> None:
    """torch.nn.init and timm say so of a mean over two std outside of the cuts, on either side."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        nn.init.trunc_normal_(torch.empty(5, 3), mean, std, a, b, generator=torch.Generator())
    rows = by_framework("trunc_normal", (5, 3), mean=mean, std=std, a=a, b=b)
    far = any("more than 2 std" in str(each.message) for each in said)
    assert far is not (a - 2 * std <= mean <= b + 2 * std)
    for name in ("jax", "timm"):
        assert ("far_cut" in rows[name].notes) is far


@pytest.mark.parametrize(
    ("text", "fans"),
    {
        # Keras' kernel is (3, 3, 4, 2): compute_fans takes in·9 and multiplier·9
        "Conv2d(4, 8, 3, groups=4)": (4 * 9, 2 * 9),
        "Conv2d(6, 6, (3, 5), groups=6)": (6 * 15, 15),
        "Conv1d(10, 30, 7, groups=10)": (10 * 7, 3 * 7),
        # in groups, but not of one channel each; not in groups; no depthwise layer of these there
        "Conv2d(4, 8, 3, groups=2)": None,
        "Conv2d(1, 8, 3)": None,
        "Conv3d(4, 8, 3, groups=4)": None,
        "ConvTranspose2d(4, 8, 3, groups=4)": None,
        "Linear(4, 8)": None,
    }.items(),
)
def test_keras_counts_a_depthwise_kernel_by_its_channels_and_its_multiplier(
    text: str, fans: tuple[int, int] | None
) -> None:
    shape = depthwise(Layer.of(text))
    assert fans == (shape and nn.init._calculate_fan_in_and_fan_out(torch.empty(shape)))


def test_what_jax_has_no_initializer_for_is_a_function_of_the_same_numbers() -> None:
    begin = "lambda key, shape, dtype=float: "
    written = {
        "uniform": ({"a": -0.1, "b": 0.3}, "jax.random.uniform(key, shape, dtype, minval=-0.1, maxval=0.3)"),
        "normal": ({"mean": 0.5, "std": 0.25}, "0.5 + 0.25 * jax.random.normal(key, shape, dtype)"),
        "trunc_normal": (
            {"mean": 0.5, "std": 0.25, "a": 0.0, "b": 2.0},
            "0.5 + 0.25 * jax.random.truncated_normal(key, -2.0, 6.0, shape, dtype)",
        ),
        "eye": ({}, "jax.numpy.eye(*shape, dtype=dtype)"),
    }
    for key, (params, body) in written.items():
        row = by_framework(key, (7, 4), **params)["jax"]
        assert row.call == begin + body
        assert "own_function" in row.notes
        assert row.law is not None
        assert difference(row.law, SCHEMES[key].law((7, 4), **params)).kind == "same"


@pytest.mark.parametrize("key", ["kaiming_normal", "xavier_uniform", "orthogonal"])
@pytest.mark.parametrize("shape", [(300, 17), (32, 64, 3, 3)], ids=str)
def test_torch_draws_what_the_exact_call_says(key: str, shape: Shape) -> None:
    w = torch.empty(shape)
    getattr(nn.init, f"{key}_")(w, generator=torch.Generator().manual_seed(11))
    for row in equivalents(key, shape):
        if row.law is not None:
            # the relative standard error of a std of n draws is at most √(1/(2·n)) here; 5 of them
            assert w.std().item() == pytest.approx(row.law.std, rel=5 / math.sqrt(2 * w.numel()))


def test_defaults_are_those_of_the_layers() -> None:
    shape = (300, 200)
    rows = {row.framework: row for row in defaults(shape)}
    assert list(rows) == ["torch", "keras", "flax", "timm"]
    assert_law(rows["torch"].law, _uniform(-1 / math.sqrt(200), 1 / math.sqrt(200)), shape)
    assert_law(rows["keras"].law, _uniform(-math.sqrt(6 / 500), math.sqrt(6 / 500)), shape)
    parent = 1 / math.sqrt(200) / CUT
    assert_law(rows["flax"].law, _cut(parent, -2 * parent, 2 * parent), shape)
    assert_law(rows["timm"].law, _cut(0.02, -2, 2), shape)
    assert rows["timm"].notes == ("stray",)
    assert rows["timm"].call == "timm.layers.trunc_normal_(w, std=0.02)"
    assert all(
        row.source.url.startswith("https://") and set(row.notes) <= set(NOTES) for row in rows.values()
    )


@pytest.mark.parametrize("layer", [nn.Linear(40, 30), nn.Conv2d(8, 30, 3)], ids=str)
def test_torch_s_default_is_the_layer_s_own(layer: nn.Linear | nn.Conv2d) -> None:
    shape = tuple(layer.weight.shape)
    w = torch.empty(shape)
    torch_row, *_, timm_row = defaults(shape)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(12)
        layer.reset_parameters()
        torch.manual_seed(12)
        eval(torch_row.call, {"torch": torch, "math": math, "w": w})  # noqa: S307 - the table's own code
    assert torch.equal(w, layer.weight)
    assert torch_row.law.support[1] == pytest.approx(1 / math.sqrt(w[0].numel()))
    # timm leaves its vision transformer's convolution as torch made it
    assert (timm_row.call == torch_row.call) == (len(shape) > 2)


def _e(value: float) -> Expression:
    return Expression("x", "x", value)


@pytest.mark.parametrize(
    ("theirs", "ours", "kind", "ratio"),
    [
        (normal(_e(0.3)), normal(_e(0.3)), "same", 1),
        (normal(_e(0.3 * (1 + 1e-12))), normal(_e(0.3)), "same", 1),
        (normal(_e(0.3 * (1 + 1e-7))), normal(_e(0.3)), "std", 1 + 1e-7),
        (symmetric_uniform(_e(SQRT3 * 0.3)), normal(_e(0.3)), "same_std", 1),
        (normal(_e(0.6)), symmetric_uniform(_e(SQRT3 * 0.3)), "std", 2),
        (normal(_e(0.3), _e(1.0)), normal(_e(0.3)), "other", 1),
        (uniform(_e(0.0), _e(1.0)), symmetric_uniform(_e(0.5)), "other", 1),
        (point(_e(5.0)), point(_e(5.0)), "same", 1),
        (point(_e(5.0)), point(_e(0.0)), "other", 1),
        (normal(_e(0.3)), point(_e(0.0)), "other", INF),
        (point(_e(0.0)), normal(_e(0.3)), "other", 0),
        (normal(_e(1e-30)), normal(_e(2e-30)), "std", 0.5),
    ],
)
def test_a_difference_is_read_off_the_laws(theirs: Law, ours: Law, kind: str, ratio: float) -> None:
    found = difference(theirs, ours)
    assert found.kind == kind
    assert found.std_ratio == pytest.approx(ratio, rel=1e-9)


def test_a_matrix_and_a_share_of_zeros_are_part_of_a_law() -> None:
    orthogonal, eye, sparse = (SCHEMES[key].law for key in ("orthogonal", "eye", "sparse"))
    assert difference(orthogonal((30, 20)), orthogonal((30, 20))).kind == "same"
    assert difference(orthogonal((30, 20)), orthogonal((30, 10))).kind == "same_std"
    assert difference(eye((30, 20)), eye((30, 20))).kind == "same"
    assert difference(eye((30, 20)), eye((30, 10))).kind == "same"  # both have a one in thirty
    assert difference(sparse((30, 20)), sparse((30, 20), sparsity=0.5)).kind == "std"
    # 3 and 15 of 30 weights are 0, the others wider by so much that the variance is one
    wider = sparse((30, 20), sparsity=0.5, std=0.01 * math.sqrt((1 - 0.1) / (1 - 0.5)))
    assert difference(wider, sparse((30, 20))).kind == "same_std"


@pytest.mark.parametrize(
    ("key", "shape", "params", "error"),
    [
        ("he_normal", (5, 3), {}, SchemeError),
        ("kaiming_normal", (5,), {}, ShapeError),
        ("kaiming_normal", (5, 0), {}, ShapeError),
        ("eye", (5, 3, 3), {}, ShapeError),
        ("dirac", (5, 3), {}, ShapeError),
        ("normal", (5, 3), {"std": -1.0}, ParameterError),
        ("normal", (5, 3), {"stddev": 1.0}, ParameterError),
        ("uniform", (5, 3), {"a": 2.0}, ParameterError),
        ("trunc_normal", (5, 3), {"a": 40.0, "b": 50.0}, ParameterError),
        ("variance_scaling", (5, 3), {"scale": 0.0}, ParameterError),
    ],
)
def test_what_the_scheme_refuses_is_refused(
    key: str, shape: Shape, params: dict[str, float], error: type[InitLabError]
) -> None:
    with pytest.raises(error):
        equivalents(key, shape, **params)


def test_a_default_needs_fans() -> None:
    with pytest.raises(ShapeError):
        defaults((5,))


def test_a_std_lost_in_its_mean_is_no_spread() -> None:
    rows = by_framework("trunc_normal", (5, 3), mean=1e17, std=1.0, a=1e17 - 160, b=1e17 + 160)
    assert rows["keras"].law is not None
    assert rows["keras"].law.std == 0
