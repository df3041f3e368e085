"""At the desk of a service team: items worked through with keys alone, what has changed, a hand-over."""

import pytest
from playwright.sync_api import Locator, expect

from approvals.choices import ItemEventKind, ItemState
from approvals.models import Item, ItemEvent, Service
from tests.journeys import given
from tests.journeys.desk import Desk, zh
from tests.journeys.given import workdays_ago

pytestmark = pytest.mark.browser

FILING, ENERGY = "企业投资项目备案", "节能审查"


def walk_to(desk: Desk, row: Locator) -> None:
    """j, until the row has the focus."""
    for _step in range(40):
        if row.locator("a:focus").count():
            return
        desk.page.keyboard.press("j")
    pytest.fail("The row is not reached with j.")


def test_a_service_member_works_through_the_desk_with_keys_and_hands_a_project_over(city, sit):
    project = given.signed(city, "键盘办理的项目", on=given.days_ago(60))
    given.followed(city, project)
    given.accepted(city, project, ENERGY, workdays_ago(3))
    filing, energy = (Item.objects.get(project=project, template__name=name) for name in (FILING, ENERGY))
    member = sit("team1")
    press, write = member.page.keyboard.press, member.page.keyboard.type
    member.open("approvals:workbench")

    # One key opens the form with the entry chosen, Enter saves.
    row = member.main.locator(f"#item-{filing.pk}")
    walk_to(member, row)
    press("a")
    expect(row.locator("input[value=accepted]")).to_be_focused()
    press("Enter")
    expect(row).to_contain_text(zh("Being handled"))
    expect(row.get_by_role("status")).to_contain_text(zh("Accepted"))
    expect(row.locator("a.name")).to_be_focused()

    # A stop of the clock asks for its reason and length; what was typed stays.
    row = member.main.locator(f"#item-{energy.pk}")
    member.page.evaluate("document.activeElement.blur()")
    walk_to(member, row)
    press("e")
    expect(row.locator("input[name=kind]:focus")).to_have_count(1)
    press("c")
    expect(row.locator("input[name=note]")).to_be_focused()
    write("缺节能承诺书")
    press("Enter")
    expect(row.locator(".wrong")).to_be_visible()
    expect(row.locator("input[name=note]")).to_have_value("缺节能承诺书")
    expect(row.locator("input[name=declared_days]")).to_be_focused()
    write("5")
    press("Enter")
    expect(row).to_contain_text(zh("Papers being corrected"))
    event = ItemEvent.objects.get(item=energy, kind=ItemEventKind.CORRECTION_STARTED)
    assert (event.note, event.declared_days) == ("缺节能承诺书", 5)

    # Escape leaves everything as it is; a wrong entry is struck out where it was made.
    press("m")
    expect(row.locator("form")).to_be_visible()
    press("Escape")
    expect(row.locator("form")).to_have_count(0)
    row = member.main.locator(f"#item-{filing.pk}")
    row.get_by_role("link", name=zh("Undo")).press("Enter")
    expect(row.locator("input[name=note]")).to_be_focused()
    press("Enter")
    expect(row).to_contain_text(zh("Not yet submitted"))
    filing.refresh_from_db()
    assert filing.state == ItemState.WAITING

    member.open("approvals:workbench", query="?tab=changes")
    member.reads("键盘办理的项目", "缺节能承诺书", zh("Entered by mistake"))

    # A team is replaced only with a note.
    member.open("approvals:assign", project.pk)
    member.choose("Service team", "第2服务专班")
    member.fill("Team leader", "梁晓东")
    member.press("Hand over")
    expect(member.main.get_by_role("alert").first).to_contain_text(zh("Hand-over note")[:2])
    expect(member.field("Team leader")).to_have_value("梁晓东")
    member.fill("Hand-over note", "节能审查补正中，材料本周五前补齐")
    member.press("Hand over")
    member.told("%(team)s follows this project.", team="第2服务专班")
    member.open("approvals:workbench", query="?tab=projects")
    expect(member.main).not_to_contain_text("键盘办理的项目")
    assert Service.objects.get(project=project, until__isnull=False).note.startswith("节能审查补正中")

    other = sit("team2")
    other.open("approvals:assign", project.pk)
    other.reads("节能审查补正中，材料本周五前补齐", "第1服务专班")
