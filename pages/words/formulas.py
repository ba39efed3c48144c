"""A law as a formula with this layer's numbers put in, in LaTeX that may wrap between its steps."""

from collections.abc import Callable, Mapping

from core import Law
from core.weights.laws import Expression
from core.weights.scheme_laws import number
from pages.text.numbers import apart


def formula(law: Law) -> str:
    """Return the law as inline Markdown formulas."""
    return _OF[law.family](law)


def _point(law: Law) -> str:
    (value,) = law.parameters
    chain = "" if value.symbolic == value.numeric else rf"={value.symbolic}"
    return rf"$W{chain}={value.numeric}$"


def _indicator(law: Law) -> str:
    return r"$W\in\{0,\,1\},\;P(W=1)$" + _steps(law.parameters[0])


def _orthogonal(law: Law) -> str:
    rows, columns = law.matrix or (1, 1)
    gain = law.support[1]
    gram = r"QQ^{\mathsf T}" if rows <= columns else r"Q^{\mathsf T}Q"
    given = [] if gain == 1 else [f"g={number(gain)}"]
    return _list(rf"W={'' if gain == 1 else 'g'}Q,\;{gram}=I", *given, r"\sigma") + _steps(law.parameters[0])


def _sparse(law: Law) -> str:
    ((_, p),) = law.atoms
    share = f"p={apart(p, 1) if p > 0.9 else number(float(f'{p:.4g}'))}"
    return _list(
        r"W\sim p\,\delta_0+(1-p)\,\mathcal N(0,\,\sigma^2)", share, rf"\sigma={law.parameters[0].numeric}"
    )


def _truncated_normal(law: Law) -> str:
    *of, low, high = law.parameters
    centre = "0" if len(of) == 1 else r"\mu"
    cut = rf"W\sim\mathcal N({centre},\,\sigma^2),\;{low.symbolic}\le W\le {high.symbolic}"
    if len(of) == 1:
        return _list(cut, r"\sigma") + _steps(of[0])
    return _list(cut, *_given(*of, low, high))


def _uniform(law: Law) -> str:
    if len(law.parameters) == 2:
        return _list(r"W\sim\mathcal U(a,\,b)", *_given(*law.parameters))
    return _list(r"W\sim\mathcal U(-b,\,b),\;b") + _steps(law.parameters[0])


def _normal(law: Law) -> str:
    if len(law.parameters) == 2:
        return _list(r"W\sim\mathcal N(\mu,\,\sigma^2)", *_given(*law.parameters))
    return _list(r"W\sim\mathcal N(0,\,\sigma^2),\;\sigma") + _steps(law.parameters[0])


_OF: Mapping[str, Callable[[Law], str]] = {
    "point": _point,
    "indicator": _indicator,
    "orthogonal": _orthogonal,
    "sparse": _sparse,
    "truncated_normal": _truncated_normal,
    "uniform": _uniform,
    "normal": _normal,
}


def _given(*parameters: Expression) -> list[str]:
    return [f"{p.symbolic}={p.numeric}" for p in parameters]


def _list(*parts: str) -> str:
    """Return formulas with commas between them, after each of which the line may break."""
    return "$" + r",\;$ $".join(parts) + "$"


def _steps(of: Expression) -> str:
    """Return = symbols = numbers = value, each of which may start a line."""
    steps = [of.symbolic, of.numeric, number(float(f"{of.value:.4g}"))]
    return "".join(rf" ${{=}}\;{step}$" for step in dict.fromkeys(steps))
