"""Files of weights on their way: on the disk without a name, so many bytes in all, so many files of one."""

import asyncio
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from typing import IO, NamedTuple

from starlette.concurrency import run_in_threadpool

#: Bytes that are written at a time, and seconds for the next of them to come.
PIECE, PATIENCE = 1 << 20, 30.0


class Holds(NamedTuple):
    """Bytes of one file, and of all; files of one address."""

    largest: int
    room: int
    each: int


class NoRoom(Exception):
    """A file is not taken: ``why`` is a word of the text catalogue, with its numbers in MB or files."""

    def __init__(self, why: str, n: int = 0) -> None:
        super().__init__(why)
        self.why, self.n = why, n


class Spool:
    """Takes files as they arrive, and holds each until it has been read."""

    def __init__(self, holds: Holds) -> None:
        self._holds, self._free = holds, holds.room
        self._here: Counter[str] = Counter()

    def refuse(self, size: int, address: str) -> None:
        """Look whether there is room for a file.

        Raises:
            NoRoom: if it is too large, or too many are here.
        """
        if not self._holds.largest:
            raise NoRoom("closed")
        if size > self._holds.largest:
            raise NoRoom("large", self._holds.largest >> 20)
        if self._here[address] >= self._holds.each:
            raise NoRoom("each", self._holds.each)
        if size > self._free:
            raise NoRoom("room")

    @contextmanager
    def room(self, size: int, address: str) -> Iterator[None]:
        """Keep room for a file meanwhile.

        Raises:
            NoRoom: as of ``refuse``.
        """
        self.refuse(size, address)
        self._free -= size
        self._here[address] += 1
        try:
            yield
        finally:
            self._free += size
            self._here[address] -= 1
            self._here += Counter()  # drops who has none here


async def written(parts: AsyncIterator[bytes], size: int) -> IO[bytes]:
    """Return a file without a name that holds what arrives, which is so many bytes; it is gone once closed.

    Raises:
        NoRoom: if the disk is full, or more or fewer bytes come, or none for long.
    """
    held, total = bytearray(), 0
    try:
        file = tempfile.TemporaryFile()  # noqa: SIM115 - who asked closes it
    except OSError:
        raise NoRoom("room") from None
    try:
        while part := await asyncio.wait_for(anext(parts, b""), PATIENCE):
            held += part
            total += len(part)
            if total > size:
                break
            if len(held) >= PIECE:
                await run_in_threadpool(file.write, bytes(held))
                held.clear()
        await run_in_threadpool(file.write, bytes(held))
        await run_in_threadpool(file.flush)
        if total != size:
            raise NoRoom("cut")
    except BaseException as error:
        with suppress(OSError):  # what is left to be written cannot be
            file.close()
        if isinstance(error, TimeoutError):
            raise NoRoom("cut") from None
        if isinstance(error, OSError):
            raise NoRoom("room") from None
        raise
    return file
