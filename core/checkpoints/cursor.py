"""What goes through a file from a place on, holding a little of it at a time."""

from ..errors import CheckpointError
from .files import Bytes

_WINDOW = 2**18


class Cursor:
    """Goes on through the bytes before ``end``."""

    def __init__(self, reader: Bytes, end: int) -> None:
        self.reader, self.file, self.at, self.end = reader, reader.file, 0, end
        self._text, self._begin = b"", 0

    def take(self, size: int) -> bytes:
        """Return the next bytes.

        Raises:
            CheckpointError: if the end comes before.
        """
        start = self.at - self._begin
        if not 0 <= start <= len(self._text) - size:
            self._hold_to(self.at + size)
            wanted = min(max(size, _WINDOW), self.end - self.at)
            self._text, self._begin, start = self.reader.take("header", self.at, wanted), self.at, 0
        self.at += size
        return self._text[start : start + size]

    def skip(self, size: int) -> None:
        """Leave out bytes that are not looked at.

        Raises:
            CheckpointError: if the end comes before.
        """
        self._hold_to(self.at + size)
        self.at += size

    def _hold_to(self, end: int) -> None:
        self.file.check("header", end)
        if end > self.end:
            raise CheckpointError(
                "checkpoint.header", file=self.file.called, entry="'header'", given=end, most=self.end
            )

    def varint(self) -> int:
        """Return the next number of protobuf's, seven bits a byte.

        Raises:
            CheckpointError: if it has more bytes than one of 64 bits, or the end comes before.
        """
        found = 0
        for shift in range(0, 70, 7):
            (byte,) = self.take(1)
            found |= (byte & 127) << shift
            if byte < 128:
                return found & (2**64 - 1)
        raise CheckpointError(
            "checkpoint.value", file=self.file.called, offset=self.at, given="≥ 2^64", wanted="0–2^64−1"
        )
