"""The morning's list: who gets it, once a day, and what it says."""

import datetime
from concurrent.futures import ThreadPoolExecutor

import pytest
import time_machine
from django.core import mail
from django.db import connection
from django.utils import timezone, translation

from accounts import mailing
from accounts.models import MailChoice, Notification, User
from accounts.notifications import sentence_of
from accounts.roles import Role
from briefings import digest, tasks
from liuzhou_invest.celery import app
from projects.choices import Stage, Status
from tests import factories

FRIDAY = datetime.date(2026, 3, 20)
DAY = datetime.timedelta(days=1)


@pytest.fixture
def lead(force_lead, steel) -> User:
    """For whom three things wait: two stalls since March, and a pause that is over today."""
    User.objects.filter(pk=force_lead.pk).update(email="lead@example.cn")
    project = factories.project(Stage.SIGNING, task_force=steel)
    for code in ("S1", "S3"):
        factories.stall_flag(factories.item(project), code=code)
    factories.project(task_force=steel, status=Status.PAUSED, status_reason="用地", paused_until=FRIDAY)
    return force_lead


def told() -> list[tuple]:
    rows = Notification.objects.filter(kind="digest").order_by("pk")
    return [(n.user.username, n.key, n.facts) for n in rows]


def test_each_person_is_told_how_much_waits_once_a_day(lead, county_officer):
    assert [digest.tell(FRIDAY) for _turn in range(2)] == [1, 1]

    assert told() == [
        ("force_lead", "digest-2026-03-20", {"count": "3", "overdue": 2, "today": 1, "week": 0})
    ]
    with translation.override("en"):
        assert sentence_of(Notification.objects.get()) == (
            "Waiting for you today: 3. Overdue 2, due today 1, within a week 0."
        )


def test_it_goes_out_as_one_mail_without_a_name_in_it(lead):
    digest.tell(FRIDAY)
    digest.tell(FRIDAY)

    assert mailing.send(timezone.now() + DAY) == 1
    (sent,) = mail.outbox
    assert sent.subject == "【柳州招商】今日待办 3 项：已逾期 2 项，今日到期 1 项，一周内到期 0 项。"
    assert "项目" not in sent.body.replace(lead.name, "")


def test_nothing_waits_and_nobody_is_told(force_lead, leader, system_admin):
    assert digest.tell(FRIDAY) == 0
    assert told() == []


def test_who_wants_no_mails_finds_it_in_the_program(lead):
    User.objects.update(mails=MailChoice.NONE)

    digest.tell(FRIDAY)

    assert len(told()) == 1
    assert mailing.send(timezone.now() + DAY) == 0


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (FRIDAY, 1),
        (FRIDAY + DAY, 0),  # a Saturday
        (datetime.date(2026, 2, 14), 1),  # a Saturday that is worked
        (datetime.date(2026, 2, 17), 0),  # Spring Festival
        (datetime.date(2028, 2, 29), 1),
    ],
)
def test_only_working_days_have_a_list(lead, day, expected):
    assert digest.tell(day) == expected


def test_it_counts_what_is_on_today_and_says_when_there_is_more(lead, steel):
    project = factories.project(Stage.SIGNING, task_force=steel)
    for _turn in range(20):
        factories.stall_flag(factories.item(project))

    digest.tell(FRIDAY)

    assert told()[0][2]["count"] == "21+"


@pytest.mark.django_db(transaction=True)
def test_two_workers_tell_everybody_once():
    steel = factories.task_force()
    people = [factories.user(Role.FORCE_LEAD, task_force=steel, is_lead=True) for _turn in range(3)]
    factories.stall_flag(factories.item(factories.project(Stage.SIGNING, task_force=steel)))

    def work(_turn: int) -> int:
        try:
            return digest.tell(FRIDAY)
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(work, range(3)))

    assert sorted(username for username, _key, _facts in told()) == sorted(p.username for p in people)


def test_the_task_runs_at_half_past_seven_and_asks_the_calendar(lead):
    row = app.conf.beat_schedule["what waits for each person"]
    assert (row["task"], str(row["schedule"])) == (
        "briefings.tasks.tell_what_waits",
        "<crontab: 30 7 * * * (m/h/dM/MY/d)>",
    )
    east = datetime.timezone(datetime.timedelta(hours=8))
    for day in (FRIDAY, FRIDAY + DAY):
        with time_machine.travel(datetime.datetime.combine(day, datetime.time(7, 30), east), tick=False):
            tasks.tell_what_waits()

    assert [key for _user, key, _facts in told()] == ["digest-2026-03-20"]
