"""Who is named: a reporting unit by any of its names, an industry by the words of an office, investors."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from core.naming import Bilingual
from core.sheets import Unreadable, Value
from core.templatetags.ui import listed
from ledgers.choices import State
from ledgers.declaring import Meaning, Place, Read
from ledgers.meanings.saying import (
    NOTHING,
    asked,
    assumed,
    cut,
    is_empty,
    plain,
    refused,
    sure,
    unreadable,
    written,
)
from ledgers.meanings.texts import kept
from taskforces.models import ReportingUnit, TaskForce
from taskforces.reference import FORCE_ALIASES, FORCES_IN_DOUBT, UNIT_ALIASES

_PARTS = re.compile(r"[()\[\]/、,;+&|:\s]+|\d+(?:\.\d+)?%")
_AND = re.compile(r"和|与|及|以及")
_NUMERALS = r"(?:[一二三四五六七八九十]+|\d+)"
_ORDER = re.compile(rf"^第?(?:[(]{_NUMERALS}[)]|{_NUMERALS}[、.:])[、.]?\s*")
_COUNT = re.compile(r"\(?共?\d+[个项家].*$")


@dataclass(frozen=True)
class Names:
    """Codes by name, how sure each name is, and the labels to choose from."""

    codes: Mapping[str, tuple[str, bool]]
    labels: list[tuple[Any, str]]
    doubtful: Mapping[str, tuple[str, ...]]

    def label(self, code: Any) -> str:
        return next((label for value, label in self.labels if value == code), str(code))


def _names(
    rows: Iterable[Bilingual],
    aliases: Mapping[str, tuple[str, str]],
    own: Callable[[Any], tuple[str, ...]],
    doubtful: Mapping[str, tuple[str, ...]],
) -> Names:
    codes: dict[str, tuple[str, bool]] = {}
    labels: list[tuple[Any, str]] = []
    for row in rows:
        code = row.code  # type: ignore[attr-defined]
        certain, likely = (names.split() for names in aliases.get(code, ("", "")))
        codes.update(dict.fromkeys(map(_key, likely), (code, False)))
        codes.update(dict.fromkeys(map(_key, certain), (code, True)))
        labels.append((code, str(row)))
    for row in rows:  # an office's own names go before ours
        codes.update(dict.fromkeys(map(_key, own(row)), (row.code, True)))  # type: ignore[attr-defined]
    return Names(codes, labels, {_key(name): among for name, among in doubtful.items()})


def _key(name: str) -> str:
    return plain(name).replace(" ", "")


# --- Units ------------------------------------------------------------------------------------------

_CITY = re.compile(r"^(?:广西(?:壮族自治区)?)?(?:柳州市?)(?=.{2,})")
_OFFICE = re.compile(
    r"(?:人民政府|政府|管委会|管理委员会|招商(?:促进|引资)?(?:局|中心|办)?|投资促进(?:局|中心)|投促(?:局|中心)|商务局|发改局|经贸局|工信局)+$"
)
_SEVERAL = frozenset(("市本级", "市级", "市直", "全市", "柳州市", "柳州", "本级", "各县区", "合计", "其他"))


def unit_names() -> Names:
    rows = list(ReportingUnit.objects.order_by("order"))
    return _names(rows, UNIT_ALIASES, lambda row: (row.code, row.name, row.short_name, row.name_en), {})


def units() -> Read:
    """Reads the code of a reporting unit; asks the database once."""
    names = unit_names()
    return lambda value, place: unit_in(value, names)


def unit(value: Value, place: Place) -> Meaning:
    return units()(value, place)


def unit_in(value: Value, names: Names) -> Meaning:
    if is_empty(value):
        return NOTHING
    if isinstance(value, Unreadable):
        return unreadable(value)
    text = _key(written(value)).removesuffix(".0")
    meaning = _named(value, text, names)
    if meaning is not None:
        return meaning
    within = _CITY.sub("", text)
    if within != text and (meaning := _named(value, within, names)) is not None:
        return meaning
    shorter = _OFFICE.sub("", within)
    if shorter != within and (meaning := _named(value, shorter, names)) is not None:
        return _less_sure(value, meaning, names)
    starts = {
        code
        for name, (code, is_sure) in names.codes.items()
        if is_sure and len(name) > 2 and shorter.startswith(name)
    }
    others = {code for name, (code, _is_sure) in names.codes.items() if len(name) > 2 and name in shorter}
    if len(starts) == 1 and others <= starts and text not in _SEVERAL:
        return _less_sure(value, sure(starts.pop()), names)
    return asked(_("Which reporting unit is “%(text)s”?") % {"text": cut(written(value))}, names.labels)


def _less_sure(value: Value, meaning: Meaning, names: Names) -> Meaning:
    if meaning.state != State.SURE:
        return meaning
    return _taken(value, meaning.value, names)


def _taken(value: Value, code: str, names: Names) -> Meaning:
    return assumed(
        code,
        _("“%(text)s” is taken as %(name)s.") % {"text": cut(written(value)), "name": names.label(code)},
    )


def _named(value: Value, text: str, names: Names) -> Meaning | None:
    """By the whole text, else by its parts where they agree: 柳东新区（高新区）."""
    if text in _SEVERAL:
        return None
    if among := names.doubtful.get(text):
        return asked(
            _("Which one is “%(text)s”?") % {"text": cut(written(value))},
            [(one, names.label(one)) for one in among],
        )
    if found := names.codes.get(text):
        return sure(found[0]) if found[1] else _taken(value, found[0], names)
    parts = _parts(text, names)
    known = [names.codes[part] for part in parts if part in names.codes]
    if not known or len(parts) < 2:
        return None
    codes = list(dict.fromkeys(code for code, _is_sure in known))
    if len(codes) > 1 or any(part in names.doubtful for part in parts):
        return asked(
            _("“%(text)s” names more than one. Which one is it?") % {"text": cut(written(value))},
            [(code, names.label(code)) for code in codes],
        )
    is_sure = len(known) == len(parts) and all(is_sure for _code, is_sure in known)
    return sure(codes[0]) if is_sure else _taken(value, codes[0], names) if parts[0] in names.codes else None


def _parts(text: str, names: Names) -> list[str]:
    """柳东新区（高新区）, 钢铁和化工; 阳和 is one name."""
    parts = [part for part in _PARTS.split(text) if part]
    return [
        piece for part in parts for piece in ([part] if part in names.codes else _AND.split(part)) if piece
    ]


def unit_of_place(place: Place) -> Meaning | None:
    """The unit that the sheet's name, the section, the title or the sender names; told for what it is."""
    names = unit_names()
    for text in (place.section, place.sheet, *re.split(r"[\n　 ]+", place.title)):
        code = _unit_within(text, names)
        if code:
            return assumed(
                code,
                _("No cell names the unit: %(name)s is taken from “%(text)s”.")
                % {"name": names.label(code), "text": cut(text)},
            )
    if place.unit is not None:
        return assumed(
            place.unit.code, _("No cell names the unit: %(name)s sent the ledger.") % {"name": place.unit}
        )
    return asked(
        _("Which reporting unit do the rows of “%(sheet)s” belong to?") % {"sheet": place.named}, names.labels
    )


def _unit_within(text: str, names: Names) -> str:
    """The one unit of whose name a text speaks; empty when it speaks of none or of several."""
    key = _CITY.sub("", _ORDER.sub("", plain(text)).replace(" ", ""))
    short = _COUNT.sub("", key)
    if found := names.codes.get(short):
        return found[0] if found[1] else ""
    found_codes = {
        code
        for name, (code, is_sure) in names.codes.items()
        if is_sure and len(name) > 2 and not name.isascii() and name in key
    }
    return found_codes.pop() if len(found_codes) == 1 else ""


# --- Industries -------------------------------------------------------------------------------------

_INDUSTRY = re.compile(r"(?:工业|制造业|产业链|产业|行业|专班|领域|类|业|板块|项目|链)$")


def force_names() -> Names:
    rows = list(TaskForce.objects.order_by("order"))
    return _names(rows, FORCE_ALIASES, _own_names, FORCES_IN_DOUBT)


def _own_names(force: TaskForce) -> tuple[str, ...]:
    return force.code, force.name, force.name_en, re.split("[（(]", force.name)[0]


def forces() -> Read:
    """Reads the code of the task force an industry belongs to; asks the database once."""
    names = force_names()
    return lambda value, place: force_in(value, names)


def force(value: Value, place: Place) -> Meaning:
    return forces()(value, place)


def force_in(value: Value, names: Names) -> Meaning:
    if is_empty(value):
        return NOTHING
    if isinstance(value, Unreadable):
        return unreadable(value)
    text = _key(_ORDER.sub("", plain(written(value))))
    return _industry(value, text, names) or asked(
        _("Which task force is “%(text)s”?") % {"text": cut(written(value))}, names.labels
    )


def _industry(value: Value, text: str, names: Names) -> Meaning | None:
    """By the name, then without the word for industry behind it: 汽车产业, 化工类."""
    while True:
        if (meaning := _named(value, text, names)) is not None:
            return meaning
        shorter = _INDUSTRY.sub("", text)
        if shorter == text or not shorter:
            return _by_parts(value, text, names)
        text = shorter


def _by_parts(value: Value, text: str, names: Names) -> Meaning | None:
    """轻工食品专班（螺蛳粉）: each part without the word for industry behind it."""
    parts = "/".join(_INDUSTRY.sub("", part) for part in _PARTS.split(text))
    return _named(value, parts, names) if parts != text else None


def force_of_place(place: Place) -> Meaning | None:
    """The industry that the heading above the rows, or the sheet, names."""
    names = force_names()
    for text in (place.section, place.sheet):
        key = _COUNT.sub("", _ORDER.sub("", plain(text))).replace(" ", "")
        meaning = _industry(text, key, names) if key else None
        if meaning is not None and meaning.value:
            return assumed(
                meaning.value,
                _("No cell names the industry: %(name)s is taken from “%(text)s”.")
                % {"name": names.label(meaning.value), "text": cut(text)},
            )
    return asked(
        _("Which task force do the rows of “%(sheet)s” belong to?") % {"sheet": place.named}, names.labels
    )


# --- Investors --------------------------------------------------------------------------------------

_FORM = (
    r"(?:公司|集团|厂|院|所|中心|合作社|企业|银行|基金|商会|协会|合伙\)?|社"
    r"|ltd\.?|inc\.?|llc|gmbh|co\.?|corp\.?|limited)"
)
_IS_FIRM = re.compile(rf".*{_FORM}(?:[(（][^()（）]*[)）])?\s*$", re.IGNORECASE | re.DOTALL)
_BETWEEN = re.compile(
    r"\s*[、；;\n\r/／|]+\s*|\s*[，,](?!\s*(?:ltd|inc|llc|limited|co)\b)\s*|(?:(?<=公司)|(?<=[团厂院所)）]))\s+(?=\S)",
    re.IGNORECASE,
)
_ONLY_FORM = re.compile(
    r"(?:股份|有限|责任|集团|总|分|子|公司|合伙|企业|普通|特殊|ltd|inc|llc|co|[.()（） ,])+", re.IGNORECASE
)
_REMARK = re.compile(r"(.*\S)\s*[(（]([^()（）]*)[)）]\s*")
_JOINED = re.compile(rf"(?<=公司|集团)\s*(?:以及|和|与|及|&|＆|\+|联合)(?!其)\s*(?=.*{_FORM})", re.IGNORECASE)
# What brackets behind a name say of the firm; "（有限合伙）" and "（中国）" belong to its name.
_SAID_OF_IT = re.compile(
    r"[拟暂筹待原].{0,8}|.*(?:上市|\d强|央企|国企|民企|外资|内资|龙头|独角兽|简称|新设|投资方|业主)"
)
_NUMBERED = re.compile(r"^\s*(?:[(（]?\d{1,2}[)）.、．]|[①-⑳])\s*")
_LEADS = re.compile(r"[(（](?:牵头(?:方|人|单位|企业)?|主投(?:方)?|控股(?:方)?|联合体牵头.*?)[)）]")
NAME_LENGTH = 200


def investors(value: Value, place: Place) -> Meaning:
    """The enterprise; of several, {"name": the first, "partners": the others}."""
    if is_empty(value):
        return NOTHING
    if isinstance(value, Unreadable):
        return unreadable(value)
    if not isinstance(value, str):
        return refused(_("“%(text)s” is no name of an enterprise.") % {"text": cut(written(value))})
    pieces = [piece for part in _BETWEEN.split(value) for piece in _JOINED.split(part)]
    pieces = _with_their_forms([piece.strip() for piece in pieces if piece and not is_empty(piece)])
    if len(pieces) < 2:
        return _without_remark(_NUMBERED.sub("", value))
    return _of_several(value, [_NUMBERED.sub("", piece) for piece in pieces])


def _with_their_forms(pieces: list[str]) -> list[str]:
    """ "甲集团 ⏎ 有限公司" is one name that was broken into lines."""
    whole: list[str] = []
    for piece in pieces:
        if whole and _ONLY_FORM.fullmatch(piece):
            whole[-1] += piece
        else:
            whole.append(piece)
    return whole


_AND_OTHERS = re.compile(r"(?<=公司|集团)\s*(?:及其.{1,12}|等(?:\d+家|多家)?.{0,6})$")
_TWO_IN_ONE = re.compile(r"(.{2,}有限(?:责任)?公司)(.{2,}有限(?:责任)?公司)")


def is_firm(piece: str) -> bool:
    return bool(_IS_FIRM.match(piece)) and not _ONLY_FORM.fullmatch(piece)


def _without_remark(name: str) -> Meaning:
    """甲有限公司（乙集团子公司）: the brackets name another firm, the name stands before them."""
    if two := _TWO_IN_ONE.fullmatch(name):
        return asked(
            _("Is “%(text)s” one investor or several? Choose whose project it is.") % {"text": cut(name)},
            [(one, one) for one in (two[1], two[2], name)],
        )
    if (first := _AND_OTHERS.sub("", name)) != name:
        rest = cut(name[len(first) :].strip())
        return _without(first, _("“%(text)s” is taken as a remark.") % {"text": rest})
    found = _REMARK.fullmatch(name)
    if found is None or not is_firm(found[1]) or not (is_firm(found[2]) or _SAID_OF_IT.search(found[2])):
        return kept(name, NAME_LENGTH)
    sentence = _("What stands in brackets is taken as a remark: “%(text)s”.") % {"text": cut(found[2])}
    return _without(found[1], sentence)


def _without(name: str, sentence: str) -> Meaning:
    meaning = kept(name, NAME_LENGTH)
    if meaning.value is None:
        return meaning
    return assumed(meaning.value, sentence)


def _of_several(value: str, pieces: list[str]) -> Meaning:
    if not all(is_firm(piece) for piece in pieces):
        if not any(is_firm(piece) for piece in pieces[:-1]):
            whole = kept(value, NAME_LENGTH)  # a name that was broken into lines, or that holds a comma
            if "\n" in value or whole.value is None:
                return whole
        return asked(
            _("Is “%(text)s” one investor or several? Choose whose project it is.") % {"text": cut(value)},
            [(piece, piece) for piece in (*pieces, kept(value, NAME_LENGTH).value) if piece],
        )
    ordered = sorted(pieces, key=lambda piece: not _LEADS.search(piece))
    names = [kept(_LEADS.sub("", piece), NAME_LENGTH) for piece in ordered]
    if any(name.value is None for name in names):
        return next(name for name in names if name.value is None)
    first, *others = dict.fromkeys(name.value for name in names)
    if not others:
        return assumed(first, _("The same name stands here more than once."))
    return assumed(
        {"name": first, "partners": others},
        _("Several investors: %(first)s is taken as the investor, %(others)s as partners.")
        % {"first": first, "others": listed(others)},
    )
