"""Reaching a project: outsiders meet 404, readers who may not act on it meet 403."""

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from accounts.access import user_of
from projects import rules
from projects.models import Project


def project_or_404(request: HttpRequest, pk: int, rows: QuerySet[Project] | None = None) -> Project:
    known = Project.objects.visible_to(user_of(request)).select_related(
        "enterprise", "task_force", "reporting_unit", "location"
    )
    return get_object_or_404(known, pk=pk)


def project_to_act_on(request: HttpRequest, pk: int, *permissions: str) -> Project:
    """For pages that change it: one of the permissions, and an office that answers for it."""
    project = project_or_404(request, pk)
    user = user_of(request)
    if not any(rules.may(user, permission, project) for permission in permissions):
        raise PermissionDenied
    return project


def project_with_papers(request: HttpRequest, pk: int) -> Project:
    """For what a confidential project shows to its owners only."""
    project = project_or_404(request, pk)
    if not rules.knows(user_of(request), project):
        raise PermissionDenied
    return project
