"""Monthly progress as people type it: one project's, or a row of the table of a unit's projects."""

import datetime
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from core.money import MoneyFormField, format_wan
from projects import progress
from projects.forms.fields import MonthField, NameField
from projects.models import Project
from projects.progress import Around, Told


class ToldForm(forms.Form):
    """Cumulative amounts by the end of a month; what contradicts the books is said at its field."""

    invested = MoneyFormField(label=_("Fixed-asset investment done"))
    funds_in_place = MoneyFormField(label=_("Funds in place"))
    physical = NameField(label=_("Physical progress"), longest=300, required=False)
    blocked_by = NameField(label=_("What blocks it"), longest=300, required=False)
    reason = NameField(
        label=_("Reason"),
        longest=300,
        required=False,
        help_text=_("Only when an amount is put right and falls below the month before."),
    )
    is_sure = forms.BooleanField(label=_("The amounts are right, in 万元"), required=False)

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.project = project
        self.looks_absurd = False

    def told(self) -> Told:
        return Told(**{name: self.cleaned_data[name] for name in Told.__dataclass_fields__})

    def check_against(self, standing: Around) -> None:
        if self.errors:
            return
        for objection in progress.objections(self.told(), self.project, standing):
            self.add_error(objection.field or None, objection.sentence)
            self.looks_absurd |= objection.is_doubt

    @property
    def asks_reason(self) -> bool:
        """Only where an amount contradicts another month, or a reason was given before."""
        return any(self.has_error(name) for name in progress.AMOUNTS) or bool(self["reason"].value())

    @property
    def asks_if_sure(self) -> bool:
        return self.looks_absurd or bool(self.is_bound and self["is_sure"].value())


class ProgressForm(ToldForm):
    """One project's report of any open month."""

    month = MonthField(label=_("By the end of"))

    def __init__(self, *args: Any, today: datetime.date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["month"].widget.attrs["max"] = f"{today:%Y-%m}"

    def clean(self) -> None:
        super().clean()
        if month := self.cleaned_data.get("month"):
            self.check_against(progress.around([self.project.pk], month)[self.project.pk])


class MonthForm(forms.Form):
    """Which month to report: 2026-10."""

    month = MonthField(label=_("Month"))


class RowForm(ToldForm):
    """A project's row of the table. Without amounts nothing is reported of it."""

    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, standing: Around, **kwargs: Any) -> None:
        self.standing = standing
        super().__init__(*args, initial=_begin(standing), **kwargs)
        for name, bound in self.fields.items():
            bound.widget.attrs["data-cell"] = name

    @cached_property
    def is_blank(self) -> bool:
        return self.is_bound and not any(self[name].data for name in ("invested", "funds_in_place"))

    def clean(self) -> None:
        super().clean()
        self.check_against(self.standing)

    @property
    def seen_version(self) -> int:
        return self.cleaned_data["version"] or 0

    def look_again(self) -> None:
        """Somebody else has reported this project since the page was shown: what was typed stays."""
        same = self.standing.same
        if same is None or self.seen_version == same.version:
            return
        self.data = {**self.data, self.add_prefix("version"): str(same.version)}
        self.add_error(
            None,
            gettext(
                "%(name)s has just reported this project: %(invested)s invested, %(funds)s in place."
                " Save again to put yours in its place."
            )
            % {
                "name": same.by,
                "invested": format_wan(same.invested),
                "funds": format_wan(same.funds_in_place),
            },
        )


def _begin(standing: Around) -> dict[str, Any]:
    """What was reported of the month, else what the months before came to: amounts are cumulative."""
    if standing.same:
        names = ("invested", "funds_in_place", "physical", "blocked_by", "reason", "version")
        return {name: getattr(standing.same, name) for name in names}
    if last := standing.before:
        return {"invested": last.invested, "funds_in_place": last.funds_in_place, "physical": last.physical}
    return {}


class ReportTable:
    """All running projects of a unit or task force in one form for a month; saved at once or not at all."""

    def __init__(
        self, projects: Iterable[Project], month: datetime.date, data: Mapping[str, Any] | None = None
    ) -> None:
        projects = list(projects)
        standing = progress.around([project.pk for project in projects], month)
        self.month, self.refusal = month, ""
        self.rows = [
            RowForm(data, project=project, standing=standing[project.pk], prefix=f"p{project.pk}")
            for project in projects
        ]

    @property
    def filled(self) -> list[RowForm]:
        return [row for row in self.rows if not row.is_blank]

    @property
    def wrong(self) -> list[RowForm]:
        return [row for row in self.filled if row.errors]

    def is_valid(self) -> bool:
        return not self.wrong

    def save(self, *, by: User, today: datetime.date) -> int:
        """How many projects are reported; raises CannotReport."""
        told = {row.project.pk: row.told() for row in self.filled}
        seen = {row.project.pk: row.seen_version for row in self.filled}
        return len(progress.report_all(month=self.month, told=told, by=by, today=today, seen=seen))

    def look_again(self) -> None:
        for row in self.filled:
            row.look_again()
