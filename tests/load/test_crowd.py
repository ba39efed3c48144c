"""Forty visitors at once on the server as in production: nobody is shown what is another's."""

import asyncio
from collections.abc import Coroutine, Iterator
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import pytest

from tests.load.crowd import Visitor
from tests.load.expected import Choice, differing, named
from tests.load.servers import Served, served

VISITORS = 40
#: A small layer: its numbers tell seeds apart as well as a large one's.
SMALL = {"fan_in": 48, "fan_out": 32}

Result = TypeVar("Result")


@pytest.fixture(scope="module")
def production() -> Iterator[Served]:
    with served("tuned") as running:
        yield running


def within(seconds: float, work: Coroutine[Any, Any, Result]) -> Result:
    """Run the work; a server that answers nothing fails the test, and does not hang it."""
    return asyncio.run(asyncio.wait_for(work, seconds))


async def opened(server: Served, choices: list[Choice]) -> list[Visitor]:
    arriving = (Visitor.arrive(server.port, "distribution", choice.query) for choice in choices)
    return [visitor for visitor, _ in await asyncio.gather(*arriving)]


def test_forty_who_move_a_control_at_once_are_each_shown_their_own_draw(production: Served) -> None:
    before = [Choice(seed, **SMALL) for seed in range(VISITORS)]
    after = [choice._replace(seed=choice.seed + 1000) for choice in before]

    async def play() -> list[str]:
        visitors = await opened(production, before)
        moves = (one.run(seed=str(choice.seed)) for one, choice in zip(visitors, after, strict=True))
        runs = await asyncio.gather(*moves)
        for visitor in visitors:
            visitor.leave()
        return [run.shown for run in runs]

    shown = within(60, play())
    assert [differing(words, choice) for words, choice in zip(shown, after, strict=True)] == [""] * VISITORS


def test_who_sends_reruns_without_waiting_is_shown_the_last_and_others_their_own(production: Served) -> None:
    others = [Choice(seed, **SMALL) for seed in range(2000, 2005)]
    last = Choice(2999, **SMALL)

    async def play() -> list[tuple[str, Choice]]:
        hasty, *patient = await opened(production, [Choice(1, **SMALL), *others])
        for seed in range(2900, 3000):
            hasty.send(seed=str(seed))
        moves = (one.run(seed=str(choice.seed + 1)) for one, choice in zip(patient, others, strict=True))
        runs = await asyncio.gather(*moves)
        while not named(hasty.words, last.seed):
            assert not hasty.cut
            await asyncio.sleep(0.02)
        troubles, words = hasty.tab.troubles, hasty.words
        for visitor in (hasty, *patient):
            visitor.leave()
        assert not troubles
        theirs = [(run.shown, one._replace(seed=one.seed + 1)) for run, one in zip(runs, others, strict=True)]
        return [*theirs, (words, last)]

    for words, choice in within(60, play()):
        assert differing(words, choice) == ""


def test_who_is_faster_than_a_run_loses_nothing_that_it_did(production: Served) -> None:
    async def play() -> dict[str, str]:
        (hasty,) = await opened(production, [Choice(40, fan_in=2000, fan_out=2000)])
        tab = hasty.tab
        tab.widgets["redraw"].trigger_value = True
        hasty.send()
        tab.widgets["redraw"].ClearField("value")
        while "seed=41" not in tab.query:  # the run has begun, and draws for long
            await asyncio.sleep(0.001)
        tab.widgets["seed"].string_value = "40"  # as the screen shows it until the run has come to its field
        await hasty.run(fan_in="1000")
        hasty.leave()
        return dict(parse_qsl(tab.query))

    now = within(60, play())
    assert (now["seed"], now["fan_in"]) == ("41", "1000")
