"""The command that reads a ledger, as its user at the shell sees it."""

import json
from pathlib import Path

import openpyxl
import pytest
from django.core.management import CommandError, call_command

from projects.models import Project

pytestmark = pytest.mark.django_db


def test_a_workbook_that_is_no_ledger_is_said_to_be_none(tmp_path: Path, capsys) -> None:
    book = openpyxl.Workbook()
    book.active.title = "随手记"
    book.active.append(["单位", "本月签了什么"])
    file, out = tmp_path / "other.xlsx", tmp_path / "out.json"
    book.save(file)

    with pytest.raises(CommandError, match="nothing was read"):
        call_command("import_ledger", file, report=out)

    told = json.loads(out.read_text("utf-8"))
    assert (told["rows_read"], told["skipped_sheets"]) == (0, ["随手记"])
    assert "随手记: not read" in capsys.readouterr().out
    assert not Project.objects.exists()
