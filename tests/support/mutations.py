"""Files that something has happened to: bytes changed, cut out, put in, doubled, or made numbers of note."""

import random
import struct
from collections.abc import Callable

from tests.support.checkpoints import INNER, with_inner

_NUMBERS = (0, 1, 2**7, 2**8 - 1, 2**15, 2**16 - 1, 2**31 - 1, 2**32 - 1, 2**62, 2**63 - 1, 2**63, 2**64 - 1)


def _flipped(text: bytearray, chance: random.Random) -> None:
    for _ in range(chance.choice([1, 1, 2, 8])):
        text[_place(text, chance)] = chance.randrange(256)


def _nudged(text: bytearray, chance: random.Random) -> None:
    at = _place(text, chance)
    text[at] = (text[at] + chance.choice([-1, 1, 16, 128])) % 256


def _cut(text: bytearray, chance: random.Random) -> None:
    del text[chance.randrange(1, len(text)) :]


def _removed(text: bytearray, chance: random.Random) -> None:
    at = _place(text, chance)
    del text[at : at + chance.choice([1, 4, 8, 100])]


def _doubled(text: bytearray, chance: random.Random) -> None:
    at, size, to = _place(text, chance), chance.choice([1, 8, 60, 500]), _place(text, chance)
    text[to:to] = text[at : at + size]


def _set(text: bytearray, chance: random.Random) -> None:
    at, form = _place(text, chance), chance.choice(["<Q", ">Q", "<I", "<H"])
    number = struct.pack(form, chance.choice(_NUMBERS) % 256 ** struct.calcsize(form))
    text[at : at + len(number)] = number


_KINDS: tuple[Callable[[bytearray, random.Random], None], ...] = (
    _flipped,
    _nudged,
    _cut,
    _removed,
    _doubled,
    _set,
)


def _place(text: bytearray, chance: random.Random) -> int:
    """Return a place, more often near the beginning or the end, where headers are."""
    reach = min(len(text), chance.choice([64, 400, len(text)]))
    return chance.randrange(reach) if chance.random() < 0.7 else len(text) - 1 - chance.randrange(reach)


def mutated(text: bytes, chance: random.Random) -> bytes:
    """Return a file to which one to three things have happened."""
    changed = bytearray(text)
    for _ in range(chance.choice([1, 1, 2, 3])):
        if len(changed) > 1:
            chance.choice(_KINDS)(changed, chance)
    return bytes(changed)


def mutated_file(name: str, text: bytes, chance: random.Random) -> bytes:
    """Return a file to which something has happened; to a member of an archive every other time."""
    if name in INNER and chance.random() < 0.5:
        return with_inner(text, INNER[name], lambda inner: mutated(inner, chance))
    return mutated(text, chance)
