import datetime
from decimal import Decimal

import pytest
from django.http import QueryDict
from django.test import RequestFactory

from projects import filters
from projects.choices import Confidentiality, Stage, Status, Verdict
from projects.filters import SORTS, ProjectFilter
from projects.models import ContractVerdict, Project
from tests import factories


def filtered(query: str, user) -> ProjectFilter:
    request = RequestFactory().get(f"/?{query}")
    request.user = user
    return ProjectFilter(QueryDict(query), Project.objects.visible_to(user), request=request)


def names(query: str, user) -> list[str]:
    return [project.name for project in filtered(query, user).qs]


@pytest.fixture
def three(steel, auto, liubei, luzhai):
    """Signed in January, in June and not at all."""
    return [
        factories.project(
            stage,
            name=name,
            task_force=force,
            reporting_unit=unit,
            contracted=Decimal(wan),
            signed_on=signed_on,
            is_industrial=industrial,
            status=status,
            enterprise=factories.enterprise(name=enterprise),
            code=code,
            national_code=national,
        )
        for stage, name, force, unit, wan, signed_on, industrial, status, enterprise, code, national in (
            (
                Stage.SIGNING,
                "恒瑞线控底盘项目",
                auto,
                luzhai,
                212000,
                datetime.date(2025, 1, 31),
                True,
                Status.ACTIVE,
                "深圳恒瑞科技有限公司",
                "LZ-2025-0001",
                "2501-450223-04-01-100001",
            ),
            (
                Stage.CONSTRUCTION,
                "宏宇特钢线材深加工项目",
                steel,
                liubei,
                10000,
                datetime.date(2025, 6, 18),
                True,
                Status.PAUSED,
                "上海宏宇股份有限公司",
                "LZ-2025-0002",
                None,
            ),
            (
                Stage.NEGOTIATION,
                "启明文旅小镇",
                steel,
                liubei,
                0,
                None,
                False,
                Status.ACTIVE,
                "杭州启明科技有限公司",
                "LZ-2026-0001",
                None,
            ),
        )
    ]


CHASSIS, STEEL_WIRE, TOURISM = "恒瑞线控底盘项目", "宏宇特钢线材深加工项目", "启明文旅小镇"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", [STEEL_WIRE, CHASSIS, TOURISM]),
        ("q=线材", [STEEL_WIRE]),
        ("q=项目", [STEEL_WIRE, CHASSIS]),
        ("q=杭州", [TOURISM]),
        ("q=科技", [CHASSIS, TOURISM]),
        ("q=lz-2025", [STEEL_WIRE, CHASSIS]),
        ("q=450223-04", [CHASSIS]),
        ("q=恒瑞 深圳", [CHASSIS]),
        ("q=恒瑞 上海", []),
        ("q=%25", []),
        ("q=_", []),
        ("task_force=steel", [STEEL_WIRE, TOURISM]),
        ("unit=450223", [CHASSIS]),
        ("location=450205", [STEEL_WIRE, TOURISM]),
        ("stage=signing", [CHASSIS]),
        ("stage=signing&stage=negotiation", [CHASSIS, TOURISM]),
        ("status=paused", [STEEL_WIRE]),
        ("industrial=true", [STEEL_WIRE, CHASSIS]),
        ("industrial=false", [TOURISM]),
        ("contracted_min=1", [STEEL_WIRE, CHASSIS]),
        ("contracted_min=1.0001", [CHASSIS]),
        ("contracted_max=21.2&contracted_min=0.01", [STEEL_WIRE, CHASSIS]),
        ("signed_after=2025-01-31&signed_before=2025-06-17", [CHASSIS]),
        ("signed_after=2025-06-18", [STEEL_WIRE]),
        ("task_force=steel&stage=construction&industrial=true&unit=450205", [STEEL_WIRE]),
    ],
)
def test_filter_finds(three, clerk, query, found):
    assert names(query, clerk) == found


@pytest.mark.parametrize(
    "query",
    [
        "task_force=none",
        "unit=1 or 1=1",
        "location=x",
        "stage=signed",
        "status=deleted",
        "industrial=maybe",
        "contracted_min=NaN",
        "contracted_min=1e400",
        "contracted_max=abc",
        "signed_after=2025-02-29",
        "ceremony=999",
        "ceremony=1;",
        "sort=(select pg_sleep(5))",
        "sort=created_by__password",
        "q=%00",
        f"q={'x' * 101}",
    ],
)
def test_filter_leaves_out_what_makes_no_sense_and_says_so(three, clerk, query):
    filterset = filtered(query, clerk)

    assert len(filterset.qs) == 3
    assert list(filterset.form.errors) == [
        query.split("=")[0].split("_m")[0].replace("signed_after", "signed")
    ]


def test_filter_ignores_what_is_no_filter(three, clerk):
    assert len(names("created_by__password__startswith=p&name__regex=(a%2B)%2B", clerk)) == 3


@pytest.mark.parametrize(
    ("sort", "found"),
    [
        ("signed_on", [CHASSIS, STEEL_WIRE, TOURISM]),
        ("-signed_on", [STEEL_WIRE, CHASSIS, TOURISM]),
        ("contracted", [TOURISM, STEEL_WIRE, CHASSIS]),
        ("-contracted", [CHASSIS, STEEL_WIRE, TOURISM]),
        ("stage", [TOURISM, CHASSIS, STEEL_WIRE]),
        ("-stage", [STEEL_WIRE, CHASSIS, TOURISM]),
        ("code", [CHASSIS, STEEL_WIRE, TOURISM]),
        ("task_force", [TOURISM, STEEL_WIRE, CHASSIS]),
    ],
)
def test_filter_sorts_and_leaves_the_unknown_to_the_end(three, clerk, sort, found):
    assert names(f"sort={sort}", clerk) == found


@pytest.mark.parametrize("sort", [sign + word for word in SORTS for sign in ("", "-")])
def test_every_order_is_whole_so_that_pages_together_are_the_list(clerk, steel, liubei, sort):
    enterprise = factories.enterprise()
    made = {
        factories.project(name="同名", task_force=steel, reporting_unit=liubei, enterprise=enterprise).pk
        for _n in range(7)
    }
    rows = filtered(f"sort={sort}", clerk).qs

    pages = [[project.pk for project in rows[start : start + 3]] for start in (0, 3, 6)]

    assert sorted(pk for page in pages for pk in page) == sorted(made)


def test_filter_of_a_unit_finds_the_projects_it_shares_in(three, clerk, luzhai):
    factories.share(three[1], luzhai, 40)

    assert names("unit=450223", clerk) == [STEEL_WIRE, CHASSIS]


def test_filter_of_a_ceremony_leaves_out_returned_signings(three, clerk, leader):
    ceremony = factories.ceremony()
    factories.contract_event(three[0], ceremony=ceremony)
    returned = factories.contract_event(three[1], ceremony=ceremony)
    ContractVerdict.objects.create(
        event=returned, verdict=Verdict.RETURNED, on=factories.DAY, by=leader, reason="x"
    )

    assert names(f"ceremony={ceremony.pk}", clerk) == [CHASSIS]


def test_filter_finds_a_confidential_project_by_its_name_for_its_owners_only(
    three, clerk, force_member, city_leader, steel
):
    Project.objects.filter(pk=three[0].pk).update(
        confidentiality=Confidentiality.CONFIDENTIAL, code_name="北斗"
    )
    three[0].assisting.add(steel)

    for question in ("底盘", "深圳", "450223-04"):
        assert [names(f"q={question}", user) for user in (clerk, city_leader, force_member)] == [
            [CHASSIS],
            [],
            [],
        ]
    for question in ("北斗", "LZ-2025-0001"):
        assert [names(f"q={question}", user) for user in (clerk, city_leader, force_member)] == [
            [CHASSIS]
        ] * 3


@pytest.mark.parametrize("few", [0, 1, 2, 1000])
@pytest.mark.parametrize("question", ["项目", "科技", "LZ-2025", "深圳 恒瑞", "启", "没有的"])
def test_a_rare_and_a_common_word_are_found_alike(three, clerk, force_member, monkeypatch, question, few):
    before = [names(f"q={question}", user) for user in (clerk, force_member)]

    monkeypatch.setattr(filters, "FEW", few)

    assert [names(f"q={question}", user) for user in (clerk, force_member)] == before


def test_extension_b_characters_are_found(clerk):
    factories.project(name="𠀀𠀁合金项目")

    assert names("q=𠀀𠀁", clerk) == ["𠀀𠀁合金项目"]
