"""The demo city, built by the verbs, prints the figures the newspaper printed and is alive today."""

import datetime
import io
import json
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import call_command
from django.db.models import F, Sum

from accounts.models import User
from approvals.choices import ItemEventKind, StallCode
from approvals.models import Item, ItemEvent, StallFlag
from briefings.choices import BriefingState
from briefings.models import Briefing, Snapshot
from projects.choices import Stage, SuspicionKind
from projects.models import ContractEvent, Project, Suspicion, SuspicionVerdict
from tests import factories

TODAY = datetime.date(2026, 11, 22)


def figures(*arguments: str) -> dict[str, Any]:
    out = io.StringIO()
    call_command("figures", *arguments, "--json", stdout=out)
    found: dict[str, Any] = json.loads(out.getvalue())
    return found


def told(figure: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(figure[name] for name in ("value", "base", "yoy_percent", "unit"))


@pytest.mark.demo
def test_the_demo_city_tells_the_facts_of_the_first_half_of_2025_and_lives_today(db: None) -> None:
    call_command("load_reference", verbosity=0)
    call_command("load_demo", today=TODAY)

    half_year = figures("--from", "2025-01", "--to", "2025-06")
    assert told(half_year["contracted"]) == (6520000, 4902000, 33.0, "万元")
    assert told(half_year["contracted_industrial_100m"]) == (4990000, 3590000, 39.0, "万元")
    assert (half_year["visits"]["value"], half_year["visit_targets"]["value"]) == (61, 273)
    shanghai = figures("--from", "2025-07", "--to", "2025-07", "--by", "ceremony")
    [(name, july)] = shanghai.items()
    assert "上海" in name
    assert (july["projects_signed"]["value"], july["contracted"]["value"]) == (7, 581700)
    year = figures("--from", "2025-01", "--to", "2025-12")
    assert (year["projects_served"]["value"], year["issues_resolved"]["value"]) == (92, 48)
    _known_then_is_less_than_known_now(half_year)
    _parts_make_the_whole(half_year)
    _the_city_lives()
    _what_projects_repeat_equals_their_events()


def _known_then_is_less_than_known_now(half_year: dict[str, Any]) -> None:
    known = figures("--from", "2025-01", "--to", "2025-06", "--as-known-on", "2025-04-01")
    assert 0 < known["contracted"]["value"] < half_year["contracted"]["value"]
    assert 0 < known["visits"]["value"] < 61


def _parts_make_the_whole(half_year: dict[str, Any]) -> None:
    for by in ("unit", "task_force", "month"):
        groups = figures("--from", "2025-01", "--to", "2025-06", "--by", by)
        told = [
            Decimal(str(group["contracted"]["value"])) for group in groups.values() if "contracted" in group
        ]
        assert sum(told) == 6520000


def _the_city_lives() -> None:
    stages = set(Project.objects.active().values_list("stage", flat=True))
    assert stages == set(Stage.values)
    assert set(StallFlag.objects.open().values_list("code", flat=True)) >= {
        StallCode.OVER_PROMISE,
        StallCode.SILENT,
        StallCode.BLOCKED,
    }
    assert Item.objects.under_way().count() > 20
    assert set(Suspicion.objects.values_list("kind", flat=True)) == set(SuspicionKind)
    assert SuspicionVerdict.objects.count() == 2
    kinds = ("eia-report", "eia-registration", "feasibility", "ratification", "road")
    chosen = Item.objects.filter(template__code__in=kinds).values_list("template__code", flat=True)
    assert set(chosen) == set(kinds)  # by what projects have answered
    assert ItemEvent.objects.filter(kind=ItemEventKind.LIMITS).exists()
    assert ContractEvent.objects.waiting().count() >= 3
    team = User.objects.get(username="team1")
    assert Project.objects.visible_to(team).count() > 5
    october = Briefing.objects.filter(period__month=datetime.date(2026, 10, 1))
    assert october.count() == 23  # the city, ten task forces of 1071, twelve units
    assert set(october.values_list("state", flat=True)) == {BriefingState.DRAFT, BriefingState.REVIEWED}
    assert Snapshot.objects.filter(briefing__period__month=datetime.date(2026, 9, 1)).exists()


def _what_projects_repeat_equals_their_events() -> None:
    told = (
        Project.objects.filter(contract_events__verdict__verdict="verified")
        .annotate(summed=Sum("contract_events__amount"))
        .exclude(summed=F("contracted"))
    )
    assert not told.exists()


def test_a_second_start_keeps_the_data(db: None, capsys: pytest.CaptureFixture[str]) -> None:
    kept = factories.project()

    call_command("load_demo", today=TODAY)

    assert list(Project.objects.all()) == [kept]
    assert "not loaded" in capsys.readouterr().out
