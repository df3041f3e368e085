"""The page of a job and the audit trail."""

import pytest
from django.test import Client
from django.utils import translation

from core import audit, jobs
from core.models import AuditEntry, Job
from projects.models import Enterprise
from tests import factories


@pytest.fixture(autouse=True)
def english():
    with translation.override("en"):
        yield


def signed_in(user) -> Client:
    client = factories.in_english()
    client.force_login(user)
    return client


# --- Long work ---------------------------------------------------------------------------------------


@pytest.fixture
def job(clerk) -> Job:
    return jobs.start(kind="long_work", key="k", arguments={"name": "Briefings of July"}, asked_by=clerk)


@pytest.fixture(autouse=True)
def kinds():
    before = dict(jobs.KINDS)
    jobs.runs("long_work", title="%(name)s", page=lambda job: "/outcome/")(lambda job: None)
    yield
    jobs.KINDS.clear()
    jobs.KINDS.update(before)


def test_a_job_is_found_by_whoever_asked_and_by_administrators(job, clerk, leader, system_admin):
    answers = [signed_in(user).get(f"/jobs/{job.pk}/").status_code for user in (clerk, leader, system_admin)]

    assert answers == [200, 404, 200]


def test_a_job_under_way_shows_how_far_it_is_and_asks_again(job, clerk):
    claimed = jobs.claim(job.pk)
    assert claimed
    jobs.progress(claimed, 5, 22)

    page = signed_in(clerk).get(f"/jobs/{job.pk}/").content.decode()

    assert "Briefings of July" in page
    assert '<progress value="5" max="22">' in page
    assert f'hx-get="/jobs/{job.pk}/"' in page
    assert "/outcome/" not in page


def test_a_finished_job_leads_to_its_outcome_and_asks_no_more(job, clerk):
    jobs.finish(jobs.claim(job.pk))  # type: ignore[arg-type]

    part = signed_in(clerk).get(f"/jobs/{job.pk}/", headers={"hx-request": "true"}).content.decode()

    assert "<html" not in part
    assert "hx-get" not in part
    assert 'href="/outcome/"' in part


def test_a_failed_job_says_why(job, clerk):
    jobs.fail(jobs.claim(job.pk), "The workbook has no sheet “visits”.")  # type: ignore[arg-type]

    page = signed_in(clerk).get(f"/jobs/{job.pk}/").content.decode()

    assert "The workbook has no sheet “visits”." in page
    assert "hx-get" not in page.partition("<main")[2]


def test_whoever_asked_finds_the_work_again_and_nobody_else(job, clerk, leader):
    jobs.finish(jobs.claim(job.pk))  # type: ignore[arg-type]

    pages = [signed_in(user).get("/jobs/").content.decode() for user in (clerk, leader)]

    assert [f'href="/jobs/{job.pk}/"' in page for page in pages] == [True, False]
    assert ['href="/outcome/"' in page for page in pages] == [True, False]


def test_only_work_of_that_kind_is_cancelled_on_its_page_and_only_by_whoever_asked(clerk, system_admin):
    def cancelled(kind: str, by) -> str:
        job = jobs.start(
            kind=kind, key=f"{kind} {by}", arguments={"name": "甲", "title": "甲"}, asked_by=clerk
        )
        page = signed_in(by).get(f"/jobs/{job.pk}/").content.decode()
        assert ("Cancel this work" in page) == (kind == "export" and by == clerk)
        signed_in(by).post(f"/jobs/{job.pk}/cancel/")
        job.refresh_from_db()
        return job.state

    asked = [("export", clerk), ("export", system_admin), ("long_work", clerk)]
    assert [cancelled(kind, by) for kind, by in asked] == ["cancelled", "waiting", "waiting"]


# --- The audit trail -----------------------------------------------------------------------------------


@pytest.fixture
def auditor(audit_admin) -> Client:
    return signed_in(audit_admin)


def shown(response) -> list[tuple[str, str, str, list[tuple[str, str, str]]]]:
    return [
        (entry.who, entry.what, entry.action, [(c.label, c.old, c.new) for c in entry.changes])
        for entry in response.context["entries"]
    ]


@pytest.fixture
def changed(clerk, leader) -> Enterprise:
    with audit.acting(clerk):
        made = factories.enterprise(name="柳江机械有限公司")
    with audit.acting(leader):
        Enterprise.objects.filter(pk=made.pk).update(origin="浙江")
    return made


def test_the_trail_says_who_changed_what(auditor, changed):
    entries = shown(auditor.get("/audit/"))

    assert entries[0] == ("覃局长", "Enterprise", "Changed", [("Comes from", "—", "浙江")])
    assert entries[1][:3] == ("韦经办", "Enterprise", "Entered")
    assert ("Name", "—", "柳江机械有限公司") in entries[1][3]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("table=projects_enterprise", 2),
        ("table=projects_enterprise&who=leader", 1),
        ("table=projects_enterprise&who=经办", 1),
        ("table=projects_enterprise&who=nobody", 0),
        ("table=projects_enterprise&on_after=2100-01-01", 0),
        ("table=projects_enterprise&on_before=2100-01-01", 2),
        ("table=projects_enterprise&on_after=yesterday", 0),
        ("table=projects_enterprise&after=1", 0),
        ("table=projects_enterprise&after=one", 2),
        ("table=projects_enterprise&row_id=0", 0),
        ("table=auth_user", 0),
    ],
)
def test_the_trail_is_narrowed_by_table_row_person_and_day(auditor, changed, query, count):
    response = auditor.get(f"/audit/?{query}")

    assert response.status_code == 200
    assert len(response.context["entries"]) == count


def test_the_history_of_one_row_is_the_trail_narrowed_to_it(auditor, changed):
    factories.enterprise()

    entries = shown(auditor.get(f"/audit/?table=projects_enterprise&row_id={changed.pk}"))

    assert [(who, action) for who, _what, action, _changes in entries] == [
        ("覃局长", "Changed"),
        ("韦经办", "Entered"),
    ]


def test_a_long_trail_is_read_by_key_without_a_gap(auditor):
    for _ in range(60):
        factories.enterprise()

    first = auditor.get("/audit/?table=projects_enterprise")
    second = auditor.get(f"/audit/?table=projects_enterprise&after={first.context['after']}")

    ids = [entry.id for page in (first, second) for entry in page.context["entries"]]
    everything = AuditEntry.objects.filter(table="projects_enterprise").order_by("-id")
    assert ids == list(everything.values_list("id", flat=True))
    assert (len(first.context["entries"]), second.context["after"]) == (50, None)


def test_the_trail_asks_as_often_for_three_rows_as_for_one(auditor, count_queries, clerk):
    def page() -> None:
        auditor.get("/audit/?table=projects_project")

    with audit.acting(clerk):
        factories.project()
    one = count_queries(page)
    with audit.acting(clerk):
        factories.project()
        factories.project()

    assert count_queries(page) == one


def test_the_trail_is_for_the_auditor(clerk, leader, system_admin, security_admin):
    users = (clerk, leader, system_admin, security_admin)

    assert [signed_in(user).get("/audit/").status_code for user in users] == [403] * 4
