"""A file of load tests stays with one worker, as its tests share servers."""

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "load" in item.path.parts:
            item.add_marker(pytest.mark.xdist_group(item.path.stem))
