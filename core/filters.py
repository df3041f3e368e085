"""What the audit trail may be narrowed down to."""

from typing import Any

import django_filters
from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from core.audit import table_choices
from core.models import AuditEntry


class AuditFilter(django_filters.FilterSet):
    table = django_filters.ChoiceFilter(label=_("Table"), choices=table_choices)
    row_id = django_filters.CharFilter(label=_("Row"))
    who = django_filters.CharFilter(label=_("Person"), method="by_person")
    on = django_filters.DateFromToRangeFilter(field_name="at", label=_("Day"))

    class Meta:
        model = AuditEntry
        fields = ["table", "row_id"]

    def by_person(self, rows: QuerySet[AuditEntry], name: str, value: Any) -> QuerySet[AuditEntry]:
        people = get_user_model()._default_manager.filter(Q(username=value) | Q(name__icontains=value))
        return rows.filter(actor_id__in=people.values("pk"))
