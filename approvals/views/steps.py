"""The next steps of a need or a task as buttons: one table of them serves page, form and verb."""

import datetime
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from accounts.models import User
from approvals.forms import RowStepForm
from core import files, receipts
from core.refusal import Refusal


@dataclass(frozen=True)
class Step:
    """One button: who may press it, in which states, with which form, and what it does.

    `label` names what has to be said with it; `fits` asks for more than the state.
    """

    word: str | Promise
    permission: str
    states: Collection[str]
    act: Callable[..., Any]
    form: type[RowStepForm] = RowStepForm
    label: str | Promise = ""
    main: bool = False
    upload: str = ""
    fits: Callable[[Any], bool] = lambda row: True

    def is_open(self, row: Any, user: User) -> bool:
        return row.state in self.states and user.has_perm(self.permission) and self.fits(row)


Steps = Mapping[str, Step]


@dataclass(frozen=True)
class Tried:
    """A step that was refused, with its form as it was sent; or nothing was tried yet."""

    name: str = ""
    form: RowStepForm | None = None


def take(
    request: HttpRequest, steps: Steps, row: Any, *, user: User, today: datetime.date
) -> tuple[bool, Tried]:
    """Take the step that was posted: whether it was taken, and else what was tried."""
    name = request.POST.get("step", "")
    step = steps.get(name)
    if step is None or not user.has_perm(step.permission):
        raise PermissionDenied
    form = step.form(request.POST, request.FILES, row=row, word=step.label, today=today)
    if form.is_valid() and _taken(request, form, step, row, user, today):
        return True, Tried()
    return False, Tried(name, form)


def _taken(
    request: HttpRequest, form: RowStepForm, step: Step, row: Any, user: User, today: datetime.date
) -> bool:
    facts = {**form.cleaned_data, "by": user, "today": today}
    try:
        with receipts.once(user=user, key=receipts.token_of(request), sent=request.POST) as sending:
            if sending.seen:
                return True
            with transaction.atomic():
                if step.upload:
                    facts["file"] = files.store(facts.pop(step.upload), by=user)
                step.act(row, **facts)
    except Refusal as refusal:
        form.add_error(None, [refusal.message, *refusal.details])
        return False
    messages.success(request, _("Entered: %(step)s.") % {"step": step.word})
    return True


def drawn(steps: Steps, row: Any, tried: Tried, *, user: User, today: datetime.date) -> list[dict[str, Any]]:
    """The buttons that this person has on this row, for `approvals/_steps.html`."""
    return [
        {
            "name": name,
            "word": step.word,
            "main": step.main,
            "upload": bool(step.upload),
            "tried": name == tried.name,
            "form": tried.form if name == tried.name and tried.form else _blank(name, step, row, today),
        }
        for name, step in steps.items()
        if step.is_open(row, user)
    ]


def _blank(name: str, step: Step, row: Any, today: datetime.date) -> RowStepForm:
    initial = {"version": row.version}
    return step.form(row=row, word=step.label, today=today, initial=initial, auto_id=f"id_{name}_%s")


def see_anew(tried: Tried, row: Any) -> None:
    """What others did in the meantime now stands on the page: the next try is made knowing it."""
    if tried.form is not None:
        tried.form.data = tried.form.data.copy()  # type: ignore[attr-defined]
        tried.form.data["version"] = str(row.version)  # type: ignore[index]


def with_reason(act: Callable[..., Any]) -> Callable[..., Any]:
    """For the verbs that call the note a reason."""
    return lambda row, *, note, **facts: act(row, reason=note, **facts)
