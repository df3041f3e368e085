"""A long list leaves through a real worker while its asker does something else."""

import csv
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from core.exporting import answering
from core.models import Export, Job, JobState
from projects.models import Project
from tests.journeys.conftest import Sit
from tests.journeys.desk import zh

pytestmark = [pytest.mark.browser, pytest.mark.worker, pytest.mark.engine]


@pytest.fixture
def clerk(small_city, worker, sit: Sit, monkeypatch) -> Any:
    monkeypatch.setattr(answering, "DIRECTLY", 2)
    return sit("clerk")


def ask_for_the_list(desk: Any, form: str) -> None:
    desk.open("projects:list")
    desk.main.get_by_text(zh("Export"), exact=True).click()
    desk.page.get_by_text(zh(form)).click()
    desk.page.wait_for_url(re.compile(r"/jobs/\d+/$"))


def test_a_long_list_is_left_to_a_worker_found_again_and_taken(clerk, tmp_path: Path):
    ask_for_the_list(clerk, "Text table (.csv)")

    clerk.open("today")
    clerk.page.locator(".user-drop summary").click()
    clerk.page.locator(".user-drop").get_by_text(zh("Long work")).click()
    clerk.main.get_by_text(zh("Export: %(title)s", title=zh("Project ledger"))).click()
    ready = clerk.main.get_by_text(zh("See the outcome"))
    expect(ready).to_be_visible()
    with clerk.page.expect_download() as download:
        ready.click()

    download.value.save_as(kept := tmp_path / "list.csv")
    lines = list(csv.reader(kept.read_text("utf-8-sig").splitlines()))
    assert {line[0] for line in lines[1:]} == set(Project.objects.values_list("name", flat=True))
    assert [(row.by.username, row.rows) for row in Export.objects.all()] == [("clerk", len(lines) - 1)]


def test_a_long_list_that_nobody_wants_any_more_is_cancelled(clerk, monkeypatch):
    monkeypatch.setattr("core.tasks.run_job.delay", lambda job_id: None)  # no worker is free
    ask_for_the_list(clerk, "Excel (.xlsx)")

    clerk.press("Cancel this work")

    expect(clerk.main.get_by_text(zh("Cancel this work"))).to_have_count(0)
    assert Job.objects.get().state == JobState.CANCELLED
    assert not Export.objects.exists()
