"""Step 8 of the path: every number opens the list of what it counts, and the list comes to the number."""

from dataclasses import dataclass
from decimal import Decimal

import pytest
from playwright.sync_api import Locator

from briefings import drafting
from briefings.models import Briefing
from core import clock
from tests.journeys.desk import Desk, number

pytestmark = pytest.mark.browser


@dataclass(frozen=True)
class Printed:
    """A number as a page prints it, and where it leads."""

    words: str
    url: str

    @property
    def value(self) -> Decimal:
        return number(self.words)


def linked(desk: Desk, numbers: Locator) -> list[Printed]:
    """The numbers among these that open, with whole addresses."""
    where = "links => links.map(link => [link.innerText, link.href])"
    return [Printed(words, url) for words, url in numbers.evaluate_all(where)]


def rows_told(desk: Desk) -> int:
    """What the heading above a list says of its length; an empty list stands without one."""
    headings = desk.main.locator(".card:has(table.rows) .head h2").all_inner_texts()
    return int(number(headings[-1])) if headings else 0


def rows(desk: Desk) -> Locator:
    """The rows of the list; a chart above it has its numbers as a table too."""
    return desk.main.locator(".scroll > table.rows").last.locator("tbody tr")


def rows_shown(desk: Desk) -> int:
    return rows(desk).count()


def sum_told(desk: Desk) -> Decimal:
    """The 亿元 above the project list."""
    return number(desk.main.locator(".card .head .note a").first.inner_text())


@pytest.mark.parametrize("who", ["leader", "steel.lead", "statistics"])
def test_every_cell_of_the_board_opens_its_projects(small_city, sit, who):
    desk = sit(who)
    desk.open("briefings:board")
    cells = linked(desk, desk.main.locator("table.board a.cell"))
    assert len(cells) == {"leader": 14, "steel.lead": 5, "statistics": 6}[who]

    for cell in cells:
        desk.page.goto(cell.url)
        count, _break, amount = cell.words.partition("\n")
        assert rows_told(desk) == rows_shown(desk) == int(number(count)), cell
        assert abs(sum_told(desk) - number(amount)) <= Decimal("0.05"), cell


def figure_told(desk: Desk) -> Decimal:
    """The number in large on the page of a figure."""
    return number(desk.main.locator(".kpi-value").first.inner_text())


def test_the_headline_figures_open_the_rows_that_add_up_to_them(small_city, sit):
    desk = sit("leader")
    for route in ("today", "briefings:board"):
        desk.open(route)
        cards = linked(desk, desk.main.locator(".kpi-value a"))
        assert len(cards) == 4
        for card in cards:
            desk.page.goto(card.url)
            assert abs(figure_told(desk) - card.value) <= Decimal("0.05"), card
            _adds_up(desk, card)


def _adds_up(desk: Desk, printed: Printed) -> None:
    """The heading counts the rows; where the figure is an amount, it is the sum of theirs."""
    assert rows_told(desk) == rows_shown(desk), printed
    total = desk.main.locator("#rows tfoot td.num")
    if "亿元" in desk.main.locator(".kpi-value").first.inner_text():
        parts = map(number, rows(desk).locator("td.num").all_inner_texts())
        assert sum(parts, Decimal(0)) == number(total.inner_text()), printed


def test_every_number_of_a_briefing_opens_what_was_counted_then(small_city, sit):
    month = clock.previous_month(clock.today())
    drafting.draft(month, today=clock.today(), by=small_city["clerk"], only=["city"])
    desk = sit("leader")
    desk.page.goto(desk.address + Briefing.objects.get().get_absolute_url())
    numbers = {one.url: one for one in linked(desk, desk.main.locator("td.num a"))}
    assert len(numbers) > 30
    for one in numbers.values():
        desk.page.goto(one.url)
        assert figure_told(desk) == one.value, one
        assert rows_told(desk) == rows_shown(desk), one


def test_the_sums_above_the_project_list_open_what_they_add_up(small_city, sit):
    desk = sit("leader")
    desk.open("projects:list", query="?task_force=steel")
    assert rows_told(desk) == rows_shown(desk) == 4
    for one in linked(desk, desk.main.locator(".card .head .note a")):
        desk.page.goto(one.url)
        amounts = desk.main.locator("table.rows tbody td.num").all_inner_texts()
        assert sum(map(number, amounts), Decimal(0)) == one.value == sum_told(desk), one


@pytest.mark.parametrize(
    ("who", "route"),
    [
        ("leader", "approvals:board"),
        ("leader", "approvals:stalled"),
        ("team1", "today"),
        ("zrzy", "today"),
    ],
)
def test_the_numbers_of_approvals_open_as_many_rows(small_city, sit, who, route):
    desk = sit(who)
    desk.open(route)
    cards = linked(desk, desk.main.locator(".kpi-value a"))
    assert len(cards) >= 3
    assert any(card.value for card in cards)
    for card in cards:
        desk.page.goto(card.url)
        if "stalled" in card.url:  # an item may be flagged for several reasons
            items = desk.main.locator("table.rows a.sub-link").evaluate_all("links => links.map(l => l.href)")
            counted = len(items) if route == "approvals:stalled" else len(set(items))
            assert counted == card.value, card
        else:
            assert rows_shown(desk) == card.value, card


def test_the_menu_counts_what_its_pages_list(small_city, sit):
    desk = sit("team1")
    desk.open("approvals:issues")
    assert number(desk.page.locator("nav.side a[href='/approvals/issues/'] .n").inner_text()) == rows_shown(
        desk
    )
