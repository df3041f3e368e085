"""Cells as the file of a workbook has them: the names of columns, days as numbers, text that stays text."""

import datetime
import re

DAY_0 = datetime.date(1899, 12, 30)  # days are counted from it, as Excel does since March 1900
# What would be read as the escape of another character.
_ESCAPE = re.compile("_(?=x[0-9A-Fa-f]{4}_)")


def letters(place: int) -> str:
    """The name of a column, counted from 0: A … Z, AA, AB …"""
    name = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        name = chr(ord("A") + rest) + name
    return name


def place_of_column(name: str) -> int:
    """The other way round: A is 0."""
    place = 0
    for character in name.upper():
        place = place * 26 + ord(character) - ord("A") + 1
    return place - 1


def as_xml(text: str) -> str:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    if "_x" in escaped:
        escaped = _ESCAPE.sub("_x005F_", escaped)
    return escaped.replace("\r", "_x000D_") if "\r" in escaped else escaped


def text_cell(place: str, style: int, text: str) -> str:
    """A cell that is text whatever stands in it; the text without what XML cannot hold."""
    return f'<c r="{place}" s="{style}" t="inlineStr"><is><t xml:space="preserve">{as_xml(text)}</t></is></c>'
