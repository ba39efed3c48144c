"""What holds exactly in a matrix: nothing to find in torch's own, and every tampering found."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from core import SCHEMES, Law, Summary, draw, summarize
from core.weights import referee, structure
from core.weights.structure import defects
from tests.support.cases import CASES, Case, case_id
from tests.support.marks import generator_stays
from tests.support.shapes import Shape

pytestmark = generator_stays
EXACT = {
    "orthogonal": "orthogonal_",
    "orthogonal_cast": "orthogonal_",
    "sparse": "sparse_",
    "eye": "eye_",
    "dirac": "dirac_",
}
ARGUMENTS = {"gain": 1.0, "sparsity": 0.1, "std": 0.01, "groups": 1}
DTYPES = (torch.float32, torch.float64, torch.bfloat16, torch.float16)
#: torch draws no orthogonal matrix in half precision
DRAWABLE = [
    (case, dtype)
    for case in CASES
    for dtype in DTYPES
    if case.key in EXACT and (case.half or dtype.itemsize > 2)
]


def _orthogonal(shape: Shape, dtype: torch.dtype = torch.float32, gain: float = 1.0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(4)
    return nn.init.orthogonal_(torch.empty(shape, dtype=dtype), gain, generator=generator)


@pytest.mark.parametrize(
    ("case", "dtype"), DRAWABLE, ids=lambda it: case_id(it) if isinstance(it, Case) else str(it)
)
def test_torch_s_own_have_no_defects(case: Case, dtype: torch.dtype) -> None:
    for shape in case.shapes:
        weight = case.draw(torch.empty(shape, dtype=dtype), torch.Generator().manual_seed(6))
        assert defects(EXACT[case.key], weight, {**ARGUMENTS, **case.params}) == 0, shape
        assert summarize(case.key, shape, seed=1, dtype=dtype, **case.params).defects == 0, shape


@pytest.mark.parametrize("case", [c for c in CASES if c.key not in EXACT], ids=case_id)
def test_other_schemes_promise_nothing_exact(case: Case) -> None:
    call = SCHEMES[case.key].call((3, 5), **case.params)
    weight = case.draw(torch.empty(3, 5), torch.Generator().manual_seed(1))
    assert defects(call.function, weight, call.arguments) is None
    assert summarize(case.key, (3, 5), seed=1, **case.params).defects is None


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("shape", [(30, 50), (50, 30), (8, 3, 5), (2, 1)], ids=case_id)
@pytest.mark.parametrize("gain", [1.0, 1e-3, 50.0])
def test_a_tampered_orthogonal_matrix_is_found_out(shape: Shape, dtype: torch.dtype, gain: float) -> None:
    honest = _orthogonal(shape, dtype, gain)
    assert defects("orthogonal_", honest, {"gain": gain}) == 0
    assert defects("orthogonal_", honest * 1.001, {"gain": gain}) == min(shape[0], honest[0].numel())
    moved = honest.clone()
    moved[1, 0] += 0.01 * gain  # one weight: its own vector is too long, and no longer across the others
    assert defects("orthogonal_", moved, {"gain": gain}) > 0


@pytest.mark.parametrize(("dtype", "digits"), [(torch.float32, 2.0**-23), (torch.float64, 2.0**-52)], ids=str)
@pytest.mark.parametrize("gain", [1.0, -3.0])
def test_what_is_exact_is_exact_to_some_sixty_roundings(
    dtype: torch.dtype, digits: float, gain: float
) -> None:
    """128 roundings off is a defect, seen from either side; torch's own of 600 rows keep within 16."""
    weight = torch.eye(5, 7, dtype=dtype) * gain
    weight[2, 0] = 128 * digits * gain
    assert defects("orthogonal_", weight, {"gain": gain}) == 2
    weight[2, 0] = 32 * digits * gain
    assert defects("orthogonal_", weight, {"gain": gain}) == 0
    longer = torch.eye(5, 7, dtype=dtype) * gain
    longer[3, 3] *= 1 + 64 * digits  # and its square is off by 128
    assert defects("orthogonal_", longer, {"gain": gain}) == 1
    large = _orthogonal((600, 650), dtype).double()
    assert float((large @ large.T - torch.eye(600, dtype=torch.float64)).abs().max()) < 16 * digits


#: u, half of what 1 and its successor are apart: 8, 11, 4 and 3 bits of mantissa
CAST = [
    (torch.bfloat16, 2.0**-8),
    (torch.float16, 2.0**-11),
    (torch.float8_e4m3fn, 2.0**-4),
    (torch.float8_e5m2, 2.0**-3),
]


@pytest.mark.parametrize(("dtype", "unit"), CAST, ids=str)
@pytest.mark.parametrize("shape", [(40, 60), (60, 40), (2, 3), (9, 5, 3)], ids=case_id)
@pytest.mark.parametrize("gain", [1.0, 20.0])
def test_a_cast_matrix_is_held_to_what_the_cast_can_do(
    shape: Shape, gain: float, dtype: torch.dtype, unit: float
) -> None:
    """It moves an inner product of unit vectors by 2u + u² at most; more than twice that is a defect."""
    honest = _orthogonal(shape, gain=gain)
    assert defects("orthogonal_", honest.to(dtype), {"gain": gain}) == 0
    off = (honest * (1 + 3 * unit)).to(dtype)  # each vector's square is 6u too large
    assert defects("orthogonal_", off, {"gain": gain}) > 0


def test_two_vectors_that_are_not_orthogonal_are_two_defects() -> None:
    """As rows of length 1 with inner product 1/2: the pair is off, seen from either side."""
    weight = torch.eye(4, 7)
    weight[2, :4] = torch.tensor([0.5, 0, math.sqrt(0.75), 0])
    assert defects("orthogonal_", weight, {"gain": 1.0}) == 2
    assert defects("orthogonal_", weight.T, {"gain": 1.0}) == 2
    weight[2] = weight[0]
    assert defects("orthogonal_", weight, {"gain": 1.0}) == 2


def test_with_gain_0_every_weight_is_0() -> None:
    assert defects("orthogonal_", torch.zeros(3, 5), {"gain": 0.0}) == 0
    assert defects("orthogonal_", torch.eye(3, 5), {"gain": 0.0}) == 3


@pytest.mark.parametrize(("rows", "zeros"), [(30, 3), (31, 4), (3, 1)])
def test_a_column_with_a_zero_filled_in_is_found_out(rows: int, zeros: int) -> None:
    """A tenth of the rows, rounded up."""
    weight = torch.full((rows, 7), 0.01)
    weight[:zeros] = 0
    assert defects("sparse_", weight, {"sparsity": 0.1}) == 0
    weight[0, 2] = weight[0, 5] = 1e-9
    assert defects("sparse_", weight, {"sparsity": 0.1}) == 2


@pytest.mark.parametrize("shape", [(3, 5), (7, 1), (64, 128)], ids=case_id)
def test_an_identity_with_a_weight_moved_is_found_out(shape: Shape) -> None:
    weight = torch.eye(*shape)
    assert defects("eye_", weight, {}) == 0
    assert defects("eye_", weight.roll(1, 0), {}) > 0
    weight[-1, 0] += 0.5
    assert defects("eye_", weight, {}) == 1
    assert defects("eye_", torch.zeros(shape), {}) == min(shape)


@pytest.mark.parametrize("groups", [1, 2, 3])
@pytest.mark.parametrize("shape", [(6, 5, 3), (6, 2, 4, 3), (12, 5, 1, 2, 3)], ids=case_id)
def test_a_dirac_kernel_off_its_middle_or_its_groups_is_found_out(shape: Shape, groups: int) -> None:
    weight = nn.init.dirac_(torch.empty(shape), groups)
    ones = int(weight.sum())
    assert defects("dirac_", weight, {"groups": groups}) == 0
    assert defects("dirac_", weight.roll(1, -1), {"groups": groups}) == 2 * ones  # each misses, each is extra
    assert defects("dirac_", torch.zeros(shape), {"groups": groups}) == ones
    other = nn.init.dirac_(torch.empty(shape), 6)
    assert defects("dirac_", other, {"groups": groups}) == int((other != weight).sum())


@pytest.mark.parametrize("key", EXACT)
def test_a_defect_is_a_verdict(key: str) -> None:
    shape = (6, 5, 3) if key == "dirac" else (40, 30)
    law, honest = SCHEMES[key].law(shape), summarize(key, shape, seed=2)
    verdict = referee.judge(honest, law)
    assert {check.name: check.p_value for check in verdict.checks}["structure"] == 1
    fields = {name: getattr(honest, name) for name in honest.__slots__}
    verdict = referee.judge(type(honest)(**{**fields, "defects": 1}), law)
    assert not verdict.consistent


def _law(key: str, shape: tuple[int, ...], **params: Any) -> Law:
    return SCHEMES[key].law(shape, **params)


def _scaled(shape: tuple[int, int]) -> Tensor:
    """A Gaussian matrix of an orthogonal one's norm: each number is right, and it is not orthogonal."""
    weight = torch.randn(shape, generator=torch.Generator().manual_seed(7))
    return weight * (min(shape) ** 0.5 / weight.norm())


def _cornered(shape: tuple[int, ...]) -> Tensor:
    """What dirac_ writes into the middle of the kernels, written into their first corner."""
    weight, units = torch.zeros(shape), range(min(shape[:2]))
    for i in units:
        weight[(i, i, *[0] * (len(shape) - 2))] = 1
    return weight


#: key, a weight whose every number is right for the scheme, and that is not its
WRONG = {
    "eye permuted": ("eye", {}, torch.eye(6)[[1, 0, 2, 3, 4, 5]]),
    "eye flipped": ("eye", {}, torch.eye(5, 7).flip(1)),
    "dirac in the corner": ("dirac", {}, _cornered((6, 4, 3, 3))),
    "dirac of other groups": ("dirac", {"groups": 2}, nn.init.dirac_(torch.empty(6, 3, 3))),
    "Gaussian": ("orthogonal", {}, _scaled((256, 256))),
    "wide Gaussian": ("orthogonal", {}, _scaled((48, 300))),
    "sparse, by rows": ("sparse", {"sparsity": 0.5}, torch.ones(4, 6).mul_(0.01)),
}


@pytest.mark.parametrize("name", WRONG)
def test_the_referee_looks_at_a_tensor_that_it_did_not_see_drawn(name: str) -> None:
    key, params, weight = WRONG[name]
    law = _law(key, tuple(weight.shape), **params)
    verdict = referee.judge(Summary.of(weight, law=law), law)
    assert not verdict.consistent
    assert verdict.unseen == ()
    assert next(check for check in verdict.checks if check.name == "structure").p_value == 0


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float8_e5m2])
@pytest.mark.parametrize(
    ("key", "shape"),
    [
        ("eye", (5, 7)),
        ("dirac", (6, 4, 3)),
        ("orthogonal", (64, 32, 3, 3)),
        ("orthogonal", (12, 40)),
        ("sparse", (50, 30)),
    ],
)
def test_what_torch_filled_has_its_pattern_in_every_dtype(
    key: str, shape: tuple[int, ...], dtype: torch.dtype
) -> None:
    law = _law(key, shape)
    summary = Summary.of(draw(key, shape, seed=5).to(dtype), law=law)
    assert summary.defects == 0
    assert referee.judge(summary, law).unseen == ()


def test_the_referee_says_where_it_could_not_look() -> None:
    law, weight = _law("orthogonal", (8, 5)), _orthogonal((8, 5))
    whole = Summary.of(weight, law=law)
    for summary in (
        Summary.of(weight.flatten(), law=law),
        Summary.of(weight.T, law=law),
        whole.merge(whole),
    ):
        assert summary.defects is None
        assert referee.judge(summary, law).unseen == ("structure",)
    assert referee.judge(whole, law).unseen == ()
    plain = _law("normal", (8, 5))
    assert referee.judge(Summary.of(weight, law=plain), plain).unseen == ()


def test_a_matrix_too_large_to_be_multiplied_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    law, weight = _law("orthogonal", (8, 5)), _orthogonal((8, 5))
    monkeypatch.setattr(structure, "LOOK", 8 * 5 * 5)
    assert Summary.of(weight, law=law).defects == 0
    monkeypatch.setattr(structure, "LOOK", 8 * 5 * 5 - 1)
    assert Summary.of(weight, law=law).defects is None


def test_a_weight_that_is_infinite_is_the_largest_and_no_other_is_called_so() -> None:
    law, weight = _law("normal", (30, 40)), torch.randn(30, 40, generator=torch.Generator().manual_seed(1))
    assert "extreme" in {check.name for check in referee.judge(Summary.of(weight, law=law), law).checks}
    weight[3, 4] = -math.inf
    verdict = referee.judge(Summary.of(weight, law=law), law)
    assert "extreme" not in {check.name for check in verdict.checks}
    assert verdict.p_value == 0
