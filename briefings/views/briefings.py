"""The monthly briefings: the month at a glance, one briefing with its figures, its steps, its files."""

import datetime
from collections import defaultdict
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.access import allow, user_of
from accounts.models import User
from briefings import bulletins, charts, content, documents, drafting, excel, linting, rules, tasks, words
from briefings.choices import BriefingState, ReviewKind, ScopeKind
from briefings.filters import BriefingFilter
from briefings.forms import (
    AnswerForm,
    ConfirmForm,
    DisputeForm,
    LapseForm,
    MonthForm,
    PublishForm,
    ReturnForm,
    SignOffForm,
    StepForm,
    WordsForm,
)
from briefings.models import Briefing, BriefingQuerySet, Period, Review
from briefings.rules import may, open_steps
from briefings.telling import tell
from briefings.timetable import confirm_by
from briefings.views import shown
from briefings.views.shown import Standing
from core import clock, exporting, receipts
from core.documents.layout import title_lines
from core.models import Job, JobState
from core.pages import download, of_year, page
from core.refusal import Refusal
from taskforces.models import Membership

READERS = "briefings.view_briefing"
MONTHS_OFFERED = 24


# --- The month ---------------------------------------------------------------------------------


@allow(READERS)
def briefings(request: HttpRequest) -> HttpResponseBase:
    """All briefings of a month that this person may read; the bureau has them drafted from here."""
    user, today = user_of(request), clock.today()
    if request.method == "POST":
        return _draft(request, today)
    month = _month(request, clock.previous_month(today))
    query = request.GET.copy()
    query["month"] = month.isoformat()
    readable = Briefing.objects.visible_to(user)
    found = BriefingFilter(query, readable.for_list()).qs
    rows = standings(found.order_by("scope", "task_force__order", "unit__order", "pk"), today)
    if exporting.asked(request):
        return exporting.answer(request, excel.BRIEFINGS, rows, narrowed=[(_("Month"), f"{month:%Y-%m}")])
    context = {
        "month": month,
        "months": _months(readable, month, today),
        "earlier": clock.previous_month(month),
        "later": clock.next_month(month) if clock.next_month(month) <= today else None,
        "groups": _groups(rows),
        "counts": _counts(rows),
        "due": confirm_by(month),
        "may_draft": user.has_perm("briefings.draft_briefing") and month <= today,
        "closed": Period.objects.filter(month=month, closed_on__isnull=False).first(),
        "job": _job(user, month),
    }
    return page(of_year(request, month.year), "briefings/list.html", context)


def _draft(request: HttpRequest, today: datetime.date) -> HttpResponse:
    user = user_of(request)
    if not user.has_perm("briefings.draft_briefing"):
        raise PermissionDenied
    form = MonthForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose the month to draft."))
        return redirect("briefings:list")
    job = tasks.ask(form.cleaned_data["month"], today=today, asked_by=user)
    return redirect("core:job", job.pk)


def _month(request: HttpRequest, otherwise: datetime.date) -> datetime.date:
    form = MonthForm(request.GET)
    month: datetime.date = form.cleaned_data["month"] if form.is_valid() else otherwise
    return month


def _months(readable: BriefingQuerySet, shown: datetime.date, today: datetime.date) -> list[datetime.date]:
    """The months that have briefings, newest first, with the shown one and last month among them."""
    months = set(readable.values_list("period__month", flat=True).distinct()[:MONTHS_OFFERED])
    return sorted({*months, shown, clock.previous_month(today)}, reverse=True)


def standings(rows: BriefingQuerySet, today: datetime.date) -> list[Standing]:
    reviews = Review.objects.select_related("by").order_by("pk")
    found = list(rows.prefetch_related(Prefetch("reviews", reviews)))
    leads = _leads(found)
    return [Standing(one, list(one.reviews.all()), leads[one.scope_key], today) for one in found]


def _leads(found: list[Briefing]) -> dict[str, str]:
    """Who confirms: the leads of each task force, the office of each unit."""
    names: dict[str, list[str]] = defaultdict(list)
    forces = {one.task_force_id: one.scope_key for one in found if one.task_force_id}
    units = {one.unit_id: one.scope_key for one in found if one.unit_id}
    people = Membership.objects.filter(user__is_active=True).select_related("user").order_by("pk")
    for member in people.filter(task_force__in=forces, is_lead=True):
        names[forces[member.task_force_id or 0]].append(member.user.name)
    for member in people.filter(unit__in=units):
        names[units[member.unit_id or 0]].append(member.user.name)
    return defaultdict(str, {key: ", ".join(of_key) for key, of_key in names.items()})


def _groups(found: list[Standing]) -> list[dict[str, Any]]:
    return [
        {"label": ScopeKind(scope).label, "rows": rows}
        for scope in ScopeKind.values
        if (rows := [one for one in found if one.briefing.scope == scope])
    ]


def _counts(found: list[Standing]) -> dict[str, int]:
    states = [one.briefing.state for one in found]
    return {
        "total": len(found),
        "published": states.count(BriefingState.PUBLISHED),
        "waiting": states.count(BriefingState.DRAFT) + states.count(BriefingState.RETURNED),
        "late": sum(1 for one in found if one.late_days),
        "disputes": sum(len(one.open_disputes) for one in found),
    }


def _job(user: User, month: datetime.date) -> Job | None:
    """The drafting of this month under way, if this person asked for it."""
    running = Job.objects.filter(kind=tasks.KIND, asked_by=user, arguments__month=f"{month:%Y-%m}")
    return running.filter(state__in=(JobState.WAITING, JobState.RUNNING)).order_by("-pk").first()


# --- One briefing --------------------------------------------------------------------------------


def _found(request: HttpRequest, pk: int) -> Briefing:
    rows = Briefing.objects.visible_to(user_of(request)).select_related("period", "task_force", "unit")
    return get_object_or_404(rows, pk=pk)


@allow(READERS)
def briefing(request: HttpRequest, pk: int) -> HttpResponse:
    """The text beside its figures, every number open to what it counted, and the next steps."""
    found = _found(request, pk)
    of_year(request, found.period.month.year)
    return page(request, "briefings/briefing.html", _context(request, found))


def _context(request: HttpRequest, found: Briefing) -> dict[str, Any]:
    told = found.content
    reviews = list(found.reviews.select_related("by", "answers").order_by("pk"))
    standing = Standing(found, reviews, _leads([found])[found.scope_key], clock.today())
    disputed = frozenset(review.figure for review in standing.open_disputes)
    steps = open_steps(user_of(request), found)
    if standing.open_disputes:  # the bureau answers first
        steps -= {*ReviewKind.CONFIRMING}
    if not standing.late_days:
        steps -= {ReviewKind.LAPSED}
    of_month = Briefing.objects.visible_to(user_of(request)).filter(period=found.period).only("scope_key")
    peers = {peer.scope_key: peer for peer in of_month}
    return {
        "briefing": found,
        "told": told,
        "name": content.named(told["about"]),
        "spans": {span: content.named(names) for span, names in told["about"]["spans"].items()},
        "standing": standing,
        "track": shown.track(standing),
        "steps": [_Offered(step, found) for step in STEPS.values() if step.kind in steps],
        "may_answer": ReviewKind.ANSWERED in steps,
        "may_redraft": ReviewKind.REDRAFTED in steps,
        "disputes": _disputes(reviews, told),
        "figures": shown.figure_rows(found, disputed),
        "batches": shown.batch_rows(found),
        "task_forces": shown.ranking_rows(told["task_forces"], peers),
        "units": shown.ranking_rows(told["units"], peers),
        "signed": shown.signed_rows(told),
        "stalled": shown.listed(told["stalled"]),
        "issues": shown.listed(told["issues"]),
        "title_lines": title_lines(told["title"]),
        "charts": _charts(told),
        "story": shown.story(reviews, told),
        **_text(found, steps),
    }


def _text(found: Briefing, steps: Collection[str]) -> dict[str, Any]:
    """The text with people's own words in their places, and until sign-off with the marks of the lint."""
    is_open = found.state in rules.STEPS[ReviewKind.REMARKED].sources
    known = linting.facts(found.content) if is_open else None
    chapters = words.chapters(found.content, found.words, known)
    marks = [(chapter, mark) for chapter in chapters for own in chapter.paragraphs for mark in own.marks]
    pictures = charts.of(found.content)
    return {
        "chapters": [(chapter, shown.picture(pictures.get(chapter.key))) for chapter in chapters],
        "marks": marks,
        "moved": sum(1 for _chapter, mark in marks if mark.verdict == linting.Verdict.MOVED),
        "unfounded": words.unfounded(found.content, known) if known else [],
        "may_write": ReviewKind.REMARKED in steps,
        "bulletin": bulletins.number_of(found) if found.state == BriefingState.PUBLISHED else None,
    }


def _charts(told: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Besides those that stand in the document itself."""
    if told["about"]["scope"] != ScopeKind.CITY:
        return [("batches", shown.batch_chart(told))]
    by_unit = shown.ranking_chart(
        _("Contracted investment by reporting unit"), told["units"], _("Reporting unit")
    )
    by_unit["links"] = [_passport_of(row["key"], told["about"]["month"]) for row in told["units"]]
    return [("units", by_unit)]


def _passport_of(key: str, month: str) -> str:
    """Of a unit's contracted investment from January on."""
    asked = {"from": f"{month[:4]}-01", "to": month[:7], "unit": key.partition(":")[2]}
    return f"{reverse('briefings:counted', args=['contracted'])}?{urlencode(asked)}"


def _disputes(reviews: list[Review], told: dict[str, Any]) -> list[dict[str, Any]]:
    """Every dispute with its answer, the open ones first."""
    values = content.values(told)
    answers = {review.answers_id: review for review in reviews if review.answers_id}
    rows = [
        {
            "review": review,
            "figure": values[review.figure].label if review.figure in values else review.figure,
            "answer": answers.get(review.pk),
        }
        for review in reviews
        if review.kind == ReviewKind.DISPUTED
    ]
    return sorted(rows, key=lambda row: row["answer"] is not None)


@allow("briefings.draft_briefing")
def changes(request: HttpRequest, pk: int) -> HttpResponse:
    """Whether the figures read otherwise now than when they were drafted; asked by the page."""
    found = _found(request, pk)
    now = tell(found.period.month, today=clock.today(), only=[found.scope_key])[0].content
    changed = content.changes(found.content, now)
    values = content.values(now)
    rows = [
        {
            "label": values[key].label,
            "before": content.print_value(before, values[key].unit),
            "after": content.print_value(after, values[key].unit),
            "unit": values[key].printed_unit,
        }
        for key, before, after in changed
        if key
    ]
    return page(request, "briefings/changes.html", {"briefing": found, "rows": rows}, partial="changes")


# --- Steps -----------------------------------------------------------------------------------------


def _confirm(found: Briefing, *, by: User, today: datetime.date, **given: Any) -> Any:
    return drafting.confirm(found, by=by, **given)


def _dispute(found: Briefing, *, by: User, today: datetime.date, **given: Any) -> Any:
    return drafting.dispute(found, by=by, **given)


def _return(found: Briefing, *, by: User, today: datetime.date, **given: Any) -> Any:
    return drafting.send_back(found, by=by, **given)


def _write(found: Briefing, *, by: User, today: datetime.date, **given: Any) -> Any:
    return drafting.write(found, by=by, **given)


def _sign_off(found: Briefing, *, by: User, today: datetime.date, **given: Any) -> Any:
    return drafting.sign_off(found, by=by, **given)


@dataclass(frozen=True)
class StepPage:
    """One step as a page of its own, and as a dialog on the page of the briefing."""

    slug: str
    kind: str
    verb: str | Promise
    sentence: str | Promise
    done: str | Promise
    act: Callable[..., Any]
    form: type[StepForm] = StepForm
    glyph: str = "check"
    primary: bool = False
    danger: bool = False


STEPS: dict[str, StepPage] = {
    step.slug: step
    for step in (
        StepPage(
            "publish",
            ReviewKind.PUBLISHED,
            gettext_lazy("Publish"),
            gettext_lazy("Its figures are frozen with everything they counted. Nothing in it changes after."),
            gettext_lazy("Published. Word and PDF carry the number."),
            drafting.publish,
            PublishForm,
            "send",
            primary=True,
        ),
        StepPage(
            "sign-off",
            ReviewKind.SIGNED_OFF,
            gettext_lazy("Sign off"),
            gettext_lazy("The bureau stands behind these figures and this text."),
            gettext_lazy("Signed off. It can be published now."),
            _sign_off,
            SignOffForm,
            "file-check",
            primary=True,
        ),
        StepPage(
            "confirm",
            ReviewKind.CONFIRMED,
            gettext_lazy("Confirm the figures"),
            gettext_lazy("You answer for these figures: they agree with your own books."),
            gettext_lazy("Confirmed. The bureau's leader signs it off next."),
            _confirm,
            ConfirmForm,
            primary=True,
        ),
        StepPage(
            "lapse",
            ReviewKind.LAPSED,
            gettext_lazy("Confirm for them"),
            gettext_lazy(
                "Nobody has confirmed these figures within the window. The bureau does it, and says why."
            ),
            gettext_lazy("Confirmed by the bureau. Whoever should have done it is told."),
            drafting.lapse,
            LapseForm,
            "hourglass",
        ),
        StepPage(
            "dispute",
            ReviewKind.DISPUTED,
            gettext_lazy("Dispute a figure"),
            gettext_lazy("The bureau answers with its reason; until then nobody can confirm the briefing."),
            gettext_lazy("The bureau has been told that this figure is disputed."),
            _dispute,
            DisputeForm,
            "message-circle-warning",
        ),
        StepPage(
            "redraft",
            ReviewKind.REDRAFTED,
            gettext_lazy("Draft again"),
            gettext_lazy(
                "Figures and text are made anew from today's books."
                " If the figures changed, they have to be confirmed again."
            ),
            gettext_lazy("Drafted again from today's books."),
            drafting.redraft,
            glyph="refresh-cw",
        ),
        StepPage(
            "return",
            ReviewKind.RETURNED,
            gettext_lazy("Return it"),
            gettext_lazy("It goes back to the bureau's desk; confirmation and sign-off fall with it."),
            gettext_lazy("Returned to the bureau."),
            _return,
            ReturnForm,
            "undo-2",
            danger=True,
        ),
    )
}


@dataclass
class _Offered:
    """A step as the page offers it: a button, and the dialog it opens."""

    step: StepPage
    briefing: Briefing
    form: StepForm = field(init=False)

    def __post_init__(self) -> None:
        self.form = self.step.form(briefing=self.briefing)

    @property
    def url(self) -> str:
        return reverse("briefings:step", args=[self.briefing.pk, self.step.slug])

    @property
    def dialog(self) -> str:
        return f"dialog-{self.step.slug}"


@allow("briefings.review_briefing", "briefings.draft_briefing", "briefings.sign_off_briefing")
def step(request: HttpRequest, pk: int, slug: str) -> HttpResponse:
    """One step towards publication, confirmed on a page of its own."""
    found = _found(request, pk)
    if slug not in STEPS:
        raise Http404
    chosen = STEPS[slug]
    if not may(user_of(request), chosen.kind, found):
        raise PermissionDenied
    form = chosen.form(request.POST or None, briefing=found)
    return _act(request, found, chosen, form, lambda **given: chosen.act(found, **given))


@allow("briefings.review_briefing", "briefings.draft_briefing")
def own_words(request: HttpRequest, pk: int, section: str) -> HttpResponse:
    """What people write around one generated section."""
    found = _found(request, pk)
    titles = {chapter.key: chapter.title for chapter in words.chapters(found.content, {})}
    if section not in titles:
        raise Http404
    if not may(user_of(request), ReviewKind.REMARKED, found):
        raise PermissionDenied
    form = WordsForm(request.POST or None, briefing=found, section=section)
    return _act(request, found, _writing(titles[section]), form, lambda **given: _write(found, **given))


def _writing(title: str) -> StepPage:
    where = title or _("At the end")
    return StepPage(
        "words",
        ReviewKind.REMARKED,
        _("Write own words"),
        _("%(section)s: they stand beside the generated text and stay when it is drafted again.")
        % {"section": where},
        _("Your words are kept. Numbers in them are held against the tables."),
        drafting.write,
        WordsForm,
    )


@allow("briefings.draft_briefing")
def answer(request: HttpRequest, pk: int) -> HttpResponse:
    """The bureau answers a dispute."""
    readable = Briefing.objects.visible_to(user_of(request))
    disputes = Review.objects.disputes().select_related("briefing__period", "by")
    review = get_object_or_404(disputes, pk=pk, briefing__in=readable)
    form = AnswerForm(request.POST or None, briefing=review.briefing)
    return _act(
        request, review.briefing, _answering(review), form, lambda **given: drafting.answer(review, **given)
    )


def _answering(review: Review) -> StepPage:
    return StepPage(
        "answer",
        ReviewKind.ANSWERED,
        _("Answer"),
        _("%(name)s disputes: %(reason)s") % {"name": review.by.name, "reason": review.reason},
        _("Answered. Whoever disputed the figure sees it with the reason."),
        drafting.answer,
        AnswerForm,
    )


def _act(
    request: HttpRequest, found: Briefing, chosen: StepPage, form: StepForm, act: Callable[..., Any]
) -> HttpResponse:
    """Take the step with the version its reader saw; what is refused is shown with what was typed."""
    refusal: Refusal | None = None
    if form.is_valid():
        found.version = form.cleaned_data["version"]
        user = user_of(request)
        try:
            with receipts.once(user=user, key=receipts.token_of(request), sent=request.POST) as sending:
                if not sending.seen:
                    act(by=user, today=clock.today(), **form.given)
                    sending.answer(location=found.get_absolute_url())
        except drafting.ChangedMeanwhile as refused:
            refusal, found = refused, _found(request, found.pk)
            form.look_again(found)
        except Refusal as refused:
            refusal = refused
        else:
            messages.success(request, str(chosen.done))
            return redirect(sending.location or found)
    context = {"briefing": found, "step": chosen, "form": form, "refusal": refusal}
    context["name"] = content.named(found.content["about"])
    return page(request, "briefings/step.html", context, status=409 if refusal else 200)


# --- Files --------------------------------------------------------------------------------------------


@allow(READERS)
def word(request: HttpRequest, pk: int) -> HttpResponse:
    """As the red-headed document, or with ?style=plain as the bulletin."""
    found, style = _found(request, pk), _style(request)
    kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    name = documents.file_name(found, "docx", style)
    return download(documents.word(found, style), name=name, content_type=kind)


@allow(READERS)
def pdf(request: HttpRequest, pk: int) -> HttpResponse:
    """As the red-headed document, or with ?style=plain as the bulletin."""
    found, style = _found(request, pk), _style(request)
    name = documents.file_name(found, "pdf", style)
    return download(documents.pdf(found, style), name=name, content_type="application/pdf")


def _style(request: HttpRequest) -> documents.Style:
    try:
        return documents.Style(request.GET.get("style", documents.Style.OFFICIAL))
    except ValueError:
        raise Http404 from None


@allow("briefings.draft_briefing")
def bulletin(request: HttpRequest, pk: int) -> HttpResponse:
    """Issue a published briefing as the next bulletin of the year."""
    found = _found(request, pk)
    form = StepForm(request.POST or None, briefing=found)
    return _act(request, found, _issuing(), form, lambda **given: bulletins.issue(found, **given))


def _issuing() -> StepPage:
    return StepPage(
        "bulletin",
        ReviewKind.PUBLISHED,
        _("Issue as a bulletin"),
        _("It takes the next issue number of the year and keeps it."),
        _("Issued. Word and PDF of the bulletin carry the number."),
        bulletins.issue,
    )
