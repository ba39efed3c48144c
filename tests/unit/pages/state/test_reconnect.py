"""What a browser still shows, in whichever language, is what is chosen."""

import pytest

from pages.state import reconnect


@pytest.mark.parametrize(
    ("label", "option"),
    [
        ("Kaiming 正态（He）", "kaiming_normal"),
        ("Kaiming normal (He)", "kaiming_normal"),
        ("Xavier uniform (Glorot)", "xavier_uniform"),
        ("zeros", "zeros"),
        ("nothing of the kind", None),
    ],
)
def test_a_choice_is_known_by_its_name_in_both_languages(
    label: str, option: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconnect, "browser_says", lambda: {"scheme": label, "fan_in": "7"})
    expected = {"fan_in": "7"} | ({"scheme": option} if option else {})
    assert reconnect.told(("scheme", "fan_in", "seed")) == expected


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("Fans swapped", {"against": "swapped"}),
        ("init.safetensors", {}),  # a file's name, of which only the link knows the key
        ("", {"against": ""}),
        (None, {}),
    ],
)
def test_what_is_compared_with_goes_by_a_name(
    label: str | None, expected: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconnect, "browser_says", lambda: {} if label is None else {"against": label})
    assert reconnect.told(("against",)) == expected
