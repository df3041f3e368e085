"""Leafing by key, tried on orders with ties, unknown values and expressions."""

import datetime
import random
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db.models import Case, F, IntegerField, QuerySet, When
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from core.paging import Keyset
from projects.choices import Stage
from projects.models import Project
from tests import factories

DAY = factories.DAY
RANK = Case(*(When(stage=stage, then=stage.rank) for stage in Stage), output_field=IntegerField())


def leaf(rows: QuerySet[Any], **query: str) -> tuple[list[Any], str | None]:
    request = Request(APIRequestFactory().get("/", {"page_size": "3", **query}))
    keyset = Keyset()
    found = keyset.paginate_queryset(rows, request)
    link = keyset.get_next_link()
    return found, parse_qs(urlsplit(link).query)["cursor"][0] if link else None


def every_page(rows: QuerySet[Any]) -> list[int]:
    seen: list[int] = []
    cursor: str | None = ""
    while cursor is not None:
        found, cursor = leaf(rows, **({"cursor": cursor} if cursor else {}))
        assert 0 < len(found) <= 3
        seen += [row["pk"] if isinstance(row, dict) else row.pk for row in found]
    return seen


@pytest.fixture
def projects(db: None) -> QuerySet[Project]:
    chance = random.Random(9712)
    stages = list(Stage)
    shared = {
        "task_force": factories.task_force(),
        "reporting_unit": factories.unit(),
        "enterprise": factories.enterprise(),
        "created_by": factories.user(),
    }
    for _ in range(17):
        signed = chance.choice([None, None, 0, 1, 2, 30])
        factories.project(
            chance.choice(stages),
            contracted=chance.choice([0, 12500, 12500, "99.5"]),
            signed_on=None if signed is None else DAY + datetime.timedelta(days=signed),
            **shared,
        )
    return Project.objects.all()


@pytest.mark.parametrize(
    "order",
    [
        ("pk",),
        ("-pk",),
        ("-contracted", "pk"),
        ("contracted", "-pk"),
        (F("signed_on").desc(nulls_last=True), "-pk"),
        (F("signed_on").asc(nulls_last=True), "-pk"),
        (F("signed_on").desc(nulls_first=True), "contracted", "-pk"),
        (F("signed_on").asc(nulls_first=True), RANK.desc(), "pk"),
        (RANK, F("signed_on").asc(nulls_last=True), "-pk"),
    ],
    ids=str,
)
@pytest.mark.parametrize("plain", [False, True], ids=["models", "rows"])
def test_all_pages_together_are_the_list_in_its_order(projects, order, plain):
    rows = projects.order_by(*order)

    assert every_page(rows.values("pk") if plain else rows) == list(rows.values_list("pk", flat=True))


def test_what_comes_in_meanwhile_moves_nothing(projects):
    rows = projects.order_by("-pk")
    first, cursor = leaf(rows)
    factories.project()

    second, _next = leaf(rows, cursor=cursor)

    assert [p.pk for p in [*first, *second]] == list(rows.values_list("pk", flat=True)[1:7])


@pytest.mark.parametrize("cursor", ["x", "WzFd:1:abc", "%00", "é"])
def test_a_cursor_that_nobody_gave_is_none(projects, cursor):
    with pytest.raises(NotFound):
        leaf(projects.order_by("pk"), cursor=cursor)


def test_a_cursor_of_another_order_is_none(projects):
    _found, cursor = leaf(projects.order_by("contracted", "pk"))

    with pytest.raises(NotFound):
        leaf(projects.order_by("-contracted", "pk"), cursor=cursor)


def test_a_list_without_a_whole_order_is_a_mistake(projects):
    for order in ((), ("contracted",)):
        with pytest.raises(AssertionError):
            leaf(projects.order_by(*order))
