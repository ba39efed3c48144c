"""The gate for big work: few at a time, each visitor in turn, and an end to the queue."""

import threading
import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import Cancelled
from pages.jobs.queue import Full, Gate, Turnstile


class Held:
    """Work that goes on until it is let go; notes who has begun, and how many at a time."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.most = self._now = 0
        self._lock, self._go = threading.Lock(), threading.Semaphore(0)

    def work(self, name: str) -> Callable[[], str]:
        def do() -> str:
            with self._lock:
                self.begun.append(name)
                self._now += 1
                self.most = max(self.most, self._now)
            assert self._go.acquire(timeout=10)
            with self._lock:
                self._now -= 1
            return name

        return do

    def let(self, pieces: int) -> None:
        self._go.release(pieces)

    def until(self, begun: int) -> None:
        end = time.monotonic() + 10
        while len(self.begun) < begun:
            assert time.monotonic() < end
            time.sleep(0.001)


def test_so_many_are_done_at_a_time_and_all_in_the_end() -> None:
    held, gate = Held(), Gate(3, 100, 100)
    turns = [gate.enter(held.work(str(at)), at) for at in range(10)]
    held.until(3)
    assert [gate.place(turn) for turn in turns].count(0) == 3
    assert sorted(gate.place(turn) for turn in turns)[3:] == [1, 2, 3, 4, 5, 6, 7]
    held.let(10)
    assert [turn.result.result(10) for turn in turns] == [str(at) for at in range(10)]
    assert held.most == 3


def test_many_jobs_of_one_visitor_do_not_hold_up_another_visitor_s_single_job() -> None:
    held, gate = Held(), Gate(1, 100, 100)
    many = [gate.enter(held.work(f"many {at}"), "many") for at in range(5)]
    held.until(1)
    one = gate.enter(held.work("one"), "one")
    assert gate.place(one) == 1
    assert [gate.place(turn) for turn in many] == [0, 2, 3, 4, 5]
    two = gate.enter(held.work("two"), "two")
    assert (gate.place(one), gate.place(two), gate.place(many[1])) == (1, 2, 3)
    held.let(7)
    for turn in (*many, one, two):
        turn.result.result(10)
    assert held.begun == ["many 0", "one", "two", "many 1", "many 2", "many 3", "many 4"]


def test_who_comes_in_the_middle_of_a_lap_stands_behind_those_who_wait_for_it() -> None:
    """Else whoever comes anew each time, one piece after the other, overtakes those who wait their turn."""
    held, gate = Held(), Gate(1, 100, 100)
    turns = [gate.enter(held.work(f"{name} {at}"), name) for at in range(3) for name in "ab"]
    held.let(2)
    held.until(3)  # the second lap has begun
    turns.append(gate.enter(held.work("new"), "new"))
    assert gate.place(turns[-1]) == 2
    held.let(5)
    for turn in turns:
        turn.result.result(10)
    assert held.begun == ["a 0", "b 0", "a 1", "b 1", "new", "a 2", "b 2"]


def test_too_many_are_refused_and_nothing_is_begun() -> None:
    held, gate = Held(), Gate(1, 2, 3)
    turns = [gate.enter(held.work("a"), "a")]
    held.until(1)
    turns += [gate.enter(held.work(name), name) for name in "bc"]
    with pytest.raises(Full) as full:
        gate.enter(held.work("d"), "d")
    assert (full.value.waiting, full.value.own) == (2, False)
    gate.leave(turns[2])
    turns.append(gate.enter(held.work("d"), "d"))  # there is room again
    with pytest.raises(Cancelled):
        turns[2].result.result(0)
    held.let(3)
    assert [turns[at].result.result(10) for at in (0, 1, 3)] == ["a", "b", "d"]
    assert held.begun == ["a", "b", "d"]


def test_one_visitor_has_so_many_and_no_more() -> None:
    held, gate = Held(), Gate(1, 100, 2)
    turns = [gate.enter(held.work("a"), "a")]
    held.until(1)  # what runs counts as what waits does
    turns.append(gate.enter(held.work("a"), "a"))
    with pytest.raises(Full) as full:
        gate.enter(held.work("a"), "a")
    assert (full.value.waiting, full.value.own) == (2, True)
    turns.append(gate.enter(held.work("b"), "b"))
    held.let(3)
    for turn in turns:
        turn.result.result(10)


def test_an_error_is_raised_where_the_result_is_asked_for_and_the_next_job_runs() -> None:
    gate = Gate(1, 10, 10)
    failed, after = gate.enter(lambda: 1 / 0), gate.enter(lambda: 7)
    with pytest.raises(ZeroDivisionError):
        failed.result.result(10)
    assert after.result.result(10) == 7


def test_a_job_that_has_begun_cannot_be_withdrawn() -> None:
    held, gate = Held(), Gate(1, 10, 10)
    turn = gate.enter(held.work("a"))
    held.until(1)
    gate.leave(turn)
    held.let(1)
    assert turn.result.result(10) == "a"
    gate.leave(turn)  # and not when it is over


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=12), st.integers(1, 4))
def test_no_visitor_is_served_twice_before_another_who_waits(owners: list[str], workers: int) -> None:
    """Round by round: each visitor's k-th piece begins before anybody's (k + 1)-th that came with it."""
    held, gate = Held(), Gate(workers, 100, 100)
    first = [gate.enter(held.work("first"), f"first {at}") for at in range(workers)]
    held.until(workers)
    turns = [gate.enter(held.work(owner), owner) for owner in owners]
    rounds = [owners[:at].count(owner) for at, owner in enumerate(owners)]
    expected = sorted(range(len(owners)), key=lambda at: (rounds[at], at))
    assert sorted(range(len(owners)), key=lambda at: gate.place(turns[at])) == expected
    held.let(workers + len(owners))
    for turn in (*first, *turns):
        turn.result.result(10)


def test_a_turnstile_lets_a_limited_number_through_at_a_time() -> None:
    held, turnstile = Held(), Turnstile(2, patience=10)

    def page(name: str) -> None:
        with turnstile.through():
            held.work(name)()

    threads = [threading.Thread(target=page, args=(str(at),)) for at in range(6)]
    for thread in threads:
        thread.start()
    held.until(2)
    held.let(6)
    for thread in threads:
        thread.join(10)
    assert (len(held.begun), held.most) == (6, 2)


def test_a_page_that_waits_gives_up_its_place_and_then_takes_it_again() -> None:
    turnstile, inside = Turnstile(1, patience=10), []
    with turnstile.aside():  # who has no place has none to leave
        pass

    def other() -> None:
        with turnstile.through():
            inside.append("other")

    with turnstile.through():
        thread = threading.Thread(target=other)
        thread.start()
        thread.join(0.05)
        assert inside == []
        with turnstile.aside():
            thread.join(10)
            assert inside == ["other"]
        again = threading.Thread(target=other)
        again.start()
        again.join(0.05)
        assert inside == ["other"]
    again.join(10)
    assert inside == ["other", "other"]


def test_one_slow_page_holds_nobody_up_for_long() -> None:
    turnstile, go = Turnstile(1, patience=0.05), threading.Event()

    def slow() -> None:
        with turnstile.through():
            assert go.wait(10)

    thread = threading.Thread(target=slow)
    with turnstile.through():
        pass
    thread.start()
    with turnstile.through(), turnstile.aside():  # it took no place, and has none to give back
        go.set()
    thread.join(10)
    with turnstile.through():
        assert turnstile._free == 0
    assert turnstile._free == 1  # one place as before, and no more
    assert not turnstile._inside


def test_who_has_a_page_comes_before_who_opens_one_and_those_in_order() -> None:
    turnstile, order = Turnstile(1, patience=10), []

    def page(name: str, *, newcomer: bool) -> None:
        with turnstile.through(newcomer=newcomer):
            order.append(name)

    threads = []
    with turnstile.through():
        for name in ("new 1", "old 1", "new 2", "old 2"):
            thread = threading.Thread(target=page, args=(name,), kwargs={"newcomer": name.startswith("new")})
            thread.start()
            threads.append(thread)
            while len(turnstile._inside) + len(turnstile._at_the_door) < len(threads):
                time.sleep(0.001)
    for thread in threads:
        thread.join(10)
    assert order == ["old 1", "old 2", "new 1", "new 2"]
    assert turnstile._free == 1


def test_many_pages_that_lose_patience_leave_the_places_as_they_were() -> None:
    """A turn that is given in the moment in which it is given up is neither lost nor doubled."""
    turnstile = Turnstile(2, patience=0.002)

    def visitor(at: int) -> None:
        for turn in range(30):
            with turnstile.through(newcomer=(at + turn) % 2 == 0):
                time.sleep(0.001)
                with turnstile.aside():
                    time.sleep(0.0005)

    threads = [threading.Thread(target=visitor, args=(at,)) for at in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert turnstile._free == 2
    assert not turnstile._inside
    assert not turnstile._at_the_door


def test_work_gives_way_to_pages_for_a_while() -> None:
    turnstile, most = Turnstile(2, 30.0), 0.3
    begin = time.monotonic()
    turnstile.give_way(most)
    assert time.monotonic() - begin < most / 2  # no page is being drawn
    with turnstile.through():
        begin = time.monotonic()
        turnstile.give_way(most)
        assert time.monotonic() - begin >= most  # one is, all the while
        waits = threading.Thread(target=turnstile.give_way, args=(60.0,))
        waits.start()
        time.sleep(0.05)
        assert waits.is_alive()
    waits.join(5.0)
    assert not waits.is_alive()
