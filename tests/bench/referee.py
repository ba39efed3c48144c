"""How often the referee calls an honest draw inconsistent: ``make bench``.

It claims at most ALPHA, in every dtype; here over 2 000 seeds for each scheme with chance in it, each size,
each dtype that torch can draw, and those that it is cast to.
"""

import itertools
import math
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import torch

from core import DTYPES, SCHEMES, DtypeError, Summary, check, draw
from core.weights import referee

SEEDS = 2000
SIZES = ((1, 1), (3, 5), (10, 10), (30, 40), (100, 120))
PARAMETERS: dict[str, tuple[dict[str, Any], ...]] = {
    "uniform": ({}, {"a": 1.0, "b": 1.1}),
    "normal": ({}, {"mean": 3.0, "std": 0.5}),
    "trunc_normal": ({}, {"a": 0.0, "b": 3.0}, {"a": 2.0, "b": 9.0}),
    "sparse": ({"sparsity": 0.3},),
}


#: what weights are drawn in, what they are cast to, and whether the referee is told the first
WAYS: tuple[tuple[torch.dtype, torch.dtype, bool], ...] = (
    *((dtype, dtype, True) for dtype in DTYPES),
    *((dtype, dtype, False) for dtype in DTYPES),
    *(
        (torch.float32, dtype, told)
        for dtype in (torch.bfloat16, torch.float16, torch.float8_e4m3fn, torch.float8_e5m2)
        for told in (True, False)
    ),
    (torch.float64, torch.float32, True),
    (torch.float64, torch.float32, False),
    (torch.bfloat16, torch.float8_e4m3fn, False),
    (torch.bfloat16, torch.float32, True),
)
Case = tuple[str, dict[str, Any], tuple[int, int], tuple[torch.dtype, torch.dtype, bool]]


def alarms(case: Case) -> int | None:
    """Count the honest draws of one case that are called inconsistent; None if torch cannot draw it."""
    key, params, shape, (drawn_in, dtype, told) = case
    torch.set_num_threads(1)
    try:
        _, law, _ = check(key, shape, seed=0, dtype=drawn_in, **params)
    except DtypeError:
        return None
    count = 0
    for seed in range(SEEDS):
        weights = draw(key, shape, seed=seed, dtype=drawn_in, **params).to(dtype)
        summary = Summary.of(weights, law=law, bins=60, drawn_in=drawn_in if told else None)
        count += not referee.judge(summary, law).consistent
    return count


def main() -> None:
    """Print the rate for each way beside the claim."""
    random = [key for key, scheme in SCHEMES.items() if key != "dirac" and scheme.law((3, 5)).random]
    cases = [(key, params) for key in random for params in PARAMETERS.get(key, ({},))]
    with ProcessPoolExecutor(2) as pool:
        for way in WAYS:
            asked = [(key, params, size, way) for (key, params), size in itertools.product(cases, SIZES)]
            found = [(number, case) for number, case in zip(pool.map(alarms, asked), asked, strict=True)]
            counts = [number for number, _ in found if number is not None]
            draws, worst = SEEDS * len(counts), max(found, key=lambda pair: pair[0] or 0)
            # the binomial count that chance passes once in a million
            limit = draws * referee.ALPHA + 4.75 * math.sqrt(draws * referee.ALPHA)
            drawn_in, dtype, told = (str(part).removeprefix("torch.") for part in way)
            print(
                f"drawn in {drawn_in}, held in {dtype}, told: {told}: {sum(counts)} alarms in {draws:,} "
                f"honest draws, {1000 * sum(counts) / draws:.2f} in a thousand (≤ 1)"
            )
            print(
                f"  chance allows {limit:.0f}; the most of one case: {worst[0]} of {SEEDS:,}, {worst[1][:3]}",
                flush=True,
            )


if __name__ == "__main__":
    main()
