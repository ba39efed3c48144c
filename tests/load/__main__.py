"""What many visitors at once are promised, driven over real connections: ``make load``.

Each scenario meets a fresh server, started as in production; some meet one with a single process and one with
Streamlit's own settings too, on the same machine in the same minutes, since ratios carry over and absolute
figures do not. A run that does not end well, a connection that is cut, an error on a page or another
visitor's numbers is a failure.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from typing import NamedTuple

import torch

from tests.load import files, scenarios
from tests.load.report import Row, figures, heading, say
from tests.load.scenarios import Person, Size, Tally
from tests.load.servers import Served, served


class Scenario(NamedTuple):
    """One thing that many visitors do."""

    name: str
    play: Callable[[Served, Size, Tally], Awaitable[list[Person]]]
    tuned: Size
    quick: Size
    #: with Streamlit's own settings; None leaves them out
    stock: Size | None = None
    #: with one process as well
    single: bool = False


SCENARIOS = (
    Scenario(
        "thinking", scenarios.thinking, Size(200, 35), Size(60, 8), Size(200, 12, patience=75), single=True
    ),
    Scenario("dragging", scenarios.dragging, Size(200, 10), Size(40, 4)),
    Scenario("at_once", scenarios.at_once, Size(100, 5), Size(30, 2), Size(100, 1, patience=75), single=True),
    Scenario("one_link", scenarios.one_link, Size(30, 1), Size(10, 1)),
    Scenario("ten_million", scenarios.ten_million, Size(10, 3), Size(10, 1)),
    Scenario("flood", scenarios.flood, Size(20, 10), Size(10, 4)),
    Scenario("hostile", scenarios.hostile, Size(20, 20), Size(10, 5)),
    Scenario("files", files.weighed, Size(20, 20), Size(10, 5), single=True),
    Scenario("throughput", scenarios.closed_loop, Size(20, 10), Size(10, 4), Size(20, 10), single=True),
)


def main() -> int:
    """Play the scenarios asked for; return 1 if our server failed a visitor or missed a target."""
    names = [scenario.name for scenario in SCENARIOS]
    parser = argparse.ArgumentParser(prog="python -m tests.load", description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="scenario", help=f"of {', '.join(names)}; all by default")
    parser.add_argument("--quick", action="store_true", help="fewer visitors, for less long; not for figures")
    parser.add_argument("--no-stock", action="store_true", help="not with Streamlit's own settings")
    parser.add_argument("--no-single", action="store_true", help="not with one process")
    chosen = parser.parse_args()
    if unknown := set(chosen.names) - set(names):
        parser.error(f"no such scenario: {', '.join(sorted(unknown))}")
    torch.set_num_threads(1)  # the checks draw too
    say(heading())
    rows = []
    for scenario in SCENARIOS:
        if chosen.names and scenario.name not in chosen.names:
            continue
        sizes = {"tuned": scenario.quick if chosen.quick else scenario.tuned}
        if scenario.single and not chosen.no_single:
            sizes["single"] = sizes["tuned"]
        if scenario.stock and not chosen.no_stock:
            sizes["stock"] = sizes["tuned"]._replace(seconds=1) if chosen.quick else scenario.stock
        for kind, size in sizes.items():
            row = measured(scenario, kind, size)
            rows.append(row)
            say(row.line())
            for words in row.remarks():
                say(f"    {words}")
    lines, met = figures(rows)
    say("\n" + "\n".join(lines))
    return 0 if met else 1


def measured(scenario: Scenario, kind: str, size: Size) -> Row:
    """Play one scenario against a fresh server of this kind."""
    with served(kind) as server:
        return asyncio.run(_measured(scenario, server, size))


async def _measured(scenario: Scenario, server: Served, size: Size) -> Row:
    tally = Tally()
    first = await scenarios.alone(server, size, tally)
    first.visitor.leave()  # it waits for imports, and is not measured
    await asyncio.sleep(0.5)
    idle, cpu, ours = server.memory().now, server.cpu_seconds(), time.process_time()
    people = await scenario.play(server, size, tally)
    cpu, ours = server.cpu_seconds() - cpu, time.process_time() - ours
    memory = server.memory()
    for person in people:
        person.visitor.leave()
    await asyncio.sleep(0.1)
    sampled = tally.settle()
    tally.notes.append(f"{sampled} runs held against torch, each looked at for its seed")
    each = (memory.now - idle) / len(people) if people else float("nan")
    return Row(scenario.name, server.kind, size.visitors, tally, memory.peak, each, cpu, ours)


if __name__ == "__main__":
    sys.exit(main())
