"""Who invests."""

from collections.abc import Sequence

from django.db.models import Count, QuerySet
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access import user_of
from core import uscc
from core.endpoints import Endpoint, Rows, asked, described
from core.text import clean_name
from projects import lookalikes
from projects.api.shapes import (
    EnterpriseDetail,
    EnterpriseRow,
    LikeEnterprise,
    enterprise_row,
    project_name,
)
from projects.filters import EnterpriseFilter
from projects.models import Enterprise, Project

LATEST = 20


class Wanted(serializers.Serializer):
    name = serializers.CharField(help_text=_("As far as it is known."))
    uscc = serializers.CharField(required=False, default="", help_text=_("Credit code."))


class Enterprises(Endpoint):
    """The investors whose projects you may name; the bureau sees all."""

    access = {
        "read": ("projects.view_project",),
        "look_alikes": ("projects.enter_signing",),
    }
    queryset = Enterprise.objects.none()
    filterset_class = EnterpriseFilter

    def get_queryset(self) -> QuerySet[Enterprise]:
        return Enterprise.objects.visible_to(user_of(self.request)).order_by("-pk")

    @described(EnterpriseRow(many=True))
    def list(self, request: Request) -> Response:
        return self.leaf(self.filter_queryset(self.get_queryset()), self._rows)

    @described(EnterpriseDetail, tag=True)
    def retrieve(self, request: Request, pk: int) -> Response:
        enterprise = get_object_or_404(self.get_queryset(), pk=pk)
        known = Project.objects.known_to(user_of(request)).filter(enterprise=enterprise)
        latest = known.prefetch_related("shares").select_related("enterprise").order_by("-pk")[:LATEST]
        [row] = self._rows([enterprise])
        projects = [project_name(project, user_of(request)) for project in latest]
        return Response({**row, "latest_projects": projects})

    @described(LikeEnterprise(many=True), query=[Wanted])
    @action(detail=False, url_path="look-alikes", pagination_class=None, filter_backends=[])
    def look_alikes(self, request: Request) -> Response:
        """The enterprises in the books that this one may be, the surest first."""
        wanted = asked(Wanted, request)
        code = uscc.parse(wanted["uscc"]) if wanted["uscc"] else ""
        found = lookalikes.enterprises_like(clean_name(wanted["name"]), code, user=user_of(request))
        return Response(
            [
                {
                    "id": like.enterprise.pk,
                    "name": like.enterprise.name,
                    "uscc": like.enterprise.uscc,
                    "grade": like.grade.name.lower(),
                    "evidence": like.evidence,
                    "projects": like.projects,
                }
                for like in found
            ]
        )

    def _rows(self, enterprises: Sequence[Enterprise]) -> Rows:
        known = Project.objects.known_to(user_of(self.request)).filter(enterprise__in=enterprises)
        counts = known.order_by().values("enterprise").annotate(count=Count("pk"))
        by_enterprise = dict(counts.values_list("enterprise", "count"))
        return [enterprise_row(one, by_enterprise.get(one.pk, 0)) for one in enterprises]
