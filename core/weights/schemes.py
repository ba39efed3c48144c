"""The schemes: one row each, what its source claims beside how torch draws it.

To add a scheme, add a row to ``_ROWS`` (and, if it brings a new parameter, its domain to
``PARAMETERS``); the tests then hold the row to ``torch.nn.init`` and to its own law.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from ..errors import SchemeError
from .families import (
    ONE,
    ZERO,
    normal,
    point,
    symmetric_uniform,
    uniform,
)
from .laws import Expression
from .parameters import Parameter, Params, Value
from .scheme import Call, Scheme, Weight
from .scheme_laws import (
    classic_bound,
    deepnorm_gain,
    deepnorm_std,
    dirac_law,
    eye_law,
    fixup_std,
    given_value,
    gpt2_std,
    kaiming_scale,
    lecun_scale,
    llama_std,
    mup_depth_std,
    mup_std,
    normal_law,
    orthogonal_law,
    siren_bound,
    small_std,
    sparse_law,
    t5_std,
    trunc_normal_law,
    variance_scaling_call,
    variance_scaling_law,
    wang_std,
    xavier_scale,
)
from .sources import (
    BLACK_2022,
    GLOROT_2010,
    HE_2015,
    KERAS,
    KLAMBAUER_2017,
    LECUN_1998,
    LINEAR_DEFAULT,
    MARTENS_2010,
    NGUYEN_2019,
    RADFORD_2019,
    RAFFEL_2020,
    SAXE_2014,
    SITZMANN_2020,
    TORCH,
    TORCHTITAN,
    WANG_2022,
    YANG_2022,
    YANG_2023,
    ZHANG_2019,
    Source,
)

_KAIMING: Mapping[str, Value] = {"nonlinearity": "leaky_relu", "mode": "fan_in", "a": 0.0}


def _normal_row(
    key: str,
    params: Mapping[str, Value],
    source: Source,
    std: Callable[[Weight, Params], Expression],
) -> Scheme:
    """Return the row of a scheme that is N(0, std²)."""
    return Scheme(
        key=key,
        params=params,
        source=source,
        _law=lambda weight, p: normal(std(weight, p)),
        _call=lambda weight, p: Call("normal_", {"std": std(weight, p).value}),
    )


def _siren_row(key: str, params: Mapping[str, Value]) -> Scheme:
    """Return the row of a scheme that is uniform within ``siren_bound``."""

    def call(shape: Sequence[int], p: Params) -> Call:
        bound = siren_bound(shape, p).value
        return Call("uniform_", {"a": -bound, "b": bound})

    return Scheme(
        key=key,
        params=params,
        source=SITZMANN_2020,
        _law=lambda weight, p: symmetric_uniform(siren_bound(weight, p)),
        _call=call,
    )


_ROWS = (
    Scheme(
        key="uniform",
        params={"b": 1.0, "a": 0.0},
        source=TORCH,
        _law=lambda _, p: uniform(given_value("a", p["a"]), given_value("b", p["b"])),
        _call=lambda _, p: Call("uniform_", {"a": p["a"], "b": p["b"]}),
    ),
    Scheme(
        key="normal",
        params={"std": 1.0, "mean": 0.0},
        source=TORCH,
        _law=normal_law,
        _call=lambda _, p: Call("normal_", {"mean": p["mean"], "std": p["std"]}),
    ),
    Scheme(
        key="zeros",
        params={},
        source=TORCH,
        _law=lambda *_: point(ZERO),
        _call=lambda *_: Call("zeros_", {}),
    ),
    Scheme(
        key="ones",
        params={},
        source=TORCH,
        _law=lambda *_: point(ONE),
        _call=lambda *_: Call("ones_", {}),
    ),
    Scheme(
        key="constant",
        params={"val": 5.0},
        source=TORCH,
        _law=lambda _, p: point(given_value("c", p["val"])),
        _call=lambda _, p: Call("constant_", {"val": p["val"]}),
    ),
    Scheme(
        key="kaiming_normal",
        params=_KAIMING,
        source=HE_2015,
        _law=lambda shape, p: normal(kaiming_scale(shape, p, 1)),
        _call=lambda _, p: Call("kaiming_normal_", p),
    ),
    Scheme(
        key="kaiming_uniform",
        params=_KAIMING,
        source=HE_2015,
        # a uniform law of variance s² reaches to ±√3·s
        _law=lambda shape, p: symmetric_uniform(kaiming_scale(shape, p, 3)),
        _call=lambda _, p: Call("kaiming_uniform_", p),
    ),
    Scheme(
        key="xavier_normal",
        params={"gain": 1.0},
        source=GLOROT_2010,
        _law=lambda shape, p: normal(xavier_scale(shape, p, 2)),
        _call=lambda _, p: Call("xavier_normal_", p),
    ),
    Scheme(
        key="xavier_uniform",
        params={"gain": 1.0},
        source=GLOROT_2010,
        _law=lambda shape, p: symmetric_uniform(xavier_scale(shape, p, 6)),
        _call=lambda _, p: Call("xavier_uniform_", p),
    ),
    Scheme(
        key="classic_uniform",
        params={},
        source=LINEAR_DEFAULT,
        _law=lambda shape, _: symmetric_uniform(classic_bound(shape)),
        # the very call of nn.Linear.reset_parameters: √(6/((1+5)·fan_in)) = 1/√fan_in
        _call=lambda *_: Call("kaiming_uniform_", {"a": math.sqrt(5)}),
    ),
    Scheme(
        key="lecun_normal",
        params={},
        source=KLAMBAUER_2017,
        _law=lambda shape, _: normal(lecun_scale(shape, 1)),
        _call=lambda *_: Call("kaiming_normal_", {"nonlinearity": "linear"}),
    ),
    Scheme(
        key="lecun_uniform",
        params={},
        source=LECUN_1998,
        _law=lambda shape, _: symmetric_uniform(lecun_scale(shape, 3)),
        _call=lambda *_: Call("kaiming_uniform_", {"nonlinearity": "linear"}),
    ),
    Scheme(
        key="trunc_normal",
        params={"std": 1.0, "mean": 0.0, "a": -2.0, "b": 2.0},
        source=TORCH,
        _law=trunc_normal_law,
        _call=lambda _, p: Call("trunc_normal_", p),
        _own={"std": Parameter(minimum=0.0, zero=False)},
    ),
    Scheme(
        key="variance_scaling",
        params={"distribution": "truncated_normal", "scale": 1.0, "mode": "fan_in"},
        source=KERAS,
        _law=variance_scaling_law,
        _call=variance_scaling_call,
        _own={"mode": Parameter(choices=("fan_in", "fan_out", "fan_avg"))},
    ),
    Scheme(
        key="orthogonal",
        params={"gain": 1.0},
        source=SAXE_2014,
        _law=orthogonal_law,
        _call=lambda _, p: Call("orthogonal_", p),
    ),
    Scheme(
        key="orthogonal_cast",
        params={"gain": 1.0},
        source=SAXE_2014,
        _law=orthogonal_law,
        _call=lambda _, p: Call("orthogonal_", p, cast=True),
    ),
    Scheme(
        key="sparse",
        params={"sparsity": 0.1, "std": 0.01},
        source=MARTENS_2010,
        _law=sparse_law,
        _call=lambda _, p: Call("sparse_", p),
    ),
    Scheme(
        key="eye",
        params={},
        source=TORCH,
        _law=eye_law,
        _call=lambda *_: Call("eye_", {}),
    ),
    Scheme(
        key="dirac",
        params={"groups": 1},
        source=TORCH,
        _law=dirac_law,
        _call=lambda _, p: Call("dirac_", p),
    ),
    _normal_row("gpt2_residual", {"n_layer": 12, "std": 0.02}, RADFORD_2019, lambda _, p: gpt2_std(p)),
    _normal_row("llama_residual", {"layer_id": 0, "std": 0.02}, TORCHTITAN, llama_std),
    _normal_row("small_init", {"d_model": 0}, NGUYEN_2019, small_std),
    _normal_row("wang_init", {"n_layer": 12, "d_model": 0}, BLACK_2022, wang_std),
    _normal_row("t5", {"role": "q", "d_kv": 64, "factor": 1.0}, RAFFEL_2020, t5_std),
    _normal_row(
        "mup_hidden", {"sigma": 1.0, "base_width": 1}, YANG_2022, lambda w, p: mup_std(w, p, output=False)
    ),
    _normal_row(
        "mup_output", {"sigma": 1.0, "base_width": 1}, YANG_2022, lambda w, p: mup_std(w, p, output=True)
    ),
    _normal_row("mup_depth", {"n_layer": 12, "sigma": 1.0, "base_width": 1}, YANG_2023, mup_depth_std),
    Scheme(
        key="deepnorm",
        params={"n_layer": 12, "stack": "alone", "n_decoder": 12},
        source=WANG_2022,
        _law=lambda shape, p: normal(deepnorm_std(shape, p)),
        _call=lambda _, p: Call("xavier_normal_", {"gain": deepnorm_gain(p).value}),
    ),
    _normal_row("fixup", {"n_layer": 12, "branch": 2, "mode": "fan_in"}, ZHANG_2019, fixup_std),
    _siren_row("siren_first", {}),
    _siren_row("siren_hidden", {"omega": 30.0}),
)


def _by_key(rows: Sequence[Scheme]) -> Mapping[str, Scheme]:
    table = {row.key: row for row in rows}
    if len(table) != len(rows):
        raise SchemeError("scheme.duplicate")
    return MappingProxyType(table)


SCHEMES: Mapping[str, Scheme] = _by_key(_ROWS)


def scheme_of(key: str) -> Scheme:
    """Return the scheme with this ``key``.

    Raises:
        SchemeError: if there is none, naming those that exist.
    """
    if not isinstance(key, str) or key not in SCHEMES:
        raise SchemeError("scheme.unknown", value=key, schemes=tuple(SCHEMES))
    return SCHEMES[key]
