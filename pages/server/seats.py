"""How many visitors there are, counted by all processes of the server together."""

import mmap
from collections.abc import Iterator
from contextlib import contextmanager

#: Places for addresses, by a hash that nobody outside can guess; two with one place count together.
PLACES = 1 << 14


class Seats:
    """So many visitors in all, and ``each`` of one address, whichever process they are with.

    Each of the ``processes`` counts its own visitors in memory that all of them see, so that what one
    counted goes with it when it dies. Made before they part.
    """

    def __init__(self, most: int, each: int, processes: int = 1) -> None:
        self.most, self.processes = most, processes
        #: Which of the processes this is.
        self.process = 0
        self._each = each
        self._counts = memoryview(mmap.mmap(-1, 4 * processes * (PLACES + 1))).cast("i")

    def taken(self, process: int) -> int:
        """Return how many visitors a process has."""
        return self._counts[self._place(process)]

    def is_full(self, address: str) -> bool:
        """Tell whether one more from this address has to wait outside."""
        return self._all() >= self.most or self._all(address) >= self._each

    @contextmanager
    def seat(self, address: str) -> Iterator[None]:
        """Hold a seat meanwhile."""
        places = self._place(self.process), self._place(self.process, address)
        for place in places:
            self._counts[place] += 1
        try:
            yield
        finally:
            for place in places:
                self._counts[place] -= 1

    def clear(self, process: int) -> None:
        """Forget whom a process had, for it is gone."""
        first = self._place(process)
        self._counts[first : first + PLACES + 1] = memoryview(bytes(4 * (PLACES + 1))).cast("i")

    def _all(self, address: str | None = None) -> int:
        return sum(self._counts[self._place(process, address)] for process in range(self.processes))

    @staticmethod
    def _place(process: int, address: str | None = None) -> int:
        return process * (PLACES + 1) + (0 if address is None else 1 + hash(address) % PLACES)
