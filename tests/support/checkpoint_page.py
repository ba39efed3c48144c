"""The checkpoint page, given files whose truth is known, and its map read back."""

import re
from html import unescape

import torch
from streamlit.testing.v1 import AppTest
from torch import Tensor

from core.checkpoints.scan import report_of
from pages.state import reports
from tests.support.screen import said
from tests.support.stored_tensors import contents


def tiles_of(app: AppTest) -> list[tuple[str, str, str]]:
    """Return what each tile says, its classes and its mark."""
    found = re.findall(
        r'<a href="[^"]*" data-lab-page class="([^"]*)"[^>]*title="([^"]*)"[^>]*>([^<]*)</a>',
        said(app),
    )
    return [(unescape(title), kind, mark) for kind, title, mark in found]


def report(tensors: dict[str, Tensor]) -> str:
    """Keep a report of such tensors, and return its key."""
    return reports.keep(report_of(contents(tensors)))


def seeded(*shape: int, seed: int = 1) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))
