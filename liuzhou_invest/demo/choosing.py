"""What the demo's projects are, as far as their items ask; and limits that the city has changed."""

import datetime
from decimal import Decimal
from random import Random

from django.db.models import F

from approvals import facts, limits
from approvals.models import Item, ItemLimit, ItemTemplate
from liuzhou_invest.demo.life import DAY, City
from projects.models import Project

# Projects signed before are taken as they came: nobody has answered for them.
ANSWERED_FROM = datetime.date(2025, 8, 1)

Kind = tuple[dict[str, str], Decimal | None, Decimal | None]  # answers, tonnes of standard coal, 万千瓦时
USUAL = {"funding": "private", "route": "filing", "works": "new", "land": "new", "eia": "form"}
CHANGED = ("eia-form", "fire-design")  # in force already
KINDS: dict[str, tuple[int, Kind]] = {
    "a new plant": (
        6,
        (USUAL | {"earthworks": "yes", "discharge": "yes", "safety": "yes"}, Decimal(3600), Decimal(1450)),
    ),
    "small energy user": (5, (USUAL | {"road": "no", "forest": "no"}, Decimal(420), Decimal(260))),
    "hall rented and fitted out": (
        3,
        (
            {
                "funding": "private",
                "route": "filing",
                "works": "renovation",
                "land": "leased",
                "eia": "registration",
                "earthworks": "no",
                "civil_defence": "no",
                "special_fire": "no",
                "discharge": "no",
            },
            Decimal("86.5"),
            Decimal(54),
        ),
    ),
    "extension on its own land": (2, (USUAL | {"works": "extension", "land": "own"}, Decimal(1800), None)),
    "large and dirty": (
        2,
        (USUAL | {"eia": "report", "water": "yes", "forest": "yes"}, Decimal(26000), Decimal(9800)),
    ),
    "government money": (
        1,
        (
            {"funding": "government", "works": "new", "land": "new", "eia": "form", "road": "yes"},
            None,
            Decimal(120),
        ),
    ),
    "to be ratified": (1, ({"route": "ratification", "eia": "report"}, Decimal(15200), Decimal(6100))),
}


def change_limits(city: City) -> None:
    """Two promises shortened last summer and autumn, one to be shortened with the new year."""
    for code, day, promised, source in (
        ("eia-form", (city.today - 140 * DAY).replace(day=1), 6, "全市审批提速方案（第一批）"),
        ("fire-design", (city.today - 40 * DAY).replace(day=1), 4, "全市审批提速方案（第二批）"),
        ("planning-permit", datetime.date(city.today.year + 1, 1, 1), 4, "全市审批提速方案（第三批）"),
    ):
        template = ItemTemplate.objects.get(code=code)
        before = ItemLimit.objects.of_day(day, [template.pk])[template.pk]
        ItemLimit.objects.create(
            template=template,
            effective_from=day,
            statutory_days=before.statutory_days,
            promised_days=promised,
            is_verified=before.is_verified,
            source=source,
        )


def answer(city: City, project: Project) -> None:
    """Two of five newer projects have had their facts asked in the days after the signing."""
    random = Random(project.pk)  # noqa: S311 (a demo; its own, so that the rest of the city stays as it is)
    if not project.signed_on or project.signed_on < ANSWERED_FROM or random.random() > 0.4:
        return
    weights = [weight for weight, _kind in KINDS.values()]
    [(_weight, kind)] = random.choices(list(KINDS.values()), weights)
    opened_on = max(project.items.values_list("opened_on", flat=True), default=city.today)
    _answer(city, project, kind, min(city.today, opened_on + random.randint(1, 4) * DAY))


def _answer(city: City, project: Project, kind: Kind, day: datetime.date) -> None:
    answers, tce, wan_kwh = kind
    facts.answer(
        project,
        answers=answers,
        energy_tce=tce,
        power_wan_kwh=wan_kwh,
        version=facts.of(project).version,
        by=city.people[f"team{project.pk % 12 + 1}"],
        today=day,
    )


def think_again(city: City) -> None:
    """A form is under way where a registration would have done; and new limits applied to running items."""
    running = Item.objects.under_way().filter(template__code="eia-form").select_related("project")
    for item in running.order_by("-pk")[:2]:
        _answer(city, item.project, (USUAL | {"eia": "registration"}, Decimal(510), Decimal(310)), city.today)
    for code in CHANGED:
        template = ItemTemplate.objects.get(code=code)
        limit = ItemLimit.objects.of_day(city.today, [template.pk])[template.pk]
        older = limits.with_others(limit, Item.objects.all())
        first = list(older.order_by(F("accepted_on").desc(nulls_last=True), "pk")[:3])
        limits.apply(
            limit,
            first,
            reason="企业申请按提速方案办理，局务会同意",
            by=city.people["leader"],
            today=city.today,
        )
