"""The plan's page, its files, its line on the approval list, and who sees what of it."""

import datetime
import io
import json
import zipfile

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation

from approvals import planning, wording
from approvals.choices import ItemEventKind, Phase
from approvals.models import Item, ItemTemplate
from core.workdays import calendar
from projects.choices import Stage
from tests import factories
from tests.api import caller
from tests.approvals.conftest import TODAY, run

pytestmark = pytest.mark.usefixtures("today", "frame_is_remembered")

DAY = datetime.timedelta(days=1)


@pytest.fixture
def chain(followed, planning) -> list[Item]:
    """Three items in a row, and one of another department beside them; works wanted on 30 October."""
    followed.planned_start = datetime.date(2025, 10, 30)
    followed.save(update_fields=["planned_start"])
    made: list[Item] = []
    for number, (name, days) in enumerate((("选址意见书", 7), ("用地规划许可证", 5), ("施工许可证", 3)), 1):
        template = factories.item_template(
            name=name,
            name_en=f"Step {number}",
            department=planning,
            phase=Phase(number),
            promised_days=days,
            prerequisites=[item.template for item in made[-1:]],
        )
        made.append(factories.item(followed, template, opened_on=TODAY))
    beside = factories.item_template(name="环评报告表", name_en="Environmental form", promised_days=8)
    return [*made, factories.item(followed, beside, opened_on=TODAY)]


def url(project, name: str = "plan") -> str:
    return reverse(f"approvals:{name}", args=[project.pk])


def english(user) -> Client:
    client = factories.in_english()
    client.force_login(user)
    return client


def told(project):
    return planning.of_project(project, today=TODAY, days=calendar())


# --- Sentences ----------------------------------------------------------------------------------------


def test_the_page_says_when_works_can_begin_and_what_would_help(chain, followed, service_member):
    content = english(service_member).get(url(followed)).content.decode()

    assert "Works can begin on 2025-10-17 at the earliest: 9 working days before the wanted day." in content
    assert "Fastest lever: “Step 1”, 7 working days." in content
    assert "Can be handed in on 2025-09-29, after “Step 1”; takes 5 working days (promised limit)." in content
    assert "9 days to spare" in content
    assert content.index("Before works begin") < content.index("Step 1</a></span>")


def test_the_same_in_chinese(chain, followed, service_member, client):
    client.force_login(service_member)

    content = client.get(url(followed)).content.decode()

    assert "最早可于2025-10-17开工，比计划开工日早9 个工作日。" in content
    assert "最能提前开工的事项：“选址意见书”，可提前7 个工作日。" in content
    assert "最迟报送日" in content


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        (datetime.date(2025, 10, 30), "9 working days before the wanted day."),
        (datetime.date(2025, 10, 17), "the wanted day, with none to spare."),
        (datetime.date(2025, 10, 15), "2 working days after the wanted day."),
    ],
    ids=["early", "to the day", "late"],
)
def test_the_headline_has_three_faces(chain, followed, service_member, wanted, sentence):
    followed.planned_start = wanted
    followed.save(update_fields=["planned_start"])

    assert sentence in english(service_member).get(url(followed)).content.decode()


def test_without_a_wanted_day_the_page_asks_for_it_and_still_plans(chain, followed, clerk, service_member):
    followed.planned_start = None
    followed.save(update_fields=["planned_start"])
    edit = reverse("projects:edit", args=[followed.pk])

    of_clerk, of_team = (
        english(user).get(url(followed)).content.decode() for user in (clerk, service_member)
    )

    assert "Works can begin on 2025-10-17 at the earliest." in of_clerk
    assert "Nobody has said on which day works are to begin." in of_clerk
    assert f'<a href="{edit}">Enter the day</a>' in of_clerk
    assert "Enter the day" not in of_team  # who may not edit the project is not sent there


def test_items_in_a_circle_are_named_and_nothing_breaks(chain, followed, service_member):
    first, _second, third, _beside = (item.template for item in chain)
    first.prerequisites.add(third)
    client = english(service_member)

    content = client.get(url(followed)).content.decode()

    assert "There is no plan while items wait for each other in a circle." in content
    assert "“Step 1”, “Step 3”, “Step 2” wait for each other." in content
    assert [client.get(url(followed, name)).status_code for name in ("plan_pdf", "plan_word", "panel")] == [
        200
    ] * 3


def test_works_that_have_begun_are_not_counted_back_again(chain, followed, service_member):
    followed.stage = Stage.CONSTRUCTION
    followed.save(update_fields=["stage"])

    content = english(service_member).get(url(followed)).content.decode()

    assert "Works have begun, and 4 items that have to come before them are not through." in content
    assert "Earliest start of works" not in content


def test_a_project_without_a_list_says_when_there_will_be_one(followed, service_member):
    assert (
        "The list opens by itself when the project is signed."
        in english(service_member).get(url(followed)).content.decode()
    )


def test_every_item_says_where_its_days_come_from(chain, followed):
    first, second, _third, beside = chain
    run(first, (ItemEventKind.ACCEPTED, TODAY))
    run(beside, (ItemEventKind.SUBMITTED, TODAY))
    Item.objects.filter(pk=second.pk).update(promised_days=None, statutory_days=None)
    plan = told(followed)

    with translation.override("en"):
        sentences = [wording.why(plan, planned) for planned in plan.plan.items]
        rests = wording.assumptions(plan, set(plan.items), days=calendar())

    assert sentences == [
        "By its promised limit it is passed on 2025-09-29. "
        "Has to be through by 2025-09-22, when “Step 2” has to be handed in.",
        "Not accepted yet; accepted today it is passed by its promised limit on 2025-09-30. "
        "Has to be through by 2025-10-29, before works begin.",
        "Can be handed in on 2025-09-29, after “Step 1”; takes 20 working days (assumed). "
        "Has to be through by 2025-10-24, when “Step 3” has to be handed in.",
        "Can be handed in on 2025-11-03, after “Step 2”; takes 3 working days (promised limit). "
        "Has to be through by 2025-10-29, before works begin.",
    ]
    assert rests[1] == (
        "No limit is on record for “Step 2”: "
        "20 working days are assumed (Administrative Licensing Law, art. 42)."
    )


# --- The timeline -------------------------------------------------------------------------------------


def test_the_timeline_marks_the_critical_path_by_shape_and_word(chain, followed, service_member):
    content = english(service_member).get(url(followed)).content.decode()

    assert content.count("gantt-row is-critical") == 3
    assert content.count('<span class="visually-hidden">On the critical path</span>') == 3
    assert content.count('class="p-critical"') == 3 + 1  # and one in the legend
    assert content.count('class="p-by"') == 4 + 1
    assert content.count('class="p-wanted"') == 4 + 1
    assert " style=" not in content.split('<main id="main"')[1].split("</main>")[0]


# --- What if ------------------------------------------------------------------------------------------


def test_trying_out_tells_the_difference_and_writes_nothing(chain, followed, service_member):
    before = list(Item.objects.order_by("pk").values())

    content = english(service_member).get(url(followed), {"item": chain[0].pk, "days": 2}).content.decode()

    assert "If “Step 1” took 2 working days from now on, works could begin on 2025-10-11: " in content
    assert "2025-10-11: 5 working days earlier." in content
    assert "Tried out, not entered" in content
    assert list(Item.objects.order_by("pk").values()) == before


@pytest.mark.parametrize(
    "asked", [{"item": "9999", "days": 2}, {"item": "x"}, {"days": "-1"}, {"days": "9999"}]
)
def test_what_cannot_be_tried_out_is_refused_at_the_field(chain, followed, service_member, asked):
    answer = english(service_member).get(url(followed), asked)

    assert answer.status_code == 200
    assert "Tried out, not entered" not in answer.content.decode()
    assert 'aria-invalid="true"' in answer.content.decode()


# --- Who ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["plan", "plan_word", "plan_pdf"])
def test_strangers_find_nothing_and_statistics_may_not(chain, followed, name, client):
    stranger = factories.user("service")
    statistics = factories.user("statistics")
    answers = []
    for user in (stranger, statistics):
        client.force_login(user)
        answers.append(client.get(url(followed, name)).status_code)

    assert answers == [404, 403]


def test_a_department_sees_the_items_addressed_to_it(chain, followed):
    clerk = factories.user("department", agency=chain[3].template.department)

    content = english(clerk).get(url(followed)).content.decode()

    assert "Environmental form" in content
    assert "Step 1" not in content.split('<main id="main"')[1]
    assert "Works can begin on 2025-10-17" in content


# --- Files --------------------------------------------------------------------------------------------


def test_word_carries_the_plan_with_its_timeline(chain, followed, service_member, client):
    client.force_login(service_member)

    answer = client.get(url(followed, "plan_word"))

    assert answer["Content-Disposition"].startswith("attachment")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as packed:
        text = packed.read("word/document.xml").decode()
    for words in (
        "特钢线材项目审批倒排计划",
        "最早可于2025-10-17开工",
        "◆",
        "△",
        "最迟报送日",
        "开工前审批时间表",
    ):
        assert words in text


def test_pdf_is_a_pdf_in_either_language(chain, followed, service_member, client):
    client.force_login(service_member)

    for browser in (client, english(service_member)):
        assert browser.get(url(followed, "plan_pdf")).content.startswith(b"%PDF-")


# --- Queries ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["plan", "plan_word"])
def test_ten_items_cost_as_many_queries_as_one(chain, followed, service_member, client, name):
    client.force_login(service_member)
    client.get(url(followed, name))

    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            client.get(url(followed, name))
        return len(queries)

    few = asked()
    for number in range(6):
        needs = [ItemTemplate.objects.order_by("pk").last()]
        template = factories.item_template(name=f"事项{number}", prerequisites=needs)
        run(factories.item(followed, template, opened_on=TODAY - 9 * DAY), (ItemEventKind.ACCEPTED, TODAY))

    assert asked() == few
    assert few <= 12


# --- The line on the approval list --------------------------------------------------------------------


def test_the_approval_list_says_how_the_plan_stands(chain, followed, service_member):
    content = english(service_member).get(url(followed, "panel")).content.decode()

    assert "Works can begin on 2025-10-17 at the earliest: 9 working days before the wanted day." in content
    assert f'href="{url(followed)}"' in content
    assert "Next: hand in “Step 1” by 2025-10-09" in content


# --- API and command ----------------------------------------------------------------------------------


def test_the_api_tells_the_plan(chain, followed, service_member):
    answer = caller(service_member).get(f"/api/v1/plans/{followed.pk}/")

    body = answer.json()
    keys = [item.pk for item in chain]
    assert (body["earliest_start"], body["slack"], body["critical_path"]) == ("2025-10-17", 9, keys[:3])
    assert (body["levers"], body["frees"]) == ([keys[0]], 7)
    first = next(row for row in body["items"] if row["id"] == keys[0])
    assert (first["latest_submit"], first["latest_finish"], first["slack"]) == ("2025-10-09", "2025-10-17", 9)
    assert first["sentence"].startswith("Can be handed in now; takes 7 working days (promised limit).")


def test_the_api_plans_towards_another_start(chain, followed, service_member):
    told = caller(service_member)

    assert told.get(f"/api/v1/plans/{followed.pk}/?start=2025-10-15").json()["slack"] == -2
    assert told.get(f"/api/v1/plans/{followed.pk}/?start=soon").status_code == 400
    assert told.get("/api/v1/plans/999999/").status_code == 404


def test_the_command_prints_the_plan(chain, followed, capsys):
    call_command("approvals_plan", followed.code, "--start", "2025-10-15", "--json")

    told = json.loads(capsys.readouterr().out)
    assert (told["project"], told["earliest_start"], told["slack"]) == (followed.code, "2025-10-17", -2)
    assert [row["slack"] for row in told["items"]] == [-2, 5, -2, -2]
    assert told["critical_path"] == [item.template.code for item in chain[:3]]


def test_the_command_in_words_and_its_refusals(chain, followed, capsys):
    call_command("approvals_plan", followed.code, "--today", "2025-09-19")

    assert "2025-10-17" in capsys.readouterr().out
    with pytest.raises(CommandError, match="no project"):
        call_command("approvals_plan", "LZ-0000")
    with pytest.raises(CommandError, match="2000 to 2099"):
        call_command("approvals_plan", followed.code, "--start", "1999-01-01")
