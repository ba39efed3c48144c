"""The directory of a ZIP archive, and where each member's bytes lie; nothing is unpacked."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass

from ..errors import CheckpointError, shown
from .files import MOST_ENTRIES, Bytes, File, check_once, checked_name, too_many

STORED, DEFLATED = 0, 8
#: No compressed byte gives more.
_MOST_RATIO = 1032
_END, _END64, _LOCATOR = (struct.Struct(form) for form in ("<4s4H2LH", "<4sQ2H2L4Q", "<4sLQL"))
_ENTRY, _LOCAL = struct.Struct("<4s6H3L5H2L"), struct.Struct("<4s5H3L2H")
_FULL = 2**32 - 1


@dataclass(frozen=True)
class Member:
    """A member: what it is called, where its own header is, and how its bytes were written."""

    name: str
    header: int
    size: int
    compressed: int
    method: int
    crc: int


def directory(reader: Bytes) -> Mapping[str, Member]:
    """Return an archive's members by name, in its order.

    Raises:
        CheckpointError: if it is not whole, is in several volumes, is encrypted, or has a name twice.
    """
    file, members = reader.file, dict[str, Member]()
    text, begin = _directory(reader)
    at = 0
    while at < len(text):
        if len(text) - at < _ENTRY.size:
            raise broken(file, begin + at)
        fields = _ENTRY.unpack_from(text, at)
        end = at + _ENTRY.size + sum(fields[10:13])
        if fields[0] != b"PK\1\2" or fields[3] & 1 or end > len(text):
            raise broken(file, begin + at)
        member = _member(file, fields, text[at + _ENTRY.size : end], begin + at)
        check_once(file, member.name, members)
        members[member.name] = member
        at = end
    return members


def _directory(reader: Bytes) -> tuple[bytes, int]:
    """Return the directory's bytes, and where it begins."""
    file = reader.file
    tail = max(0, file.size - _END.size - 2**16)
    text = reader.take("directory", tail, file.size - tail)
    found = text.rfind(b"PK\5\6")
    if found < 0 or len(text) - found < _END.size:
        raise broken(file, file.size)
    _, disk, first, here, entries, size, begin, _ = _END.unpack_from(text, found)
    end = tail + found
    if 0xFFFF in (here, entries) or _FULL in (size, begin):
        end, disk, first, entries, size, begin = _large(reader, end)
    if disk or first or begin + size > end:
        raise broken(file, end)
    if entries > MOST_ENTRIES:
        raise too_many(file)
    return reader.take("directory", begin, size), begin


def _large(reader: Bytes, end: int) -> tuple[int, int, int, int, int, int]:
    """Return the same of an archive past 4 GB, or of more than 65 535 members."""
    at = end - _LOCATOR.size
    locator = reader.take("directory", max(0, at), _LOCATOR.size)
    where = int.from_bytes(locator[8:16], "little")
    if at < 0 or not locator.startswith(b"PK\6\7") or where > at:
        raise broken(reader.file, max(0, at))
    found = _END64.unpack(reader.take("directory", where, _END64.size))
    if found[0] != b"PK\6\6":
        raise broken(reader.file, where)
    return where, found[4], found[5], found[7], found[8], found[9]


def _member(file: File, fields: tuple[int, ...], rest: bytes, offset: int) -> Member:
    """Return a member of the directory, of sizes past 4 GB too."""
    flags, method, crc, compressed, size, named, extra, header = (
        fields[i] for i in (3, 4, 7, 8, 9, 10, 11, 16)
    )
    try:
        name = checked_name(file, rest[:named].decode("utf-8" if flags & 0x800 else "cp437"))
    except UnicodeDecodeError:
        raise broken(file, offset) from None
    sizes, wide = [size, compressed, header], _wide(rest[named : named + extra])
    for place, each in enumerate(sizes):
        if each == _FULL and wide:
            sizes[place] = wide.pop(0)
    size, compressed, header = sizes
    if (method == STORED and size != compressed) or max(sizes) >= 2**63:
        raise broken(file, offset)
    return Member(name, header, size, compressed, method, crc)


def _wide(extra: bytes) -> list[int]:
    """Return the numbers of 64 bits that stand beside a member's name."""
    at = 0
    while at + 4 <= len(extra):
        kind, size = struct.unpack_from("<2H", extra, at)
        if kind == 1:
            wide = extra[at + 4 : at + 4 + size]
            return [each for (each,) in struct.iter_unpack("<Q", wide[: len(wide) // 8 * 8])]
        at += 4 + size
    return []


def begin_of(reader: Bytes, member: Member) -> int:
    """Return where a member's bytes begin.

    Raises:
        CheckpointError: if no member is there, it ends outside of the file, or claims more than any
            compressed bytes can give.
    """
    file, size = reader.file, _LOCAL.size
    local = _LOCAL.unpack(reader.take(member.name, member.header, size))
    if local[0] != b"PK\3\4":
        raise broken(file, member.header)
    begin = member.header + size + int(local[9] + local[10])
    file.check(member.name, begin + member.compressed)
    if member.method == DEFLATED and member.size > _MOST_RATIO * (member.compressed + 1):
        raise CheckpointError(
            "checkpoint.expands",
            file=file.called,
            entry=shown(member.name),
            given=member.size,
            size=member.compressed,
        )
    return begin


def stored_begin(reader: Bytes, member: Member) -> int:
    """Return where the bytes of a member begin that is not compressed.

    Raises:
        CheckpointError: if it is compressed; and as of ``begin_of``.
    """
    if member.method != STORED:
        raise CheckpointError("checkpoint.deflated", file=reader.file.called, entry=shown(member.name))
    return begin_of(reader, member)


def whole(reader: Bytes, member: Member) -> tuple[bytes, int]:
    """Return the bytes of a small member that is not compressed, and where they begin.

    Raises:
        CheckpointError: if it is longer than ``MOST_HEADER``; and as of ``stored_begin``.
    """
    begin = stored_begin(reader, member)
    return reader.take(member.name, begin, member.size), begin


def broken(file: File, offset: int) -> CheckpointError:
    """Return the error that says where an archive is damaged."""
    return CheckpointError("checkpoint.zip", file=file.called, offset=offset)
