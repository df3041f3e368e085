"""Events from a workbook: what its rows mean, what becomes of them, entering them at once."""

import datetime
import io
from typing import Any

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import translation

from accounts.models import User
from approvals import clocks, tasks, workbooks
from approvals.choices import ItemEventKind, ItemState
from approvals.clocks import Entry
from approvals.models import EventBook, Item, ItemEvent
from approvals.workbooks import CannotTake
from core import clock, jobs
from core.models import Job, JobState
from projects.choices import Confidentiality, Stage
from projects.models import Project
from tests import factories

K = ItemEventKind
TODAY = datetime.date(2025, 9, 19)
OPENED = datetime.date(2025, 9, 1)
HEAD = [head.title for head in workbooks.HEADS]
CODE, NATIONAL = "LZ-2025-0001", "2509-450200-04-01-000001"


@pytest.fixture(autouse=True)
def _today(monkeypatch) -> None:
    monkeypatch.setattr(clock, "today", lambda: TODAY)


@pytest.fixture(autouse=True)
def _in_english():
    with translation.override("en"):
        yield


@pytest.fixture
def project(steel, liubei, service_member) -> Project:
    project = factories.project(
        Stage.SIGNING,
        name="特钢线材项目",
        code=CODE,
        national_code=NATIONAL,
        task_force=steel,
        reporting_unit=liubei,
    )
    factories.service(project, factories.service_team(service_member))
    return project


@pytest.fixture
def permit(project, planning) -> Item:
    template = factories.item_template(
        code="land-permit", name="用地规划许可", name_en="Land permit", department=planning
    )
    return factories.item(project, template, opened_on=OPENED)


@pytest.fixture
def member(service_member) -> Client:
    client = factories.in_english()
    client.force_login(service_member)
    return client


def row(what: str, on: Any, **more: Any) -> list[Any]:
    given = {"code": CODE, "national": None, "name": None, "item": "用地规划许可", **more}
    return [
        *(given[key] for key in ("code", "national", "name", "item")),
        what,
        on,
        *(given.get(key) for key in ("length", "certificate", "note")),
    ]


def workbook(*rows: list[Any], head: list[str] | None = None, title: str = "办理情况") -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = title
    for line in [head or HEAD, *rows]:
        sheet.append(line)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def upload(content: bytes, name: str = "9月办理情况.xlsx") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def read(by: User, *rows: list[Any], **facts: Any) -> EventBook:
    return workbooks.read(workbooks.take(upload(workbook(*rows, **facts)), by=by), today=TODAY)


def verdicts(book: EventBook) -> list[str]:
    return [one["verdict"] for one in book.rows]


def reasons(book: EventBook) -> list[str]:
    return [one.get("reason", "") for one in book.rows]


COURSE = [
    row("已接件", datetime.date(2025, 9, 3)),
    row("窗口受理", "2025-09-04"),
    row("部门受理", "2025/9/4"),
    row("特别程序开始", "2025-09-08", length="5个工作日", note="专家评审"),
    row("特别程序结束", "2025-09-12"),
    row("办结(容缺通过)", "2025-09-15", certificate="地字第450200202500001号"),
]


@pytest.mark.parametrize("order", [1, -1])
def test_a_course_in_any_order_is_entered_at_once(permit, service_member, order):
    book = read(service_member, *COURSE[::order])
    assert verdicts(book) == ["enter"] * 6

    book = workbooks.enter(book, today=TODAY)

    permit.refresh_from_db()
    assert (permit.state, permit.counted_days) == (ItemState.APPROVED_PENDING, 2 + 1)
    assert permit.certificate_no == "地字第450200202500001号"
    assert (book.entered, ItemEvent.objects.count()) == (6, 6)
    pause = permit.events.get(kind=K.SPECIAL_STARTED)
    assert (pause.declared_days, pause.note, pause.by) == (5, "专家评审", service_member)
    assert pause.source == f"9月办理情况.xlsx, 办理情况!{5 if order == 1 else 4}"


def test_the_same_workbook_again_enters_nothing_again(permit, service_member):
    first = workbooks.enter(read(service_member, *COURSE), today=TODAY)
    assert workbooks.enter(first, today=TODAY).entered == 6

    again = read(service_member, *COURSE)

    assert verdicts(again) == ["known"] * 6
    with pytest.raises(CannotTake, match="no row left"):
        workbooks.enter(again, today=TODAY)
    assert ItemEvent.objects.count() == 6


def test_the_same_row_twice_in_one_workbook_is_entered_once(permit, service_member):
    assert verdicts(read(service_member, COURSE[0], COURSE[0])) == ["enter", "known"]


@pytest.mark.parametrize(
    "by", [{"code": CODE}, {"code": None, "national": NATIONAL}, {"code": None, "name": "特钢线材项目"}]
)
@pytest.mark.parametrize("item", ["用地规划许可", "land-permit", "Land Permit"])
def test_a_row_names_its_project_and_item_in_many_ways(permit, service_member, by, item):
    book = read(service_member, row("接件", "2025-09-03", item=item, **by))

    assert (verdicts(book), book.rows[0]["item"]) == (["enter"], permit.pk)


@pytest.mark.parametrize(("word", "kind"), [*workbooks.WORDS.items(), *workbooks.ALSO.items()])
def test_the_words_of_the_permit_system_are_known(word, kind):
    full_width = word.replace("(", "（").replace(")", "）")

    assert workbooks.what_happened(f" {full_width} ") == kind
    assert workbooks.what_happened(kind.label) in (kind, K.ACCEPTED)


def test_every_kind_that_people_enter_has_its_word():
    assert set(workbooks.WORDS.values()) == set(K) - {K.LIMITS, K.STRUCK}


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (row("已接件", None), "Column “日期”: The cell is empty."),
        (row("已接件", "昨天"), "Column “日期”: “昨天” is no date."),
        (row("已接件", "2025-09-22"), "The day lies in the future. Enter the day on which it happened."),
        (row("已接件", "2025-08-29"), "The item was opened on 2025-09-01. Enter that day or a later one."),
        (
            row("审批超时", "2025-09-03"),
            "Column “办理情况”: “审批超时” is worked out by the program itself and is not entered.",
        ),
        (
            row("已接件", "2025-09-03", item="环评"),
            "“环评” does not stand on the list of project “LZ-2025-0001”, or is not your office's.",
        ),
        (
            row("已接件", "2025-09-03", code="LZ-1"),
            "There is no project “LZ-1” among those you may open.",
        ),
        (
            row("已接件", "2025-09-03", code=None),
            "Name the project by its code, its national code or its name.",
        ),
        (
            row("补正开始", "2025-09-05", length=5),
            "Write why the clock stops, as it was told to the applicant.",
        ),
        (
            row("补正开始", "2025-09-05", note="缺总平图"),
            "Enter the announced length: for how many working days the applicant was told the clock stops.",
        ),
        (
            row("补正开始", "2025-09-05", note="缺总平图", length="一周"),
            "Column “告知时长(工作日)”: “一周” is no number of working days.",
        ),
        (
            row("补正结束", "2025-09-05"),
            "“Corrected papers handed in” on 2025-09-05 does not fit: the item is “Being handled” then. "
            "Possible are “Taken on by the department”, “Correction of papers began”, “Special procedure "
            "began”, “Public notice began”, “Refused”, “Declined by the department”, “Withdrawal to be "
            "confirmed”, “Approved”, “Approved, papers to follow”, “Withdrawn”.",
        ),
    ],
)
def test_a_wrong_row_is_refused_with_its_sentence_and_the_others_are_not(
    permit, service_member, wrong, sentence
):
    book = read(service_member, COURSE[0], COURSE[1], wrong)

    assert verdicts(book) == ["enter", "enter", "refused"]
    assert reasons(book)[2] == sentence
    assert workbooks.enter(book, today=TODAY).entered == 2


def test_a_row_that_pushes_out_what_stands_there_is_refused(permit, service_member):
    steps = [(K.ACCEPTED, "2025-09-04"), (K.APPROVED, "2025-09-12")]
    clocks.log_events(
        [Entry(permit, kind, datetime.date.fromisoformat(on)) for kind, on in steps],
        by=service_member,
        today=TODAY,
    )

    book = read(
        service_member,
        row("催办", "2025-09-09"),
        row("补正开始", "2025-09-05", length=5, note="缺总平图"),
    )

    assert verdicts(book) == ["enter", "refused"]
    assert "“Approved” on 2025-09-12, entered before, would no longer fit" in reasons(book)[1]


def test_items_that_one_may_not_open_do_not_exist(permit, project, department_officer, service_member):
    other = factories.user("department", agency=factories.agency())
    elsewhere = factories.user("service")

    assert verdicts(read(department_officer, COURSE[0])) == ["enter"]
    assert verdicts(read(other, COURSE[0])) == ["refused"]
    assert reasons(read(elsewhere, COURSE[0])) == [
        "There is no project “LZ-2025-0001” among those you may open."
    ]


def test_a_confidential_name_leads_nowhere_its_code_does(permit, project, department_officer):
    project.confidentiality, project.code_name = Confidentiality.CONFIDENTIAL, "曙光"
    project.save()

    book = read(department_officer, COURSE[0], row("窗口受理", "2025-09-04", code=None, name="特钢线材项目"))

    assert verdicts(book) == ["enter", "refused"]
    template = openpyxl.load_workbook(io.BytesIO(workbooks.template(department_officer)))
    assert [cell.value for cell in template["办理情况"][2]][:4] == [CODE, NATIONAL, None, "用地规划许可"]


def test_several_projects_of_one_name_are_told_apart_by_code(permit, project, service_member):
    twin = factories.project(Stage.SIGNING, name="特钢线材项目")
    factories.service(twin, project.services.get().team)

    book = read(service_member, row("已接件", "2025-09-03", code=None, name="特钢线材项目"))

    assert "There are several projects called" in reasons(book)[0]


def test_rows_in_which_nothing_happened_and_other_sheets_are_passed_over(permit, service_member):
    book = openpyxl.load_workbook(io.BytesIO(workbooks.template(service_member)))
    book["办理情况"]["E2"], book["办理情况"]["F2"] = "已接件", datetime.date(2025, 9, 3)
    book["办理情况"].append([CODE, None, None, "另一事项"])
    content = io.BytesIO()
    book.save(content)

    found = workbooks.read(workbooks.take(upload(content.getvalue()), by=service_member), today=TODAY)

    assert (verdicts(found), found.skipped) == (["enter"], ["填写说明"])


def test_what_is_no_workbook_of_events_is_refused(permit, service_member, monkeypatch):
    with pytest.raises(CannotTake, match="No sheet has the columns"):
        read(service_member, ["x"], head=["项目"])
    with pytest.raises(CannotTake, match="This is no workbook"):
        workbooks.take(upload(b"%PDF-1.7\n%%EOF\n"), by=service_member)
    monkeypatch.setattr(workbooks, "MOST_ROWS", 2)
    with pytest.raises(CannotTake, match="Split it"):
        read(service_member, *COURSE)


def test_nothing_is_entered_when_the_items_have_changed_since(permit, service_member):
    book = read(service_member, *COURSE[:2])
    clocks.log_event(permit, kind=K.SUBMITTED, on=datetime.date(2025, 9, 3), by=service_member, today=TODAY)

    with pytest.raises(CannotTake, match="changed since"):
        workbooks.enter(book, today=TODAY)
    assert ItemEvent.objects.count() == 1

    assert verdicts(workbooks.look_again(book, today=TODAY)) == ["known", "enter"]
    assert workbooks.enter(book, today=TODAY).entered == 1


def test_many_rows_cost_the_same_queries_as_few(permit, project, service_member, count_queries):
    def items(n: int) -> list[list[Any]]:
        made = [factories.item(project, factories.item_template(), opened_on=OPENED) for _n in range(n)]
        return [row("已接件", "2025-09-03", item=item.template.name) for item in made]

    few, many = items(1), items(6)
    workbooks.read(workbooks.take(upload(workbook(*few)), by=service_member), today=TODAY)
    first = workbooks.take(upload(workbook(*few)), by=service_member)
    second = workbooks.take(upload(workbook(*many)), by=service_member)

    assert count_queries(lambda: workbooks.read(first, today=TODAY)) == count_queries(
        lambda: workbooks.read(second, today=TODAY)
    )
    assert count_queries(lambda: workbooks.enter(first, today=TODAY)) == count_queries(
        lambda: workbooks.enter(second, today=TODAY)
    )


# --- Pages ------------------------------------------------------------------------------------

URL = "/approvals/events/workbook/"


def test_a_workbook_is_handed_in_looked_at_and_entered(permit, member, service_member):
    sent = member.post(URL, {"file": upload(workbook(*COURSE, row("已接件", "x"))), "form_token": "1"})
    book = EventBook.objects.get()
    assert sent.url == f"{URL}{book.pk}/"

    page = member.get(sent.url).content.decode()
    assert "Enter 6 rows" in page
    assert "“x” is no date." in page
    assert not ItemEvent.objects.exists()

    entered = member.post(sent.url, {"enter": "1"}, follow=True).content.decode()
    assert "6 events entered." in entered
    member.post(sent.url, {"enter": "1"})
    assert ItemEvent.objects.count() == 6
    assert "6 events entered" in member.get(URL).content.decode()
    refused = member.get(f"{sent.url}?verdict=refused").content.decode()
    assert "“x” is no date." in refused
    assert "Special procedure began" not in refused


def test_sent_twice_a_workbook_is_taken_once(permit, member):
    content = workbook(*COURSE)

    answers = [member.post(URL, {"file": upload(content), "form_token": "1"}).url for _turn in range(2)]

    assert answers[0] == answers[1]
    assert EventBook.objects.count() == 1


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "The submitted file is empty."),
        (b"PK\x03\x04 no zip", "The file is damaged or protected by a password."),
        (b"%PDF-1.7", "This is no workbook. Hand in an .xlsx."),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_at_its_field(member, content, sentence):
    answer = member.post(URL, {"file": upload(content)})

    assert sentence in answer.content.decode()
    assert not EventBook.objects.exists()


def test_a_change_in_the_meantime_is_shown_instead_of_entered(permit, member, service_member):
    sent = member.post(URL, {"file": upload(workbook(*COURSE[:2]))})
    clocks.log_event(permit, kind=K.SUBMITTED, on=datetime.date(2025, 9, 3), by=service_member, today=TODAY)

    answer = member.post(sent.url, {"enter": "1"})

    assert "The items have changed since the rows were shown." in answer.content.decode()
    assert "Enter 1 row" in answer.content.decode()


def test_a_large_workbook_is_read_by_a_worker(permit, member, monkeypatch):
    monkeypatch.setattr(workbooks, "READ_AT_ONCE", 10)
    sent = member.post(URL, {"file": upload(workbook(*COURSE))})
    job = Job.objects.get(kind=tasks.READ_BOOK)
    assert sent.url == f"/jobs/{job.pk}/"
    assert member.get(f"{URL}{EventBook.objects.get().pk}/").status_code == 404

    jobs.run(jobs.claim(job.pk))

    job.refresh_from_db()
    assert (job.state, job.total) == (JobState.DONE, 6)
    assert "See the outcome" in member.get(sent.url).content.decode()
    assert "Enter 6 rows" in member.get(jobs.page_of(job)).content.decode()


def test_nobody_opens_the_workbook_of_another(permit, member, client):
    sent = member.post(URL, {"file": upload(workbook(*COURSE))})
    client.force_login(factories.user("service"))

    assert client.get(sent.url).status_code == 404


def test_the_page_costs_the_same_for_one_row_and_for_many(permit, project, member, count_queries):
    one = member.post(URL, {"file": upload(workbook(COURSE[0]), "1.xlsx")}).url
    others = [factories.item(project, factories.item_template(), opened_on=OPENED) for _n in range(3)]
    rows = [row("已接件", "2025-09-03", item=item.template.name) for item in others]
    many = member.post(URL, {"file": upload(workbook(COURSE[0], *rows), "2.xlsx")}).url

    assert count_queries(lambda: member.get(one)) == count_queries(lambda: member.get(many))


def test_the_template_is_a_workbook_with_lists_to_choose_from(permit, member):
    answer = member.get(f"{URL}template/")

    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    sheet = book["办理情况"]
    assert [cell.value for cell in sheet[1]] == HEAD
    assert [cell.value for cell in sheet[2]][:4] == [CODE, NATIONAL, "特钢线材项目", "用地规划许可"]
    [choice] = sheet.data_validations.dataValidation
    assert "窗口受理" in choice.formula1
    assert len(choice.formula1) <= 257  # what Excel takes
