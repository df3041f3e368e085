"""The whole path of one project, from the clerk's form to the city leader's board, by everybody whose
work it is. What may go wrong at each step is played in the files beside this one."""

from decimal import Decimal

import pytest
from playwright.sync_api import expect

from approvals.choices import IssueState, ItemEventKind, StallCode
from approvals.models import Issue, StallFlag
from approvals.tasks import flag_stalls
from briefings.choices import BriefingState
from briefings.models import Briefing
from liuzhou_invest.demo.people import DEMO_PASSWORD
from projects.choices import Stage
from projects.models import Project
from tests.journeys.desk import Desk, number, zh
from tests.journeys.test_monthly_briefing import dialog, figure, last_month, take
from tests.journeys.test_moving import chip, hand_in, move_on
from tests.journeys.test_moving import fill_in as fill_in_facts
from tests.journeys.test_service import ENERGY, FILING, log, nights_done, step, wait_for_nights
from tests.journeys.test_signing import NEW, fill_in

pytestmark = [pytest.mark.browser, pytest.mark.engine]

FORCE = "钢铁（有色金属）"


def test_from_a_signed_project_to_a_published_briefing(city, sit, worker):
    clerk = sit()
    clerk.sign_in("clerk", DEMO_PASSWORD)
    project = _a_clerk_enters_a_signing(clerk)
    _the_leader_verifies_it(sit("leader"), project)
    _a_member_of_the_task_force_moves_it_on(sit("steel.member"), project)
    _a_service_team_follows_it(clerk, sit("team1"), project)
    _the_night_flags_it(sit("steel.lead"), project, worker)
    _the_briefing_is_drafted_confirmed_and_published(clerk, sit("steel.lead"), sit("leader"))
    _the_city_leader_opens_the_board(sit("mayor"))


def _a_clerk_enters_a_signing(clerk: Desk) -> Project:
    clerk.reads("韦雪梅", zh("Nothing waits for you"))
    clerk.follow("Enter a signing")
    fill_in(clerk, **{"Signed on": last_month(1).isoformat(), "Contracted investment": "21.2 亿元"})
    clerk.press("Save the signing")
    assert clerk.wrong_at("Contracted investment") == zh(
        "Write the amount in 万元: %(typed)s is %(amount)s.", typed="21.2 亿元", amount="212,000"
    )
    clerk.fill("Contracted investment", "212000")
    clerk.press("Save the signing")
    expect(clerk.page.get_by_role("heading", level=1)).to_have_text(NEW)
    return Project.objects.get()


def _the_leader_verifies_it(leader: Desk, project: Project) -> None:
    leader.main.get_by_role("link", name=NEW).first.click()
    leader.press("Verify: it counts")
    leader.told("Verified: “%(name)s” counts.", name=NEW)
    project.refresh_from_db()
    assert [project.stage, project.contracted] == [Stage.SIGNING, Decimal(212_000)]


def _a_member_of_the_task_force_moves_it_on(member: Desk, project: Project) -> None:
    member.turn_to("Project ledger")
    member.main.get_by_role("link", name=NEW).click()
    expect(chip(member, "construction permit")).to_be_visible()
    fill_in_facts(
        member,
        "national project code",
        **{"National project code": "2611-450200-04-01-123456", "Construction permit": "450205202611010101"},
    )
    hand_in(member, "photo or permit of the start of works")
    member.open("projects:project", project.pk)
    move_on(member, Stage.COMMENCEMENT)


def _a_service_team_follows_it(clerk: Desk, team: Desk, project: Project) -> None:
    clerk.open("projects:project", project.pk)
    clerk.follow("Assign a service team", within=clerk.main.locator("#approvals"))
    clerk.choose("Service team", "第1服务专班")
    clerk.fill("Team leader", "陆海燕")
    clerk.press("Assign")

    team.turn_to("My workbench")
    team.main.get_by_role("link", name=NEW).first.click()
    team.main.get_by_role("link", name=FILING, exact=True).click()
    log(team, ItemEventKind.ACCEPTED, last_month(1))
    log(team, ItemEventKind.APPROVED, last_month(1))
    team.open("approvals:panel", project.pk)
    team.main.get_by_role("link", name=ENERGY, exact=True).click()
    log(team, ItemEventKind.ACCEPTED, last_month(1))
    team.open("approvals:panel", project.pk)
    team.follow("Log an issue")
    team.choose("Category", zh("Environment and energy review"))
    team.choose("Responsible department", "市发展和改革委员会")
    team.fill("What the matter is", "能耗指标未落实")
    team.fill("On which day", last_month(1).isoformat())
    team.main.get_by_role("checkbox", name=ENERGY).check()
    team.press("Log")
    step(team, "Take on")
    assert Issue.objects.get().state == IssueState.ACCEPTED


def _the_night_flags_it(lead: Desk, project: Project, worker) -> None:
    before = nights_done(worker)
    flag_stalls.delay()
    wait_for_nights(worker, before + 1)
    assert set(StallFlag.objects.filter(project=project).values_list("code", flat=True)) >= {
        StallCode.OVER_PROMISE,
        StallCode.SILENT,
        StallCode.BLOCKED,
    }
    lead.turn_to("Stalled")
    rows = lead.main.get_by_role("row").filter(has_text=NEW)
    expect(rows.filter(has_text="能耗指标未落实")).to_have_count(1)
    rows.get_by_role("link", name=NEW).first.click()
    lead.main.locator(".crumb").get_by_role("link", name=project.code).click()
    expect(lead.main.locator("#approvals")).to_contain_text("能耗指标未落实")


def _the_briefing_is_drafted_confirmed_and_published(clerk: Desk, lead: Desk, leader: Desk) -> None:
    clerk.turn_to("Monthly briefings")
    clerk.press("Draft this month now")
    clerk.follow("See the outcome")
    clerk.main.get_by_role("link", name=FORCE, exact=True).click()
    expect(figure(clerk, "Newly contracted investment", 3)).to_have_text("21.20")
    clerk.reads(NEW)

    steel = Briefing.objects.get(task_force__code="steel")
    lead.page.goto(lead.address + steel.get_absolute_url())
    take(lead, "Confirm the figures", "Confirmed. The bureau's leader signs it off next.")
    leader.page.goto(leader.address + steel.get_absolute_url())
    take(leader, "Sign off", "Signed off. It can be published now.")
    ask = dialog(leader, "Publish")
    leader.fill("Document number", "柳招商〔2026〕1号", within=ask)
    leader.press("Publish", within=ask)
    leader.told("Published. Word and PDF carry the number.")
    steel.refresh_from_db()
    assert steel.state == BriefingState.PUBLISHED


def _the_city_leader_opens_the_board(mayor: Desk) -> None:
    mayor.open("briefings:board")
    row = mayor.main.locator("table.board tbody tr").filter(
        has=mayor.page.get_by_role("rowheader", name=FORCE)
    )
    cell = row.locator("td").nth(Stage.COMMENCEMENT.rank - 1).get_by_role("link")
    expect(cell).to_contain_text("21.2")
    cell.click()
    expect(mayor.main.locator("tbody tr")).to_have_count(1)
    mayor.reads(NEW)
    assert number(mayor.main.locator(".head .note a").first.inner_text()) == Decimal("21.20")
