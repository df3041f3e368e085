"""What the scripts of the frame add to pages that work without them, on a page made for it."""

import re
import threading
import time

import pytest
from django.http import HttpResponse
from django.shortcuts import render
from django.template import engines
from django.urls import path
from playwright.sync_api import Dialog, expect

from accounts.access import anyone

CHART = {
    "title": "Contracted",
    "unit": "亿元",
    "label": "Month",
    "categories": ["January", "February"],
    "series": [
        {"name": "2025", "values": [14.8, 21.2], "kind": "bar"},
        {"name": "2024", "values": [9, None]},
    ],
}
PAGE = """{% extends "base.html" %}{% load ui static %}
{% block content %}
<form method="post" action="/sheet/save/" data-guard>{% csrf_token %}
  <label for="words">Words</label><textarea id="words" name="words"></textarea>
  <p data-draft hx-post="/sheet/draft/" hx-trigger="draft" hx-include="closest form"></p>
  <button>Save</button>
</form>
<details class="drop"><summary>Open</summary>
  <div class="drop-panel"><input aria-label="Inside"></div></details>
<details class="drop"><summary>Other</summary><div class="drop-panel">…</div></details>
<button type="button" data-dialog="ask">Ask</button>
{% include "parts/_dialog.html" with id="ask" title="Sure?" verb="Yes" action="/sheet/save/" %}
<table class="rows"><tbody><tr><td><a href="/sheet/1/">One</a></td></tr>
<tr><td><a href="/sheet/2/">Two</a></td></tr></tbody></table>
<a href="/sheet/new/" data-key="n">New</a>
<form method="get" action="/sheet/" data-tidy>
  <input name="a" aria-label="A"><input name="b" aria-label="B"><button>Find</button></form>
<div class="door">{% chart "months" chart %}</div>
{% endblock %}
{% block scripts %}<script src="{% static "vendor/echarts.js" %}" defer></script>
<script src="{% static "js/charts.js" %}" defer></script>{% endblock %}
"""
saved: list[str] = []
at_once = threading.Lock()


@anyone
def sheet(request):
    return HttpResponse(engines["django"].from_string(PAGE).render({"chart": CHART}, request))


@anyone
def save(request):
    with at_once:
        saved.append(request.POST.get("words", ""))
    time.sleep(0.5)
    return HttpResponse("saved")


@anyone
def draft(request):
    return HttpResponse(f"kept: {request.POST['words']}")


@anyone
def row(request, name):
    return render(request, "404.html")


urlpatterns = [
    path("sheet/", sheet),
    path("sheet/save/", save),
    path("sheet/draft/", draft),
    path("sheet/<name>/", row),
]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.urls(__name__)]


@pytest.fixture
def opened(live_server, page):
    saved.clear()
    page.goto(f"{live_server.url}/sheet/")
    return page


def test_a_form_pressed_twice_is_sent_once(opened):
    opened.fill("#words", "once")
    opened.evaluate(
        "const button = document.querySelector('[data-guard] button'); button.click(); button.click()"
    )
    opened.get_by_text("saved").wait_for()
    assert saved == ["once"]


def test_leaving_with_unsaved_words_asks_first(opened):
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    opened.on("dialog", stay)
    opened.locator("#words").press_sequentially("half a")
    opened.evaluate("document.querySelector('[data-draft]').remove()")

    opened.get_by_role("link", name="One").click(no_wait_after=True)
    opened.wait_for_timeout(300)

    assert asked == ["beforeunload"]
    assert opened.input_value("#words") == "half a"


def test_a_draft_is_kept_when_the_keys_rest_and_then_leaving_is_free(opened, live_server):
    opened.locator("#words").press_sequentially("half a sentence")
    opened.get_by_text("kept: half a sentence").wait_for()

    opened.get_by_role("link", name="One").click()

    opened.wait_for_url(f"{live_server.url}/sheet/1/")


def test_rows_are_walked_and_opened_by_keys(opened, live_server):
    focused = []
    for key in "jjjk":
        opened.keyboard.press(key)
        focused.append(opened.evaluate("document.activeElement.textContent"))
    opened.keyboard.press("Enter")

    opened.wait_for_url(f"{live_server.url}/sheet/1/")
    assert focused == ["One", "Two", "Two", "One"]


def test_n_leads_to_a_new_one_but_is_a_letter_while_writing(opened, live_server):
    opened.locator("#words").press_sequentially("n")
    assert opened.input_value("#words") == "n"
    opened.fill("#words", "")
    opened.evaluate("document.activeElement.blur(); document.querySelector('[data-guard]').remove()")

    opened.keyboard.press("n")

    opened.wait_for_url(f"{live_server.url}/sheet/new/")


def test_ctrl_enter_saves_the_form(opened):
    opened.fill("#words", "by keys")
    opened.keyboard.press("Control+Enter")
    opened.get_by_text("saved").wait_for()
    assert saved == ["by keys"]


def test_one_drop_is_open_at_a_time_and_escape_gives_the_focus_back(opened):
    opened.get_by_text("Open", exact=True).click()
    expect(opened.get_by_label("Inside")).to_be_focused()

    opened.get_by_text("Other", exact=True).press("Enter")
    expect(opened.locator("details.drop[open] summary")).to_have_text(["Other"])

    opened.keyboard.press("Escape")
    assert opened.locator("details.drop[open]").count() == 0
    assert opened.evaluate("document.activeElement.textContent") == "Other"


def test_a_dialog_opens_and_is_left_without_sending(opened):
    opened.get_by_role("button", name="Ask").click()
    assert opened.get_by_role("dialog", name="Sure?").is_visible()

    opened.locator("#ask [data-close]").click()

    assert opened.get_by_role("dialog").count() == 0
    assert saved == []


def test_what_is_empty_stays_out_of_the_address(opened):
    opened.locator("input[name=b]").fill("x")
    opened.get_by_role("button", name="Find").click()
    opened.wait_for_url(re.compile(r"/sheet/\?b=x$"))


def test_a_chart_is_drawn_and_told_at_a_point_within_the_content_policy(opened):
    canvas = opened.locator("[data-chart] canvas")
    canvas.wait_for()
    box = canvas.bounding_box()

    for share in (0.25, 0.3):  # it is told when the pointer moves on the chart
        canvas.hover(position={"x": box["width"] * share, "y": box["height"] * 0.5})

    opened.locator(".chart-tip").wait_for()
    assert opened.locator(".chart-tip b").text_content() == "January"
    assert "14.8 亿元" in opened.locator(".chart-tip").text_content()
