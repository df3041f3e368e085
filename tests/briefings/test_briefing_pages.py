import datetime
import io

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from docx import Document

from briefings import drafting
from briefings.choices import BriefingState, ReviewKind
from briefings.models import Briefing, Review
from core.models import Job
from tests import factories
from tests.briefings import march
from tests.briefings.march import MARCH, TODAY

LIST = reverse("briefings:list")


@pytest.fixture(autouse=True)
def first_of_april():
    with time_machine.travel(datetime.datetime(2026, 4, 1, 1, 0, tzinfo=datetime.UTC), tick=False):
        yield


@pytest.fixture
def city(steel, auto, liubei, luzhai):
    return march.build(steel, auto, liubei, luzhai)


@pytest.fixture
def drafted(city, clerk):
    drafting.draft(MARCH, today=TODAY, by=clerk)
    return city


def of(key):
    return Briefing.objects.get(period__month=MARCH, scope_key=key)


def page_of(key):
    return reverse("briefings:briefing", args=[of(key).pk])


@pytest.fixture
def as_(client):
    """Open a page, or post to it, as somebody."""

    def act(user, path, data=None, **extra):
        client.force_login(user)
        return client.get(path, **extra) if data is None else client.post(path, data, **extra)

    return act


@pytest.fixture
def step(as_):
    """Take a step of a briefing as its page would send it."""

    def take(user, key, slug, **given):
        briefing = of(key)
        given.setdefault("version", briefing.version)
        return as_(user, reverse("briefings:step", args=[briefing.pk, slug]), given)

    return take


@pytest.fixture
def write(as_):
    """Write own words around a section, as its page would send them."""

    def take(user, key, section, **given):
        briefing = of(key)
        given.setdefault("version", briefing.version)
        return as_(user, reverse("briefings:words", args=[briefing.pk, section]), given)

    return take


# --- The whole way ---------------------------------------------------------------------------------


def test_a_briefing_goes_its_whole_way_through_the_hands_of_five(
    drafted, as_, step, write, clerk, leader, force_lead, city_leader, stranger
):
    step(force_lead, "force:steel", "dispute", figure="contracted:year", reason="少计一个增资项目")
    review = Review.objects.get(kind=ReviewKind.DISPUTED)
    project = factories.project("signing", task_force=drafted.steel, reporting_unit=drafted.luzhai)
    factories.verified_event(project, signed_on=march.march(30), verified_on=TODAY)
    as_(
        clerk,
        reverse("briefings:answer", args=[review.pk]),
        {"text": "已补录", "version": of("force:steel").version},
    )
    step(force_lead, "force:steel", "confirm")
    write(clerk, "force:steel", "end", text="请抓紧推进。")
    step(leader, "force:steel", "sign-off")
    step(leader, "force:steel", "publish", number="柳招商〔2026〕11号")

    briefing = of("force:steel")
    assert briefing.state == BriefingState.PUBLISHED
    assert list(briefing.reviews.order_by("pk").values_list("kind", "by__username")) == [
        ("disputed", "force_lead"),
        ("answered", "clerk"),
        ("redrafted", "clerk"),
        ("confirmed", "force_lead"),
        ("remarked", "clerk"),
        ("signed_off", "leader"),
        ("published", "leader"),
    ]
    for reader in (city_leader, stranger):
        shown = as_(reader, page_of("force:steel")).content.decode()
        assert "柳招商〔2026〕11号" in shown
        assert "请抓紧推进。" in shown
        assert "6.75" in shown  # 5.50 as drafted first, and 1.25 that the dispute brought in


def test_the_steps_offered_are_those_of_the_reader_and_of_the_state(
    drafted, as_, step, clerk, leader, force_lead, force_member, city_leader
):
    def offered():
        return [
            [one.step.slug for one in as_(user, page_of("force:steel")).context["steps"]]
            for user in (force_lead, force_member, clerk, leader, city_leader)
        ]

    at_first = offered()
    step(force_lead, "force:steel", "confirm")
    confirmed = offered()
    step(leader, "force:steel", "sign-off")
    step(leader, "force:steel", "publish", number="柳招商〔2026〕1号")

    assert at_first == [
        ["confirm", "dispute", "return"],
        [],
        ["redraft"],
        ["redraft", "return"],
        [],
    ]
    assert confirmed == [
        ["dispute", "return"],
        [],
        ["redraft"],
        ["sign-off", "redraft", "return"],
        [],
    ]
    assert offered() == [[], [], [], [], []]


# --- Who -------------------------------------------------------------------------------------------


def test_another_task_forces_lead_meets_404_until_it_is_published(drafted, as_, step, clerk, leader, auto):
    other = factories.user("force_lead", task_force=auto, is_lead=True)
    urls = [
        reverse(f"briefings:{name}", args=[of("force:steel").pk]) for name in ("briefing", "word", "pdf")
    ] + [reverse("briefings:briefing_counted", args=[of("force:steel").pk, "contracted:year"])]

    before = [as_(other, url).status_code for url in urls]
    Briefing.objects.filter(pk=of("force:steel").pk).update(state=BriefingState.SIGNED_OFF)
    step(leader, "force:steel", "publish", number="柳招商〔2026〕1号")

    assert before == [404, 404, 404, 404]
    assert [as_(other, url).status_code for url in urls] == [200, 200, 200, 200]


@pytest.mark.parametrize(
    ("who", "slug", "answer"),
    [
        ("force_member", "confirm", 403),
        ("clerk", "confirm", 403),
        ("clerk", "sign-off", 403),
        ("force_lead", "sign-off", 403),
        ("force_lead", "redraft", 403),
        ("county_officer", "confirm", 404),
        ("city_leader", "return", 403),
        ("force_lead", "nothing", 404),
    ],
)
def test_a_step_that_is_not_theirs_is_refused(drafted, step, request, who, slug, answer):
    user = request.getfixturevalue(who)

    assert step(user, "force:steel", slug, reason="x").status_code == answer
    assert of("force:steel").state == BriefingState.DRAFT


def test_a_unit_confirms_its_own_and_reads_no_other(drafted, as_, step, county_officer, stranger):
    assert step(county_officer, "unit:450205", "confirm").status_code == 302
    assert as_(stranger, page_of("unit:450205")).status_code == 404
    assert of("unit:450205").state == BriefingState.REVIEWED


def test_the_month_shows_each_reader_what_is_theirs(drafted, as_, clerk, force_lead, stranger, statistician):
    def shown(user):
        groups = as_(user, f"{LIST}?month=2026-03").context["groups"]
        return [row.briefing.scope_key for group in groups for row in group["rows"]]

    assert shown(clerk) == ["city", "force:steel", "force:auto", "unit:450205", "unit:450223"]
    assert shown(force_lead) == ["force:steel"]
    assert shown(stranger) == ["unit:450223"]
    assert shown(statistician) == []


# --- The month -------------------------------------------------------------------------------------


def test_the_month_opens_on_last_month_and_says_how_to_begin(city, as_, clerk):
    answer = as_(clerk, LIST)

    assert answer.context["month"] == MARCH
    assert answer.context["groups"] == []
    assert "现在起草本月通报" in answer.content.decode()


@pytest.mark.parametrize("month", ["x", "0001-01", "9999-12", "2026-13"])
def test_a_month_that_is_none_shows_last_month(city, as_, clerk, month):
    assert as_(clerk, f"{LIST}?month={month}").context["month"] == MARCH


def test_drafting_from_the_page_is_one_job_that_shows_its_progress(
    city, as_, clerk, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks():
        first = as_(clerk, LIST, {"month": "2026-03"})
        second = as_(clerk, LIST, {"month": "2026-03"})

    job = Job.objects.get()
    assert first.url == second.url == reverse("core:job", args=[job.pk])
    assert job.arguments == {"month": "2026-03", "today": "2026-04-01"}
    assert as_(clerk, LIST).context["job"] == job


def test_whoever_may_not_draft_is_refused(city, as_, force_lead):
    assert as_(force_lead, LIST, {"month": "2026-03"}).status_code == 403
    assert not Job.objects.exists()


def test_the_month_says_who_is_late_and_who_acts_next(drafted, as_, step, clerk, leader, force_lead):
    step(force_lead, "force:steel", "confirm")

    with time_machine.travel(datetime.datetime(2026, 4, 10, 1, 0, tzinfo=datetime.UTC), tick=False):
        groups = as_(clerk, f"{LIST}?month=2026-03").context["groups"]

    rows = {row.briefing.scope_key: row for group in groups for row in group["rows"]}
    assert {key: row.late_days for key, row in rows.items()} == {
        "city": 2,
        "force:steel": 0,
        "force:auto": 2,
        "unit:450205": 2,
        "unit:450223": 2,
    }
    assert rows["force:steel"].confirmed.by == force_lead
    assert rows["force:steel"].next_step == "投促局领导签发"


def test_the_month_asks_as_often_for_one_briefing_as_for_many(city, as_, clerk, auto):
    def asked():
        with CaptureQueriesContext(connection) as queries:
            assert as_(clerk, f"{LIST}?month=2026-03").status_code == 200
        return len(queries)

    drafting.draft(MARCH, today=TODAY, by=clerk, only=["city", "force:steel", "unit:450205"])
    asked()
    few = asked()
    drafting.draft(MARCH, today=TODAY, by=clerk)
    drafting.confirm(of("force:auto"), by=factories.user("force_lead", task_force=auto, is_lead=True))

    assert asked() == few


# --- One briefing ----------------------------------------------------------------------------------


def test_every_number_of_the_figures_opens_what_it_counted(drafted, as_, clerk):
    figures = as_(clerk, page_of("city")).context["figures"]

    contracted = figures[1]
    assert (contracted.year.text, contracted.base, str(contracted.yoy)) == ("9.83", "4.00", "145.8")
    rows = as_(clerk, contracted.year.url).content.decode()
    for name in ("高强钢生产线", "废钢加工", "新能源汽车底盘", "办公楼"):
        assert name in rows
    for row in figures:
        for cell in filter(None, (row.year, row.month)):
            assert as_(clerk, cell.url).status_code == 200


def test_every_number_of_the_batches_opens_its_projects(drafted, as_, clerk):
    for row in as_(clerk, page_of("unit:450223")).context["batches"]:
        for cell in (row["count"], row["arrived"]):
            assert as_(clerk, cell.url).context["page"].paginator.count == int(cell.text)


def test_what_was_counted_shows_only_the_readers_projects_and_says_how_many_more(
    drafted, as_, step, leader, clerk, force_lead
):
    step(clerk, "city", "confirm", reason="x")
    step(leader, "city", "sign-off")
    step(leader, "city", "publish", number="柳招商〔2026〕1号")

    answer = as_(force_lead, reverse("briefings:briefing_counted", args=[of("city").pk, "contracted:year"]))

    shown = answer.content.decode()
    assert "高强钢生产线" in shown
    assert "办公楼" not in shown
    assert (answer.context["total"], answer.context["hidden"]) == (6, 2)


def test_what_the_books_have_since_moved_elsewhere_is_said(drafted, as_, clerk, auto):
    drafted.mill.task_force = auto
    drafted.mill.save()

    answer = as_(clerk, reverse("briefings:briefing_counted", args=[of("force:steel").pk, "contracted:year"]))

    assert (answer.context["total"], answer.context["hidden"], answer.context["moved"]) == (4, 0, 2)


def test_a_figure_that_is_not_there_is_404(drafted, as_, clerk):
    url = reverse("briefings:briefing_counted", args=[of("force:steel").pk, "visits:year"])

    assert as_(clerk, url).status_code == 404


def test_the_page_asks_as_often_however_much_is_in_the_briefing(drafted, as_, clerk):
    def asked():
        with CaptureQueriesContext(connection) as queries:
            assert as_(clerk, page_of("city")).status_code == 200
        return len(queries)

    asked()
    few = asked()
    for n in range(3):
        project = factories.project("signing", task_force=drafted.steel, reporting_unit=drafted.liubei)
        factories.verified_event(project, signed_on=march.march(20 + n))
        factories.issue(project, raised_on=march.march(3))
    drafting.draft(MARCH, today=TODAY, by=clerk)
    drafting.dispute(of("city"), figure="contracted:year", reason="错", by=clerk)

    assert asked() == few


def test_what_was_counted_asks_as_often_for_many_rows(drafted, as_, clerk):
    def asked():
        url = reverse("briefings:briefing_counted", args=[of("city").pk, "contracted:month"])
        with CaptureQueriesContext(connection) as queries:
            assert as_(clerk, url).status_code == 200
        return len(queries)

    asked()
    few = asked()
    for n in range(3):
        project = factories.project("signing", task_force=drafted.steel, reporting_unit=drafted.liubei)
        factories.verified_event(project, signed_on=march.march(20 + n))
    drafting.draft(MARCH, today=TODAY, by=clerk)

    assert asked() == few


def test_the_page_tells_what_has_changed_since_the_draft(drafted, as_, clerk):
    url = reverse("briefings:changes", args=[of("city").pk])
    before = as_(clerk, url).context["rows"]
    project = factories.project("signing", task_force=drafted.steel, reporting_unit=drafted.liubei)
    factories.verified_event(project, signed_on=march.march(30), verified_on=TODAY)

    rows = as_(clerk, url).context["rows"]

    assert before == []
    assert ("9.83", "11.08", "亿元") in [(row["before"], row["after"], row["unit"]) for row in rows]


def test_the_page_speaks_the_readers_language_and_the_document_chinese(drafted, as_, clerk, client):
    client.cookies["django_language"] = "en"

    shown = as_(clerk, page_of("city")).content.decode()

    assert "Each number opens what it counted." in shown
    assert "1—3月，全市新签约项目4个" in shown


# --- Steps as forms --------------------------------------------------------------------------------


def test_a_step_has_a_page_of_its_own_for_browsers_without_script(drafted, as_, force_lead):
    answer = as_(force_lead, reverse("briefings:step", args=[of("force:steel").pk, "dispute"]))

    assert answer.status_code == 200
    assert 'name="figure"' in answer.content.decode()


def test_a_refused_step_keeps_what_was_typed(drafted, step, force_lead):
    answer = step(force_lead, "force:steel", "dispute", figure="", reason="少计一个项目")

    assert answer.status_code == 200
    assert "少计一个项目" in answer.content.decode()
    assert not Review.objects.exists()


def test_whoever_saw_an_older_draft_is_told_and_keeps_what_was_typed(drafted, write, clerk, leader):
    seen = of("city").version
    write(clerk, "city", "end", text="甲说")

    answer = write(leader, "city", "end", text="乙说", version=seen)

    shown = answer.content.decode()
    assert answer.status_code == 409
    assert clerk.name in shown
    assert "乙说" in shown
    assert "甲说" in shown
    assert of("city").words["end"]["text"] == "甲说"
    assert write(leader, "city", "end", text="乙说", version=answer.context["form"].data["version"]).url


def test_the_second_publisher_is_told_who_was_first(drafted, step, clerk, leader):
    step(clerk, "city", "confirm", reason="x")
    step(leader, "city", "sign-off")
    seen = of("city").version
    other = factories.user("leader", name="韦副局长")
    step(other, "city", "publish", number="柳招商〔2026〕2号")

    answer = step(leader, "city", "publish", number="柳招商〔2026〕3号", version=seen)

    assert answer.status_code == 409
    assert "柳招商〔2026〕2号" in answer.content.decode()
    assert of("city").number == "柳招商〔2026〕2号"


def test_a_step_sent_twice_is_taken_once(drafted, step, force_lead):
    version = of("force:steel").version

    answers = [
        step(force_lead, "force:steel", "confirm", version=version, form_token="t1") for _again in range(2)
    ]

    assert [answer.status_code for answer in answers] == [302, 302]
    assert of("force:steel").reviews.count() == 1


def test_answering_is_the_bureaus(drafted, as_, step, clerk, force_lead):
    step(force_lead, "force:steel", "dispute", figure="contracted:year", reason="错")
    url = reverse("briefings:answer", args=[Review.objects.get().pk])

    assert as_(force_lead, url).status_code == 403
    assert as_(clerk, url).status_code == 200


# --- Files -----------------------------------------------------------------------------------------


def test_word_and_pdf_are_downloads_under_the_title(drafted, as_, clerk):
    word = as_(clerk, reverse("briefings:word", args=[of("city").pk]))
    pdf = as_(clerk, reverse("briefings:pdf", args=[of("city").pk]))

    assert "全市新签约项目4个" in "".join(p.text for p in Document(io.BytesIO(word.content)).paragraphs)
    assert pdf.content.startswith(b"%PDF")
    for answer, suffix in ((word, "docx"), (pdf, "pdf")):
        assert answer["Content-Disposition"].startswith("attachment; filename*=UTF-8''")
        assert answer["Content-Disposition"].endswith(suffix)
