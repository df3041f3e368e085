"""Steps 3 and 4 of the path: the bureau's leader verifies, a member of the task force moves on."""

import re
from decimal import Decimal

import pytest
from django.utils import translation
from playwright.sync_api import FilePayload, Locator, expect

from briefings import board
from core import clock
from projects.choices import EvidenceKind, Stage, Verdict
from projects.models import ContractVerdict, Project, StageChange
from tests.journeys import given
from tests.journeys.desk import Desk, number, zh
from tests.journeys.test_signing import fill_in as fill_in_signing

pytestmark = [pytest.mark.browser, pytest.mark.engine]

PDF: FilePayload = {
    "name": "施工许可证.pdf",
    "mimeType": "application/pdf",
    "buffer": b"%PDF-1.4 of an empty page",
}


def contracted_on_board(desk: Desk, force: str, stage: Stage) -> tuple[int, Decimal]:
    """Count and 亿元 of one cell, read off the board."""
    desk.open("briefings:board")
    row = desk.main.locator("table.board tbody tr").filter(has=desk.page.get_by_role("rowheader", name=force))
    cell = row.locator("td").nth(stage.rank - 1).locator(".cell")
    count, _dot, amount = cell.inner_text().partition("\n")
    return int(number(count)), number(amount)


def test_a_verified_signing_raises_the_board_by_exactly_its_amount(city, sit):
    given.signed(city, "先前的项目", amount=50_000)
    project = given.entered(city, "新签的项目", amount=212_000)
    clerk, leader = sit("clerk"), sit("leader")
    assert contracted_on_board(leader, "钢铁（有色金属）", Stage.SIGNING) == (1, Decimal("5.0"))

    clerk.open("projects:verify")
    clerk.reads(zh("Entered by you"))
    clerk.main.get_by_role("link", name="新签的项目").click()
    clerk.reads(zh("You entered this yourself. Ask a colleague of the bureau to verify it."))
    expect(clerk.main.get_by_role("button", name=zh("Verify: it counts"))).to_have_count(0)

    leader.page.goto(leader.address)
    leader.main.get_by_role("link", name="新签的项目").click()
    leader.reads("21.20", zh("Newly signed"))
    leader.press("Verify: it counts")
    leader.told("Verified: “%(name)s” counts.", name="新签的项目")

    verdict = ContractVerdict.objects.get(event__project=project)
    assert (verdict.verdict, verdict.by, verdict.on) == (Verdict.VERIFIED, city["leader"], clock.today())
    project.refresh_from_db()
    assert [project.stage, project.contracted] == [Stage.SIGNING, Decimal(212_000)]
    assert contracted_on_board(leader, "钢铁（有色金属）", Stage.SIGNING) == (2, Decimal("26.2"))
    assert sum(cell.amount for cell in board.standing().values()) == Decimal(262_000)


def test_what_is_returned_comes_back_to_the_clerk_with_the_reason(city, sit):
    project = given.entered(city, "金额有误的项目")
    leader = sit("leader")
    leader.open("projects:verdict", project.contract_events.get().pk)
    leader.fill("Or return it, because", "合同写的是 2.12 亿元")
    leader.press("Return", within=leader.main.locator(".return-form"))

    clerk = sit("clerk")
    clerk.main.get_by_role("link", name="金额有误的项目").first.click()
    clerk.reads("合同写的是 2.12 亿元")
    project.refresh_from_db()
    assert [project.stage, project.contracted] == [Stage.NEGOTIATION, 0]


# --- The seven batches ---------------------------------------------------------------------------


def word(stage: Stage) -> str:
    with translation.override("zh-hans"):
        return str(stage.label)


def chip(desk: Desk, label: str) -> Locator:
    """What the next batch still needs, as a link to where it is filled in."""
    return desk.main.locator("section:has(.track)").get_by_role("link", name=zh(label), exact=True)


def hand_in(desk: Desk, label: str) -> None:
    """Follow the chip of what is missing to the page that takes the file."""
    chip(desk, label).click()
    desk.field("File").set_input_files([PDF])
    desk.press("Hand in")
    desk.told("“%(name)s” is handed in.", name=PDF["name"])


def lacks(desk: Desk, stage: Stage, *labels: str) -> None:
    """The step to a batch is refused with the list of what is missing, word by word."""
    desk.follow("Move on to “%(stage)s”…", stage=word(stage))
    desk.told("Before “%(there)s”, fill in what is still missing:", there=word(stage))
    missing = [zh(label) for label in labels]
    expect(desk.main.get_by_role("alert").locator("li")).to_have_text(missing)
    expect(desk.main.get_by_role("button", name=zh("Move on"), exact=True)).to_be_disabled()
    desk.follow("Back to the project")


def fill_in(desk: Desk, first: str, **facts: str) -> None:
    """From the chip of what is missing straight to its field in the form of facts."""
    chip(desk, first).click()
    for label, value in facts.items():
        desk.fill(label, value)
    desk.press("Save")
    desk.told("Saved.")


def move_on(desk: Desk, stage: Stage) -> None:
    desk.follow("Move on to “%(stage)s”…", stage=word(stage))
    desk.press("Move on")
    desk.told("Moved on to “%(stage)s”.", stage=word(stage))
    expect(desk.main.locator(".track [aria-current=step]")).to_contain_text(word(stage))


def test_a_project_goes_through_all_seven_batches(city, sit):
    project = given.prepared(city, "从谋划到达产的项目")
    member = sit("steel.member")
    member.open("projects:project", project.pk)

    lacks(member, Stage.NEGOTIATION, "officer in charge", "what is built")
    fill_in(member, "officer in charge", **{"Officer in charge": "覃志强", "What is built": "年产十万吨"})
    move_on(member, Stage.NEGOTIATION)

    clerk = sit("clerk")
    clerk.open("projects:project", project.pk)
    clerk.follow("Enter the signing…")
    clerk.fill("Day of the agreement", clock.today().isoformat())
    clerk.fill("Amount", "36000")
    clerk.press("Go on: see what it does")
    clerk.reads("36,000")
    clerk.press("Yes, enter it")
    leader = sit("leader")
    leader.open("projects:project", project.pk)
    leader.follow("Verify “%(what)s”…", what=zh("Contract signed"))
    leader.press("Verify: it counts")

    member.page.reload()
    expect(member.main.locator(".track [aria-current=step]")).to_contain_text(word(Stage.SIGNING))
    lacks(
        member,
        Stage.COMMENCEMENT,
        "national project code",
        "construction permit",
        "photo or permit of the start of works",
    )
    fill_in(
        member,
        "construction permit",
        **{"National project code": "2611-450200-04-01-123456", "Construction permit": "450205202611010101"},
    )
    hand_in(member, "photo or permit of the start of works")
    member.open("projects:project", project.pk)
    move_on(member, Stage.COMMENCEMENT)

    lacks(member, Stage.CONSTRUCTION, "fixed-asset part", "a progress report with investment done")
    fill_in(member, "fixed-asset part", **{"Fixed-asset part": "30000"})
    chip(member, "a progress report with investment done").click()
    member.fill("Fixed-asset investment done", "1200")
    member.fill("Funds in place", "3000")
    member.fill("Physical progress", "桩基完成")
    member.press("Save the report")
    member.told("The progress is reported.")
    move_on(member, Stage.CONSTRUCTION)

    fill_in(
        member,
        "day on which the works were accepted",
        **{"Works accepted on": clock.today().isoformat()},
    )
    hand_in(member, "acceptance of completion or first invoice")
    member.open("projects:project", project.pk)
    move_on(member, Stage.PRODUCTION)

    fill_in(member, "expected annual output", **{"Expected annual output": "88000"})
    hand_in(member, "proof of output at design capacity")
    member.open("projects:project", project.pk)
    move_on(member, Stage.FULL_CAPACITY)

    moves = (
        StageChange.objects.filter(project=project)
        .order_by("pk")
        .values_list("source", "target", "by__username")
    )
    assert list(moves) == [
        ("", Stage.PREPARATION, "clerk"),
        (Stage.PREPARATION, Stage.NEGOTIATION, "steel.member"),
        (Stage.NEGOTIATION, Stage.SIGNING, "leader"),
        (Stage.SIGNING, Stage.COMMENCEMENT, "steel.member"),
        (Stage.COMMENCEMENT, Stage.CONSTRUCTION, "steel.member"),
        (Stage.CONSTRUCTION, Stage.PRODUCTION, "steel.member"),
        (Stage.PRODUCTION, Stage.FULL_CAPACITY, "steel.member"),
    ]
    story = member.main.locator(".story").first
    for source, target in zip(Stage, list(Stage)[1:], strict=False):
        expect(story).to_contain_text(f"{word(source)} → {word(target)}")
    expect(member.main.get_by_role("link", name=re.compile(zh("Move on")))).to_have_count(0)


# --- Two at once ------------------------------------------------------------------------------------


def test_of_two_who_move_a_project_at_once_one_wins_and_the_other_is_told(city, sit):
    project = given.ready_for_works(city, "两人同时推进的项目")
    member, lead = sit("steel.member"), sit("steel.lead")
    for desk in (member, lead):
        desk.open("projects:advance", project.pk)

    member.press("Move on")
    member.told("Moved on to “%(stage)s”.", stage=word(Stage.COMMENCEMENT))
    lead.fill("Note", "我也推进")
    lead.press("Move on")

    expect(lead.main.get_by_role("alert").first).to_contain_text(city["steel.member"].name)
    expect(lead.main.get_by_role("heading", level=2).first).to_have_text(
        zh("Move on to “%(stage)s”", stage=word(Stage.CONSTRUCTION))
    )
    expect(lead.field("Note")).to_have_value("我也推进")
    moves = StageChange.objects.filter(project=project, target=Stage.COMMENCEMENT)
    assert [move.by.username for move in moves] == ["steel.member"]
    project.refresh_from_db()
    assert project.stage == Stage.COMMENCEMENT


def test_of_two_who_change_the_facts_the_second_sees_the_difference_and_keeps_what_was_typed(city, sit):
    project = given.signed(city, "两人同时修改的项目", content="旧的建设内容")
    first, second = sit("steel.member"), sit("clerk")
    for desk in (first, second):
        desk.open("projects:edit", project.pk)
    first.fill("What is built", "第一个人的建设内容")
    first.fill("Jobs", "120")
    first.press("Save")
    first.told("Saved.")

    second.fill("What is built", "第二个人的建设内容")
    second.fill("Officer in charge", "韦雪梅")
    second.press("Save")

    second.told("Somebody else has saved this project while you were typing. Nothing of yours is lost.")
    table = second.main.locator(".differences")
    expect(table).to_contain_text("第一个人的建设内容")
    expect(second.field("What is built")).to_have_value("第二个人的建设内容")
    expect(second.field("Officer in charge")).to_have_value("韦雪梅")
    expect(second.field("Jobs")).to_have_value("120")
    second.press("Save")
    second.told("Saved.")
    project.refresh_from_db()
    assert (project.content, project.officer, project.jobs) == ("第二个人的建设内容", "韦雪梅", 120)


# --- Without scripts -----------------------------------------------------------------------------------


def test_entering_verifying_and_moving_work_without_scripts(city, sit):
    clerk = sit("clerk", java_script_enabled=False)
    clerk.turn_to("Enter a signing")
    fill_in_signing(clerk, **{"National project code": "2611-450200-04-01-654321"})
    clerk.press("Save the signing")
    project = Project.objects.get()
    expect(clerk.page.get_by_role("heading", level=1)).to_have_text(project.name)

    leader = sit("leader", java_script_enabled=False)
    leader.main.get_by_role("link", name=project.name).first.click()
    leader.press("Verify: it counts")
    leader.told("Verified: “%(name)s” counts.", name=project.name)

    member = sit("steel.member", java_script_enabled=False)
    member.open("projects:project", project.pk)
    fill_in(member, "construction permit", **{"Construction permit": "450205202611010101"})
    hand_in(member, "photo or permit of the start of works")
    member.open("projects:project", project.pk)
    move_on(member, Stage.COMMENCEMENT)

    project.refresh_from_db()
    assert [project.stage, project.contracted] == [Stage.COMMENCEMENT, Decimal(212_000)]
    assert [one.kind for one in project.evidence.all()] == [EvidenceKind.START]
    member.follow("Open the list")
    assert project.items.count() == member.main.locator(".gantt-row").count() > 0
