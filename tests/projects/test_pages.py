"""The pages of projects, as the bureau, the task force, the county, a reader and a stranger meet them."""

import datetime
import re
from decimal import Decimal

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from core import clock
from core.text import name_key
from projects import rules
from projects.choices import Confidentiality, EventKind, EvidenceKind, Stage, Status, Verdict
from projects.models import (
    ContactReveal,
    ContractEvent,
    ContractVerdict,
    Enterprise,
    Evidence,
    Project,
    SigningDraft,
)
from tests import factories

TODAY = datetime.date(2026, 3, 20)
PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer<<>>\n%%EOF\n"


@pytest.fixture(autouse=True)
def _today(monkeypatch):
    monkeypatch.setattr(clock, "today", lambda: TODAY)


@pytest.fixture
def browse():
    """A browser in which somebody has signed in and chosen English."""

    def sign_in(user) -> Client:
        client = Client()
        client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
        client.force_login(user)
        return client

    return sign_in


@pytest.fixture
def project(steel, liubei, clerk):
    return factories.project(
        Stage.NEGOTIATION,
        name="恒瑞线控底盘项目",
        task_force=steel,
        reporting_unit=liubei,
        created_by=clerk,
        officer="李工",
        content="年产二十万套",
        enterprise=factories.enterprise(
            name="深圳恒瑞科技有限公司", contact_name="韦雪梅", contact_phone="13812345678"
        ),
    )


def url(name: str, *args: object, **query: object) -> str:
    asked = "&".join(f"{key}={value}" for key, value in query.items())
    return reverse(f"projects:{name}", args=args) + (f"?{asked}" if asked else "")


def text_of(response) -> str:
    """What is read: without tags, with single spaces."""
    return " ".join(re.sub(r"<[^>]*>", " ", response.content.decode()).split())


def queries(client: Client, address: str) -> int:
    client.get(address)
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


# --- Who may open what ----------------------------------------------------------------------------

PROJECT_PAGES = {
    # page: who gets what (bureau clerk, leader, task force, county, city leader, stranger, administrator)
    "project": (200, 200, 200, 200, 200, 404, 403),
    "edit": (200, 200, 200, 200, 403, 404, 403),
    "share_out": (200, 200, 403, 403, 403, 404, 403),
    "contract": (200, 200, 403, 200, 403, 404, 403),
    "advance": (403, 200, 200, 403, 403, 403, 403),
    "take_back": (403, 200, 403, 403, 403, 403, 403),
    "pause": (403, 200, 200, 403, 403, 403, 403),
    "resume": (403, 200, 200, 403, 403, 403, 403),
    "end": (403, 200, 403, 403, 403, 403, 403),
    "progress": (200, 403, 200, 200, 403, 404, 403),
    "hand_in": (200, 200, 200, 200, 403, 404, 403),
}


@pytest.mark.parametrize("name", PROJECT_PAGES)
def test_outsiders_meet_404_and_readers_who_may_not_act_403(
    browse, project, clerk, leader, force_member, county_officer, city_leader, stranger, system_admin, name
):
    users = (clerk, leader, force_member, county_officer, city_leader, stranger, system_admin)

    found = tuple(browse(user).get(url(name, project.pk)).status_code for user in users)

    assert found == PROJECT_PAGES[name]


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("list", (200, 200, 200, 200, 200, 200, 403)),
        ("new", (200, 403, 403, 200, 403, 200, 403)),
        ("drafts", (200, 403, 403, 200, 403, 200, 403)),
        ("verify", (200, 200, 403, 403, 403, 403, 403)),
    ],
)
def test_pages_are_open_to_the_roles_that_need_them(
    browse, clerk, leader, force_member, county_officer, city_leader, stranger, system_admin, name, found
):
    users = (clerk, leader, force_member, county_officer, city_leader, stranger, system_admin)

    assert tuple(browse(user).get(url(name)).status_code for user in users) == found


def test_an_assisting_task_force_reads_and_does_not_act(browse, auto, force_member, liubei):
    project = factories.project(Stage.NEGOTIATION, task_force=auto, reporting_unit=liubei)
    project.assisting.add(force_member.memberships.get().task_force)
    client = browse(force_member)

    assert [client.get(url(name, project.pk)).status_code for name in ("project", "edit", "advance")] == [
        200,
        403,
        403,
    ]


def test_without_signing_in_one_is_asked_to(project):
    response = Client().get(url("project", project.pk))

    assert (response.status_code, response["Location"].split("?")[0]) == (302, reverse("accounts:sign_in"))


@pytest.mark.parametrize(("who", "amounts", "lamp"), [("clerk", 2, "todo"), ("statistician", 1, "on_time")])
def test_statistics_is_shown_what_is_verified_and_nothing_else(browse, request, project, who, amounts, lamp):
    Project.objects.filter(pk=project.pk).update(stage=Stage.SIGNING)
    factories.verified_event(project)
    factories.contract_event(project, kind=EventKind.ADD_ON, amount=Decimal(777))
    client = browse(request.getfixturevalue(who))

    shown = client.get(url("project", project.pk)).context
    [row] = client.get(url("list")).context["rows"]
    listed = client.get(f"/api/v1/projects/{project.pk}/contract-events/").json()["results"]

    assert (len(shown["events"]), len(listed)) == (amounts, amounts)
    assert (shown["lamp"][0], row["lamp"]) == (lamp, lamp)


# --- The list -------------------------------------------------------------------------------------


def test_list_shows_the_rows_the_total_and_the_lamp(browse, clerk, project, luzhai, liubei):
    factories.share(project, liubei, 60)
    factories.share(project, luzhai, 40)
    Project.objects.filter(pk=project.pk).update(
        contracted=Decimal(212000), signed_on=datetime.date(2026, 3, 2), stage=Stage.SIGNING
    )
    factories.contract_event(project, kind=EventKind.ADD_ON)

    response = browse(clerk).get(url("list"))

    [row] = response.context["rows"]
    told = ("url", "name", "enterprise", "stage", "amount", "signed_on", "lamp", "word")
    assert tuple(row[key] for key in told) == (
        project.get_absolute_url(),
        "恒瑞线控底盘项目",
        "深圳恒瑞科技有限公司",
        "Signing",
        "21.20",
        "2026-03-02",
        "todo",
        "To be verified",
    )
    assert row["unit"] == "Liubei District 60%／Luzhai County 40%"
    assert "1 project Contracted 21.20 亿元 · of which industrial of 1 亿元 and more 21.20 亿元" in text_of(
        response
    )


def test_list_shows_the_worst_open_flag(browse, clerk, stranger, project):
    item = factories.item(project)
    factories.stall_flag(item, code="S1", severity="amber")
    factories.stall_flag(item, code="S2", severity="red")
    factories.stall_flag(factories.item(project), code="S3", cleared_on=TODAY)

    [row] = browse(clerk).get(url("list")).context["rows"]

    assert (row["lamp"], row["word"]) == ("over_statute", "Past the statutory limit and 1 more")


def test_list_asks_the_same_with_one_and_with_three_projects(
    browse, clerk, county_officer, steel, liubei, luzhai
):
    def make():
        made = factories.project(Stage.SIGNING, task_force=steel, reporting_unit=liubei)
        factories.share(made, liubei, 60)
        factories.share(made, luzhai, 40)
        factories.verified_event(made)
        factories.stall_flag(factories.item(made))
        made.assisting.add(steel)

    make()
    one = [queries(browse(user), url("list")) for user in (clerk, county_officer)]
    make()
    make()

    assert [queries(browse(user), url("list")) for user in (clerk, county_officer)] == one


def test_list_shows_each_person_their_own(browse, project, clerk, county_officer, stranger, force_member):
    other = factories.project(name="别县项目")

    def names(user):
        return sorted(row["name"] for row in browse(user).get(url("list")).context["rows"])

    assert names(clerk) == sorted([project.name, other.name])
    assert names(county_officer) == names(force_member) == [project.name]
    assert names(stranger) == []


def test_list_counts_and_adds_up_to_its_cap_only(browse, clerk, project, monkeypatch):
    from projects.views import ledger

    monkeypatch.setattr(ledger, "CAP", 2)
    for _n in range(3):
        factories.project()

    response = browse(clerk).get(url("list"))

    assert (response.context["found"].count, response.context["found"].is_capped) == (2, True)
    assert "More than 10,000 projects" in text_of(response)


@pytest.mark.parametrize("page", ["0", "-1", "99999999999999999999", "x", "2;"])
def test_list_takes_any_page_number(browse, clerk, project, page):
    assert browse(clerk).get(url("list", page=page)).context["page"].number == 1


def test_list_leafs_through_all_rows_once(browse, clerk, steel, liubei):
    enterprise = factories.enterprise()
    for _n in range(53):
        factories.project(task_force=steel, reporting_unit=liubei, enterprise=enterprise, created_by=clerk)
    client = browse(clerk)

    pages = [client.get(url("list", page=number)).context["rows"] for number in (1, 2)]

    assert [len(rows) for rows in pages] == [50, 3]
    assert len({row["url"] for rows in pages for row in rows}) == 53


def test_list_says_what_to_do_when_it_is_empty(browse, clerk, stranger, project):
    assert "No project fits Take a filter out" in text_of(browse(clerk).get(url("list", q="没有这个")))
    assert "Here stand the projects you are concerned with" not in text_of(browse(clerk).get(url("list")))
    assert "Begin with a signing" in text_of(browse(stranger).get(url("list")))


def test_a_confidential_project_carries_its_code_name_outside_its_owners(
    browse, project, clerk, leader, force_member, county_officer, city_leader, auto
):
    Project.objects.filter(pk=project.pk).update(
        confidentiality=Confidentiality.CONFIDENTIAL, code_name="北斗", national_code="2603-1"
    )
    factories.contract_event(project, note="恒瑞来函")
    helper = factories.user("force_member", task_force=auto)
    project.assisting.add(auto)
    secrets = ("恒瑞", "年产二十万套", "韦", "2603-1", "1381")

    for user in (clerk, leader, force_member, county_officer):
        assert "恒瑞线控底盘项目" in text_of(browse(user).get(url("project", project.pk)))
    for user in (city_leader, helper):
        for address in (url("list"), url("project", project.pk)):
            page = browse(user).get(address).content.decode().replace("韦经办", "")
            assert "北斗" in page
            assert [secret for secret in secrets if secret in page] == []


# --- Entering a signing ---------------------------------------------------------------------------


@pytest.fixture
def typed(steel, liubei):
    return {
        "enterprise_name": "深圳宏宇特钢有限公司",
        "uscc": factories.credit_code(7),
        "contact_phone": "13812345678",
        "name": "特钢线材深加工项目",
        "task_force": steel.pk,
        "is_industrial": "True",
        "confidentiality": "internal",
        "kind": "signed",
        "signed_on": "2026-03-02",
        "currency": "CNY",
        "amount": "96,000",
        "reporting_unit": liubei.pk,
        "location": liubei.pk,
        "form_token": "token-1",
    }


def test_a_clerk_enters_a_signing(browse, clerk, typed):
    response = browse(clerk).post(url("new"), typed, follow=True)

    project = Project.objects.get()
    assert response.redirect_chain == [(project.get_absolute_url(), 302)]
    assert "LZ-2026-0001 is entered. It counts as soon as somebody else has verified it." in text_of(response)
    assert (project.name, project.enterprise.name, project.enterprise.contact_phone, project.stage) == (
        "特钢线材深加工项目",
        "深圳宏宇特钢有限公司",
        "13812345678",
        Stage.NEGOTIATION,
    )
    assert list(ContractEvent.objects.values_list("kind", "amount", "recorded_by", "verdict")) == [
        ("signed", Decimal("96000.00"), clerk.pk, None)
    ]


def test_a_county_enters_for_itself_and_for_nobody_else(browse, county_officer, typed, luzhai):
    client = browse(county_officer)

    refused = client.post(url("new"), {**typed, "reporting_unit": luzhai.pk})
    entered = client.post(url("new"), typed)

    assert (refused.status_code, entered.status_code) == (422, 302)
    assert Project.objects.get().created_by == county_officer


def test_a_signing_sent_twice_is_entered_once(browse, clerk, typed):
    client = browse(clerk)

    answers = [client.post(url("new"), typed) for _n in range(2)]

    assert {answer["Location"] for answer in answers} == {Project.objects.get().get_absolute_url()}
    assert ContractEvent.objects.count() == 1


@pytest.fixture
def lead(typed):
    contract = {"kind", "signed_on", "currency", "amount"}
    return {name: value for name, value in typed.items() if name not in contract} | {
        "stage": "preparation",
        "since": "2026-03-02",
    }


def test_a_task_force_enters_a_lead(browse, force_member, lead):
    client = browse(force_member)

    assert client.get(url("new_lead")).status_code == 200
    answers = [client.post(url("new_lead"), lead) for _n in range(2)]

    project = Project.objects.get()
    assert {answer["Location"] for answer in answers} == {project.get_absolute_url()}
    assert (project.stage, project.stage_since) == (Stage.PREPARATION, datetime.date(2026, 3, 2))
    assert not ContractEvent.objects.exists()


def test_a_lead_that_lacks_something_keeps_what_was_typed(browse, clerk, lead):
    response = browse(clerk).post(url("new_lead"), {**lead, "stage": "negotiation", "note": "展会来访"})

    assert (response.status_code, Project.objects.count()) == (422, 0)
    assert "“Negotiation” needs this." in text_of(response)
    assert 'value="展会来访"' in response.content.decode()


def test_a_lead_like_a_known_project_is_doubted_first(browse, clerk, lead):
    client = browse(clerk)
    client.post(url("new_lead"), lead)
    again = {**lead, "form_token": "token-2"}

    doubted = client.post(url("new_lead"), again)
    confirmed = [doubt.code for doubt in doubted.context["doubts"]]
    assert (doubted.status_code, len(confirmed), Project.objects.count()) == (422, 1, 1)

    client.post(url("new_lead"), {**again, "confirmed": confirmed})
    assert Project.objects.count() == 2


def test_while_typing_a_lead_its_like_is_shown(browse, clerk, lead):
    client = browse(clerk)
    client.post(url("new_lead"), lead)

    part = client.post(url("assist_lead"), lead, headers={"hx-request": "true"})
    whole = client.post(url("assist_lead"), lead)

    for response, is_whole in ((part, False), (whole, True)):
        assert "LZ-2026-0001" in text_of(response)
        assert "For the batch “Negotiation”" in text_of(response)
        assert ("<html" in response.content.decode()) is is_whole


def test_another_signing_under_a_used_token_is_refused(browse, clerk, typed):
    client = browse(clerk)
    client.post(url("new"), typed)

    response = client.post(url("new"), {**typed, "name": "完全不同的另一个", "uscc": ""})

    assert (response.status_code, Project.objects.count()) == (422, 1)


def test_a_bad_signing_loses_nothing_and_says_why_at_the_field(browse, clerk, typed):
    changes = {
        "amount": "-1",
        "signed_on": "2026-03-21",
        "uscc": "91450200MA5000007X",
        "officer": "<b>工</b>",
    }

    response = browse(clerk).post(url("new"), {**typed, **changes})

    page = response.content.decode()
    assert response.status_code == 422
    assert set(response.context["form"].errors) == {"amount", "signed_on", "uscc"}
    for value in ("-1", "2026-03-21", "91450200MA5000007X", "特钢线材深加工项目", "&lt;b&gt;工&lt;/b&gt;"):
        assert f'value="{value}"' in page
    assert 'id="id_amount_error"' in page
    assert not Project.objects.exists()


def test_doubts_are_asked_once_and_confirmed_knowingly(browse, clerk, typed, project, liubei):
    factories.enterprise(
        name="柳州宏宇特钢有限责任公司", name_key=name_key("柳州宏宇特钢有限责任公司"), uscc=None
    )
    client = browse(clerk)
    typed = {**typed, "amount": "600000"}

    asked = client.post(url("new"), typed)
    codes = [doubt.code for doubt in asked.context["doubts"]]
    half = client.post(url("new"), {**typed, "confirmed": codes[:1]})
    done = client.post(url("new"), {**typed, "confirmed": codes})

    assert [code.split("-")[0] for code in codes] == ["enterprise", "amount"]
    assert (asked.status_code, half.status_code, done.status_code) == (422, 422, 302)
    assert Enterprise.objects.filter(name_key="宏宇特钢").count() == 2


def test_one_press_takes_the_enterprise_from_the_books(browse, clerk, typed):
    known = factories.enterprise(name="柳州宏宇特钢有限责任公司", name_key="宏宇特钢", origin="柳州")

    response = browse(clerk).post(url("new"), {**typed, "uscc": "", "take": known.pk})

    form = response.context["form"]
    assert [form[name].value() for name in ("enterprise_name", "uscc", "origin", "name", "amount")] == [
        "柳州宏宇特钢有限责任公司",
        known.uscc,
        "柳州",
        "特钢线材深加工项目",
        "96,000",
    ]
    assert not Project.objects.exists()


def test_nobody_takes_an_enterprise_they_may_not_see(browse, stranger, typed, project):
    response = browse(stranger).post(url("new"), {**typed, "take": project.enterprise_id})

    assert response.status_code == 404


def test_while_typing_look_alikes_amount_and_needs_are_shown(browse, clerk, typed, project, liubei):
    typed = {
        **typed,
        "enterprise_name": "恒瑞科技",
        "uscc": "",
        "name": "恒瑞线控底盘",
        "currency": "USD",
        "amount": "2000",
        "rate": "7.1586",
        "officer": "李工",
    }

    response = browse(clerk).post(url("assist"), typed, HTTP_HX_REQUEST="true")

    page = text_of(response)
    assert "深圳恒瑞科技有限公司" in page
    assert f"恒瑞线控底盘项目 {project.code}" in page
    assert "= 14,317.20 万元 (1.43 亿元)" in page
    still_needed = re.findall(r'<a href="#(id_\w+)">', response.content.decode())
    assert still_needed == ["id_content", "id_uscc"]
    assert response.content.decode().count('hx-swap-oob="true"') == 4
    assert not Project.objects.exclude(pk=project.pk).exists()


@pytest.mark.parametrize(
    "values", [{}, {"amount": "1e400", "rate": "NaN", "currency": "USD"}, {"name": "\x00"}]
)
def test_while_typing_nonsense_is_no_error(browse, clerk, values):
    assert browse(clerk).post(url("assist"), values, HTTP_HX_REQUEST="true").status_code == 200


def test_while_typing_a_stranger_is_told_nothing(browse, stranger, typed, project):
    typed = {**typed, "enterprise_name": "恒瑞科技", "name": "恒瑞线控底盘项目", "uscc": ""}

    page = text_of(browse(stranger).post(url("assist"), typed, HTTP_HX_REQUEST="true"))

    assert "深圳恒瑞" not in page
    assert project.code not in page


# --- Drafts ---------------------------------------------------------------------------------------


def test_a_draft_keeps_itself_and_is_found_again_after_the_session_ended(browse, clerk, typed):
    first = browse(clerk)
    kept = first.post(url("keep_draft"), {"name": "半截项目", "amount": "-5 abc"}, HTTP_HX_REQUEST="true")
    draft = SigningDraft.objects.get()
    first.post(url("keep_draft"), {"name": "半截项目二", "draft": draft.pk}, HTTP_HX_REQUEST="true")

    again = browse(clerk)
    listed = text_of(again.get(url("drafts")))
    form = again.get(url("new", draft=draft.pk)).context["form"]

    assert f'name="draft" value="{draft.pk}"' in kept.content.decode()
    assert kept["HX-Replace-Url"] == url("new", draft=draft.pk)
    assert "A draft of yours is unfinished: 半截项目二" in text_of(again.get(url("new")))
    assert "半截项目二" in listed
    assert (form["name"].value(), SigningDraft.objects.count()) == ("半截项目二", 1)


def test_a_draft_put_aside_by_its_button_comes_back_with_everything_typed(browse, clerk, typed):
    client = browse(clerk)

    response = client.post(url("new"), {**typed, "amount": "十万", "save_draft": "1"})
    draft = SigningDraft.objects.get()
    form = client.get(url("new", draft=draft.pk)).context["form"]

    assert response["Location"] == url("drafts")
    assert {name: form[name].value() for name in ("enterprise_name", "amount", "signed_on")} == {
        "enterprise_name": "深圳宏宇特钢有限公司",
        "amount": "十万",
        "signed_on": "2026-03-02",
    }


def test_an_entered_signing_takes_its_draft_along(browse, clerk, typed):
    client = browse(clerk)
    client.post(url("keep_draft"), typed, HTTP_HX_REQUEST="true")
    draft = SigningDraft.objects.get()

    client.post(url("new"), {**typed, "draft": draft.pk})

    assert (Project.objects.count(), SigningDraft.objects.count()) == (1, 0)


def test_drafts_are_their_writers_alone(browse, clerk, stranger):
    browse(clerk).post(url("keep_draft"), {"name": "半截项目"}, HTTP_HX_REQUEST="true")
    draft = SigningDraft.objects.get()
    client = browse(stranger)

    assert "半截项目" not in text_of(client.get(url("drafts")))
    assert client.get(url("new", draft=draft.pk)).context["draft"] is None
    assert client.post(url("discard_draft", draft.pk)).status_code == 404
    client.post(url("keep_draft"), {"name": "别的", "draft": draft.pk}, HTTP_HX_REQUEST="true")
    draft.refresh_from_db()
    assert (draft.data, SigningDraft.objects.count()) == ({"name": "半截项目"}, 2)


def test_a_draft_can_be_discarded(browse, clerk):
    client = browse(clerk)
    client.post(url("keep_draft"), {"name": "半截项目"}, HTTP_HX_REQUEST="true")

    assert client.get(url("discard_draft", SigningDraft.objects.get().pk)).status_code == 405
    client.post(url("discard_draft", SigningDraft.objects.get().pk))

    assert not SigningDraft.objects.exists()


def test_an_empty_form_is_not_kept(browse, clerk):
    client = browse(clerk)

    page = client.post(url("keep_draft"), {"kind": ""}, HTTP_HX_REQUEST="true").content.decode()
    answer = client.post(url("new"), {"save_draft": "1"})

    assert (page.strip(), answer.status_code) == ("Nothing has been typed yet.", 422)


@pytest.mark.parametrize("draft", ["x", "-1", "999999999999999999999", "1;", "١"])
def test_a_draft_that_is_none_begins_anew(browse, clerk, draft):
    response = browse(clerk).get(url("new"), {"draft": draft})

    assert (response.status_code, response.context["draft"]) == (200, None)


def test_drafts_ask_the_same_with_one_and_with_three(browse, clerk):
    client = browse(clerk)
    clerk.signing_drafts.create(data={"name": "一"})
    one = queries(client, url("drafts"))
    for name in ("二", "三"):
        clerk.signing_drafts.create(data={"name": name})

    assert queries(client, url("drafts")) == one


# --- Verifying ------------------------------------------------------------------------------------


@pytest.fixture
def event(project, clerk):
    return factories.contract_event(
        project, amount=Decimal(96000), signed_on=datetime.date(2026, 3, 2), recorded_by=clerk
    )


def test_the_leader_verifies_and_it_counts(browse, leader, event):
    client = browse(leader)
    assert "恒瑞线控底盘项目" in text_of(client.get(url("verify")))

    response = client.post(url("verdict", event.pk), {"verify": "1", "form_token": "t"}, follow=True)

    event.project.refresh_from_db()
    assert response.redirect_chain == [(url("verify"), 302)]
    assert "Verified: “恒瑞线控底盘项目” counts." in text_of(response)
    assert (event.project.contracted, event.project.stage) == (96000, Stage.SIGNING)


def test_returning_asks_for_a_reason_and_tells_whoever_entered_it(browse, leader, clerk, event):
    client = browse(leader)

    bare = client.post(url("verdict", event.pk), {"return": "1", "reason": ""})
    client.post(url("verdict", event.pk), {"return": "1", "reason": "金额不符"})

    assert (bare.status_code, ContractVerdict.objects.get().reason) == (422, "金额不符")
    assert list(clerk.notifications.values_list("kind", "facts", "url")) == [
        (
            "returned",
            {"project": "恒瑞线控底盘项目", "reason": "金额不符"},
            event.project.get_absolute_url(),
        )
    ]
    assert list(ContractEvent.objects.returned_to(clerk)) == [event]


def test_a_verdict_sent_twice_is_given_once(browse, leader, event):
    client = browse(leader)

    answers = [
        client.post(url("verdict", event.pk), {"verify": "1", "form_token": "t"}).status_code
        for _n in range(2)
    ]

    assert (answers, ContractVerdict.objects.count()) == ([302, 302], 1)


def test_the_second_verdict_is_told_of_the_first(browse, leader, event):
    other = factories.user("leader", name="杨局长")
    browse(other).post(url("verdict", event.pk), {"return": "1", "reason": "重复"})

    response = browse(leader).post(url("verdict", event.pk), {"verify": "1", "form_token": "t"})

    assert response.status_code == 409
    assert "杨局长 has already decided on 2026-03-20: Returned." in text_of(response)


def test_nobody_verifies_what_they_entered(browse, clerk, event):
    client = browse(clerk)

    page = text_of(client.get(url("verdict", event.pk)))
    response = client.post(url("verdict", event.pk), {"verify": "1", "form_token": "t"})

    assert "Ask a colleague of the bureau to verify it." in page
    assert "Verify: it counts" not in page
    assert "Entered by you" in text_of(client.get(url("verify")))
    assert (response.status_code, ContractVerdict.objects.exists()) == (409, False)


def test_a_county_cannot_verify(browse, county_officer, event):
    assert browse(county_officer).post(url("verdict", event.pk), {"verify": "1"}).status_code == 403


def test_what_will_count_is_shown_with_its_month(browse, leader, event, monkeypatch):
    march = browse(leader).get(url("verdict", event.pk))
    monkeypatch.setattr(rules, "CLOSED_MONTHS", [lambda _day: [datetime.date(2026, 3, 1)]])
    late = browse(leader).get(url("verdict", event.pk))

    assert "9.60 亿元 In the month March 2026" in text_of(march)
    assert "one project · industrial of 1 亿元 and more" in text_of(march)
    assert [response.context["counting"].is_late for response in (march, late)] == [False, True]
    assert "Late: its month is closed" in text_of(late)


def test_the_verifier_sees_what_it_may_double(browse, leader, event, liubei):
    double = factories.project(
        name="恒瑞线控底盘", reporting_unit=liubei, enterprise=event.project.enterprise
    )

    page = text_of(browse(leader).get(url("verdict", event.pk)))

    assert "Is it in the books already?" in page
    assert f"恒瑞线控底盘 {double.code}" in page


def test_verify_asks_the_same_with_one_and_with_three(browse, leader, event):
    client = browse(leader)
    one = queries(client, url("verify"))
    for _n in range(2):
        factories.contract_event(ceremony=factories.ceremony())

    assert queries(client, url("verify")) == one


# --- The project page -----------------------------------------------------------------------------


def full_project(n: int, steel, liubei, luzhai, auto) -> Project:
    """A project with n of everything."""
    project = factories.project(
        Stage.CONSTRUCTION,
        name=f"满项目{n}",
        task_force=steel,
        reporting_unit=liubei,
        fixed_assets=Decimal(1),
    )
    for unit in [liubei, luzhai, *(factories.unit() for _n in range(n))][: n + 1]:
        factories.share(project, unit, 10)
    for force in [auto, *(factories.task_force() for _n in range(n))][:n]:
        project.assisting.add(force)
    visit = factories.visit()
    for i in range(n):
        event = factories.verified_event(
            project,
            kind=EventKind.SIGNED if not i else EventKind.ADD_ON,
            ceremony=factories.ceremony(),
            recorded_by=factories.user(),
        )
        factories.contract_event(project, kind=EventKind.EXTENDED, amount=0, recorded_by=event.recorded_by)
        factories.stage_change(project, Stage.SIGNING, by=factories.user())
        project.status_changes.create(
            source="active", target="paused", reason="x", on=factories.DAY, by=factories.user()
        )
        factories.progress_report(project, datetime.date(2026, i + 1, 1), by=factories.user(), invested=1)
        Evidence.objects.create(
            project=project, kind=EvidenceKind.START, file=factories.stored_file(), added_by=factories.user()
        )
        factories.issue(project)
        factories.engagement(visit, project=project)
        factories.stall_flag(factories.item(project))
    return project


def test_project_page_asks_the_same_with_one_and_with_three_of_everything(
    browse, clerk, force_member, county_officer, steel, liubei, luzhai, auto, frame_is_remembered
):
    one, three = (full_project(n, steel, liubei, luzhai, auto) for n in (1, 3))

    for user in (clerk, force_member, county_officer):
        client = browse(user)
        counts = [queries(client, url("project", project.pk)) for project in (one, three)]
        assert counts[0] == counts[1]
        assert counts[0] <= 13


def test_project_page_shows_the_track_with_what_is_missing(browse, force_member, project):
    Project.objects.filter(pk=project.pk).update(stage=Stage.SIGNING, stage_since=datetime.date(2026, 3, 2))

    response = browse(force_member).get(url("project", project.pk))

    stages = response.context["stages"]
    assert [stage["state"] for stage in stages] == ["done", "done", "now", "next", "ahead", "ahead", "ahead"]
    assert (stages[2]["on"], stages[2]["workdays"]) == ("03-02", 14)
    assert [str(word) for word in stages[3]["missing"]] == [
        "national project code",
        "construction permit",
        "photo or permit of the start of works",
    ]
    assert response.context["missing"] == [
        ("national project code", f"/projects/{project.pk}/edit/#id_national_code"),
        ("construction permit", f"/projects/{project.pk}/edit/#id_permit_no"),
        ("photo or permit of the start of works", f"/projects/{project.pk}/papers/?kind=start"),
    ]
    assert "Move on to “Commencement”…" in text_of(response)


@pytest.mark.parametrize(
    ("stage", "user", "step"),
    [
        (Stage.PREPARATION, "force_member", "Move on to “Negotiation”…"),
        (Stage.PREPARATION, "clerk", None),
        (Stage.NEGOTIATION, "clerk", "Enter the signing…"),
        (Stage.NEGOTIATION, "county_officer", "Enter the signing…"),
        (Stage.NEGOTIATION, "force_member", None),
        (Stage.SIGNING, "force_member", "Move on to “Commencement”…"),
        (Stage.SIGNING, "city_leader", None),
        (Stage.FULL_CAPACITY, "leader", None),
    ],
)
def test_the_next_step_is_a_button_with_its_name(browse, request, project, stage, user, step):
    Project.objects.filter(pk=project.pk).update(stage=stage)

    shown = browse(request.getfixturevalue(user)).get(url("project", project.pk)).context["step"]

    assert (shown and shown.label) == step


def test_a_waiting_signing_is_the_verifiers_next_step(browse, event, leader, clerk):
    def step(user):
        return browse(user).get(url("project", event.project_id)).context["step"]

    assert step(leader).url == url("verdict", event.pk)
    assert step(clerk) is None


def test_the_story_tells_everything_newest_first(browse, clerk, leader, project):
    factories.stage_change(
        project, Stage.NEGOTIATION, source=Stage.PREPARATION, on=datetime.date(2026, 2, 1), by=clerk
    )
    event = factories.contract_event(project, recorded_by=clerk, note="一期")
    ContractVerdict.objects.create(
        event=event, verdict=Verdict.VERIFIED, on=datetime.date(2026, 3, 5), by=leader
    )
    project.status_changes.create(
        source=Status.ACTIVE, target=Status.PAUSED, reason="等地", on=datetime.date(2026, 3, 9), by=leader
    )

    story = browse(clerk).get(url("project", project.pk)).context["story"]

    assert [(line["on"], str(line["what"]), line["who"], line["note"]) for line in story] == [
        ("03-09", "Paused", "覃局长", "等地"),
        ("03-05", "Verified: Contract signed", "覃局长", ""),
        ("03-02", "Entered: Contract signed, 1.25 亿元", "韦经办", "一期"),
        ("02-01", "Preparation → Negotiation", "韦经办", ""),
    ]


def test_names_that_are_markup_stay_text(browse, clerk, leader, project):
    nasty = '"><img src=x><script>alert(1)</script>{{7*7}}</textarea>'
    Project.objects.filter(pk=project.pk).update(
        name=nasty, content=nasty, officer=nasty, status_reason=nasty
    )
    Enterprise.objects.filter(pk=project.enterprise_id).update(name=nasty)
    event = factories.contract_event(project, note=nasty)
    clerk.signing_drafts.create(data={"name": nasty, "enterprise_name": nasty})
    pages = [
        (clerk, url("list")),
        (clerk, url("project", project.pk)),
        (clerk, url("edit", project.pk)),
        (leader, url("advance", project.pk)),
        (leader, url("verify")),
        (leader, url("verdict", event.pk)),
        (clerk, url("drafts")),
        (clerk, url("new", draft=clerk.signing_drafts.get().pk)),
    ]

    for user, address in pages:
        page = browse(user).get(address).content.decode()
        assert "<script>alert(1)" not in page
        assert "<img src=x" not in page
        assert "{{7*" in page


def test_a_contact_is_masked_until_it_is_asked_for_and_that_is_written_down(
    browse, clerk, county_officer, city_leader, project
):
    client = browse(clerk)
    masked = text_of(client.get(url("project", project.pk)))

    shown = client.post(url("reveal_contact", project.pk))
    part = client.post(url("reveal_contact", project.pk), HTTP_HX_REQUEST="true")

    assert "韦** 138****5678" in masked
    assert "13812345678" not in masked
    assert "韦雪梅 13812345678" in text_of(shown)
    assert "韦雪梅 13812345678" in text_of(part)
    assert "<html" not in part.content.decode()
    assert shown["Cache-Control"] == "no-store"
    assert list(ContactReveal.objects.values_list("project", "by")) == [(project.pk, clerk.pk)] * 2
    assert client.get(url("reveal_contact", project.pk)).status_code == 405
    assert [
        browse(user).post(url("reveal_contact", project.pk)).status_code
        for user in (county_officer, city_leader)
    ] == [403, 403]


# --- Moving ---------------------------------------------------------------------------------------


def ready_to_move(project) -> Project:
    Project.objects.filter(pk=project.pk).update(stage=Stage.PREPARATION)
    project.refresh_from_db()
    return project


def test_a_task_force_member_moves_its_project_on(browse, force_member, project):
    project = ready_to_move(project)
    client = browse(force_member)
    form = client.get(url("advance", project.pk)).context["form"]

    response = client.post(
        url("advance", project.pk),
        {"on": "2026-03-10", "note": "已洽谈", "version": form["version"].value(), "form_token": "t"},
        follow=True,
    )

    project.refresh_from_db()
    assert "Moved on to “Negotiation”." in text_of(response)
    assert (project.stage, project.stage_since) == (Stage.NEGOTIATION, datetime.date(2026, 3, 10))


def test_a_move_sent_twice_happens_once(browse, force_member, project):
    project = ready_to_move(project)
    client, data = browse(force_member), {"on": "2026-03-10", "version": project.version, "form_token": "t"}

    answers = [client.post(url("advance", project.pk), data).status_code for _n in range(2)]

    assert (answers, project.stage_changes.count()) == ([302, 302], 1)


def test_of_two_who_move_it_the_second_is_told_who_was_first(browse, force_member, force_lead, project):
    project = ready_to_move(project)
    data = {"on": "2026-03-10", "version": project.version, "note": "我的话"}

    first = browse(force_lead).post(url("advance", project.pk), {**data, "form_token": "a"})
    second = browse(force_member).post(url("advance", project.pk), {**data, "form_token": "b"})

    assert (first.status_code, second.status_code) == (302, 409)
    assert "黄组长 has just moved this project to “Negotiation”. Look at it again, then decide." in text_of(
        second
    )
    assert second.context["form"]["note"].value() == "我的话"
    assert second.context["form"]["version"].value() == project.version + 1
    assert project.stage_changes.count() == 1


def test_a_refused_move_lists_what_is_missing_with_where_to_fill_it_in(browse, force_member, project):
    Project.objects.filter(pk=project.pk).update(stage=Stage.SIGNING)

    response = browse(force_member).post(
        url("advance", project.pk), {"on": "2026-03-10", "version": project.version, "form_token": "t"}
    )

    page = response.content.decode()
    assert response.status_code == 409
    assert "Before “Commencement”, fill in what is still missing:" in page
    for where in ("edit/#id_national_code", "edit/#id_permit_no", "papers/?kind=start"):
        assert f'href="/projects/{project.pk}/{where}"' in page


@pytest.mark.parametrize("to", ["production", "preparation", "nonsense", ""])
def test_no_batch_is_skipped_by_hand(browse, force_member, project, to):
    response = browse(force_member).post(
        url("advance", project.pk),
        {"on": "2026-03-10", "version": project.version, "to": to, "form_token": "t"},
    )

    project.refresh_from_db()
    assert (response.status_code, project.stage) == (409, Stage.NEGOTIATION)


def test_the_last_batch_has_no_further_one(browse, leader, project):
    Project.objects.filter(pk=project.pk).update(stage=Stage.FULL_CAPACITY)
    client = browse(leader)

    assert "There is no further batch." in text_of(client.get(url("advance", project.pk)))
    answer = client.post(
        url("advance", project.pk), {"on": "2026-03-10", "version": project.version, "form_token": "t"}
    )
    assert answer.status_code == 409


@pytest.mark.parametrize(
    ("on", "error"),
    [("2026-02-30", True), ("2026-03-21", False), ("2026-03-01", False), ("x" * 10_000, True)],
)
def test_a_move_on_an_impossible_day_is_refused(browse, force_member, project, on, error):
    project = ready_to_move(project)

    response = browse(force_member).post(
        url("advance", project.pk), {"on": on, "version": project.version, "form_token": "t"}
    )

    assert response.status_code == (422 if error else 409)
    assert project.stage_changes.count() == 0


def test_moving_back_needs_its_right_and_its_reason(browse, force_lead, force_member, project):
    client = browse(force_lead)
    data = {"to": "preparation", "on": "2026-03-10", "version": project.version, "form_token": "t"}

    assert browse(force_member).post(url("take_back", project.pk), data).status_code == 403
    assert client.post(url("take_back", project.pk), {**data, "reason": ""}).status_code == 422
    assert client.post(url("take_back", project.pk), {**data, "reason": "误点"}).status_code == 302

    project.refresh_from_db()
    assert (project.stage, project.stage_changes.get().note) == (Stage.PREPARATION, "误点")


def test_a_project_is_paused_taken_up_again_and_ended(browse, leader, project):
    client = browse(leader)

    answers = [
        client.post(url("pause", project.pk), {"reason": "等用地", "until": "2026-05-01"}).status_code,
        client.post(url("pause", project.pk), {"reason": "等用地", "until": "2027-05-01"}).status_code,
        client.post(url("resume", project.pk), {"reason": "已落实"}).status_code,
        client.post(url("resume", project.pk), {"reason": "已落实"}).status_code,
        client.post(url("end", project.pk), {"reason": ""}).status_code,
        client.post(url("end", project.pk), {"reason": "撤资"}).status_code,
    ]

    project.refresh_from_db()
    assert answers == [302, 409, 302, 409, 422, 302]
    assert (project.status, project.status_changes.count()) == (Status.ENDED, 3)
    assert "This project has ended. 撤资" in text_of(client.get(url("project", project.pk)))


# --- Contract events ------------------------------------------------------------------------------


def test_an_event_is_shown_with_its_effect_before_it_is_written(browse, clerk, project):
    factories.verified_event(project, amount=Decimal(96000))
    client = browse(clerk)
    data = {"kind": "add_on", "signed_on": "2026-03-15", "amount": "4000", "form_token": "t"}

    shown = client.post(url("contract", project.pk), data)
    before = ContractEvent.objects.count()
    again = client.post(url("contract", project.pk), {**data, "again": "1"})
    answers = [
        client.post(url("contract", project.pk), {**data, "confirmed": "1"}).status_code for _n in range(2)
    ]

    assert "96,000 → 100,000 万元" in text_of(shown)
    assert (shown.context["after"], before) == ("100,000", 1)
    assert again.context["form"]["amount"].value() == "4000"
    assert answers == [302, 302]
    assert list(
        ContractEvent.objects.filter(kind="add_on").values_list("amount", "signed_on", "recorded_by")
    ) == [(Decimal("4000.00"), datetime.date(2026, 3, 15), clerk.pk)]


def test_a_void_takes_back_all_and_ends_the_project_when_verified(browse, clerk, leader, project):
    factories.verified_event(project, amount=Decimal(96000))
    Project.objects.filter(pk=project.pk).update(stage=Stage.SIGNING)
    client = browse(clerk)
    data = {"kind": "voided", "signed_on": "2026-03-15", "contract_note": "双方解约"}

    shown = text_of(client.post(url("contract", project.pk), data))
    client.post(url("contract", project.pk), {**data, "confirmed": "1", "form_token": "t"})
    void = ContractEvent.objects.get(kind="voided")
    browse(leader).post(url("verdict", void.pk), {"verify": "1", "form_token": "t"})

    project.refresh_from_db()
    assert "96,000 → 0 万元" in shown
    assert "ends when this is verified" in shown
    assert (void.amount, project.contracted, project.status) == (-96000, 0, Status.ENDED)


def test_a_correction_names_the_signing_it_corrects(browse, clerk, project):
    signed = factories.verified_event(project, amount=Decimal(96000))
    data = {"kind": "correction", "signed_on": "2026-03-15", "amount": "-6000", "contract_note": "多报"}

    browse(clerk).post(url("contract", project.pk), {**data, "confirmed": "1", "form_token": "t"})

    correction = ContractEvent.objects.get(kind="correction")
    assert (correction.amount, correction.corrects) == (-6000, signed)


def test_a_refused_event_says_why(browse, clerk, project):
    factories.verified_event(project, amount=Decimal(96000))
    data = {
        "kind": "reduced",
        "signed_on": "2026-03-15",
        "amount": "96001",
        "confirmed": "1",
        "form_token": "t",
    }

    response = browse(clerk).post(url("contract", project.pk), data)

    assert response.status_code == 409
    assert "Only 96,000 万元 stand in the contract" in text_of(response)


def test_a_county_enters_its_signing_anew_after_it_was_returned(browse, county_officer, leader, project):
    event = factories.contract_event(
        project, recorded_by=county_officer, amount=Decimal(96000), note="一期", recorded_on=TODAY
    )
    browse(leader).post(url("verdict", event.pk), {"return": "1", "reason": "金额不符"})
    client = browse(county_officer)

    form = client.get(url("contract", project.pk)).context["form"]
    kinds = [kind for kind, _label in form.fields["kind"].choices]
    client.post(
        url("contract", project.pk),
        {"kind": "signed", "signed_on": "2026-03-02", "amount": "95000", "confirmed": "1", "form_token": "t"},
    )

    assert kinds == ["signed", "framework"]
    assert (str(form["amount"].value()), form["contract_note"].value()) == ("96000.00", "一期")
    assert list(ContractEvent.objects.waiting().values_list("amount", flat=True)) == [Decimal("95000.00")]


def test_a_county_enters_no_later_events(browse, county_officer, project):
    factories.verified_event(project)

    assert browse(county_officer).get(url("contract", project.pk)).status_code == 403


# --- Facts and shares -----------------------------------------------------------------------------


def edit_data(client, project) -> dict:
    form = client.get(url("edit", project.pk)).context["form"]
    data = {}
    for bound in form:
        value = bound.field.prepare_value(bound.value())
        if value not in (None, False, []):
            data[bound.html_name] = value
    return data


def test_the_second_editor_keeps_what_was_typed_and_sees_the_difference(browse, clerk, leader, project):
    client = browse(clerk)
    data = edit_data(client, project)
    other = browse(leader)
    other.post(
        url("edit", project.pk), {**edit_data(other, project), "officer": "王工", "permit_no": "许可1号"}
    )

    conflict = client.post(url("edit", project.pk), {**data, "officer": "张工", "content": "年产三十万套"})

    assert conflict.status_code == 409
    assert [(one.name, one.theirs, one.mine) for one in conflict.context["differences"]] == [
        ("officer", "王工", "张工"),
        ("permit_no", "许可1号", ""),
    ]
    form = conflict.context["form"]
    assert [form[name].value() for name in ("officer", "permit_no", "content")] == [
        "张工",
        "许可1号",
        "年产三十万套",
    ]
    project.refresh_from_db()
    assert (project.officer, project.version) == ("王工", 2)

    again = {name: form[name].value() for name in form.fields if form[name].value() not in (None, False, [])}
    assert client.post(url("edit", project.pk), again).status_code == 302
    project.refresh_from_db()
    assert (project.officer, project.permit_no, project.content, project.version) == (
        "张工",
        "许可1号",
        "年产三十万套",
        3,
    )


def test_mass_assignment_changes_nothing_else(browse, county_officer, project, luzhai, auto):
    client = browse(county_officer)
    data = edit_data(client, project)
    forged = {
        "reporting_unit": luzhai.pk,
        "task_force": auto.pk,
        "stage": "full_capacity",
        "status": "ended",
        "contracted": "999999",
        "created_by": county_officer.pk,
        "id": 1,
        "version": 0,
        "code": "LZ-0000",
    }
    fields = ("reporting_unit", "task_force", "stage", "status", "contracted", "created_by", "id", "code")
    before = Project.objects.values_list(*fields).get(pk=project.pk)

    response = client.post(url("edit", project.pk), {**data, **forged, "officer": "王工"})

    assert response.status_code == 302
    assert Project.objects.values_list(*fields).get(pk=project.pk) == before
    assert Project.objects.get(pk=project.pk).officer == "王工"


@pytest.mark.parametrize("name", ["项" * 10_000, "a\x00b", "a\u202eb", "a\u200bb"])
def test_names_that_cannot_be_kept_are_refused(browse, clerk, project, name):
    client = browse(clerk)

    response = client.post(url("edit", project.pk), {**edit_data(client, project), "name": name})

    project.refresh_from_db()
    assert (response.status_code, list(response.context["form"].errors), project.name) == (
        422,
        ["name"],
        "恒瑞线控底盘项目",
    )


def test_anothers_credit_code_is_refused_at_its_field(browse, clerk, project):
    Enterprise.objects.filter(pk=project.enterprise_id).update(uscc=None)
    taken = factories.enterprise()
    client = browse(clerk)

    response = client.post(url("edit", project.pk), {**edit_data(client, project), "uscc": taken.uscc})

    project.refresh_from_db()
    assert (response.status_code, list(response.context["form"].errors), project.version) == (
        422,
        ["uscc"],
        1,
    )


def test_the_bureau_shares_a_project_out(browse, clerk, project, liubei, luzhai):
    client = browse(clerk)
    data = {
        "share_unit_1": liubei.pk,
        "share_percent_1": "60",
        "share_unit_2": luzhai.pk,
        "share_percent_2": "30",
    }

    wrong = client.post(url("share_out", project.pk), data)
    right = client.post(url("share_out", project.pk), {**data, "share_percent_2": "40"})

    assert (wrong.status_code, right.status_code) == (422, 302)
    assert list(project.shares.order_by("-percent").values_list("unit", "percent")) == [
        (liubei.pk, 60),
        (luzhai.pk, 40),
    ]


# --- Papers and progress --------------------------------------------------------------------------


def test_a_file_is_handed_in_and_given_back_to_those_who_know_the_project(
    browse, force_member, city_leader, stranger, project
):
    client = browse(force_member)
    upload = SimpleUploadedFile("开工许可.pdf", PDF, "application/pdf")

    client.post(url("hand_in", project.pk), {"kind": "start", "file": upload, "form_token": "t"})
    evidence = Evidence.objects.get()
    where = url("paper", project.pk, evidence.pk)
    response = client.get(where)
    content = b"".join(response.streaming_content)

    assert (evidence.kind, evidence.added_by, evidence.file.name) == ("start", force_member, "开工许可.pdf")
    assert content == PDF
    assert "attachment" in response["Content-Disposition"]
    assert b"".join(browse(city_leader).get(where).streaming_content) == PDF
    assert browse(stranger).get(where).status_code == 404
    other = factories.project()
    assert browse(city_leader).get(url("paper", other.pk, evidence.pk)).status_code == 404
    Project.objects.filter(pk=project.pk).update(confidentiality=Confidentiality.CONFIDENTIAL)
    assert browse(city_leader).get(where).status_code == 403


@pytest.mark.parametrize("content", [b"MZ\x90\x00", b"<html><script>alert(1)</script>", b""])
def test_what_is_no_paper_is_refused(browse, force_member, project, content):
    upload = SimpleUploadedFile("a.pdf", content, "application/pdf")

    response = browse(force_member).post(url("hand_in", project.pk), {"kind": "start", "file": upload})

    assert (response.status_code, Evidence.objects.count()) == (422, 0)


def test_a_county_reports_progress(browse, county_officer, project):
    client = browse(county_officer)
    data = {
        "month": "2026-03",
        "invested": "1,200",
        "funds_in_place": "800",
        "physical": "基础",
        "form_token": "t",
    }

    client.post(url("progress", project.pk), data)
    less = client.post(
        url("progress", project.pk), {**data, "month": "2026-02", "invested": "1,300", "form_token": "u"}
    )

    assert list(project.progress_reports.values_list("month", "invested", "by")) == [
        (datetime.date(2026, 3, 1), Decimal("1200.00"), county_officer.pk)
    ]
    assert (less.status_code, "Amounts are cumulative" in text_of(less)) == (422, True)


def test_nothing_is_written_by_getting(browse, leader, project):
    client = browse(leader)
    before = Project.objects.values().get(pk=project.pk)

    for name in PROJECT_PAGES:
        client.get(
            url(name, project.pk), {"verify": "1", "confirmed": "1", "reason": "x", "on": "2026-03-10"}
        )

    assert Project.objects.values().get(pk=project.pk) == before
    assert timezone.localdate()
