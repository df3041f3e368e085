"""Who or what is this like? SQL brings a limited number of candidates, the evidence grades them.

Nothing is decided here: the person who enters or verifies looks at the evidence and decides.
"""

import datetime
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import IntEnum
from typing import Any

from django.db.models import Count, Prefetch, Q, QuerySet
from django.utils.translation import gettext as _
from rapidfuzz import fuzz, process

from accounts.models import User
from core.money import format_wan
from core.text import comparison_key, name_key
from projects.choices import EventKind, Verdict
from projects.models import ContractEvent, Enterprise, Project
from taskforces.models import ReportingUnit


class Grade(IntEnum):
    """How sure the evidence makes one that the two are the same."""

    SIMILAR = 1
    LIKELY = 2
    SAME = 3


SHOWN = 5
CANDIDATES = 2000  # how many rows SQL may bring; what is beyond was too common a name to tell anything
FRAGMENTS = 4

# What half of all names contain: it tells nothing apart. The longer first, so that 新能源 goes before 能源.
_COMMON = re.compile(
    "新材料|零部件|新能源|产业园|生产线|深加工|自动化|机器人|铝合金|科技|技术|实业|材料|制造|"
    "机械|电子|智能|装备|设备|汽车|部件|投资|发展|贸易|商贸|工业|能源|控股|国际|中国|生物|医药|"
    "食品|化工|环保|建设|工程|信息|网络|数据|软件|系统|服务|管理|产业|园区|项目|生产|产线|基地|"
    "加工|制品|研发|中心|总部|年产|扩建|改造|一期|二期|三期|配套|综合|高端|精密|数字|集成|整机|"
    "动力|电池|特钢"
)
_TAIL = re.compile(r"(建设项目|生产项目|项目|工程)$")


# --- Enterprises ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class LikeEnterprise:
    enterprise: Enterprise
    grade: Grade
    evidence: list[str]
    projects: int


def enterprises_like(name: str, uscc: str = "", *, user: User, limit: int = SHOWN) -> list[LikeEnterprise]:
    """The enterprises in the books that this one may be, the surest first.

    Outside the bureau only those of projects whose names the person may read, and whoever carries the
    very code: another county's talks must not be found out by typing.
    """
    key = name_key(name)
    graded: dict[int, tuple[Grade, int, list[str]]] = {}
    if len(key) > 1:
        seen = Enterprise.objects.visible_to(user).values_list("pk", "name_key")
        same, like = seen.filter(name_key=key), seen.filter(_may_be_called(key))
        for pk, other in [*like[:CANDIDATES], *same[:CANDIDATES]]:
            if found := _compare_names(key, other):
                graded[pk] = found
    if uscc:
        for pk in Enterprise.objects.by_code(uscc).values_list("pk", flat=True):
            graded[pk] = (Grade.SAME, 100, [_("the same credit code")])
    best = sorted(graded, key=lambda pk: (-graded[pk][0], -graded[pk][1], pk))[:limit]
    nameable = Count("projects", filter=Q(projects__in=Project.objects.known_to(user)))
    known = Enterprise.objects.annotate(count=nameable).in_bulk(best)
    return [LikeEnterprise(known[pk], graded[pk][0], graded[pk][2], known[pk].count) for pk in best]


def _may_be_called(key: str) -> Q:
    """The same first character (a slip in the rest) or a telling piece in common (a slip in the first)."""
    wanted = Q(name_key__startswith=key[0])
    for piece in _fragments(key):
        wanted |= Q(name_key__holds=piece)
    return wanted


def _compare_names(key: str, other: str) -> tuple[Grade, int, list[str]] | None:
    if key == other:
        return Grade.LIKELY, 99, [_("the same name, apart from place and legal form")]
    score = round(fuzz.ratio(key, other))
    if score >= 80:
        return Grade.SIMILAR, score, [_("the names are %(score)d %% alike") % {"score": score}]
    own, others = _telling(key), _telling(other)
    if own and own == others:
        return Grade.SIMILAR, score, [_("both are called “%(name)s”") % {"name": own}]
    return None


def _telling(key: str) -> str:
    """What is left of a name without the words that half of all names contain."""
    rest = _COMMON.sub("", key)
    return rest if len(rest) > 1 else ""


def _fragments(key: str) -> list[str]:
    """Pairs of neighbouring characters by which SQL finds candidates, the telling ones only."""
    pieces = [piece for piece in _COMMON.split(key) if len(piece) > 1]
    pairs = [piece[i : i + 2] for piece in pieces for i in range(len(piece) - 1)]
    return list(dict.fromkeys(pairs))[:FRAGMENTS]


# --- Projects -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Description:
    """What is typed of a project so far; amounts in 万元."""

    name: str = ""
    national_code: str = ""
    enterprises: Sequence[Enterprise] = ()
    amount: Decimal | None = None
    location: ReportingUnit | None = None
    signed_on: datetime.date | None = None
    leave_out: int | None = None


@dataclass
class LikeProject:
    project: Project
    score: int = 0
    evidence: list[str] = field(default_factory=list)
    is_same: bool = False

    @property
    def grade(self) -> Grade:
        return Grade.SAME if self.is_same else Grade.LIKELY if self.score >= 80 else Grade.SIMILAR


ENOUGH = 50
NEAR = datetime.timedelta(days=60)


def projects_like(told: Description, *, user: User, limit: int = SHOWN) -> list[LikeProject]:
    """The projects in the books that this one may be, the surest first; only those the person may name."""
    known = Project.objects.known_to(user)
    if told.leave_out:
        known = known.exclude(pk=told.leave_out)
    signings = Prefetch(
        "contract_events",
        ContractEvent.objects.filter(kind=EventKind.SIGNED).exclude(verdict__verdict=Verdict.RETURNED),
        to_attr="signings",
    )
    rows = known.filter(pk__in=_candidates(known, told)).select_related("enterprise", "location")
    graded = [_grade(project, told) for project in rows.prefetch_related(signings)]
    graded = [like for like in graded if like.is_same or like.score >= ENOUGH]
    return sorted(graded, key=lambda like: (-like.grade, -like.score, like.project.pk))[:limit]


def _candidates(known: QuerySet[Project], told: Description) -> set[int]:
    found: set[int] = set()
    for wanted in _ways_to_find(told):
        found.update(known.filter(wanted).values_list("pk", flat=True)[: CANDIDATES // 4])
    by_name = known.filter(_name_holds(told.name)).values_list("pk", "name")[:CANDIDATES] if told.name else []
    found.update(_closest(told.name, by_name))
    return found


def _ways_to_find(told: Description) -> Iterable[Q]:
    if told.national_code:
        yield Q(national_code=told.national_code)
    if told.enterprises:
        yield Q(enterprise__in=[enterprise.pk for enterprise in told.enterprises])
    if told.amount and told.location and told.signed_on:
        about = (told.amount * Decimal("0.99"), told.amount * Decimal("1.01"))
        near = (told.signed_on - NEAR, told.signed_on + NEAR)
        same = ContractEvent.objects.filter(
            kind=EventKind.SIGNED, signed_on__range=near, amount__range=about
        ).values("project")
        yield Q(pk__in=same, location=told.location)


def _name_holds(name: str) -> Q:
    """Any of the telling pairs; a name of common words alone is looked up by its first one."""
    first, *others = _fragments(bare_name(name))[:2] or [name[:2]]
    wanted = Q(name__holds=first)
    for pair in others:
        wanted |= Q(name__holds=pair)
    return wanted


def _closest(name: str, rows: Iterable[tuple[int, str]]) -> list[int]:
    keys = {pk: bare_name(other) for pk, other in rows}
    hits = process.extract(bare_name(name), keys, scorer=fuzz.ratio, limit=60, score_cutoff=60)
    return [pk for _key, _score, pk in hits]


def bare_name(name: str) -> str:
    """A project's name without width, spaces, brackets and the words that half of all names end in."""
    key = comparison_key(name)
    return _TAIL.sub("", key) or key


def _grade(project: Any, told: Description) -> LikeProject:
    like = LikeProject(project)
    if told.national_code and project.national_code == told.national_code:
        like.is_same = True
        like.evidence.append(_("the same national project code"))
    for points, sentence in (
        _by_name(project, told),
        _by_enterprise(project, told),
        *_by_contract(project, told),
    ):
        if points:
            like.score += points
            like.evidence.append(sentence)
    return like


Points = tuple[int, str]
NOTHING: Points = (0, "")


def _by_name(project: Project, told: Description) -> Points:
    score = round(fuzz.ratio(bare_name(told.name), bare_name(project.name))) if told.name else 0
    if score == 100:
        return 50, _("the same name")
    if score >= 75:
        return score // 2, _("the names are %(score)d %% alike") % {"score": score}
    return NOTHING


def _by_enterprise(project: Project, told: Description) -> Points:
    if any(project.enterprise_id == enterprise.pk for enterprise in told.enterprises):
        return 40, _("the same or a like-named enterprise")
    return NOTHING


def _by_contract(project: Any, told: Description) -> Iterable[Points]:
    if told.location and project.location_id == told.location.pk:
        yield 10, _("in the same place")
    if not told.amount or not project.signings:
        return
    signing = project.signings[0]
    if abs(signing.amount - told.amount) <= told.amount / 100:
        yield 25, _("the same amount (%(amount)s)") % {"amount": format_wan(signing.amount)}
        if told.signed_on and abs(signing.signed_on - told.signed_on) <= NEAR:
            yield 15, _("signed within sixty days")
