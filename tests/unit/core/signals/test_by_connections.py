"""The law by a layer's true connections: what fills from the shape has none of its own."""

import pytest

from core.signals.comparison import by_connections
from core.weights.layers import Layer
from core.weights.schemes import SCHEMES

#: torch.nn.init: orthogonal_, sparse_, eye_ and dirac_ read the tensor's shape, and no fans.
FROM_SHAPE = {"orthogonal", "orthogonal_cast", "sparse", "eye", "dirac"}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_only_what_fills_from_the_fans_has_a_law_by_connections(scheme: str) -> None:
    plain, grouped = Layer.of("Linear(30, 20)"), Layer.of("Conv2d(8, 12, 3, stride=2, groups=4)")
    given = {"sparsity": 0.5} if scheme == "sparse" else {}
    for layer in (plain, grouped):
        law = by_connections(scheme, layer, **given)
        assert (law is None) == (scheme in FROM_SHAPE)
