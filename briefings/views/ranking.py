"""The ranking by which a host is found: the table, what is behind a unit's place, rules and vetoes."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import get_language, ngettext, pgettext
from django.utils.translation import gettext as _

from accounts.access import allow, user_of
from accounts.models import User
from accounts.roles import SEES_ALL_PROJECTS
from approvals.models import Issue
from briefings import excel, figures
from briefings import meetings as verbs
from briefings import ranking as rankings
from briefings.figures import Scope, Window
from briefings.meeting_forms import HostForm, ReasonForm, RuleForm, VetoForm
from briefings.models import HostChoice, OnSiteMeeting, RankingRule, Veto, VetoKind
from briefings.ranking import HOSTED, MEANINGS, Bar, CannotRank, Component, Part, Ranking, Standing
from briefings.views import cards
from briefings.views.meetings import LEADER, READERS, found, frame
from briefings.views.posting import taken
from core import clock, exporting, money
from core.pages import page
from core.remembering import memory
from projects.models import ContractEvent, Project
from projects.showing import name_of
from taskforces.models import ReportingUnit
from taskforces.rules import reach

# --- The table ----------------------------------------------------------------------------------


@allow(READERS)
def ranking(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Where every unit stands, and how far that hangs on the weights; the leader chooses here."""
    meeting, user, today = found(request, pk), user_of(request), clock.today()
    context = {**frame(request, meeting, "ranking"), "reads_all": meeting.ranking_is_open_to(user)}
    try:
        taken_now = memory.recall(
            ("ranking", meeting.pk, today, get_language()), lambda: rankings.of_meeting(meeting, today=today)
        )
    except CannotRank as refusal:
        return page(request, "briefings/ranking.html", {**context, "refusal": refusal})
    if exporting.asked(request):
        shown = told(taken_now, user, meeting)
        narrowed = [(_("Meeting"), excel.meeting_name(meeting)), (_("Months"), shown["months"])]
        return exporting.answer(request, excel.ranking(shown["weights"]), shown["rows"], narrowed=narrowed)
    form = _host_form(request, meeting, taken_now)
    if form is not None and taken(
        request, form, lambda: _choose(meeting, form, user), told=_("The host is chosen.")
    ):
        return redirect(meeting)
    return page(
        request,
        "briefings/ranking.html",
        {**context, **told(taken_now, user, meeting), "form": form, "choice": _choice(meeting)},
    )


def told(taken_now: Ranking, user: User, meeting: OnSiteMeeting) -> dict[str, Any]:
    """The ranking in ready strings, as far as this person reads it."""
    own = reach(user).units
    seen = [one for one in taken_now.standings if meeting.ranking_is_open_to(user) or one.unit.pk in own]
    rule = taken_now.rule
    return {
        "ranking": taken_now,
        "rule": rule,
        "weights": [
            {"label": component.label, "percent": weight, "meaning": _meaning(component, rule)}
            for component, weight in zip(Component, rule.weights, strict=True)
        ],
        "months": cards.months_in_words(taken_now.window),
        "units": len(taken_now.standings),
        "rows": [_row(one, taken_now, meeting) for one in seen],
        "statement": statement(taken_now) if meeting.ranking_is_open_to(user) else "",
    }


def _meaning(component: Component, rule: RankingRule) -> str:
    named = {Component.RANK: rule.rank_indicator, Component.CONVERSION: rule.conversion_indicator}
    meaning = str(MEANINGS[component])
    if component not in named:
        return meaning
    colon = pgettext("between a thing and what happened to it", ": ")
    return f"{figures.indicator(named[component]).name}{colon}{meaning}"


def _row(standing: Standing, taken_now: Ranking, meeting: OnSiteMeeting) -> dict[str, Any]:
    url = reverse("briefings:standing", args=[meeting.pk, standing.unit.code])
    of = taken_now.sensitivity.ranges.get(standing.unit.pk)
    return {
        "unit": standing.unit,
        "url": url,
        "place": standing.place,
        "score": one_place(standing.score),
        "bar": float(standing.score or 0),
        "parts": [
            {
                "code": component.value,
                "points": one_place(standing.parts[component].points),
                "words": _brief(standing.parts[component]),
            }
            for component in Component
        ],
        "bars": [bar_words(bar) for bar in standing.bars],
        "share": percent(taken_now.sensitivity.share_first(standing.unit.pk)) if of else money.NO_VALUE,
        "first": of.first if of else 0,
        "range": _range(of.best, of.worst) if of and of.best else money.NO_VALUE,
    }


def _brief(part: Part) -> str:
    """What the points are made of, small under them."""
    if part.mean_place is not None:
        return _("mean rank %(mean)s") % {"mean": one_place(part.mean_place)}
    shares = [(part.part, part.whole), (part.reported, part.to_report)]
    if any(whole for _part, whole in shares):
        told = [_("%(part)d of %(whole)d") % {"part": of, "whole": whole} for of, whole in shares if whole]
        return " · ".join(told)
    return "" if part.points is not None else _("nothing to measure")


def _range(best: int | None, worst: int | None) -> str:
    return str(best) if best == worst else f"{best}–{worst}"


def bar_words(bar: Bar) -> str:
    day = bar.on.isoformat()
    if bar.kind == HOSTED:
        return _("hosted on %(day)s, within twelve months") % {"day": day}
    return _("%(veto)s, %(day)s: %(words)s") % {
        "veto": VetoKind(bar.kind).label,
        "day": day,
        "words": bar.words,
    }


def statement(taken_now: Ranking) -> str:
    """“Liudong is first in 87.3 % of 891 weightings …”"""
    tried, rule = taken_now.sensitivity.tried, taken_now.rule
    grid = _("all within ±%(spread)d points of these weights, in steps of %(step)d") % {
        "spread": rule.spread,
        "step": rule.step,
    }
    if not taken_now.first:
        return _("No unit can be ranked.")
    said = [
        _("%(unit)s is first in %(share)s of %(tried)d weightings (%(first)d)")
        % {
            "unit": one.unit,
            "share": percent(taken_now.sensitivity.share_first(one.unit.pk)),
            "tried": tried,
            "first": taken_now.sensitivity.ranges[one.unit.pk].first,
        }
        for one in taken_now.first
    ]
    return _("%(said)s: %(grid)s.") % {
        "said": pgettext("between items of a list", ", ").join(said),
        "grid": grid,
    }


def one_place(number: Fraction | None) -> str:
    if number is None:
        return money.NO_VALUE
    return f"{money.half_up(Decimal(number.numerator) / number.denominator, 1):f}"


def percent(share: Fraction) -> str:
    """100.0 % only of all, 0.0 % only of none."""
    shown = money.half_up(Decimal(share.numerator) / share.denominator, 1)
    if share != 100 and shown == 100:
        shown = Decimal("99.9")
    if share and not shown:
        shown = Decimal("0.1")
    return f"{shown:f} %"


# --- Choosing -----------------------------------------------------------------------------------


def _host_form(request: HttpRequest, meeting: OnSiteMeeting, taken_now: Ranking) -> HostForm | None:
    if not user_of(request).has_perm(LEADER) or meeting.state not in ("planned", "host_chosen"):
        return None
    first = taken_now.first[0].unit.pk if taken_now.first else None
    return HostForm(request.POST or None, ranking=taken_now, initial={"host": meeting.host_id or first})


def _choose(meeting: OnSiteMeeting, form: HostForm, user: User) -> HostChoice:
    given = form.cleaned_data
    return verbs.choose_host(meeting, given["host"], reason=given["reason"], by=user, today=clock.today())


def _choice(meeting: OnSiteMeeting) -> HostChoice | None:
    return meeting.choices.select_related("by", "host").order_by("-pk").first()


# --- What is behind a place -----------------------------------------------------------------------


@allow(READERS)
def standing(request: HttpRequest, pk: int, code: str) -> HttpResponse:
    """One unit: every component with the figures and rows that it is made of."""
    meeting, user, today = found(request, pk), user_of(request), clock.today()
    unit = get_object_or_404(ReportingUnit, code=code)
    if not (meeting.ranking_is_open_to(user) or unit.pk in reach(user).units):
        raise PermissionDenied
    try:
        taken_now = rankings.of_meeting(meeting, today=today)
        one = taken_now.of(unit.pk)
    except (CannotRank, LookupError):
        raise Http404 from None
    return page(
        request,
        "briefings/standing.html",
        {
            **frame(request, meeting, "ranking"),
            **told(taken_now, user, meeting),
            "unit": unit,
            "row": _row(one, taken_now, meeting),
            "of_months": _months(one, taken_now),
            "rank_name": figures.indicator(taken_now.rule.rank_indicator).name,
            "mean": one_place(one.parts[Component.RANK].mean_place),
            "conversion": _conversion(one, taken_now),
            "issues": _issues(one.parts[Component.ISSUES], user),
            "reports": one.parts[Component.QUALITY],
            "events": _events(one.parts[Component.QUALITY], user),
            "sum": _sum(one, taken_now),
        },
    )


def _as_known(window: Window, taken_now: Ranking) -> Window:
    """As it was known when the ranking was taken."""
    if taken_now.taken_on >= clock.today():
        return window
    return Window(window.first_month, window.last_month, taken_now.taken_on)


def _months(one: Standing, taken_now: Ranking) -> list[dict[str, Any]]:
    code = taken_now.rule.rank_indicator
    is_amount = figures.indicator(code).is_amount
    return [
        {
            "month": date_format(found_month.month, pgettext("date format", "F Y")),
            "place": found_month.place,
            "value": money.format_yi(found_month.value) if is_amount else f"{found_month.value:f}",
            "unit": _("亿元") if is_amount else "",
            "url": cards.address(
                code, _as_known(Window.of_month(found_month.month), taken_now), Scope(unit=one.unit)
            ),
        }
        for found_month in one.parts[Component.RANK].months
    ]


def _conversion(one: Standing, taken_now: Ranking) -> dict[str, Any]:
    code, window = taken_now.rule.conversion_indicator, taken_now.conversion_window
    return {
        "name": figures.indicator(code).name,
        "formula": figures.indicator(code).formula,
        "value": one_place(one.parts[Component.CONVERSION].points),
        "months": cards.months_in_words(window),
        "url": cards.address(code, _as_known(window, taken_now), Scope(unit=one.unit)),
    }


def _issues(part: Part, user: User) -> list[dict[str, Any]]:
    rows = Issue.objects.filter(pk__in=part.rows).for_list().order_by("due_on", "pk")
    opens = set(Issue.objects.visible_to(user).filter(pk__in=part.rows).values_list("pk", flat=True))
    return [
        {
            "code": row.code,
            "text": row.text if row.pk in opens else "",
            "url": reverse("approvals:issue", args=[row.pk]) if row.pk in opens else "",
            "project": name_of(row.project, user),
            "due": row.due_on,
            "resolved": row.resolved_on,
            "good": row.pk in part.good,
        }
        for row in rows
    ]


def _events(part: Part, user: User) -> list[dict[str, Any]]:
    rows = ContractEvent.objects.filter(pk__in=part.rows).select_related("project__enterprise", "verdict")
    rows = rows.prefetch_related("project__shares").order_by("verdict__on", "pk")
    opens = set(
        Project.objects.visible_to(user)
        .filter(pk__in=[row.project_id for row in rows])
        .values_list("pk", flat=True)
    )
    return [
        {
            "project": name_of(row.project, user),
            "url": row.project.get_absolute_url() if row.project_id in opens else "",
            "kind": row.get_kind_display(),
            "signed": row.signed_on,
            "decided": row.verdict.on,
            "verdict": row.verdict.get_verdict_display(),
            "good": row.pk in part.good,
        }
        for row in rows
    ]


def _sum(one: Standing, taken_now: Ranking) -> dict[str, Any]:
    """The score as it is made: points × weight, and what lacks."""
    terms, known = [], 0
    for weight, points in zip(taken_now.rule.weights, one.points, strict=True):
        if points is None:
            continue
        known += weight
        terms.append(f"{one_place(points)} × {weight} %")
    lacking = 100 - known
    return {
        "formula": " + ".join(terms),
        "score": one_place(one.score),
        "lacking": ngettext(
            "%(n)d point of weight has nothing to measure: the others grow in proportion (÷ %(known)d %%).",
            "%(n)d points of weight have nothing to measure: the others grow in proportion (÷ %(known)d %%).",
            lacking,
        )
        % {"n": lacking, "known": known}
        if lacking
        else "",
    }


# --- Rules and vetoes -----------------------------------------------------------------------------


@allow(READERS)
def rules(request: HttpRequest) -> HttpResponse:
    """The rule in force with its history; the leader sets another one from a day on."""
    user, today = user_of(request), clock.today()
    rule = rankings.rule_on(today)
    form = (
        RuleForm(request.POST or None, rule=rule, initial={"effective_from": today})
        if user.has_perm(LEADER)
        else None
    )
    if form is not None and taken(
        request, form, lambda: verbs.set_rule(**form.given, by=user, today=today), told=_("The rule is set.")
    ):
        return redirect("briefings:ranking_rules")
    history = RankingRule.objects.select_related("set_by").order_by("-effective_from", "-pk")
    return page(
        request,
        "briefings/ranking_rules.html",
        {
            "form": form,
            "weights": [
                {"label": component.label, "percent": weight, "meaning": _meaning(component, rule)}
                for component, weight in zip(Component, rule.weights, strict=True)
            ],
            "rule": rule,
            "history": list(history),
            "components": [component.label for component in Component],
            "today": today,
        },
    )


@allow(READERS)
def vetoes(request: HttpRequest) -> HttpResponseBase:
    """What bars units from hosting. Units read their own."""
    user, today = user_of(request), clock.today()
    form = VetoForm(request.POST or None) if user.has_perm(LEADER) else None
    if form is not None and taken(
        request,
        form,
        lambda: verbs.enter_veto(**form.cleaned_data, by=user, today=today),
        told=_("The veto is entered."),
    ):
        return redirect("briefings:vetoes")
    rows = Veto.objects.select_related("unit", "entered_by", "lifted_by").order_by("-happened_on", "-pk")
    if user.role not in SEES_ALL_PROJECTS:
        rows = rows.filter(unit__in=reach(user).units)
    if exporting.asked(request):
        return exporting.answer(request, excel.VETOES, list(rows))
    return page(request, "briefings/vetoes.html", {"form": form, "rows": list(rows), "today": today})


@allow(LEADER)
def lift(request: HttpRequest, pk: int) -> HttpResponse:
    veto = get_object_or_404(Veto.objects.select_related("unit"), pk=pk)
    form = ReasonForm(request.POST or None)
    user, today = user_of(request), clock.today()
    if taken(request, form, lambda: verbs.lift_veto(veto, **form.cleaned_data, by=user, today=today)):
        return redirect("briefings:vetoes")
    return page(
        request,
        "briefings/meeting_form.html",
        {
            "form": form,
            "title": _("Lift a veto"),
            "sentence": f"{veto.unit} · {veto.get_kind_display()} · {veto.reason}",
            "verb": _("Lift it"),
            "back": reverse("briefings:vetoes"),
        },
    )
