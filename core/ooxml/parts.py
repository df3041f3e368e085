"""The parts of a package: read within a limit, or carried over packed as they are."""

import struct
import zipfile
from collections.abc import Iterable, Iterator
from copy import copy
from typing import IO

MEGABYTE = 2**20
ENTRIES = 5000
SMALL_PART = 48 * MEGABYTE  # relations, older notes and their boxes are held as a whole
CHUNK = 256 * 1024


class Odd(Exception):
    """The package is built in a way that is better left alone."""


class Package:
    """The parts of a workbook by name (upper and lower case are the same to Excel)."""

    def __init__(self, file: IO[bytes]) -> None:
        self.size = file.seek(0, 2)
        self.zip = zipfile.ZipFile(file)
        self.entries = self.zip.infolist()
        # Entries that overlap would come out larger than they went in.
        if len(self.entries) > ENTRIES or sum(e.compress_size for e in self.entries) > self.size:
            raise Odd("entries")
        self.by_name = {entry.filename.lower(): entry for entry in self.entries}
        if len(self.by_name) != len(self.entries):
            raise Odd("twice")

    def __contains__(self, name: str) -> bool:
        return name.lower() in self.by_name

    def open(self, name: str) -> IO[bytes]:
        entry = self.by_name.get(name.lower())
        if entry is None:
            raise Odd(name)
        return self.zip.open(entry)

    def read(self, name: str) -> bytes:
        with self.open(name) as part:
            content = part.read(SMALL_PART + 1)
        if len(content) > SMALL_PART:
            raise Odd(name)
        return content

    def chunks(self, name: str) -> Iterator[bytes]:
        with self.open(name) as part:
            while chunk := part.read(CHUNK):
                yield chunk

    def free_name(self, pattern: str, taken: Iterable[str]) -> str:
        used = self.by_name.keys() | {name.lower() for name in taken}
        numbers = range(1, 2 * ENTRIES)
        return next(name for n in numbers if (name := pattern % n).lower() not in used)


def carry_over(entry: zipfile.ZipInfo, source: Package, target: zipfile.ZipFile) -> None:
    """A part as it is: its packed bytes under a new head."""
    raw, out = source.zip.fp, target.fp
    assert raw is not None
    assert out is not None
    raw.seek(entry.header_offset)
    head = raw.read(30)
    if len(head) < 30 or head[:4] != b"PK\x03\x04":
        raise Odd(entry.filename)
    raw.seek(sum(struct.unpack("<HH", head[26:30])), 1)
    kept = copy(entry)
    kept.flag_bits &= ~0x08  # the sizes stand in the head, not behind the part
    kept.header_offset = out.tell()
    out.write(kept.FileHeader(zip64=False))
    left = entry.compress_size
    while left:
        chunk = raw.read(min(left, CHUNK))
        if not chunk:
            raise Odd(entry.filename)
        out.write(chunk)
        left -= len(chunk)
    target.filelist.append(kept)
    target.NameToInfo[kept.filename] = kept
    target.start_dir = out.tell()
    target._didModify = True  # type: ignore[attr-defined]
