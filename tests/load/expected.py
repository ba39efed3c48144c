"""What a visitor must have been shown, from torch alone."""

import re
from typing import NamedTuple

import torch
from torch import nn

from tests.support.written import read


class Choice(NamedTuple):
    """What a visitor of the distribution page has chosen; the rest stays as it comes."""

    seed: int
    fan_in: int = 512
    fan_out: int = 256
    nonlinearity: str = "relu"

    @property
    def query(self) -> str:
        """The link that opens the page with it."""
        return "v=1&" + "&".join(f"{name}={value}" for name, value in self._asdict().items())


#: The table's rows, in English.
ROWS = ("Mean", "Std", "Minimum", "Maximum")


def named(shown: str, seed: int) -> bool:
    """Tell whether the page names this seed as its own."""
    return f"seed {seed} ·" in shown


def differing(shown: str, choice: Choice) -> str:
    """Return what of a page's numbers is not what torch draws; '' if all is."""
    if not named(shown, choice.seed):
        return f"seed {choice.seed} was asked for, and the page shows another"
    for row, exact in zip(ROWS, _numbers(choice), strict=True):
        found = re.search(rf'<th scope="row">{row}</th><td>(([−\d.]+)(×10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)?)</td>', shown)
        if found is None:
            return f"seed {choice.seed}: the page has no {row.lower()}"
        scale = read(f"1{found[3] or ''}")
        unit = scale * 10.0 ** -len(found[2].partition(".")[2])
        if abs(read(found[1]) - exact) > 0.51 * unit:
            return f"seed {choice.seed}: {row.lower()} is {exact:.7g}, and the page shows {found[1]}"
    return ""


def _numbers(choice: Choice) -> tuple[float, float, float, float]:
    weights = torch.empty(choice.fan_out, choice.fan_in)
    generator = torch.Generator().manual_seed(choice.seed)
    nn.init.kaiming_normal_(weights, nonlinearity=choice.nonlinearity, generator=generator)  # type: ignore[arg-type]
    exact = weights.double()
    return float(exact.mean()), float(exact.std(correction=0)), float(exact.min()), float(exact.max())
