"""The three lists on one page and as a sheet; the pages of needs and tasks behind them."""

import datetime
import io
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from docx import Document

from accounts.models import User
from approvals import support
from approvals.choices import AssistanceMode, AssistanceState, ItemEventKind, SupportState
from approvals.models import AgencyTask, Item, Service, SheetExport, SupportNeed
from core.workdays import calendar
from projects.choices import Confidentiality
from projects.models import ContactReveal, Project
from tests import factories
from tests.approvals.conftest import TODAY, run

PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"

pytestmark = pytest.mark.usefixtures("today")


def day(n: int) -> datetime.date:
    return datetime.date(2025, 9, n)


@pytest.fixture
def as_user(client: Client) -> Callable[[User], Client]:
    def sign_in(user: User) -> Client:
        client.force_login(user)
        return client

    return sign_in


@pytest.fixture
def need(followed: Project, planning: Any) -> SupportNeed:
    return factories.support_need(followed, department=planning, raised_on=day(1), needed_by=day(26))


@pytest.fixture
def task(followed: Project, service_member: User) -> AgencyTask:
    return factories.agency_task(
        followed,
        officer=service_member,
        mode=AssistanceMode.ACT,
        text="代办施工许可证申请",
        contact="周敏华",
        opened_on=day(1),
        due_on=day(17),
    )


def pages(project: Project, need: SupportNeed, task: AgencyTask) -> dict[str, str]:
    return {
        "three_lists": reverse("approvals:three_lists", args=[project.pk]),
        "needs": reverse("approvals:needs"),
        "need": reverse("approvals:need", args=[need.pk]),
        "need_new": reverse("approvals:need_new", args=[project.pk]),
        "tasks": reverse("approvals:tasks"),
        "task": reverse("approvals:task", args=[task.pk]),
        "task_new": reverse("approvals:task_new", args=[project.pk]),
        "sheet_pdf": reverse("approvals:sheet_pdf", args=[project.pk]),
    }


READS = {"three_lists", "needs", "need", "tasks", "task"}
# What each person gets; a page not named is forbidden.
ACCESS = {
    "clerk": READS | {"sheet_pdf"},
    "leader": READS | {"sheet_pdf"},
    "force_lead": READS | {"sheet_pdf", "need_new"},
    "force_member": READS | {"sheet_pdf", "need_new"},
    "county_officer": READS | {"sheet_pdf", "need_new"},
    "service_member": READS | {"sheet_pdf", "need_new", "task_new"},
    "city_leader": READS,
    "statistician": set(),
    "system_admin": set(),
}


@pytest.mark.parametrize("name", ACCESS)
def test_every_page_opens_for_whom_it_is_meant(name, request, as_user, running, need, task):
    client = as_user(request.getfixturevalue(name))

    found = {page: client.get(url).status_code for page, url in pages(running.project, need, task).items()}

    assert found == {page: 200 if page in ACCESS[name] else 403 for page in found}


def test_a_department_sees_the_needs_addressed_to_it_and_no_tasks(
    as_user, running, need, task, department_officer
):
    other = factories.support_need(running.project, text="天然气接入")
    client, urls = as_user(department_officer), pages(running.project, need, task)

    shown = client.get(urls["three_lists"]).content.decode()

    assert need.text in shown
    assert other.text not in shown
    assert task.text not in shown
    assert client.get(urls["task"]).status_code == 404
    assert client.get(reverse("approvals:need", args=[other.pk])).status_code == 404
    assert client.get(urls["sheet_pdf"]).status_code == 403


@pytest.mark.parametrize("name", ["stranger", "other_team"])
def test_outsiders_meet_404_and_empty_lists(name, request, as_user, running, need, task, stranger):
    outsider = stranger if name == "stranger" else factories.user("service")
    client, urls = as_user(outsider), pages(running.project, need, task)

    for page in ("three_lists", "need", "need_new", "task", "sheet_pdf"):
        assert client.get(urls[page]).status_code == 404, page
    for page in ("needs", "tasks"):
        assert need.text not in client.get(urls[page]).content.decode()


# --- The page -------------------------------------------------------------------------------


def test_the_page_tells_owner_day_and_state_of_every_line(
    running, need, task, planning, service_member, department_officer
):
    support.take_on(need, officer="韦工", on=day(10), by=department_officer, today=TODAY)
    client = factories.in_english()
    client.force_login(service_member)

    context = client.get(reverse("approvals:three_lists", args=[running.project_id])).context

    [item] = context["items"]
    assert (item["name"], item["department"], item["due"], item["lamp"].word) == (
        "Planning permit",
        "Planning department",
        "2025-09-15",
        "4 days over promise",
    )
    [row] = context["needs"]
    assert {key: row[key] for key in ("department", "officer", "due", "state", "amount")} == {
        "department": "Planning department",
        "officer": "韦工",
        "due": "2025-09-26",
        "state": "Taken on",
        "amount": "800 千伏安",
    }
    assert (row["lamp"].kind, row["lamp"].word) == ("over_promise", "5 days left")
    [row] = context["tasks"]
    assert {key: row[key] for key in ("officer", "due", "contact", "lacks_mandate")} == {
        "officer": service_member.name,
        "due": "2025-09-17",
        "contact": "周**",
        "lacks_mandate": True,
    }
    assert (row["lamp"].kind, row["lamp"].word) == ("over_statute", "2 days overdue")
    assert context["progress"] == {
        "passed": 0,
        "items": 1,
        "met": 0,
        "needs": 1,
        "unfinished": 1,
        "tasks": 1,
    }


def test_what_is_closed_shows_only_when_all_is_asked_for(as_user, running, need, task, service_member):
    run(running, (ItemEventKind.APPROVED, day(15)))
    SupportNeed.objects.update(state=SupportState.MET, closed_on=day(12))
    AgencyTask.objects.update(state=AssistanceState.DONE, closed_on=day(18))
    client, url = as_user(service_member), reverse("approvals:three_lists", args=[running.project_id])

    shown, whole = client.get(url).context, client.get(url, {"show": "all"}).context

    assert [len(shown[name]) for name in ("items", "needs", "tasks")] == [0, 0, 0]
    assert [len(whole[name]) for name in ("items", "needs", "tasks")] == [1, 1, 1]
    assert shown["progress"] == whole["progress"]
    assert (shown["progress"]["passed"], shown["progress"]["met"], shown["progress"]["unfinished"]) == (
        1,
        1,
        0,
    )


def test_a_confidential_project_goes_by_its_code_name_and_withholds_contact_and_mandate(
    as_user, running, need, task, service_member, clerk
):
    Project.objects.update(confidentiality=Confidentiality.CONFIDENTIAL, code_name="晨曦")
    urls = pages(running.project, need, task)
    team = as_user(service_member)
    for page in ("three_lists", "needs", "need", "tasks", "task"):
        shown = team.get(urls[page]).content.decode()
        assert "晨曦" in shown, page
        assert "特钢线材项目" not in shown, page
        assert "周" not in shown, page
    assert team.post(reverse("approvals:task_contact", args=[task.pk])).status_code == 404
    sign(team, task)
    event = task.events.get()
    assert team.get(reverse("approvals:mandate", args=[event.pk])).status_code == 404
    assert "特钢线材" not in words_of(team.get(reverse("approvals:sheet_word", args=[running.project_id])))
    known = as_user(clerk).get(reverse("approvals:mandate", args=[event.pk]))
    known.close()
    assert known.status_code == 200


def test_the_contact_is_shown_in_full_once_and_written_down(
    as_user, running, task, service_member, county_officer
):
    url = reverse("approvals:task_contact", args=[task.pk])

    shown = as_user(service_member).post(url).content.decode()

    assert "周敏华" in shown
    assert ContactReveal.objects.get().by == service_member
    assert as_user(county_officer).post(url).status_code == 403
    assert as_user(service_member).get(url).status_code == 405


# --- Needs ------------------------------------------------------------------------------------


def test_a_need_is_raised_by_its_form_and_once(as_user, followed, planning, force_member):
    client, url = as_user(force_member), reverse("approvals:need_new", args=[followed.pk])
    sent = {
        "kind": "water",
        "text": "生产用水接入",
        "amount": "1200",
        "unit": "吨/日",
        "department": planning.pk,
        "needed_by": "2025-10-20",
        "on": "2025-09-18",
        "form_token": "a" * 32,
    }

    first, second = client.post(url, sent), client.post(url, sent)

    made = SupportNeed.objects.get()
    assert first.url == second.url == reverse("approvals:need", args=[made.pk])
    assert (made.raised_by, made.amount, made.needed_by) == (force_member, 1200, datetime.date(2025, 10, 20))


def test_what_was_typed_stays_with_the_sentence_that_refuses_it(as_user, followed, planning, force_member):
    url = reverse("approvals:need_new", args=[followed.pk])
    sent = {"kind": "water", "text": "生产用水", "department": planning.pk, "amount": "5"}
    sent |= {"needed_by": "2025-10-20", "on": "2025-09-18"}

    shown = as_user(force_member).post(url, sent).content.decode()

    assert "生产用水" in shown
    assert not SupportNeed.objects.exists()


def test_department_and_owner_take_their_own_steps(as_user, need, department_officer, force_member):
    url = reverse("approvals:need", args=[need.pk])
    department, sent = as_user(department_officer), {"on": "2025-09-15", "version": "1"}
    assert {step["name"] for step in department.get(url).context["steps"]} == {"take_on", "refuse"}
    assert department.post(url, {"step": "drop", "note": "不要了", **sent}).status_code == 403
    assert department.post(url, {"step": "take_on", "officer": "韦工", **sent}).status_code == 302

    owner = as_user(force_member)
    assert {step["name"] for step in owner.get(url).context["steps"]} == {"move_day", "reassign", "drop"}
    moved = {
        "step": "move_day",
        "needed_by": "2025-10-10",
        "note": "设备晚到",
        "on": "2025-09-16",
        "version": "2",
    }
    assert owner.post(url, moved).status_code == 302

    need.refresh_from_db()
    assert (need.state, need.officer, need.needed_by) == (
        SupportState.ACCEPTED,
        "韦工",
        datetime.date(2025, 10, 10),
    )


def test_whoever_comes_second_is_told_and_keeps_what_was_typed(
    as_user, need, department_officer, service_member
):
    url = reverse("approvals:need", args=[need.pk])
    support.take_on(need, officer="韦工", on=day(10), by=service_member, today=TODAY)
    sent = {"step": "refuse", "note": "容量不足", "on": "2025-09-15", "version": "1"}

    answer = as_user(department_officer).post(url, sent)

    assert service_member.name in answer.content.decode()
    assert "容量不足" in answer.content.decode()
    assert as_user(department_officer).post(url, {**sent, "version": "2"}).status_code == 302


def test_a_need_addressed_to_another_department_leaves_the_first_ones_sight(as_user, need, service_member):
    grid = factories.agency(name="柳州供电局")
    url = reverse("approvals:need", args=[need.pk])
    sent = {"step": "reassign", "department": grid.pk, "note": "属供电局", "on": "2025-09-15", "version": "1"}

    assert as_user(service_member).post(url, sent).url == url
    need.refresh_from_db()
    assert need.department == grid


def test_the_list_tells_how_many_are_met_and_overdue(as_user, followed, planning, service_member):
    factories.support_need(followed, department=planning, needed_by=day(18), raised_on=day(1))
    for closed_on in (day(10), day(29)):
        factories.support_need(
            followed,
            department=planning,
            raised_on=day(1),
            needed_by=day(20),
            state=SupportState.MET,
            closed_on=closed_on,
        )
    factories.support_need(followed, raised_on=day(1), state=SupportState.DROPPED, closed_on=day(2))
    client, url = as_user(service_member), reverse("approvals:needs")

    shown = client.get(url).context

    assert shown["counts"] == {
        "open": 1,
        "overdue": 1,
        "counted": 3,
        "met": 2,
        "in_time": 1,
        "rate": Decimal(200) / 3,
    }
    found = {
        query: client.get(url, dict([query.split("=")])).context["page"].paginator.count
        for query in ("group=open", "group=closed", "overdue=yes", "state=met", "kind=gas", "q=供电")
    }
    assert found == {
        "group=open": 1,
        "group=closed": 3,
        "overdue=yes": 1,
        "state=met": 2,
        "kind=gas": 0,
        "q=供电": 4,
    }


# --- Tasks ------------------------------------------------------------------------------------


def sign(client: Client, task: AgencyTask) -> Any:
    upload = SimpleUploadedFile("委托书.pdf", PDF, content_type="application/pdf")
    sent = {"step": "sign_mandate", "on": "2025-09-16", "version": str(task.version), "mandate": upload}
    return client.post(reverse("approvals:task", args=[task.pk]), sent)


def test_a_task_is_opened_for_an_officer_of_the_team(as_user, running, service_member):
    stranger = factories.user("service")
    client, url = as_user(service_member), reverse("approvals:task_new", args=[running.project_id])
    sent = {
        "mode": "assist",
        "text": "帮办材料",
        "item": running.pk,
        "due_on": "2025-10-10",
        "on": "2025-09-19",
    }

    assert client.post(url, {**sent, "officer": stranger.pk}).status_code == 200
    assert client.post(url, {**sent, "officer": service_member.pk}).status_code == 302
    assert AgencyTask.objects.get().item == running


def test_nothing_is_handed_in_until_the_mandate_lies_there(as_user, task, service_member):
    client, url = as_user(service_member), reverse("approvals:task", args=[task.pk])
    names = {step["name"] for step in client.get(url).context["steps"]}
    assert "sign_mandate" in names
    assert not names & {"hand_in", "finish"}
    early = client.post(url, {"step": "hand_in", "on": "2025-09-16", "version": "1"})
    assert early.status_code == 200
    assert not task.events.exists()

    assert sign(client, task).status_code == 302

    event = task.events.get()
    answer = client.get(reverse("approvals:mandate", args=[event.pk]))
    assert b"".join(answer.streaming_content) == PDF
    assert "attachment" in answer["Content-Disposition"]
    assert "hand_in" in {step["name"] for step in client.get(url).context["steps"]}


def test_a_mandate_that_is_no_paper_is_refused_with_a_sentence(as_user, task, service_member):
    upload = SimpleUploadedFile("委托书.pdf", b"MZ not a paper", content_type="application/pdf")
    sent = {"step": "sign_mandate", "on": "2025-09-16", "version": "1", "mandate": upload}

    answer = as_user(service_member).post(reverse("approvals:task", args=[task.pk]), sent)

    assert answer.status_code == 200
    assert "PDF" in answer.content.decode()
    assert not task.events.exists()


def test_the_task_tells_its_visits_papers_and_hand_overs(as_user, followed, task, service_member):
    second = factories.user("service", name="苏专员")
    Service.objects.get(project=followed).team.members.add(second)
    client, url = as_user(service_member), reverse("approvals:task", args=[task.pk])
    for number, sent in enumerate(
        (
            {"step": "visit", "note": "现场核对"},
            {"step": "papers", "papers": "4"},
            {"step": "papers", "papers": "3"},
            {"step": "hand_over", "officer": second.pk, "note": "轮岗"},
        ),
        start=1,
    ):
        assert client.post(url, {"on": "2025-09-16", "version": str(number), **sent}).status_code == 302

    shown = client.get(url).context

    assert (shown["visits"], shown["papers"], shown["row"]["officer"]) == (1, 7, "苏专员")
    assert len(shown["events"]) == 4


def test_own_and_overdue_tasks_are_found(as_user, task, service_member):
    factories.agency_task(task.project, due_on=datetime.date(2025, 10, 20), opened_on=day(1))
    client, url = as_user(service_member), reverse("approvals:tasks")

    found = {
        query: client.get(url, dict([query.split("=")])).context["page"].paginator.count
        for query in ("group=open", "mine=yes", "overdue=yes", "mode=act", "group=closed", "q=施工许可")
    }

    assert found == {
        "group=open": 2,
        "mine=yes": 1,
        "overdue=yes": 1,
        "mode=act": 1,
        "group=closed": 0,
        "q=施工许可": 1,
    }


# --- The sheet ----------------------------------------------------------------------------------


def words_of(answer: Any) -> str:
    document = Document(io.BytesIO(answer.content))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return "\n".join([*(paragraph.text for paragraph in document.paragraphs), *cells])


def test_the_sheet_speaks_plainly_and_is_written_down(as_user, running, need, task, force_member):
    client = as_user(force_member)

    told = words_of(client.get(reverse("approvals:sheet_word", args=[running.project_id])))
    answer = client.get(reverse("approvals:sheet_pdf", args=[running.project_id]))

    for sentence in (
        "项目服务清单",
        "特钢线材项目",
        "第7服务专班",
        "2025年9月19日",
        "9月15日前办结",
        "已超承诺4个工作日",
        "10千伏专线供电（800千伏安）",
        "9月26日前",
        "代办施工许可证申请",
        "签委托书、备材料",
        "受理当日不计",
    ):
        assert sentence in told, sentence
    assert "周敏华" not in told
    assert answer.content.startswith(b"%PDF")
    assert answer["Content-Disposition"].startswith("attachment; filename*=UTF-8''")
    assert list(SheetExport.objects.order_by("pk").values_list("form", "by")) == [
        ("docx", force_member.pk),
        ("pdf", force_member.pk),
    ]


def test_the_sheet_is_chinese_for_every_reader(running, need, service_member):
    client = factories.in_english()
    client.force_login(service_member)

    told = words_of(client.get(reverse("approvals:sheet_word", args=[running.project_id])))

    assert "市自然资源和规划局" in told
    assert "Planning" not in told


def test_days_of_a_year_whose_holidays_are_not_known_are_marked(as_user, followed, service_member):
    factories.support_need(followed, raised_on=day(1), needed_by=datetime.date(2031, 3, 3))
    client = as_user(service_member)

    told = words_of(client.get(reverse("approvals:sheet_word", args=[followed.pk])))
    page = client.get(reverse("approvals:three_lists", args=[followed.pk])).context

    assert "2031年3月3日※前" in told
    assert "临时日历" in told
    assert page["needs"][0]["provisional"]


def test_a_sheet_without_team_or_lines_says_so(clerk, as_user, steel):
    project = factories.project("signing", task_force=steel)

    told = words_of(as_user(clerk).get(reverse("approvals:sheet_word", args=[project.pk])))

    assert "尚未明确" in told
    assert "无" in told


# --- The number of queries ------------------------------------------------------------------------


def cost(client: Client, url: str) -> int:
    calendar()
    client.get(url)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(url).status_code == 200
    return len(queries)


@pytest.mark.parametrize("name", ["three_lists", "needs", "tasks", "sheet_pdf"])
def test_a_page_costs_the_same_for_one_and_three_lines(
    name, as_user, running, need, task, planning, service_member
):
    client, url = as_user(service_member), pages(running.project, need, task)[name]
    one = cost(client, url)
    for _turn in range(2):
        item = factories.item(running.project, factories.item_template(department=factories.agency()))
        factories.support_need(running.project)
        factories.agency_task(running.project, item=item)
        other = factories.project("signing", task_force=running.project.task_force)
        factories.service(other, Service.objects.get(project=running.project).team)
        factories.support_need(other, department=planning)
        factories.agency_task(other, officer=service_member)

    assert cost(client, url) == one
    assert Item.objects.count() == 3
