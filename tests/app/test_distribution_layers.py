"""The distribution page draws a layer as a model writes it, and says its fans and its true connections."""

import re

import pytest

from pages.text import LANGUAGES
from tests.support.page_chart import stands_with_chart
from tests.support.screen import headline, opened, query, refusals, said


def test_a_layer_shows_torch_s_fans_beside_the_true_connections() -> None:
    app = opened(layer="Conv2d(64, 64, 3, groups=64)", mode="fan_out")
    stands_with_chart(app)
    assert "Weight 64 × 1 × 3 × 3. torch counts fan_in 9, fan_out 576." in said(app)
    assert "In fact each output reads 9 inputs, and each input feeds 9 outputs." in said(app)
    assert "torch’s std is 0.125 times" in said(app)  # √(9/576)
    assert "576 weights" in said(app)
    assert query(app) == {"v": "1", "mode": "fan_out", "layer": "Conv2d(64, 64, 3, groups=64)"}
    assert "fan_in" not in [field.key for field in app.text_input]
    app.session_state["layer"] = ""
    app.run()
    assert app.text_input(key="fan_in").value == "512"
    assert "Linear 512 → 256" in said(app)


def test_a_layer_is_typed_as_a_model_writes_it() -> None:
    app = opened(layer="nn.ConvTranspose2d(6, 4, (3, 2), stride=2)")
    assert "Weight 6 × 4 × 3 × 2. torch counts fan_in 24, fan_out 36." in said(app)
    assert "each output reads 9 inputs, and each input feeds 24 outputs" in said(app)  # 6·6/4 and 4·6
    for bad in ("Conv2d(64, 128", "__import__('os')", "x" * 400):
        app = opened(layer=bad)
        stands_with_chart(app)
        (sentence,) = refusals(app)
        assert sentence.startswith("Layer must be written as in a model")
        assert "so Linear, fan_in → fan_out is used" in sentence
    for bad, words in {
        "Conv2d(4, 4, 3, groups=3)": "torch cannot build “Conv2d(4, 4, 3, groups=3)”: in_channels must be",
        "Linear(0, 5)": "torch builds “Linear(0, 5)” with a warning: its weight, 5 × 0, has no numbers",
        "Conv2d(4, 6, 3, stride=0)": "torch can build “Conv2d(4, 6, 3, stride=0)” but not run it: stride",
        "Conv1d(4, 6, 3, padding=(1, 1))": "torch can build “Conv1d(4, 6, 3, padding=(1, 1))” but not run "
        "it: padding takes 1 whole number from 0, not (1, 1).",
        "ConvTranspose1d(8, 8, 3, output_padding=1)": "torch can build “ConvTranspose1d(8, 8, 3, "
        "output_padding=1)” but not run it: output padding must be smaller than either stride or dilation.",
        "EmbeddingBag(10, 3, mode='foo')": "torch can build “EmbeddingBag(10, 3, mode='foo')” but not run "
        "it: mode has to be one of sum, mean or max.",
        "GRU(5, 3, dtype=torch.float8_e5m2)": "torch cannot build “GRU(5, 3, dtype=torch.float8_e5m2)”: ",
        "Linear(n, 5)": "n has no value here",
        "Linear(5, 3.5)": "out_features must be a whole number; in “Linear(5, 3.5)” it is 3.5.",
        "Linear(-5, 3)": "in_features must not be negative",
        "Linear(2**70, 3)": "A number in “Linear(2**70, 3)” is larger than",
        "Linear(5//0, 3)": "Only + − * / // % ** on whole numbers are allowed",
        "Linear(5, 3, dtype='float32')": "dtype must be one of torch’s, such as torch.float16",
        "LSTM(5, 3).out_proj": "“LSTM(5, 3).out_proj” has no weight out_proj; it has weight_ih_l0",
    }.items():
        for language in LANGUAGES:
            app = opened(layer=bad, lang=language)
            stands_with_chart(app)
            (sentence,) = refusals(app)
            assert sentence.startswith(words) or language != "en"
            assert "无法运行" in sentence or "but not run" not in words or language != "zh"


@pytest.mark.parametrize(
    "pasted",
    [
        "Linear(512, 256, device='cuda')",
        "self.fc1 = nn.Linear(2*256, 512//2),  # the first",
        "(0): Linear(in_features=512, out_features=256, bias=True)",
    ],
)
def test_a_pasted_layer_is_drawn_as_the_plain_one(pasted: str) -> None:
    app, plain = (opened(layer=layer, tab="code") for layer in (pasted, "Linear(512, 256)"))
    stands_with_chart(app)
    assert refusals(app) == []
    assert app.code[0].value == plain.code[0].value
    assert "torch starts its bias within ±0.04419." in said(app)  # 1/√512
    assert ("Ignored here: device" in said(app)) is ("device" in pasted)


def test_a_stride_s_connections_are_fractions() -> None:
    app = opened(layer="Conv2d(64, 64, 3, stride=2, groups=64)", mode="fan_out")
    assert "each output reads 9 inputs, and each input feeds 9/4 outputs." in said(app)
    assert "torch’s std is 0.0625 times" in said(app)  # √((9/4)/576)
    assert "每个输入送往 9/4 个输出" in said(opened(layer="Conv2d(64,64,3,stride=2,groups=64)", lang="zh"))


def test_a_padding_row_is_said_to_be_overwritten() -> None:
    assert "Row 3 is padding" in said(opened(layer="Embedding(11, 5, padding_idx=3)"))
    assert "is padding" not in said(opened(layer="Embedding(11, 5)"))


def test_a_scheme_that_cannot_fill_the_layer_says_so() -> None:
    app = opened(scheme="eye", layer="Conv2d(3, 4, 5)")
    stands_with_chart(app)
    assert "Identity fills a matrix, not Conv2d(3, 4, 5)" in refusals(app)[0]
    app = opened(scheme="dirac", groups="5")
    stands_with_chart(app)
    assert "divide into 5 groups, not Conv2d(64, 128, 3). So Groups k = 1 is used." in refusals(app)[0]
    app = opened(scheme="dirac")
    app.selectbox(key="scheme").select("eye").run()  # the convolution was dirac's own
    assert refusals(app) == []
    assert "Linear 512 → 256" in said(app)


@pytest.mark.parametrize(
    ("link", "english", "chinese"),
    [
        # torch keeps (in, out, …) of these: a 1 in a row copies that input, and 5 − 2 have none
        (
            {"scheme": "dirac", "layer": "ConvTranspose2d(5, 2, 3)"},
            "2 inputs are copied to one output each, the other 3 to none.",
            "2 个输入各复制到一个输出，其余 3 个不送往任何输出。",
        ),
        (
            {"scheme": "dirac", "layer": "ConvTranspose2d(2, 5, 3)"},
            "each input is copied to one output.",
            "每个输入各复制到一个输出。",
        ),
        (
            {"scheme": "eye", "layer": "Embedding(4, 3)"},
            "3 inputs are copied to one output each, the other 1 to none.",
            "3 个输入各复制到一个输出，其余 1 个不送往任何输出。",
        ),
        (
            {"scheme": "dirac", "layer": "Conv2d(2, 5, 3)"},
            "2 outputs copy one input each, the other 3 are 0.",
            "2 个输出各复制一个输入，其余 3 个恒为 0。",
        ),
    ],
)
def test_what_an_identity_copies_goes_by_what_the_rows_are(
    link: dict[str, str], english: str, chinese: str
) -> None:
    app = opened(**link)
    assert headline(app).endswith(english)
    assert not re.search(r"mathrm\{(in|out)\}", "".join(each.value for each in app.markdown))
    assert headline(opened(**link, lang="zh")).endswith(chinese)


def test_groups_that_do_not_divide_a_transposed_weight_are_told_of_its_inputs() -> None:
    (words,) = refusals(opened(scheme="dirac", layer="ConvTranspose2d(4, 3, 3)", groups="3"))
    assert "whose outputs, or inputs if it is transposed, divide into 3 groups" in words


@pytest.mark.parametrize("link", [{"scheme": "ones"}, {"scheme": "normal", "mean": "1"}])
def test_a_bilinear_unit_is_said_to_sum_no_single_input(link: dict[str, str]) -> None:
    assert "Σx" in said(opened(**link, layer="Linear(3, 4)"))
    assert "Σx" not in said(opened(**link, layer="Bilinear(3, 4, 5)"))


@pytest.mark.parametrize("scheme", ["xavier_uniform", "kaiming_normal"])
def test_of_products_and_of_rows_looked_up_no_connections_are_claimed(scheme: str) -> None:
    """An input of Bilinear(4, 9, 5) acts through 45 weights or 20; a bag sums as many rows as it is given."""
    words = said(opened(scheme=scheme, layer="Bilinear(4, 9, 5)"))
    assert "torch counts fan_in 36, fan_out 45. " in words
    assert "one of the second through 20." in words
    assert "keeps the gradient" not in words
    bag = said(opened(scheme=scheme, layer="EmbeddingBag(30, 5)"))
    assert "an output has one input for each row" in bag
    for each in (words, bag):
        assert "the true connections" not in each
        assert "that of the true connections" not in each
