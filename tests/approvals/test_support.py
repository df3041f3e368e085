"""The service support list: who raises a need, how it is met, and what is refused."""

import datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from accounts.models import User
from approvals import support
from approvals.choices import SupportKind, SupportState
from approvals.models import SupportEvent, SupportNeed
from projects.choices import Stage, Status
from projects.models import Project
from tests import factories

S = SupportState
TODAY = datetime.date(2025, 9, 19)


def day(n: int) -> datetime.date:
    return datetime.date(2025, 9, n)


@pytest.fixture
def need(followed: Project, planning: Any, force_member: User) -> SupportNeed:
    return raised(followed, planning, force_member)


def raised(project: Project, department: Any, by: User, **facts: Any) -> SupportNeed:
    given = {
        "kind": SupportKind.POWER,
        "text": " 10千伏专线供电 ",
        "amount": Decimal(5000),
        "unit": "千伏安",
        "needed_by": datetime.date(2025, 10, 31),
        "on": day(8),
        **facts,
    }
    return support.raise_need(project, department=department, by=by, today=TODAY, **given)


def told(need: SupportNeed) -> list[tuple[str, str, datetime.date, str]]:
    return [(e.source, e.target, e.on, e.note) for e in need.events.order_by("pk")]


def by(user: User, n: int = 10, **facts: Any) -> dict[str, Any]:
    return {"on": day(n), "by": user, "today": TODAY, **facts}


# --- Raising ------------------------------------------------------------------------------------


def test_a_need_stands_raised_with_its_first_step(need, planning, force_member):
    assert (need.text, need.state, need.state_since, need.department, need.raised_by) == (
        "10千伏专线供电",
        S.RAISED,
        day(8),
        planning,
        force_member,
    )
    assert told(need) == [("", S.RAISED, day(8), "")]


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        ({"on": day(20)}, "future"),
        ({"needed_by": day(7)}, "before it was raised"),
        ({"text": "  "}, "what is needed"),
        ({"unit": ""}, "unit"),
        ({"amount": None}, "unit"),
    ],
)
def test_a_need_that_contradicts_itself_is_refused(followed, planning, force_member, facts, sentence, en):
    with pytest.raises(support.CannotRaise, match=sentence):
        raised(followed, planning, force_member, **facts)
    assert not SupportNeed.objects.exists()


def test_needs_are_raised_for_signed_projects_that_go_on(followed, planning, force_member, en):
    with pytest.raises(support.CannotRaise, match="signed"):
        raised(factories.project(Stage.NEGOTIATION), planning, force_member)
    followed.status = Status.ENDED
    with pytest.raises(support.CannotRaise, match="ended"):
        raised(followed, planning, force_member)


# --- Meeting it -----------------------------------------------------------------------------------


def test_a_need_is_taken_on_partly_met_and_met(need, department_officer):
    support.take_on(need, officer="韦工", **by(department_officer, 9))
    support.meet_partly(need, note="临时用电已通", met_amount=Decimal(2000), **by(department_officer, 12))
    support.meet(need, note="专线已送电", **by(department_officer, 18))

    need.refresh_from_db()
    assert (need.state, need.officer, need.met_amount, need.closed_on, need.version) == (
        S.MET,
        "韦工",
        Decimal(5000),
        day(18),
        4,
    )
    assert told(need)[1:] == [
        (S.RAISED, S.ACCEPTED, day(9), ""),
        (S.ACCEPTED, S.PARTLY_MET, day(12), "临时用电已通"),
        (S.PARTLY_MET, S.MET, day(18), "专线已送电"),
    ]
    assert [event.met_amount for event in need.events.order_by("pk")] == [None, None, 2000, 5000]


@pytest.mark.parametrize("amount", [None, Decimal(0), Decimal(5000), Decimal(6000)])
def test_partly_met_lies_between_nothing_and_all(need, department_officer, amount):
    support.take_on(need, officer="韦工", **by(department_officer))
    with pytest.raises(support.CannotServe):
        support.meet_partly(need, note="已通", met_amount=amount, **by(department_officer))
    assert need.state == S.ACCEPTED


def test_a_need_without_an_amount_is_partly_met_in_words(followed, planning, force_member):
    need = raised(followed, planning, force_member, amount=None, unit="", kind=SupportKind.LABOUR)
    support.take_on(need, officer="韦工", **by(force_member))
    with pytest.raises(support.CannotServe):
        support.meet_partly(need, note="到岗一半", met_amount=Decimal(1), **by(force_member))

    support.meet_partly(need, note="到岗一半", **by(force_member))
    assert need.state == S.PARTLY_MET


def test_what_cannot_be_met_says_why_and_can_be_raised_again(need, department_officer, force_member, en):
    with pytest.raises(support.CannotServe, match="why it cannot be met"):
        support.refuse(need, reason=" ", **by(department_officer))
    support.refuse(need, reason="变电站容量不足，2026年扩容后再申请", **by(department_officer))
    assert (need.state, need.closed_on) == (S.REFUSED, day(10))
    with pytest.raises(support.CannotServe, match="needed after all"):
        support.raise_again(need, reason="", **by(force_member))

    support.raise_again(need, reason="扩容提前", **by(force_member, 15))

    assert (need.state, need.closed_on, need.met_amount) == (S.RAISED, None, None)


def test_what_is_no_longer_needed_leaves_the_rate(followed, planning, force_member):
    dropped, met, open_need = (raised(followed, planning, force_member) for _turn in range(3))
    support.drop(dropped, reason="企业自备", **by(force_member))
    support.take_on(met, officer="韦工", **by(force_member))
    support.meet(met, note="已供电", **by(force_member))

    needs = SupportNeed.objects.all()
    assert (needs.counted().count(), needs.met().count(), needs.met_in_time().count()) == (2, 1, 1)
    assert list(needs.open()) == [open_need]
    assert list(needs.overdue(datetime.date(2025, 11, 1))) == [open_need]


def test_met_after_its_day_is_not_met_in_time(need, force_member):
    SupportNeed.objects.update(needed_by=day(9))
    need.refresh_from_db()
    support.take_on(need, officer="韦工", **by(force_member))
    support.meet(need, note="已供电", **by(force_member))

    assert not SupportNeed.objects.met_in_time().exists()


# --- Another department, another day ------------------------------------------------------------


def test_another_department_takes_it_on_anew(need, planning, force_member, department_officer, en):
    support.take_on(need, officer="韦工", **by(department_officer, 9))
    grid = factories.agency(name="柳州供电局")
    with pytest.raises(support.CannotServe, match="responsible already"):
        support.reassign(need, department=planning, reason="应由供电局负责", **by(force_member))

    event = support.reassign(need, department=grid, reason="应由供电局负责", **by(force_member))

    need.refresh_from_db()
    assert (need.department, need.officer, need.state) == (grid, "", S.RAISED)
    assert (event.department, event.note) == (grid, "应由供电局负责")
    assert not SupportNeed.objects.visible_to(department_officer).exists()


def test_the_day_moves_with_a_reason_and_stays_in_the_history(need, force_member, en):
    for facts in ({"needed_by": need.needed_by, "reason": "推迟"}, {"needed_by": day(30), "reason": ""}):
        with pytest.raises(support.CannotServe):
            support.move_day(need, **facts, **by(force_member))
    with pytest.raises(support.CannotServe, match="before it was raised"):
        support.move_day(need, needed_by=day(1), reason="提前", **by(force_member))

    support.move_day(need, needed_by=day(30), reason="设备提前到货", **by(force_member))

    assert (need.needed_by, need.state, need.version) == (day(30), S.RAISED, 2)
    assert need.events.latest("pk").needed_by == day(30)


def test_what_is_closed_is_neither_moved_nor_reassigned(need, force_member):
    support.drop(need, reason="企业自备", **by(force_member))
    with pytest.raises(support.CannotServe):
        support.move_day(need, needed_by=day(30), reason="推迟", **by(force_member))
    with pytest.raises(support.CannotServe):
        support.reassign(need, department=factories.agency(), reason="转办", **by(force_member))


# --- Impossible ---------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [7, 20])
def test_a_step_lies_neither_before_the_last_one_nor_in_the_future(need, force_member, n):
    with pytest.raises(support.CannotServe):
        support.take_on(need, officer="韦工", **by(force_member, n))
    assert need.events.count() == 1


def test_a_step_that_is_not_in_the_table_names_both_states(need, force_member, en):
    with pytest.raises(support.CannotServe, match="“Raised” cannot become “Met”"):
        support.meet(need, note="已供电", **by(force_member))
    with pytest.raises(support.CannotServe, match="person in charge"):
        support.take_on(need, officer=" ", **by(force_member))


def test_of_two_at_once_the_second_is_told_who_was_first(need, force_member, department_officer):
    same = SupportNeed.objects.get(pk=need.pk)
    support.take_on(need, officer="韦工", **by(department_officer))

    with pytest.raises(support.CannotServe, match=department_officer.name):
        support.drop(same, reason="企业自备", **by(force_member))
    with pytest.raises(support.CannotServe, match=department_officer.name):
        support.meet(need, note="已供电", version=1, **by(force_member))


def test_steps_are_never_changed(need):
    event = need.events.get()
    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
        SupportEvent.objects.filter(pk=event.pk).update(note="改")
    with pytest.raises(IntegrityError), transaction.atomic():
        SupportNeed.objects.filter(pk=need.pk).update(state=S.MET)


# --- Who sees and works on it -------------------------------------------------------------------


def test_department_team_and_owners_see_a_need_and_others_do_not(
    need, department_officer, service_member, force_member, stranger, clerk, system_admin, statistician
):
    seen = {
        user: SupportNeed.objects.visible_to(user).exists()
        for user in (
            department_officer,
            service_member,
            force_member,
            clerk,
            stranger,
            system_admin,
            statistician,
        )
    }
    assert list(seen.values()) == [True, True, True, True, False, False, False]
    assert Project.objects.visible_to(department_officer).get() == need.project


def test_a_need_waits_for_the_department_until_it_is_taken_on_and_when_it_is_due(
    need, department_officer, force_member
):
    def waits(until: datetime.date) -> bool:
        return SupportNeed.objects.waiting_for(department_officer, until=until).exists()

    assert waits(day(20))
    support.take_on(need, officer="韦工", **by(department_officer))
    assert (waits(day(20)), waits(datetime.date(2025, 10, 31))) == (False, True)
    assert SupportNeed.objects.waiting_for(department_officer).exists()
    assert not SupportNeed.objects.waiting_for(force_member).exists()
