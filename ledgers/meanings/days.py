"""What a cell says of a day: an ISO day, or a question where only a month or a year can be made out."""

import calendar
import datetime
import re
from collections.abc import Iterable
from decimal import Decimal

from django.utils.translation import gettext as _

from core.ooxml.cells import DAY_0
from core.sheets import Unreadable, Value
from ledgers.declaring import Meaning, Place
from ledgers.meanings.saying import (
    NOTHING,
    asked,
    assumed,
    cut,
    is_empty,
    number,
    plain,
    refused,
    sure,
    unreadable,
    written,
)

FIRST = datetime.date(2000, 1, 1)
YEARS_AHEAD = 30  # for what is planned
_SERIALS = (36_526, 73_050)  # 2000 to 2099

_SEPARATED = re.compile(r"((?:19|20)\d{2})[-./年](\d{1,2})[-./月](\d{1,2})(?!\d)[日号]?")
_CLOCK = re.compile(
    r"(?:t|上午|下午|[ ,])*\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:z|[+-]\d{2}:?\d{2})?(?: ?[ap]m)?|[上下]午"
)
_MONTH_ONLY = re.compile(r"((?:19|20)\d{2})(?:[-./年] ?)(\d{1,2})(?:月份?)?")
_YEAR_ONLY = re.compile(r"((?:19|20)\d{2})(?:年度?)?")
_NO_YEAR = re.compile(r"(\d{1,2})(月|[-./])(\d{1,2})[日号]?")
_NO_YEAR_MONTH = re.compile(r"(\d{1,2})月份?")
_SHORT = re.compile(r"(\d{1,2})([-./年])(\d{1,2})[-./月](\d{1,2})[日号]?")
_YEAR_LAST = re.compile(r"(\d{1,2})[-./](\d{1,2})[-./]((?:19|20)\d{2})")
_NAMED_MONTH = re.compile(
    r"(\d{1,2})[- ]?([a-z]{3})[a-z]*[-, ]*(\d{4})|([a-z]{3})[a-z]*[. ]*(\d{1,2})[., ]*(\d{4})"
)
_MONTHS = {month.lower(): at for at, month in enumerate(calendar.month_abbr) if at}
_PART_OF_MONTH = re.compile(r"[上中下]旬|(?<=月)中|[初底末]|以前|之前|左右|前后|前")
_WEEKDAY = re.compile(r"[,(]?(?:星期|周)[一二三四五六日天][)]?")
_HARMLESS = re.compile(r"正式|签约|签订|签署|签定|签|已|于|在|日期|时间|合同|协议|项目|[:,;。()]|\s")
_NOT_YET = re.compile(r"拟|计划|预计|预期|力争|争取|待|将|目标")
_NUMERALS = str.maketrans("〇零○一二三四五六七八九", "000123456789")
_TENS = re.compile(r"(?<=[年月])(\d?)十(\d?)(?=[月日号])")


def day(value: Value, place: Place) -> Meaning:
    """A day on which something happened: not before 2000 and not after today."""
    return _within(_day(value, place), place, FIRST, place.today)


def planned_day(value: Value, place: Place) -> Meaning:
    """A day that is planned. Where only its month is known, the first one is assumed: a plan is vague."""
    if (month := _month_of(value)) is not None:
        return assumed(month.isoformat(), _("Only a month is named; its first day is taken."))
    last = place.today and place.today.replace(year=place.today.year + YEARS_AHEAD, day=1)
    return _within(_day(value, place, planned=True), place, FIRST, last)


def _within(meaning: Meaning, place: Place, first: datetime.date, last: datetime.date | None) -> Meaning:
    if not isinstance(meaning.value, str):
        return meaning
    if meaning.value < first.isoformat():
        return asked(
            _("%(day)s lies before the year 2000. Which day is meant?") % {"day": meaning.value},
            _this(meaning),
        )
    if last is not None and meaning.value > last.isoformat():
        return asked(
            _("%(day)s lies in the future. Which day is meant?") % {"day": meaning.value}, _this(meaning)
        )
    return meaning


def _this(meaning: Meaning) -> list[tuple[str, str]]:
    return [(meaning.value, meaning.value)]


def _day(value: Value, place: Place, *, planned: bool = False) -> Meaning:
    if isinstance(value, datetime.datetime):
        return sure(value.date().isoformat())
    if isinstance(value, datetime.date):
        return sure(value.isoformat())
    if isinstance(value, Decimal):
        return _of_number(value, place)
    if is_empty(value):
        return NOTHING
    if isinstance(value, Unreadable):
        return unreadable(value)
    return _no_day(value) if not isinstance(value, str) else _of_text(value, place, planned=planned)


def _no_day(value: Value) -> Meaning:
    return refused(_("“%(text)s” is no day. Write it like 2025-03-12.") % {"text": cut(written(value))})


# --- Numbers ------------------------------------------------------------------------------------------


def _of_number(value: Decimal, place: Place) -> Meaning:
    if not value.is_finite() or value < 0:
        return _no_day(value)
    whole = int(value)
    if _SERIALS[0] <= value < _SERIALS[1]:
        return sure((DAY_0 + datetime.timedelta(days=whole)).isoformat())
    if value == whole:
        return _of_digits(str(whole), place)
    if 2000 <= whole < 2100:
        return _month_asked(whole, number(value).partition(".")[2], is_number=True) or _no_day(value)
    return _no_day(value)


def _of_digits(digits: str, place: Place) -> Meaning:
    """20250312, 202503, 250312: digits without anything between them."""
    if len(digits) == 8:
        return _made(digits[:4], digits[4:6], digits[6:], digits)
    if len(digits) == 6:
        return _six(digits, place)
    if found := _YEAR_ONLY.fullmatch(digits):
        return asked(_("Only the year %(year)s is named. Which day is it?") % {"year": found[1]})
    return _no_day(digits)


def _six(digits: str, place: Place) -> Meaning:
    month = _first_of(digits[:4], digits[4:]) if digits[:2] in ("19", "20") else None
    short = _date(f"20{digits[:2]}", digits[2:4], digits[4:])
    if month is not None and short is None:
        return _month_asked(month.year, str(month.month)) or _no_day(digits)
    if short is not None and month is None:
        return assumed(short.isoformat(), _("“%(text)s” is read as year, month and day.") % {"text": digits})
    if short is not None and month is not None:
        return _which(_("“%(text)s” may be a month or a day.") % {"text": digits}, [short])
    return _no_day(digits)


# --- Text -----------------------------------------------------------------------------------------------


def _of_text(raw: str, place: Place, *, planned: bool) -> Meaning:
    text = _spelled(raw)
    bare = text.removesuffix(".0")
    if bare.isascii() and bare.isdigit():
        return _of_number(Decimal(bare), place)
    if re.fullmatch(r"\d{5}\.\d+", text):
        return _of_number(Decimal(text), place)
    found = list(_SEPARATED.finditer(text))
    if len(found) == 1:
        return _one_day(raw, text, found[0], planned=planned)
    if found:
        days = [one for one in (_date(*each.groups()) for each in found) if one]
        return _which(_("“%(text)s” names more than one day.") % {"text": cut(raw)}, days)
    return _in_other_order(raw, text, place) or _part_of_a_day(raw, text, place) or _no_day(raw)


def _spelled(raw: str) -> str:
    """One way of writing separators; spaces stay only between digits, where they may mean something."""
    text = re.sub(r"(?<=\d)[。、,·](?=\d)", ".", _WEEKDAY.sub("", plain(raw).strip("'`’")))
    text = re.sub(r"(?<=\d)(\d)\.0$", r"\1.0", text)
    if re.search("[〇零○一二三四五六七八九十]", text):
        text = _TENS.sub(lambda tens: f"{tens[1] or 1}{tens[2] or 0}", text.translate(_NUMERALS))
    if re.fullmatch(r"\d{4} \d{1,2} \d{1,2}", text):
        return text.replace(" ", "-")
    return re.sub(r"(?<!\d) +| +(?!\d)", "", text)


def _one_day(raw: str, text: str, found: re.Match[str], *, planned: bool) -> Meaning:
    around = _CLOCK.sub("", text[: found.start()] + " " + text[found.end() :])
    meaning = _made(found[1], found[2], found[3], raw)
    if not around.strip(" ().,;。") or meaning.value is None:
        return meaning
    left = _HARMLESS.sub("", around)
    if not left or (planned and not _NOT_YET.sub("", left)):
        return assumed(meaning.value, _("The day named in “%(text)s” is taken.") % {"text": cut(raw)})
    return _which(_("“%(text)s”: is this the day?") % {"text": cut(raw)}, [_iso(meaning.value)])


def _in_other_order(raw: str, text: str, place: Place) -> Meaning | None:
    """12-Mar-2025, 12/3/2025, 25.3.12"""
    if (found := _NAMED_MONTH.fullmatch(text)) is not None:
        name, at, year = (found[2], found[1], found[3]) if found[2] else found.group(4, 5, 6)
        return _made(year, str(_MONTHS[name]), at, raw) if name in _MONTHS else None
    if (found := _YEAR_LAST.fullmatch(text)) is not None:
        first, second, year = found.groups()
        return _one_of(raw, [_date(year, first, second), _date(year, second, first)])
    if (found := _SHORT.fullmatch(text)) is not None:
        return _short_year(raw, found, place)
    return None


def _short_year(raw: str, found: re.Match[str], place: Place) -> Meaning:
    """25.3.12 is 2025 where the title says so, or where nothing else can be meant."""
    first, separator, second, third = found.groups()
    forward, backward = _date(f"20{first:0>2}", second, third), _date(f"20{third:0>2}", second, first)
    if separator == "年" or (place.years and forward and forward.year in place.years):
        if forward is None:
            return _no_day(raw)
        return assumed(forward.isoformat(), _("“%(text)s” is taken as %(day)s.") % _taken(raw, forward))
    last = place.today or datetime.date.max
    return _one_of(raw, [one for one in (forward, backward) if one and one <= last])


def _one_of(raw: str, days: list[datetime.date | None]) -> Meaning:
    possible = list(dict.fromkeys(one for one in days if one))
    if not possible:
        return _no_day(raw)
    if len(possible) == 1:
        return assumed(
            possible[0].isoformat(), _("“%(text)s” is taken as %(day)s.") % _taken(raw, possible[0])
        )
    return _which(_("“%(text)s” may be more than one day.") % {"text": cut(raw)}, possible)


def _part_of_a_day(raw: str, text: str, place: Place) -> Meaning | None:
    """What lacks its year or its day."""
    core = _HARMLESS.sub("", _PART_OF_MONTH.sub("", text))
    if (found := _MONTH_ONLY.fullmatch(core)) is not None:
        return _month_asked(int(found[1]), found[2], is_number="." in found[0])
    if (found := _YEAR_ONLY.fullmatch(core)) is not None:
        return asked(_("Only the year %(year)s is named. Which day is it?") % {"year": found[1]})
    if (found := _NO_YEAR.fullmatch(_HARMLESS.sub("", text))) is not None:
        return _year_from_title(raw, found, place)
    if (found := _NO_YEAR_MONTH.fullmatch(core)) is not None:
        years = place.years if len(place.years) == 1 else ()
        return (_month_asked(years[0], found[1]) if years else None) or asked(
            _("Only a month is named. Which day is it?")
        )
    return None


def _year_from_title(raw: str, found: re.Match[str], place: Place) -> Meaning:
    month, at = found[1], found[3]
    days = [one for one in (_date(str(year), month, at) for year in place.years) if one]
    if not days and place.years:
        return _no_day(raw)
    if not _date("2000", month, at):
        return _no_day(raw)
    if len(days) == 1 and (place.today is None or days[0] <= place.today):
        return assumed(
            days[0].isoformat(),
            _("The year is taken from the title: %(day)s.") % {"day": days[0].isoformat()},
        )
    return _which(_("“%(text)s” names no year. Which day is meant?") % {"text": cut(raw)}, days)


def _taken(raw: str, taken: datetime.date) -> dict[str, str]:
    return {"text": cut(raw), "day": taken.isoformat()}


# --- Months -----------------------------------------------------------------------------------------------


def _month_asked(year: int, digits: str, *, is_number: bool = False) -> Meaning | None:
    """A month alone is never a day. 2025.1 is January, or an October that Excel has cut."""
    months = [int(digits)] + ([10] if is_number and digits == "1" else [])
    firsts = [one for one in (_first_of(str(year), str(month)) for month in months) if one]
    if not firsts:
        run_together = [_date(str(year), digits[:at], digits[at:]) for at in (1, 2) if 3 <= len(digits) <= 4]
        days = list(dict.fromkeys(one for one in run_together if one))
        return _which(_("Which day of %(year)s is meant?") % {"year": year}, days) if days else None
    sentence = (
        _("%(year)s.1 may be January or October (2025.10 becomes 2025.1 in Excel), and no day is named.")
        if len(firsts) > 1
        else _("Only a month is named. Which day is it?")
    )
    ends = [one.replace(day=calendar.monthrange(one.year, one.month)[1]) for one in firsts]
    both = [each for pair in zip(firsts, ends, strict=True) for each in pair]
    return _which(sentence % {"year": year} if len(firsts) > 1 else sentence, both)


def _month_of(value: Value) -> datetime.date | None:
    """The first day of the month that a cell names without a doubt, and without a day."""
    if isinstance(value, Decimal):
        return _first_of(str(value)[:4], str(value)[4:]) if re.fullmatch(r"20\d{4}", str(value)) else None
    if not isinstance(value, str):
        return None
    found = _MONTH_ONLY.fullmatch(_NOT_YET.sub("", _HARMLESS.sub("", _spelled(value))))
    if found is None or ("." in found[0] and found[2] == "1"):
        return None
    return _first_of(found[1], found[2])


def _first_of(year: str, month: str) -> datetime.date | None:
    return _date(year, month, "1")


def _date(year: str, month: str, at: str) -> datetime.date | None:
    try:
        return datetime.date(int(year), int(month), int(at))
    except ValueError:
        return None


def _made(year: str, month: str, at: str, raw: str) -> Meaning:
    made = _date(year, month, at)
    if made is None:
        return refused(
            _("There is no such day as “%(text)s”. Write it like 2025-03-12.") % {"text": cut(raw)}
        )
    return sure(made.isoformat())


def _iso(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text)


def _which(sentence: str, days: Iterable[datetime.date]) -> Meaning:
    return asked(sentence, [(one.isoformat(), one.isoformat()) for one in days])
