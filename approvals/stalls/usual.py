"""The usual thresholds: what the program starts with. Everything is an editable row with its source."""

import datetime

from approvals.choices import Clock, LampPreset, Severity, StallCode, StallUnit
from approvals.models import StallRule
from projects.choices import Stage

# The first year of the mechanism.
RULES_FROM = datetime.date(2025, 1, 1)

# A pause of before announced lengths were asked for; see `StallRule.clock`.
UNANNOUNCED = "unannounced"

_LIMITS = "行政许可法第42条及承诺时限"
_CITY = "建议值，由市里确认"
_DEQING = "浙江德清：项目一个月无进展须说明原因"
_AGEING = "招商项目管理系统（公开样例）：谋划45天、洽谈30天、签约20天"
_YINCHUAN = "宁夏银川：项目亮灯管理"

_A, _R = Severity.AMBER, Severity.RED
_S, _Y = LampPreset.STANDARD, LampPreset.YINCHUAN
_WD, _D, _M, _P = StallUnit.WORKDAYS, StallUnit.DAYS, StallUnit.MONTHS, StallUnit.POINTS

# preset, rule, from how many, counted in, while the days are of (or in which batch), severity, source
USUAL = (
    (_S, StallCode.OVER_PROMISE, 1, _WD, "", _A, _LIMITS),
    (_S, StallCode.OVER_STATUTE, 1, _WD, "", _R, _LIMITS),
    (_S, StallCode.SILENT, 5, _WD, Clock.GOVERNMENT, _A, _CITY),
    (_S, StallCode.SILENT, 10, _WD, Clock.ENTERPRISE, _A, _CITY),
    (_S, StallCode.BLOCKED, 5, _WD, "", _A, _CITY),
    (_S, StallCode.BLOCKED, 20, _WD, "", _R, _CITY),
    (_S, StallCode.NOT_SUBMITTED, 10, _WD, "", _A, _CITY),
    (_S, StallCode.NOT_SUBMITTED, 60, _WD, "", _R, _CITY),
    (_S, StallCode.LONG_PAUSE, 1, _WD, "", _A, _CITY),
    (_S, StallCode.LONG_PAUSE, 10, _WD, "", _R, _CITY),
    (_S, StallCode.LONG_PAUSE, 20, _WD, UNANNOUNCED, _A, _CITY),
    (_S, StallCode.NO_REPORT, 5, _WD, "", _A, _DEQING),
    (_S, StallCode.NO_REPORT, 3, _M, "", _R, _CITY),
    (_S, StallCode.STAGE_AGED, 45, _D, Stage.PREPARATION, _A, _AGEING),
    (_S, StallCode.STAGE_AGED, 30, _D, Stage.NEGOTIATION, _A, _AGEING),
    (_S, StallCode.STAGE_AGED, 20, _D, Stage.SIGNING, _A, _AGEING),
    (_S, StallCode.NOT_STARTED, 1, _D, "", _A, _CITY),
    (_S, StallCode.NOT_STARTED, 3, _M, "", _R, _CITY),
    (_Y, StallCode.START_DUE, 1, _M, "", _A, _YINCHUAN),
    (_Y, StallCode.START_DUE, 3, _M, "", _R, _YINCHUAN),
    (_Y, StallCode.BEHIND_TIME, 10, _P, "", _A, _YINCHUAN),
    (_Y, StallCode.BEHIND_TIME, 30, _P, "", _R, _YINCHUAN),
    (_Y, StallCode.NOT_IN_STATISTICS, 1, _M, "", _A, _YINCHUAN),
    (_Y, StallCode.NOT_IN_STATISTICS, 2, _M, "", _R, _YINCHUAN),
)


def load_stall_rules(today: datetime.date) -> None:
    """The usual thresholds, in force from the mechanism's first year (or today, if that is earlier).

    A rule of which the office has any row of that severity is left as the office wants it.
    """
    known = set(StallRule.objects.values_list("preset", "code", "clock", "severity"))
    StallRule.objects.bulk_create(
        StallRule(
            preset=preset,
            code=code,
            days=days,
            unit=unit,
            clock=clock,
            severity=severity,
            effective_from=min(RULES_FROM, today),
            source=source,
        )
        for preset, code, days, unit, clock, severity, source in USUAL
        if (preset, code, clock, severity) not in known
    )
