"""Which items a project needs, from what it is; and the sentence that says why."""

import datetime
from decimal import Decimal

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from approvals import catalogue, needs
from approvals.choices import Fact
from approvals.models import ItemRule, ItemTemplate, ProjectFacts
from approvals.needs import ANSWERS, CLAUSES, Known
from projects.models import Project

ON = datetime.date(2026, 3, 2)
INDUSTRY = Project(is_industrial=True)


def known(project: Project = INDUSTRY, **facts) -> dict[Fact, Known]:
    return needs.known(project, ProjectFacts(**facts))


def answers(known: dict[Fact, Known]) -> dict[str, tuple[str, bool]]:
    return {fact.value: (one.answer, one.assumed) for fact, one in known.items()}


# --- What is known -----------------------------------------------------------------------------


def test_what_nobody_answered_is_assumed_and_says_so():
    assert answers(known(answers={"eia": "report"})) == {
        "funding": ("private", True),
        "route": ("filing", True),
        "works": ("new", True),
        "land": ("new", True),
        "industrial": ("yes", False),
        "eia": ("report", False),
        "energy": ("reviewed", True),
        "earthworks": ("yes", True),
        "water": ("no", True),
        "park_assessed": ("yes", True),
        "special_fire": ("yes", True),
        "civil_defence": ("yes", True),
        "road": ("no", True),
        "forest": ("no", True),
        "discharge": ("yes", True),
        "safety": ("yes", True),
    }


def test_a_project_that_is_no_industry_is_assumed_to_need_less():
    shop = answers(needs.known(Project(is_industrial=False), None))

    assert [shop[fact] for fact in ("industrial", "energy", "discharge", "safety")] == [
        ("no", False),
        ("pledged", True),
        ("no", True),
        ("no", True),
    ]


@pytest.mark.parametrize(
    ("tce", "wan_kwh", "answer"),
    [
        (None, None, ""),
        (Decimal(999), None, ""),
        (None, Decimal(499), ""),
        (Decimal("999.99"), Decimal("499.99"), "pledged"),
        (Decimal(1000), None, "reviewed"),
        (None, Decimal(500), "reviewed"),
        (Decimal(1000), Decimal(0), "reviewed"),
        (Decimal(0), Decimal(500), "reviewed"),
    ],
)
def test_energy_is_decided_by_its_numbers(tce, wan_kwh, answer):
    assert needs.energy_answer(tce, wan_kwh) == answer


# --- Whether, and why ----------------------------------------------------------------------------


def rule(fact: Fact, *answers: str) -> ItemRule:
    return ItemRule(fact=fact, answers=list(answers))


def need(*rules: ItemRule, template: ItemTemplate | None = None, **facts) -> needs.Need:
    return needs.need(template or ItemTemplate(), rules, known(**facts), on=ON)


def test_an_item_without_rules_is_needed_by_every_project():
    with translation.override("en"):
        assert (need().is_needed, need().sentence) == (True, "Needed: every project needs it.")


def test_an_item_is_needed_when_each_rule_holds():
    found = need(rule(Fact.EIA, "form", "report"), rule(Fact.WORKS, "new"), answers={"eia": "form"})

    with translation.override("en"):
        assert found.sentence == ("Needed: the environmental assessment is a form; new buildings are put up.")
    assert (found.is_needed, found.is_assumed) == (True, True)
    assert found.as_json() == {"answers": {"eia": "form", "works": "new"}, "assumed": ["works"]}


def test_only_what_fails_is_the_reason_why_an_item_is_not_needed():
    found = need(
        rule(Fact.WORKS, "new"),
        rule(Fact.ENERGY, "reviewed"),
        energy_tce=Decimal(300),
        power_wan_kwh=Decimal(120),
    )

    assert (found.is_needed, found.is_assumed) == (False, False)
    with translation.override("en"):
        assert found.sentence == (
            "Not needed: energy use stays under 1,000 tonnes of standard coal and 5 million kWh a year, "
            "the enterprise pledges instead."
        )
    with translation.override("zh-hans"):
        assert found.sentence == (
            "无需办理：年综合能耗不满1000吨标准煤且年用电量不满500万千瓦时，由企业作出节能承诺，不单独进行节能审查。"
        )


def test_an_item_that_the_catalogue_has_no_more_is_not_needed():
    gone = ItemTemplate(in_force_until=ON - datetime.timedelta(days=1))

    with translation.override("en"):
        assert need(template=gone).sentence == (
            "Not needed: the catalogue has had this item until 2026-03-01 only."
        )
    assert need(template=ItemTemplate(in_force_until=ON)).is_needed


def test_what_an_item_was_opened_for_is_told_later():
    with translation.override("en"):
        assert needs.told({"answers": {"eia": "form"}, "assumed": ["eia"]}) == (
            "Needed: the environmental assessment is a form."
        )
        assert needs.told({"answers": {}, "assumed": []}) == "Needed: every project needs it."
        assert needs.told({"by_hand": True}) == "Put on the list by hand."
    assert needs.told({}) == ""


def test_every_answer_has_its_clause():
    assert {(fact, answer) for fact in Fact for answer in ANSWERS[fact]} == set(CLAUSES)


@given(st.fixed_dictionaries({fact: st.sampled_from(sorted(ANSWERS[fact])) for fact in Fact}))
def test_whatever_is_answered_the_catalogue_has_one_way_in_and_one_assessment_at_most(given_answers):
    facts = {fact: Known(fact, answer, False) for fact, answer in given_answers.items()}

    chosen = {
        row.code
        for row in catalogue.CATALOGUE
        if needs.need(
            ItemTemplate(), [rule(fact, *those) for fact, those in row.rules], facts, on=ON
        ).is_needed
    }

    assert len(chosen & {"filing", "ratification", "feasibility"}) == 1
    assert len(chosen & {"eia-report", "eia-form", "eia-registration"}) == (
        given_answers[Fact.EIA] != "exempt"
    )
    assert {"building-permit", "drawings", "joint-acceptance", "completion"} <= chosen
