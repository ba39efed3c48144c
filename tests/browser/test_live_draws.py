"""The browser's own draws, held to torch's weights and to core's summaries of them."""

import math
import random
import sys
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from playwright.sync_api import Browser, Page

import core
from pages.live import browser as scripts
from tests.support.stream import Server

#: Whether torch multiplies and adds uniform numbers in one, as the page does: its build for Linux, on AVX2.
EXACT = sys.platform == "linux" and torch.backends.cpu.get_cpu_capability().startswith("AVX")
#: By how much a weight may differ, as a share of mean and std, and how many of a million may so lie beyond
#: an edge: other builds have a log and a cosine of their own.
LAST_DIGITS, BEYOND = (1e-6, 1) if EXACT else (1e-5, 8)
SEEDS = (0, 1, 2**32 - 1, 7, 20_260_729, 2**31)
#: scheme → parameters beside its defaults
ODD: dict[str, tuple[dict[str, Any], ...]] = {
    "uniform": ({"a": -0.25, "b": 2.0}, {"a": 1000.0, "b": 1001.3}, {"a": -3.0, "b": 0.001}),
    "normal": ({"mean": 3.0, "std": 0.5}, {"mean": -7.0, "std": 1 / 3}, {"std": 1e-20}),
    "kaiming_normal": ({"mode": "fan_out", "a": 0.3}, {"nonlinearity": "tanh"}),
    "kaiming_uniform": ({"mode": "fan_out", "a": 0.3}, {"nonlinearity": "selu"}),
    "xavier_normal": ({"gain": 1.7},),
    "xavier_uniform": ({"gain": 1 / 3},),
    "variance_scaling": (
        {"distribution": "normal", "scale": 2.0},
        {"distribution": "uniform", "mode": "fan_avg"},
    ),
    "gpt2_residual": ({"n_layer": 5, "std": 0.3},),
    "t5": ({"role": "wo"}, {"role": "k", "factor": 3.0}),
    "mup_hidden": ({"base_width": 3},),
    "siren_hidden": ({"omega": 1.1},),
}
#: core's edges again, and the summary of the weights, for each of many draws
SUMMARIES = """async ({ place, asked }) => {
    const { Stream, weigh, summarize, linspace } = await import(place)
    let out
    return asked.map(({ law, seed, n, edges, bands }) => {
        out = weigh(law, new Stream(law.family, seed).numbers(n), out)
        const own = linspace(edges[0], edges.at(-1), edges.length - 1)
        const summary = summarize(out, own, bands)
        return { ...summary, counts: [...summary.counts], same: own.every((edge, i) => edge === edges[i]) }
    })
}"""
#: the counts of weights that are handed over
COUNTS = """async ({ place, asked }) => {
    const { summarize } = await import(place)
    return asked.map(({ weights, edges, bands }) => {
        const { counts, outside } = summarize(Float32Array.from(weights), Float64Array.from(edges), bands)
        return { counts: [...counts], outside }
    })
}"""
#: the weights of one stream as it is asked for one size after the other
WEIGHTS = """async ({ place, asked }) => {
    const { Stream, weigh } = await import(place)
    return asked.map(({ law, seed, sizes }) => {
        const stream = new Stream(law.family, seed)
        return sizes.map(n => [...weigh(law, stream.numbers(n))])
    })
}"""
#: the same of a stream that goes on where a worker has left one
AHEAD = """async ({ place, ahead, asked }) => {
    const { Stream, weigh } = await import(place)
    const worker = new Worker(ahead, { type: "module" })
    const drawn = []
    for (const { law, seed, sizes } of asked) {
        worker.postMessage({ family: law.family, seed, n: sizes[0] })
        const { data } = await new Promise(resolve => { worker.onmessage = resolve })
        const stream = new Stream(data.family, data.seed, data)
        const held = law.family === "normal" ? data.normal.length : data.flat.length
        drawn.push({ held, weights: sizes.map(n => [...weigh(law, stream.numbers(n))]) })
    }
    worker.terminate()
    return drawn
}"""


class Case(NamedTuple):
    """One draw of a scheme, and the number of bins it is counted in."""

    key: str
    params: dict[str, Any]
    shape: tuple[int, ...]
    seed: int
    bins: int

    @property
    def law(self) -> core.Law:
        return core.SCHEMES[self.key].law(self.shape, **self.params)

    def asked(self) -> dict[str, Any]:
        """Return what the page is handed of it."""
        law = self.law
        bands = [core.rounded(band, torch.float32) for band in law.bands]
        return {
            "law": numbers_of(law),
            "seed": self.seed,
            "n": math.prod(self.shape),
            "edges": law.edges(self.bins).tolist(),
            "bands": [(band.low, band.high) for band in bands],
        }


def numbers_of(law: core.Law) -> dict[str, Any]:
    if law.family == "uniform":
        low, high = law.support
        return {"family": "uniform", "low": low, "high": high}
    return {"family": "normal", "mean": law.mean, "std": law.std}


def live(key: str, params: dict[str, Any]) -> bool:
    """Tell whether torch makes all of a scheme's weights by one call of ``uniform_`` or ``normal_``."""
    shape = (4, 6, 3) if key == "dirac" else (4, 6)
    law = core.SCHEMES[key].law(shape, **params)
    return law.family in {"uniform", "normal"} and core.streams(key, shape, **params)


def a_shape(chance: random.Random) -> tuple[int, ...]:
    """Return a matrix or a kernel of 1 to 2¹⁷ weights, small ones as often as large ones."""
    n = 2 ** chance.uniform(0, 17)
    kernel = chance.choice([(), (), (3,), (3, 3)])
    rows = max(1, round(n ** chance.uniform(0, 1)))
    return (rows, max(1, int(n / rows / math.prod(kernel))), *kernel)


def cases() -> list[Case]:
    """Return 200 draws over all schemes, and one of 2²⁰ weights of each family."""
    chance = random.Random(11)  # noqa: S311
    rows = [(key, params) for key in core.SCHEMES for params in ({}, *ODD.get(key, ())) if live(key, params)]
    drawn = [
        Case(*rows[i % len(rows)], a_shape(chance), chance.choice(SEEDS), chance.choice([200, 200, 7, 1000]))
        for i in range(200)
    ]
    large = [Case(key, {}, (1024, 1024), 3, 200) for key in ("xavier_uniform", "kaiming_normal")]
    return [*drawn, *large]


@pytest.fixture(scope="module")
def page(browser: Browser, served: Server) -> Iterator[Page]:
    """Open a tab at the script itself: of the server's pages the one that loads nothing else."""
    tab = browser.new_page()
    tab.goto(f"{served.url}/{scripts.folder()}/torch_draws.js")
    yield tab
    tab.close()


def answered(page: Page, script: str, asked: list[dict[str, Any]]) -> list[Any]:
    folder = f"/{scripts.folder()}"
    places = {"place": f"{folder}/torch_draws.js", "ahead": f"{folder}/drawing_worker.js"}
    answers: list[Any] = page.evaluate(script, {**places, "asked": asked})
    return answers


def drawn_by_torch(law: dict[str, Any], seed: int, n: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    if law["family"] == "uniform":
        return torch.nn.init.uniform_(torch.empty(n), law["low"], law["high"], generator=generator)
    return torch.nn.init.normal_(torch.empty(n), law["mean"], law["std"], generator=generator)


def assert_torchs(law: dict[str, Any], seed: int, n: int, weights: list[float]) -> None:
    """Uniform weights are torch's to the last bit; of a normal one the last digits are a processor's own."""
    own, theirs = np.array(weights, np.float32), drawn_by_torch(law, seed, n).numpy()
    if law["family"] == "uniform":
        within, exact = LAST_DIGITS * max(abs(law["low"]), abs(law["high"])), EXACT
    else:
        within, exact = LAST_DIGITS * (law["std"] + abs(law["mean"])), False
    rtol, atol = (0.0, 0.0) if exact else (LAST_DIGITS, within)
    np.testing.assert_allclose(own, theirs, rtol=rtol, atol=atol, err_msg=f"{law} {seed} {n}")


def test_a_summary_is_cores(page: Page) -> None:
    asked = cases()
    assert {case.key for case in asked} == {key for key in core.SCHEMES if live(key, {})} | {
        "variance_scaling"
    }
    assert min(math.prod(case.shape) for case in asked) == 1
    for case, own in zip(asked, answered(page, SUMMARIES, [case.asked() for case in asked]), strict=True):
        law = case.law
        true = core.summarize(case.key, case.shape, seed=case.seed, bins=case.bins, **case.params)
        assert own["same"], f"edges of {case}"
        assert own["n"] == true.n, case
        moved = 0 if law.family == "uniform" and EXACT else BEYOND * math.ceil(true.n / 1e6)
        assert np.abs(np.array(own["counts"]) - true.counts).sum() <= 2 * moved, case
        assert np.abs(np.array(own["outside"]) - true.outside).sum() <= moved, case
        assert sum(own["counts"]) == true.n, case
        within = LAST_DIGITS * (law.std + abs(law.mean))
        for name in ("mean", "std", "minimum", "maximum"):
            assert own[name] == pytest.approx(getattr(true, name), rel=0, abs=within), f"{name} of {case}"
        if true.std > 0:  # relative to the std, which the last digits of few weights move by more
            assert own["excess_kurtosis"] == pytest.approx(true.excess_kurtosis, abs=1e-4), case


def test_weights_at_an_edge_or_a_band_are_counted_on_cores_side(page: Page) -> None:
    """A position is rounded, and so may lie on the other side: the float32s around each edge are tried."""
    widths = [({"a": -0.25, "b": b}, (4, 6)) for b in (0.5, 0.96875, 1.5, 2.0, 3.0)] + [({}, (4, 6))]
    rows = [("uniform", *row) for row in widths] + [("xavier_uniform", {}, (n, 7)) for n in range(3, 9)]
    rows += [("normal", {"std": std}, (4, 6)) for std in (1.0, 0.125, 0.02)]
    drawn = [Case(*row, 0, bins) for row in rows for bins in (1, 7, 48, 200, 360)]
    tried = []
    for case in drawn:
        given = case.asked()
        marks = np.array([*given["edges"], *np.ravel(given["bands"])]).astype(np.float32)
        around = [np.nextafter(marks, np.float32(end)) for end in (-np.inf, np.inf)]
        tried.append({**given, "weights": np.concatenate([marks, *around]).tolist()})
    for case, given, own in zip(drawn, tried, answered(page, COUNTS, tried), strict=True):
        true = core.Summary.of(torch.tensor(given["weights"]), law=case.law, bins=case.bins)
        assert own["counts"] == true.counts.tolist(), case
        assert own["outside"] == list(true.outside), case


def test_weights_are_torchs_whatever_was_asked_for_before(page: Page) -> None:
    laws = [
        {"family": "uniform", "low": 0.0, "high": 1.0},
        {"family": "uniform", "low": -1 / 17, "high": 1 / 17},
        {"family": "uniform", "low": 1000.0, "high": 1000.01},
        {"family": "normal", "mean": 0.0, "std": 1.0},
        {"family": "normal", "mean": 3.0, "std": 0.02},
    ]
    steps = (5, 100, 37, 1000, 999, 1, 15, 16, 17, 624, 1007, 640, 2000, 5)
    asked: list[dict[str, Any]] = [
        {"law": law, "seed": seed, "sizes": steps} for law in laws for seed in SEEDS
    ]
    for given, drawn in zip(asked, answered(page, WEIGHTS, asked), strict=True):
        for n, weights in zip(steps, drawn, strict=True):
            assert_torchs(given["law"], given["seed"], n, weights)


def test_what_would_be_the_open_end_is_the_lower_one(page: Page) -> None:
    law: dict[str, Any] = {"family": "uniform", "low": 1000.0, "high": 1000.01}
    low, high = torch.tensor([law["low"], law["high"]]).double().tolist()
    unit = drawn_by_torch({"family": "uniform", "low": 0.0, "high": 1.0}, 1, 5000).double()
    at_the_end = (low + unit * (high - low)).float() == high
    assert at_the_end.any()
    ((weights,),) = answered(page, WEIGHTS, [{"law": law, "seed": 1, "sizes": [5000]}])
    assert set(np.array(weights)[at_the_end.numpy()]) == {low}
    assert_torchs(law, 1, 5000, weights)


def test_a_stream_goes_on_where_a_workers_has_ended(page: Page) -> None:
    laws = [{"family": "uniform", "low": -0.5, "high": 2.0}, {"family": "normal", "mean": 0.0, "std": 0.3}]
    sizes = (1003, 1003, 37, 3001, 9)
    asked: list[dict[str, Any]] = [{"law": law, "seed": 2**32 - 1, "sizes": sizes} for law in laws]
    for given, drawn in zip(asked, answered(page, AHEAD, asked), strict=True):
        assert drawn["held"] >= sizes[0], "the worker has drawn nothing"
        for n, weights in zip(sizes, drawn["weights"], strict=True):
            assert_torchs(given["law"], given["seed"], n, weights)
