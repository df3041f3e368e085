"""The legend: every indicator with its formula, its unit, the counting rules that apply, its value now."""

import datetime
from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import get_language, gettext

from accounts.access import allow
from briefings import counting_rules, excel, figures, targets
from briefings.figures import CODES, Figure, Indicator, Rate, Window
from briefings.indicators import CARRIED, EVENTS, HOLDINGS, SIGNED_PROGRESS, SUBJECTS, Subject, kind_of
from briefings.targets import Progress
from briefings.views import cards
from core import clock, exporting
from core.pages import page
from core.remembering import memory

# By contract events, and so by the versioned counting rules.
BY_CONTRACT = (CARRIED, EVENTS, HOLDINGS, SIGNED_PROGRESS)


@allow("briefings.view_figures")
def legend(request: HttpRequest) -> HttpResponseBase:
    """Of the whole city, from January to today."""
    today = clock.today()
    told = memory.recall(("legend", today, get_language()), lambda: _told(today))
    if exporting.asked(request):
        rows = [
            {**row, "subject": str(subject["name"])}
            for subject in told["subjects"]
            for row in subject["rows"]
        ]
        sheet = excel.indicators(Window.year_to(today).rules)
        return exporting.answer(request, sheet, rows, narrowed=[(gettext("Months"), told["months"])])
    return page(request, "briefings/indicators.html", {**told})


def _told(today: datetime.date) -> dict[str, Any]:
    window = Window.year_to(today)
    found = figures.compute(CODES, window)
    progress = targets.progress(found.values(), window)
    return {
        "months": cards.months_in_words(window),
        "rules": counting_rules.in_words(window.rules),
        "rules_label": window.rules.label,
        "subjects": [_subject(subject, found, progress, window) for subject in SUBJECTS],
    }


def _subject(
    subject: Subject, found: Mapping[str, Figure], progress: Mapping[str, Progress], window: Window
) -> dict[str, Any]:
    return {
        "code": subject.code,
        "name": subject.name,
        "rules": subject.rules,
        "by_contract": any(one.source in BY_CONTRACT for one in subject.indicators),
        "rows": [_row(one, found[one.code], progress.get(one.code), window) for one in subject.indicators],
    }


def _row(
    found: Indicator | Rate, figure: Figure, progress: Progress | None, window: Window
) -> dict[str, Any]:
    return {
        "code": found.code,
        "name": found.name,
        "formula": found.formula,
        "kind": kind_of(found).label,
        "unit": cards.unit_of(figure),
        "value": cards.printed(figure, figure.value),
        "base": cards.printed(figure, figure.base),
        "yoy": figure.yoy_percent,
        "good": "down" if found.fewer_is_better else "up",
        "url": cards.address(found.code, window),
        "progress": progress,
    }
