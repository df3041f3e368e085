"""Answers about a project, and the list that follows from them."""

import datetime
from decimal import Decimal

import pytest

from approvals import catalogue, clocks, facts, lists
from approvals.choices import ItemEventKind, ItemState
from approvals.facts import AnsweredMeanwhile, CannotAnswer
from approvals.models import Item, ItemTemplate, ProjectFacts
from core.models import AuditEntry
from projects.choices import Stage
from tests import factories

ON = datetime.date(2026, 3, 2)
LATER = datetime.date(2026, 3, 9)


@pytest.fixture
def project(db, clerk):
    catalogue.load(ON)
    project = factories.project(Stage.SIGNING)
    lists.open_list(project, on=ON, by=clerk)
    return project


def answer(project, by, *, on=LATER, version=0, tce=None, wan_kwh=None, **answers):
    return facts.answer(
        project, answers=answers, energy_tce=tce, power_wan_kwh=wan_kwh, version=version, by=by, today=on
    )


def state_of(project, code: str) -> str:
    return project.items.get(template__code=code).state


def codes(templates) -> list[str]:
    return [template.code for template in templates]


# --- Answering -----------------------------------------------------------------------------------


def test_answers_are_kept_with_who_gave_them_and_when(project, clerk):
    found, _revised = answer(project, clerk, eia="report", water="", tce=Decimal("900.5"))

    assert (found.answers, found.energy_tce, found.version) == ({"eia": "report"}, Decimal("900.50"), 1)
    assert (found.answered_by, found.answered_on) == (clerk, LATER)
    assert AuditEntry.objects.filter(table="approvals_projectfacts").count() == 1


def test_only_what_is_offered_can_be_answered(project, clerk):
    for wrong in ({"eia": "poem"}, {"energy": "pledged"}, {"industrial": "no"}, {"weather": "yes"}):
        with pytest.raises(CannotAnswer):
            answer(project, clerk, **wrong)
    with pytest.raises(CannotAnswer):
        answer(project, clerk, tce=Decimal(-1))
    assert not ProjectFacts.objects.exists()


def test_of_two_who_answer_the_second_is_told(project, clerk):
    answer(project, clerk, eia="report")
    with pytest.raises(AnsweredMeanwhile):
        answer(project, clerk, eia="form")  # had seen that nobody had answered

    answer(project, clerk, version=1, eia="form")
    with pytest.raises(AnsweredMeanwhile):
        answer(project, clerk, version=1, eia="report")

    assert facts.of(project).answers == {"eia": "form"}


def test_facts_may_be_answered_before_the_list_opens(db, clerk):
    catalogue.load(ON)
    project = factories.project(Stage.NEGOTIATION)

    _facts, revised = answer(project, clerk, funding="government", works="renovation", land="own")
    assert revised == lists.Revised()

    project.stage = Stage.SIGNING
    opened = {item.template.code for item in lists.open_list(project, on=LATER, by=clerk)}
    assert "feasibility" in opened
    assert opened.isdisjoint({"filing", "ratification", "land-permit", "planning-permit", "title"})


# --- What follows ----------------------------------------------------------------------------------


def test_a_list_is_revised_by_what_is_known(project, clerk):
    _facts, revised = answer(project, clerk, eia="report", tce=Decimal(300), wan_kwh=Decimal(90))

    assert codes(revised.opened) == ["eia-report"]
    assert codes(revised.dropped) == ["energy", "eia-form"]
    opened = project.items.get(template__code="eia-report")
    assert (opened.opened_on, opened.promised_days, opened.opened_because) == (
        LATER,
        15,
        {"answers": {"eia": "report"}, "assumed": []},
    )
    dropped = project.items.get(template__code="energy")
    assert (dropped.state, dropped.closed_on) == (ItemState.NOT_NEEDED, LATER)
    event = dropped.events.get()
    assert (event.kind, event.by, event.source) == (ItemEventKind.NOT_NEEDED, clerk, lists.FROM_FACTS)
    assert event.note.startswith("无需办理：年综合能耗不满1000吨标准煤")


def test_what_has_begun_is_left_alone_and_named(project, clerk):
    form = project.items.get(template__code="eia-form")
    clocks.log_event(form, kind=ItemEventKind.ACCEPTED, on=ON, by=clerk, today=ON)

    _facts, revised = answer(project, clerk, eia="registration")

    assert (codes(revised.opened), codes(revised.dropped)) == (["eia-registration"], ["self-acceptance"])
    form.refresh_from_db()
    assert (form.state, form.events.count()) == (ItemState.RUNNING, 1)
    items = {item.template_id: item for item in project.items.all()}
    begun = [
        need.template.code
        for need in lists.choice(project, on=LATER)
        if need.template.pk in items and lists.begun_though_not_needed(need, items[need.template.pk])
    ]
    assert begun == ["eia-form"]


def test_what_was_put_on_the_list_by_hand_stays(project, clerk):
    report = ItemTemplate.objects.get(code="eia-report")
    added = lists.add_item(project, report, on=ON, by=clerk)

    answer(project, clerk, eia="form")

    added.refresh_from_db()
    assert (added.state, added.opened_because) == (ItemState.WAITING, {"by_hand": True})


def test_an_item_thought_unnecessary_comes_back_with_its_history(project, clerk):
    answer(project, clerk, earthworks="no")
    assert state_of(project, "soil-water") == ItemState.NOT_NEEDED

    _facts, revised = answer(project, clerk, version=1, earthworks="yes", on=datetime.date(2026, 3, 20))

    assert (codes(revised.taken_back), revised.opened, revised.dropped) == (["soil-water"], (), ())
    item = project.items.get(template__code="soil-water")
    assert item.state == ItemState.WAITING
    assert list(item.events.order_by("pk").values_list("kind", flat=True)) == ["not_needed", "struck"]


def test_what_a_person_found_unnecessary_stays_so(project, clerk):
    item = project.items.get(template__code="soil-water")
    clocks.log_event(item, kind=ItemEventKind.NOT_NEEDED, on=ON, by=clerk, today=ON, note="无土石方")

    _facts, revised = answer(project, clerk, earthworks="yes")

    assert revised == lists.Revised()
    assert state_of(project, "soil-water") == ItemState.NOT_NEEDED


def test_an_item_that_the_catalogue_gives_up_leaves_the_lists_where_it_waits(project, clerk):
    ItemTemplate.objects.filter(code="civil-defence").update(in_force_until=ON)

    _facts, revised = answer(project, clerk)

    assert codes(revised.dropped) == ["civil-defence"]
    assert "civil-defence" not in {
        item.template.code for item in lists.open_list(factories.project(Stage.SIGNING), on=LATER, by=clerk)
    }


def test_answering_twice_the_same_changes_nothing_on_the_list(project, clerk):
    answer(project, clerk, eia="report", works="renovation")
    before = list(Item.objects.order_by("pk").values())

    _facts, revised = answer(project, clerk, version=1, eia="report", works="renovation")

    assert revised == lists.Revised()
    assert list(Item.objects.order_by("pk").values()) == before


def test_the_choice_is_four_questions(project, clerk, django_assert_num_queries):
    with django_assert_num_queries(4):
        lists.choice(project, on=ON)


def test_lists_opened_together_read_each_days_catalogue_once(project, clerk, django_assert_num_queries):
    with lists.one_reading():
        first = lists.choice(project, on=ON)
        with django_assert_num_queries(2):
            again = lists.choice(project, on=ON)

    assert [(need.template, need.is_needed) for need in again] == [
        (need.template, need.is_needed) for need in first
    ]
