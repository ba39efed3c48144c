"""How often the referee calls an honest draw inconsistent: ``make bench``.

It claims at most ALPHA, in every dtype; here over 2 000 seeds for each scheme with chance in it, each size
and each dtype that torch can draw.
"""

import itertools
import math
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import torch

from core import DTYPES, SCHEMES, DtypeError, check, referee, summarize

SEEDS = 2000
SIZES = ((1, 1), (3, 5), (10, 10), (30, 40), (100, 120))
PARAMETERS: dict[str, tuple[dict[str, Any], ...]] = {
    "uniform": ({}, {"a": 1.0, "b": 1.1}),
    "normal": ({}, {"mean": 3.0, "std": 0.5}),
    "trunc_normal": ({}, {"a": 0.0, "b": 3.0}, {"a": 2.0, "b": 9.0}),
    "sparse": ({"sparsity": 0.3},),
}


def alarms(case: tuple[str, dict[str, Any], tuple[int, int], torch.dtype]) -> int | None:
    """Count the honest draws of one case that are called inconsistent; None if torch cannot draw it."""
    key, params, shape, dtype = case
    torch.set_num_threads(1)
    try:
        _, law, _ = check(key, shape, seed=0, dtype=dtype, **params)
    except DtypeError:
        return None
    draws = (summarize(key, shape, seed=seed, dtype=dtype, bins=60, **params) for seed in range(SEEDS))
    return sum(not referee.judge(summary, law).consistent for summary in draws)


def main() -> None:
    """Print the rate for each dtype beside the claim."""
    random = [key for key, scheme in SCHEMES.items() if key != "dirac" and scheme.law((3, 5)).random]
    cases = [(key, params) for key in random for params in PARAMETERS.get(key, ({},))]
    with ProcessPoolExecutor(2) as pool:
        for dtype in DTYPES:
            asked = [(key, params, size, dtype) for (key, params), size in itertools.product(cases, SIZES)]
            found = [(number, case) for number, case in zip(pool.map(alarms, asked), asked, strict=True)]
            counts = [number for number, _ in found if number is not None]
            draws, worst = SEEDS * len(counts), max(found, key=lambda pair: pair[0] or 0)
            # the binomial count that chance passes once in a million
            limit = draws * referee.ALPHA + 4.75 * math.sqrt(draws * referee.ALPHA)
            rate = 1000 * sum(counts) / draws
            print(f"{dtype}: {sum(counts)} alarms in {draws:,} honest draws, {rate:.2f} in a thousand (≤ 1)")
            print(
                f"  chance allows {limit:.0f}; the most of one case: {worst[0]} of {SEEDS:,}, {worst[1][:3]}"
            )


if __name__ == "__main__":
    main()
