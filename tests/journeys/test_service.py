"""Steps 5 and 6 of the path: the approval list opens by itself, a service team works on it, and the
night says what is stalled."""

import datetime
import threading
import time
from pathlib import Path

import pytest
from django.db import connection
from playwright.sync_api import FilePayload, expect

from accounts.models import Notification
from approvals.choices import ConfirmedBy, IssueState, ItemEventKind, ItemState, StallCode
from approvals.models import Issue, Item, ItemEvent, StallFlag
from approvals.tasks import flag_stalls
from core import clock
from tests.journeys import given
from tests.journeys.desk import Desk, zh, zh_of
from tests.journeys.given import workdays_ago

pytestmark = pytest.mark.browser

FILING, ENERGY = "企业投资项目备案", "节能审查"
PHOTO: FilePayload = {
    "name": "送电照片.png",
    "mimeType": "image/png",
    "buffer": b"\x89PNG\r\n\x1a\n of a photo",
}


# What happened to an item, as `approvals.choices` names it.
KINDS = {
    ItemEventKind.ACCEPTED: "Accepted",
    ItemEventKind.SPECIAL_STARTED: "Special procedure began",
    ItemEventKind.SPECIAL_ENDED: "Special procedure ended",
    ItemEventKind.APPROVED: "Approved",
}


def log(desk: Desk, kind: ItemEventKind, on: datetime.date, **more: str) -> None:
    """Enter what happened to the item whose page is open."""
    desk.choose("What happened", zh(str(kind.label)))
    desk.fill("On which day", on.isoformat())
    for label, value in more.items():
        desk.fill(label, value)
    desk.press("Enter", within=desk.main.locator("#log"))
    desk.told("Entered. State and due days have been worked out anew.")


# --- The list ----------------------------------------------------------------------------------------


def test_the_list_opens_with_the_signing_and_a_team_is_given_the_project(city, sit):
    project = given.entered(city, "审批自动展开的项目", on=given.days_ago(30))
    assert not project.items.exists()
    leader = sit("leader")
    leader.open("projects:verdict", project.contract_events.get().pk)
    leader.press("Verify: it counts")

    leader.open("projects:project", project.pk)
    panel = leader.main.locator("#approvals")
    expect(panel.locator(".gantt-row")).to_have_count(project.items.count())
    first = panel.locator(".gantt-row").first
    expect(first).to_contain_text(FILING)
    expect(first).to_contain_text(zh("Can be submitted"))
    leader.follow("Assign a service team", within=panel)
    leader.choose("Service team", "第1服务专班")
    leader.fill("Team leader", "陆海燕")
    leader.press("Assign")
    leader.told("%(team)s follows this project.", team="第1服务专班")

    member = sit("team1")
    member.open("approvals:workbench", query="?tab=projects")
    row = member.main.get_by_role("row").filter(has_text="审批自动展开的项目")
    expect(row).to_contain_text("第1服务专班")
    other = sit("team2")
    other.open("approvals:panel", project.pk)
    expect(other.page.get_by_role("heading", level=1)).not_to_contain_text("审批自动展开的项目")


def test_a_team_member_logs_what_happens_to_an_item_and_the_clock_follows(city, sit):
    project = given.signed(city, "节能审查中的项目", on=given.days_ago(60))
    given.followed(city, project)
    member = sit("team1")
    member.open("approvals:panel", project.pk)
    member.main.get_by_role("link", name=FILING, exact=True).click()
    log(member, ItemEventKind.ACCEPTED, workdays_ago(13))
    log(member, ItemEventKind.APPROVED, workdays_ago(13), Note="在线平台告知")

    member.open("approvals:panel", project.pk)
    energy = member.main.locator(".gantt-row").filter(has_text=ENERGY)
    expect(energy).to_contain_text(zh("Can be submitted"))
    energy.get_by_role("link").click()
    log(member, ItemEventKind.ACCEPTED, workdays_ago(12))
    announced = {"Announced length (working days)": "5", "Note": "专家评审"}
    log(member, ItemEventKind.SPECIAL_STARTED, workdays_ago(9), **announced)
    member.reads(zh("clock stopped since %(on)s", on=workdays_ago(9).isoformat()))
    log(member, ItemEventKind.SPECIAL_ENDED, workdays_ago(4))

    # Three days before the expert review and four after it: one of the eight promised is left.
    member.reads(zh_of("%(n)s day left", "%(n)s days left", 1, n=1))
    counted = member.main.locator(".facts div").filter(has_text=zh("Working days counted"))
    expect(counted.locator("dd")).to_have_text("7")
    item = Item.objects.get(project=project, template__name=ENERGY)
    assert (item.state, item.accepted_on) == (ItemState.RUNNING, workdays_ago(12))
    events = ItemEvent.objects.filter(item=item).order_by("pk").values_list("kind", "on", "by__username")
    assert list(events) == [
        (ItemEventKind.ACCEPTED, workdays_ago(12), "team1"),
        (ItemEventKind.SPECIAL_STARTED, workdays_ago(9), "team1"),
        (ItemEventKind.SPECIAL_ENDED, workdays_ago(4), "team1"),
    ]

    member.choose("What happened", zh("Accepted"))
    member.fill("Note", "又受理一次")
    member.press("Enter", within=member.main.locator("#log"))
    expect(member.main.get_by_role("alert")).to_contain_text(zh("Being handled"))
    expect(member.field("Note")).to_have_value("又受理一次")
    assert ItemEvent.objects.filter(item=item).count() == 3


# --- Issues --------------------------------------------------------------------------------------------


def step(desk: Desk, word: str, **told: str) -> None:
    """Open one of the next steps of an issue, fill it in and take it."""
    place = desk.main.locator("#steps details").filter(has=desk.page.locator("summary", has_text=zh(word)))
    if place.get_attribute("open") is None:
        place.locator("summary").click()
    for label, value in told.items():
        desk.fill(label, value, within=place)
    desk.press(word, within=place.locator("form"))


def test_an_issue_is_resolved_only_with_evidence_and_confirmation(city, sit):
    project = given.signed(city, "用电受阻的项目", on=given.days_ago(60))
    given.followed(city, project)
    given.accepted(city, project, ENERGY, workdays_ago(3))
    member = sit("team1")
    member.open("approvals:panel", project.pk)
    member.follow("Log an issue")
    member.choose("Category", zh("Water, power, gas, roads"))
    member.choose("Responsible department", "市住房和城乡建设局")
    member.fill("What the matter is", "临时用电容量不足")
    member.main.get_by_role("checkbox", name=ENERGY).check()
    member.press("Log")

    expect(member.page.get_by_role("heading", level=1)).to_have_text("临时用电容量不足")
    member.reads(ENERGY)
    issue = Issue.objects.get()
    assert [item.template.name for item in issue.blocks.all()] == [ENERGY]
    step(member, "Take on")
    step(member, "Begin work")
    step(member, "Answer", Answer="供电局答复两周内增容")
    expect(member.page.locator(".page-name")).to_contain_text(zh("Answered"))

    step(member, "Resolve with evidence", **{"What was done": "完成增容"})
    place = member.main.locator("#steps details[open]")
    # The browser itself asks for a confirmation before anything is sent.
    assert place.locator("input:invalid").count() > 0
    member.pick("The enterprise")
    member.fill("Name of who confirms", "李总", within=place)
    step(member, "Resolve with evidence")
    expect(member.main.locator("#steps [role=alert]").first).to_contain_text(
        zh("At least one file that proves it.")
    )
    expect(member.field("What was done", within=place)).to_have_value("完成增容")
    issue.refresh_from_db()
    assert issue.state == IssueState.ANSWERED

    place.locator("input[type=file]").set_input_files([PHOTO])
    step(member, "Resolve with evidence")

    expect(member.page.locator(".page-name")).to_contain_text(str(IssueState.RESOLVED.label))
    member.reads("完成增容", "李总", PHOTO["name"])
    issue.refresh_from_db()
    assert (issue.state, issue.confirmed_by, issue.confirmed_name, issue.resolved_on) == (
        IssueState.RESOLVED,
        ConfirmedBy.ENTERPRISE,
        "李总",
        clock.today(),
    )
    assert list(issue.events.order_by("pk").values_list("target", flat=True)) == [
        IssueState.LOGGED,
        IssueState.ACCEPTED,
        IssueState.HANDLING,
        IssueState.ANSWERED,
        IssueState.RESOLVED,
    ]
    with member.download(member.main.get_by_role("link", name=PHOTO["name"])) as content:
        assert content == PHOTO["buffer"]


# --- The night -------------------------------------------------------------------------------------------


def nights_done(log: Path) -> int:
    return sum("flag_stalls[" in line and "succeeded" in line for line in log.read_text().splitlines())


def wait_for_nights(log: Path, number: int) -> None:
    for _ in range(200):
        if nights_done(log) >= number:
            return
        time.sleep(0.1)
    pytest.fail(f"The worker has not played the night:\n{log.read_text()[-3000:]}")


def told() -> list[tuple[object, ...]]:
    """All that the night writes."""
    flags = StallFlag.objects.order_by("pk").values_list("pk", "code", "item", "first_day", "cleared_on")
    notices = Notification.objects.order_by("pk").values_list("pk", "user", "key")
    return [*flags, *notices]


def test_the_night_flags_what_is_stalled_once_however_often_it_runs(city, sit, worker):
    project = given.signed(city, "停滞的项目", on=given.days_ago(90))
    given.followed(city, project)
    item = given.accepted(city, project, ENERGY, workdays_ago(12))
    before = nights_done(worker)

    flag_stalls.delay()
    wait_for_nights(worker, before + 1)

    once = told()
    assert set(StallFlag.objects.filter(item=item).values_list("code", flat=True)) == {
        StallCode.OVER_PROMISE,
        StallCode.SILENT,
    }
    # Again, twice: in the worker and at the same moment in a second process's place.
    flag_stalls.delay()
    beside = threading.Thread(target=_play_night)
    beside.start()
    wait_for_nights(worker, before + 2)
    beside.join()
    assert told() == once

    lead = sit("steel.lead")
    expect(lead.page.locator(".bell .n")).to_be_visible()
    lead.turn_to("Stalled")
    start = zh_of(
        "%(item)s is %(days)s working day over the promised limit (due on %(day)s).",
        "%(item)s is %(days)s working days over the promised limit (due on %(day)s).",
        4,
        item=ENERGY,
        days=12 - 8,
        day="\n",
    ).partition("\n")[0]
    row = lead.main.get_by_role("row").filter(has_text=start)
    expect(row).to_contain_text("停滞的项目")
    expect(row.locator("td.num")).to_have_text("4 个工作日")
    row.get_by_role("link", name=zh("Say what will be done")).click()
    lead.fill("What will be done", "周五前召开协调会，由覃志强负责")
    lead.press("Write down")
    expect(lead.main.get_by_role("row").filter(has_text=start)).to_contain_text("由覃志强负责")

    lead.open("projects:project", project.pk)
    panel = lead.main.locator("#approvals")
    expect(panel).to_contain_text(start)
    expect(panel).to_contain_text("由覃志强负责")


def _play_night() -> None:
    try:
        flag_stalls()
    finally:
        connection.close()
