"""Every number of an indicator on every page leads to its passport, or to the list behind it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any

import pytest
from django.conf import settings
from django.urls import reverse

from briefings import drafting
from briefings.models import Briefing
from core import clock
from tests.briefings import march

pytestmark = pytest.mark.django_db

VOID = {
    "input",
    "br",
    "img",
    "meta",
    "link",
    "hr",
    "source",
    "wbr",
    "path",
    "circle",
    "rect",
    "line",
    "use",
    "polyline",
    "polygon",
}
PAGES = ("today", "briefings:board", "briefings:dashboard", "briefings:indicators", "approvals:figures")
# What stands beside a figure and says nothing by itself: the change against last year.
BESIDE = {"change", "sub", "kpi-side", "note", "spark"}


@dataclass
class Node:
    tag: str
    classes: set[str]
    linked: bool
    beside: bool
    text: str = ""
    leads: bool = False
    has_number: bool = False


class Figures(HTMLParser):
    """The elements that print a figure: the value of a card, a row of a table with numbers. A number of a
    row leads where the row leads: to the passport of its first number, to its project."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[Node] = []
        self.found: list[Node] = []
        self.in_main = False

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        given = dict(attrs)
        self.in_main |= tag == "main"
        if tag in VOID:
            return
        classes = set((given.get("class") or "").split())
        above = self.open[-1] if self.open else None
        linked = bool(tag == "a" and given.get("href")) or bool(above and above.linked)
        node = Node(tag, classes, linked, bool(classes & BESIDE) or bool(above and above.beside))
        if linked:
            for one in self.open:
                one.leads = True
        self.open.append(node)
        if self.in_main and ("kpi-value" in classes or tag == "tr"):
            self.found.append(node)
        if tag == "td" and "num" in classes:
            for one in self.open:
                one.has_number |= one.tag == "tr"

    def handle_endtag(self, tag: str) -> None:
        while self.open and tag not in VOID:
            if self.open.pop().tag == tag:
                break

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1].beside:
            return
        for node in self.open:
            node.text += data


def bare(html: str) -> Iterator[str]:
    """The numbers that lead nowhere."""
    reader = Figures()
    reader.feed(html)
    for node in reader.found:
        text = " ".join(node.text.split())
        prints = "kpi-value" in node.classes or node.has_number
        if prints and re.search(r"[1-9]", text) and not (node.leads or node.linked):
            yield text


@pytest.fixture
def city(steel, auto, liubei, luzhai, clerk):
    """What a briefing tells of, in this month; drafted."""
    found = march.build(steel, auto, liubei, luzhai)
    drafting.draft(march.MARCH, today=march.TODAY, by=clerk)
    return found


def read(client: Any, address: str) -> str:
    page = client.get(address)
    assert page.status_code == 200, address
    return str(page.content.decode())


@pytest.mark.parametrize("route", PAGES)
def test_numbers_of_a_page_lead_to_what_they_count(client, leader, city, monkeypatch, route):
    monkeypatch.setattr(clock, "today", lambda: march.march(31))
    client.force_login(leader)
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    assert list(bare(read(client, reverse(route)))) == []


def test_numbers_of_a_briefing_lead_to_what_they_count(client, leader, city):
    client.force_login(leader)
    assert list(bare(read(client, Briefing.objects.get(scope_key="city").get_absolute_url()))) == []


def test_the_walk_finds_a_bare_number():
    rows = '<tr><td>A</td><td class="num">4</td></tr><tr><td class="num"><a href="/x">5</a></td></tr>'
    html = f'<main><p class="kpi-value">3<small>x</small></p><table>{rows}</table></main>'
    assert list(bare(html)) == ["3x", "A4"]
