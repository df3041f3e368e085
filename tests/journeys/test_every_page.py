"""Each kind of user opens each page: wide and narrow, in Chinese and in English, without a flaw."""

import datetime
import re
from collections.abc import Collection, Iterable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.apps import apps
from django.conf import settings
from django.db import models
from django.urls import reverse
from playwright.sync_api import Page, ViewportSize, expect

from accounts.models import User
from approvals.choices import AssistanceMode
from approvals.models import Issue, Item, StallFlag
from briefings import drafting, meetings
from briefings.models import Briefing, MeetingState, OnSiteMeeting
from core import clock
from ledgers.choices import LedgerState, QuestionKind
from ledgers.models import Answer, Ledger
from liuzhou_invest.demo import people
from projects.models import ContractEvent, Project, Suspicion
from taskforces.models import ReportingUnit
from tests import factories
from tests.journeys.desk import HAN, Desk
from tests.ledgers import handed_in

pytestmark = pytest.mark.browser

WIDE: ViewportSize = {"width": 1440, "height": 900}
NARROW: ViewportSize = {"width": 390, "height": 844}


@pytest.fixture
def busy_city(small_city):
    """The small city with last month's briefings, and a project with lines on all of its three lists."""
    halted = Project.objects.get(name="停滞的项目")
    factories.support_need(halted)
    factories.agency_task(halted, mode=AssistanceMode.ACT, officer=small_city["team1"])
    month = clock.previous_month(clock.today())
    drafting.draft(month, today=clock.today(), by=small_city["clerk"], only=["city", "force:steel"])
    factories.suspicion(halted)
    _hold_a_meeting(clock.today())
    _hand_in_ledgers(small_city["clerk"])
    return small_city


def _hand_in_ledgers(by: User) -> None:
    """One that asks, one that has been answered, and one that is none."""
    unit = ReportingUnit.objects.get(code="450205")
    ledger = handed_in.read(handed_in.workbook(handed_in.STEEL, handed_in.TUBE, total=1), by)
    Answer.objects.create(
        kind=ledger.kind,
        sender=unit.name,
        asked=QuestionKind.VALUE,
        field="unit",
        raw="高新区",
        meaning=unit.code,
        given_by=by,
    )
    handed_in.read("姓名,电话\n甲,1\n".encode(), by)


def _hold_a_meeting(on: datetime.date) -> None:
    host = ReportingUnit.objects.order_by("order")[0]
    half = 1 if on.month <= 6 else 2
    meeting = OnSiteMeeting.objects.create(
        year=on.year, half=half, planned_on=on, held_on=on, state=MeetingState.HELD, host=host
    )
    meetings.decide(meeting, text="报送开工计划", owner=host, due_on=on + datetime.timedelta(days=9))


def addresses(page: Page) -> list[str]:
    """What the menu and the header offer this person, and one page of each kind behind them."""
    offered = page.locator("nav.side a, .bell, .user-drop a").evaluate_all(
        "links => links.map(link => link.getAttribute('href'))"
    )
    halted = Project.objects.get(name="停滞的项目")
    works = Project.objects.get(name="高强汽车板项目")
    waiting = ContractEvent.objects.waiting().get()
    behind = [
        halted.get_absolute_url(),
        works.get_absolute_url(),
        reverse("projects:edit", args=[works.pk]),
        reverse("projects:advance", args=[works.pk]),
        reverse("projects:contract", args=[works.pk]),
        reverse("projects:progress", args=[works.pk]),
        reverse("projects:hand_in", args=[works.pk]),
        reverse("projects:share_out", args=[works.pk]),
        reverse("projects:verify"),
        reverse("projects:verdict", args=[waiting.pk]),
        reverse("projects:drafts"),
        reverse("approvals:panel", args=[halted.pk]),
        reverse("approvals:plan", args=[halted.pk]),
        reverse("approvals:assign", args=[halted.pk]),
        f"{reverse('approvals:three_lists', args=[halted.pk])}?show=all",
        reverse("approvals:need_new", args=[halted.pk]),
        reverse("approvals:need", args=[halted.support_needs.get().pk]),
        reverse("approvals:tasks"),
        reverse("approvals:task_new", args=[halted.pk]),
        reverse("approvals:task", args=[halted.agency_tasks.get().pk]),
        reverse("approvals:item", args=[Item.objects.get(project=halted, template__code="energy").pk]),
        reverse("approvals:issue", args=[Issue.objects.get().pk]),
        reverse("approvals:issue_new"),
        f"{reverse('approvals:issue_new')}?project={halted.pk}",
        reverse("approvals:acknowledge", args=[StallFlag.objects.order_by("pk")[0].pk]),
        f"{reverse('briefings:board')}?view=arrivals",
        f"{reverse('briefings:board')}?as_known_on={clock.today() - datetime.timedelta(days=30)}",
        f"{reverse('briefings:dashboard')}?wall=1",
        reverse("briefings:cohort_projects"),
        reverse("briefings:what_if"),
        reverse("briefings:rules"),
        reverse("briefings:revise_targets", args=[clock.today().year]),
        reverse("briefings:month", args=[f"{clock.previous_month(clock.today()):%Y-%m}"]),
        reverse("projects:project_plan", args=[works.pk]),
        reverse("projects:new_year", args=[clock.today().year + 1]),
        reverse("projects:suspicion", args=[Suspicion.objects.get().pk]),
        *of_ledger(),
        *of_meeting(),
        reverse("briefings:counted", args=["contracted"]),
        *(one.get_absolute_url() for one in Briefing.objects.order_by("pk")),
    ]
    return list(dict.fromkeys([*offered, *behind]))


def of_ledger() -> list[str]:
    ledger = Ledger.objects.get(state=LedgerState.REHEARSED)
    unreadable = Ledger.objects.get(state=LedgerState.UNREADABLE)
    return [
        reverse("ledgers:ledger", args=[ledger.pk]),
        reverse("ledgers:row", args=[ledger.pk, ledger.rows.order_by("pk")[0].pk]),
        reverse("ledgers:ledger", args=[unreadable.pk]),
        reverse("projects:verify_ledger", args=[ledger.pk]),
        reverse("ledgers:answers"),
    ]


def of_meeting() -> list[str]:
    meeting = OnSiteMeeting.objects.get()
    pages = ("meeting", "ranking", "meeting_projects", "attendees", "scores", "minutes", "agenda", "decide")
    return [
        *(reverse(f"briefings:{page}", args=[meeting.pk]) for page in pages),
        reverse("briefings:standing", args=[meeting.pk, str(meeting.host.code)]),
        reverse("briefings:decision", args=[meeting.decisions.get().pk]),
        reverse("briefings:ranking_rules"),
        reverse("briefings:vetoes"),
        reverse("briefings:decisions"),
    ]


# --- What is looked for ------------------------------------------------------------------------------


# Scripts hear of a new size at the next frame, and what they do about it is drawn in the one after.
NEXT_FRAME = "() => new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn)))"


def overflow(page: Page, size: ViewportSize) -> list[str]:
    """A page that stays wider than the screen; a chart may take a moment to follow it."""
    page.set_viewport_size(size)
    page.evaluate(NEXT_FRAME)
    for _attempt in range(10):
        root = "document.documentElement"
        beyond = page.evaluate(f"{root}.scrollWidth - {root}.clientWidth")
        if beyond <= 0:
            return []
        page.wait_for_timeout(100)
    return [f"at {size['width']}: {beyond} px too wide"]


AXE = """() => axe.run({resultTypes: ["violations"], iframes: false, preload: false}).then(found =>
  found.violations
    .filter(one => ["serious", "critical"].includes(one.impact))
    .map(one => `${one.id}: ${one.nodes[0].target} ${one.nodes[0].html.slice(0, 120)}`))"""


def flaws_at_both_sizes(page: Page) -> list[str]:
    """What is too wide, and what axe finds serious. The window stays narrow: all pages but the first open so
    here, and wide to the English reader."""
    page.evaluate(Axe().axe_script)
    flaws: list[str] = []
    for size in (WIDE, NARROW):
        flaws += overflow(page, size)
        flaws += [f"at {size['width']}: {finding}" for finding in page.evaluate(AXE)]
    return flaws


WORDS = """() => {
  const words = [];
  const data = "[lang]:not(html), .initial, .changes";
  const shown = node => !node.closest(`script, style, noscript, template, ${data}`);
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) if (shown(walk.currentNode.parentElement)) words.push(walk.currentNode.data);
  for (const node of document.querySelectorAll("[title], [aria-label], [placeholder], [alt]"))
    if (shown(node)) for (const name of ["title", "aria-label", "placeholder", "alt"])
      words.push(node.getAttribute(name) || "");
  return words.map(word => word.replace(/\\s+/g, " ").trim()).filter(Boolean);
}"""

# Rows of these come with an English name, which an English page must use.
NAMED_TWICE = {
    "agency", "taskforce", "reportingunit", "mechanism", "batchlabel", "itemtemplate", "serviceteam",
}  # fmt: skip


def data() -> re.Pattern[str]:
    """Everything that people have written into the city, as one pattern."""
    written: set[str] = set()
    for model in apps.get_models():
        if model._meta.app_label in settings.OUR_APPS and model._meta.model_name not in NAMED_TWICE:
            fields = [field.name for field in model._meta.concrete_fields if _holds_words(field)]
            for row in model._default_manager.values_list(*fields) if fields else ():
                written.update(_strings(row))
    lines = {line.strip() for text in written for line in text.splitlines()}
    return re.compile("|".join(map(re.escape, sorted(filter(HAN.search, lines), key=len, reverse=True))))


# Units of money are printed as the office's books have them.
UNITS = re.compile("亿元|万元|亿|万")
# Names of file formats, keys and people's own sign-ins, and what has no Chinese word.
LATIN = re.compile(r"[A-Za-z]{3,}")
KNOWN_LATIN = re.compile(
    r"Word|Excel|PDF|JPG|PNG|DOCX|XLSX|XLS|CSV|WPS|English|Enter|Ctrl|Esc|API|LZ|WT|Bearer|Token|Authorization|CNY|USD",
    re.I,
)


def chinese_words(page: Page, written: re.Pattern[str]) -> list[str]:
    """What is Chinese on an English page and nobody's data."""
    words = page.evaluate(WORDS)
    return sorted({word for word in words if HAN.search(UNITS.sub("", written.sub("", word)))})


def english_words(page: Page) -> list[str]:
    """What is English on a Chinese page."""
    words = page.evaluate(WORDS)
    signs_in = re.compile("|".join(rf"{person.username}(@[\w.]+)?" for person in people.CAST))
    return sorted({word for word in words if LATIN.search(KNOWN_LATIN.sub("", signs_in.sub("", word)))})


def _holds_words(field: Any) -> bool:
    return isinstance(field, models.CharField | models.TextField | models.JSONField)


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from _strings(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _strings(part)


# --- The round -------------------------------------------------------------------------------------------


def settled(page: Page) -> None:
    """Parts that a page asks for after it has loaded are there."""
    expect(page.locator(".htmx-request")).to_have_count(0)


def open_pages(desk: Desk, leave_out: Collection[str] = ()) -> Iterator[str]:
    """Each page that is this person's, opened; whose it is the tests of access know."""
    wanted = [address for address in addresses(desk.page) if address not in leave_out]
    assert wanted
    for address in wanted:
        answer = desk.page.goto(desk.address + address)
        assert answer
        if answer.status not in (403, 404):
            settled(desk.page)
            yield address


# Together they open every page there is; the others' pages are made of the same templates.
READERS_OF_BOTH = ("leader", "clerk", "steel.lead", "team1", "sysadmin", "auditor")
EVERYBODY = (*READERS_OF_BOTH, *(p.username for p in people.CAST if p.username not in READERS_OF_BOTH))


def fresh_pages(desks: Iterable[Desk]) -> Iterator[tuple[str, Desk]]:
    """Each page once, at the desk of the first of these who may open it; what differs most from person
    to person, at every desk."""
    seen: set[str] = set()
    for desk in desks:
        for address in open_pages(desk, leave_out=seen):
            yield address, desk
            if address not in PERSONAL:
                seen.add(address)


# What waits for this person, and the menu beside it.
PERSONAL = {"/"}


def test_no_page_is_too_wide_hard_to_reach_or_shows_english_to_a_chinese_reader(busy_city, sit):
    flaws: list[str] = []
    for address, desk in fresh_pages(sit(who, viewport=WIDE) for who in EVERYBODY):
        flaws += [f"{address}: “{words}” in a Chinese page" for words in english_words(desk.page)]
        flaws += [f"{address} {flaw}" for flaw in flaws_at_both_sizes(desk.page)]
    assert flaws == []


def test_no_page_is_wider_than_the_screen_or_shows_chinese_to_an_english_reader(busy_city, sit):
    written = data()
    flaws: list[str] = []
    for address, desk in fresh_pages(in_english(sit(who, viewport=WIDE)) for who in READERS_OF_BOTH):
        flaws += [f"{address}: “{words}” in an English page" for words in chinese_words(desk.page, written)]
        flaws += [f"{address} in English {flaw}" for flaw in overflow(desk.page, WIDE)]
    assert flaws == []


def in_english(desk: Desk) -> Desk:
    desk.open("today")
    desk.page.locator(".language button[lang=en]:visible").click()
    expect(desk.page.locator("html")).to_have_attribute("lang", "en")
    return desk
