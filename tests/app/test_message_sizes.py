"""No element of a page that many people open at once is sent in more than 12 kB."""

import pytest

from tests.support.screen import opened

MOST = 12_000


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize(
    ("page", "link"),
    [
        ("signal", {"sight": "layers"}),
        ("signal", {"sight": "layers", "activation": "tanh"}),
        ("signal", {"sight": "layers", "picture": "map"}),
        ("signal", {"sight": "chaos", "activation": "tanh"}),
        ("compare", {}),
        ("compare", {"aspect": "rosetta"}),
        ("checkpoint", {}),
        ("checkpoint", {"board": "tensors"}),
        ("checkpoint", {"board": "problems"}),
        ("lesson", {"step": "network"}),
    ],
    ids=str,
)
def test_no_element_is_large(page: str, link: dict[str, str], lang: str) -> None:
    app = opened(page, lang=lang, **link)
    drawn = [
        *app.get("plotly_chart"),
        *(html for html in app.get("html") if "<style>" not in html.proto.body),
    ]
    assert drawn
    assert max(element.proto.ByteSize() for element in drawn) <= MOST
