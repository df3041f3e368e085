import datetime
from decimal import Decimal

import pytest
from django.utils import translation

from core.text import name_key
from projects import lookalikes
from projects.choices import Confidentiality, EventKind, Stage, Verdict
from projects.lookalikes import Description, Grade
from projects.models import ContractVerdict
from tests import factories


@pytest.fixture(autouse=True)
def _in_english():
    with translation.override("en"):
        yield


def known(name, **more):
    return factories.enterprise(name=name, name_key=name_key(name), **more)


def like(name, user, uscc=""):
    return [
        (found.enterprise.name, found.grade, found.evidence)
        for found in lookalikes.enterprises_like(name, uscc, user=user)
    ]


SAME_NAME = ["the same name, apart from place and legal form"]


def test_same_code_comes_first_whatever_the_name(clerk):
    coded = known("深圳宏宇特钢有限公司")
    known("恒达科技有限公司")

    assert like("恒达科技", clerk, coded.uscc) == [
        ("深圳宏宇特钢有限公司", Grade.SAME, ["the same credit code"]),
        ("恒达科技有限公司", Grade.LIKELY, SAME_NAME),
    ]


@pytest.mark.parametrize(
    "typed",
    [
        "恒瑞线控科技有限公司",
        "广西柳州市恒瑞线控科技（集团）有限责任公司",
        " 恒瑞线控 科技 ",
        "深圳市恒瑞线控科技股份有限公司",
    ],
)
def test_place_legal_form_and_brackets_do_not_tell_enterprises_apart(clerk, typed):
    known("深圳恒瑞线控科技有限公司")

    assert like(typed, clerk) == [("深圳恒瑞线控科技有限公司", Grade.LIKELY, SAME_NAME)]


@pytest.mark.parametrize(
    ("typed", "evidence"),
    [
        ("恒瑞线控底盘有限公司", ["the names are 91 % alike"]),  # one character missing
        ("恒锐线控底盘科技有限公司", ["the names are 88 % alike"]),  # a slip in the second
        ("桓瑞线控底盘科技有限公司", ["the names are 88 % alike"]),  # a slip in the first
    ],
)
def test_slips_are_found(clerk, typed, evidence):
    known("恒瑞线控底盘科技有限公司")

    [(name, grade, found)] = like(typed, clerk)

    assert (name, grade) == ("恒瑞线控底盘科技有限公司", Grade.SIMILAR)
    assert found[0].startswith("the names are")


def test_a_shared_trade_name_is_shown(clerk):
    known("力行新材料有限公司")

    assert like("力行新能源科技有限公司", clerk) == [
        ("力行新材料有限公司", Grade.SIMILAR, ["both are called “力行”"])
    ]


@pytest.mark.parametrize("typed", ["卓越数控机床有限公司", "科技有限公司", "恒", ""])
def test_what_is_unlike_is_not_shown(clerk, typed):
    known("恒瑞线控科技有限公司")

    assert like(typed, clerk) == []


def test_homoglyphs_are_seen_through(clerk):
    known("Асme电池有限公司")  # Cyrillic А and с

    assert like("ACME电池有限公司", clerk) == [("Асme电池有限公司", Grade.LIKELY, SAME_NAME)]


def test_another_countys_enterprises_are_not_found_out_by_typing(county_officer, stranger, liubei):
    theirs = known("恒瑞线控科技有限公司")
    factories.project(enterprise=theirs, reporting_unit=liubei)

    assert [name for name, *_rest in like("恒瑞线控", county_officer)] == ["恒瑞线控科技有限公司"]
    assert like("恒瑞线控", stranger) == []


def test_how_many_projects_counts_those_one_may_name(clerk, stranger, liubei):
    theirs = known("恒瑞线控科技有限公司")
    factories.project(enterprise=theirs, reporting_unit=liubei)
    [by_clerk], [by_stranger] = (
        lookalikes.enterprises_like("某企业", theirs.uscc, user=user) for user in (clerk, stranger)
    )

    assert (by_clerk.projects, by_stranger.projects) == (1, 0)


def test_a_confidential_projects_enterprise_is_not_found_by_an_assisting_force(force_member, auto):
    project = factories.project(
        task_force=auto,
        enterprise=known("恒瑞线控科技有限公司"),
        confidentiality=Confidentiality.CONFIDENTIAL,
    )
    project.assisting.add(force_member.memberships.get().task_force)

    assert like("恒瑞线控", force_member) == []


def test_enterprises_like_asks_the_same_with_one_and_with_three(clerk, django_assert_num_queries):
    known("恒瑞线控科技有限公司")
    with django_assert_num_queries(3):
        assert len(like("恒瑞线控", clerk)) == 1
    for place in ("深圳", "上海"):
        known(f"{place}恒瑞线控科技有限公司")
    with django_assert_num_queries(3):
        assert len(like("恒瑞线控", clerk)) == 3


# --- Projects --------------------------------------------------------------------------------------

DAY = datetime.date(2026, 3, 2)


@pytest.fixture
def standing(liubei, steel):
    project = factories.project(
        Stage.SIGNING,
        name="恒瑞线控底盘项目",
        national_code="2603-450205-04-01-100001",
        reporting_unit=liubei,
        task_force=steel,
        enterprise=known("恒瑞科技有限公司"),
    )
    factories.verified_event(project, amount=Decimal(96000), signed_on=DAY)
    return project


def likes(user, **told):
    return [
        (found.project.name, found.grade, found.score, found.evidence)
        for found in lookalikes.projects_like(Description(**told), user=user)
    ]


def test_same_national_code_is_the_same_project(standing, clerk):
    assert likes(clerk, name="别的名字", national_code="2603-450205-04-01-100001") == [
        ("恒瑞线控底盘项目", Grade.SAME, 0, ["the same national project code"])
    ]


def test_everything_alike_is_very_likely_the_same(standing, clerk, liubei):
    found = likes(
        clerk,
        name="恒瑞线控底盘建设项目",
        enterprises=[standing.enterprise],
        amount=Decimal(96500),
        location=liubei,
        signed_on=DAY + datetime.timedelta(days=30),
    )

    assert found == [
        (
            "恒瑞线控底盘项目",
            Grade.LIKELY,
            140,
            [
                "the same name",
                "the same or a like-named enterprise",
                "in the same place",
                "the same amount (96,000)",
                "signed within sixty days",
            ],
        )
    ]


def test_amount_place_and_day_are_enough_without_a_name(standing, clerk, liubei):
    found = likes(clerk, name="另起的名字", amount=Decimal(96000), location=liubei, signed_on=DAY)

    assert found == [
        (
            "恒瑞线控底盘项目",
            Grade.SIMILAR,
            50,
            ["in the same place", "the same amount (96,000)", "signed within sixty days"],
        )
    ]


@pytest.mark.parametrize(
    "told",
    [
        {"name": "卓越数控机床项目"},
        {"name": "恒瑞总部项目"},
        {"name": "另起的名字", "amount": Decimal(98000), "signed_on": DAY},
        {},
    ],
)
def test_what_is_unlike_is_not_held_against_a_project(standing, clerk, liubei, told):
    assert likes(clerk, location=liubei, **told) == []


def test_a_second_project_of_the_same_enterprise_alone_is_no_look_alike(standing, clerk):
    assert likes(clerk, name="卓越数控机床项目", enterprises=[standing.enterprise]) == []


def test_a_returned_signing_is_no_evidence(clerk, leader, liubei):
    project = factories.project(name="远达压铸件项目", reporting_unit=liubei)
    event = factories.contract_event(project, kind=EventKind.SIGNED, amount=Decimal(96000), signed_on=DAY)
    ContractVerdict.objects.create(event=event, verdict=Verdict.RETURNED, on=DAY, by=leader, reason="x")

    assert likes(clerk, name="另起的名字", amount=Decimal(96000), location=liubei, signed_on=DAY) == []


def test_a_project_is_not_like_itself(standing, clerk):
    assert likes(clerk, name=standing.name, leave_out=standing.pk) == []


def test_another_countys_projects_are_not_found_out_by_typing(standing, county_officer, stranger):
    assert len(likes(county_officer, name="恒瑞线控底盘项目")) == 1
    assert likes(stranger, name="恒瑞线控底盘项目", national_code="2603-450205-04-01-100001") == []


def test_projects_like_asks_the_same_with_one_and_with_three(
    standing, clerk, liubei, django_assert_num_queries
):
    told = {
        "name": "恒瑞线控底盘项目",
        "enterprises": [standing.enterprise],
        "amount": Decimal(96000),
        "location": liubei,
        "signed_on": DAY,
    }
    with django_assert_num_queries(5):
        assert len(likes(clerk, **told)) == 1
    for n in range(2):
        factories.verified_event(
            factories.project(name=f"恒瑞线控底盘项目{n}", reporting_unit=liubei), amount=Decimal(96000)
        )
    with django_assert_num_queries(5):
        assert len(likes(clerk, **told)) == 3
