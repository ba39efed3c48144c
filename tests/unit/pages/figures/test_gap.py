"""The largest gap between the drawn and the expected share, and where it is."""

import torch

from core import SCHEMES, Summary
from pages.figures.distribution_agreement import gap


def test_the_gap_is_at_the_edge_where_it_is() -> None:
    """Of U(0, 1) a quarter lies below 0.25; here three quarters do, and the curves meet at both ends."""
    weights = torch.cat([torch.linspace(0.0, 0.2499, 3000), torch.linspace(0.2501, 0.9999, 1000)]).reshape(
        40, 100
    )
    law = SCHEMES["uniform"].law((40, 100))
    summary = Summary.of(weights, law=law)
    size, at = gap(summary, law)
    edges = summary.edges
    near = float(edges[abs(edges - 0.25).argmin()])
    assert at == near
    below = float((weights < near).double().mean())
    assert abs(size - abs(below - near)) < 1e-3
