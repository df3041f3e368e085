"""The three administrators: each has its own pages, none the others'."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import Agency, User
from accounts.roles import Role
from core.models import AuditEntry, CalendarOverride
from taskforces.models import Mechanism, Membership
from tests import factories

PAGES = {
    "accounts/user/": "system",
    "accounts/agency/": "system",
    "taskforces/membership/": "system",
    "core/calendaroverride/": "security",
    "core/calendarnotice/": "security",
    "taskforces/mechanism/": "security",
    "taskforces/taskforce/": "security",
    "taskforces/reportingunit/": "security",
    "axes/accessattempt/": "security",
    "axes/accesslog/": "audit",
    "axes/accessfailurelog/": "audit",
}


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def admins(system_admin, security_admin, audit_admin) -> dict[str, Client]:
    return {
        "system": signed_in(system_admin),
        "security": signed_in(security_admin),
        "audit": signed_in(audit_admin),
    }


def test_each_administrator_sees_only_what_is_theirs(admins):
    seen = {
        (page, name): client.get(f"/admin/{page}").status_code
        for page in PAGES
        for name, client in admins.items()
    }

    assert seen == {(page, name): 200 if name == PAGES[page] else 403 for page in PAGES for name in admins}


def test_the_index_lists_only_what_is_theirs(admins):
    def listed(client: Client) -> set[str]:
        apps = client.get("/admin/").context["app_list"]
        return {model["admin_url"].removeprefix("/admin/") for app in apps for model in app["models"]}

    mine = {name: {page for page in PAGES if PAGES[page] == name} for name in admins}
    assert {name: listed(client) & PAGES.keys() for name, client in admins.items()} == mine
    assert {url.partition("/")[0] for client in admins.values() for url in listed(client)} <= {
        "accounts",
        "approvals",
        "axes",
        "briefings",
        "core",
        "projects",
        "taskforces",
    }


@pytest.mark.parametrize("role", [role for role in Role if "admin" not in role])
def test_nobody_else_enters(db, role):
    response = signed_in(factories.user(role)).get("/admin/")

    assert response.status_code == 302
    assert response.headers["Location"].startswith("/admin/login/")


def test_a_person_is_made_with_a_role_and_can_sign_in(admins, system_admin):
    office = factories.agency()
    made = admins["system"].post(
        "/admin/accounts/user/add/",
        {
            "username": "wei",
            "name": "韦经办",
            "role": Role.CLERK,
            "agency": office.pk,
            "password1": "Ten-seven-one-1",
            "password2": "Ten-seven-one-1",
        },
    )

    user = User.objects.get(username="wei")
    assert made.headers["Location"] == f"/admin/accounts/user/{user.pk}/change/"
    assert (user.name, user.role, user.agency) == ("韦经办", Role.CLERK, office)
    assert Client().post("/sign-in/", {"username": "wei", "password": "Ten-seven-one-1"}).status_code == 302
    entry = AuditEntry.objects.filter(table="accounts_user", row_id=user.pk, action="insert").get()
    assert entry.actor_id == system_admin.pk


def test_a_person_without_a_role_is_not_made(admins):
    answer = admins["system"].post(
        "/admin/accounts/user/add/",
        {
            "username": "wei",
            "name": "韦经办",
            "password1": "Ten-seven-one-1",
            "password2": "Ten-seven-one-1",
        },
    )

    assert answer.context["adminform"].form.errors.keys() == {"role"}
    assert not User.objects.filter(username="wei").exists()


def test_a_role_is_changed_and_the_password_left(admins, clerk):
    admins["system"].post(
        f"/admin/accounts/user/{clerk.pk}/change/",
        {
            "username": "clerk",
            "name": "韦经办",
            "role": Role.LEADER,
            "agency": clerk.agency_id,
            "is_active": "on",
        },
    )

    clerk.refresh_from_db()
    assert clerk.role == Role.LEADER
    assert clerk.check_password(factories.PASSWORD)


def test_nobody_gives_a_role_to_themselves(admins, system_admin):
    admins["system"].post(
        f"/admin/accounts/user/{system_admin.pk}/change/",
        {
            "username": system_admin.username,
            "name": "另一个名字",
            "role": Role.LEADER,
            "agency": system_admin.agency_id or "",
        },
    )

    system_admin.refresh_from_db()
    assert (system_admin.name, system_admin.role, system_admin.is_active) == (
        "另一个名字",
        Role.SYSTEM_ADMIN,
        True,
    )


def test_a_new_password_is_set_by_the_administrator(admins, clerk):
    admins["system"].post(
        f"/admin/accounts/user/{clerk.pk}/password/",
        {"usable_password": "true", "password1": "Ten-seven-one-1", "password2": "Ten-seven-one-1"},
    )

    clerk.refresh_from_db()
    assert clerk.check_password("Ten-seven-one-1")


def test_the_account_of_the_night_is_not_there(admins):
    system = User.objects.system()

    answer = admins["system"].get(f"/admin/accounts/user/{system.pk}/change/")

    assert answer.headers["Location"] == "/admin/"
    assert "system" not in [
        user.username for user in admins["system"].get("/admin/accounts/user/").context["cl"].queryset
    ]


def test_the_people_are_listed_with_as_many_queries_for_three_as_for_one(
    admins, clerk, django_assert_max_num_queries
):
    with django_assert_max_num_queries(12) as one:
        admins["system"].get("/admin/accounts/user/")
    for _ in range(3):
        factories.user(agency=factories.agency())
    with django_assert_max_num_queries(len(one)):
        admins["system"].get("/admin/accounts/user/")


def test_an_agency_is_changed_in_the_administrators_name(admins, system_admin, bureau):
    fields = {name: getattr(bureau, name) for name in ("code", "name_en", "kind")}

    admins["system"].post(f"/admin/accounts/agency/{bureau.pk}/change/", {**fields, "name": "市投促局"})

    assert Agency.objects.get(pk=bureau.pk).name == "市投促局"
    entry = AuditEntry.objects.get(table="accounts_agency", row_id=bureau.pk, action="update")
    assert (entry.actor_id, entry.before, entry.after) == (
        system_admin.pk,
        {"name": "市投资促进局"},
        {"name": "市投促局"},
    )


def test_somebody_joins_a_task_force(admins, steel):
    user = factories.user(Role.FORCE_MEMBER)

    admins["system"].post(
        "/admin/taskforces/membership/add/", {"user": user.pk, "task_force": steel.pk, "is_lead": "on"}
    )

    membership = Membership.objects.get(user=user)
    assert (membership.task_force, membership.unit, membership.is_lead) == (steel, None, True)


def test_nobody_joins_nothing_or_two_things(admins, steel, liubei):
    user = factories.user(Role.FORCE_MEMBER)

    for typed in ({}, {"task_force": steel.pk, "unit": liubei.pk}):
        answer = admins["system"].post("/admin/taskforces/membership/add/", {"user": user.pk, **typed})
        assert answer.status_code == 200
        assert answer.context["errors"]
    assert not Membership.objects.filter(user=user).exists()


def test_a_free_day_is_entered_with_who_entered_it(admins, security_admin):
    admins["security"].post(
        "/admin/core/calendaroverride/add/", {"day": "2026-04-20", "note": "桂政办电〔2026〕1号"}
    )

    day = CalendarOverride.objects.get()
    assert (f"{day.day}", day.is_workday, day.entered_by) == ("2026-04-20", False, security_admin)


def test_the_mechanism_of_a_year_is_edited_as_rows(admins, steel, auto):
    year = factories.mechanism(2026, task_forces=(steel,))
    seat, labels = year.seats.get(), list(year.labels.order_by("pk"))
    form = {
        "year": 2026,
        "name": "1071",
        "name_en": "1071",
        "briefings_a_year": 12,
        "site_meetings_a_year": 2,
    }
    seats = {
        "seats-TOTAL_FORMS": 2,
        "seats-INITIAL_FORMS": 1,
        "seats-0-id": seat.pk,
        "seats-0-mechanism": year.pk,
        "seats-0-task_force": steel.pk,
        "seats-0-order": 2,
        "seats-1-mechanism": year.pk,
        "seats-1-task_force": auto.pk,
        "seats-1-order": 1,
    }
    parts: dict[str, Any] = {"labels-TOTAL_FORMS": len(labels), "labels-INITIAL_FORMS": len(labels)}
    for n, label in enumerate(labels):
        parts |= {
            f"labels-{n}-id": label.pk,
            f"labels-{n}-mechanism": year.pk,
            f"labels-{n}-batch": label.batch,
            f"labels-{n}-name": label.name,
            f"labels-{n}-name_en": label.name_en,
        }

    answer = admins["security"].post(
        f"/admin/taskforces/mechanism/{year.pk}/change/", {**form, **seats, **parts}
    )

    assert answer.status_code == 302
    assert Mechanism.objects.get().name == "1071"
    assert list(year.seats.order_by("order").values_list("task_force__code", flat=True)) == ["auto", "steel"]
