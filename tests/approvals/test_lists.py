"""The catalogue, and opening a project's list from it."""

import datetime
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from approvals import catalogue, clocks, lists
from approvals.choices import ItemEventKind, ItemState
from approvals.lists import CannotOpen, Readiness
from approvals.models import Item, ItemLimit, ItemRule, ItemTemplate, ServiceTeam, StallRule
from core.workdays import calendar
from projects.choices import Stage
from projects.models import StageChange
from projects.signals import stage_changed
from tests import factories

ON = datetime.date(2025, 6, 20)
TODAY = datetime.date(2025, 9, 30)


@pytest.fixture
def city(db):
    catalogue.load(TODAY)


def codes(items) -> list[str]:
    return [item.template.code for item in items]


# --- The catalogue --------------------------------------------------------------------------


def test_load_changes_nothing_the_second_time(city, django_assert_max_num_queries):
    before = list(ItemTemplate.objects.order_by("pk").values())
    rules = list(StallRule.objects.order_by("pk").values())

    catalogue.load(TODAY + datetime.timedelta(days=400))

    assert list(ItemTemplate.objects.order_by("pk").values()) == before
    assert list(StallRule.objects.order_by("pk").values()) == rules
    assert ServiceTeam.objects.count() == 12


def test_load_leaves_an_office_s_own_limits_alone(city):
    ItemLimit.objects.filter(template__code="eia-form").update(promised_days=6, is_verified=True)
    ItemRule.objects.filter(template__code="eia-form").delete()

    catalogue.load(TODAY)

    assert ItemLimit.objects.get(template__code="eia-form").promised_days == 6
    assert not ItemRule.objects.filter(template__code="eia-form").exists()


def test_catalogue_promises_no_more_than_the_law_and_has_no_ring(city):
    for row in catalogue.CATALOGUE:
        if row.statutory is not None and row.promised is not None:
            assert row.promised <= row.statutory, row.code
    order = {row.code: row.phase for row in catalogue.CATALOGUE}
    needs = {row.code: set(row.needs) for row in catalogue.CATALOGUE}
    done: set[str] = set()
    while ready := {code for code, first in needs.items() if code not in done and first <= done}:
        done |= ready
    assert done == set(order)


def test_only_limits_checked_against_a_decree_are_marked_verified(city):
    verified = ItemLimit.objects.filter(is_verified=True).order_by("template__code")

    assert list(verified.values_list("template__code", "statutory_days")) == [
        ("drawings", 15),
        ("fire-design", 15),
    ]


# --- Opening --------------------------------------------------------------------------------

COMMON = [
    "filing",
    "site-opinion",
    "land-permit",
    "eia-form",
    "soil-water",
    "design",
    "planning-permit",
    "civil-defence",
    "drawings",
    "fire-design",
    "building-permit",
    "utilities",
    "planning-check",
    "joint-acceptance",
    "completion",
    "title",
    "self-acceptance",
]


def test_open_list_opens_what_the_project_needs_with_the_limits_of_the_day(city, clerk):
    project = factories.project(Stage.SIGNING, is_industrial=False)

    items = lists.open_list(project, on=ON, by=clerk)

    assert codes(items) == COMMON
    form = next(item for item in items if item.template.code == "eia-form")
    assert (form.opened_on, form.opened_by, form.state) == (ON, clerk, ItemState.WAITING)
    assert (form.statutory_days, form.promised_days) == (30, 8)


def test_open_list_adds_what_only_industrial_projects_need(city, clerk):
    project = factories.project(Stage.SIGNING, is_industrial=True)

    assert set(codes(lists.open_list(project, on=ON, by=clerk))) - set(COMMON) == {
        "energy",
        "discharge",
        "safety",
    }


def test_open_list_twice_opens_nothing_more(city, clerk):
    project = factories.project(Stage.SIGNING)
    first = lists.open_list(project, on=ON, by=clerk)

    again = lists.open_list(project, on=TODAY, by=clerk)

    assert [(item.pk, item.opened_on) for item in again] == [(item.pk, ON) for item in first]


def test_open_list_refuses_a_project_that_is_not_signed(city, clerk):
    with pytest.raises(CannotOpen):
        lists.open_list(factories.project(Stage.NEGOTIATION), on=ON, by=clerk)


def test_open_list_keeps_its_limits_when_the_catalogue_changes(city, clerk):
    project = factories.project(Stage.SIGNING)
    lists.open_list(project, on=ON, by=clerk)

    form = ItemTemplate.objects.get(code="eia-form")
    factories.item_limit(form, effective_from=ON + datetime.timedelta(days=1), promised_days=3)

    assert project.items.get(template=form).promised_days == 8


def test_open_list_costs_the_same_for_any_number_of_items(city, clerk, django_assert_num_queries):
    project = factories.project(Stage.SIGNING)

    with django_assert_num_queries(10):
        lists.open_list(project, on=ON, by=clerk)


@pytest.mark.django_db(transaction=True)
def test_two_workers_open_one_list():
    catalogue.load(TODAY)
    project, clerk = factories.project(Stage.SIGNING), factories.user()

    def open_it(_turn: int) -> int:
        try:
            return len(lists.open_list(project, on=ON, by=clerk))
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(open_it, range(3))) == [20, 20, 20]
    assert Item.objects.count() == 20


def test_add_item_puts_an_alternative_on_the_list_once(city, clerk):
    project = factories.project(Stage.SIGNING)
    report = ItemTemplate.objects.get(code="eia-report")

    item = lists.add_item(project, report, on=ON, by=clerk)

    assert (item.promised_days, item.state) == (15, ItemState.WAITING)
    with pytest.raises(CannotOpen):
        lists.add_item(project, report, on=ON, by=clerk)
    with pytest.raises(CannotOpen):
        lists.add_item(factories.project(), report, on=ON, by=clerk)


# --- News from the projects -----------------------------------------------------------------


def move(project, target: str, clerk) -> None:
    project.stage = target
    project.save()
    change = StageChange.objects.create(project=project, source="", target=target, on=ON, by=clerk)
    stage_changed.send(type(project), project=project, change=change)


def test_list_opens_when_a_project_is_signed(city, clerk):
    project = factories.project(Stage.NEGOTIATION)

    move(project, Stage.SIGNING, clerk)

    assert set(project.items.values_list("opened_on", "opened_by")) == {(ON, clerk.pk)}
    assert project.items.count() == 20


def test_list_of_a_project_that_came_in_later_opens_then(city, clerk):
    project = factories.project(Stage.PREPARATION)
    move(project, Stage.NEGOTIATION, clerk)
    assert project.items.count() == 0

    move(project, Stage.CONSTRUCTION, clerk)
    assert project.items.count() == 20


def test_list_is_left_alone_by_later_moves(city, clerk):
    project = factories.project(Stage.SIGNING)
    factories.item(project)

    move(project, Stage.COMMENCEMENT, clerk)

    assert project.items.count() == 1


# --- What must come first --------------------------------------------------------------------


def test_readiness_waits_for_prerequisites_on_the_list_only(clerk):
    first = factories.item_template()
    absent = factories.item_template()
    second = factories.item_template(prerequisites=[first, absent])
    project = factories.project(Stage.SIGNING)
    one, two = factories.item(project, first, opened_on=ON), factories.item(project, second, opened_on=ON)

    assert lists.readiness([one, two]) == {one.pk: Readiness(ON, ()), two.pk: Readiness(None, (one,))}

    steps = [(ItemEventKind.ACCEPTED, ON), (ItemEventKind.APPROVED, datetime.date(2025, 6, 30))]
    calendar()
    clocks.log_events([clocks.Entry(one, kind, on) for kind, on in steps], by=clerk, today=TODAY)

    assert lists.readiness([one, two])[two.pk] == Readiness(datetime.date(2025, 6, 30), ())


def test_readiness_of_a_whole_list_is_one_query(city, clerk, django_assert_num_queries):
    items = lists.open_list(factories.project(Stage.SIGNING), on=ON, by=clerk)

    with django_assert_num_queries(1):
        ready = lists.readiness(items)

    assert [item.template.code for item in items if ready[item.pk].ready_on] == ["filing"]
