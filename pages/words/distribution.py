"""What a draw says in words: the formula, the finding, the verdict and the table beside the chart."""

import math
from html import escape

import torch

from core import SCHEMES, Layer, ShapeError
from core.signals.comparison import by_connections
from core.weights import extremes, referee
from core.weights.narrow_cuts import is_narrow
from pages.figures.distribution_agreement import gap, within
from pages.figures.histogram import Overlay
from pages.figures.notation import plain
from pages.jobs.distribution import Drawn
from pages.state.chosen import State
from pages.text import Text, sentences
from pages.text.numbers import apart, count, expected_count, interval, probability, quantity
from pages.words.common import (
    fielded,
    folded,
    infinite,
    inputs,
    layer_name,
    moving,
    no_connections,
    outputs,
    told,
    units,
)
from pages.words.distribution_tables import (
    Row,
    beside_law,
    errors_off,
    expected_beyond,
    expected_of,
    wall_of,
    yardstick_of,
)

#: Fewer weights than this settle little, and the verdict opens with that.
FEW = 100


def name(state: State, t: Text) -> str:
    """Return the chosen scheme's name."""
    return t(f"scheme.{state['scheme']}.name")


def overlay(state: State, t: Text) -> Overlay | None:
    """Return the scheme whose bounds are to lie over the weights; None if none, or if it has none here."""
    if state["overlay"] in {"none", state["scheme"]}:
        return None
    other = SCHEMES[state["overlay"]]
    try:
        return Overlay(t(f"scheme.{other.key}.name"), other.law(state.shape))
    except ShapeError:  # it cannot fill this layer
        return None


#: Schemes whose hint says what they keep, where fans are the true numbers of connections.
_KEEPING = {"kaiming_normal", "xavier_normal", "xavier_uniform", "lecun_normal"}


def hint(state: State, t: Text) -> str:
    """Return one line on what the chosen scheme is for; '' where that fails, as torch counts other fans."""
    held = state.layer.faithful or state["scheme"] not in _KEEPING
    return t(f"scheme.{state['scheme']}.hint") if held else ""


def context(state: State, t: Text) -> str:
    """Return the line above the finding: what was drawn, where and from which seed."""
    n = math.prod(state.shape)
    weights = t("context.weights" if n > 1 else "context.weight", n=moving("n", count(n)))
    draw = t("context.draw", seed=moving("seed", state["seed"]), device=state.device, dtype=state["dtype"])
    scheme, layer = f"<b>{name(state, t)}</b> · ", moving("layer", escape(layer_name(state, t)))
    if state.page != "home":
        sizes = ("fan_in", "fan_out") if state.is_linear else ("layer",)
        which = fielded(f"{scheme}{layer} · ", state, "scheme", *sizes) + weights
        how = fielded(f" · {draw}", state, "seed", "device", "dtype", wide=True)
    else:  # where the layer has no field, and the finding says how many weights it has
        which = fielded(scheme, state, "scheme") + layer
        how = fielded(f" · {weights} · {draw}", state, "seed", wide=True)
    return f'<p class="lab-context">{which}{how}{moving("here", "")}</p>'


def counted(state: State) -> str:
    """Return torch's fans of a layer in a few words."""
    return f"fan_in {count(int(state.layer.fans.fan_in))}, fan_out {count(int(state.layer.fans.fan_out))}"


def fans(state: State, t: Text) -> str:
    """Return torch's fans of a layer beside its true connections, and what the difference makes."""
    layer = state.layer
    torch_in, torch_out = layer.fans.fan_in, layer.fans.fan_out
    true_in, true_out = layer.connections
    facts = {
        "fan_in": count(int(torch_in)),
        "fan_out": count(int(torch_out)),
        "inputs": inputs(true_in, t),
        "outputs": outputs(true_out, t),
        "shape": " × ".join(map(count, layer.shape)),
    }
    if words := no_connections(layer, t):
        return sentences(t("fans.counted", **facts), words, *beside(layer, t))
    if layer.faithful:
        return sentences(t("fans.same", **facts), *beside(layer, t))
    key = "fans.stacked" if layer.parts > 1 else "fans.differ"
    words = t(key, **facts, **({"parts": layer.parts} if layer.parts > 1 else {}))
    law = SCHEMES[state["scheme"]].law(state.shape, **state.params)
    wanted = by_connections(state["scheme"], layer, **state.params)
    if wanted is not None and wanted.std > 0 and abs((ratio := law.std / wanted.std) - 1) > 1e-9:
        words = sentences(words, t("fans.std", ratio=apart(ratio, 1)))
    return sentences(words, *beside(layer, t))


def beside(layer: Layer, t: Text) -> list[str]:
    """Say what a layer has beside its weight: a bias, a padding row, arguments that do not matter here."""
    words = []
    if (bias := layer.bias_law) is not None:
        bound = bias.support[1]
        words.append(
            t("fans.bias", bound=quantity(bound, bound, trim=True)) if bound else t("fans.bias_zero")
        )
    if layer.padding_idx is not None:
        words.append(t("fans.padding", row=count(layer.padding_idx)))
    if layer.unused:
        words.append(t("fans.unused", names=t("verdict.and").join(layer.unused)))
    return words


def finding(drawn: Drawn, state: State, t: Text) -> str:
    """Return the page's headline: the finding, with its number."""
    if not drawn.verdict.consistent:
        return sentences(f"▲ {t('verdict.against')}", _against(drawn, t))
    special = {"indicator": _pattern, "orthogonal": _orthonormal, "sparse": _zeros}
    say = special.get(drawn.law.family, _uncrossed if yardstick_of(drawn) is None else _crossed)
    return say(drawn, state, t)


def _pattern(drawn: Drawn, state: State, t: Text) -> str:
    (_, zeros), (_, ones) = drawn.summary.atoms
    rest = state.shape[0] - ones
    # the rows of these are inputs: a transposed convolution's channels, a table's entries
    by_inputs = state.layer.kind.startswith(("ConvTranspose", "Embedding"))
    key = f"finding.{'copied' if by_inputs else 'copies'}{'_some' if rest else ''}"
    return t(key, ones=count(ones), zeros=count(zeros), rest=count(rest))


def _orthonormal(drawn: Drawn, _: State, t: Text) -> str:
    rows, columns = drawn.law.matrix or (1, 1)
    gain = drawn.law.support[1]
    length = quantity(gain, gain, trim=True)
    if min(rows, columns) == 1:
        return t("finding.orthogonal_one", length=length)
    sides = t("finding.rows") if rows <= columns else t("finding.columns")
    return t("finding.orthogonal", sides=sides, k=count(min(rows, columns)), length=length)


def _zeros(drawn: Drawn, _: State, t: Text) -> str:
    summary, law = drawn.summary, drawn.law
    rows = (law.matrix or (1, 1))[0]
    fixed = round(law.atoms[0][1] * rows)
    facts = {"zeros": count(summary.atoms[0][1]), "fixed": count(fixed), "rows": count(rows)}
    return t("finding.sparse", n=count(summary.n), **facts)


def _crossed(drawn: Drawn, _: State, t: Text) -> str:
    band, outside = yardstick_of(drawn) or (drawn.law.bands[0], 0)
    facts = {
        "observed": count(outside),
        "n": count(drawn.summary.n),
        "band": plain(band.formula),
        "expected": expected_count(expected_beyond(drawn, band)),
    }
    key = "finding.coverage" if wall_of(drawn) is None else "finding.uncut"
    return t(key if drawn.summary.n > 1 else f"{key}_one", **facts)


def _uncrossed(drawn: Drawn, state: State, t: Text) -> str:
    summary, law, _ = drawn
    wall = wall_of(drawn) or law.bands[0]
    low, high = interval(wall.low, wall.high)
    if law.family == "point":
        key = "finding.point" if units(state.layer) > 1 else "finding.point_unit"
        return t(key, n=count(summary.n), value=low)
    if law.support[0] != -law.support[1]:
        return t("finding.interval", low=low, high=high)
    exact = interval(*law.support)[1]
    facts = {"bound": high, "exact": exact, "dtype": state["dtype"]}
    return t("finding.wall" if high == exact else "finding.wall_rounded", **facts)


def alt(drawn: Drawn, state: State, t: Text) -> str:
    """Describe the chart to those who cannot see it: what is drawn, how many, and the finding."""
    key = "chart.alt" if drawn.law.random else "chart.alt_point"
    return t(key, n=count(drawn.summary.n), scheme=name(state, t), finding=finding(drawn, state, t))


def alt_of(view: str, words: str, drawn: Drawn, state: State, t: Text) -> str:
    """Return the chart of a view in words: what is drawn, and what the view's own ``words`` find."""
    what = t(f"chart.alt_{view}", scheme=name(state, t), n=count(drawn.summary.n))
    return sentences(what, told(words))


def verdict(drawn: Drawn, t: Text) -> str:
    """Return whether sample and law agree; where it is not plain, why."""
    summary, law, judged = drawn
    if not judged.consistent:
        alarms = count(1 / referee.ALPHA)
        lead, why = t("verdict.against"), _against(drawn, t)
        if strays := _strays(drawn, t):
            why = sentences(why, strays)
        elif law.random and min(check.p_value for check in judged.checks) > 0:
            why = sentences(why, t("verdict.alarm", alarms=alarms))
        sentence = t("verdict.sentence", lead=f"▲ {lead}", why=sentences(why, infinite([summary], t)))
        return f'<p class="lab-verdict lab-against">{sentence}</p>'
    if not law.random:
        case, why = "exact", t("verdict.exact_why")
    elif law.family == "orthogonal":
        case, why = "consistent", t("verdict.orthogonal_why")
    else:
        case = "consistent" if summary.n >= FEW else "few" if summary.n > 1 else "one"
        why = "" if case == "consistent" else _power(drawn, case, t)
        if abs(errors_off(drawn).get("excess_kurtosis", 0.0)) > STRAYED and _strays(drawn, t):
            why = sentences(why, t("verdict.strayed"))
    why = sentences(why, infinite([summary], t))
    sentence = t("verdict.sentence", lead=t(f"verdict.{case}"), why=why).rstrip()
    return f'<p class="lab-verdict">{sentence}</p>'


#: Standard errors of a kurtosis that calls for a reason where no check does: nothing checks a fourth moment.
STRAYED = 6


def _strays(drawn: Drawn, t: Text) -> str:
    """Say where torch's own draw is not quite of the law: see ``core.weights.referee_checks``."""
    law = drawn.law
    if law.uncut is None or drawn.summary.dtype != torch.float32 or not is_narrow(law):
        return ""
    (mean, std), (low, high) = law.uncut, law.support
    warned = t("verdict.warned") if max(low - mean, mean - high) > 2 * std else ""
    return sentences(t("verdict.strays"), warned)


def _power(drawn: Drawn, case: str, t: Text) -> str:
    """Return how large an error so many weights would show."""
    return t(f"verdict.{case}_why", detectable=quantity(100 * drawn.verdict.detectable, digits=3))


def checked(drawn: Drawn, state: State, t: Text) -> str:
    """Return what a draw that agrees with its law was checked for, how finely and surely; '' if none."""
    summary, law, judged = drawn
    if not (judged.consistent and law.random and summary.n > 1):
        return ""
    p = probability(judged.p_value)
    if law.family == "orthogonal":
        return t("verdict.dependent", p=p)
    names = dict.fromkeys(check.name for check in judged.checks)
    words = t(
        "verdict.checked", checks=t("verdict.and").join(t(f"verdict.checks.{name}") for name in names), p=p
    )
    fine = _power(drawn, "consistent", t) if summary.n >= FEW else ""
    grid = t("verdict.grid", dtype=state["dtype"]) if state.dtype.itemsize == 2 else ""
    return sentences(fine, words, grid)


def _against(drawn: Drawn, t: Text) -> str:
    """Say what contradicts the law: the check that fails worst."""
    summary, law, judged = drawn
    worst = min(judged.checks, key=lambda check: check.p_value)
    yardstick = yardstick_of(drawn)
    band, outside = yardstick or (law.bands[0], summary.outside[0])
    expected = expected_of(drawn).std
    ratio = summary.std / expected - 1 if expected > 0 else 0.0
    errors = errors_off(drawn).get(worst.name, math.nan)  # as the table has them
    kind = worst.name
    if kind == "std" and math.isnan(errors):
        kind = "std_few"
    elif kind == "extreme" and worst.statistic < 0:
        kind = "extreme_near"
    return t(
        f"verdict.off.{kind}",
        observed=count(outside if worst.name == "outside" else abs(worst.statistic)),
        expected=expected_count(expected_beyond(drawn, band)),
        band=plain(band.formula),
        errors=quantity(abs(worst.statistic if math.isnan(errors) else errors), digits=3),
        percent=quantity(abs(100 * ratio), digits=3),
        direction=t("verdict.off.large" if ratio > 0 else "verdict.off.small"),
        p=probability(judged.p_value),
        dtype=str(summary.dtype).removeprefix("torch."),
    )


def cumulative(drawn: Drawn, t: Text) -> str:
    """Return how far the drawn shares are from the law's, and how far they may be by chance."""
    summary, law, _ = drawn
    if law.continuous is None:
        return f'<p class="lab-verdict">{t("cumulative.atoms")}</p>'
    distance, at = gap(summary, law)
    facts = {"gap": quantity(distance, distance, 3), "at": quantity(at, law.std, 3)}
    words = t("cumulative.gap", **facts)
    note = t("cumulative.note_orthogonal")
    if law.family != "orthogonal":
        limit = KOLMOGOROV * math.sqrt(law.share / summary.n)
        inside = t("cumulative.inside" if distance <= limit else "cumulative.beyond")
        words = sentences(f"<b>{inside}</b>", words)
        note = sentences(t("cumulative.limit", limit=quantity(limit, limit, 3)), t("cumulative.note"))
    return f'<p class="lab-verdict">{words}</p>{folded(note, t)}'


#: The 95 % point of Kolmogorov's law: √n·D stays below it in 95 of 100 samples (Kolmogorov 1933).
KOLMOGOROV = 1.3581


def quantiles(drawn: Drawn, t: Text) -> str:
    """Return how many dots of the quantile chart lie in its band, and how to read it."""
    inside, dots = within(drawn.summary, drawn.law)
    if drawn.law.family == "orthogonal":
        words = t("quantiles.orthogonal")
    elif dots == 0:
        words = t("quantiles.few")
    else:
        words = t("quantiles.dots", inside=inside, dots=dots)
    rounding = t("quantiles.rounded") if drawn.summary.dtype.itemsize == 2 else ""
    note = sentences(t("quantiles.note"), rounding)
    return f'<p class="lab-verdict">{words}</p>{folded(note, t)}'


def largest(drawn: Drawn, state: State, t: Text) -> str:
    """Return the largest weight beside its expected value, and the smallest."""
    summary, law, _ = drawn
    m = summary.n - sum(times for _, times in summary.atoms)
    high, low = extremes.largest(m, law), extremes.smallest(m, law)
    size = high.high - high.low
    ends = {"low": quantity(high.low, size, 3), "high": quantity(high.high, size, 3)}
    inside = high.low <= summary.maximum <= high.high
    words = t("largest.inside" if inside else "largest.beyond", **ends)
    rows = [
        Row(t("table.maximum"), quantity(summary.maximum, size, 3), quantity(high.expected, size, 3)),
        Row(t("table.minimum"), quantity(summary.minimum, size, 3), quantity(low.expected, size, 3)),
    ]
    notes = [t("largest.note")]
    capped = law.family in {"normal", "sparse"} and state["dtype"] != "float64" and state.device == "cpu"
    if capped and high.high - law.mean > GENERATOR_SIGMAS * law.parameters[-1].value:
        notes.append(t("largest.capped", sigmas=quantity(GENERATOR_SIGMAS, digits=3)))
    if state.dtype.itemsize == 2:
        notes.append(t("largest.rounded", dtype=state["dtype"]))
    return f'<p class="lab-verdict">{words}</p>' + beside_law(rows, t, note=sentences(*notes))


#: torch's CPU makes float32 normals of 24 bits: none lies further out than √(2·24·ln 2) σ.
GENERATOR_SIGMAS = math.sqrt(48 * math.log(2))
