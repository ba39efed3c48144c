"""What the visitors do, and what is noted of it."""

import asyncio
import itertools
import random
import re
import statistics
import sys
import time
from collections.abc import Awaitable, Iterator
from contextlib import suppress
from typing import Any, NamedTuple
from urllib.request import urlopen

from tests.load.crowd import Late, Run, Trouble, Visitor
from tests.load.expected import Choice, differing, named
from tests.load.servers import Served

PAGE = "distribution"
#: No seed twice: every one is drawn anew.
SEEDS = itertools.count(10**6)
#: How many arrive at a time.
DOORS = 8
#: Of so many runs, one is held against torch; all are looked at for their seed.
SAMPLED = 20
#: Seconds within which all who drag let go.
LETTING_GO = 4.0
#: Seconds between two messages of a flood: more than four hundred a second.
FLOOD_PAUSE = 0.002


class Size(NamedTuple):
    """How large a scenario is for a server."""

    visitors: int
    #: of measuring, or rounds where all wait for each other
    seconds: float
    #: seconds after which a visitor gives up
    patience: float = 60.0


class Tally:
    """What was measured in one scenario."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        #: how long those waited who gave up
        self.late: list[float] = []
        self.failures: list[str] = []
        #: the length of the measurement
        self.wall = 0.0
        #: what else is worth a line
        self.notes: list[str] = []
        self.figures: dict[str, float] = {}
        self._asked = 0
        self._samples: list[tuple[str, Choice]] = []

    def check(self, run: Run, choice: Choice, *, thoroughly: bool = False) -> None:
        """Look whether a visitor was shown what is their own."""
        if not named(run.shown, choice.seed):
            self.failures.append(f"seed {choice.seed} was asked for, and the page shows another")
        elif thoroughly or self._asked % SAMPLED == 0:
            self._samples.append((run.shown, choice))  # held against torch when nothing is being timed
        self._asked += 1

    def settle(self) -> int:
        """Hold the samples against torch; return how many there were."""
        self.failures += filter(None, (differing(*sample) for sample in self._samples))
        return len(self._samples)


class Person:
    """A visitor, what they have chosen, and whether they are still there."""

    def __init__(self, visitor: Visitor, choice: Choice, size: Size) -> None:
        self.visitor, self.choice, self.patience = visitor, choice, size.patience
        self.here = True

    async def move(self, tally: Tally, seconds: list[float] | None = None, **values: Any) -> None:
        """Change a control and wait for the page; who gets none in time leaves."""
        try:
            run = await self.visitor.run(
                self.patience, **{name: str(value) for name, value in values.items()}
            )
        except Trouble as trouble:
            tally.failures.append(str(trouble))
            if isinstance(trouble, Late):
                tally.late.append(self.patience)
            self.here = False
            self.visitor.leave()
            return
        self.choice = self.choice._replace(**values)
        (tally.seconds if seconds is None else seconds).append(run.seconds)
        tally.check(run, self.choice)

    async def move_until(
        self, end: float, pauses: Iterator[float], tally: Tally, seconds: list[float] | None = None
    ) -> None:
        """Move one control after another until ``end``, with these pauses before each."""
        while self.here and time.perf_counter() + (pause := next(pauses)) < end:
            await asyncio.sleep(pause)
            await self.move(tally, seconds, **moved(self.choice))


_RANDOM = random.Random(40)  # noqa: S311 - the same people every time


def moved(choice: Choice) -> dict[str, Any]:
    """Return one control's next value: mostly another seed, at times another layer or nonlinearity."""
    name = _RANDOM.choices(("seed", "fan_out", "nonlinearity"), (6, 2, 2))[0]
    if name == "seed":
        return {"seed": next(SEEDS)}
    others: dict[str, tuple[Any, ...]] = {
        "fan_out": (128, 256, 300, 512),
        "nonlinearity": ("relu", "linear", "tanh", "selu"),
    }
    return {name: _RANDOM.choice([value for value in others[name] if value != getattr(choice, name)])}


def thoughtful(mean: float) -> Iterator[float]:
    """Yield how long a person thinks: at first anything, or all would begin together."""
    yield _RANDOM.uniform(0, mean)
    while True:
        yield _RANDOM.uniform(0.5 * mean, 1.5 * mean)


async def arrived(served: Served, size: Size, tally: Tally, choices: list[Choice]) -> list[Person]:
    """Let people come in, a few at a time, and wait until each has the page."""
    doors = asyncio.Semaphore(DOORS)

    async def come(choice: Choice) -> Person | None:
        async with doors:
            try:
                visitor, run = await Visitor.arrive(served.port, PAGE, choice.query, size.patience)
            except Trouble as trouble:
                tally.failures.append(f"arriving: {trouble}")
                return None
        tally.check(run, choice)
        return Person(visitor, choice, size)

    people = await asyncio.gather(*map(come, choices))
    return [person for person in people if person is not None]


async def alone(served: Served, size: Size, tally: Tally) -> Person:
    """Let one person in, without whom there is nothing to measure."""
    people = await arrived(served, size, tally, [Choice(next(SEEDS))])
    if not people:
        raise RuntimeError(f"The {served.kind} server shows no page: {tally.failures[-1]}")
    return people[0]


def strangers(size: Size) -> list[Choice]:
    """Return a link for each, all different: nothing that one draws is there for another."""
    return [Choice(next(SEEDS)) for _ in range(size.visitors)]


async def timed(tally: Tally, work: Awaitable[Any]) -> None:
    """Wait for what is measured, and note how long it took."""
    begin = time.perf_counter()
    await work
    tally.wall += time.perf_counter() - begin


def going_on(people: list[Person], size: Size, tally: Tally, seconds: list[float]) -> Awaitable[Any]:
    """Let people move a control each second or so, whatever else goes on."""
    end = time.perf_counter() + size.seconds
    return asyncio.gather(*(one.move_until(end, thoughtful(1), tally, seconds) for one in people))


async def thinking(served: Served, size: Size, tally: Tally) -> list[Person]:
    """People who each move a control every four seconds or so."""
    people = await arrived(served, size, tally, strangers(size))
    end = time.perf_counter() + size.seconds
    await timed(tally, asyncio.gather(*(one.move_until(end, thoughtful(4), tally) for one in people)))
    return people


async def dragging(served: Served, size: Size, tally: Tally) -> list[Person]:
    """People who each drag a wall, of which the server hears nothing, and let go one after the other."""
    people = await arrived(served, size, tally, strangers(size))
    await asyncio.sleep(2)  # whatever follows an arrival
    before = served.cpu_seconds()
    await asyncio.sleep(size.seconds)
    used = served.cpu_seconds() - before
    tally.figures["held"] = 1000 * used / len(people) / size.seconds
    tally.notes.append(f"{len(people)} dragged for {size.seconds:.0f} s: {used:.2f} s of processor time")

    async def let_go(person: Person) -> None:
        await asyncio.sleep(_RANDOM.uniform(0, LETTING_GO))
        await person.move(tally, fan_out=_RANDOM.choice((128, 300, 512)))

    await timed(tally, asyncio.gather(*map(let_go, people)))
    return people


async def at_once(served: Served, size: Size, tally: Tally) -> list[Person]:
    """People who each move a control at the same instant, in rounds."""
    people = await arrived(served, size, tally, strangers(size))
    for _ in range(int(size.seconds)):
        here = [person for person in people if person.here]
        await timed(tally, asyncio.gather(*(person.move(tally, seed=next(SEEDS)) for person in here)))
        await asyncio.sleep(0.5)
    return people


async def one_link(served: Served, size: Size, tally: Tally) -> list[Person]:
    """People who open the same link at the same instant, which nobody has opened before."""

    async def opened(seconds: list[float]) -> tuple[list[Person], float]:
        before = drawn(served)

        async def come() -> Person:
            visitor, run = await Visitor.arrive(served.port, PAGE, choice.query, size.patience)
            seconds.append(run.seconds)
            tally.check(run, choice)
            return Person(visitor, choice, size)

        came = await asyncio.gather(*(come() for _ in range(size.visitors)), return_exceptions=True)
        tally.failures += [f"arriving: {one}" for one in came if isinstance(one, BaseException)]
        return [one for one in came if isinstance(one, Person)], drawn(served) - before

    choice = Choice(next(SEEDS), fan_in=4096, fan_out=4096)
    begin = time.perf_counter()
    people, computed = await opened(tally.seconds)
    tally.wall = max(tally.seconds, default=time.perf_counter() - begin)
    for person in people:
        person.visitor.leave()
    await asyncio.sleep(0.3)
    again: list[float] = []
    people, more = await opened(again)
    tally.figures["computations"] = computed + more
    seconds = statistics.median(again) if again else float("nan")
    tally.notes.append(
        f"it was drawn {computed + more:.0f} times; "
        f"opening the link once more, they waited {1000 * seconds:.0f} ms in the median"
    )
    return people


def drawn(served: Served) -> float:
    """Return how many draws the server's processes have made, as they count themselves."""
    with urlopen(f"http://localhost:{served.port}/_stcore/metrics", timeout=10) as metrics:
        lines = metrics.read().decode().splitlines()
    made = re.compile(r'cache_lookups_total\{cache="pages\.jobs\.distribution\.job".*result="miss"\} (\d+)')
    return sum(float(found[1]) for found in map(made.fullmatch, lines) if found)


async def ten_million(served: Served, size: Size, tally: Tally) -> list[Person]:
    """People who ask for ten million weights at the same instant, and one who goes on as before."""
    choices = [Choice(next(SEEDS), fan_in=4000, fan_out=10) for _ in range(size.visitors)]
    people = await arrived(served, size, tally, choices)
    bystander = await alone(served, size, tally)
    before: list[float] = []
    beside: list[float] = []
    await bystander.move_until(time.perf_counter() + 3, itertools.repeat(0.3), tally, before)

    async def all_ask(seconds: list[float], **values: int) -> None:
        here = [person for person in people if person.here]
        await asyncio.gather(*(person.move(tally, seconds, **values) for person in here))

    async def meanwhile(done: asyncio.Event) -> None:
        while not done.is_set() and bystander.here:
            await bystander.move(tally, beside, seed=next(SEEDS))
            with suppress(TimeoutError):
                await asyncio.wait_for(done.wait(), 0.3)

    for _ in range(int(size.seconds)):
        done = asyncio.Event()
        watching = asyncio.create_task(meanwhile(done))
        await timed(tally, all_ask(tally.seconds, fan_out=2500))
        done.set()
        await watching
        await all_ask([], fan_out=10)
        for person in people:
            if person.here:
                await person.move(tally, [], seed=next(SEEDS))
    tally.notes.append(f"a bystander meanwhile: {said(beside)}; before: {said(before)}")
    return [*people, bystander]


async def flood(served: Served, size: Size, tally: Tally) -> list[Person]:
    """People who think a second, without and with one who sends reruns as fast as the socket takes them."""
    people = await arrived(served, size, tally, strangers(size))
    flooder = await alone(served, size, tally)
    calm: list[float] = []

    await going_on(people, size, tally, calm)
    over = asyncio.Event()
    visitor, ended = flooder.visitor, flooder.visitor.runs
    wishes: list[int] = []

    async def send() -> None:
        while not over.is_set():
            wishes.append(next(SEEDS))
            try:
                visitor.send(seed=str(wishes[-1]))
            except Trouble:
                return  # it has been shown the door, as a server may
            await asyncio.gather(visitor.room(), asyncio.sleep(FLOOD_PAUSE))

    sending = asyncio.create_task(send())
    await timed(tally, going_on(people, size, tally, tally.seconds))
    over.set()
    visitor.go_on()
    await sending
    rate, ended = len(wishes) / tally.wall, visitor.runs - ended
    # it may still have to wait for its last wish, but what it was shown must be one of its own
    seen = next((seed for seed in reversed(wishes) if named(visitor.words, seed)), None)
    if ended and seen is None:
        tally.failures.append("the flood was shown what is another's")
    elif seen is not None:
        tally.check(Run(0, visitor.words, 0), Choice(seen), thoroughly=True)
    tally.failures += visitor.tab.troubles
    cut = visitor.cut
    visitor.leave()
    tally.figures["flood"] = at(tally.seconds, 0.95) / at(calm, 0.95)
    tally.notes += [
        f"the flood: {len(wishes)} reruns taken by the socket, {rate:.0f} a second, {ended} run to their end"
        + (", then cut off" if cut else ""),
        f"the others without it: {said(calm)}",
    ]
    return people


async def hostile(served: Served, size: Size, tally: Tally) -> list[Person]:
    """People who think a second, without and with clients who want to bring the server down."""
    people = await arrived(served, size, tally, strangers(size))
    calm: list[float] = []

    await going_on(people, size, tally, calm)
    command = [sys.executable, "-W", "ignore", "-m", "tests.load.hostile", str(served.port)]
    attack = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.DEVNULL)
    try:
        await asyncio.sleep(5)  # it waits for imports, and fills what it can
        await timed(tally, going_on(people, size, tally, tally.seconds))
    finally:
        attack.kill()
        await attack.wait()
    tally.figures["hostile"] = at(tally.seconds, 0.95) / at(calm, 0.95)
    tally.notes.append(f"the others without them: {said(calm)}")
    return people


async def closed_loop(served: Served, size: Size, tally: Tally) -> list[Person]:
    """People who never think: what the server can do."""
    people = await arrived(served, size, tally, strangers(size))
    end = time.perf_counter() + size.seconds

    async def busy(person: Person) -> None:
        while person.here and time.perf_counter() < end:
            await person.move(tally, seed=next(SEEDS))

    await timed(tally, asyncio.gather(*map(busy, people)))
    return people


def at(seconds: list[float], share: float) -> float:
    """Return the time within which this share of the runs ended."""
    ordered = sorted(seconds)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


def said(seconds: list[float]) -> str:
    """Return median, 95th percentile and maximum in words."""
    median, p95, most = (1000 * at(seconds, share) for share in (0.5, 0.95, 1))
    return f"median {median:.0f} ms, p95 {p95:.0f} ms, max {most:.0f} ms of {len(seconds)}"
