"""The fields of a ledger of projects, and how the cells of each are read."""

from decimal import Decimal
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from core.money import format_wan
from core.sheets import Value
from ledgers import meanings
from ledgers.choices import State
from ledgers.declaring import Field, Meaning, Place, Read
from projects.choices import Currency, EventKind, Stage
from projects.ledger_fields import looks
from projects.ledger_fields.heads import HEADS
from projects.ledger_fields.words import (
    CONTRACT_HEADINGS,
    CONTRACT_NAMES,
    CONTRACT_WORDS,
    CURRENCY_WORDS,
    INDUSTRIAL_HEADINGS,
    INDUSTRIAL_WORDS,
    NOT_SIGNED,
    STAGE_WORDS,
)
from taskforces.models import ReportingUnit, TaskForce


def _choices(labels: Any) -> list[tuple[Any, str]]:
    return [(value, str(label)) for value, label in labels]


def _contracts() -> list[tuple[Any, str]]:
    return [(kind.value, str(kind.label)) for kind in CONTRACT_NAMES]


def locations() -> Read:
    """A unit where one is named; a park or a street tells nothing that the books can hold."""
    units = meanings.units()

    def read(value: Value, place: Place) -> Meaning:
        meaning = units(value, place)
        if meaning.state != State.ASKED:
            return meaning
        return meanings.assumed(
            None, _("No unit is named: the project is taken to lie where its reporting unit is.")
        )

    return read


def location(value: Value, place: Place) -> Meaning:
    return locations()(value, place)


def _contracts_named(text: str) -> set[EventKind]:
    return {kind for kind, words in CONTRACT_HEADINGS.items() if any(word in text for word in words)}


def contract_of_place(place: Place) -> Meaning | None:
    """A list of signed projects needs no word for it in each row, nor does a section of frameworks."""
    around = (place.section, place.sheet, place.title)
    if any(word in text for text in around for word in NOT_SIGNED):
        return None
    text = next(filter(_contracts_named, around), "")
    named = _contracts_named(text)
    if len(named) > 1:
        return meanings.asked(_("What does “%(text)s” mean here?") % {"text": text}, _contracts())
    if not named:
        return None
    sentence = _("No cell names the contract: it is taken from “%(text)s”.")
    return meanings.assumed(named.pop().value, sentence % {"text": text})


def industrial_of_place(place: Place) -> Meaning | None:
    for text in (place.section, place.title + place.sheet):
        said = {value for word, value in INDUSTRIAL_HEADINGS if word in text.replace("非工业", "其他行业")}
        if len(said) == 1:
            return meanings.assumed(said.pop(), _("No cell says whether it is industrial: the title does."))
    return meanings.asked(
        _("Are the projects of “%(sheet)s” industrial ones?") % {"sheet": place.named},
        [(True, _("Industrial")), (False, _("Not industrial"))],
    )


def renminbi(place: Place) -> Meaning:
    return meanings.assumed(Currency.CNY.value, _("No cell names a currency: taken as renminbi."))


def _of_label(labels: Any) -> Any:
    known = dict(labels)
    return lambda value: str(known.get(value, value))


def _unit_name(code: Any) -> str:
    return str(ReportingUnit.objects.filter(code=code).first() or code)


def _force_name(code: Any) -> str:
    return str(TaskForce.objects.filter(code=code).first() or code)


def _wan(value: Any) -> str:
    return f"{format_wan(Decimal(value))} 万元" if isinstance(value, str) else str(value)


def _field(name: str, label: str | Promise, read: Read, **more: Any) -> Field:
    return Field(name, label, tuple(HEADS[name].split()), read, **more)


FIELDS = (
    _field(
        "name",
        gettext_lazy("project"),
        meanings.text(200),
        is_required=True,
        is_key=True,
        looks_like=looks.project,
    ),
    _field(
        "enterprise",
        gettext_lazy("enterprise"),
        meanings.investors,
        is_required=True,
        is_key=True,
        looks_like=looks.firm,
    ),
    _field("partners", gettext_lazy("co-investors"), meanings.text(400)),
    _field("uscc", gettext_lazy("credit code"), meanings.credit_code, looks_like=looks.code),
    _field("national_code", gettext_lazy("national project code"), meanings.national_code),
    _field(
        "unit",
        gettext_lazy("reporting unit"),
        meanings.unit,
        is_required=True,
        fills_down=True,
        by_place=meanings.unit_of_place,
        begin=meanings.units,
        show=_unit_name,
        looks_like=looks.unit,
    ),
    _field("location", gettext_lazy("location"), location, begin=locations, show=_unit_name),
    _field(
        "task_force",
        gettext_lazy("task force"),
        meanings.force,
        is_required=True,
        fills_down=True,
        by_place=meanings.force_of_place,
        begin=meanings.forces,
        show=_force_name,
        looks_like=looks.force,
    ),
    _field(
        "industrial",
        gettext_lazy("industrial"),
        meanings.yes_or_no(
            yes=INDUSTRIAL_WORDS,
            question=gettext_lazy("Does “%(text)s” mean an industrial project?"),
            labels=(gettext_lazy("Industrial"), gettext_lazy("Not industrial")),
            needs_head="工业",
        ),
        fills_down=True,
        by_place=industrial_of_place,
        show=_of_label([(True, gettext_lazy("Industrial")), (False, gettext_lazy("Not industrial"))]),
        looks_like=looks.industrial,
    ),
    _field("content", gettext_lazy("what is built"), meanings.text(2000, lines=True)),
    _field(
        "contract",
        gettext_lazy("contract"),
        meanings.words(CONTRACT_WORDS, _contracts),
        by_place=contract_of_place,
        offers=("正式合同", "框架协议", "增资", "减资", "解约"),
        show=_of_label(EventKind.choices),
        looks_like=looks.contract,
    ),
    _field("amount_wan", gettext_lazy("contracted investment"), meanings.amount, is_money=True, show=_wan),
    _field(
        "currency",
        gettext_lazy("currency"),
        meanings.words(CURRENCY_WORDS, lambda: _choices(Currency.choices)),
        by_place=renminbi,
        show=_of_label(Currency.choices),
    ),
    _field("foreign_amount_wan", gettext_lazy("amount in that currency (10,000)"), meanings.foreign_amount),
    _field("rate", gettext_lazy("rate"), meanings.rate),
    _field("fixed_assets", gettext_lazy("fixed-asset part"), meanings.count, is_money=True, show=_wan),
    _field("annual_output", gettext_lazy("expected annual output"), meanings.count, is_money=True, show=_wan),
    _field("signed_on", gettext_lazy("signed on"), meanings.day, looks_like=looks.day),
    _field("ceremony", gettext_lazy("ceremony"), meanings.text(120)),
    _field(
        "planned_start", gettext_lazy("planned start of works"), meanings.planned_day, looks_like=looks.day
    ),
    _field(
        "planned_production",
        gettext_lazy("planned start of production"),
        meanings.planned_day,
        looks_like=looks.day,
    ),
    _field(
        "stage",
        pgettext_lazy("a project's", "batch"),
        meanings.words(STAGE_WORDS, lambda: _choices(Stage.choices)),
        offers=("谋划", "洽谈", "签约", "开工", "建设", "投产", "达产"),
        show=_of_label(Stage.choices),
        looks_like=looks.stage,
    ),
    _field("progress", gettext_lazy("progress"), meanings.progress),
    _field("officer", gettext_lazy("officer in charge"), meanings.text(60)),
    _field("contact_name", gettext_lazy("contact"), meanings.text(60), is_private=True),
    _field(
        "contact_phone",
        gettext_lazy("contact's telephone"),
        meanings.phone,
        looks_like=looks.phone,
        is_private=True,
    ),
    _field("origin", gettext_lazy("comes from"), meanings.text(60)),
    _field("shares", gettext_lazy("shares"), meanings.text(300)),
    _field("note", gettext_lazy("note"), meanings.text(300, lines=True)),
)
