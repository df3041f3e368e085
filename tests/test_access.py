"""Who may open what: every route of the site, found by walking it, so that none is forgotten.

A route without a mark fails. Nobody gets in without signing in, by any method. For the pages without
arguments the table below says who gets in, one letter a role.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.models import User
from accounts.roles import ADMINS, PERMISSIONS, Role, permissions_of
from core.limits import needed_for
from tests import factories

LETTERS = {
    "C": Role.CLERK,
    "L": Role.LEADER,
    "F": Role.FORCE_LEAD,
    "M": Role.FORCE_MEMBER,
    "U": Role.UNIT,
    "S": Role.SERVICE,
    "D": Role.DEPARTMENT,
    "V": Role.CITY_LEADER,
    "T": Role.STATISTICS,
    "y": Role.SYSTEM_ADMIN,
    "e": Role.SECURITY_ADMIN,
    "a": Role.AUDIT_ADMIN,
}
ALL = "CLFMUSDVTyea"

# Who opens which page. C clerk, L leader, F task-force lead, M its member, U county office, S service
# team, D department, V city leader, T statistics; y system, e security, a audit administrator.
TABLE = {
    "/": ALL,
    "/admin/password_change/": ALL,
    "/api/v1/at-risk/": "CLFV",
    "/api/v1/briefings/": "CLFMUVT",
    "/api/v1/changes/": "CLFMUSDV",
    "/api/v1/catalogue/": "CLFMUSDV",
    "/api/v1/cohorts/": "CLFMUVT",
    "/api/v1/enterprises/": "CLFMUSDVT",
    "/api/v1/enterprises/look-alikes/": "CU",
    "/api/v1/figures/": "CLFMUVT",
    "/api/v1/indicators/": "CLFMUVT",
    "/api/v1/targets/": "CLFMUVT",
    "/indicators/": "CLFMUVT",
    "/targets/": "CLFMUVT",
    "/api/v1/issues/": "CLFMUSDV",
    "/api/v1/items/": "CLFMUSDV",
    "/api/v1/items/events/": "SD",
    "/api/v1/months/": "CLFMUVT",
    "/api/v1/needs/": "CLFMUSDV",
    "/api/v1/tasks/": "CLFMUSDV",
    "/api/v1/passports/": "CLFMUVT",
    "/api/v1/projects/": "CLFMUSDVT",
    "/api/v1/projects/leads/": "CLFMU",
    "/api/v1/schema/": ALL,
    "/api/v1/service-teams/": "CLS",
    "/api/v1/service-figures/": "CLFMUSDV",
    "/api/v1/stalls/": "CLFMUSV",
    "/api/v1/suspicions/": "CLFT",
    "/approvals/": "CLFMUSDV",
    "/approvals/catalogue/": "CLFMUSDV",
    "/approvals/figures/": "CLFMUSDV",
    "/approvals/figures/held-up/": "CLFMUSDV",
    "/approvals/figures/served/": "CLFMUSDV",
    "/approvals/issues/": "CLFMUSDV",
    "/approvals/issues/new/": "CLFMUS",
    "/approvals/items/log/": "SD",
    "/approvals/at-risk/": "CLFV",
    "/approvals/at-risk/projects/": "CLFV",
    "/approvals/reached/": "CLFMUSDV",
    "/approvals/needs/": "CLFMUSDV",
    "/approvals/tasks/": "CLFMUSDV",
    "/approvals/stalled/": "CLFMUSV",
    "/approvals/stalled/lamps/": "CLFMUSVe",
    "/approvals/teams/": "CLS",
    "/approvals/moved/": "CLFMUSDV",
    "/approvals/workbench/": "SD",
    "/audit/": "a",
    "/board/": "CLFMUVT",
    "/dashboard/": "CLFMUVT",
    "/calendar/": ALL,
    "/cohorts/": "CLFMUVT",
    "/cohorts/projects/": "CLFMUVT",
    "/briefings/": "CLFMUVT",
    "/month/": "CLFMUVT",
    "/figures/rules/": "CLFMUVT",
    "/figures/what-if/": "CL",
    "/api/v1/ledgers/": "CLUSD",
    "/ledgers/": "CLUSD",
    "/ledgers/answers/": "CLUSD",
    "/api/v1/meetings/": "CLFMUSDV",
    "/meetings/": "CLFMUSDV",
    "/meetings/decisions/": "CLFMUSDV",
    "/meetings/new/": "CL",
    "/meetings/rules/": "CLFMUSDV",
    "/meetings/vetoes/": "CLFMUSDV",
    "/jobs/": ALL,
    "/me/": ALL,
    "/me/mails/": ALL,
    "/me/password/": ALL,
    "/months/": "CLFMUVT",
    "/notices/": ALL,
    "/projects/": "CLFMUSDVT",
    "/projects/drafts/": "CU",
    "/projects/leads/new/": "CLFMU",
    "/projects/leads/new/assist/": "CLFMU",
    "/projects/new/": "CU",
    "/projects/new/assist/": "CU",
    "/projects/new/keep/": "CU",
    "/projects/plan/": "CLFMUVT",
    "/projects/suspicions/": "CLFT",
    "/projects/progress/": "CFMU",
    "/projects/verify/": "CL",
}

# Pages for the world: what they answer to somebody who has not signed in.
OPEN = {
    "/confirm/<str:token>/",
    "/sign-in/",
    "/sign-out/",
    "/language/",
    "/healthz",
    "/readyz",
    "/admin/login/",
    "/admin/logout/",
}


# --- Walking the site --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Route:
    path: str  # with its arguments still open: "projects/<int:pk>/"
    view: Any

    @property
    def is_admin(self) -> bool:
        return self.path.startswith("admin/") and getattr(self.view, "access", None) is None

    @property
    def has_arguments(self) -> bool:
        return "<" in self.path

    @property
    def url(self) -> str:
        """An address of it: the arguments point to nothing."""
        path = re.sub(r"<int:\w+>", "999999", self.path)
        path = re.sub(r"<uuid:\w+>", "00000000-0000-0000-0000-000000000000", path)
        path = re.sub(r"<[^>]+>", "x", path)
        return "/" + path

    def marks(self) -> dict[str, tuple[str, ...]]:
        """What each method (or the whole view) says of who may open it."""
        view_class = getattr(self.view, "cls", None) or getattr(self.view, "view_class", None)
        if view_class is None or hasattr(self.view, "access"):
            return {"view": tuple(getattr(self.view, "access", ()))}
        actions = getattr(self.view, "actions", None) or {
            method: method for method in view_class.http_method_names if hasattr(view_class, method)
        }
        return {
            f"{method} {action}": needed_for(view_class, method.upper(), action)
            for method, action in actions.items()
            if method not in ("options", "head")
        }


def walk(patterns: list[Any], prefix: str = "") -> Iterator[Route]:
    for pattern in patterns:
        path = prefix + _plain(str(pattern.pattern))
        if isinstance(pattern, URLResolver):
            yield from walk(pattern.url_patterns, path)
        elif isinstance(pattern, URLPattern):
            yield Route(path, pattern.callback)


def _plain(pattern: str) -> str:
    """A regular expression of the API's router or the admin as a path."""
    pattern = re.sub(r"\(\?P<(\w+)>[^)]*\)", r"<\1>", pattern)
    return pattern.replace("\\", "").removeprefix("^").removesuffix("$").removesuffix("Z")


def routes() -> list[Route]:
    return list(walk(get_resolver().url_patterns))


def pages() -> list[Route]:
    """Routes of our own that can be opened without knowing anything."""
    return [route for route in routes() if not route.is_admin and not route.has_arguments]


# --- Marks -------------------------------------------------------------------------------------------


def test_every_route_says_who_may_open_it():
    bare = [
        f"{route.path} ({what})"
        for route in routes()
        if not route.is_admin
        for what, mark in route.marks().items()
        if not mark
    ]

    assert bare == []


def test_every_mark_is_a_permission_that_somebody_holds():
    held = set().union(*PERMISSIONS.values()) | {"signed in", "anyone"}

    marks = {mark for route in routes() if not route.is_admin for m in route.marks().values() for mark in m}

    assert marks - held == set()


def test_only_the_door_is_open_to_the_world():
    world = {f"/{route.path}" for route in routes() if ("anyone",) in route.marks().values()}

    assert world == OPEN


# --- Without signing in ------------------------------------------------------------------------------


def kept_out(response: Any, url: str) -> bool:
    """Led to the door, told to sign in, or told that there is nothing."""
    if response.status_code == 302:
        return response.headers["Location"].startswith(("/sign-in/?next=", "/admin/login/?next="))
    return response.status_code in (401, 404, 405)


def test_nobody_gets_in_without_signing_in(db):
    client = Client()
    inside = [
        f"{method} {route.url}"
        for route in routes()
        if f"/{route.path}" not in OPEN
        for method in ("get", "post", "put", "patch", "delete")
        if not kept_out(getattr(client, method)(route.url), route.url)
    ]

    assert inside == []


# --- Role by role --------------------------------------------------------------------------------------


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def gets_in(client: Client, url: str) -> bool:
    """By opening it, or by an empty form where there is nothing to open."""
    status = client.get(url).status_code
    if status == 405:
        status = client.post(url).status_code
    assert status < 500, f"{url} answers {status}"
    return status not in (401, 403, 404)


def expected(route: Route, role: str) -> bool:
    """By the mark alone: for pages that do not stand in the table yet."""
    marks = route.marks()
    mark = next((m for what, m in marks.items() if what == "view" or what.startswith("get ")), ())
    if not mark:
        return False
    return mark[0] in ("signed in", "anyone") or any(p in permissions_of(role) for p in mark)


@pytest.mark.parametrize("letter", list(LETTERS), ids=[role.value for role in LETTERS.values()])
def test_each_role_opens_its_pages_and_no_others(db, letter):
    client = signed_in(factories.user(LETTERS[letter]))
    mine = [route for route in pages() if f"/{route.path}" not in OPEN]

    opened = {f"/{route.path}": gets_in(client, route.url) for route in mine}

    assert opened == {
        f"/{route.path}": (
            letter in TABLE[f"/{route.path}"]
            if f"/{route.path}" in TABLE
            else expected(route, LETTERS[letter])
        )
        for route in mine
    }


def test_the_table_names_every_page():
    """A new page is added here with the letters of who opens it."""
    now = {
        f"/{route.path}": "".join(c for c, role in LETTERS.items() if expected(route, role))
        for route in pages()
        if f"/{route.path}" not in OPEN
    }

    assert {path: letters for path, letters in now.items() if path not in TABLE} == {}
    assert sorted(TABLE.keys() - now.keys()) == []


# --- The administrators' pages ---------------------------------------------------------------------------


@pytest.mark.parametrize("role", list(Role))
def test_the_admin_pages_follow_the_table_of_roles(db, role):
    client = signed_in(factories.user(role))

    def answer(model: Any) -> int:
        return client.get(f"/admin/{model._meta.app_label}/{model._meta.model_name}/").status_code

    def right(model: Any) -> int:
        if role not in ADMINS:
            return 302
        names = {f"{model._meta.app_label}.{verb}_{model._meta.model_name}" for verb in ("view", "change")}
        return 200 if names & permissions_of(role) else 403

    registered = list(admin.site._registry)
    assert {m.__name__: answer(m) for m in registered} == {m.__name__: right(m) for m in registered}


@pytest.mark.parametrize("method", ["put", "patch", "delete", "trace"])
def test_a_page_answers_to_nothing_but_reading_and_sending(client, clerk, method):
    client.force_login(clerk)

    assert [getattr(client, method)(address).status_code for address in ("/projects/", "/me/")] == [405, 405]
