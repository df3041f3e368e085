"""The line of tabs on all pages about one project's approvals."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.access import user_of
from projects.models import Project


@dataclass(frozen=True)
class Tab:
    """A page about a project, for those who hold the permission; `by_query` asks a list for the project."""

    word: str | Promise
    route: str
    permission: str
    by_query: bool = False

    def url(self, project: Project) -> str:
        if self.by_query:
            return f"{reverse(self.route)}?project={project.pk}"
        return reverse(self.route, args=[project.pk])


TABS = (
    Tab(_("Approval list"), "approvals:panel", "approvals.view_item"),
    Tab(_("Three lists"), "approvals:three_lists", "approvals.view_item"),
    Tab(_("Facts and choice"), "approvals:choice", "approvals.view_item"),
    Tab(_("Plan"), "approvals:plan", "approvals.view_item"),
    Tab(_("Issues"), "approvals:issues", "approvals.view_issue", by_query=True),
)


def of_project(request: HttpRequest, project: Project) -> list[dict[str, Any]]:
    """What `approvals/_of_project.html` shows: the tabs this person may open, the page in hand marked.

    As a part of the project's own page the line leads to all of them.
    """
    user, match = user_of(request), request.resolver_match
    here = match.view_name if match and not request.htmx else ""  # type: ignore[attr-defined]
    return [
        {"word": tab.word, "url": tab.url(project), "on": tab.route == here}
        for tab in TABS
        if user.has_perm(tab.permission)
    ]
