"""What the browser's scripts compute and write: numbers as pages write them, networks as torch draws."""

import random
from typing import Any

import pytest
import torch

from core import Net, Network
from core.networks.module import follow
from core.networks.network import FOLLOWS, LESSON
from pages.live import browser as scripts
from pages.text import Text, numbers
from tests.support.networks import DEEP, ODD, POINTS, WIDE
from tests.support.tabs import Visit


def test_numbers_are_written_as_the_pages_write_them(tab: Visit) -> None:
    page = tab("/distribution?v=1")
    rng = random.Random(17)  # noqa: S311 - cases, and no secrets
    values = [rng.choice((-1, 1)) * rng.uniform(1, 10) * 10.0 ** rng.randint(-12, 12) for _ in range(2000)]
    scales = [abs(value) * 10.0 ** rng.randint(-4, 4) for value in values]
    digits = [rng.randint(2, 6) for _ in values]
    trimmed = [rng.random() < 0.5 for _ in values]
    cases = [*zip(values, scales, digits, trimmed, strict=True)]
    wholes = [rng.randint(0, 10 ** rng.randint(1, 9)) for _ in range(500)]
    ours = page.evaluate(
        """async ([folder, cases, wholes]) => {
            const { apart, count, expectedCount, interval, quantity } = await import(`/${folder}/numbers.js`)
            return [cases.map(case_ => quantity(...case_)), wholes.map(count),
                cases.map(([value]) => expectedCount(Math.abs(value))),
                cases.map(([value, scale]) => interval(value, value + scale)),
                cases.map(([value, scale]) => apart(1 + scale / Math.abs(value) / 1e5, 1))]
        }""",
        [scripts.folder(), cases, wholes],
    )
    assert ours == [
        [numbers.quantity(v, s, shown, trim=trim) for v, s, shown, trim in cases],
        [numbers.count(whole) for whole in wholes],
        [numbers.expected_count(abs(value)) for value in values],
        [list(numbers.interval(v, v + s)) for v, s in zip(values, scales, strict=True)],
        [numbers.apart(1 + s / abs(v) / 1e5, 1) for v, s in zip(values, scales, strict=True)],
    ]


def test_seeds_run_on_over_all_that_torch_tells_apart(tab: Visit) -> None:
    """Its generator has 32 bits of a seed, so that the last is followed by the first."""
    with_bits = [torch.rand(1, generator=torch.Generator().manual_seed(seed)) for seed in (2**32, 0)]
    assert with_bits[0] == with_bits[1]
    found = tab("/distribution?v=1").evaluate(
        "async ([folder, seeds]) => seeds.map((await import(`/${folder}/seeds.js`)).seedAfter)",
        [scripts.folder(), [0, 40, 2**31 - 1, 2**32 - 1]],
    )
    assert found == [1, 41, 2**31, 0]


def test_the_browser_s_words_go_by_its_numbers(tab: Visit) -> None:
    """As the pages' own sentence has them, which is given the numbers themselves."""
    t = Text("en")
    template = t("finding.coverage", observed="{outside}", n="{n}", expected="{expected}", band="±3σ")
    cases = [{"outside": str(k), "n": str(n), "expected": "0.1"} for k in (0, 1, 2, 11) for n in (1, 21)]
    page = tab("/distribution?v=1")
    found = page.evaluate(
        "async ([folder, template, cases]) => { const { filled } = await import(`/${folder}/numbers.js`);"
        " return cases.map(numbers => filled(template, numbers)) }",
        [scripts.folder(), template, cases],
    )
    assert found == [
        t("finding.coverage", observed=c["outside"], n=c["n"], expected="0.1", band="±3σ") for c in cases
    ]
    assert "1 of 1 weight lies beyond" in found[2]


#: A network as the page tells it, drawn by the browser.
PARAMETERS = """async ([folder, told]) => {
    const { drawn } = await import(`/${folder}/network_forward.js`)
    return drawn(told).flatMap(({ weight, bias }) => [...weight, ...(bias ?? [])])
}"""


@pytest.mark.parametrize(
    "net", [str(LESSON), DEEP, WIDE, ODD, POINTS, "5-17.normal.no_bias-3.normal-5.normal-1.normal"]
)
def test_the_browser_draws_torch_s_own_parameters(tab: Visit, net: str) -> None:
    page = tab("/model?v=1")
    seed = 2**31 + 5
    network = Network.of(net)
    laws = Net(network, seed=seed).laws()
    layers: list[dict[str, Any]] = []
    for name, dense in zip(network.names, network.layers, strict=True):
        law = laws[f"{name}.weight"]
        low, high = law.support if law.family == "uniform" else (None, None)
        told = {"family": law.family, "mean": law.mean, "std": law.std, "low": low, "high": high}
        own = dense.scheme == "classic_uniform"
        layers.append({"units": dense.units, "bias": dense.bias, "law": None if own else told})
    given = {"layers": layers, "inputs": network.inputs, "seed": seed, "given": None}
    ours = torch.tensor(page.evaluate(PARAMETERS, [scripts.folder(), given]), dtype=torch.float64)
    theirs = torch.cat([p.detach().flatten() for p in Net(network, seed=seed).parameters()]).double()
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-6)  # bit for bit where torch has AVX2


def test_the_browser_has_all_activations_and_they_are_torch_s(tab: Visit) -> None:
    page = tab("/model?v=1")
    z = torch.cat([torch.linspace(-30, 30, 241), torch.tensor([1e-8, -1e-8, 1e-3, -1e-3, 20.0, 20.001])])
    found = page.evaluate(
        """async ([folder, z]) => {
            const { ACTIVATIONS } = await import(`/${folder}/network_forward.js`)
            const singles = z.map(Math.fround)
            const rows = Object.entries(ACTIVATIONS).map(([key, phi]) => [key, singles.map(one => phi(one))])
            return Object.fromEntries(rows)
        }""",
        [scripts.folder(), z.tolist()],
    )
    assert {*found, "softmax"} == {*FOLLOWS}
    for key, ours in found.items():
        theirs = follow(key, z.double())
        torch.testing.assert_close(torch.tensor(ours, dtype=torch.float64), theirs, rtol=1e-9, atol=1e-12)
