"""Step 2 of the path: a clerk enters a signed project, with everything that can go wrong on the way."""

import re
from decimal import Decimal

import pytest
from playwright.sync_api import expect

from core import clock
from core.text import NAME_LENGTH
from projects.choices import EventKind, Stage
from projects.models import ContractEvent, Enterprise, Project, SigningDraft
from tests import factories
from tests.journeys import given
from tests.journeys.desk import Desk, zh

pytestmark = pytest.mark.browser

NEW = "柳钢高强汽车板生产线项目"


def fill_in(desk: Desk, **other: str) -> dict[str, str]:
    """The whole form, rightly; `other` says what is typed otherwise."""
    typed = {
        "Enterprise name": "广西华驰特钢有限公司",
        "Credit code": factories.credit_code(),
        "Comes from": "上海市",
        "Project name": NEW,
        "What is built": "年产 30 万吨高强汽车板",
        "Signed on": clock.today().isoformat(),
        "Contracted investment": "212000",
        "Officer in charge": "覃志强",
        **other,
    }
    for label, value in typed.items():
        desk.fill(label, value)
    desk.choose("Task force", "钢铁（有色金属）")
    desk.choose("Reporting unit", "柳东新区")
    desk.choose("Location", "鹿寨县")
    return typed


def test_look_alikes_show_while_one_types_and_one_press_takes_the_known_enterprise(city, sit):
    known = given.signed(city, "宏远机械一期项目", enterprise="柳州宏远机械有限公司").enterprise
    desk = sit("clerk")
    desk.open("projects:new")

    desk.fill("Project name", "宏远机械一期项目")
    desk.type("Enterprise name", "柳州市宏远机械公司")

    likes = desk.main.locator("#like-enterprises")
    expect(likes).to_contain_text("柳州宏远机械有限公司")
    expect(desk.main.locator("#like-projects")).to_contain_text("宏远机械一期项目")
    desk.press("It is this one", within=likes)
    expect(desk.field("Enterprise name")).to_have_value("柳州宏远机械有限公司")
    expect(desk.field("Credit code")).to_have_value(known.uscc or "")
    expect(desk.field("Comes from")).to_have_value("上海")
    expect(desk.field("Project name")).to_have_value("宏远机械一期项目")


def test_bad_input_gets_a_sentence_at_its_field_and_nothing_typed_is_lost(city, sit):
    desk = sit("clerk")
    desk.open("projects:new")
    code = factories.credit_code()
    wrong_end = "0" if code[-1] != "0" else "1"
    too_long = "很长的名称" * 41
    tomorrow = given.days_ago(-1).isoformat()
    typed = fill_in(
        desk,
        **{
            "Credit code": code[:-1] + wrong_end,
            "Project name": too_long,
            "Contracted investment": "-5000",
            "Signed on": tomorrow,
        },
    )
    desk.main.get_by_text(zh("Several units brought it in: enter their shares")).click()
    for row, (unit, percent) in enumerate([("柳东新区", "60"), ("鹿寨县", "30")], start=1):
        desk.page.locator(f"[name=share_unit_{row}]").select_option(label=unit)
        desk.page.locator(f"[name=share_percent_{row}]").fill(percent)

    desk.press("Save the signing")

    expect(desk.main.get_by_role("alert")).to_contain_text(
        zh("The amount must not be negative. A reduction is entered as an event of its own.")
    )
    assert code[-1] in desk.wrong_at("Credit code")
    assert desk.wrong_at("Project name") == zh(
        "The text has %(count)d characters; at most %(limit)d fit here.",
        count=len(too_long),
        limit=NAME_LENGTH,
    )
    assert desk.wrong_at("Signed on") == zh("This day lies in the future.")
    share = desk.page.locator("[name=share_percent_2]")
    expect(desk.main.locator(f"#{share.get_attribute('id')}_error")).to_have_text(
        zh("The shares add up to %(sum)s %%; they must be 100 %%.", sum=90)
    )
    for label, value in typed.items():
        expect(desk.field(label)).to_have_value(value)
    expect(share).to_have_value("30")

    desk.fill("Contracted investment", "2120000000")
    desk.press("Save the signing")

    assert "10,000,000 万元" in desk.wrong_at("Contracted investment")
    assert Project.objects.count() == 0

    desk.fill("Credit code", code)
    desk.fill("Project name", NEW)
    desk.fill("Contracted investment", "212,000")
    desk.fill("Signed on", clock.today().isoformat())
    share.fill("40")
    desk.press("Save the signing")

    expect(desk.page.get_by_role("heading", level=1)).to_have_text(NEW)
    project = Project.objects.get()
    assert {str(one.unit): one.percent for one in project.shares.all()} == {
        "柳东新区": Decimal(60),
        "鹿寨县": Decimal(40),
    }
    assert (project.enterprise.uscc, project.stage) == (code, Stage.NEGOTIATION)
    assert str(project.reporting_unit) == "柳东新区"
    assert str(project.location) == "鹿寨县"


def test_a_foreign_amount_is_shown_in_wan_yuan_and_keeps_rate_and_ceremony(city, sit):
    desk = sit("clerk")
    desk.open("projects:new")
    fill_in(desk, **{"Contracted investment": "1000"})
    desk.choose("Currency", zh("US dollar"))
    desk.type("Rate (yuan for one unit of the currency)", "7.1234")
    expect(desk.main.locator("#in-wan")).to_have_text(
        zh("= %(wan)s 万元 (%(yi)s 亿元)", wan="7,123.40", yi="0.71")
    )
    desk.fill("Another ceremony", "上海招商推介会")

    desk.press("Save the signing")

    expect(desk.page.get_by_role("heading", level=1)).to_have_text(NEW)
    event = ContractEvent.objects.select_related("ceremony").get()
    assert (event.kind, event.amount, event.currency, event.original_amount, event.rate, event.rate_on) == (
        EventKind.SIGNED,
        Decimal("7123.40"),
        "USD",
        Decimal(1000),
        Decimal("7.1234"),
        clock.today(),
    )
    assert (event.ceremony.name, event.ceremony.held_on) == ("上海招商推介会", clock.today())


def test_a_draft_is_left_and_found_again(city, sit):
    desk = sit("clerk")
    desk.open("projects:new")
    desk.choose("Task force", "汽车")
    desk.type("Project name", "一半的项目")
    kept_at = re.compile(zh("Draft kept at %(at)s", at=r"\d\d:\d\d"))
    expect(desk.main.locator("[data-draft]")).to_contain_text(kept_at)

    desk.turn_to("Today")  # without a question: what was typed is safe
    desk.main.get_by_role("link", name="一半的项目").click()

    expect(desk.field("Project name")).to_have_value("一半的项目")
    expect(desk.field("Task force").locator("option:checked")).to_have_text("汽车")
    desk.fill("Enterprise name", "广西华驰特钢有限公司")
    desk.press("Keep as draft")
    desk.told("The draft is kept. You find it here again, and under Today.")
    assert SigningDraft.objects.get().data["enterprise_name"] == "广西华驰特钢有限公司"

    desk.main.get_by_role("link", name="一半的项目").click()
    fill_in(desk)
    desk.press("Save the signing")
    expect(desk.page.get_by_role("heading", level=1)).to_have_text(NEW)
    assert (Project.objects.count(), SigningDraft.objects.count()) == (1, 0)


def test_what_is_odd_is_asked_and_saved_when_confirmed(city, sit):
    given.signed(city, "宏远机械一期项目", enterprise="柳州宏远机械有限公司")
    desk = sit("clerk")
    desk.open("projects:new")
    fill_in(desk, **{"Enterprise name": "广西宏远机械有限公司", "Contracted investment": "600000"})

    desk.press("Save the signing")

    desk.told("Please look once more, then save again:")
    desk.reads(
        zh("“%(name)s” stands in the books already. Is it the same enterprise?", name="柳州宏远机械有限公司"),
        zh("%(wan)s 万元 is %(yi)s 亿元. Is that the amount in the contract?", wan="600,000", yi="60.00"),
    )
    assert Project.objects.count() == 1
    for box in desk.main.locator("[name=confirmed]").all():
        box.check()
    desk.press("Save the signing")

    expect(desk.page.get_by_role("heading", level=1)).to_have_text(NEW)
    assert Enterprise.objects.filter(name__contains="宏远机械").count() == 2


@pytest.mark.parametrize("scripts", [True, False])
def test_pressed_twice_one_project_is_entered(city, sit, scripts):
    desk = sit("clerk", java_script_enabled=scripts)
    desk.open("projects:new")
    fill_in(desk)

    desk.main.get_by_role("button", name=zh("Save the signing"), exact=True).dblclick()

    expect(desk.page.get_by_role("heading", level=1)).to_have_text(NEW)
    assert (Project.objects.count(), ContractEvent.objects.count(), Enterprise.objects.count()) == (1, 1, 1)


def test_the_form_is_filled_in_without_a_mouse(city, sit):
    desk = sit("clerk")
    keys = desk.page.keyboard
    desk.open("projects:list")
    keys.press("n")
    expect(desk.field("Enterprise name")).to_be_focused()

    def tab_to(name: str) -> None:
        for _press in range(60):
            if desk.page.evaluate("document.activeElement.name || ''") == name:
                return
            keys.press("Tab")
        pytest.fail(f"Tab does not lead to {name}")

    for name, typed in [
        ("enterprise_name", "广西华驰特钢有限公司"),
        ("uscc", factories.credit_code()),
        ("name", NEW),
        ("task_force", ["ArrowDown"]),
        # An empty day: each of its three parts goes up to its first value.
        ("signed_on", ["ArrowUp", "ArrowRight"] * 3),
        ("amount", "600000"),
        ("reporting_unit", ["ArrowDown"] * 7),
        ("location", ["ArrowDown"] * 7),
    ]:
        tab_to(name)
        if isinstance(typed, str):
            keys.insert_text(typed)
        else:
            for key in typed:
                keys.press(key)
    keys.press("Control+Enter")
    desk.told("Please look once more, then save again:")
    doubts = desk.main.locator("[name=confirmed]")
    for n in range(doubts.count()):
        while not doubts.nth(n).evaluate("box => box === document.activeElement"):
            keys.press("Tab")
        keys.press("Space")
    keys.press("Control+Enter")

    expect(desk.page.get_by_role("heading", level=1)).to_have_text(NEW)
    event = ContractEvent.objects.select_related("project__reporting_unit").get()
    assert (event.amount, str(event.project.reporting_unit)) == (Decimal(600_000), "鹿寨县")
    assert re.fullmatch(r"LZ-\d{4}-0001", event.project.code)
