"""What the resources of the API are built from: the pages' own filters and forms, plain rows, a
description that the schema is made of."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeVar

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django_filters.filters import ChoiceFilter
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.contrib.django_filters import DjangoFilterExtension
from drf_spectacular.plumbing import build_parameter_type
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, viewsets
from rest_framework.exceptions import ParseError, ValidationError
from rest_framework.parsers import JSONParser
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import (
    PreconditionFailed,
    PreconditionRequired,
    Problem,
    VersionedMixin,
    etag,
)
from core.paging import Keyset

Plain = dict[str, Any]
Rows = list[Plain]
F = TypeVar("F", bound=Callable[..., Any])

# --- Lists --------------------------------------------------------------------------------------------


class Filters(DjangoFilterBackend):
    """The FilterSet of the page. A filter it does not know is refused: a slip in its name would
    otherwise bring everything."""

    def filter_queryset(self, request: Request, queryset: QuerySet[Any], view: Any) -> QuerySet[Any]:
        filterset = self.get_filterset(request, queryset, view)
        if filterset is None:
            return queryset
        form = filterset.form
        known = {*_names_of(form), *view.paging_parameters}
        if unknown := sorted(request.query_params.keys() - known):
            sentence = _("There is no such filter. There are: %(known)s.") % {
                "known": ", ".join(sorted(known))
            }
            raise ValidationError({name: [sentence] for name in unknown})
        if not form.is_valid():
            raise ValidationError(form.errors)
        found: QuerySet[Any] = filterset.qs
        return found

    def get_filterset_kwargs(self, request: Request, queryset: QuerySet[Any], view: Any) -> Plain:
        return {**super().get_filterset_kwargs(request, queryset, view), **view.filter_arguments()}


def _names_of(form: forms.Form) -> list[str]:
    """The parameters that a filter form reads; a range has one for each end."""
    return [
        f"{name}_{suffix}" if suffix else name
        for name, field in form.fields.items()
        for suffix in getattr(field.widget, "suffixes", [""])
    ]


class FiltersExtension(DjangoFilterExtension):
    """For the schema: choices that are rows (task forces, units, ceremonies) are given by their code."""

    target_class = "core.endpoints.Filters"
    priority = 1

    def resolve_filter_field(
        self, auto_schema: Any, model: Any, filterset_class: Any, field_name: str, filter_field: Any
    ) -> list[Plain]:
        if not isinstance(filter_field, ChoiceFilter) or "choices" in filter_field.extra:
            told: list[Plain] = super().resolve_filter_field(
                auto_schema, model, filterset_class, field_name, filter_field
            )
            return told
        schema = {"type": "string"}
        return [build_parameter_type(field_name, schema, "query", description=str(filter_field.label))]


class Json(JSONParser):
    """What is nested deeper than Python can follow is no JSON of ours."""

    def parse(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().parse(*args, **kwargs)
        except RecursionError:
            raise ParseError from None


class Endpoint(VersionedMixin, viewsets.GenericViewSet):
    """A resource. `access` says who may; `get_queryset` says, with `visible_to`, of what."""

    lookup_value_converter = "int"
    parser_classes = [Json]
    pagination_class = Keyset
    filter_backends = [Filters]
    paging_parameters = (Keyset.cursor_query_param, Keyset.page_size_query_param, "format")

    def filter_arguments(self) -> Plain:
        """What the FilterSet needs besides the question."""
        return {}

    def leaf(self, found: QuerySet[Any], told: Callable[[list[Any]], Rows]) -> Response:
        """One page of what was found, each row told as a plain dict."""
        pages: Any = self.paginator
        return pages.get_paginated_response(told(pages.paginate_queryset(found, self.request, view=self)))


# --- What is sent ---------------------------------------------------------------------------------------


class Sent(serializers.Serializer):
    """The body of a write. A field it does not know, or that is not the sender's to set, is refused."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping) and (unknown := sorted(map(str, data.keys() - self.fields.keys()))):
            raise ValidationError({name: [_("This cannot be set here.")] for name in unknown})
        return super().to_internal_value(data)


class Number(serializers.IntegerField):
    """The number of a row, within what a database can hold."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=1, max_value=2**63 - 1, **kwargs)


def taken(sent: type[serializers.Serializer], request: Request) -> Plain:
    """What the caller sent, checked for shape; what it means is for forms and verbs to judge."""
    serializer = sent(data=request.data)
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


def asked(query: type[serializers.Serializer], request: Request) -> Plain:
    """The same for what stands in the address."""
    serializer = query(data=request.query_params.dict())
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


def filled(form: forms.BaseForm, names: Mapping[str, str] | None = None) -> Plain:
    """The cleaned values of a page's form: one rule for both edges. `names` translates the form's
    names of fields into the API's; raises ValidationError."""
    if form.is_valid():
        return form.cleaned_data
    errors: dict[str, list[Any]] = {}
    for name, sentences in form.errors.items():
        ours = "non_field_errors" if name == NON_FIELD_ERRORS else name
        errors.setdefault((names or {}).get(ours, ours), []).extend(sentences)
    raise ValidationError(errors)


# --- Two editors at once ----------------------------------------------------------------------------


def seen_version(
    request: Request, row: Any, now: Callable[[], Plain], *, required: bool = True
) -> int | None:
    """The version that the caller has read, from If-Match. Raises PreconditionRequired without one and
    PreconditionFailed, with the row as it stands now, when it is no longer that."""
    sent = request.headers.get("If-Match")
    if sent is None:
        if required:
            raise PreconditionRequired
        return None
    if sent.removeprefix("W/") != etag(row):
        raise PreconditionFailed(now=now())
    version: int = row.version
    return version


# --- The description -----------------------------------------------------------------------------------

_TAG = OpenApiParameter("ETag", str, OpenApiParameter.HEADER, response=[200, 201])
_ONCE = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    description="Sent again with the same key, the write is not done again and the first answer returns.",
)


PAGING = [
    OpenApiParameter(Keyset.cursor_query_param, str, description="Where the page begins: from `next`."),
    OpenApiParameter(Keyset.page_size_query_param, int, description="How many rows a page has, at most 200."),
]


def _if_match(required: bool) -> OpenApiParameter:
    told = "The ETag of what you have read; 412 when somebody has changed it since."
    return OpenApiParameter("If-Match", str, OpenApiParameter.HEADER, required=required, description=told)


def described(
    answer: Any,
    *,
    sent: Any = None,
    query: Sequence[Any] = (),
    status: int = 200,
    once: bool = False,
    tag: bool = False,
    if_match: bool | None = None,
    **more: Any,
) -> Callable[[F], F]:
    """An operation for the schema. `if_match` says whether the header is required, or only taken."""
    parameters = [*query]
    parameters += [_ONCE] if once else []
    parameters += [_TAG] if tag else []
    parameters += [] if if_match is None else [_if_match(if_match)]
    responses = {status: answer, ("4XX", "application/problem+json"): Problem}
    return extend_schema(parameters=parameters, request=sent, responses=responses, **more)


class Code(serializers.Serializer):
    """A row of the city's own tables: a task force, a unit, a department, an item of the catalogue."""

    code = serializers.CharField()
    name = serializers.CharField(help_text="In the language of the request.")


def code_of(row: Any) -> Plain:
    return {"code": row.code, "name": str(row)}


def codes(rows: Iterable[Any]) -> dict[int, Plain]:
    """Rows of such a table by key."""
    return {row.pk: code_of(row) for row in rows}


def money(amount: Decimal | None) -> str | None:
    """An amount of 万元 as the API gives it."""
    return None if amount is None else f"{amount:.2f}"


__all__ = [
    "PAGING",
    "Code",
    "Endpoint",
    "Filters",
    "Json",
    "Number",
    "Plain",
    "Rows",
    "Sent",
    "asked",
    "code_of",
    "codes",
    "described",
    "filled",
    "money",
    "seen_version",
    "taken",
]
