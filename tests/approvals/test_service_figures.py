"""Service figures: what they count, that each number opens its list, and that the briefings agree."""

import datetime
import re
from decimal import Decimal
from html import unescape

import pytest
from django.test import Client
from django.urls import reverse

from approvals.choices import ConfirmedThrough, IssueCategory, IssueState
from approvals.figures import NoSuchPeriod, Period, Tally, service_figures
from approvals.models import Issue, ServiceTeam
from briefings.figures import compute
from briefings.indicators import Window
from core import clock
from core.workdays import calendar
from projects.choices import Confidentiality, Stage
from tests import factories
from tests.api import caller

S = IssueState
YEAR = Period(datetime.date(2025, 1, 1), datetime.date(2025, 9, 30))


def d(text: str) -> datetime.date:
    return datetime.date.fromisoformat(f"2025-{text}")


@pytest.fixture
def today(monkeypatch) -> datetime.date:
    monkeypatch.setattr(clock, "today", lambda: YEAR.last)
    return YEAR.last


def resolved(project, on: str, *, raised: str = "06-02", due: str | None = "06-20", **more) -> Issue:
    facts = {"raised_on": d(raised), "due_on": d(due) if due else None, "confirmed_through": "word", **more}
    return factories.issue(project, state=S.RESOLVED, resolved_on=d(on), state_since=d(on), **facts)


@pytest.fixture
def city(db, steel, auto, liubei, luzhai, planning, service_member):
    """Two followed projects, one without a team, and eight issues: some late, one reopened, one shared."""
    team = factories.service_team(service_member, name="第1服务专班")
    mill = factories.project(Stage.SIGNING, task_force=steel, reporting_unit=liubei, name="特钢线材项目")
    works = factories.project(Stage.SIGNING, task_force=auto, reporting_unit=luzhai, name="电池壳体项目")
    alone = factories.project(Stage.SIGNING, task_force=auto, reporting_unit=luzhai)
    factories.service(mill, team, since=d("03-03"))
    factories.service(works, factories.service_team(name="第2服务专班"), since=datetime.date(2024, 12, 30))
    finance = {"category": IssueCategory.FINANCE}
    resolved(mill, "06-06", department=planning, confirmed_through=ConfirmedThrough.LINK)  # 4 days
    resolved(mill, "06-20", department=planning)  # 14 days, on the due day
    resolved(works, "06-23", **finance)  # 15 days, late
    resolved(alone, "06-13", due=None, **finance)  # 9 days, without a due day
    resolved(mill, "06-06", raised="06-02", stopped_days=3, confirmed_through=ConfirmedThrough.LEDGER)  # 1
    back = factories.issue(mill, raised_on=d("04-01"), state=S.HANDLING, reopened_on=d("05-06"))
    factories.issue_event(back, S.HANDLING, on=d("05-06"), source=S.RESOLVED)
    shared = factories.issue(works, raised_on=d("09-01"), due_on=d("09-15"), department=planning)
    shared.also_concerns.add(mill)
    shared.blocks.set([factories.item(mill), factories.item(works)])
    resolved(mill, "02-03", raised="01-02", due="01-16", department=planning)  # 18 days, late
    old = factories.issue(alone, raised_on=datetime.date(2024, 11, 1))
    factories.issue_event(old, S.HANDLING, on=datetime.date(2024, 12, 2), source=S.RESOLVED)
    return mill


def told(user, period: Period = YEAR):
    return service_figures(user, period, days=calendar())


def test_the_figures_of_a_period(city, clerk):
    found = told(clerk)

    total = found.total
    assert found.served == 1
    assert (total.raised, total.resolved, total.in_time, total.with_due_day) == (8, 6, 3, 5)
    assert (total.reopened, total.ever_resolved) == (1, 7)
    assert (total.in_time_rate, total.reopened_rate) == (Decimal("60.0"), Decimal("14.3"))
    assert sorted(total.took) == [1, 4, 9, 14, 15, 18]
    assert total.median_days == Decimal("11.5")
    assert total.confirmed == {"link": 1, "word": 4, "ledger": 1}


def test_one_issue_counts_once_however_much_it_holds_up(city, clerk):
    found = told(clerk).open

    assert (found.issues, found.projects, found.items) == (3, 3, 2)


def test_the_median_of_an_even_number_lies_between_the_two_in_the_middle():
    assert Tally(took=[1, 4]).median_days == Decimal("2.5")
    assert Tally(took=[9, 1, 4]).median_days == Decimal(4)
    assert Tally().median_days is None


def test_nothing_is_divided_by_nothing(db, clerk, today):
    found = told(clerk)

    assert (found.total.in_time_rate, found.total.reopened_rate, found.by_department) == (None, None, [])
    client = Client()
    client.force_login(clerk)
    page = client.get(reverse("approvals:figures"))
    assert page.status_code == 200
    assert "—" in page.content.decode()


def test_a_period_that_ends_before_it_begins_is_refused(db, clerk):
    with pytest.raises(NoSuchPeriod):
        told(clerk, Period(d("02-01"), d("01-31")))


def test_groups_say_by_whom(city, clerk, planning):
    found = told(clerk)

    raised_by_office = {office: tally.raised for office, tally in found.by_department}
    assert raised_by_office[planning] == 4
    assert sum(tally.raised for _office, tally in found.by_department) == found.total.raised
    by_team = {str(team): (tally.raised, tally.resolved) for team, tally in found.by_team}
    # the shared issue stands with both teams
    assert by_team == {"第1服务专班": (6, 4), "第2服务专班": (2, 1), "None": (1, 1)}
    assert dict(found.by_category)[IssueCategory.FINANCE].resolved == 2


@pytest.mark.parametrize(
    "name", ["clerk", "service_member", "force_member", "department_officer", "city_leader"]
)
@pytest.mark.parametrize("query", ["", "from=2025-06-01&to=2025-06-30", "from=2024-01-01&to=2024-12-31"])
def test_each_number_opens_exactly_its_list(city, request, today, name, query):
    user = request.getfixturevalue(name)
    client = Client()
    client.force_login(user)
    page = client.get(f"{reverse('approvals:figures')}?{query}").content.decode()
    main = page[page.index("<main") :]
    links = re.findall(r'<a href="(/approvals/(?:issues|figures)/[^"]*\?[^"]*)"[^>]*>(\d+)</a>', main)

    wrong = {}
    for url, number in links:
        shown = client.get(unescape(url))
        listed = shown.context["page"].paginator.count
        if listed != int(number):
            wrong[url] = (number, listed)

    assert len(links) >= 5
    assert wrong == {}


def test_the_briefings_say_the_same_of_the_whole_city(city, clerk):
    found = told(clerk)

    codes = ("projects_served", "issues_raised", "issues_resolved")
    figures = compute(codes, Window(YEAR.first, YEAR.last))
    values = {code: figure.value for code, figure in figures.items()}

    assert values == {
        "projects_served": found.served,
        "issues_raised": found.total.raised,
        "issues_resolved": found.total.resolved,
    }


def test_each_counts_what_they_may_see(city, stranger, department_officer, service_member, force_member):
    def seen(user) -> tuple[int, int, int]:
        found = told(user)
        return found.served, found.total.raised, found.open.issues

    assert seen(service_member) == (1, 6, 2)
    assert seen(force_member) == (1, 6, 2)
    assert seen(department_officer) == (1, 4, 1)
    assert seen(stranger) == (0, 3, 2)


def test_the_page_costs_the_same_with_few_and_many_issues(city, clerk, today, count_queries):
    client = Client()
    client.force_login(clerk)

    def open_page() -> None:
        assert client.get(reverse("approvals:figures")).status_code == 200

    few = count_queries(open_page)
    for _turn in range(3):
        resolved(factories.project(Stage.SIGNING), "06-06")
    assert count_queries(open_page) == few


@pytest.mark.parametrize("route", ["approvals:served", "approvals:held_up"])
def test_the_other_lists_cost_the_same_for_one_and_three_rows(city, clerk, today, count_queries, route):
    client = Client()
    client.force_login(clerk)

    def open_page() -> None:
        assert client.get(reverse(route)).status_code == 200

    few = count_queries(open_page)
    for _turn in range(2):
        project = factories.project(Stage.SIGNING)
        factories.service(project, since=d("03-04"))
        factories.issue(project, raised_on=d("09-02"), blocks=[factories.item(project)])
    assert count_queries(open_page) == few


@pytest.mark.parametrize(
    "query", ["from=2025-13-01", "from=2025-06-30&to=2025-06-01", "from=x&to=y", "to=1800-01-01"]
)
def test_a_period_that_cannot_be_is_said_and_the_year_shown(city, clerk, today, query):
    client = Client()
    client.force_login(clerk)

    shown = client.get(f"{reverse('approvals:figures')}?{query}")

    assert shown.status_code == 200
    assert 'class="wrong"' in shown.content.decode()


def test_names_of_confidential_projects_stay_veiled(city, county_officer, liubei, today):
    secret = factories.project(
        Stage.SIGNING, reporting_unit=liubei, name="绝密项目", confidentiality=Confidentiality.CONFIDENTIAL
    )
    factories.service(secret, since=d("03-04"))
    factories.issue(secret, raised_on=d("09-02"), blocks=[factories.item(secret)])
    leader = factories.user("city_leader")
    client = Client()
    client.force_login(leader)

    for route in ("approvals:served", "approvals:held_up"):
        assert "绝密项目" not in client.get(reverse(route)).content.decode()


# --- Over the API -----------------------------------------------------------------------------


def test_the_api_tells_the_same_numbers(city, clerk, today):
    answer = caller(clerk).get("/api/v1/service-figures/", {"from": "2025-01-01", "to": "2025-09-30"})

    body = answer.json()
    assert answer.status_code == 200
    assert (body["projects_served"], body["open"]) == (1, {"issues": 3, "projects": 3, "items": 2})
    assert body["total"] == {
        "raised": 8,
        "resolved": 6,
        "in_time": 3,
        "in_time_percent": "60",
        "reopened": 1,
        "reopened_percent": "14.3",
        "median_days": "11.5",
    }
    assert body["confirmed"] == {"link": 1, "word": 4, "ledger": 1}
    assert [row["team"] and row["team"]["id"] for row in body["by_team"]] == [
        *ServiceTeam.objects.order_by("pk").values_list("pk", flat=True),
        None,
    ]


def test_the_api_refuses_periods_that_cannot_be(db, clerk):
    ask = caller(clerk).get
    assert ask("/api/v1/service-figures/", {"from": "2025-02-30"}).status_code == 400
    assert ask("/api/v1/service-figures/", {"from": "2025-06-30", "to": "2025-06-01"}).status_code == 422
    assert ask("/api/v1/service-figures/", {"month": "2025-06"}).status_code == 400
