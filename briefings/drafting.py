"""The only writers of briefings: drafted, reviewed, signed off, published.

Every step is taken against the version its caller saw: of two at once one wins, the other is told.
"""

import datetime
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.models import User
from briefings import content, timetable, words
from briefings.choices import BriefingState, ReviewKind, ScopeKind
from briefings.models import Briefing, Period, Review, Snapshot
from briefings.notifications import tell_of_draft, tell_of_step
from briefings.rules import REDRAFTED_BY_ITSELF, STEPS
from briefings.telling import Telling, tell
from core.refusal import Refusal
from core.text import clean_text


class CannotDraft(Refusal):
    """The month cannot be drafted: it has not begun, or it is closed."""


class CannotReview(Refusal):
    """The step does not fit the state of the briefing, or lacks what it needs."""


class NumbersMoved(CannotReview):
    """Numbers in the text no longer equal the tables, and nobody has said why they stand."""


class OthersMissing(CannotReview):
    """The city's briefing comes after the others, and nobody has said why it goes ahead."""


class CannotPublish(Refusal):
    """The document number is missing, written otherwise than it must be, or taken."""


class ChangedMeanwhile(Refusal):
    """Somebody else took a step since the caller looked."""


# --- Drafting -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Drafted:
    """What drafting a month did: how many briefings are new, say something new, were left as they are."""

    made: int
    changed: int
    unchanged: int
    kept: int

    @property
    def total(self) -> int:
        return self.made + self.changed + self.unchanged + self.kept


def _silent(_done: int, _total: int) -> None:
    pass


def draft(
    month: datetime.date,
    *,
    today: datetime.date,
    by: User,
    only: Iterable[str] = (),
    report: Callable[[int, int], None] = _silent,
) -> Drafted:
    """Draft every briefing of a month, or draft again those that nobody has confirmed yet.

    `only` names briefings ("city", "force:steel", "unit:450205"); a named one is drafted again even
    when it is confirmed, and has to be confirmed again. One transaction a briefing: stopped half-way,
    the next run finds the rest; run twice, even at once, it leaves the same rows.
    """
    period = _open_period(month, today)
    named = frozenset(only)
    tellings = tell(month, today=today, only=named)
    if unknown := named - {telling.key for telling in tellings}:
        raise CannotDraft(_("There is no briefing called %(name)s.") % {"name": ", ".join(sorted(unknown))})
    outcomes: Counter[str] = Counter()
    for done, telling in enumerate(tellings, start=1):
        outcomes[_draft_one(period, telling, by=by, named=telling.key in named)] += 1
        report(done, len(tellings))
    return Drafted(**{name: outcomes[name] for name in Drafted.__dataclass_fields__})


def redraft(briefing: Briefing, *, by: User, today: datetime.date) -> Briefing:
    """Draft one briefing again by name; if it was confirmed or returned, it has to be confirmed anew."""
    _check_state(briefing, ReviewKind.REDRAFTED)
    _check_version(briefing)
    draft(briefing.period.month, today=today, by=by, only=[briefing.scope_key])
    briefing.refresh_from_db()
    return briefing


def is_settled(month: datetime.date) -> bool:
    """Nothing is left to draft: the month is closed, or all its briefings are published."""
    if Period.objects.filter(month=month, closed_on__isnull=False).exists():
        return True
    briefings = Briefing.objects.filter(period__month=month)
    return briefings.exists() and not briefings.unpublished().exists()


def _open_period(month: datetime.date, today: datetime.date) -> Period:
    if month.day != 1 or month > today:
        raise CannotDraft(_("This month has not begun yet. Choose a month up to the current one."))
    period, _made = Period.objects.get_or_create(month=month)
    if period.closed_on:
        raise CannotDraft(
            _("%(month)s was closed on %(day)s: its briefings stay as they are.")
            % {"month": str(period), "day": date_format(period.closed_on, "Y-m-d")}
        )
    return period


@transaction.atomic
def _draft_one(period: Period, telling: Telling, *, by: User, named: bool) -> str:
    """The name of the field of `Drafted` that this briefing counts in."""
    briefing, made = Briefing.objects.get_or_create(
        period=period,
        scope_key=telling.key,
        defaults={
            "scope": telling.scope,
            "task_force": telling.task_force,
            "unit": telling.unit,
            "content": telling.content,
            "counted": telling.counted,
        },
    )
    if made:
        tell_of_draft(briefing)
        return "made"
    allowed = STEPS[ReviewKind.REDRAFTED].sources if named else REDRAFTED_BY_ITSELF
    if briefing.state not in allowed:
        return "kept"
    same = briefing.content == telling.content and briefing.counted == telling.counted
    if same and not (named and briefing.state == BriefingState.RETURNED):
        return "unchanged"
    facts = {"changed": content.changes(briefing.content, telling.content)}
    news: dict[str, Any] = {
        "content": telling.content,
        "counted": telling.counted,
        "drafted_at": timezone.now(),
    }
    try:
        _step(briefing, ReviewKind.REDRAFTED, by=by, facts=facts, **news)
    except ChangedMeanwhile:  # the other run wrote the same, or a person acts: the next run will see
        return "kept"
    return "changed"


# --- Reviewing --------------------------------------------------------------------------------


@transaction.atomic
def confirm(briefing: Briefing, *, by: User, reason: str = "") -> Review:
    """Whoever answers for the figures says that they are right.

    Raises CannotReview while a dispute is unanswered, and OthersMissing for the city's briefing while
    others of the month are not confirmed; with a reason it goes ahead and keeps which were missing.
    """
    _check_state(briefing, ReviewKind.CONFIRMED)
    _check_answered(briefing)
    reason = clean_text(reason, max_length=1000)
    missing = not_confirmed_before(briefing)
    if missing and not reason:
        raise OthersMissing(
            _("Not confirmed yet: %(names)s. Wait for them, or say why the city's briefing goes ahead.")
            % {"names": ", ".join(missing)}
        )
    facts = {"without": missing} if missing else {}
    return _step(briefing, ReviewKind.CONFIRMED, by=by, reason=reason, facts=facts)


def not_confirmed_before(briefing: Briefing) -> list[str]:
    """Whose figures of the month nobody has confirmed yet; asked of the city's briefing, which comes last."""
    if briefing.scope != ScopeKind.CITY:
        return []
    others = Briefing.objects.filter(period=briefing.period_id, state__in=BriefingState.UNCONFIRMED)
    rows = others.exclude(pk=briefing.pk).for_list().order_by("scope", "task_force__order", "unit__order")
    return [str(one.task_force or one.unit) for one in rows]


@transaction.atomic
def lapse(briefing: Briefing, *, reason: str, by: User, today: datetime.date) -> Review:
    """The bureau confirms figures for which nobody has spoken within the window, and says why.

    Raises CannotReview before the window has passed, without a reason and while a dispute is open.
    """
    _check_state(briefing, ReviewKind.LAPSED)
    _check_answered(briefing)
    due = timetable.confirm_by(briefing.period.month)
    if today <= due:
        raise CannotReview(
            _("Whoever answers for these figures has until %(day)s to confirm them.")
            % {"day": due.isoformat()}
        )
    reason = _words(reason, _("Say why the bureau confirms figures that are not its own."))
    return _step(briefing, ReviewKind.LAPSED, by=by, reason=reason, facts={"due": due.isoformat()})


@transaction.atomic
def dispute(briefing: Briefing, *, figure: str, reason: str, by: User) -> Review:
    """Somebody who answers for the figures says that one is wrong, and why.

    `figure` is a key of the content, such as "contracted:year".
    """
    _check_state(briefing, ReviewKind.DISPUTED)
    if figure not in content.values(briefing.content):
        raise CannotReview(_("Choose the figure you dispute."))
    reason = _words(reason, _("Say what is wrong with the figure and how it should read."))
    if briefing.reviews.unanswered().filter(figure=figure).exists():
        raise CannotReview(_("This figure is disputed already. The bureau's answer is still to come."))
    return _step(briefing, ReviewKind.DISPUTED, by=by, figure=figure, reason=reason)


@transaction.atomic
def answer(review: Review, *, text: str, by: User, today: datetime.date) -> Review:
    """The bureau answers a dispute with its reason; if the figures have changed since, it drafts again."""
    briefing = review.briefing
    _check_state(briefing, ReviewKind.ANSWERED)
    text = _words(text, _("Answer with the reason: what was corrected, or why the figure stands."))
    if review.kind != ReviewKind.DISPUTED or Review.objects.filter(answers=review).exists():
        raise CannotReview(_("This dispute is answered already."))
    given = _step(briefing, ReviewKind.ANSWERED, by=by, figure=review.figure, reason=text, answers=review)
    telling = tell(briefing.period.month, today=today, only=[briefing.scope_key])[0]
    _draft_one(briefing.period, telling, by=by, named=False)
    return given


@transaction.atomic
def send_back(briefing: Briefing, *, reason: str, by: User) -> Review:
    """Return a briefing to the bureau's desk; whatever was confirmed or signed off falls with it."""
    _check_state(briefing, ReviewKind.RETURNED)
    reason = _words(reason, _("Say why you return it, so that it can be put right."))
    return _step(briefing, ReviewKind.RETURNED, by=by, reason=reason)


@transaction.atomic
def write(briefing: Briefing, *, texts: Mapping[str, str], by: User) -> Briefing:
    """Change people's own words at their places ("overall:before"); an empty text takes them away.

    Drafting again keeps them. A number among them is bound to the figures that it equals now, so that
    it is told when they have moved on.
    """
    _check_state(briefing, ReviewKind.REMARKED)
    if strange := set(texts) - set(words.places(briefing.content)) - set(briefing.words):
        raise CannotReview(_("There is no section %(name)s here.") % {"name": ", ".join(sorted(strange))})
    cleaned = {place: clean_text(text, max_length=words.LENGTH) for place, text in texts.items()}
    changed = {place: text for place, text in cleaned.items() if text != words.text_at(briefing.words, place)}
    if not changed:
        _check_version(briefing)
        return briefing
    facts = {"words": [[place, words.text_at(briefing.words, place), changed[place]] for place in changed]}
    rewritten = words.rewritten(briefing.content, briefing.words, changed)
    _step(briefing, ReviewKind.REMARKED, by=by, facts=facts, words=rewritten)
    return briefing


# --- Signing off and publishing -------------------------------------------------------------------


@transaction.atomic
def sign_off(briefing: Briefing, *, by: User, reason: str = "") -> Review:
    """The bureau's leader stands behind a confirmed briefing; from here its content is settled.

    Raises CannotReview for a briefing that nobody confirmed, that `by` confirmed, or with a dispute
    still open; and, unless a reason is given, for words with a number that no longer equals its table.
    """
    _check_state(briefing, ReviewKind.SIGNED_OFF)
    _check_answered(briefing)
    confirmed = briefing.reviews.filter(kind__in=ReviewKind.CONFIRMING).order_by("-pk").first()
    if confirmed is None:
        raise CannotReview(_("Nobody who answers for these figures has confirmed them yet."))
    if confirmed.kind == ReviewKind.CONFIRMED and confirmed.by_id == by.pk:
        raise CannotReview(_("You confirmed this briefing yourself. Somebody else has to sign it off."))
    reason = clean_text(reason, max_length=1000)
    facts = {"moved": sentences} if (sentences := _moved_numbers(briefing, reason)) else {}
    return _step(briefing, ReviewKind.SIGNED_OFF, by=by, reason=reason, facts=facts)


def _moved_numbers(briefing: Briefing, reason: str) -> list[str]:
    """What people's words say otherwise than the tables do now; it stands only for a reason."""
    sentences = [mark.sentence for mark in words.moved(briefing.content, briefing.words)]
    if sentences and not reason:
        raise NumbersMoved(
            _(
                "Numbers in the text no longer equal the tables: %(numbers)s."
                " Correct them, or say why they stand."
            )
            % {"numbers": "; ".join(sentences)}
        )
    return sentences


@transaction.atomic
def publish(briefing: Briefing, *, number: str, by: User, today: datetime.date) -> Review:
    """Issue a briefing under its document number: its figures are frozen with what they counted.

    Raises CannotPublish for a number that is not written like 柳招商〔2026〕11号 or is taken.
    """
    _check_state(briefing, ReviewKind.PUBLISHED)
    number = document_number(number)
    facts = {"number": number}
    issued: dict[str, Any] = {"number": number, "published_on": today, "published_at": timezone.now()}
    try:
        with transaction.atomic():
            review = _step(briefing, ReviewKind.PUBLISHED, by=by, facts=facts, **issued)
    except IntegrityError:
        raise CannotPublish(
            _("The number %(number)s is taken by another briefing.") % {"number": number}
        ) from None
    Snapshot.objects.bulk_create(_snapshots(briefing))
    return review


NUMBER = re.compile(r"[\u4e00-\u9fff]{2,16}〔20\d\d〕[1-9]\d{0,3}号", re.ASCII)
_BRACKETS = str.maketrans("[【(（]】)）", "〔〔〔〔〕〕〕〕")


def document_number(typed: str) -> str:
    """The number as it is written; raises CannotPublish for one that is written otherwise."""
    number = "".join(typed.split()).translate(_BRACKETS)
    if not NUMBER.fullmatch(number):
        raise CannotPublish(_("Write the document number like this: 柳招商〔2026〕11号."))
    return number


def _snapshots(briefing: Briefing) -> list[Snapshot]:
    def decimal(value: str | None) -> Decimal | None:
        return None if value is None else Decimal(value)

    return [
        Snapshot(
            briefing=briefing,
            indicator=value.code,
            span=value.span,
            value=decimal(value.value),
            base=decimal(value.base),
            counted=briefing.counted[key],
        )
        for key, value in content.values(briefing.content).items()
    ]


# --- One step ------------------------------------------------------------------------------------------


def _step(
    briefing: Briefing,
    kind: str,
    *,
    by: User,
    figure: str = "",
    reason: str = "",
    answers: Review | None = None,
    facts: dict[str, Any] | None = None,
    **changes: Any,
) -> Review:
    """Move the briefing and write the step into its history, unless somebody was faster."""
    changes["state"] = STEPS[kind].target or briefing.state
    changes["version"] = briefing.version + 1
    seen = Briefing.objects.filter(pk=briefing.pk, state=briefing.state, version=briefing.version)
    if not seen.update(**changes):
        raise ChangedMeanwhile(_who_was_first(briefing))
    for name, value in changes.items():
        setattr(briefing, name, value)
    review = Review.objects.create(
        briefing=briefing, kind=kind, by=by, figure=figure, reason=reason, answers=answers, facts=facts or {}
    )
    tell_of_step(review)
    return review


def _check_state(briefing: Briefing, kind: str) -> None:
    if briefing.state in STEPS[kind].sources:
        return
    if briefing.state == BriefingState.PUBLISHED:
        raise CannotReview(
            _("This briefing is published as %(number)s: nothing in it changes any more.")
            % {"number": briefing.number}
        )
    allowed = [str(BriefingState(state).label) for state in STEPS[kind].sources]
    raise CannotReview(
        _("This briefing is “%(state)s”. The step is possible while it is: %(allowed)s.")
        % {"state": briefing.get_state_display(), "allowed": ", ".join(allowed)}
    )


def _check_version(briefing: Briefing) -> None:
    if not Briefing.objects.filter(pk=briefing.pk, version=briefing.version).exists():
        raise ChangedMeanwhile(_who_was_first(briefing))


def _check_answered(briefing: Briefing) -> None:
    if open_disputes := briefing.reviews.unanswered().count():
        raise CannotReview(
            _("Figures are still disputed (%(count)d). The bureau answers first.") % {"count": open_disputes}
        )


def _who_was_first(briefing: Briefing) -> str:
    last = briefing.reviews.select_related("by").order_by("-pk").first()
    if last is None:
        return _("Somebody else has just changed this briefing. Look at it again, then decide.")
    return _("%(name)s was first: %(what)s, %(at)s. Look at the briefing again, then decide.") % {
        "name": last.by.name,
        "what": last.get_kind_display(),
        "at": date_format(timezone.localtime(last.at), "Y-m-d H:i"),
    }


def _words(text: str, missing: str) -> str:
    text = clean_text(text, max_length=1000)
    if not text:
        raise CannotReview(missing)
    return text
