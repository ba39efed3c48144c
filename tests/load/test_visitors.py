"""Many visitors at once, without a browser, against the real server."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from tests.support.stream import Visitor, server

VISITORS = 30
# torchsummary prints what it has to say; here alone in its process, one network after the other
PLAIN = f"""
from torch import nn
from torchsummary import summary
for units in range(1, {VISITORS + 1}):
    summary(nn.Sequential(nn.Linear(3, units), nn.Linear(units, 2)), (3,), batch_size=5, device="cpu")
    print("next")
"""


def test_thirty_visitors_who_print_summaries_at_once_each_get_their_own() -> None:
    printed = subprocess.run([sys.executable, "-c", PLAIN], capture_output=True, text=True, check=True).stdout
    expected = printed.split("next\n")[:VISITORS]
    with server() as served:

        def summary(units: int) -> str:
            visitor = Visitor(served.port, "model", f"v=1&net=3-{units}.relu-2.softmax")
            try:
                (code,) = visitor.run().of("code")
            finally:
                visitor.close()
            return str(code.code_text)

        with ThreadPoolExecutor(VISITORS) as visitors:
            seen = list(visitors.map(summary, range(1, VISITORS + 1)))
    assert [text.strip("\n") for text in seen] == [text.strip("\n") for text in expected]
