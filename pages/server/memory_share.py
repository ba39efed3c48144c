"""How many bytes visitors may take up in memory, all together."""

import asyncio
import gc
import os
from collections import deque
from collections.abc import Callable
from pathlib import Path
from time import monotonic

#: Bytes of memory that may be newly taken before the garbage is collected, and seconds between two looks.
GROWTH, LOOK = 48 << 20, 1.0


class Room:
    """What visitors have sent and the server keeps: so many bytes for all of them.

    What somebody leaves behind counts for ``gone`` seconds, as long as it is kept for who comes back. Where
    room is short, those who have gone are forgotten first.
    """

    def __init__(self, size: int, *, gone: float, forget: Callable[[], object]) -> None:
        self._free, self._gone, self._forget = size, gone, forget
        self._left: deque[tuple[float, int]] = deque()

    def take(self, n: int) -> bool:
        """Take up n more bytes, if they are free."""
        now = monotonic()
        while self._left and self._left[0][0] <= now:
            self._free += self._left.popleft()[1]
        if n > self._free and self._left:
            self._forget()
            self._free += sum(size for _, size in self._left)
            self._left.clear()
        if n > self._free:
            return False
        self._free -= n
        return True

    def give(self, n: int) -> None:
        """Give n bytes back."""
        self._free += n

    def leave(self, n: int) -> None:
        """Leave n bytes behind, which stay for a while."""
        if n:
            self._left.append((monotonic() + self._gone, n))


def resident() -> int:
    """Return the bytes of memory that this process holds; 0 where the system does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:  # Linux alone has it
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


async def tidy(sweep: Callable[[], object]) -> None:
    """Sweep out who has gone, and collect garbage when memory has grown: for as long as the server runs.

    Python's own collector counts objects, and a few large ones can hold all the memory there is.
    """
    settled = resident()
    while True:
        await asyncio.sleep(LOOK)
        sweep()
        if resident() - settled > GROWTH:
            gc.collect()
            settled = resident()
        else:
            settled = min(settled, resident())
