"""A workbook of before 2007, written record by record: numbers, texts, errors, merged and hidden rows."""

import struct

END, FREE, TABLE = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD
SECTOR = 512


def old_workbook(sheets, *, records=(), names=("Workbook",), start=b""):
    """`sheets` is {title: (cells, hidden rows, merged ranges, visibility)}; `records` go to the book."""
    return container(names[0], start or book(sheets, records), names[1:])


def record(kind, body=b""):
    return struct.pack("<HH", kind, len(body)) + body


def text(value, width="H"):
    return struct.pack(f"<{width}B", len(value), 1) + value.encode("utf-16-le")


def book(sheets, records=()):
    parts = [sheet(*about[:3]) for about in sheets.values()]
    head = record(0x809, struct.pack("<HHHHII", 0x600, 5, 0, 0, 0, 0)) + b"".join(records)
    head += record(0x42, struct.pack("<H", 1200))
    listed = [(about[3] if len(about) > 3 else 0, text(title, "B")) for title, about in sheets.items()]
    size = len(head) + sum(4 + 6 + len(title) for _, title in listed) + 4
    for part, (visibility, title) in zip(parts, listed, strict=True):
        head += record(0x85, struct.pack("<IBB", size, visibility, 0) + title)
        size += len(part)
    return head + record(0x0A) + b"".join(parts)


def sheet(cells, hidden=(), merged=()):
    said = record(0x809, struct.pack("<HHHHII", 0x600, 0x10, 0, 0, 0, 0))
    rows = max((row for row, _ in cells), default=0) + 1
    columns = max((column for _, column in cells), default=0) + 1
    said += record(0x200, struct.pack("<IIHHH", 0, rows, 0, columns, 0))
    for row in range(rows):
        said += record(0x208, struct.pack("<HHHHHHI", row, 0, columns, 255, 0, 0, 0x20 * (row in hidden)))
    said += b"".join(cell(*place, value) for place, value in cells.items())
    if merged:
        ranges = [struct.pack("<HHHH", top, bottom, left, right) for top, left, bottom, right in merged]
        said += record(0xE5, struct.pack("<H", len(merged)) + b"".join(ranges))
    return said + record(0x0A)


def cell(row, column, value):
    place = struct.pack("<HHH", row, column, 0)
    if isinstance(value, bytes):  # an error, by its code
        return record(0x205, place + value + b"\x01")
    if isinstance(value, str):
        return record(0x204, place + text(value))
    return record(0x203, place + struct.pack("<d", value))


def container(name, stream, others=()):
    """An OLE file with one long stream and empty ones."""
    stream = stream.ljust(4096, b"\0")
    sectors = -(-len(stream) // SECTOR)
    entries = [entry("Root Entry", 5, END, 0, child=1), entry(name, 2, 2, len(stream))]
    entries += [entry(other, 2, END, 0) for other in others]
    directory = b"".join(entries).ljust(SECTOR * (-(-len(entries) // 4)), b"\0")[:SECTOR]
    chain = [TABLE, END, *range(3, 2 + sectors), END]
    table = struct.pack(f"<{len(chain)}I", *chain)
    assert len(table) <= SECTOR
    head = (
        bytes.fromhex("D0CF11E0A1B11AE1")
        + bytes(16)
        + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6)
        + bytes(6)
    )
    head += struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, END, 0, END, 0)
    head += struct.pack("<109I", 0, *[FREE] * 108)
    padded = table.ljust(SECTOR, b"\xff"), directory, stream.ljust(sectors * SECTOR, b"\0")
    return head + b"".join(padded)


def entry(name, kind, start, size, child=FREE):
    spelt = name.encode("utf-16-le") + b"\0\0"
    return (
        spelt.ljust(64, b"\0")
        + struct.pack("<HBBIII", len(spelt), kind, 1, FREE, FREE, child)
        + bytes(36)
        + struct.pack("<IQ", start, size)
    )
