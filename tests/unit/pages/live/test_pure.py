"""What the browser's scripts work out without a page, beside torch, exact sums, and Python's own words."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from scipy.stats import binom

from core import meanfield
from pages.figures.signal_theory import Dot
from pages.jobs import signal_moving
from pages.text import numbers
from pages.words import signal_theory
from tests.support.node import LIVE, computed

#: Weights as a script is given them: of a network of 3 inputs and layers of 4, 1 and 3 units.
SIZES = (3, 4, 1, 3)


def _layers() -> list[torch.Tensor]:
    rng = torch.Generator().manual_seed(5)
    return [torch.randn(units, inputs, generator=rng) for inputs, units in pairwise(SIZES)]


def _told() -> list[dict[str, Any]]:
    return [
        {"units": len(weight), "inputs": weight.shape[1], "weight": weight.flatten().tolist()}
        for weight in _layers()
    ]


def test_a_click_on_a_unit_chooses_the_strongest_weight_into_it() -> None:
    """Whatever its sign; units lie 100 pixels apart, with a radius of 20."""
    spots = [
        (100 * layer, 50 * unit) for layer, weight in enumerate(_layers(), 1) for unit in range(len(weight))
    ]
    beside = [(x + dx, y + dy) for x, y in spots for dx, dy in ((15, 15), (19, 0), (0, 21), (0, -25))]
    found = computed(
        LIVE / "chosen_weight.js",
        """({ unitAt }, spots, layers) => {
            const places = { unit: (column, unit) => [100 * column, 50 * unit], radius: () => 20 }
            const told = layers.map(layer => ({ ...layer, weight: Float32Array.from(layer.weight) }))
            return spots.map(spot => unitAt(spot, places, told))
        }""",
        spots + beside,
        _told(),
    )
    strongest = [
        [layer, unit, int(row.abs().argmax()) + 1]
        for layer, weight in enumerate(_layers(), 1)
        for unit, row in enumerate(weight, 1)
    ]
    assert found[: len(spots)] == strongest
    within = [each for one in strongest for each in (None, one, None, None)]  # 15² + 15² > 20²
    assert found[len(spots) :] == within


def test_the_keys_go_through_all_weights_and_back() -> None:
    """By input round one unit; by unit through all layers and round, at an input that the next has, too."""
    steps = 2 * sum(SIZES[1:])
    found = computed(
        LIVE / "chosen_weight.js",
        """({ stepped }, layers, steps) => {
          const ways = [[true, 1], [true, -1], [false, 1], [false, -1]]
          return ways.map(([byUnit, way]) => {
            const walk = [[1, 2, 3]]
            for (let at = 0; at < steps; at++) walk.push(stepped(walk.at(-1), byUnit, way, layers))
            return walk
          })
        }""",
        _told(),
        steps,
    )
    onwards, back, *round_one = found
    units = [[layer, unit] for layer, n in enumerate(SIZES[1:], 1) for unit in range(1, n + 1)]
    start = units.index([1, 2])
    for walk, way in ((onwards, 1), (back, -1)):
        assert [place[:2] for place in walk] == [
            units[(start + way * at) % len(units)] for at in range(steps + 1)
        ]
        assert all(1 <= place[2] <= SIZES[place[0] - 1] for place in walk)
    for walk, way in zip(round_one, (1, -1), strict=True):
        assert walk == [[1, 2, (2 + way * at) % 3 + 1] for at in range(steps + 1)]


@pytest.mark.parametrize("z", [-1.959964, 1.959964])
def test_a_bar_s_band_ends_where_its_binomial_law_has_2_5_percent_beyond(z: float) -> None:
    """Exactly where few are expected; of many, to a count of them."""
    cases = [(40, 0.05), (200, 0.1), (1000, 0.001), (15, 0.5), (50, 0.9), (300, 0.2), (2000, 0.04)]
    found = computed(
        LIVE / "moving_histogram.js",
        "({ quantile }, cases, z) => cases.map(([n, share]) => quantile(n, share, z))",
        cases,
        z,
    )
    for (n, share), count in zip(cases, found, strict=True):
        exact = binom.ppf(0.025 if z < 0 else 0.975, n, share)
        assert abs(count - exact) <= (n * share > 30), (n, share)


def test_a_few_numbers_are_printed_as_torch_prints_them() -> None:
    rng = torch.Generator().manual_seed(2)
    drawn = torch.randn(3, 4, generator=rng)
    tensors = [drawn * scale for scale in (1, 1e-3, 2e-5, 9e-5, 1e-4, 1e3, 1e7, 1e9)]
    small = torch.tensor([[0.00009, 0.0, -0.0005], [0.0003, 0.002, 0.001]])
    edge = torch.tensor([[1.0, 0.001], [0.00099, 0.5]])
    tensors += [small, 2 * small, edge, drawn * torch.tensor([1, 1e-4, 1, 1])]
    tensors += [torch.full((2, 2), 5e-5), torch.tensor([[0.0, 1e-5]]), -drawn.abs()]
    found = computed(
        LIVE / "tensor_text.js",
        "({ printed }, tensors) => tensors.map(([numbers, inRow]) => printed(numbers, inRow))",
        [[tensor.flatten().tolist(), tensor.shape[1]] for tensor in tensors],
    )
    assert found == [str(tensor) for tensor in tensors]


def test_a_unit_is_written_as_the_sum_that_it_is() -> None:
    """Negative factors and terms in brackets, what is alone without; 1 + 2·(−3) + (−0.5)·0.25 + (−1)."""
    found = computed(
        LIVE / "unit_sum.js",
        """({ summed, beside }, told, now) => {
            const layers = now.layers.map(layer => ({ ...layer, weight: Float32Array.from(layer.weight) }))
            const all = { ...now, layers }
            const each = "%{customdata[0]} %{customdata[1]} %{customdata[2]}"
            const words = { hover_weight: each, hover_unit: each }, place = [1, 1, 2]
            return [summed(place, { layers: told }, all), beside({ place }, { words }, all),
                beside({ place, isLine: true }, { words }, all)]
        }""",
        [{"name": "a"}],
        {
            "x": [1, -3, 0.25],
            "layers": [
                {"inputs": 3, "weight": [1, 2, -0.5], "bias": [-1], "activation": "tanh"},
            ],
            "steps": [{"z": [-6.125], "a": [-0.9]}],
        },
    )
    text = found[0].replace("&nbsp;", " ")
    for tag in ("<b>", "</b>", '<span class="lab-term">', "<span>", "</span>", "<sub>", "</sub>"):
        text = text.replace(tag, "")
    assert text == "a  z1 = 1·1 + 2·(−3) + (−0.5)·0.25 + (−1) = −6.125,  a1 = tanh(z1) = −0.9"
    assert '<span class="lab-term">2·(−3)</span>' in found[0]
    assert found[1:] == ["1 −0.900 −1.00", "1 2 2.000"]


def test_what_is_not_finite_is_called_as_torch_calls_it() -> None:
    found = computed(
        LIVE / "network_drawing.js",
        "({ brief }) => [Infinity, -Infinity, NaN, -1234.5, 0.00012345].map(brief)",
    )
    inf = float("inf")
    assert found[:3] == [f"{x}".replace("-", "−") for x in (inf, -inf, float("nan"))]
    assert found[3:] == ["−1234", "0.000123"]  # as the server has them, the middle to the even digit


@pytest.mark.parametrize("activation", ["sigmoid", "softplus", "relu", "tanh", "elu", "silu"])
def test_a_layer_makes_of_any_length_what_core_s_means_make_of_it(
    activation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To six digits within the tables; beyond their ends they go on as the mean itself does."""
    monkeypatch.setattr(signal_moving, "_gaps", lambda _: None)  # of which this asks nothing
    tables = signal_moving.tables.__wrapped__(activation)
    lengths = [10.0 ** (power / 2) for power in range(-24, 25)]
    found = computed(
        LIVE / "meanfield.js",
        """({ Theory }, told, lengths) => {
            const theory = new Theory(told)
            return lengths.map(q => theory.next({ spread: 1.7, floor: 0 }, Math.log(q)))
        }""",
        tables,
        lengths,
    )
    exact = [meanfield.length_map(activation, q, sigma_w2=1.7, sigma_b2=0.0) for q in lengths]
    within = np.abs(np.log10(lengths)) <= 5
    np.testing.assert_allclose(np.exp(found)[within], np.array(exact)[within], rtol=1e-6)
    np.testing.assert_allclose(np.exp(found), exact, rtol=0.03)  # a hundredth of a power of ten, on the map


def test_what_lies_in_the_middle_of_two_numbers_is_written_as_python_and_torch_write_it() -> None:
    """Each goes to the even digit; a browser's own rounding goes away from 0: 1/64 would be 0.01563."""
    middles = [odd / 2**power for power in range(1, 24) for odd in (1, 3, 5, 7, 9, 17, 65)]
    middles += [4.0625, 9.5, 99.5, 2.5e10, 1 - 2**-53, 0.1 - 2**-56]  # the last two are a power of ten
    values = [sign * value for value in middles for sign in (1, -1)]
    written = computed(
        LIVE / "numbers.js",
        """({ count, inFormula, quantity }, values) => values.map(value => [quantity(value),
            quantity(value, 1), quantity(value, value, 3), count(value), inFormula(value, 4)])""",
        values,
    )
    assert written[values.index(1 / 64)][0] == "0.01562"
    assert written[values.index(4.0625)][4] == "4.062"
    for value, (own, beside, three, whole, formula) in zip(values, written, strict=True):
        assert own == numbers.quantity(value)
        assert beside == numbers.quantity(value, 1)
        assert three == numbers.quantity(value, value, 3)
        assert whole == numbers.count(value)
        if "e" not in (plain := f"{value:.4g}"):
            assert formula == plain.replace("-", "−")
    for tensor in ([[0.03125, -0.09375], [0.5, 0.25]], [[2.0**-17, 1.0], [1.03125, 3.0]]):
        printed = computed(LIVE / "tensor_text.js", "({ printed }, rows) => printed(rows.flat(), 2)", tensor)
        assert printed == repr(torch.tensor(tensor))


def test_a_file_s_size_is_said_in_units_of_1024_as_the_limits_are() -> None:
    """A file of any bytes has at least one kB; a limit of 4 MB is 4·2²⁰ bytes (docs/deploying.md)."""
    sizes = {1: "1 kB", 1024: "1 kB", 1025: "2 kB", 2**20 - 1: "1024 kB", 2**20: "1 MB", 3 * 2**19: "1.5 MB"}
    sizes |= {4 * 2**20: "4 MB", 5_000_000: "4.77 MB", 2**30: "1024 MB", 123_456_789: "118 MB"}
    assert computed(LIVE / "numbers.js", "({ sized }, sizes) => sizes.map(sized)", [*sizes]) == [
        *sizes.values()
    ]


#: Where the edge of chaos lies, σ_w² of the dots, and how the edge is written, by hand: with three digits of
#: its distance from a dot that lies within a hundredth of it, else with three of its own.
BESIDE = [
    (1.763421, [1.77], "1.76342"),
    (1.763421, [1.7801], "1.7634"),  # 0.95 % off, on either side
    (1.763421, [1.7468], "1.7634"),
    (1.763421, [1.782], "1.76"),  # 1.05 %
    (1.763421, [1.745], "1.76"),
    (1.763421, [4.0, 1.77, 1.0], "1.76342"),  # the nearest of several
    (1.763421, [1.763421], "1.763"),  # on it
    (0.02051, [0.0206], "0.02051"),
    (20.514, [20.6], "20.514"),
    (20.514, [21.0], "20.5"),
]


def test_the_edge_of_chaos_is_told_from_the_dot_beside_it_by_python_and_by_the_browser() -> None:
    cases, written = [], []
    for edge, dots, text in BESIDE:
        assert signal_theory._edge(edge, [Dot("", 0, spread, 0.0) for spread in dots]) == text
        plain = {"sigma_b2": 0, "phase": "any", "name": "", "x": None, "q": 1, "chi": 1, "deep": 1, "gone": 1}
        cases.append((edge, [{"at": at, "sigma_w2": spread, **plain} for at, spread in enumerate(dots)]))
        written.append(text)
    words = {
        "bias": {"none": ""},
        "leads": {"turns": "{edge}"},
        "phases": {"any": ""},
        "parts": {"any": ""},
        **dict.fromkeys(("colon", "listed", "stop"), ""),
    }
    plane = {"words": words, "named": 3, "bias": "none", "sigma_b": 0, "dots": [{"sigma_b2": 0}]}
    found = computed(
        LIVE / "plane_words.js",
        """({ numbersOf }, cases, plane) => cases.map(
            ([edge, dots]) => numbersOf(dots, { edge: () => edge }, plane).head
        )""",
        *(cases, plane),
    )
    assert found == written


@pytest.mark.parametrize("last", ["pointerup", "pointercancel", "lostpointercapture"])
def test_one_finger_drags_until_it_lets_go_whatever_another_does(last: str) -> None:
    """Pointer Events 3: each has an id; what ends a drag may be told by more than one event."""
    said = [
        ["pointermove", 7, 1],
        ["pointermove", 8, 2],
        ["pointerup", 8, 3],
        ["pointermove", 7, 4],
        [last, 7, 5],
        ["lostpointercapture", 7, 6],
        ["pointermove", 7, 7],
    ]
    found = computed(
        LIVE / "pointer.js",
        """({ dragged }, said) => {
            const element = new EventTarget(), heard = []
            element.setPointerCapture = id => heard.push(["holds", id])
            const moved = ({ at }) => heard.push(["moved", at]), ended = () => heard.push(["ended"])
            dragged({ pointerId: 7 }, element, moved, ended)
            for (const [kind, pointerId, at] of said)
                element.dispatchEvent(Object.assign(new Event(kind), { pointerId, at }))
            return heard
        }""",
        said,
    )
    assert found == [["holds", 7], ["moved", 1], ["moved", 4], ["ended"]]


@pytest.mark.parametrize("rate", [60, 75, 144])
def test_seeds_run_on_at_some_thirty_a_second_whatever_the_screen_s_own_rate(rate: int) -> None:
    shown = computed(
        LIVE / "seeds.js",
        """({ Seeds }, rate) => {
            let next = null
            globalThis.requestAnimationFrame = run => { next = run }
            const seeds = []
            new Seeds({ seed: 2 ** 32 - 2, family: "normal", n: 100 }, seed => seeds.push(seed))
            for (let frame = 0; frame < 2 * rate; frame++) next(1000 * frame / rate)
            return seeds
        }""",
        rate,
    )
    assert shown[:3] == [2**32 - 1, 0, 1]
    assert shown[2:] == list(range(1, len(shown) - 1))
    assert 24 <= len(shown) / 2 <= 36


#: A projector's page: whether the pointer is over its bar, and how long until what was begun ends.
PROJECTOR = """
const hears = {}, dataset = {}, timers = new Map()
globalThis.document = { documentElement: { dataset } }
globalThis.addEventListener = (kind, hear) => { hears[kind] = hear }
globalThis.setTimeout = (run, wait) => { timers.set(run, wait); return run }
globalThis.clearTimeout = run => timers.delete(run)
globalThis.page = { hears, dataset, timers }
"""


@pytest.mark.parametrize(
    ("moves", "is_shown"),
    [
        ([(0, False)], True),
        ([(59, False)], True),  # as high as the bar is
        ([(120, False)], False),  # over the headline, which it would hide
        ([(120, True)], False),  # the bar is not there yet
        ([(30, True), (100, True)], True),  # its second row
    ],
)
def test_a_projector_s_bar_comes_at_the_top_and_goes_again(
    moves: list[tuple[int, bool]], *, is_shown: bool
) -> None:
    shown, waits, later = computed(
        LIVE / "projector_bar.js",
        """(_, moves) => {
            const { hears, dataset, timers } = globalThis.page
            for (const [clientY, isOver] of moves)
                hears.pointermove({ clientY, target: { closest: () => isOver ? {} : null } })
            const shown = dataset.labBar === "shown", waits = [...timers.values()]
            for (const run of [...timers.keys()]) run()
            return [shown, waits, "labBar" in dataset]
        }""",
        moves,
        before=PROJECTOR,
    )
    assert shown == is_shown
    assert waits == [4000] * is_shown  # once, from the last movement on
    assert not later
