"""The workbench: groups of urgency, entries made in a row, several at once, what each table costs."""

import datetime
import uuid
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from approvals import changes, clocks, together, urgency
from approvals.choices import ItemEventKind, ItemState
from approvals.models import Item, ItemEvent
from approvals.rules import ITEM_NEXT
from approvals.urgency import Urgency
from approvals.views import keys
from core.workdays import calendar
from tests import factories
from tests.approvals.conftest import OPENED, TODAY, run

K = ItemEventKind
HTMX = {"HX-Request": "true"}

pytestmark = pytest.mark.usefixtures("today")


def day(n: int) -> datetime.date:
    return datetime.date(2025, 9, n)


def another(running: Item, *steps: tuple[str, datetime.date], **limits: Any) -> Item:
    """One more item of the same project and department."""
    template = factories.item_template(department=running.template.department, **limits)
    item = factories.item(running.project, template, opened_on=OPENED)
    return run(item, *steps) if steps else item


@pytest.fixture
def desk(client: Client, running, service_member) -> Client:
    client.force_login(service_member)
    return client


def groups(user) -> dict[str, int]:
    rows = urgency.on_desk(Item.objects.visible_to(user), today=TODAY, days=calendar(), hands_in=True)
    return {group.value: n for group, n in urgency.counts(rows).items()}


# --- Groups ---------------------------------------------------------------------------------


def test_every_item_stands_in_the_first_group_that_holds(running, service_member):
    another(running, (K.ACCEPTED, day(17)))
    another(running, (K.SUBMITTED, day(18)))
    another(running, (K.ACCEPTED, day(18)), statutory_days=30, promised_days=20)
    another(running, (K.ACCEPTED, datetime.date(2025, 9, 1)), statutory_days=5, promised_days=3)
    first = another(running)
    needs_first = factories.item_template(prerequisites=[first.template])
    factories.item(running.project, needs_first, opened_on=OPENED)

    assert groups(service_member) == {
        Urgency.OVER_STATUTE: 1,
        Urgency.OVER_PROMISE: 1,
        Urgency.DUE_SOON: 1,
        Urgency.TO_ACCEPT: 1,
        Urgency.READY: 1,
        Urgency.RUNNING: 1,
    }


def test_stop_longer_than_announced_has_its_own_group(running, service_member):
    paused = another(running, (K.ACCEPTED, day(8)), statutory_days=30, promised_days=20)
    clocks.log_event(
        paused,
        kind=K.SPECIAL_STARTED,
        on=day(9),
        declared_days=3,
        note="专家评审",
        by=service_member,
        today=TODAY,
    )

    assert groups(service_member)[Urgency.LONG_PAUSE] == 1


def test_group_and_project_narrow_the_table(desk, running):
    other = another(running, (K.SUBMITTED, day(18)))

    page = desk.get(reverse("approvals:workbench"), {"urgency": "to_accept"}).context
    assert [row["pk"] for group in page["groups"] for row in group["rows"]] == [other.pk]
    page = desk.get(reverse("approvals:workbench"), {"project": running.project_id}).context
    assert page["page"].paginator.count == 2
    page = desk.get(reverse("approvals:workbench"), {"urgency": "nonsense", "project": "x"}).context
    assert page["tab"] == "items"


@pytest.mark.parametrize("tab", ["items", "projects", "issues", "lists", "changes"])
def test_each_table_costs_the_same_for_one_and_many_rows(tab, desk, running, planning, clerk, count_queries):
    def ask():
        return desk.get(reverse("approvals:workbench"), {"tab": tab})

    factories.issue(running.project, department=planning)
    ask()
    one = count_queries(ask)
    template = factories.item_template(department=planning)
    team = running.project.services.get().team
    for _n in range(3):
        project = factories.project("signing", task_force=running.project.task_force)
        factories.service(project, team)
        run(factories.item(project, template, opened_on=OPENED), (K.ACCEPTED, day(8)))
        factories.issue(project, department=planning)

    assert count_queries(ask) == one


def test_table_with_three_hundred_rows_costs_no_more(desk, running, count_queries):
    def ask():
        return desk.get(reverse("approvals:workbench"), {"all": 1})

    another(running, (K.ACCEPTED, day(8)))
    ask()
    few = count_queries(ask)
    template = running.template
    for _n in range(300):
        project = factories.project(
            "signing",
            task_force=running.project.task_force,
            reporting_unit=running.project.reporting_unit,
            enterprise=running.project.enterprise,
            created_by=running.project.created_by,
        )
        factories.service(project, running.project.services.get().team)
        factories.item(project, template, opened_on=OPENED, state=ItemState.RUNNING)

    assert len(ask().context["page"].object_list) == 302
    assert count_queries(ask) == few


def test_empty_desk_says_what_will_stand_there(client, planning, department_officer, service_member):
    for user in (department_officer, service_member):
        client.force_login(user)
        for tab in ("items", "projects", "issues", "lists", "changes"):
            assert client.get(reverse("approvals:workbench"), {"tab": tab}).status_code == 200


def test_each_number_of_the_desk_opens_as_many_rows(desk, running, planning):
    another(running, (K.SUBMITTED, day(18)))
    another(running)
    factories.issue(running.project, department=planning)
    url = reverse("approvals:workbench")

    for one in desk.get(url).context["switch"]:
        page = desk.get(url, {"urgency": one["key"]}).context["page"]
        assert page.paginator.count == one["n"], one
    [line] = desk.get(url, {"tab": "projects"}).context["services"]
    of_project = {"project": running.project_id}
    board, listed = reverse("approvals:board"), reverse("approvals:issues")
    opened = {
        "late": (board, {"lamp": ["over_promise", "over_statute"]}),
        "waiting": (board, {"group": "waiting"}),
        "open_issues": (listed, {"group": "open"}),
    }
    for figure, (place, asked) in opened.items():
        count = desk.get(place, {**of_project, **asked}).context["page"].paginator.count
        assert count == getattr(line["service"], figure), figure


# --- Keys -----------------------------------------------------------------------------------


def test_every_entry_has_a_key_of_its_own_in_each_state():
    taken = set("jkneExX/?") - {"e"}
    for possible in ITEM_NEXT.values():
        letters = [keys.KEYS[kind] for kind in (*possible, K.URGED, K.NOTE)]
        assert len(letters) == len(set(letters))
        assert not taken & set(letters)


# --- One entry ------------------------------------------------------------------------------


def log(client: Client, item: Item, token: str = "", **facts: object):
    data = {"kind": K.NOTE, "on": TODAY.isoformat(), "form_token": token or uuid.uuid4().hex, **facts}
    return client.post(reverse("approvals:log_here", args=[item.pk]), data, headers=HTMX)


def test_form_comes_into_the_row_with_what_is_possible(desk, running):
    url = reverse("approvals:log_here", args=[running.pk])

    answer = desk.get(url, {"kind": K.APPROVED}, headers=HTMX)

    form = answer.context["form"]
    assert form["kind"].value() == K.APPROVED
    assert form["on"].value() == TODAY
    kinds = [kind for kind, _word in form.fields["kind"].choices]
    assert K.SUBMITTED not in kinds
    assert set(ITEM_NEXT[ItemState.RUNNING]) < set(kinds)
    assert answer.content.decode().lstrip().startswith(f'<tbody id="item-{running.pk}"')
    assert "form" not in desk.get(url, {"away": 1}, headers=HTMX).context


def test_without_scripts_it_leads_to_the_item(desk, running):
    answer = desk.get(reverse("approvals:log_here", args=[running.pk]))

    assert answer.url == reverse("approvals:item", args=[running.pk]) + "#log"


def test_entry_comes_back_as_the_row_it_makes(desk, running):
    answer = log(desk, running, kind=K.APPROVED)

    running.refresh_from_db()
    assert running.state == ItemState.APPROVED
    assert answer.context["row"]["state"] == running.get_state_display()
    event = ItemEvent.objects.get(kind=K.APPROVED)
    assert reverse("approvals:undo", args=[event.pk]) in answer.content.decode()


def test_pause_asks_for_reason_and_length_and_keeps_what_was_typed(desk, running):
    answer = log(desk, running, kind=K.CORRECTION_STARTED, note="缺环评附件")

    assert answer.context["form"].errors.keys() == {"declared_days"}
    assert answer.context["form"]["note"].value() == "缺环评附件"
    assert not ItemEvent.objects.filter(kind=K.CORRECTION_STARTED).exists()
    log(desk, running, kind=K.CORRECTION_STARTED, note="缺环评附件", declared_days="5")
    assert ItemEvent.objects.get(kind=K.CORRECTION_STARTED).declared_days == 5


def test_length_typed_before_another_kind_was_chosen_does_no_harm(desk, running):
    log(desk, running, kind=K.APPROVED, declared_days="5")

    assert ItemEvent.objects.get(kind=K.APPROVED).declared_days is None


def test_entry_sent_twice_is_written_once_and_answered_alike(desk, running):
    first = log(desk, running, token="one", kind=K.APPROVED)
    again = log(desk, running, token="one", kind=K.APPROVED)

    assert ItemEvent.objects.filter(kind=K.APPROVED).count() == 1
    assert again.context["entered"] == first.context["entered"]


def test_what_somebody_else_has_just_done_is_told(desk, running, department_officer):
    clocks.log_event(running, kind=K.APPROVED, on=TODAY, by=department_officer, today=TODAY)

    answer = log(desk, running, kind=K.SPECIAL_STARTED, note="专家评审", declared_days="5")

    [said] = answer.context["form"].errors["kind"]
    assert running.get_state_display() in said
    assert answer.context["form"]["note"].value() == "专家评审"


def test_undo_strikes_with_a_reason_and_brings_the_row_back(desk, running):
    event = log(desk, running, kind=K.APPROVED).context["entered"]
    url = reverse("approvals:undo", args=[event.pk])

    assert desk.get(url).url == reverse("approvals:strike", args=[event.pk])
    assert desk.get(url, headers=HTMX).context["undo"]["note"].value()
    assert "note" in desk.post(url, {"note": " "}, headers=HTMX).context["undo"].errors
    desk.post(url, {"note": "录错了"}, headers=HTMX)

    running.refresh_from_db()
    assert running.state == ItemState.RUNNING
    assert ItemEvent.objects.get(strikes=event).note == "录错了"


def test_rows_of_others_are_out_of_reach(client, running, auto):
    stranger = factories.user("service")
    client.force_login(stranger)
    event = ItemEvent.objects.get(item=running)

    assert log(client, running).status_code == 404
    assert client.get(reverse("approvals:undo", args=[event.pk])).status_code == 404
    page = client.get(reverse("approvals:log_together"), {"item": running.pk})
    assert page.context["items"] == []


# --- Several at once ------------------------------------------------------------------------


def test_the_same_entry_for_several_items(desk, running):
    other = another(running, (K.ACCEPTED, day(17)))
    url = reverse("approvals:log_together")
    page = desk.get(url, {"item": [running.pk, other.pk, "x"]}).context
    assert {row["pk"] for row in page["items"]} == {running.pk, other.pk}

    desk.post(url, {"item": [running.pk, other.pk], "kind": K.APPROVED, "on": TODAY.isoformat()})

    assert set(Item.objects.values_list("state", flat=True)) == {ItemState.APPROVED}


def test_only_what_can_come_next_for_all_is_offered(desk, running):
    waiting = another(running)

    page = desk.get(reverse("approvals:log_together"), {"item": [running.pk, waiting.pk]}).context

    kinds = {kind for kind, _word in page["form"].fields["kind"].choices}
    assert K.APPROVED not in kinds
    assert K.NOTE in kinds


def test_one_refusal_keeps_all_out_and_each_is_named(desk, running, service_member):
    other = another(running, (K.ACCEPTED, day(17)))
    entries = [clocks.Entry(item, K.APPROVED, day(10)) for item in (running, other)]

    with pytest.raises(together.CannotLogTogether) as refused:
        together.log(entries, by=service_member, today=TODAY)

    assert [line.startswith(f"{other.project.code} {other.template}") for line in refused.value.details] == [
        True
    ]
    assert not ItemEvent.objects.filter(kind=K.APPROVED).exists()
    url = reverse("approvals:log_together")
    data = {"item": [running.pk, other.pk], "kind": K.APPROVED, "on": day(10).isoformat(), "note": "同批"}
    page = desk.post(url, data).context
    assert len(page["refused"]) == 1
    assert page["form"]["note"].value() == "同批"


def test_nothing_picked_says_how(desk):
    assert desk.get(reverse("approvals:log_together")).context["items"] == []
    assert desk.post(reverse("approvals:log_together"), {"item": "9" * 30}).context["items"] == []


# --- Since when -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("today", "before", "monday"),
    [
        (datetime.date(2025, 9, 19), datetime.date(2025, 9, 18), datetime.date(2025, 9, 15)),
        (datetime.date(2025, 9, 22), datetime.date(2025, 9, 19), datetime.date(2025, 9, 15)),
        (datetime.date(2025, 10, 9), datetime.date(2025, 9, 30), datetime.date(2025, 10, 6)),
    ],
)
def test_yesterday_is_the_last_working_day(today, before, monday):
    assert changes.last_workday(today, days=calendar()) == before
    assert changes.monday(today) == monday
