"""Step 7 of the path: last month's briefings from the draft to the published document."""

import datetime
import io
from decimal import Decimal

import docx
import pytest
from playwright.sync_api import Locator, expect

from briefings.choices import BriefingState, ReviewKind
from briefings.models import Briefing, Review, Snapshot
from core import clock
from core.models import Job, JobState
from taskforces.models import ReportingUnit, Seat
from tests.journeys import given
from tests.journeys.desk import Desk, number, zh

pytestmark = [pytest.mark.browser, pytest.mark.engine]


def last_month(day: int) -> datetime.date:
    return clock.previous_month(clock.today()).replace(day=day)


def dialog(desk: Desk, verb: str) -> Locator:
    """Press the button of a step; what it asks stands in a dialog."""
    desk.main.get_by_role("link", name=f"{zh(verb)}…", exact=True).click()
    return desk.page.locator("dialog[open]")


def take(desk: Desk, verb: str, told: str) -> None:
    desk.press(verb, within=dialog(desk, verb))
    desk.told(told)


def figure(desk: Desk, name: str, column: int) -> Locator:
    """A number of the briefing's figures: column 0 this year, 3 the month."""
    row = desk.main.get_by_role("row").filter(has=desk.page.locator("summary", has_text=zh(name)))
    return row.locator("td").nth(column).get_by_role("link")


def test_a_month_is_drafted_disputed_answered_confirmed_signed_off_and_frozen(city, sit, worker):
    given.signed(city, "高强汽车板项目", on=last_month(10), amount=212_000)
    given.signed(city, "废钢加工项目", on=last_month(12), amount=8_000)
    given.signed(city, "新能源底盘项目", on=last_month(12), amount=50_000, force="auto")

    # The bureau's clerk has the month drafted, and sees how far it is.
    clerk = sit("clerk")
    clerk.turn_to("Monthly briefings")
    clerk.press("Draft this month now")
    clerk.follow("See the outcome")
    rows = clerk.main.locator("table tbody tr:not(.group-row)")
    forces = Seat.objects.filter(mechanism__year=last_month(1).year).count()
    expect(rows).to_have_count(1 + forces + ReportingUnit.objects.count())
    job = Job.objects.get()
    assert (job.state, job.asked_by, job.done) == (JobState.DONE, city["clerk"], job.total)

    # The task force's lead finds it under Today, opens a number and disputes it.
    lead = sit("steel.lead")
    month = f"{last_month(1):%Y-%m}"
    lead.main.locator(".todo").get_by_role("link", name=month).first.click()
    contracted = figure(lead, "Newly contracted investment", 3)
    expect(contracted).to_have_text("22.00")
    contracted.click()
    expect(lead.main.locator("tbody tr")).to_have_count(2)
    lead.reads("高强汽车板项目", "废钢加工项目")
    assert number(lead.main.locator(".kpi-value").inner_text()) == Decimal("22.00")
    lead.page.go_back()
    ask = dialog(lead, "Dispute a figure")
    key = "contracted:month"
    lead.field("Which figure", within=ask).select_option(value=key)
    lead.fill("What is wrong with it", "废钢加工项目不属于本专班", within=ask)
    lead.press("Dispute a figure", within=ask)
    lead.told("The bureau has been told that this figure is disputed.")
    # Until it is answered nobody confirms.
    expect(lead.main.get_by_role("link", name=f"{zh('Confirm the figures')}…")).to_have_count(0)
    lead.reads(zh("The bureau answers a dispute"))
    steel = Briefing.objects.get(task_force__code="steel")
    assert steel.state == BriefingState.DRAFT

    # The bureau answers, the lead confirms.
    clerk.page.goto(f"{clerk.address}{steel.get_absolute_url()}")
    clerk.reads("废钢加工项目不属于本专班")
    clerk.follow("Answer…")
    clerk.fill("Answer", "按投资合同归口钢铁专班，数据不变")
    clerk.press("Answer")
    clerk.told("Answered. Whoever disputed the figure sees it with the reason.")
    lead.page.goto(f"{lead.address}{steel.get_absolute_url()}")
    lead.reads("按投资合同归口钢铁专班，数据不变")
    take(lead, "Confirm the figures", "Confirmed. The bureau's leader signs it off next.")

    # The bureau's leader signs off and publishes.
    leader = sit("leader")
    leader.main.locator(".todo").get_by_role("link", name=month).first.click()
    take(leader, "Sign off", "Signed off. It can be published now.")
    ask = dialog(leader, "Publish")
    leader.fill("Document number", "柳招商〔2026〕11号", within=ask)
    leader.press("Publish", within=ask)
    leader.told("Published. Word and PDF carry the number.")
    steel.refresh_from_db()
    assert [steel.state, steel.number] == [BriefingState.PUBLISHED, "柳招商〔2026〕11号"]
    steps = Review.objects.filter(briefing=steel).order_by("pk").values_list("kind", "by__username")
    assert list(steps) == [
        (ReviewKind.DISPUTED, "steel.lead"),
        (ReviewKind.ANSWERED, "clerk"),
        (ReviewKind.CONFIRMED, "steel.lead"),
        (ReviewKind.SIGNED_OFF, "leader"),
        (ReviewKind.PUBLISHED, "leader"),
    ]

    # What is learnt later changes the living figure and nothing that was published.
    frozen = list(Snapshot.objects.filter(briefing=steel).order_by("pk").values())
    given.signed(city, "迟到的项目", on=last_month(20), amount=90_000)
    clerk.open("briefings:list")
    clerk.press("Draft again what is not confirmed")
    clerk.follow("See the outcome")
    assert list(Snapshot.objects.filter(briefing=steel).order_by("pk").values()) == frozen != []
    leader.page.reload()
    expect(figure(leader, "Newly contracted investment", 3)).to_have_text("22.00")
    expect(leader.main.get_by_role("link", name="…")).to_have_count(0)
    leader.page.goto(f"{leader.address}{Briefing.objects.get(scope_key='city').get_absolute_url()}")
    expect(figure(leader, "Newly contracted investment", 3)).to_have_text("36.00")

    # And it downloads, as Word and as PDF.
    mayor = sit("mayor")
    mayor.page.goto(f"{mayor.address}{steel.get_absolute_url()}")
    with mayor.download(mayor.main.get_by_role("link", name="Word")) as content:
        document = docx.Document(io.BytesIO(content))
    words = "\n".join(paragraph.text for paragraph in document.paragraphs)
    assert "柳招商〔2026〕11号" in words
    assert f"{last_month(1).month}月当月，新签约项目2个，合同投资额22.00亿元" in words
    with mayor.download(mayor.main.get_by_role("link", name="PDF")) as content:
        assert content.startswith(b"%PDF")
