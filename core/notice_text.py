"""A notice of days off as it is pasted: which days are free, which weekends are worked.

“一、元旦：1月1日（周五）至3日（周日）放假，共3天。1月4日（周一）上班。” is read sign by sign: days are
gathered until a word says what they are. What is left over, or contradicts itself (a weekday or a
number of days that is not so), is asked about instead of guessed.
"""

import datetime
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

ONE_DAY = datetime.timedelta(days=1)
SATURDAY = 5
LONGEST_RANGE = 20  # days: no holiday is longer
WEEKDAYS = {word: n for n, word in enumerate("一二三四五六日")} | {"天": 6}

_SIGNS = re.compile(
    r"(?P<day>(?:(?P<year>20\d\d)\s*[年.\-/]\s*)?(?:(?P<month>\d{1,2})\s*[月.\-/]\s*)?"
    r"(?P<number>\d{1,2})(?:\s*日|(?<=[\-/.]\d)|(?<=[\-/.]\d\d))(?!\d))"
    r"|(?P<weekday>(?:星期|周|礼拜)(?P<which>[一二三四五六日天]))"
    r"|(?P<total>共\s*(?P<count>\d{1,2})\s*[天日])"
    r"|(?P<until>至|到|~|-|—|–)"
    r"|(?P<free>放假|休息|放休|公休)"
    r"|(?P<worked>上班|补班|工作日)"
    r"|(?P<name>(?P<called>[\u4e00-\u9fff]{2,12})\s*[::])"
    r"|(?P<open>\()|(?P<shut>\))"
    r"|(?P<end>[。;\n])"
)
# The day on which a notice was signed stands alone on its line.
_SIGNED = re.compile(r"^\s*20\d\d\s*年\s*\d{1,2}\s*月\s*\d{1,2}\s*日\s*$", re.MULTILINE)


@dataclass(frozen=True)
class Named:
    """A day that the notice names, with what it is called there."""

    day: datetime.date
    is_workday: bool
    name: str


@dataclass
class Understood:
    """What a text was taken to say; `questions` are sentences about what it was not."""

    days: list[Named] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)

    @property
    def free(self) -> list[Named]:
        return [one for one in self.days if not one.is_workday]

    @property
    def worked(self) -> list[Named]:
        return [one for one in self.days if one.is_workday]


@dataclass
class _Reading:
    """Where the reader stands in the text."""

    year: int
    said: Understood = field(default_factory=Understood)
    name: str = ""
    gathered: list[datetime.date] = field(default_factory=list)
    piece: str = ""  # what was read since the last word that said something
    last: datetime.date | None = None
    is_range: bool = False
    just_free: int = 0  # how many days the last “放假” was about
    depth: int = 0  # of brackets

    def ask(self, question: str) -> None:
        if question not in self.said.questions:
            self.said.questions.append(question)


def read(text: str, *, year: int) -> Understood:
    """The days of a year's notice. Text without a day or a word about days is passed over."""
    plain = _SIGNED.sub("", unicodedata.normalize("NFKC", text)) + "\n"
    reading = _Reading(year)
    at = 0
    for sign in _SIGNS.finditer(plain):
        reading.piece += plain[at : sign.end()]
        at = sign.end()
        _take(reading, sign)
    _check_days(reading)
    reading.said.days.sort(key=lambda one: one.day)
    return reading.said


def _take(reading: _Reading, sign: re.Match[str]) -> None:
    kind = str(sign.lastgroup)
    if reading.depth and kind not in ("weekday", "open", "shut", "end"):
        return  # what stands in brackets explains
    _TAKES[kind](reading, sign)


# --- Sign by sign -----------------------------------------------------------------------------


def _day(reading: _Reading, sign: re.Match[str]) -> None:
    day = _date(reading, sign)
    if day is None:
        reading.ask(_("There is no such day: “%(piece)s”.") % {"piece": sign["day"].strip()})
        reading.is_range = False
        return
    first = reading.last if reading.is_range else None
    reading.is_range = False
    reading.last = day
    if first is None:
        reading.gathered.append(day)
    elif not 0 < (day - first).days < LONGEST_RANGE:
        reading.ask(
            _("“%(first)s to %(last)s” is no stretch of days off. Write its first and last day.")
            % {"first": first.isoformat(), "last": day.isoformat()}
        )
    else:
        reading.gathered += [first + n * ONE_DAY for n in range(1, (day - first).days + 1)]


def _date(reading: _Reading, sign: re.Match[str]) -> datetime.date | None:
    """A day may leave out its month or year: those of the day before it, or of the notice."""
    last = reading.last
    if sign["month"] is None and last is None:
        return None
    month = int(sign["month"]) if sign["month"] else (last.month if last else 0)
    year = int(sign["year"]) if sign["year"] else reading.year
    if sign["year"] is None and reading.is_range and last:
        year = last.year + (month < last.month)
    elif sign["year"] is None and sign["month"] is None and last:
        year = last.year
    try:
        return datetime.date(year, month, int(sign["number"]))
    except ValueError:
        return None


def _weekday(reading: _Reading, sign: re.Match[str]) -> None:
    """“1月4日（周一）”: a slip in the day, or the notice of another year, shows itself here."""
    if reading.last is None or not reading.depth:
        return
    if reading.last.weekday() != WEEKDAYS[sign["which"]]:
        reading.ask(
            _("%(day)s is a %(weekday)s, the text says “%(said)s”. Correct the day or the year.")
            % {
                "day": reading.last.isoformat(),
                "weekday": date_format(reading.last, "l"),
                "said": sign["weekday"],
            }
        )


def _total(reading: _Reading, sign: re.Match[str]) -> None:
    """“共8天” counts the days off named just before, or about to be called so."""
    named = len(reading.gathered) or reading.just_free
    if named and named != int(sign["count"]):
        reading.ask(
            ngettext(
                "The text says “%(said)s”, but names %(n)s day: “%(piece)s”.",
                "The text says “%(said)s”, but names %(n)s days: “%(piece)s”.",
                named,
            )
            % {"said": sign["total"], "n": named, "piece": reading.piece.strip()}
        )


def _until(reading: _Reading, _sign: re.Match[str]) -> None:
    reading.is_range = bool(reading.gathered)


def _free(reading: _Reading, _sign: re.Match[str]) -> None:
    if reading.gathered:
        reading.just_free = len(reading.gathered)
        _call(reading, is_workday=False)


def _worked(reading: _Reading, _sign: re.Match[str]) -> None:
    _call(reading, is_workday=True)


def _call(reading: _Reading, *, is_workday: bool) -> None:
    reading.said.days += [Named(day, is_workday, reading.name) for day in reading.gathered]
    reading.gathered, reading.is_range = [], False


def _name(reading: _Reading, sign: re.Match[str]) -> None:
    _leave(reading)
    reading.name = sign["called"]


def _end(reading: _Reading, sign: re.Match[str]) -> None:
    _leave(reading)
    if sign["end"] == "\n":
        reading.name, reading.depth = "", 0


def _leave(reading: _Reading) -> None:
    """A sentence ends: days of which it did not say what they are cannot be guessed."""
    if reading.gathered:
        reading.ask(
            _("Are these days free or worked? Write “放假” or “上班” behind them: “%(piece)s”.")
            % {"piece": reading.piece.strip(" \n。;")}
        )
    reading.gathered, reading.is_range, reading.last = [], False, None
    reading.piece, reading.just_free = "", 0


def _open(reading: _Reading, _sign: re.Match[str]) -> None:
    reading.depth += 1


def _shut(reading: _Reading, _sign: re.Match[str]) -> None:
    reading.depth = max(0, reading.depth - 1)


_TAKES = {
    "day": _day,
    "weekday": _weekday,
    "total": _total,
    "until": _until,
    "free": _free,
    "worked": _worked,
    "name": _name,
    "open": _open,
    "shut": _shut,
    "end": _end,
}


# --- The days together ------------------------------------------------------------------------


def _check_days(reading: _Reading) -> None:
    said = reading.said
    for one in said.worked:
        if one.day.weekday() < SATURDAY:
            reading.ask(
                _("%(day)s is a %(weekday)s and worked anyway. Which weekend day is to be made up?")
                % {"day": one.day.isoformat(), "weekday": date_format(one.day, "l")}
            )
    for day in sorted({one.day for one in said.free} & {one.day for one in said.worked}):
        reading.ask(_("%(day)s is called both free and worked.") % {"day": day.isoformat()})
    first, last = datetime.date(reading.year - 1, 12, 1), datetime.date(reading.year + 1, 1, 31)
    for one in said.days:
        if not first <= one.day <= last:
            reading.ask(
                _("%(day)s lies outside %(year)s.") % {"day": one.day.isoformat(), "year": reading.year}
            )
    said.days = list({one.day: one for one in reversed(said.days)}.values())


def ranges(days: Mapping[datetime.date, str]) -> Iterator[tuple[datetime.date, datetime.date, str]]:
    """Days of one name that follow each other, as first and last day."""
    first: datetime.date | None = None
    last = datetime.date.min
    for day in sorted(days):
        if first is not None and day == last + ONE_DAY and days[day] == days[first]:
            last = day
            continue
        if first is not None:
            yield first, last, days[first]
        first = last = day
    if first is not None:
        yield first, last, days[first]
