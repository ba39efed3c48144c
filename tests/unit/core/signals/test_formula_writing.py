"""A formula has one key, one PyTorch call and one LaTeX text, however it was written."""

import pytest

from core.signals.activations import ACTIVATIONS
from core.signals.formula import activation_of


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("swish", "silu"),
        ("F.gelu", "gelu"),
        ("torch.tanh", "tanh"),
        ("hardtanh", "hard_tanh"),
        ("hardswish", "hardswish(z)"),
        (" torch.nn.functional.relu6 ", "relu6(z)"),
        ("asinh", "asinh(z)"),
        ("F.leaky_relu(x, negative_slope = .2)", "leaky_relu(z,0.2)"),
        ("softplus(z, threshold=40)", "softplus(z,1,40)"),
        ("hardtanh(z, max_val=2)", "hard_tanh(z,-1,2)"),
        ('gelu(z, approximate="tanh")', "gelu_tanh(z)"),
        ("gelu(z, approximate='none')", "gelu(z)"),
        ("clamp(z, min=0)", "max(z,0)"),
        ("clamp(z, max=6, min=0)", "clip(z,0,6)"),
        ("relu(input=torch.pi*z)", "relu(pi*z)"),
    ],
)
def test_torch_s_own_writings_have_one_key(text: str, key: str) -> None:
    assert activation_of(text).key == key


def test_a_key_gives_its_row() -> None:
    for key, row in ACTIVATIONS.items():
        assert activation_of(key) is row
        assert activation_of(f" {key} ") is row


def test_a_formula_has_no_source_and_is_built_only_once() -> None:
    phi = activation_of("z*sigmoid(1.702 * z)")
    assert (phi.key, phi.source, phi.gain) == ("z*sigmoid(1.702*z)", "", None)
    assert phi.code == "(lambda z: z * torch.sigmoid(1.702 * z))"
    assert activation_of("z*sigmoid(1.702 * z)") is phi


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("max(z, 0)", "torch.clamp(z, min=0)"),
        ("min(6, relu(z))", "torch.clamp(torch.relu(z), max=6)"),
        ("max(z, z^2)", "torch.maximum(z, z ** 2)"),
        ("clip(x, -1/2, 1)", "torch.clamp(z, min=-0.5, max=1)"),
        ("-(z + 1)^2", "-(z + 1) ** 2"),
        ("e^(2*z)", "torch.exp(2 * z)"),
        ("leaky_relu(linear(z)) - 1", "F.leaky_relu(z) - 1"),
        ("2^3*z", "8 * z"),
        ("softplus(z, 100)", "F.softplus(z, 100)"),
        ("hardtanh(2*z, max_val=2)", "F.hardtanh(2 * z, -1, 2)"),
        ("gelu(z, approximate='tanh')", "F.gelu(z, approximate='tanh')"),
        ("rsqrt(1+z^2)*sign(z)*z", "torch.rsqrt(1 + z ** 2) * torch.sign(z) * z"),
    ],
)
def test_the_code_is_as_a_person_would_write_it(text: str, code: str) -> None:
    assert activation_of(text).code == f"(lambda z: {code})"


@pytest.mark.parametrize(
    ("text", "latex"),
    [
        ("2*z", r"2\,z"),
        ("z*2", r"z\cdot 2"),
        ("pi*z", r"\pi\,z"),
        ("-z^2", r"-z^{2}"),
        ("(-z)^2", r"(-z)^{2}"),
        ("2^-z", r"2^{-z}"),
        ("(z+1)^2", r"(z+1)^{2}"),
        ("(2*z)^2", r"(2\,z)^{2}"),
        ("(z/2)^2", r"\left(\frac{z}{2}\right)^{2}"),
        ("(z^2)^3", r"(z^{2})^{3}"),
        ("z^2^3", r"z^{2^{3}}"),
        ("tanh(z)^2", r"(\tanh(z))^{2}"),
        ("exp(z)^2", r"(e^{z})^{2}"),
        ("abs(z)^3", r"\left|z\right|^{3}"),
        ("sqrt(1+z^2)", r"\sqrt{1+z^{2}}"),
        ("z-(z^2-1)", r"z-(z^{2}-1)"),
        ("z+(z^2-1)", r"z+(z^{2}-1)"),
        ("z-1+2", "z-1+2"),
        ("z-(-2)", "z-(-2)"),
        ("z*(-2)", r"z\,(-2)"),
        ("-2*z", r"-2\,z"),
        ("z+-2*z", r"z+(-2\,z)"),
        ("-(z+1)", "-(z+1)"),
        ("-(z*2)", r"-z\cdot 2"),
        ("--z", "-(-z)"),
        ("z*(z+1)", r"z\,(z+1)"),
        ("(z+1)*z", r"(z+1)\,z"),
        ("z*(z*3)", r"z\,(z\cdot 3)"),
        ("-z/2", r"-\frac{z}{2}"),
        ("z*(-z/2)", r"z\,\left(-\frac{z}{2}\right)"),
        ("z/2/3", r"\frac{\frac{z}{2}}{3}"),
        ("2*(z/3)", r"2\cdot \frac{z}{3}"),
        ("exp(-z^2/2)", r"e^{-\frac{z^{2}}{2}}"),
        ("log(1+exp(z))", r"\ln(1+e^{z})"),
        ("sigmoid(z/2)", r"\sigma\left(\frac{z}{2}\right)"),
        ("max(z,-1)", r"\max(z,\,-1)"),
        ("atan(cos(z))", r"\arctan(\cos(z))"),
        ("hard_tanh(z)", r"\operatorname{hard\_tanh}(z)"),
        ("leaky_relu(z, 0.2)", r"\operatorname{leaky\_relu}(z,\,0.2)"),
        ("z*sign(z)", r"z\,\operatorname{sgn}(z)"),
        ("asinh(z)", r"\operatorname{arsinh}(z)"),
        ("sinh(z)+cosh(z)", r"\sinh(z)+\cosh(z)"),
        ("square(z+1)", r"(z+1)^{2}"),
        ("square(z)^2", r"(z^{2})^{2}"),
        ("rsqrt(1+z^2)*z", r"\frac{1}{\sqrt{1+z^{2}}}\,z"),
        ("1.5e-7*z", r"1.5\cdot 10^{-7}\,z"),
        ("(1.5e-7)^.5*z", r"(1.5\cdot 10^{-7})^{0.5}\,z"),
    ],
)
def test_latex_has_the_brackets_it_needs(text: str, latex: str) -> None:
    assert activation_of(text).formula == latex
