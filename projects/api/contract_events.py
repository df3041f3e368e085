"""One contract event, and the bureau's word on it."""

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access import user_of
from core import clock
from core.api import idempotent
from core.endpoints import Endpoint, Plain, described, filled, taken
from projects import contracts, rules
from projects.api.sent import Reason
from projects.api.shapes import Event, event_told
from projects.forms import ReasonForm
from projects.models import ContractEvent


class ContractEvents(Endpoint):
    """What happened to contracts: never changed, set right by another event."""

    access = {
        "read": ("projects.view_project",),
        "verify": ("projects.verify_signing",),
        "send_back": ("projects.verify_signing",),
    }
    queryset = ContractEvent.objects.none()

    def get_queryset(self) -> QuerySet[ContractEvent]:
        rows = ContractEvent.objects.visible_to(user_of(self.request))
        return rows.select_related("project", "ceremony", "recorded_by", "verdict__by")

    @described(Event)
    def retrieve(self, request: Request, pk: int) -> Response:
        return Response(self._told(pk))

    @described(Event, once=True)
    @action(detail=True, methods=["post"])
    @idempotent
    def verify(self, request: Request, pk: int) -> Response:
        """From now on it counts. Whoever entered it cannot verify it."""
        event = get_object_or_404(self.get_queryset(), pk=pk)
        contracts.verify(event, by=user_of(request), today=clock.today())
        return Response(self._told(pk))

    @described(Event, sent=Reason, once=True)
    @action(detail=True, methods=["post"], url_path="return")
    @idempotent
    def send_back(self, request: Request, pk: int) -> Response:
        """It never counts and shows why; a right one has to be entered."""
        event = get_object_or_404(self.get_queryset(), pk=pk)
        values = filled(ReasonForm(taken(Reason, request)))
        contracts.send_back(event, reason=values["reason"], by=user_of(request), today=clock.today())
        return Response(self._told(pk))

    def _told(self, pk: int) -> Plain:
        event = get_object_or_404(self.get_queryset(), pk=pk)
        return event_told(event, rules.knows(user_of(self.request), event.project))
