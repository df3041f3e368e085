"""The site, and bare pages to measure it against. Only the bench uses this site map."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils.safestring import mark_safe
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access import signed_in
from core.endpoints import Endpoint
from core.templatetags.ui import lamp
from liuzhou_invest.urls import urlpatterns as site
from projects.filters import ProjectFilter
from projects.models import Enterprise, Project, Share
from taskforces.models import ReportingUnit, TaskForce

ROWS = [
    {
        "url": f"/projects/{n}/",
        "name": f"虚构{n}动力电池项目",
        "enterprise": f"深圳虚构{n}科技有限公司",
        "task_force": "钢铁和新型材料",
        "unit": "柳北区",
        "stage": "签约",
        "amount": "14.80",
        "signed_on": "2025-06-20",
        "lamp": lamp("on_time", "正常"),
    }
    for n in range(50)
]
# About as much as the list's filters and page links.
AROUND = mark_safe('<a class="chip" href="?task_force=steel&amp;stage=signing">批次</a>' * 240)  # noqa: S308


@signed_in
def bare(request: HttpRequest) -> HttpResponse:
    """A page of the frame with nothing in it."""
    return render(request, "bench/bare.html")


@signed_in
def rows(request: HttpRequest) -> HttpResponse:
    """The list's markup through a plain template: nothing is asked, every string is ready."""
    return render(request, "bench/rows.html", {"rows": ROWS, "around": AROUND})


class _Enterprise(serializers.ModelSerializer[Enterprise]):
    class Meta:
        model = Enterprise
        fields = ("id", "name", "uscc")


class _TaskForce(serializers.ModelSerializer[TaskForce]):
    class Meta:
        model = TaskForce
        fields = ("code", "name")


class _Unit(serializers.ModelSerializer[ReportingUnit]):
    class Meta:
        model = ReportingUnit
        fields = ("code", "name")


class _Share(serializers.ModelSerializer[Share]):
    unit = _Unit()

    class Meta:
        model = Share
        fields = ("unit", "percent")


class _Project(serializers.ModelSerializer[Project]):
    """The facts of our own list of projects."""

    enterprise = _Enterprise()
    task_force = _TaskForce()
    reporting_unit = _Unit()
    location = _Unit()
    shares = _Share(many=True)

    class Meta:
        model = Project
        fields = (
            *("id", "code", "name", "enterprise", "task_force", "reporting_unit", "location", "shares"),
            *("is_industrial", "confidentiality", "stage", "stage_since", "status", "contracted"),
            *("signed_on", "version"),
        )


class Plain(Endpoint):
    """The API list through a serializer of models, with its queries looked after; else it is ours."""

    access = {"read": ("projects.view_project",)}
    filterset_class = ProjectFilter
    queryset = Project.objects.select_related(
        "enterprise", "task_force", "reporting_unit", "location"
    ).prefetch_related("shares__unit")

    def list(self, request: Request) -> Response:
        found = self.filter_queryset(self.get_queryset())
        return self.leaf(found, lambda projects: list(_Project(projects, many=True).data))


urlpatterns = [
    *site,
    path("bench/bare/", bare, name="bench-bare"),
    path("bench/rows/", rows, name="bench-rows"),
    path("bench/api/", Plain.as_view({"get": "list"}), name="bench-api"),
]
