"""A signed project of the steel task force in Liubei, followed by a service team, with one running item."""

import datetime
from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import translation

from approvals import clocks, stalls
from approvals.choices import ItemEventKind
from approvals.models import Item
from core import clock
from projects.choices import Stage
from projects.models import Project
from tests import factories

TODAY = datetime.date(2025, 9, 19)  # a Friday
OPENED = datetime.date(2025, 9, 1)


def told(kind: str) -> dict[str, Any]:
    """What a pause needs besides its day."""
    return {"declared_days": 5, "note": "缺总平图"} if kind in ItemEventKind.PAUSES else {}


def run(item: Item, *steps: tuple[str, datetime.date]) -> Item:
    """Log events on an item, in one go; a pause says why, and that it takes five working days."""
    entries = [clocks.Entry(item, kind, on, **told(kind)) for kind, on in steps]
    clocks.log_events(entries, by=item.project.created_by, today=max([TODAY, *(on for _kind, on in steps)]))
    return item


@pytest.fixture
def today(monkeypatch) -> datetime.date:
    """The edges' clock stands still."""
    monkeypatch.setattr(clock, "today", lambda: TODAY)
    return TODAY


@pytest.fixture
def followed(db, steel, liubei, service_member) -> Project:
    stalls.load_stall_rules(OPENED)
    project = factories.project(Stage.SIGNING, name="特钢线材项目", task_force=steel, reporting_unit=liubei)
    factories.service(project, factories.service_team(service_member, name="第7服务专班"))
    return project


@pytest.fixture
def running(followed, planning) -> Item:
    """Accepted on 8 September, promised by the 15th: four working days over on the 19th."""
    template = factories.item_template(name="规划许可证", name_en="Planning permit", department=planning)
    item = factories.item(followed, template, opened_on=OPENED)
    return run(item, (ItemEventKind.ACCEPTED, datetime.date(2025, 9, 8)))


@pytest.fixture
def en() -> Iterator[None]:
    """Sentences in English, so that a test can be read beside the code."""
    with translation.override("en"):
        yield
