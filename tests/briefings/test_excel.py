"""What stands together in a cell of an exported list is written as its reader writes."""

import datetime
from types import SimpleNamespace as Made

import pytest
from django.utils import translation

from briefings import excel
from core.exporting import Kind

AT = datetime.datetime(2026, 3, 2, 4, tzinfo=datetime.UTC)


def cells(language):
    said = Made(passed=True, by=Made(name="李四"), at=AT, note="齐全")
    row = {"judged": [Made(met=True, words="1.2")], "screened": [{"said": said}] * 9}
    column = Made(label="", sub="", kind=Kind.TEXT)
    with translation.override(language):
        columns = excel.meeting_projects(["规则"]).columns
        listed = excel.listed("", [column], ()).columns[0]
        return [columns[3].of(row), columns[5].of(row), listed.of([Made(text="A", tag="B")])]


@pytest.mark.parametrize(("language", "between"), [("en", "; "), ("zh-hans", "；")])
def test_several_things_in_one_cell_are_parted_as_the_reader_writes(language, between):
    assert [cell.split(between)[1:] for cell in cells(language)] == [
        ["1.2"],
        ["李四", "2026-03-02", "齐全"],
        ["B"],
    ]
