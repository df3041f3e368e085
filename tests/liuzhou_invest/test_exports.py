"""Every list of the site can be taken away as a file, in the columns that stand on the page."""

import csv
import datetime
import io
import re
from collections.abc import Iterable
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from accounts.models import User
from briefings import correcting, drafting, meetings, periods
from briefings.choices import Span
from briefings.models import Briefing, ClosedFigure, CorrectionDocument, MeetingState, OnSiteMeeting
from core import clock
from core.models import Export
from ledgers.choices import QuestionKind
from ledgers.models import Answer, Ledger
from liuzhou_invest.demo import people
from projects import new_year
from projects.choices import Confidentiality, Stage
from projects.models import Project
from taskforces.models import ReportingUnit
from tests import factories
from tests.journeys import given
from tests.ledgers import handed_in
from tests.test_access import pages

TEMPLATES = Path(settings.BASE_DIR) / "templates"

# Pages with a table that is no list of anything that could be taken away, and why; by their template.
NO_LIST = {
    "accounts/profile.html": "one's own tokens",
    "approvals/apply_limits.html": "what a new limit would change, looked at before it is applied",
    "approvals/assign.html": "what lies on each team, to choose by; the teams are a list",
    "approvals/choice.html": "questions about one project",
    "approvals/lamps.html": "settings",
    "approvals/workbench.html": "a desk of several short lists; each has its own page",
    "bench/rows.html": "a measuring stick, on no page",
    "briefings/briefing.html": "a document, given as Word and PDF; what each number counted is a list",
    "briefings/correct.html": "a form",
    "briefings/dashboard.html": "charts with their numbers; each leads to the rows of its figure",
    "briefings/meeting.html": "how far one meeting is; its ranking and decisions are lists",
    "briefings/minutes.html": "a document, given as Word and PDF; its decisions are a list",
    "briefings/month_open.html": "what stands before a closing",
    "briefings/ranking_rules.html": "the weights in force; they stand in the head of each exported ranking",
    "briefings/standing.html": "how the points of one unit come about; issues and events are lists",
    "briefings/target_form.html": "a form; the targets are a list",
    "briefings/this_month.html": "the steps of the month under way; the months and briefings are lists",
    "briefings/wall.html": "the dashboard on a screen in the hall",
    "briefings/what_if.html": "a comparison that is tried out",
    "core/calendar.html": "a calendar",
    "ledgers/row.html": "one row of a ledger; the ledger is a list",
    "projects/edit.html": "what two people wrote at once",
    "projects/progress.html": "a form; what was reported goes out with the project",
    "projects/suspicion.html": "two contracts side by side",
}
LIST = re.compile(r'<table class="(rows|board)')
# Heads that are the page's own controls or another word for what several columns of the file say.
NOT_EXPORTED = {
    "approvals/figures.html": {"按责任部门", "按服务专班", "按类别"},
    "approvals/at_risk.html": {"责任单位", "事项", "问题类别", "审批事项", "占比", "占总额比重"},
    "briefings/list.html": {"文件"},
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
    html = html[max(0, html.find('id="rows"')) :]
    list_at = re.search('<table class="board', html) or LIST.search(html)
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
    halted, today = Project.objects.get(name="停滞的项目"), clock.today()
    factories.support_need(halted)
    factories.agency_task(halted, officer=everybody["team1"])
    factories.suspicion(halted)
    drafting.draft(clock.previous_month(today), today=today, by=everybody["clerk"], only=["city"])
    close_a_month(everybody)
    hold_a_meeting(halted, today)
    new_year.propose(today.year + 1, by=everybody["leader"], today=today)
    hand_in_a_ledger(everybody["clerk"])
    return everybody


def close_a_month(city: dict[str, User]) -> None:
    """What was signed in it became known too late; a correction document says so."""
    month = clock.previous_month(clock.previous_month(clock.today()))
    given.signed(city, "迟报项目", amount=66_000, on=month.replace(day=10))
    period = periods.close(month, by=city["leader"], on=given.days_ago(1))
    figure = ClosedFigure.objects.get(
        indicator__period=period, indicator__code="contracted", scope_key="city", span=Span.YEAR
    )
    correcting.issue(
        period,
        number="柳招商〔2026〕11号",
        title="更正",
        reason="迟报",
        figures={figure: Decimal(figure.value or 0) + 66_000},
        by=city["leader"],
        on=clock.today(),
    )


def hold_a_meeting(shown: Project, today: datetime.date) -> None:
    host = ReportingUnit.objects.order_by("order")[0]
    meeting = OnSiteMeeting.objects.create(
        year=today.year, half=1, planned_on=today, held_on=today, state=MeetingState.HELD, host=host
    )
    meetings.decide(meeting, text="报送开工计划", owner=host, due_on=today + datetime.timedelta(days=9))
    meetings.invite_everybody(meeting)
    meeting.shown.create(project=shown, order=1, added_by=User.objects.get(username="clerk"))


def hand_in_a_ledger(by: User) -> None:
    ledger = handed_in.read(handed_in.workbook(handed_in.STEEL, handed_in.TUBE, total=1), by)
    Answer.objects.create(
        kind=ledger.kind,
        sender=ledger.sender,
        asked=QuestionKind.VALUE,
        field="unit",
        raw="高新区",
        meaning="450205",
        given_by=by,
    )


def with_parts(name: str) -> str:
    """The text of a template with those it includes."""
    text = (TEMPLATES / name).read_text("utf-8")
    return text + "".join(with_parts(part) for part in re.findall(r'{% include "([^"#]+)"', text))


def test_a_page_with_a_table_gives_it_away_or_says_why_not():
    names = [str(path.relative_to(TEMPLATES)) for path in TEMPLATES.rglob("[!_]*.html")]
    whole = {name: with_parts(name) for name in names}

    bare = {name for name, text in whole.items() if LIST.search(text) and "{% export" not in text}
    assert bare == NO_LIST.keys()


def test_every_list_is_given_away_in_the_columns_that_it_shows(city):
    addresses = {f"/{route.path}" for route in pages() if not route.path.startswith(("api/", "admin/"))}
    addresses |= set(behind())
    without, differing, exported = [], {}, set()

    for name in ("clerk", "team1", "auditor"):
        client = signed_in(city[name])
        for address in sorted(addresses - exported):
            template, html = page(client, address)
            if template in NO_LIST or not (heads := shown(html)):
                continue
            if "export=csv" not in html:
                without.append((name, address))
                continue
            written = taken(client, f"{address}{'&' if '?' in address else '?'}export=csv")[0]
            parts = {part for head in written for part in (head, *head.split("／"))}
            exported.add(address)
            if missing := bare(heads) - bare(parts) - NOT_EXPORTED.get(template, set()):
                differing[address] = missing, written

    assert (without, differing) == ([], {})
    assert exported > set(behind())
    assert Export.objects.count() == len(exported)


def bare(heads: Iterable[str]) -> set[str]:
    """Without the marks around a unit, which stands small on some pages."""
    return {re.sub(r"[（）() ]", "", head) for head in heads}


def behind() -> list[str]:
    """A list of each kind that stands behind another page."""
    halted = Project.objects.get(name="停滞的项目")
    document, briefing = CorrectionDocument.objects.get(), Briefing.objects.get()
    of, month = [OnSiteMeeting.objects.get().pk], str(document.period)
    asked = f"?from={month}&to={clock.today():%Y-%m}"
    return [
        reverse("approvals:team", args=[halted.services.get().team_id]),
        reverse("approvals:plan", args=[halted.pk]),
        f"{reverse('approvals:three_lists', args=[halted.pk])}?show=all",
        reverse("briefings:counted", args=["contracted"]) + asked,
        reverse("briefings:counted", args=["contracted"]) + f"{asked}&show=left_out",
        reverse("briefings:briefing_counted", args=[briefing.pk, most_counted(briefing)]),
        reverse("briefings:month", args=[month]) + "?all=on",
        reverse("briefings:restated", args=[month, "contracted"]),
        reverse("briefings:correction", args=[document.pk]),
        reverse("briefings:ranking", args=of),
        reverse("briefings:meeting_projects", args=of),
        reverse("briefings:attendees", args=of),
        reverse("briefings:scores", args=of),
        reverse("ledgers:ledger", args=[Ledger.objects.get().pk]),
        reverse("projects:project", args=[halted.pk]),
        reverse("projects:new_year", args=[clock.today().year + 1]),
    ]


def most_counted(briefing: Briefing) -> str:
    return max(briefing.counted, key=lambda key: len(briefing.counted[key]))


def page(client: Client, address: str) -> tuple[str, str]:
    """The template of a page and what it says."""
    response: Any = client.get(address)
    is_page = response.status_code == 200 and response["Content-Type"].startswith("text/html")
    return (response.templates[0].name, response.content.decode()) if is_page else ("", "")


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
