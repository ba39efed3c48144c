"""Tables read by their headings: what stands under each is torch's, a closed form's or exact arithmetic's.

The headings are typed here in both languages, in their order, so that two of them put in each other's stead,
or two columns, do not pass. The model page's and the signal page's have files of their own.
"""

import math
import re
from collections import Counter

import pytest
import torch
from scipy import integrate, stats

from core.teaching.broken import tensors
from tests.support.headings import EN, ZH, Heads, near
from tests.support.marks import both_languages
from tests.support.screen import opened
from tests.support.stream import ROOT
from tests.support.words import numbers, table, tables, value


def _he(fan_in: int = 784, fan_out: int = 256, seed: int = 41) -> torch.Tensor:
    """Return what plain torch draws with He's normal law."""
    generator = torch.Generator().manual_seed(seed)
    empty = torch.empty(fan_out, fan_in)
    return torch.nn.init.kaiming_normal_(empty, nonlinearity="relu", generator=generator).double()


DRAWN: Heads = {EN: ("Drawn", "Expected", "Off by (SE)"), ZH: ("观测", "期望", "偏差/SE")}
DRAWN_ROWS: Heads = {
    EN: ("Mean", "Std", "Excess kurtosis", "Minimum", "Maximum", "Outside ±3σ"),
    ZH: ("均值", "标准差", "超额峰度", "最小值", "最大值", "±3σ 之外"),
}


@both_languages
def test_drawn_beside_expected(language: str) -> None:
    """Drawn is torch's, expected He's law, and SE its standard error: σ/√n, σ/√(2n), √(24/n)."""
    rows = table(opened(fan_in="784", seed="41", lang=language), *DRAWN[language])
    weight, sigma = _he(), math.sqrt(2 / 784)
    n = weight.numel()
    mean, std = weight.mean().item(), weight.std(correction=0).item()
    kurtosis = (((weight - mean) / std) ** 4).mean().item() - 3
    outside, expected = int((weight.abs() > 3 * sigma).sum()), n * math.erfc(3 / math.sqrt(2))
    drawn = (mean, std, kurtosis, weight.min().item(), weight.max().item(), outside)
    law = (0.0, sigma, 0.0, None, None, expected)
    errors = (sigma / math.sqrt(n), sigma / math.sqrt(2 * n), math.sqrt(24 / n), None, None)
    errors = (*errors, math.sqrt(expected * (1 - expected / n)))
    assert tuple(rows) == DRAWN_ROWS[language]
    for name, ours, theirs, error in zip(rows, drawn, law, errors, strict=True):
        cells = [rows[name][heading] for heading in DRAWN[language]]
        assert near(cells[0], ours), (name, cells)
        if theirs is None:
            assert cells[1:] == [{EN: "no bound", ZH: "无界"}[language], ""]
        else:
            assert error is not None
            assert near(cells[1], theirs, unit=0.5 * (theirs > 10)), (name, cells)
            assert near(cells[2], (ours - theirs) / error, unit=0.02), (name, cells)


@both_languages
@pytest.mark.parametrize(
    ("fans", "told"),
    [
        ((1, 1), (True, False, False)),  # its std is 0 and its kurtosis none, at every seed
        ((2, 1), (True, False, False)),  # whose excess kurtosis is −2 at every seed
        ((4, 4), (True, False, False)),
        ((10, 12), (True, True, False)),  # from 113, and for the kurtosis from 150 on
        ((10, 15), (True, True, True)),
    ],
)
def test_small_samples_are_not_held_against_the_law(
    fans: tuple[int, int], told: tuple[bool, ...], language: str
) -> None:
    """A sample's std and kurtosis have a bias, of −3/(4n) σ and −6/n if normal (Fisher 1930)."""
    link = {"fan_in": str(fans[0]), "fan_out": str(fans[1]), "lang": language}
    rows = table(opened(scheme="normal", **link), *DRAWN[language])
    off = DRAWN[language][2]
    assert tuple(rows[name][off] != "" for name in DRAWN_ROWS[language][:3]) == told


@both_languages
def test_three_std_of_a_sparse_weight_are_those_of_its_others(language: str) -> None:
    """Half are 0, so the whole's std is √½ times theirs; 80 of 160 are drawn, of which 0.27 % lie beyond."""
    link = {"sparsity": "0.5", "fan_in": "16", "fan_out": "10", "lang": language}
    rows = table(opened(scheme="sparse", **link), *DRAWN[language])
    expected = DRAWN[language][1]
    assert near(rows[DRAWN_ROWS[language][1]][expected], 0.01 * math.sqrt(0.5))
    name = {EN: "Others outside ±3σ", ZH: "其余超出 ±3σ"}[language]
    assert near(rows[name][expected], 80 * math.erfc(3 / math.sqrt(2)))


@both_languages
def test_the_largest_of_one_weight_is_expected_at_0(language: str) -> None:
    rows = table(
        opened(scheme="normal", fan_in="1", fan_out="1", tab="largest", lang=language), *DRAWN[language][:2]
    )
    assert [row[DRAWN[language][1]] for row in rows.values()] == ["0", "0"]


@both_languages
def test_the_walls_of_a_uniform_law(language: str) -> None:
    rows = table(opened(scheme="kaiming_uniform", fan_in="784", lang=language), *DRAWN[language])
    bound = math.sqrt(6 / 784)
    low, high = {EN: ("Minimum", "Maximum"), ZH: ("最小值", "最大值")}[language]
    drawn, expected, _ = DRAWN[language]
    assert near(rows[low][drawn], -bound, unit=1e-5)  # of 200 704, the next is some 1e-6 away
    assert rows[low][expected].startswith("≥ ")
    assert near(rows[low][expected], -bound)
    assert rows[high][expected].startswith("≤ ")
    assert near(rows[high][expected], bound)
    assert rows[{EN: "Outside the wall", ZH: "硬边界之外"}[language]] == {drawn: "0", expected: "0"} | {
        DRAWN[language][2]: rows[{EN: "Outside the wall", ZH: "硬边界之外"}[language]].get(
            DRAWN[language][2], ""
        )
    }


@both_languages
def test_the_largest_weight(language: str) -> None:
    """Expected is the mean of the largest of n: ∫ x d(Φ(x/σ)ⁿ), here for n = 6 400."""
    drawn, expected = {EN: ("Drawn", "Expected"), ZH: ("观测", "期望")}[language]
    app = opened(tab="largest", fan_in="64", fan_out="100", seed="41", lang=language)
    rows = table(app, drawn, expected)
    weight, sigma, n = _he(64, 100), math.sqrt(2 / 64), 6400
    mean = integrate.quad(lambda x: x * n * stats.norm.pdf(x) * stats.norm.cdf(x) ** (n - 1), -1, 9)[0]
    low, high = {EN: ("Minimum", "Maximum"), ZH: ("最小值", "最大值")}[language]
    assert list(rows) == [high, low]
    assert near(rows[high][drawn], weight.max().item())
    assert near(rows[low][drawn], weight.min().item())
    assert near(rows[high][expected], sigma * mean)
    assert near(rows[low][expected], -sigma * mean)


@both_languages
def test_weights_in_each_bin(language: str) -> None:
    heads = {EN: ("to", "Drawn", "Expected"), ZH: ("至", "观测", "期望")}[language]
    app = opened(tab="numbers", bins="10", fan_in="64", fan_out="100", seed="41", lang=language)
    rows = table(app, *heads)
    weight, sigma = _he(64, 100), math.sqrt(2 / 64)
    assert tables(app)[0].headings[0] == {EN: "from", ZH: "自"}[language]
    assert len(rows) == 10
    for low_, cells in rows.items():
        low, high = value(low_)[0], value(cells[heads[0]])[0]
        assert high - low == pytest.approx(10 * sigma / 10, rel=1e-3)
        inside = int(((weight >= low) & (weight < high)).sum())
        assert abs(numbers(cells[heads[1]])[0] - inside) <= 2, low  # the ends as written are rounded
        share = float(stats.norm.cdf(high / sigma) - stats.norm.cdf(low / sigma))
        assert near(cells[heads[2]], 6400 * share, unit=0.5 if share > 0.01 else 0.01)


FIGURES: Heads = {
    EN: ("Std", "Bound", "Excess kurtosis", "Outside", "Largest", "RMS of z", "RMS of relu(z)"),
    ZH: ("标准差", "边界", "超额峰度", "界外比例", "最大值", "z 的均方根", "relu(z) 的均方根"),
}


@both_languages
def test_figures_of_schemes(language: str) -> None:
    """A share beyond the bound is in percent; z has mean square fan_in · Var w, relu halves it (He 2015)."""
    heads = FIGURES[language]
    app = opened(
        "compare",
        aspect="figures",
        fan_in="784",
        seed="41",
        rows="kaiming_normal-classic_uniform",
        lang=language,
    )
    normal, uniform = table(app, *heads).values()
    weight, sigma, bound = _he(), math.sqrt(2 / 784), 1 / 28
    n = weight.numel()
    assert near(normal[heads[0]], weight.std(correction=0).item(), sigma)
    assert numbers(normal[heads[1]])[-1] == pytest.approx(3 * sigma, rel=1e-3)
    kurtosis = (((weight - weight.mean()) / weight.std(correction=0)) ** 4).mean().item() - 3
    assert near(normal[heads[2]], kurtosis, 0.0)
    outside = int((weight.abs() > 3 * sigma).sum())
    assert near(normal[heads[3]], 100 * outside / n, 0.26998)
    assert "%" in normal[heads[3]]
    assert numbers(normal[heads[4]])[0] == pytest.approx(weight.max().item(), rel=1e-3)
    assert near(normal[heads[5]], math.sqrt(784) * sigma)
    assert near(normal[heads[6]], math.sqrt(784) * sigma / math.sqrt(2))
    assert uniform[heads[1]].startswith({EN: "wall ±", ZH: "硬边界 ±"}[language])
    assert near(uniform[heads[1]], bound, unit=1e-5)
    assert numbers(uniform[heads[0]])[1] == pytest.approx(bound / math.sqrt(3), rel=1e-3)
    assert near(uniform[heads[2]], -1.2, -1.2, unit=0.02)
    assert near(uniform[heads[3]], 0, 0)
    assert near(uniform[heads[5]], 1 / math.sqrt(3))
    assert near(uniform[heads[6]], 1 / math.sqrt(6))


INSPECTED: Heads = {EN: ("By torch", "True connections", "Ratio"), ZH: ("torch 的算法", "真实连接", "比值")}


@both_languages
def test_fans_by_torch_and_in_truth(language: str) -> None:
    """torch counts 32 · 9 and 32 · 9; an input feeds the 16 · 9 outputs of its own group of two."""
    app = opened("compare", aspect="inspector", layer="Conv2d(64, 32, 3, groups=2)", lang=language)
    fans, stds = (each for each in tables(app) if each.headings[1:] == list(INSPECTED[language]))
    by_torch, true, ratio = INSPECTED[language]
    weight = torch.nn.Conv2d(64, 32, 3, groups=2).weight
    fan_in, fan_out = torch.nn.init._calculate_fan_in_and_fan_out(weight)
    assert fans.cells == {
        "fan_in": {by_torch: str(fan_in), true: "288", ratio: "1"},
        "fan_out": {by_torch: str(fan_out), true: "144", ratio: "2"},
    }
    expected = [
        (1 / math.sqrt(3 * 288),) * 2,
        (math.sqrt(2 / (288 + 288)), math.sqrt(2 / (288 + 144))),
        (math.sqrt(2 / 288),) * 2,
    ]
    assert len(stds.cells) == 3
    for cells, (ours, theirs) in zip(stds.cells.values(), expected, strict=True):
        assert near(cells[by_torch], ours)
        assert near(cells[true], theirs)
        assert near(cells[ratio], ours / theirs)


ROSETTA: Heads = {
    EN: ("Call", "Law here", "Beside torch"),
    ZH: ("写法", "此层的分布", "与 torch 相比"),
}


@both_languages
def test_the_same_elsewhere(language: str) -> None:
    """Keras' documentation: HeNormal is a normal law cut at 2 of its own std, of std √(2/fan_in)."""
    app = opened("compare", aspect="rosetta", rows="kaiming_normal", fan_in="784", lang=language)
    first, *_ = (each for each in tables(app) if each.headings[1:] == list(ROSETTA[language]))
    assert first.headings[0] == {EN: "Framework", ZH: "框架"}[language]
    assert list(first.cells) == ["PyTorch", "Keras", "JAX/Flax", "timm"]
    call, law, beside = ROSETTA[language]
    torch_, keras, jax, timm = first.cells.values()
    sigma = math.sqrt(2 / 784)
    assert torch_[call].startswith("nn.init.kaiming_normal_(w")
    assert keras[call].startswith("keras.initializers.HeNormal()")
    assert jax[call].startswith("jax.nn.initializers.he_normal()")
    assert timm[call].startswith("timm.layers.variance_scaling_(w")
    for row in (torch_, timm):
        assert numbers(row[law].split("σ", 1)[1])[0] == pytest.approx(sigma, rel=2e-3)
    same, other = {EN: ("the same law", "same std, another shape"), ZH: ("分布相同", "标准差相同，形状不同")}[
        language
    ]
    assert [row[beside] for row in first.cells.values()] == ["", other, other, same]


@both_languages
def test_torch_s_own_defaults(language: str) -> None:
    """fan_in: 5; 512; 3 · 9. Bit for bit, of all weights."""
    heads = {
        EN: ("fan_in", "Equal to kaiming_uniform_(a=√5)", "Equal to uniform_(±1/√fan_in)"),
        ZH: ("fan_in", "与 kaiming_uniform_(a=√5) 相同", "与 uniform_(±1/√fan_in) 相同"),
    }[language]
    rows = table(opened("lesson", step="sqrt5", seed="41", lang=language), *heads)
    sizes = {
        "nn.Linear(5, 3)": (5, 15),
        "nn.Linear(512, 256)": (512, 131_072),
        "nn.Conv2d(3, 16, 3)": (27, 432),
    }
    assert list(rows) == list(sizes)
    for name, (fan_in, n) in sizes.items():
        assert [numbers(rows[name][heading]) for heading in heads] == [[fan_in], [n, n], [n, n]]


WEIGHTS: dict[str, Heads] = {
    "tally": {EN: ("Tensors",), ZH: ("张量数",)},
    "problems": {EN: ("What it says", "What would refute it"), ZH: ("内容", "可以推翻它的")},
    "tensors": {
        EN: ("Shape", "dtype", "Mean", "Std", "Starts as", "Found"),
        ZH: ("形状", "dtype", "均值", "标准差", "初始分布", "发现"),
    },
    "against": {
        EN: ("Change", "Std ratio", "Mean shift, in stds"),
        ZH: ("变化", "标准差之比", "均值之差 ÷ 标准差"),
    },
}


@both_languages
def test_tensors_of_a_file_of_weights(language: str) -> None:
    """GPT-2's c_proj: of four blocks eight, all drawn with 0.02, not 0.02/√(2 · 4)."""
    found = table(opened("checkpoint", example="gpt2", lang=language), *WEIGHTS["tally"][language])
    assert numbers(next(iter(found.values()))[WEIGHTS["tally"][language][0]]) == [8]
    app = opened("checkpoint", example="gpt2", board="problems", lang=language)
    says, refuted = WEIGHTS["problems"][language]
    ((row,),) = [table(app, says, refuted).values()]
    assert 0.00707 in numbers(row[refuted])
    assert {8, 0.02, 0.00707} <= {*numbers(row[says])}
    app = opened("checkpoint", example="gpt2", board="tensors", lang=language)
    shape, dtype, mean, std, start, kind = WEIGHTS["tensors"][language]
    rows = table(app, *WEIGHTS["tensors"][language])
    drawn = tensors("gpt2")["h.1.mlp.c_fc.weight"].double()
    row = rows["h.1.mlp.c_fc.weight"]
    assert numbers(row[shape]) == [256, 64]
    assert row[dtype] == "float32"
    assert near(row[mean], float(drawn.mean()))
    assert near(row[std], float(drawn.std(correction=0)))
    assert numbers(row[start])[:2] == [0, 0.02]
    assert row[kind] == ""
    assert rows["h.1.mlp.c_proj.weight"][kind].startswith("▲")


@both_languages
def test_what_has_changed_between_two_files_of_weights(language: str) -> None:
    """One layer of the net was drawn anew after its training."""
    app = opened("checkpoint", example="digits", board="against", against="fresh", lang=language)
    rows = table(app, *WEIGHTS["against"][language])
    _, ratio, shift = WEIGHTS["against"][language]
    old, new = tensors("fresh"), tensors("digits")  # from the one that is held to the one that is shown
    assert {*rows} == {name for name in old if not torch.equal(old[name], new[name])}
    for name, row in rows.items():
        one, other = old[name].double(), new[name].double()
        assert near(row[ratio], float(other.std(correction=0) / one.std(correction=0)))
        assert near(row[shift], float((other.mean() - one.mean()) / one.std(correction=0)))


def test_every_table_of_the_pages_is_read_here() -> None:
    """All are built in one place; a new one is to be read by its headings, too."""
    sources = {path: path.read_text("utf-8") for path in (ROOT / "pages").rglob("*.py")}
    assert [path.name for path, source in sources.items() if "<table" in source] == ["tables.py"]
    built = Counter(
        f"{path.parent.name}/{path.name}" for path, source in sources.items() for _ in _BUILT.findall(source)
    )
    assert built == {
        "figures/chart_data.py": 1,
        "pages/distribution.py": 1,
        "words/checkpoint.py": 3,
        "words/checkpoint_changes.py": 1,
        "words/compare.py": 1,
        "words/compare_rosetta.py": 1,
        "words/compare_layers.py": 2,
        "words/distribution_tables.py": 1,
        "words/lesson.py": 1,
        "words/model.py": 2,
        "words/model_parameters.py": 2,
        "words/signal.py": 1,
        "words/signal_theory.py": 2,
    }


_BUILT = re.compile(r"(?<!def )\btable\(")
