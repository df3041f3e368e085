"""The pages: who may open them, what they show, what their forms do, and how many queries they cost."""

import datetime
from collections.abc import Callable

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from approvals import clocks, issues, lamps, stalls
from approvals.choices import ConfirmedBy, IssueCategory, IssueState, ItemEventKind, ItemState
from approvals.models import Issue, Item, ItemEvent, Service, StallFlag
from core.workdays import calendar
from projects.choices import Confidentiality, Stage
from projects.models import Project
from tests import factories
from tests.approvals.conftest import OPENED, TODAY, run

K = ItemEventKind
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
def issue(running, clerk, planning) -> Issue:
    return issues.log(
        running.project,
        category=IssueCategory.LAND,
        text="地块控规调整未完成",
        department=planning,
        on=day(8),
        by=clerk,
        today=TODAY,
        blocks=[running],
    )


@pytest.fixture
def flag(running) -> StallFlag:
    stalls.announce(TODAY)
    return StallFlag.objects.get(code="S1")


def pages(item: Item, issue: Issue, flag: StallFlag) -> dict[str, str]:
    return {
        "board": reverse("approvals:board"),
        "workbench": reverse("approvals:workbench"),
        "item": reverse("approvals:item", args=[item.pk]),
        "strike": reverse("approvals:strike", args=[item.events.get().pk]),
        "panel": reverse("approvals:panel", args=[item.project_id]),
        "add_item": reverse("approvals:add_item", args=[item.project_id]),
        "assign": reverse("approvals:assign", args=[item.project_id]),
        "issues": reverse("approvals:issues"),
        "issue_new": reverse("approvals:issue_new") + f"?project={item.project_id}",
        "issue": reverse("approvals:issue", args=[issue.pk]),
        "stalled": reverse("approvals:stalled"),
        "acknowledge": reverse("approvals:acknowledge", args=[flag.pk]),
    }


LISTS = {"board", "issues", "stalled", "workbench"}

# What each person gets; a page not named is forbidden.
ACCESS = {
    "clerk": {"board", "item", "panel", "assign", "issues", "issue_new", "issue", "stalled"},
    "leader": {"board", "item", "panel", "assign", "issues", "issue_new", "issue", "stalled", "acknowledge"},
    "force_lead": {"board", "item", "panel", "issues", "issue_new", "issue", "stalled", "acknowledge"},
    "force_member": {"board", "item", "panel", "issues", "issue_new", "issue", "stalled"},
    "county_officer": {"board", "item", "panel", "issues", "issue_new", "issue", "stalled"},
    "service_member": {
        *("board", "workbench", "item", "strike", "panel", "add_item", "assign"),
        *("issues", "issue_new", "issue", "stalled"),
    },
    "department_officer": {"board", "workbench", "item", "strike", "panel", "issues", "issue"},
    "city_leader": {"board", "item", "panel", "issues", "issue", "stalled"},
    "statistician": set(),
    "system_admin": set(),
    "security_admin": set(),
    "audit_admin": set(),
}


@pytest.mark.parametrize("name", ACCESS)
def test_every_page_opens_for_whom_it_is_meant(name, request, as_user, running, issue, flag):
    client = as_user(request.getfixturevalue(name))

    answers = {page: client.get(url).status_code for page, url in pages(running, issue, flag).items()}

    assert answers == {page: 200 if page in ACCESS[name] else 403 for page in answers}


@pytest.mark.parametrize("name", ["stranger", "other_force", "other_team", "other_department"])
def test_outsiders_meet_404_and_empty_lists(name, request, as_user, running, issue, flag, auto, stranger):
    outsider = {
        "stranger": lambda: stranger,
        "other_force": lambda: factories.user("force_lead", task_force=auto, is_lead=True),
        "other_team": lambda: factories.user("service"),
        "other_department": lambda: factories.user("department", agency=factories.agency()),
    }[name]()
    client = as_user(outsider)

    for page, url in pages(running, issue, flag).items():
        answer = client.get(url)
        if page in LISTS:
            assert answer.status_code in (200, 403), page
            assert "规划许可证" not in answer.content.decode()
        else:
            assert answer.status_code in (403, 404), page
    assert client.get(reverse("approvals:item", args=[running.pk])).status_code == 404
    assert client.get(reverse("approvals:panel", args=[running.project_id])).status_code == 404
    assert client.get(reverse("approvals:issue", args=[issue.pk])).status_code == 404


def test_department_sees_only_its_own_items_on_a_project_s_list(as_user, running, department_officer):
    other = factories.item(running.project, factories.item_template(name="环评报告表"), opened_on=OPENED)
    client = as_user(department_officer)

    shown = client.get(reverse("approvals:panel", args=[running.project_id])).content.decode()

    assert "规划许可证" in shown
    assert "环评报告表" not in shown
    assert client.get(reverse("approvals:item", args=[other.pk])).status_code == 404


def test_readers_may_not_act(as_user, running, issue, city_leader, clerk):
    item_url = reverse("approvals:item", args=[running.pk])
    issue_url = reverse("approvals:issue", args=[issue.pk])
    for reader in (city_leader, clerk):
        client = as_user(reader)
        assert client.post(item_url, {"kind": K.APPROVED, "on": TODAY}).status_code == 403
        assert client.post(issue_url, {"step": "take_on", "on": TODAY}).status_code == 403
    assert (running.events.count(), issue.events.count()) == (1, 1)


def test_confidential_project_shows_its_code_name_outside_its_owners(as_user, running, service_member, clerk):
    Project.objects.update(confidentiality=Confidentiality.CONFIDENTIAL, code_name="晨曦")
    urls = [reverse("approvals:board"), reverse("approvals:panel", args=[running.project_id])]

    team = [as_user(service_member).get(url).content.decode() for url in urls]
    bureau = [as_user(clerk).get(url).content.decode() for url in urls]

    assert all("晨曦" in page and "特钢线材项目" not in page for page in team)
    assert all("特钢线材项目" in page for page in bureau)
    found = as_user(service_member).get(urls[0], {"q": "特钢"}).content.decode()
    assert "规划许可证" not in found


# --- The number of queries -------------------------------------------------------------------


def cost(client: Client, url: str) -> int:
    calendar()
    client.get(url)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert client.get(url).status_code == 200
    return len(queries)


def another(project: Project, planning) -> Item:
    """A running item of a project of its own, with an issue and flags; in the same hands."""
    twin = factories.project(
        Stage.SIGNING, task_force=project.task_force, reporting_unit=project.reporting_unit
    )
    factories.service(twin, Service.objects.get(project=project).team)
    item = factories.item(twin, factories.item_template(department=planning), opened_on=OPENED)
    factories.issue(twin, raised_on=day(1), department=planning, blocks=[item])
    return run(item, (K.ACCEPTED, day(8)))


@pytest.mark.parametrize("page", ["board", "issues", "stalled", "workbench"])
def test_list_costs_the_same_for_one_and_three_rows(page, as_user, running, issue, planning, service_member):
    client, url = as_user(service_member), reverse(f"approvals:{page}")
    stalls.announce(TODAY)
    one = cost(client, url)
    for _turn in range(2):
        another(running.project, planning)
    stalls.announce(TODAY)

    assert cost(client, url) == one


def test_list_of_a_county_costs_the_same_with_confidential_projects(
    as_user, running, county_officer, planning
):
    client, url = as_user(county_officer), reverse("approvals:board")
    Project.objects.update(confidentiality=Confidentiality.CONFIDENTIAL)
    one = cost(client, url)
    for _turn in range(2):
        another(running.project, planning)
    Project.objects.update(confidentiality=Confidentiality.CONFIDENTIAL)

    assert cost(client, url) == one


def test_panel_costs_the_same_for_one_and_three_items(as_user, running, issue, leader):
    client, url = as_user(leader), reverse("approvals:panel", args=[running.project_id])
    stalls.announce(TODAY)
    one = cost(client, url)
    for _turn in range(2):
        template = factories.item_template(prerequisites=[running.template])
        item = factories.item(running.project, template, opened_on=OPENED)
        factories.issue(running.project, raised_on=day(1), blocks=[item])
        run(item, (K.ACCEPTED, day(8)), (K.CORRECTION_STARTED, day(9)))
    stalls.announce(TODAY)

    assert cost(client, url) == one


def test_item_costs_the_same_with_few_and_many_events(as_user, running, leader):
    client, url = as_user(leader), reverse("approvals:item", args=[running.pk])
    one = cost(client, url)
    for n in range(9, 13):
        run(running, (K.CORRECTION_STARTED, day(n)), (K.CORRECTION_ENDED, day(n)))

    assert cost(client, url) == one


# --- The board -------------------------------------------------------------------------------


def rows(answer) -> list[str]:
    return [row["name"] for row in answer.context["rows"]]


def test_board_shows_what_is_under_way_and_the_rest_when_asked(as_user, running, leader):
    waiting = factories.item(running.project, opened_on=OPENED)
    decided = run(
        factories.item(running.project, opened_on=OPENED), (K.ACCEPTED, day(2)), (K.APPROVED, day(3))
    )
    client, url = as_user(leader), reverse("approvals:board")

    assert rows(client.get(url)) == ["规划许可证"]
    assert rows(client.get(url, {"group": "waiting"})) == [str(waiting.template)]
    assert rows(client.get(url, {"group": "decided"})) == [str(decided.template)]
    assert len(rows(client.get(url, {"q": running.project.code}))) == 3
    assert rows(client.get(url, {"q": "没有这样的项目"})) == []


def test_board_filters_by_state_department_team_phase_task_force_and_project(as_user, running, leader, auto):
    elsewhere = factories.project(Stage.SIGNING, task_force=auto)
    run(factories.item(elsewhere, opened_on=OPENED), (K.SUBMITTED, day(15)))
    client, url = as_user(leader), reverse("approvals:board")
    team = Service.objects.get().team

    for asked in (
        {"state": "running"},
        {"department": "planning"},
        {"team": team.pk},
        {"task_force": "steel"},
        {"project": running.project_id},
        {"lamp": "over_promise"},
    ):
        assert rows(client.get(url, asked)) == ["规划许可证"], asked
    assert len(rows(client.get(url, {"phase": 1}))) == 2
    assert rows(client.get(url, {"phase": 3})) == []


def test_lamp_filter_and_lamp_agree_on_every_day(running, leader):
    """See also lamps.condition, the same verdict as a query."""
    made = [running]
    courses: list[list[tuple[str, int]]] = [
        [],
        [(K.SUBMITTED, 2)],
        [(K.ACCEPTED, 12)],
        [(K.ACCEPTED, 2), (K.SPECIAL_STARTED, 9)],
        [(K.ACCEPTED, 2), (K.SPECIAL_STARTED, 11)],
        [(K.ACCEPTED, 2), (K.CORRECTION_STARTED, 3), (K.CORRECTION_ENDED, 11)],
        [(K.ACCEPTED, 2), (K.APPROVED, 3)],
    ]
    for steps in courses:
        for limits in ((5, 20), (2, 4), (None, 3), (None, None)):
            template = factories.item_template(promised_days=limits[0], statutory_days=limits[1])
            made.append(
                run(
                    factories.item(running.project, template, opened_on=OPENED),
                    *((kind, day(n)) for kind, n in steps),
                )
            )
    days = calendar()
    for today in (day(12), day(14), day(15), day(19), datetime.date(2025, 10, 8)):
        told: dict[str, set[int]] = {lamp: set() for lamp in lamps.Lamp}
        for item in made:
            if item.state in ItemState.CLOSED:
                continue
            shown = lamps.shown(item, clocks.standing(item, today=today, days=days))
            if item.state == ItemState.WAITING:
                told[lamps.Lamp.WAITING].add(item.pk)
            elif shown.kind in ("over_promise", "over_statute"):
                told[shown.kind].add(item.pk)
            elif item.state in ItemState.PAUSED:
                told[lamps.Lamp.STOPPED].add(item.pk)
            else:
                told[lamps.Lamp.ON_TIME].add(item.pk)
        asked = {
            lamp: set(
                Item.objects.filter(lamps.condition(lamp, today=today, days=days)).values_list(
                    "pk", flat=True
                )
            )
            for lamp in lamps.Lamp
        }
        assert asked == told, today


def test_counts_on_the_board_open_what_they_count(as_user, running, leader):
    for _turn in range(2):
        run(factories.item(running.project, opened_on=OPENED), (K.ACCEPTED, day(17)))
    client, url = as_user(leader), reverse("approvals:board")

    counts = client.get(url).context["counts"]

    assert counts == {"over_statute": 0, "over_promise": 1, "on_time": 2, "stopped": 0}
    assert {lamp: len(rows(client.get(url, {"lamp": lamp}))) for lamp in counts} == counts


def test_senseless_filters_and_pages_do_no_harm(as_user, running, leader):
    client = as_user(leader)
    for query in ("lamp=nonsense", "state=x&page=abc", "team=999999", "phase=9&page=-1", "project=abc"):
        for page in ("board", "issues", "stalled"):
            assert client.get(f"{reverse(f'approvals:{page}')}?{query}").status_code == 200


# --- One item ----------------------------------------------------------------------------------


def enter(client: Client, item: Item, **data):
    return client.post(reverse("approvals:item", args=[item.pk]), data)


def test_entering_an_event_moves_the_item(as_user, running, service_member):
    client = as_user(service_member)

    answer = enter(
        client, running, kind=K.CORRECTION_STARTED, on="2025-09-18", declared_days=5, note="缺总平图"
    )

    assert answer.status_code == 302
    running.refresh_from_db()
    assert running.state == ItemState.CORRECTING
    event = running.events.get(kind=K.CORRECTION_STARTED)
    assert (event.by, event.declared_days, event.note) == (service_member, 5, "缺总平图")


def test_pause_entered_late_comes_with_its_end(as_user, running, service_member):
    run(running, (K.SPECIAL_STARTED, day(17)))

    answer = enter(
        as_user(service_member),
        running,
        kind=K.CORRECTION_STARTED,
        on="2025-09-09",
        ended_on="2025-09-11",
        declared_days=5,
        note="缺总平图",
    )

    assert answer.status_code == 302
    running.refresh_from_db()
    assert (running.state, running.counted_days) == (ItemState.SPECIAL, 5)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"kind": K.SUBMITTED, "on": "2025-09-18"}, "不成立"),
        ({"kind": K.APPROVED, "on": "2025-09-20"}, "日期在今天之后"),
        ({"kind": K.APPROVED, "on": "2025-08-29"}, "列入清单"),
        ({"kind": K.NOTE, "on": "2025-09-18"}, "备注内容"),
        ({"kind": K.APPROVED, "on": "2025-09-18", "declared_days": "3"}, "告知时长"),
        ({"kind": K.SPECIAL_STARTED, "on": "2025-09-18"}, "请填写告知时长"),
        ({"kind": K.APPROVED, "on": "2025-09-18", "ended_on": "2025-09-19"}, "结束日期"),
        ({"kind": "", "on": "2025-09-18"}, ""),
        ({"kind": K.APPROVED, "on": "18 September"}, ""),
        ({"kind": K.STRUCK, "on": "2025-09-18"}, ""),
    ],
)
def test_wrong_entries_are_told_and_nothing_typed_is_lost(as_user, running, service_member, data, said):
    typed = "" if data["kind"] == K.NOTE else "手写的话"
    answer = enter(as_user(service_member), running, note=typed, **data)

    assert answer.status_code == 200
    assert running.events.count() == 1
    shown = answer.content.decode()
    assert said in shown
    assert answer.context["form"].errors
    assert typed in shown


def test_entry_sent_twice_is_written_once(as_user, running, service_member):
    client = as_user(service_member)
    data = {"kind": K.NOTE, "on": "2025-09-18", "note": "电话催办", "form_token": "token-1"}

    assert [enter(client, running, **data).status_code for _turn in range(2)] == [302, 302]

    assert running.events.filter(kind=K.NOTE).count() == 1


def test_item_page_tells_whose_days_they_are_day_by_day(as_user, running, leader):
    running.refresh_from_db()
    context = as_user(leader).get(reverse("approvals:item", args=[running.pk])).context

    assert [(kind, n) for kind, _label, n in context["clocks"]] == [
        ("k1", 9),
        ("k2", 5),
        ("k3", 0),
        ("k4", 0),
    ]
    assert (context["elapsed"], len(context["told"])) == (14, 18)
    (month,) = context["months"]
    days = [cell for week in month.weeks for cell in week if cell]
    assert [(cell.number, cell.kind, cell.counted) for cell in days][6:12] == [
        (8, "k2", None),
        (9, "k1", 1),
        (10, "k1", 2),
        (11, "k1", 3),
        (12, "k1", 4),
        (13, "free", None),
    ]
    assert [cell.number for cell in days if cell.is_event] == [8]


def test_unverified_limits_say_so(as_user, running, leader):
    client, url = as_user(leader), reverse("approvals:item", args=[running.pk])
    assert client.get(url).content.decode().count("待核") == 2

    running.template.limits.update(is_verified=True)

    assert "待核" not in client.get(url).content.decode()


def test_striking_out_needs_a_reason_and_leaves_the_entry_readable(as_user, running, service_member):
    client, event = as_user(service_member), running.events.get()
    url = reverse("approvals:strike", args=[event.pk])

    assert client.post(url, {"note": ""}).status_code == 200
    assert client.post(url, {"note": "登错了项目"}).status_code == 302

    running.refresh_from_db()
    assert running.state == ItemState.WAITING
    shown = client.get(reverse("approvals:item", args=[running.pk])).content.decode()
    assert "登错了项目" in shown
    assert client.post(url, {"note": "再来一次"}).status_code == 200
    assert ItemEvent.objects.filter(item=running).count() == 2


# --- A project's list -----------------------------------------------------------------------------


def test_panel_is_a_part_for_htmx_and_a_page_otherwise(as_user, running, leader):
    client, url = as_user(leader), reverse("approvals:panel", args=[running.project_id])

    part = client.get(url, headers={"HX-Request": "true"}).content.decode()
    whole = client.get(url).content.decode()

    assert part.lstrip().startswith("<section")
    assert "<html" not in part
    assert "<html" in whole
    assert "超承诺 4 日" in part


def test_panel_hatches_what_lies_past_the_promise(as_user, running, leader):
    client, url = as_user(leader), reverse("approvals:panel", args=[running.project_id])

    (phase,) = client.get(url).context["phases"]

    (bar,) = phase["rows"]
    assert [part.kind for part in bar["parts"]] == ["k-before", "k1", "k-over"]
    assert bar["parts"][2].title == "政府：4 个工作日（办理中，至2025-09-19）"


def test_adding_an_item_puts_it_on_the_list(as_user, running, service_member):
    report = factories.item_template(name="环评报告书")
    url = reverse("approvals:add_item", args=[running.project_id])

    assert as_user(service_member).post(url, {"template": report.pk}).status_code == 302

    added = running.project.items.get(template=report)
    assert (added.opened_on, added.opened_by) == (TODAY, service_member)


def test_assigning_a_team_from_the_page(as_user, leader, steel):
    project, team = factories.project(Stage.SIGNING, task_force=steel), factories.service_team()
    url = reverse("approvals:assign", args=[project.pk])
    client = as_user(leader)

    assert client.post(url, {"team": team.pk, "leader": "", "on": "2025-09-19"}).status_code == 200
    assert client.post(url, {"team": team.pk, "leader": "陆海燕", "on": "2025-09-20"}).status_code == 200
    assert client.post(url, {"team": team.pk, "leader": "陆海燕", "on": "2025-09-19"}).status_code == 302

    service = Service.objects.get(project=project)
    assert (service.team, service.leader, service.since, service.assigned_by) == (
        team,
        "陆海燕",
        TODAY,
        leader,
    )


def test_team_that_hands_a_project_over_lands_on_its_workbench(as_user, running, service_member):
    Service.objects.update(since=day(1))
    url = reverse("approvals:assign", args=[running.project_id])
    other = factories.service_team()

    answer = as_user(service_member).post(
        url, {"team": other.pk, "leader": "梁", "on": "2025-09-19", "note": "规划许可证在办"}
    )

    assert answer.url == reverse("approvals:workbench")


# --- Issues ----------------------------------------------------------------------------------------


def test_logging_asks_for_the_project_first(as_user, running, force_member):
    client = as_user(force_member)
    shown = client.get(reverse("approvals:issue_new"), {"q": "特钢"}).content.decode()

    assert f"?project={running.project_id}" in shown
    assert "没有找到项目" in client.get(reverse("approvals:issue_new"), {"q": "别的"}).content.decode()


@pytest.mark.parametrize("number", ["²", "x", "9" * 30])
def test_logging_asks_for_the_project_when_the_address_names_none(as_user, running, force_member, number):
    page = as_user(force_member).get(reverse("approvals:issue_new"), {"project": number})

    assert (page.status_code, page.context["question"]) == (200, "")


def test_logging_an_issue_twice_writes_one(as_user, running, force_member, planning):
    client, url = as_user(force_member), reverse("approvals:issue_new") + f"?project={running.project_id}"
    data = {
        "category": "land",
        "department": planning.pk,
        "text": "地块控规调整未完成",
        "on": "2025-09-18",
        "blocks": [running.pk],
        "form_token": "token-2",
    }

    answers = [client.post(url, data) for _turn in range(2)]

    issue = Issue.objects.get()
    assert [answer.url for answer in answers] == [reverse("approvals:issue", args=[issue.pk])] * 2
    assert (issue.raised_by, list(issue.blocks.all())) == (force_member, [running])


def test_wrong_issue_is_told_and_nothing_typed_is_lost(as_user, running, force_member, planning):
    client, url = as_user(force_member), reverse("approvals:issue_new") + f"?project={running.project_id}"
    elsewhere = factories.item()
    data = {"category": "land", "department": planning.pk, "text": "供电线路", "on": "2025-09-18"}

    for wrong in ({"text": "x" * 501}, {"on": "2025-09-20"}, {"category": "x"}, {"blocks": [elsewhere.pk]}):
        answer = client.post(url, {**data, **wrong})
        assert answer.status_code == 200, wrong
        assert answer.context["form"].errors, wrong
        assert ("供电线路" if "text" not in wrong else "x" * 501) in answer.content.decode()
    assert Issue.objects.count() == 0


def step(client: Client, issue: Issue, name: str, **data):
    issue.refresh_from_db()
    return client.post(
        reverse("approvals:issue", args=[issue.pk]),
        {"step": name, "on": "2025-09-18", "version": issue.version, **data},
    )


def test_issue_goes_from_logged_to_resolved_by_its_buttons(client, issue, department_officer, service_member):
    client.force_login(department_officer)
    for name, data in (("take_on", {}), ("handle", {}), ("answer", {"note": "控规已上报"})):
        assert step(client, issue, name, **data).status_code == 302, name
    assert step(client, issue, "resolve", note="办了").status_code == 403

    client.force_login(service_member)
    proof = SimpleUploadedFile("批复.pdf", PDF, content_type="application/pdf")
    answer = step(
        client,
        issue,
        "resolve",
        note="控规调整已批复",
        evidence=[proof],
        confirmed_by="enterprise",
        confirmed_name="张工",
    )

    assert answer.status_code == 302
    issue.refresh_from_db()
    assert (issue.state, issue.statement, issue.resolved_on) == (
        IssueState.RESOLVED,
        "控规调整已批复",
        day(18),
    )
    evidence = issue.evidence.get()
    download = client.get(reverse("approvals:evidence", args=[evidence.pk]))
    assert b"".join(download.streaming_content) == PDF
    assert download["Content-Disposition"].startswith("attachment")


def test_resolving_without_evidence_is_refused_with_what_is_missing(as_user, issue, service_member):
    client = as_user(service_member)
    step(client, issue, "take_on")
    step(client, issue, "handle")

    answer = step(client, issue, "resolve", note="办好了", confirmed_by="officer", confirmed_name="韦")

    assert answer.status_code == 200
    shown = answer.content.decode()
    assert "至少一份佐证材料" in shown
    assert "办好了" in shown
    issue.refresh_from_db()
    assert issue.state == IssueState.HANDLING


def test_file_that_is_no_proof_is_refused_and_not_kept(as_user, issue, service_member):
    from core.models import StoredFile

    client = as_user(service_member)
    step(client, issue, "take_on")
    step(client, issue, "handle")
    good = SimpleUploadedFile("a.pdf", PDF, content_type="application/pdf")
    bad = SimpleUploadedFile("a.pdf", b"MZ\x90\x00 a program", content_type="application/pdf")

    answer = step(
        client, issue, "resolve", note="办", evidence=[good, bad], confirmed_by="officer", confirmed_name="韦"
    )

    assert answer.status_code == 200
    assert StoredFile.objects.count() == 0
    issue.refresh_from_db()
    assert issue.state == IssueState.HANDLING


def test_step_taken_from_an_old_page_is_told_and_can_be_taken_again(
    client, issue, service_member, department_officer
):
    old = issue.version
    client.force_login(department_officer)
    step(client, issue, "take_on")
    client.force_login(service_member)

    answer = client.post(
        reverse("approvals:issue", args=[issue.pk]),
        {"step": "handle", "on": "2025-09-18", "version": old, "note": "开协调会"},
    )

    assert answer.status_code == 200
    shown = answer.content.decode()
    assert department_officer.name in shown
    assert "开协调会" in shown
    form = next(s["form"] for s in answer.context["steps"] if s["name"] == "handle")
    assert form["version"].value() == str(old + 1)


def test_buttons_are_those_of_state_and_person(client, issue, service_member, department_officer, clerk):
    def buttons(user: User) -> list[str]:
        client.force_login(user)
        steps = client.get(reverse("approvals:issue", args=[issue.pk])).context["steps"]
        return [s["name"] for s in steps]

    assert buttons(clerk) == []
    assert buttons(department_officer) == ["take_on", "give_back", "escalate"]
    step(client, issue, "take_on")
    assert buttons(department_officer) == ["handle", "answer", "give_back", "suspend", "escalate"]
    step(client, issue, "handle")
    assert buttons(department_officer) == ["answer", "give_back", "suspend", "escalate"]
    assert buttons(service_member) == ["answer", "give_back", "resolve", "suspend", "escalate"]
    step(client, issue, "answer", note="已办")
    assert buttons(department_officer) == ["send_back", "escalate"]
    assert buttons(service_member) == ["resolve", "send_back", "escalate"]


def test_reopening_is_offered_for_thirty_days(client, running, clerk, monkeypatch):
    recent = factories.issue(running.project, state=IssueState.RESOLVED, resolved_on=day(1), raised_on=day(1))
    old = factories.issue(
        running.project,
        state=IssueState.RESOLVED,
        resolved_on=datetime.date(2025, 8, 19),
        raised_on=datetime.date(2025, 8, 1),
    )
    client.force_login(clerk)

    def offered(issue: Issue) -> list[str]:
        context = client.get(reverse("approvals:issue", args=[issue.pk])).context
        return [s["name"] for s in context["steps"]]

    assert (offered(recent), offered(old)) == (["reopen"], [])


def test_issue_from_a_ledger_says_so(as_user, running, clerk, planning):
    issue, _new = issues.take_over(
        running.project,
        category=IssueCategory.FINANCE,
        text="设备贷款审批缓慢",
        department=planning,
        raised_on=day(1),
        state=IssueState.RESOLVED,
        resolved_on=day(9),
        statement="协调完成",
        confirmed_by=ConfirmedBy.ENTERPRISE,
        by=clerk,
        source="service-2025.xlsx, 问题清单!3",
        today=TODAY,
    )

    shown = as_user(clerk).get(reverse("approvals:issue", args=[issue.pk])).content.decode()

    assert "service-2025.xlsx, 问题清单!3" in shown
    assert "未要求佐证" in shown


def test_issue_list_shows_the_open_ones_and_filters(as_user, issue, running, leader):
    factories.issue(running.project, state=IssueState.RESOLVED, resolved_on=day(2), raised_on=day(1))
    client, url = as_user(leader), reverse("approvals:issues")

    def codes(**asked) -> list[str]:
        return [row["code"] for row in client.get(url, asked).context["rows"]]

    assert codes() == [issue.code]
    assert len(codes(group="resolved")) == 1
    for asked in (
        {"state": "logged"},
        {"department": "planning"},
        {"category": "land", "group": "open"},
        {"q": "控规"},
        {"raised_after": "2025-09-08"},
        {"team": Service.objects.get().team.pk},
    ):
        assert codes(**asked) == [issue.code], asked


def test_evidence_is_for_those_who_may_see_the_issue(client, issue, stranger, county_officer):
    proof = issue.evidence.create(file=factories.stored_file(), added_by=county_officer)
    url = reverse("approvals:evidence", args=[proof.pk])
    client.force_login(stranger)

    assert client.get(url).status_code == 404


# --- Stalled ----------------------------------------------------------------------------------------


def test_stalled_shows_reason_days_and_who_acts(as_user, flag, force_lead):
    (first, second) = as_user(force_lead).get(reverse("approvals:stalled")).context["rows"]

    assert first["sentence"] == "规划许可证已 9 个工作日无进展（最近一次登记为 9 月 8 日）。"
    assert second["sentence"] == "规划许可证已超承诺时限 4 个工作日（应于 9 月 15 日办结）。"
    assert (second["long"], second["first_day"], second["acts"]) == (
        "4 个工作日",
        "2025-09-16",
        "市自然资源和规划局",
    )


def test_lead_says_what_will_be_done_and_the_flag_stands(as_user, flag, force_lead):
    client, url = as_user(force_lead), reverse("approvals:acknowledge", args=[flag.pk])

    assert client.post(url, {"note": " "}).status_code == 200
    assert client.post(url, {"note": "9月22日前召开评审会"}).status_code == 302
    assert client.post(url, {"note": "再说一次"}).status_code == 200

    flag.refresh_from_db()
    assert (flag.acknowledged_note, flag.cleared_on) == ("9月22日前召开评审会", None)
    assert "9月22日前召开评审会" in client.get(reverse("approvals:stalled")).content.decode()
    assert client.get(reverse("approvals:stalled"), {"answered": "no"}).context["page"].paginator.count == 1


def test_cleared_flags_stand_under_their_own_tab(as_user, flag, running, leader):
    run(running, (K.APPROVED, TODAY))
    stalls.announce(TODAY)
    client, url = as_user(leader), reverse("approvals:stalled")

    assert client.get(url).context["rows"] == []
    assert len(client.get(url, {"group": "cleared"}).context["rows"]) == 2
    assert len(client.get(url, {"raised_on": "2025-09-19"}).context["rows"]) == 2


# --- Workbench ----------------------------------------------------------------------------------------


def test_workbench_of_a_team_shows_its_projects_items_and_issues(as_user, running, issue, service_member):
    factories.item(opened_on=OPENED)
    stalls.announce(TODAY)

    def table(tab: str):
        return as_user(service_member).get(reverse("approvals:workbench"), {"tab": tab}).context

    assert [(group["key"], row["name"]) for group in table("items")["groups"] for row in group["rows"]] == [
        ("over_promise", "规划许可证")
    ]
    assert [row["code"] for row in table("issues")["issues"]] == [issue.code]
    (line,) = table("projects")["services"]
    service = line["service"]
    assert (service.under_way, service.late, service.waiting, service.open_issues) == (1, 1, 0, 1)
    assert [tab["n"] for tab in table("items")["tabs"]] == [1, 1, 1, 0, None]


def test_workbench_of_a_department_shows_what_is_addressed_to_it(as_user, running, issue, department_officer):
    other = factories.item_template(name="环评报告表")
    run(factories.item(running.project, other, opened_on=OPENED), (K.ACCEPTED, day(8)))

    context = as_user(department_officer).get(reverse("approvals:workbench")).context

    assert [row["name"] for group in context["groups"] for row in group["rows"]] == ["规划许可证"]
    assert [row["text"] for row in context["due_issues"]] == [issue.text]
    assert "projects" not in [tab["key"] for tab in context["tabs"]]


# --- From one page of a project's approvals to the others -------------------------------------


def test_tabs_lead_to_the_pages_about_the_project_that_a_person_may_open(as_user, running, leader):
    panel = reverse("approvals:panel", args=[running.project_id])
    issues_of_it = f"{reverse('approvals:issues')}?project={running.project_id}"
    client = as_user(leader)

    shown = client.get(panel)
    part = client.get(panel, headers={"HX-Request": "true"})

    tabs = {tab["url"]: tab["on"] for tab in shown.context["of_project"]}
    assert (tabs[panel], tabs[issues_of_it]) == (True, False)
    assert f'<a href="{panel}" aria-current="page">' in shown.content.decode()
    assert f'<a href="{panel}">' in part.content.decode()
    assert client.get(issues_of_it).status_code == 200
