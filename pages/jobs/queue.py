"""What keeps visitors from each other's way: a gate for big work, and a turnstile for pages."""

import threading
import time
from collections import deque
from collections.abc import Callable, Hashable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from functools import cache
from typing import Any, Generic, TypeVar

from core import Cancelled
from pages.state.operator_limits import limit

Result = TypeVar("Result")
#: Seconds between two looks at whether pages are being drawn.
LOOK = 0.002


class Full(Exception):
    """Too much waits already; nothing was begun. ``own``: it is all this visitor's."""

    def __init__(self, waiting: int, *, own: bool) -> None:
        super().__init__(f"{waiting} pieces of work are waiting")
        self.waiting, self.own = waiting, own


class Turn(Generic[Result]):
    """One piece of work, with its place in the queue."""

    def __init__(self, work: Callable[[], Result], owner: Hashable, lap: int) -> None:
        self.work, self.owner, self.lap = work, owner, lap
        self.result: Future[Result] = Future()


class Gate:
    """Does ``workers`` pieces of work at a time in threads of its own.

    They are done in laps, in each of which every visitor has one: a visitor's ten pieces hold nobody else's
    one up. At most ``queue`` wait, and at most ``each`` are one visitor's.
    """

    def __init__(self, workers: int, queue: int, each: int) -> None:
        self.workers, self._queue, self._each = workers, queue, each
        self._waiting: list[Turn[Any]] = []  # the next first
        self._running: list[Turn[Any]] = []
        self._lap = self._threads = 0
        self._lock = threading.Lock()

    def enter(self, work: Callable[[], Result], owner: Hashable = None) -> Turn[Result]:
        """Queue ``work``.

        Raises:
            Full: if too much waits already.
        """
        with self._lock:
            laps = [turn.lap for turn in (*self._waiting, *self._running) if turn.owner == owner]
            if len(laps) >= self._each:
                raise Full(len(laps), own=True)
            if len(self._waiting) >= self._queue:
                raise Full(len(self._waiting), own=False)
            turn = Turn(work, owner, max([self._lap, *(lap + 1 for lap in laps)]))
            self._waiting.append(turn)
            self._waiting.sort(key=lambda other: other.lap)  # within a lap, by their coming
            if self._threads < self.workers:
                self._threads += 1
                threading.Thread(target=self._serve, name="work", daemon=True).start()
        return turn

    def place(self, turn: Turn[Any]) -> int:
        """Return the turn's place among those who wait, from 1; 0 once it has begun."""
        with self._lock:
            return self._waiting.index(turn) + 1 if turn in self._waiting else 0

    def leave(self, turn: Turn[Any]) -> None:
        """Give the turn up, if it still waits."""
        with self._lock:
            waits = turn in self._waiting
            if waits:
                self._waiting.remove(turn)
        if waits:
            turn.result.set_exception(Cancelled())

    def _serve(self) -> None:
        """Work until nothing waits."""
        while self._one():
            pass

    def _one(self) -> bool:
        """Do the next piece of work; tell whether there was one."""
        with self._lock:
            if not self._waiting:
                self._threads -= 1
                return False
            turn = self._waiting.pop(0)
            self._lap = turn.lap
            self._running.append(turn)
        try:
            result = turn.work()
        except BaseException as error:  # noqa: BLE001 - it is raised where the result is asked for
            self._done(turn)
            turn.result.set_exception(error)
        else:
            self._done(turn)
            turn.result.set_result(result)
        return True

    def _done(self, turn: Turn[Any]) -> None:
        with self._lock:
            self._running.remove(turn)


class Turnstile:
    """Lets ``places`` pages be drawn at a time: many threads that all compute only get in each other's way.

    Who has a page already comes before who opens one, so that a crowd at the door holds nobody up inside.
    Whoever waits for something stands aside meanwhile, and who has waited ``patience`` seconds goes in
    anyway: one slow page holds nobody up for longer.
    """

    def __init__(self, places: int, patience: float) -> None:
        self.places, self._free, self._patience = places, places, patience
        self._lock, self._mine = threading.Lock(), threading.local()
        #: whoever waits, each by a lock that is opened when it is their turn: who is inside, and at the door
        self._inside: deque[threading.Lock] = deque()
        self._at_the_door: deque[threading.Lock] = deque()

    @contextmanager
    def through(self, *, newcomer: bool = False) -> Iterator[None]:
        """Take a place."""
        self._enter(self._at_the_door if newcomer else self._inside)
        try:
            yield
        finally:
            self._leave()

    def give_way(self, most: float) -> None:
        """Wait while any page is being drawn, for ``most`` seconds."""
        end = time.monotonic() + most
        while self._free < self.places and time.monotonic() < end:
            time.sleep(LOOK)

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Leave the place to another for a while, if this thread has one."""
        if not getattr(self._mine, "place", False):
            yield
            return
        self._leave()
        try:
            yield
        finally:
            self._enter(self._inside)

    def _enter(self, queue: deque[threading.Lock]) -> None:
        with self._lock:
            self._mine.place = self._free > 0
            if self._mine.place:
                self._free -= 1
                return
            turn = threading.Lock()
            turn.acquire()
            queue.append(turn)
        if turn.acquire(timeout=self._patience):
            self._mine.place = True
            return
        with self._lock:
            self._mine.place = turn not in queue  # it was given in this very moment
            if not self._mine.place:
                queue.remove(turn)

    def _leave(self) -> None:
        if not self._mine.place:
            return
        self._mine.place = False
        with self._lock:
            if waiting := self._inside or self._at_the_door:
                waiting.popleft().release()
            else:
                self._free += 1


@cache
def turnstile() -> Turnstile:
    """Return what every page passes."""
    return Turnstile(limit("PAGES"), patience=2.0)


@cache
def gate() -> Gate:
    """Return what all big work passes, of every page and visitor."""
    return Gate(limit("WORKERS"), limit("QUEUE"), limit("QUEUE_EACH"))
