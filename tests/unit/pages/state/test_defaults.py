"""What a link means that does not say: the defaults of this version, as they were when it was published.

A link leaves out what stands at its default. Another default is another meaning of every link that leaves it
out, and wants another version.
"""

from pages.state.controls import TABLE, VERSION, default_of

#: A control that comes later may have any default; these stay.
DEFAULTS = {
    # a scheme; torch's own parameters: He's relu and fan_in, U(0, 1), N(0, 1), the lesson's constant of 5
    "scheme": "kaiming_normal",
    "nonlinearity": "relu",
    "mode": "fan_in",
    "a": 0,
    "b": 1,
    "mean": 0,
    "std": 1,
    "val": 5,
    "gain": 1,
    "sparsity": 0.1,
    "groups": 1,
    "distribution": "truncated_normal",
    "scale": 1,
    "n_layer": 12,
    "sigma": 1,
    "base_width": 1,
    "layer_id": 0,
    "d_model": 0,
    "role": "q",
    "d_kv": 64,
    "factor": 1,
    "omega": 30,
    "stack": "alone",
    "n_decoder": 12,
    "branch": 2,
    # several schemes, and a signal
    "rows": "classic_uniform-xavier_normal-kaiming_normal",
    "order": "given",
    "activation": "relu",
    "aspect": "multiples",
    "depth": 50,
    "width": 256,
    "seeds": 10,
    "samples": 64,
    "bias": "none",
    "sigma_b": 0.1,
    "input": "normal",
    "input_scale": 1,
    "measure": "activation_rms",
    "picture": "ridges",
    "between": "samples",
    "sight": "forward",
    # the lesson's network, and its input of 5 rows
    "net": "3-3.xavier_normal.sigmoid-2.kaiming_normal.relu-2.softmax",
    "weights": "seeded",
    "batch": 5,
    "data_seed": 7,
    "sample": 1,
    "part": "network",
    # a file of weights
    "example": "gpt2",
    "plot": "weights",
    "sort": "file",
    "only": "all",
    "sheet": 1,
    "board": "map",
    # the lesson
    "step": "uniform",
    "slope": 0,
    "quiz": 1,
    "question": 1,
    # a layer, and how it is drawn and shown
    "fan_in": 512,
    "fan_out": 256,
    "seed": 40,
    "device": "cpu",
    "dtype": "float32",
    "bins": 60,
    "overlay": "none",
    "tab": "histogram",
    # a lecture
    "prepare": "link",
    "plan": "first",
    "predict": "off",
    "view": "page",
    # what nobody has chosen or brought
    **dict.fromkeys(("layer", "data", "edits", "labels", "report", "tensor", "against", "search"), ""),
    **dict.fromkeys(("hide", "lock", "lang", "at"), ""),
}


def test_a_link_of_this_version_means_what_it_meant() -> None:
    assert VERSION == "1"
    assert {name: control.default for name, control in TABLE.items()}.items() >= DEFAULTS.items()
    assert default_of("layer", "dirac") == "Conv2d(64, 128, 3)"  # it fills convolutions alone


def test_a_scheme_s_own_default_goes_before_the_table_s() -> None:
    """torch's xavier_normal_ has a gain of 1, trunc_normal_ cuts at ±2, sparse_ draws with a std of 0.01."""
    own = [("a", "trunc_normal", -2), ("b", "trunc_normal", 2), ("std", "sparse", 0.01), ("std", "normal", 1)]
    assert [default_of(name, scheme) for name, scheme, _ in own] == [value for *_, value in own]
