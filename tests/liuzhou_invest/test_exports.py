"""Every list of the site can be taken away as a file, in the columns that stand on the page."""

import csv
import datetime
import io
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.test import Client

from accounts.models import User
from briefings import drafting, meetings
from briefings.models import MeetingState, OnSiteMeeting
from core import clock
from core.models import Export
from liuzhou_invest.demo import people
from projects.choices import Confidentiality, Stage
from projects.models import Project
from taskforces.models import ReportingUnit
from tests import factories
from tests.journeys import given
from tests.test_access import pages

# Pages with a table that is no list of anything that could be taken away, and why.
NO_LIST = {
    "/": "what waits for me, each with its page",
    "/calendar/": "a calendar",
    "/me/": "one's own tokens",
    "/dashboard/": "charts with their numbers; each leads to the figure's own workbook",
    "/month/": "the steps of the month under way; the months and the briefings are lists",
    "/meetings/rules/": "the weights in force; they stand in the head of each exported ranking",
    "/figures/what-if/": "a comparison that is tried out",
    "/figures/rules/": "the rules themselves",
    "/approvals/stalled/lamps/": "settings",
    "/approvals/workbench/": "a desk of several short lists; each has its own page",
    "/approvals/events/workbook/": "handing in",
    "/ledgers/": "handed-in workbooks, given back as workbooks",
}
# Heads that are the page's own controls or another word for what several columns of the file say.
NOT_EXPORTED = {
    "/approvals/figures/": {"按责任部门", "按服务专班", "按类别"},
    "/approvals/at-risk/": {"责任单位", "事项", "问题类别", "审批事项", "占比", "占总额比重"},
    "/briefings/": {"文件"},
}


class Tables(HTMLParser):
    """The heads of the page's first list."""

    def __init__(self) -> None:
        super().__init__()
        self.heads: list[str] = []
        self._state, self._hidden = "", 0

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        given_attrs = dict(attrs)
        if tag == "thead" and not self.heads:
            self._state = "thead"
        elif tag == "th" and self._state == "thead":
            self._state = "th"
            self.heads.append("")
        elif self._state == "th" and tag == "span" and "visually-hidden" in (given_attrs.get("class") or ""):
            self._hidden = 1

    def handle_endtag(self, tag: str) -> None:
        if tag == "span":
            self._hidden = 0
        if tag == "th" and self._state == "th":
            self._state = "thead"
        if tag == "thead" and self._state == "thead":
            self._state = "over"

    def handle_data(self, data: str) -> None:
        if self._state == "th" and not self._hidden:
            self.heads[-1] += data


def shown(html: str) -> list[str]:
    """Heads without those of empty columns (buttons, bars)."""
    list_at = re.search('<table class="board', html) or re.search('<table class="rows', html)
    if list_at is None:
        return []
    tables = Tables()
    tables.feed(html[list_at.start() :])
    return [" ".join(head.split()) for head in tables.heads if head.strip()]


def taken(client: Client, url: str) -> list[list[str]]:
    response: Any = client.get(url)
    content = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(content, newline="")))


def signed_in(user: User) -> Client:
    client = Client()
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "zh-hans"
    client.force_login(user)
    return client


@pytest.fixture
def city(db) -> dict[str, User]:
    """The small city of the journeys, with a row on every list."""
    call_command("load_reference", verbosity=0)
    everybody = people.load()
    given.small_city(everybody)
    halted = Project.objects.get(name="停滞的项目")
    factories.support_need(halted)
    factories.agency_task(halted, officer=everybody["team1"])
    factories.suspicion(halted)
    drafting.draft(
        clock.previous_month(clock.today()), today=clock.today(), by=everybody["clerk"], only=["city"]
    )
    host = ReportingUnit.objects.order_by("order")[0]
    today = clock.today()
    meeting = OnSiteMeeting.objects.create(
        year=today.year, half=1, planned_on=today, held_on=today, state=MeetingState.HELD, host=host
    )
    meetings.decide(meeting, text="报送开工计划", owner=host, due_on=today + datetime.timedelta(days=9))
    return everybody


def test_every_list_is_given_away_in_the_columns_that_it_shows(city):
    addresses = {f"/{route.path}" for route in pages() if not route.path.startswith(("api/", "admin/"))}
    without, differing, exported = [], {}, set()

    for name in ("clerk", "team1", "auditor"):
        client = signed_in(city[name])
        for address in sorted(addresses - NO_LIST.keys() - exported):
            if not (html := page(client, address)) or not (heads := shown(html)):
                continue
            if "export=csv" not in html:
                without.append((name, address))
                continue
            written = taken(client, f"{address}?export=csv")[0]
            parts = {part for head in written for part in (head, *head.split("／"))}
            exported.add(address)
            if missing := set(heads) - parts - NOT_EXPORTED.get(address, set()):
                differing[address] = missing, written

    assert (without, differing) == ([], {})
    assert len(exported) > 20
    assert Export.objects.count() == len(exported)


def page(client: Client, address: str) -> str:
    response = client.get(address)
    is_page = response.status_code == 200 and response["Content-Type"].startswith("text/html")
    return response.content.decode() if is_page else ""


def test_a_county_takes_away_nothing_of_another_county_and_no_hidden_name(
    liubei, luzhai, steel, county_officer, stranger
):
    facts = {"code_name": "曙光", "confidentiality": Confidentiality.CONFIDENTIAL, "task_force": steel}
    mine = factories.project(Stage.SIGNING, name="绝密工程", reporting_unit=liubei, **facts)
    factories.project(Stage.SIGNING, name="鹿寨项目", reporting_unit=luzhai, task_force=steel)
    reader = factories.user("city_leader")

    def names(user: User) -> list[str]:
        return [row[0] for row in taken(signed_in(user), "/projects/?export=csv")][1:]

    assert names(county_officer) == [mine.name]
    assert names(stranger) == ["鹿寨项目"]
    assert sorted(names(reader)) == sorted(["曙光", "鹿寨项目"])
    assert "绝密" not in str(taken(signed_in(reader), "/projects/?export=csv"))


def test_a_file_is_refused_to_whom_the_page_is_refused(db, security_admin, audit_admin):
    for user, address in (
        (security_admin, "/projects/"),
        (security_admin, "/audit/"),
        (audit_admin, "/projects/"),
    ):
        assert signed_in(user).get(f"{address}?export=csv").status_code == 403
    assert not Export.objects.exists()
