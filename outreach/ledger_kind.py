"""The kind of ledger that lists leaders' visits 外出招商: whom they met, where, and what came of it."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from core.sheets import Value
from ledgers import meanings
from ledgers.choices import State
from ledgers.declaring import Field, Kind, Meaning, Place, Read, register
from outreach.models import Engagement, PartyKind, VisitLevel
from outreach.visits import CITY, enter, match, take_back
from taskforces.models import ReportingUnit

VISITS = "visits"
CITY_WORDS = ("柳州市", "市本级")
LEVEL_WORDS = {"市级": VisitLevel.CITY, "县级": VisitLevel.COUNTY}
PARTY_WORDS = {
    "企业": PartyKind.ENTERPRISE,
    "商协会": PartyKind.CHAMBER,
    "高校": PartyKind.UNIVERSITY,
    "创新平台": PartyKind.PLATFORM,
    "产业联盟": PartyKind.ALLIANCE,
}
# By what an invented or real party's name says of its kind; the first that fits.
NAME_WORDS = (
    (PartyKind.ALLIANCE, ("联盟",)),
    (PartyKind.CHAMBER, ("商会", "协会", "学会", "促进会", "联合会")),
    (PartyKind.UNIVERSITY, ("大学", "学院", "学校")),
    (PartyKind.PLATFORM, ("研究院", "研究所", "实验室", "创新中心", "孵化器", "产业园")),
    (PartyKind.ENTERPRISE, ("公司", "集团", "企业", "工厂")),
)


# --- What cells mean ------------------------------------------------------------------------------------


def leaders() -> Read:
    """The unit that led, or the city itself; asks the database once."""
    units = meanings.units()

    def read(value: Value, place: Place) -> Meaning:
        if meanings.written(value).strip() in CITY_WORDS:
            return meanings.sure(CITY)
        return units(value, place)

    return read


def _levels() -> list[tuple[Any, str]]:
    return [(one.value, str(one.label)) for one in VisitLevel]


def _parties() -> list[tuple[Any, str]]:
    return [(one.value, str(one.label)) for one in PartyKind]


def _known(words: Mapping[str, Any]) -> dict[str, tuple[str, bool]]:
    return {word: (kind.value, True) for word, kind in words.items()}


LEVELS = {
    **_known(LEVEL_WORDS),
    **dict.fromkeys(("市领导", "市"), ("city", True)),
    **dict.fromkeys(("县区级", "县区", "区县", "县", "区"), ("county", True)),
}
PARTIES = {
    **_known(PARTY_WORDS),
    **dict.fromkeys(("商会", "协会", "行业协会"), (PartyKind.CHAMBER.value, True)),
    **dict.fromkeys(("院校", "高等院校", "大学"), (PartyKind.UNIVERSITY.value, True)),
    "联盟": (PartyKind.ALLIANCE.value, True),
    "平台": (PartyKind.PLATFORM.value, False),
}


def settle(said: Mapping[str, Meaning], place: Place) -> dict[str, Meaning]:
    """The level follows from who led, the kind of party from its name, where no cell says it."""
    return {**_level(said), **_kind(said)}


def _level(said: Mapping[str, Meaning]) -> dict[str, Meaning]:
    unit, level = said.get("unit"), said.get("level")
    if unit is None or unit.value is None:
        return {}
    led = VisitLevel.CITY if unit.value == CITY else VisitLevel.COUNTY
    if level is None or (level.value is None and level.state == State.SURE):
        return {"level": meanings.assumed(led.value, _("No cell names the level: it is that of who led."))}
    if level.value is not None and level.value != led:
        return {
            "level": meanings.refused(
                _("A visit at city level is led by the city, one at county level by a unit.")
            )
        }
    return {}


def _kind(said: Mapping[str, Meaning]) -> dict[str, Meaning]:
    party, kind = said.get("party"), said.get("kind")
    if party is None or not party.value or (kind and (kind.value or kind.state != State.SURE)):
        return {}
    for guessed, words in NAME_WORDS:
        if any(word in party.value for word in words):
            return {"kind": meanings.assumed(guessed.value, _("No cell says what it is: its name does."))}
    return {"kind": meanings.refused(_("Say what kind of party it is: an enterprise, a university …"))}


# --- How values are shown -------------------------------------------------------------------------------


def _unit_name(code: Any) -> str:
    if code == CITY:
        return CITY_WORDS[0]
    return str(ReportingUnit.objects.filter(code=code).first() or code)


def _level_label(value: Any) -> str:
    return str(dict(VisitLevel.choices).get(value, value))


def _party_label(value: Any) -> str:
    return str(dict(PartyKind.choices).get(value, value))


FIELDS = (
    Field(
        "party",
        gettext_lazy("met"),
        (
            "对接对象",
            "对接企业",
            "拜访对象",
            "拜访企业",
            "会见对象",
            "考察对象",
            "考察企业",
            "对接单位",
            "拜访单位",
            "走访企业",
            "洽谈企业",
            "拜访（对接）企业",
            "会见企业",
            "客商名称",
        ),
        meanings.text(200),
        is_required=True,
        is_key=True,
    ),
    Field(
        "on",
        gettext_lazy("date"),
        ("日期", "外出日期", "招商日期", "外出时间", "时间", "出访日期", "招商时间", "拜访时间", "拜访日期"),
        meanings.day,
        is_required=True,
        fills_down=True,
        is_key=True,
    ),
    Field(
        "unit",
        gettext_lazy("leading unit"),
        ("带队单位", "带队县区", "组织单位", "牵头单位", "县区", "单位"),
        meanings.unit,
        is_required=True,
        fills_down=True,
        is_key=True,
        begin=leaders,
        by_place=meanings.unit_of_place,
        show=_unit_name,
    ),
    Field(
        "level",
        pgettext_lazy("of a visit", "level"),
        ("带队层级", "层级", "带队领导级别", "级别"),
        meanings.words(LEVELS, _levels),
        is_required=True,
        fills_down=True,
        offers=tuple(LEVEL_WORDS),
        show=_level_label,
    ),
    Field(
        "place",
        gettext_lazy("place"),
        ("目的地", "外出地点", "地点", "城市", "目的城市", "招商地点"),
        meanings.text(60),
        is_required=True,
        fills_down=True,
        is_key=True,
    ),
    Field(
        "kind",
        gettext_lazy("kind"),
        ("对象类型", "对接对象类型", "类型", "对象类别"),
        meanings.words(PARTIES, _parties),
        is_required=True,
        offers=tuple(PARTY_WORDS),
        show=_party_label,
    ),
    Field(
        "outcome",
        gettext_lazy("outcome"),
        ("成果", "对接成果", "招商成果", "取得成效", "成效", "取得成果", "洽谈成果", "洽谈情况", "对接情况"),
        meanings.text(200),
    ),
)


def declare() -> None:
    """Called when the program starts."""
    register(
        Kind(
            code=VISITS,
            label=gettext_lazy("Leaders' visits"),
            permission="outreach.enter_visit",
            fields=FIELDS,
            match=match,
            enter=enter,
            take_back=take_back,
            model=Engagement,
            settle=settle,
        )
    )
