"""The demo's months: closed, published, or lying drafted for review."""

import datetime
from collections.abc import Mapping
from typing import Any

from django.db import connection

from accounts.models import User
from briefings import bulletins, content, correcting, drafting, periods
from briefings.choices import ScopeKind, Span
from briefings.models import Briefing
from briefings.restating import Restatement
from core.clock import next_month, previous_month
from liuzhou_invest.demo.life import DAY, City

FIRST = datetime.date(2024, 1, 1)
FROZEN_FROM = datetime.date(2025, 6, 1)  # earlier months were closed on paper


def close_and_draft(city: City) -> None:
    """Months before the program are closed without briefings; the last but one was published with them,
    and last month's lie drafted: some confirmed, one disputed."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # the engine plans with what has just been written
    last = previous_month(city.today)
    published = previous_month(last)
    month = FIRST
    while month < published:
        close = periods.close if month >= FROZEN_FROM else periods.take_over_closed
        close(month, by=city.people["leader"], on=next_month(month) + 9 * DAY)
        month = next_month(month)
    _publish(city, published)
    _set_right(city, FROZEN_FROM)
    _review(city, last)


def _publish(city: City, month: datetime.date) -> None:
    drafted_on, signed_on = next_month(month) + 2 * DAY, next_month(month) + 9 * DAY
    drafting.draft(month, today=drafted_on, by=city.people["clerk"])
    _write_words(city, month)
    for number, briefing in enumerate(_city_last(month), 1):
        drafting.confirm(briefing, by=_answerable(city, briefing))
        drafting.sign_off(briefing, by=city.people["leader"])
        drafting.publish(
            briefing,
            number=f"柳招商〔{month.year}〕{month.month * 30 + number}号",
            by=city.people["leader"],
            today=signed_on,
        )
    for briefing in _of(month):
        if briefing.scope == ScopeKind.CITY:
            bulletins.issue(briefing, by=city.people["clerk"], today=signed_on)
    periods.close(month, by=city.people["leader"], on=signed_on)


def _review(city: City, month: datetime.date) -> None:
    _words_of_before(city, month)
    drafting.draft(month, today=city.today, by=city.people["clerk"])
    for number, briefing in enumerate(_of(month)):
        if briefing.scope == ScopeKind.CITY or briefing.scope_key == "force:steel":
            continue
        if number == 4:
            drafting.dispute(
                briefing,
                figure="contracted:month",
                reason="我专班10月另有一个项目已签约，请核对是否计入。".replace("10月", f"{month.month}月"),
                by=_answerable(city, briefing),
            )
        elif number % 2:
            drafting.confirm(briefing, by=_answerable(city, briefing))


def _set_right(city: City, month: datetime.date) -> None:
    """What was learnt of a closed month: the bureau says of its contracted investment how it should have
    read."""
    if month >= previous_month(previous_month(city.today)):
        return
    found = Restatement(periods.period(month), today=city.today)
    wrong = [one for one in found.of("city") if one.indicator.code == "contracted" and one.differs]
    if not wrong:
        return
    correcting.issue(
        periods.period(month),
        number=f"柳招商〔{city.today.year}〕7号",
        title=f"关于更正{month.year}年{month.month}月新签合同投资额的通知",
        reason="经核对合同原件，一个项目的合同金额录入有误，已按更正事项补记。\n原通报数据不变，以本通知为准。",
        figures={one.figure: one.now for one in wrong if one.now is not None},
        by=city.people["leader"],
        on=city.today - 30 * DAY,
    )


def _of(month: datetime.date) -> list[Briefing]:
    return list(Briefing.objects.for_list().filter(period__month=month).order_by("pk"))


def _city_last(month: datetime.date) -> list[Briefing]:
    """The city's briefing is confirmed after all others."""
    return sorted(_of(month), key=lambda briefing: briefing.scope == ScopeKind.CITY)


def _answerable(city: City, briefing: Briefing) -> User:
    """Who confirms the figures of a briefing."""
    if briefing.task_force:
        return city.people[f"{briefing.task_force.code}.lead"]
    if briefing.unit:
        code = briefing.unit.code
        return city.people["luzhai" if code == "450223" else f"unit.{code.lower()}"]
    return city.people["clerk"]


# --- Own words ------------------------------------------------------------------------------------


def _write_words(city: City, month: datetime.date) -> None:
    """What the bureau, a task force and a unit wrote around the generated text."""
    for briefing in Briefing.objects.filter(period__month=month, scope_key__in=OWN_WORDS):
        texts = {
            place: _filled(text, briefing.content) for place, text in OWN_WORDS[briefing.scope_key].items()
        }
        drafting.write(briefing, texts=texts, by=_answerable(city, briefing))


def _words_of_before(city: City, month: datetime.date) -> None:
    """Last month's words were written on a draft of its twentieth: a number has moved on since."""
    drafting.draft(month, today=month + 20 * DAY, by=city.people["clerk"], only=OWN_WORDS)
    _write_words(city, month)


def _filled(text: str, told: Mapping[str, Any]) -> str:
    values = content.values(told).values()
    figures = {value.code: value.printed for value in values if value.span == Span.YEAR}
    return text.format(**figures, **(told["stalled"][0] if told["stalled"] else NONE_STALLED))


NONE_STALLED = {"project_name": "—", "item": "—", "days": 0}
OWN_WORDS = {
    "city": {
        "overall:before": "今年以来，全市上下聚焦主导产业抓招商、盯项目，签约、开工、投产接续推进。",
        "overall:after": "新签约项目{projects_signed}个、合同投资额{contracted}亿元，各专班进度不平衡。",
        "difficulties:after": "其中“{project_name}”的{item}已停滞{days}个工作日，请责任单位主要负责人过问。",
        "end": "以上情况请各单位认真核对，如有疑问请与我局项目统筹科联系。",
    },
    "force:steel": {
        "signing:after": "本专班将紧盯有色金属精深加工，四季度力争再签约3个项目。",
    },
    "unit:450223": {
        "difficulties:after": "我县将逐项落实责任人，月底前向市投资促进局书面反馈。",
    },
}
