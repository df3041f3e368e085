"""Reads one workbook from standard input and prints its rows as JSON lines.

Runs alone, as a child of `core.sheets`, under limits of memory and time: a hostile file of one
kilobyte makes the reader ask for 500 GB and ends its process. Nothing of Django is loaded here.

Each line is an object: {"sheet": title, "hidden": bool}, {"row": number, "values": [...]}, or
{"refused": code, ...facts} and nothing more.
"""

import datetime
import json
import math
import resource
import sys
import zipfile
from collections.abc import Iterator
from typing import IO, Any

import python_calamine
from python_calamine import CalamineSheet, SheetTypeEnum, SheetVisibleEnum

MEGABYTE = 2**20
OLE = bytes.fromhex("D0CF11E0A1B11AE1")  # .xls, and .xlsx behind a password
END_OF_DIRECTORY = b"PK\x05\x06"
ENTRIES = 5000


class Refused(Exception):
    def __init__(self, code: str, **facts: object) -> None:
        super().__init__(code)
        self.answer = {"refused": code, **facts}


def main(limits: dict[str, int]) -> None:
    confine(limits)
    out = sys.stdout
    try:
        file = sys.stdin.buffer
        check(file, limits)
        file.seek(0)
        for line in read(file, limits):
            out.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")
    except Refused as refused:
        out.write(json.dumps(refused.answer) + "\n")
    except MemoryError:
        out.write('{"refused":"large"}\n')
    out.flush()


def confine(limits: dict[str, int]) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (limits["memory"], limits["memory"]))
    resource.setrlimit(resource.RLIMIT_CPU, (limits["seconds"], limits["seconds"]))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


# --- What the package says of itself, before anything is unpacked ------------------------------


def check(file: IO[bytes], limits: dict[str, int]) -> None:
    size = file.seek(0, 2)
    if size > limits["bytes"]:
        raise Refused("size", limit=limits["bytes"] // MEGABYTE)
    file.seek(0)
    start = file.read(8)
    if start.startswith(OLE):
        file.seek(0)
        raise Refused("password" if "EncryptedPackage".encode("utf-16-le") in file.read() else "xls")
    if not start.startswith(b"PK\x03\x04"):
        raise Refused("empty" if not size else "other")
    check_package(file, size, limits)


def check_package(file: IO[bytes], size: int, limits: dict[str, int]) -> None:
    check_directory(file, size)
    try:
        with zipfile.ZipFile(file) as package:
            entries = package.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as error:
        raise Refused("damaged") from error
    names = {entry.filename for entry in entries}
    if any(entry.flag_bits & 1 for entry in entries):
        raise Refused("password")
    if any("vbaProject" in name for name in names):
        raise Refused("macros")
    if "xl/workbook.xml" not in names:
        raise Refused("other")
    if any(name.startswith("/") or ".." in name.split("/") for name in names):
        raise Refused("damaged")
    unpacked = sum(entry.file_size for entry in entries)
    swollen = any(e.file_size > 20 * MEGABYTE and e.file_size > 300 * e.compress_size for e in entries)
    if unpacked > limits["unpacked"] or swollen:
        raise Refused("unpacked", unpacked=unpacked // MEGABYTE)


def check_directory(file: IO[bytes], size: int) -> None:
    """A directory of a million names would be read whole: look at its announced length first."""
    file.seek(max(0, size - 70_000))
    tail = file.read()
    at = tail.rfind(END_OF_DIRECTORY)
    if at < 0 or len(tail) < at + 22:
        raise Refused("damaged")
    length = int.from_bytes(tail[at + 12 : at + 16], "little")
    is_zip64 = tail[max(0, at - 20) : at].startswith(b"PK\x06\x07")
    if is_zip64 or length > ENTRIES * 200:
        raise Refused("damaged")


# --- The rows ----------------------------------------------------------------------------------


def read(file: IO[bytes], limits: dict[str, int]) -> Iterator[dict[str, Any]]:
    try:
        workbook = python_calamine.load_workbook(file)
        for number, about in enumerate(workbook.sheets_metadata):
            if about.typ == SheetTypeEnum.WorkSheet:
                yield {"sheet": about.name, "hidden": about.visible != SheetVisibleEnum.Visible}
                yield from rows_of(workbook.get_sheet_by_index(number), limits)
    except python_calamine.PasswordError as error:
        raise Refused("password") from error
    except (python_calamine.CalamineError, ValueError, OverflowError, KeyError) as error:
        raise Refused("damaged") from error


def rows_of(sheet: CalamineSheet, limits: dict[str, int]) -> Iterator[dict[str, Any]]:
    if sheet.start is None or sheet.end is None:
        return
    if sheet.end[0] >= limits["rows"]:
        raise Refused("rows", sheet=sheet.name, limit=limits["rows"])
    if sheet.end[1] >= limits["columns"]:
        raise Refused("columns", sheet=sheet.name, limit=limits["columns"])
    left: list[Any] = [None] * sheet.start[1]
    for number, cells in enumerate(sheet.iter_rows(), start=1):
        values = left + [value_of(cell, limits) for cell in cells]
        while values and values[-1] is None:
            values.pop()
        if values:
            yield {"row": number, "values": values}


def value_of(cell: object, limits: dict[str, int]) -> object:
    """Text, number, truth or nothing as JSON has them; days as {"day"} and moments as {"moment"}."""
    match cell:
        case "":
            return None
        case str():
            if len(cell) > limits["cell"]:
                raise Refused("cell", limit=limits["cell"])
            return cell
        case float() if not math.isfinite(cell):
            return str(cell)
        case float():
            return int(cell) if cell.is_integer() and abs(cell) < 2**53 else cell
        case datetime.datetime():
            is_midnight = cell.time() == datetime.time()
            return {"day": cell.date().isoformat()} if is_midnight else {"moment": cell.isoformat()}
        case datetime.date():
            return {"day": cell.isoformat()}
        case bool() | int() | None:
            return cell
        case _:
            return str(cell)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
