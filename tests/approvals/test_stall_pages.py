"""The stalled page with flags of projects, investment at risk, the lamps: as pages and over the API."""

import datetime
from decimal import Decimal

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from accounts.roles import Role
from approvals import stalls
from approvals.choices import LampPreset, Severity, StallCode
from approvals.models import PresetChoice, StallFlag
from approvals.stalls import risk
from approvals.stalls.risk import By
from projects.choices import Confidentiality, EventKind, Stage
from projects.models import Project
from tests import factories
from tests.api import caller
from tests.approvals.conftest import OPENED, TODAY


@pytest.fixture(autouse=True)
def english():
    with translation.override("en"):
        yield


@pytest.fixture
def signed_in(client: Client, today):
    def sign_in(user) -> Client:
        client.force_login(user)
        client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
        return client

    return sign_in


def page(client: Client, name: str, query: str = "") -> str:
    answer = client.get(f"{reverse(f'approvals:{name}')}{query}")
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.fixture
def aged(followed) -> StallFlag:
    """A flag of the project itself."""
    return factories.stall_flag(
        project=followed,
        code=StallCode.STAGE_AGED,
        facts={"since": "2025-08-10", "stage": Stage.SIGNING, "unit": "days"},
    )


# --- The stalled page --------------------------------------------------------------------------------


def test_flags_of_projects_stand_beside_those_of_items(signed_in, running, aged, leader):
    stalls.announce(TODAY)

    shown = page(signed_in(leader), "stalled")

    assert "Planning permit is 4 working days over the promised limit" in shown
    assert "In the batch “Signing”" in shown
    assert page(signed_in(leader), "stalled", "?group=open&code=S1").count("sub-link") == 1


def test_a_red_that_was_made_good_is_found_and_marked(signed_in, followed, leader):
    factories.stall_flag(
        project=followed,
        code=StallCode.NO_REPORT,
        severity=Severity.AMBER,
        was_red=False,
        facts={"month": "2025-06-01", "grace": 5, "days": 1},
        cleared_on=TODAY,
        cleared_because="settled",
    )
    good = factories.stall_flag(
        project=followed,
        code=StallCode.NO_REPORT,
        was_red=True,
        facts={"month": "2025-03-01", "grace": 5, "days": 4},
        cleared_on=TODAY,
        cleared_because="settled",
        acknowledged_by=leader,
        acknowledged_note="设备未到货",
        acknowledged_at=timezone.now(),
    )
    client = signed_in(leader)

    shown = page(client, "stalled", "?group=made_good")

    assert shown.count("sub-link") == 1
    assert "Made good" in shown and "was red" in shown and "设备未到货" in shown  # noqa: PT018
    panel = client.get(reverse("approvals:panel", args=[followed.pk])).content.decode()
    assert "was red" in panel
    rows = caller(leader).get("/api/v1/stalls/?group=made_good").json()["results"]
    assert [(row["id"], row["was_red"], row["made_good"], row["item"]) for row in rows] == [
        (good.pk, True, True, None)
    ]


def test_a_missing_report_asks_for_its_reason(signed_in, followed, leader):
    flag = factories.stall_flag(
        project=followed,
        code=StallCode.NO_REPORT,
        facts={"month": "2025-08-01", "grace": 5},
    )
    client, url = signed_in(leader), reverse("approvals:acknowledge", args=[flag.pk])

    assert "Why nothing was reported" in client.get(url).content.decode()
    client.post(url, {"note": "企业在停产检修"})
    assert "企业在停产检修" in page(client, "stalled")


# --- Investment at risk ----------------------------------------------------------------------------------


@pytest.fixture
def held(steel, liubei, planning, running, followed) -> list[Project]:
    """Two projects held up by one item, one of them by a second as well; a third is not."""
    Project.objects.filter(pk=followed.pk).update(contracted=Decimal("10000.55"))
    other = factories.project(
        Stage.SIGNING, contracted=Decimal("5000.50"), task_force=steel, reporting_unit=liubei
    )
    factories.project(Stage.SIGNING, contracted=Decimal(99), task_force=steel, reporting_unit=liubei)
    twin = factories.item(other, running.template, opened_on=OPENED)
    second = factories.item(other, factories.item_template(name_en="Design"), opened_on=OPENED)
    blocked = {"issue": "WT-1", "category": "land", "department": ["局", "Bureau"], "since": "2025-09-01"}
    blocked["department_id"] = planning.pk
    for item, code, facts in (
        (running, StallCode.OVER_PROMISE, {"due": "2025-09-15"}),
        (twin, StallCode.NOT_SUBMITTED, {"since": "2025-09-01"}),
        (second, StallCode.BLOCKED, blocked),
    ):
        factories.stall_flag(item, code=code, facts=facts, raised_on=TODAY, first_day=TODAY)
    return [followed, other]


def amounts(user, on: datetime.date, by: By) -> list[tuple]:
    found = risk.at_risk(user, on=on)
    return [(part.name, len(part.projects), part.amount) for part in found.parts[by]]


def test_a_project_counts_once_in_the_total_and_in_each_row_that_holds_it_up(held, running, leader, planning):
    found = risk.at_risk(leader, on=TODAY)

    assert (len(found.total.projects), found.total.amount, found.total.flags) == (2, Decimal("15001.05"), 3)
    assert amounts(leader, TODAY, By.ITEM) == [
        (str(running.template), 2, Decimal("15001.05")),
        ("Design", 1, Decimal("5000.50")),
    ]
    assert amounts(leader, TODAY, By.DEPARTMENT) == [
        (str(planning), 2, Decimal("15001.05")),
        ("The enterprise", 1, Decimal("5000.50")),
    ]
    assert amounts(leader, TODAY, By.ISSUE) == [("Land and planning", 1, Decimal("5000.50"))]


def test_at_risk_of_a_past_day_takes_the_flags_and_the_contracts_of_that_day(held, leader):
    before = TODAY - datetime.timedelta(days=1)
    assert risk.at_risk(leader, on=before).total.projects == frozenset()

    tomorrow = TODAY + datetime.timedelta(days=1)
    factories.verified_event(
        held[1], kind=EventKind.ADD_ON, amount=Decimal(500), signed_on=TODAY, verified_on=tomorrow
    )
    Project.objects.filter(pk=held[1].pk).update(contracted=Decimal("5500.50"))

    assert risk.at_risk(leader, on=TODAY).amounts[held[1].pk] == Decimal("5000.50")
    assert risk.at_risk(leader, on=tomorrow).amounts[held[1].pk] == Decimal("5500.50")


def test_at_risk_is_asked_over_what_a_person_may_see(held, force_lead):
    stranger = factories.user(Role.FORCE_LEAD)
    assert len(risk.at_risk(force_lead, on=TODAY).total.projects) == 2
    assert risk.at_risk(stranger, on=TODAY).total.projects == frozenset()


def test_each_number_opens_its_projects(signed_in, held, running, leader):
    client = signed_in(leader)
    shown = page(client, "at_risk")
    assert "1.50" in shown  # 亿元

    listed = page(client, "at_risk_projects", f"?by=item&key={running.template_id}&on={TODAY}")
    assert [project.name in listed for project in held] == [True, True]
    assert "2 projects" in listed
    missing = client.get(f"{reverse('approvals:at_risk_projects')}?by=item&key=0")
    assert missing.status_code == 404


@pytest.mark.parametrize("on", ["2099-01-01", "soon"])
def test_a_day_that_cannot_be_is_told_and_today_is_shown(signed_in, held, leader, on):
    shown = page(signed_in(leader), "at_risk", f"?on={on}")

    assert 'class="wrong"' in shown
    assert TODAY.isoformat() in shown


def test_at_risk_over_the_api(held, running, leader, today):
    told = caller(leader).get("/api/v1/at-risk/").json()

    assert (told["on"], told["total"]["projects"], told["total"]["contracted"]) == (
        TODAY.isoformat(),
        2,
        "15001.05",
    )
    assert told["by_item"][0]["key"] == str(running.template_id)
    assert sorted(told["total"]["project_ids"]) == sorted(project.pk for project in held)
    assert caller(leader).get("/api/v1/at-risk/?on=2099-01-01").status_code == 400


@pytest.mark.parametrize("name", ["at_risk", "at_risk_projects", "lamps", "stalled"])
def test_pages_cost_the_same_for_one_and_three_projects(
    signed_in, held, running, leader, name, count_queries
):
    client, url = signed_in(leader), reverse(f"approvals:{name}")
    client.get(url)
    one = count_queries(lambda: client.get(url))
    for _turn in range(3):
        item = factories.item(factories.project(Stage.SIGNING), running.template, opened_on=OPENED)
        factories.stall_flag(item, raised_on=TODAY)

    assert count_queries(lambda: client.get(url)) == one


# --- The lamps -----------------------------------------------------------------------------------------


def test_both_presets_stand_side_by_side(signed_in, followed, clerk):
    shown = page(signed_in(clerk), "lamps")

    assert "from 10 working days on" in shown
    assert "more than 30 points" in shown
    assert "<form" not in shown.split("Which lamps are lit")[1].split("</section>")[0]


@pytest.mark.parametrize("name", ["leader", "security_admin"])
def test_leader_and_security_admin_choose_the_lamps(signed_in, followed, request, name):
    user = request.getfixturevalue(name)
    client, url = signed_in(user), reverse("approvals:lamps")

    refused = client.post(url, {"preset": "yinchuan", "effective_from": "2025-09-01"})
    assert "The day has passed" in refused.content.decode()
    client.post(url, {"preset": "yinchuan", "effective_from": TODAY.isoformat()})

    assert [(c.preset, c.effective_from, c.chosen_by) for c in PresetChoice.objects.all()] == [
        (LampPreset.YINCHUAN, TODAY, user)
    ]
    assert stalls.preset_on(TODAY) == LampPreset.YINCHUAN


def test_a_clerk_sees_the_lamps_and_chooses_none(signed_in, followed, clerk):
    signed_in(clerk).post(reverse("approvals:lamps"), {"preset": "yinchuan", "effective_from": TODAY})

    assert not PresetChoice.objects.exists()


# --- Confidential --------------------------------------------------------------------------------------


def test_lists_of_issues_tell_only_the_kind_to_whom_the_project_is_veiled(
    signed_in, followed, city_leader, clerk
):
    factories.issue(followed, text="the secret buyer wavers", category="finance")
    Project.objects.update(confidentiality=Confidentiality.CONFIDENTIAL)

    assert "the secret buyer wavers" in page(signed_in(clerk), "issues")
    veiled = page(signed_in(city_leader), "issues")
    assert "the secret buyer wavers" not in veiled
    assert "Finance" in veiled
    [row] = caller(city_leader).get("/api/v1/issues/").json()["results"]
    assert "secret" not in row["text"]
