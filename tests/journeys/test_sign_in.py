"""The door: signing in in Chinese, wrong passwords, one's own menu, out again."""

import pytest
from playwright.sync_api import expect

from liuzhou_invest.demo.people import DEMO_PASSWORD
from tests.journeys.desk import zh

pytestmark = pytest.mark.browser


def test_a_clerk_signs_in_reads_what_waits_and_signs_out(sit):
    desk = sit()
    desk.open("projects:new")
    desk.reads(zh("Please sign in to go on. You will come back to the page you wanted."))
    desk.fill("User name", "clerk")
    desk.fill("Password", "wrong")
    desk.press("Sign in")
    expect(desk.main.get_by_role("alert")).to_be_visible()
    assert desk.field("User name").input_value() == "clerk"

    desk.fill("Password", DEMO_PASSWORD)
    desk.press("Sign in")
    expect(desk.page.get_by_role("heading", level=1)).to_have_text(zh("Enter a signing"))

    desk.page.goto(desk.address)
    expect(desk.page.get_by_role("heading", level=1)).to_contain_text("韦雪梅")
    desk.page.locator(".user-drop summary").click()
    desk.press("Sign out", within=desk.page.locator(".user-drop"))
    desk.told("You have signed out.")
