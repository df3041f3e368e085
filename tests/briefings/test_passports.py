"""Passports: what was counted, what was left out and why, and the references that lead there."""

import datetime
import io
import json
import zipfile
from decimal import Decimal
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from openpyxl import load_workbook

from briefings import counting_rules, figures, passports
from briefings.choices import LeftOut, Voids
from briefings.counting_rules import USUAL
from briefings.figures import CITY, Scope, Window
from projects import contracts
from projects.choices import EventKind
from tests import factories
from tests.api import caller
from tests.briefings.test_figures import day, signed

pytestmark = pytest.mark.django_db

HALF = Window(datetime.date(2025, 1, 1), datetime.date(2025, 6, 1))
SPAN = {"from": "2025-01", "to": "2025-06"}


@pytest.fixture
def half_year(steel, auto, liubei, luzhai, leader):
    """One event for every reason."""
    factories.period(datetime.date(2025, 6, 1), closed_on=day(7, 5))
    of = {"task_force": steel, "reporting_unit": liubei}
    counted = factories.project(name="=1+1 钢铁项目", **of)
    shared = factories.project(task_force=auto, reporting_unit=liubei)
    factories.share(shared, luzhai, 100)
    returned = factories.contract_event(factories.project(**of), amount=Decimal(7_000), signed_on=day(2))
    contracts.send_back(returned, reason="缺日期", by=leader, today=day(3))
    return {
        "counted": signed(counted, 30_000, day(2)),
        "add_on": signed(counted, 500, day(3), kind=EventKind.ADD_ON),
        "second": signed(counted, 30_000, day(4)),
        "extended": signed(counted, 0, day(4), kind=EventKind.EXTENDED),
        "waiting": factories.contract_event(factories.project(**of), amount=Decimal(8_000), signed_on=day(2)),
        "returned": returned,
        "excluded": signed(factories.project(**of), 9_000, day(3), exclusion_reason="资源开采"),
        "framework": signed(factories.project(**of), 0, day(3), kind=EventKind.FRAMEWORK),
        "late": signed(factories.project(**of), 6_000, day(6), verified_on=day(7, 8)),
        "shared": signed(shared, 40_000, day(5)),
        "office": signed(factories.project(is_industrial=False, **of), 50_000, day(5)),
        "small": signed(factories.project(**of), 2_000, day(5)),
        "before": signed(factories.project(**of), 99_000, day(12, year=2024)),
    }


def left_out(passport: passports.Passport, events: dict[str, Any]) -> dict[str, str]:
    named = {event.pk: name for name, event in events.items()}
    assert passport.left_out is not None
    return {named[pk]: why for pk, why in passport.left_out.values_list("pk", "why")}


ALWAYS = {
    "second": LeftOut.SECOND,
    "extended": LeftOut.NO_AMOUNT,
    "waiting": LeftOut.WAITING,
    "returned": LeftOut.RETURNED,
    "excluded": LeftOut.EXCLUDED,
    "framework": LeftOut.FRAMEWORK,
    "late": LeftOut.OTHER_MONTH,
}


@pytest.mark.parametrize(
    ("code", "more"),
    [
        ("contracted", {}),
        ("projects_signed", {"add_on": LeftOut.OTHER_KIND}),
        (
            "contracted_industrial_100m",
            {"add_on": LeftOut.OTHER_KIND, "office": LeftOut.NOT_INDUSTRIAL, "small": LeftOut.BELOW},
        ),
    ],
)
def test_each_event_left_out_has_its_reason(half_year, code, more):
    assert left_out(passports.of(code, HALF), half_year) == ALWAYS | more


def test_unit_is_told_what_its_shares_give_to_others(half_year, liubei, luzhai):
    assert left_out(passports.of("contracted", HALF, Scope(unit=liubei)), half_year) == ALWAYS | {
        "shared": LeftOut.OTHER_UNIT
    }
    assert left_out(passports.of("contracted", HALF, Scope(unit=luzhai)), half_year) == {}


def test_as_known_on_a_day_what_came_later_was_not_known(half_year):
    window = Window(HALF.first_month, HALF.last_month, day(4, 30))
    factories.verified_event(
        factories.project(), amount=Decimal(1), signed_on=day(4), recorded_on=day(5, 2), verified_on=day(5, 3)
    )
    told = passports.reasons(passports.of("contracted", window).left_out)

    assert {reason.code: reason.events for reason in told}[LeftOut.NOT_KNOWN] >= 1
    assert passports.of("contracted", window).counted.count() == 2


def test_started_ones_are_counted_and_the_others_not_reached(half_year):
    found = left_out(passports.of("signed_started", HALF), half_year)
    assert {name for name, why in found.items() if why == LeftOut.NOT_YET} == {
        "counted",
        "shared",
        "office",
        "small",
    }


# --- References ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("window", "reference"),
    [
        (HALF, "P-contracted-2025-06-Y-unit450223-R202501v1"),
        (Window.of_month(day(3)), "P-contracted-2025-03-M-unit450223-R202501v1"),
        (Window(day(7, year=2024), day(6)), "P-contracted-2025-06-F202407-unit450223-R202501v1"),
        (Window(day(1), day(6), day(7, 5)), "P-contracted-2025-06-Y-unit450223-R202501v1-K20250705"),
    ],
)
def test_reference_leads_back_to_its_figure(luzhai, window, reference):
    scope = Scope(unit=luzhai)
    found = passports.resolve(reference)

    assert passports.reference("contracted", window, scope) == reference
    assert (found.found.code, found.window, found.scope) == ("contracted", window, scope)


def test_reference_names_both_dimensions_and_old_rules(leader, steel, luzhai):
    counting_rules.load()
    decided = counting_rules.decide(
        USUAL.tried(voids=Voids.IGNORE), effective_from=day(1), reason="市里决定", by=leader
    )
    scope = Scope(steel, luzhai)
    reference = passports.reference("contracted", Window(day(1), day(6)), scope)

    assert str(decided) == "2025-01 v2"
    assert reference == "P-contracted-2025-06-Y-forcesteel-unit450223-R202501v2"
    assert passports.resolve(reference).scope == scope
    assert passports.resolve(reference.replace("v2", "v1")).window.rules == USUAL


@pytest.mark.parametrize(
    "text",
    [
        "",
        "P-happiness-2025-06-Y-city-R202501v1",
        "P-contracted-2025-13-Y-city-R202501v1",
        "P-contracted-2025-06-Y-unitnone-R202501v1",
        "P-contracted-2025-06-Y-city-R202501v9",
        "P-contracted-2025-06-Y-city-R202501v1-K20251399",
        "P-visits-2025-06-Y-forcesteel-R202501v1",
        "../../etc/passwd",
    ],
)
def test_other_references_lead_nowhere(steel, text):
    with pytest.raises(passports.UnknownReference):
        passports.resolve(text)


def test_rules_only_tried_have_no_reference():
    window = Window(HALF.first_month, HALF.last_month, rules=USUAL.tried(voids=Voids.IGNORE))
    assert passports.reference("contracted", window) == ""


# --- Page, file, command, API -------------------------------------------------------------------------


def get(client: Any, user: Any, address: str, **query: str) -> Any:
    client.force_login(user)
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    return client.get(address, {**SPAN, **query})


def test_page_lists_what_is_left_out_by_reason(client, leader, half_year):
    address = reverse("briefings:counted", args=["contracted"])
    page = get(client, leader, address, show="left_out")

    assert (page.context["total"], page.context["left_out"], len(page.context["lines"])) == (5, 7, 7)
    late = [line[-1] for line in page.context["lines"] if line[-1].text == "Counts in another month"]
    assert [cell.sub for cell in late] == ["verified late: July 2025"]
    narrowed = get(client, leader, address, show="left_out", why="excluded")
    assert [line[-1].sub for line in narrowed.context["lines"]] == ["资源开采"]


def test_reference_on_paper_leads_to_the_page(client, leader, half_year):
    reference = passports.reference("contracted", HALF)
    assert (
        reference in get(client, leader, reverse("briefings:counted", args=["contracted"])).content.decode()
    )

    client.force_login(leader)
    led = client.get(reverse("briefings:passport", args=[reference]), follow=True)
    assert led.context["passport"].reference == reference
    assert client.get(reverse("briefings:passport", args=["P-nothing"])).status_code == 404


def test_old_rules_are_chosen_on_the_page(client, leader, half_year):
    signed(half_year["counted"].project, -30_500, day(6), kind=EventKind.VOIDED, verified_on=day(6, 20))
    counting_rules.load()
    counting_rules.decide(
        USUAL.tried(voids=Voids.IGNORE), effective_from=day(7), reason="市里决定", by=leader
    )
    address = reverse("briefings:counted", args=["voids"])

    assert get(client, leader, address, to="2025-07").context["value"] == "0.00"
    assert get(client, leader, address, to="2025-07", rules="2025-01 v1").context["value"] == "-3.05"


def test_statistics_reads_of_left_out_events_only_the_verified(client, statistician, half_year):
    address = reverse("briefings:counted", args=["contracted"])
    page = get(client, statistician, address, show="left_out")

    told = {line[-1].text for line in page.context["lines"]}
    assert not told & {str(LeftOut.WAITING.label), str(LeftOut.RETURNED.label)}
    assert page.context["hidden"] == 7 - len(page.context["lines"])


def exported(client: Any, user: Any, **asked: str) -> bytes:
    address = reverse("briefings:counted", args=["contracted"])
    return b"".join(get(client, user, address, export="xlsx", **asked).streaming_content)


def sheets(content: bytes) -> dict[str, list[list[Any]]]:
    book = load_workbook(io.BytesIO(content))
    return {sheet.title: [list(row) for row in sheet.iter_rows(values_only=True)] for sheet in book}


def test_workbook_holds_everything_and_adds_up(client, leader, half_year):
    book = sheets(exported(client, leader))

    counted, left_out, by_month, by_unit, about = book
    assert (left_out, by_month, by_unit, about) == ("Left out", "By month", "By unit", "About this file")
    number = book[counted][0].index("Counted (万元)")
    assert sum(row[number] for row in book[counted][1:]) == 122_500
    assert book["By month"][-1][:2] == ["Control sum", 122_500]
    assert len(book["Left out"]) == 1 + 7
    assert {type(row[book[counted][0].index("Signed on")]) for row in book[counted][1:]} == {
        datetime.datetime
    }
    assert dict(row[:2] for row in book["About this file"])["Counting rules"] == "2025-01 v1"


def test_workbook_begins_with_the_tab_that_is_open(client, leader, half_year):
    book = sheets(exported(client, leader, show="left_out", why=LeftOut.WAITING))

    first = next(iter(book.values()))
    assert [row[first[0].index("Left out because")] for row in first[1:]] == [str(LeftOut.WAITING.label)]


def test_name_that_begins_like_a_formula_stays_text(client, leader, half_year):
    package = zipfile.ZipFile(io.BytesIO(exported(client, leader)))
    xml = package.read("xl/worksheets/sheet1.xml").decode()

    assert "=1+1 钢铁项目" in xml
    assert "<f>" not in "".join(package.read(name).decode() for name in package.namelist() if "sheet" in name)


def test_workbook_keeps_what_the_reader_may_not_open(client, stranger, half_year):
    counted, left_out, *_parts, about = sheets(exported(client, stranger)).values()

    assert (len(counted), len(left_out)) == (2, 1)
    assert ["Not in this file", "4 further rows that you may not open"] in about


def run(*arguments: str) -> Any:
    out = io.StringIO()
    call_command("passport", *arguments, stdout=out)
    return json.loads(out.getvalue()) if "--json" in arguments else out.getvalue()


def test_command_prints_the_whole_passport(half_year, liubei):
    told = run(
        "contracted", "--scope", f"unit:{liubei.code}", "--from", "2025-01", "--to", "2025-06", "--json"
    )

    assert told["value"] == "82500"
    assert sum(Decimal(row["counted"]) for row in told["counted"]) == 82_500
    assert told["by_month"] == {
        "parts": {"2025-02": "30000", "2025-03": "500", "2025-05": "52000"},
        "sum": "82500",
        "adds_up": True,
    }
    assert {row["why"] for row in told["left_out"]} == {*ALWAYS.values(), LeftOut.OTHER_UNIT}
    assert run(told["reference"], "--json") == told


@pytest.mark.parametrize(
    "arguments",
    [
        ("happiness", "--from", "2025-01", "--to", "2025-06"),
        ("contracted",),
        ("contracted", "--from", "2025-01", "--to", "2025-06", "--scope", "moon:1"),
        ("contracted", "--from", "2025-01", "--to", "2025-06", "--scope", "unit:Atlantis"),
        ("visits", "--from", "2025-01", "--to", "2025-06", "--scope", "force:steel"),
        ("P-contracted-2025-06",),
    ],
)
def test_command_refuses_what_it_does_not_understand(steel, liubei, arguments):
    with pytest.raises(CommandError) as refusal:
        run(*arguments)
    assert refusal.value.returncode == 2


def test_command_prints_a_short_text(half_year):
    assert "P-contracted-2025-06-Y-city-R202501v1" in run(
        "contracted", "--from", "2025-01", "--to", "2025-06"
    )


API = "/api/v1/passports/"


def test_api_tells_what_the_command_prints(half_year, leader):
    told = caller(leader).get(f"{API}?indicator=contracted&from=2025-01&to=2025-06").json()
    printed = run("contracted", "--from", "2025-01", "--to", "2025-06", "--json")

    assert told["counted"]["rows"] == printed["counted"]
    assert told["left_out"]["rows"] == printed["left_out"]
    assert {name: told[name] for name in ("reference", "value", "rules", "by_month")} == {
        name: printed[name] for name in ("reference", "value", "rules", "by_month")
    }
    assert caller(leader).get(f"{API}?reference={told['reference']}").json() == told


def test_api_counts_what_the_reader_may_not_open(half_year, stranger):
    told = caller(stranger).get(f"{API}?indicator=contracted&from=2025-01&to=2025-06").json()

    # Its own part of the shared project, and nothing of the others.
    assert [row["counted"] for row in told["counted"]["rows"]] == ["40000"]
    assert told["counted"]["hidden"] == 4
    assert (told["left_out"]["rows"], told["left_out"]["hidden"]) == ([], 7)
    assert told["value"] == "122500"


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 400),
        ("indicator=contracted", 400),
        ("indicator=happiness&from=2025-01&to=2025-06", 404),
        ("indicator=visits&from=2025-01&to=2025-06&task_force=steel", 404),
        ("indicator=contracted&from=2025-13&to=2025-06", 400),
        ("reference=P-nothing", 404),
    ],
)
def test_api_refuses_other_questions(steel, leader, query, status):
    assert caller(leader).get(f"{API}?{query}").status_code == status


def test_figures_of_the_api_carry_their_passports(half_year, leader, liubei):
    told = caller(leader).get("/api/v1/figures/?from=2025-01&to=2025-06&by=unit").json()
    reference = told[liubei.name]["contracted"]["passport"]

    assert passports.resolve(reference).figure.value == told[liubei.name]["contracted"]["value"]


def test_annex_names_a_reference_for_every_figure(half_year):
    rows = passports.annex(["contracted", "start_rate"], HALF, values={"contracted": "12.25"})

    assert [(row.value, row.reference) for row in rows] == [
        ("12.25", "P-contracted-2025-06-Y-city-R202501v1"),
        ("", "P-start_rate-2025-06-Y-city-R202501v1"),
    ]


def test_passport_asks_as_often_for_many_events(client, leader, half_year, steel, liubei):
    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            page = client.get(reverse("briefings:counted", args=["contracted"]), {**SPAN, "show": "left_out"})
            assert page.status_code == 200
        return len(asked)

    client.force_login(leader)
    one = queries()
    for _n in range(5):
        project = factories.project(task_force=steel, reporting_unit=liubei)
        signed(project, 1_000, day(3))
        factories.contract_event(project, amount=Decimal(1), signed_on=day(3))
    assert queries() == one
    assert figures.compute(["contracted"], HALF, CITY)["contracted"].value == 127_500
