import datetime
import re
import threading
from decimal import Decimal

import pytest
from django.conf import settings
from django.db import DatabaseError, connections, transaction
from django.test import Client
from django.urls import reverse
from django.utils import translation
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from core import clock, triggers
from projects import progress, rules
from projects.choices import Stage, Status
from projects.models import ProgressReport, Project, standing_of
from projects.progress import CannotReport, ReportedMeanwhile, Told
from tests import factories
from tests.api import Caller

TODAY = datetime.date(2026, 3, 20)
JANUARY, FEBRUARY, MARCH, APRIL = (datetime.date(2026, month, 1) for month in (1, 2, 3, 4))


@pytest.fixture(autouse=True)
def _in_english():
    with translation.override("en"):
        yield


@pytest.fixture
def project(steel, liubei, clerk):
    return factories.project(
        Stage.CONSTRUCTION,
        task_force=steel,
        reporting_unit=liubei,
        created_by=clerk,
        contracted=Decimal(10_000),
    )


def report(project, by, month, invested, funds=0, **more):
    given = {"today": TODAY, **more}
    return progress.report(
        project=project,
        month=month,
        invested=Decimal(invested),
        funds_in_place=Decimal(funds),
        by=by,
        **given,
    )


def refusal(*args, **kwargs) -> str:
    with pytest.raises(CannotReport) as raised, transaction.atomic():
        report(*args, **kwargs)
    return str(raised.value)


# --- One report ----------------------------------------------------------------------------------


def test_a_second_report_of_a_month_stands_and_the_first_is_kept(project, county_officer, clerk):
    report(project, county_officer, MARCH, 10, physical="基础施工", today=datetime.date(2026, 3, 9))
    report(project, clerk, TODAY, 12, 5, physical="主体施工", blocked_by="用电")

    history = project.progress_reports.order_by("version")
    assert list(
        history.values_list("version", "invested", "funds_in_place", "physical", "recorded_on", "by")
    ) == [
        (1, Decimal(10), Decimal(0), "基础施工", datetime.date(2026, 3, 9), county_officer.pk),
        (2, Decimal(12), Decimal(5), "主体施工", TODAY, clerk.pk),
    ]
    standing = project.progress_reports.standing
    assert [one.version for one in standing()] == [2]
    assert [one.version for one in standing(known_on=datetime.date(2026, 3, 19))] == [1]
    assert [one.version for one in standing(known_on=datetime.date(2026, 3, 8))] == []


def test_the_same_report_again_writes_nothing(project, county_officer):
    first = report(project, county_officer, MARCH, 10, physical="基础施工")

    assert report(project, county_officer, MARCH, 10, physical="基础施工") == first
    assert project.progress_reports.count() == 1


def test_report_refuses(project, county_officer):
    report(project, county_officer, JANUARY, 100, 50)
    report(project, county_officer, MARCH, 300, 200)

    assert refusal(project, county_officer, APRIL, 400) == "This month has not begun yet."
    assert refusal(project, county_officer, FEBRUARY, -1) == "Amounts are cumulative and never below zero."
    assert refusal(project, county_officer, FEBRUARY, 99, 60) == (
        "Amounts are cumulative: 2026-01 stood at 100 万元. If that was wrong, give the reason."
    )
    assert refusal(project, county_officer, FEBRUARY, 200, 201) == (
        "Amounts are cumulative: 2026-03 stands at only 200 万元. If that is right, give the reason."
    )
    assert refusal(project, county_officer, MARCH, 15_001, 200) == (
        "15,001 万元 is far more than the contract of 10,000 万元. Is it in 万元, not in yuan?"
        " If it is right, say so below and save again."
    )
    project.status = Status.ENDED
    assert refusal(project, county_officer, MARCH, 300) == (
        "This project has ended. Nothing more is reported of it."
    )
    assert project.progress_reports.count() == 2


def test_an_amount_may_fall_for_a_reason_and_stand_out_when_somebody_is_sure(project, county_officer):
    report(project, county_officer, FEBRUARY, 20_000, is_sure=True)
    report(project, county_officer, MARCH, 18_000, reason="上月误按合同额填报")

    assert list(project.progress_reports.order_by("month").values_list("invested", "reason")) == [
        (Decimal(20_000), ""),
        (Decimal(18_000), "上月误按合同额填报"),
    ]


def test_a_closed_month_takes_no_report(project, county_officer, monkeypatch):
    monkeypatch.setattr(rules, "CLOSED_MONTHS", [lambda before: {FEBRUARY} if before > MARCH else set()])

    assert refusal(project, county_officer, FEBRUARY, 10) == (
        "2026-02 is closed: its figures stay as they were published."
        " Put it right in the report of the current month and give the reason."
    )
    assert report(project, county_officer, MARCH, 10, reason="更正2月").month == MARCH


def test_who_comes_second_is_told(project, county_officer, clerk):
    report(project, county_officer, MARCH, 10)

    with pytest.raises(ReportedMeanwhile):
        report(project, clerk, MARCH, 20, seen_version=0)
    report(project, clerk, MARCH, 20, seen_version=1)

    assert [(one.version, one.invested) for one in project.progress_reports.standing()] == [(2, 20)]


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_each_leaves_a_version_or_is_told(project, county_officer):
    outcomes = []

    def one(amount: int) -> None:
        try:
            outcomes.append(report(project, county_officer, MARCH, amount).version)
        except ReportedMeanwhile:
            outcomes.append(0)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=one, args=(amount,)) for amount in (10, 20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    versions = sorted(project.progress_reports.values_list("version", flat=True))
    assert versions == sorted(filter(None, outcomes))
    assert versions in ([1], [1, 2])


def test_a_report_is_never_changed_or_deleted(project, county_officer):
    report(project, county_officer, MARCH, 10)
    triggers.install()
    for act in (lambda: ProgressReport.objects.update(invested=1), ProgressReport.objects.all().delete):
        with pytest.raises(DatabaseError, match="never changed or deleted"), transaction.atomic():
            act()
    triggers.remove()

    assert list(project.progress_reports.values_list("invested", flat=True)) == [10]


# --- Many at once ----------------------------------------------------------------------------------


def test_all_of_a_table_are_written_or_none(project, county_officer, clerk):
    other = factories.project(Stage.CONSTRUCTION, reporting_unit=project.reporting_unit)
    told = {one.pk: Told(Decimal(10), Decimal(5)) for one in (project, other)}
    report(other, clerk, MARCH, 7)

    with pytest.raises(ReportedMeanwhile):
        progress.report_all(
            month=MARCH, told=told, by=county_officer, today=TODAY, seen={project.pk: 0, other.pk: 0}
        )

    assert list(ProgressReport.objects.values_list("project", "invested")) == [(other.pk, Decimal(7))]
    made = progress.report_all(month=MARCH, told=told, by=county_officer, today=TODAY)
    assert sorted((one.project_id, one.version) for one in made) == [(project.pk, 1), (other.pk, 2)]


@pytest.mark.parametrize("count", [1, 5])
def test_reporting_many_costs_the_same(count, steel, county_officer, django_assert_num_queries):
    told = {
        factories.project(Stage.CONSTRUCTION, task_force=steel).pk: Told(Decimal(1), Decimal(1))
        for _n in range(count)
    }

    with django_assert_num_queries(9):  # closed months, three readings, one writing, savepoints
        progress.report_all(month=MARCH, told=told, by=county_officer, today=TODAY)


# --- What stands -----------------------------------------------------------------------------------

DAYS = [MARCH + datetime.timedelta(days=n) for n in range(6)]
ENTRIES = st.lists(
    st.tuples(
        st.sampled_from([0, 1]),  # which project
        st.sampled_from([JANUARY, FEBRUARY, MARCH]),
        st.sampled_from(DAYS),  # recorded on, in any order
    ),
    max_size=12,
)


@given(entries=ENTRIES, known_on=st.sampled_from([*DAYS, None]), month=st.sampled_from([FEBRUARY, MARCH]))
@examples(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_stood_on_a_day_is_what_was_said_last_by_then(project, entries, known_on, month):
    with transaction.atomic():
        other = factories.project(Stage.CONSTRUCTION, task_force=project.task_force)
        told: dict[tuple[int, datetime.date], list[ProgressReport]] = {}
        for which, about, day in entries:
            pk = (project, other)[which].pk
            versions = told.setdefault((pk, about), [])
            versions.append(
                ProgressReport(
                    project_id=pk,
                    month=about,
                    version=len(versions) + 1,
                    recorded_on=day,
                    by=project.created_by,
                )
            )
        ProgressReport.objects.bulk_create(one for versions in told.values() for one in versions)

        known = {
            key: [one for one in versions if known_on is None or one.recorded_on <= known_on]
            for key, versions in told.items()
        }
        last = {key: versions[-1].pk for key, versions in known.items() if versions}
        reports = ProgressReport.objects
        assert set(reports.standing(known_on).values_list("pk", flat=True)) == set(last.values())

        newest: dict[int, int] = {}
        for pk, about in sorted(last):
            if about <= month:
                newest[pk] = last[pk, about]
        assert dict(reports.last_told(month, known_on).values_list("project", "pk")) == newest
        if known_on is None:
            mine = [one.pk for one in standing_of(project.progress_reports.all())]
            assert mine == [last[key] for key in sorted(last, reverse=True) if key[0] == project.pk]
        transaction.set_rollback(True)


# --- Pages -----------------------------------------------------------------------------------------

TABLE = reverse("projects:report_month")


@pytest.fixture
def _today(monkeypatch):
    monkeypatch.setattr(clock, "today", lambda: TODAY)


@pytest.fixture
def browse(_today):
    def sign_in(user) -> Client:
        client = Client()
        client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
        client.force_login(user)
        return client

    return sign_in


def row(project, invested="", funds="", version="", **more):
    given = {"invested": invested, "funds_in_place": funds, "version": version, **more}
    return {f"p{project.pk}-{name}": value for name, value in given.items()}


def sent(*rows, token="t"):
    projects = {name.partition("-")[0][1:] for one in rows for name in one}
    return {
        "project": sorted(projects),
        "form_token": token,
        **{k: v for one in rows for k, v in one.items()},
    }


def words(response) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", response.content.decode()).split())


@pytest.fixture
def two(steel, liubei, clerk):
    return [
        factories.project(
            Stage.CONSTRUCTION,
            name=name,
            task_force=steel,
            reporting_unit=liubei,
            created_by=clerk,
            contracted=Decimal(10_000),
            stage_since=datetime.date(2025, 6, 1),
        )
        for name in ("恒瑞项目", "宏宇项目")
    ]


def test_a_unit_s_table_begins_with_the_month_before_and_saves_all_rows(browse, county_officer, two):
    factories.progress_report(two[0], JANUARY, invested=1_000, funds_in_place=900, physical="主体施工")
    client = browse(county_officer)

    shown = client.get(TABLE)
    answer = client.post(
        TABLE, sent(row(two[0], "1,200.5", "900", physical="封顶"), row(two[1], "30万元", "0"))
    )

    assert 'value="1000.00"' in shown.content.decode()
    assert "2026-01: 1,000" in words(shown)
    assert "0 of 2 projects reported" in words(shown)
    assert answer.status_code == 302
    standing = ProgressReport.objects.standing().filter(month=FEBRUARY).order_by("project")
    assert list(standing.values_list("project", "invested", "funds_in_place", "physical", "by")) == [
        (two[0].pk, Decimal("1200.50"), Decimal(900), "封顶", county_officer.pk),
        (two[1].pk, Decimal(30), Decimal(0), "", county_officer.pk),
    ]
    assert "2 of 2 projects reported" in words(client.get(TABLE))


def test_one_wrong_row_saves_nothing_and_loses_nothing(browse, county_officer, two):
    factories.progress_report(two[0], JANUARY, invested=1_000)
    client = browse(county_officer)

    answer = client.post(TABLE, sent(row(two[0], "999", "0"), row(two[1], "77.5", "3", physical="基坑支护")))

    assert answer.status_code == 422
    assert "one project needs another look" in words(answer)
    assert "2026-01 stood at 1,000 万元" in words(answer)
    assert all(f'value="{typed}"' in answer.content.decode() for typed in ("999", "77.5", "基坑支护"))
    assert not ProgressReport.objects.filter(month=FEBRUARY).exists()

    reason = row(two[0], "999", "0", reason="上月多报")
    assert client.post(TABLE, sent(reason, row(two[1], "77.5", "3"))).status_code == 302
    assert ProgressReport.objects.filter(month=FEBRUARY).count() == 2


def test_a_row_without_amounts_is_left_unreported(browse, county_officer, two):
    browse(county_officer).post(TABLE, sent(row(two[0]), row(two[1], "5", "5")))

    assert list(ProgressReport.objects.values_list("project", flat=True)) == [two[1].pk]


def test_an_absurd_sum_is_asked_back_once(browse, county_officer, two):
    client = browse(county_officer)

    asked = client.post(TABLE, sent(row(two[0], "1200000", "0")))
    assert "far more than the contract of 10,000 万元" in words(asked)
    assert f'name="p{two[0].pk}-is_sure"' in asked.content.decode()

    assert client.post(TABLE, sent(row(two[0], "16000", "0", is_sure="on"))).status_code == 302


def test_who_saves_a_table_second_sees_what_the_first_has_reported(browse, county_officer, clerk, two):
    client = browse(county_officer)
    progress.report_all(month=FEBRUARY, told={two[0].pk: Told(Decimal(8), Decimal(7))}, by=clerk, today=TODAY)

    second = client.post(TABLE, sent(row(two[0], "10", "7", version="0")))
    assert second.status_code == 422
    assert f"{clerk.name} has just reported this project: 8 invested, 7 in place" in words(second)
    assert f'name="p{two[0].pk}-version" value="1"' in second.content.decode()

    client.post(TABLE, sent(row(two[0], "10", "7", version="1")))
    assert [(one.version, one.invested) for one in ProgressReport.objects.standing()] == [(2, 10)]


def test_each_office_has_its_own_table_and_the_bureau_all(
    browse, county_officer, force_member, clerk, leader, two, auto, luzhai
):
    since = datetime.date(2025, 6, 1)
    factories.project(
        Stage.CONSTRUCTION, name="别处项目", task_force=auto, reporting_unit=luzhai, stage_since=since
    )

    assert "别处项目" not in words(browse(county_officer).get(f"{TABLE}?of=unit:{luzhai.code}&month=2026-03"))
    assert "恒瑞项目" in words(browse(force_member).get(f"{TABLE}?month=2026-03"))
    assert "别处项目" in words(browse(clerk).get(f"{TABLE}?of=unit:{luzhai.code}&month=2026-03"))
    assert browse(leader).get(TABLE).status_code == 403
    other = Project.objects.get(name="别处项目")
    browse(county_officer).post(f"{TABLE}?of=unit:{luzhai.code}", sent(row(other, "1", "1")))
    assert not other.progress_reports.exists()


def test_the_table_asks_the_same_for_one_and_three(browse, county_officer, two, count_queries):
    client = browse(county_officer)
    client.get(TABLE)
    first = count_queries(lambda: client.get(TABLE))
    one = factories.project(
        Stage.CONSTRUCTION,
        task_force=two[0].task_force,
        reporting_unit=two[0].reporting_unit,
        stage_since=datetime.date(2025, 6, 1),
    )
    factories.progress_report(one, JANUARY, invested=5)

    assert count_queries(lambda: client.get(TABLE)) == first


# --- API -------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("_today")
def test_progress_over_the_api(county_officer, project):
    api = Caller()
    api.force_login(county_officer)
    address = f"/api/v1/projects/{project.pk}/progress/"

    made = api.send(address, month="2026-02", invested="1,200", funds_in_place="800", physical="基础")
    again = api.send(address, month="2026-02", invested="1,300", funds_in_place="800")
    less = api.send(address, month="2026-03", invested="1", funds_in_place="800")

    assert (made.status_code, made.json()["invested"]) == (201, "1200.00")
    assert (again.json()["version"], less.status_code) == (2, 400)
    assert list(less.json()["errors"]) == ["invested"]
    assert [(one["month"], one["version"]) for one in api.get(address).json()["results"]] == [
        ("2026-02", 2),
        ("2026-02", 1),
    ]
