"""The table of a year's targets as one form: a row for each scope, a column for each indicator."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from briefings import targets
from briefings.figures import Scope
from briefings.indicators import INDICATORS
from briefings.targets import TARGETED, Cell, Targets
from core import money


@dataclass(frozen=True)
class Row:
    """A scope's line of fields; None where it cannot have the indicator."""

    scope: Scope
    fields: list[forms.BoundField | None]

    @property
    def name(self) -> str:
        return str(self.scope.task_force or self.scope.unit or _("The whole city"))


class TargetsForm(forms.Form):
    """Amounts in 亿元, as plans are written; an empty field has no target."""

    seen = forms.IntegerField(widget=forms.HiddenInput)
    reason = forms.CharField(
        label=_("Why targets are revised"),
        max_length=300,
        required=False,
        help_text=_("Needed as soon as a target that stood is changed."),
    )

    def __init__(self, data: Any = None, *, year: int, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.year = year
        self.standing = Targets(year)
        self.fields["seen"].initial = targets.newest(year)
        for name, (scope, code) in self.cells.items():
            self.fields[name] = self._field(scope, code)

    @cached_property
    def cells(self) -> Mapping[str, tuple[Scope, str]]:
        """By the name of the field: “force:steel/contracted”."""
        return {
            f"{targets.key_of(scope)}/{code}": (scope, code)
            for scope in targets.scopes_of(self.year)
            for code in TARGETED
            if targets.may_have(scope, code)
        }

    def _field(self, scope: Scope, code: str) -> forms.Field:
        found, value = INDICATORS[code], self.standing.value(scope, code)
        places = 6 if found.is_amount else 0
        return forms.DecimalField(
            required=False,
            min_value=Decimal(1).scaleb(-places),
            max_digits=12,
            decimal_places=places,
            label=str(found.name),
            initial=None if value is None else _plain(money.yi(value) if found.is_amount else value),
            widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off", "data-cell": code}),
        )

    def rows(self) -> list[Row]:
        return [
            Row(scope, [self._bound(scope, code) for code in TARGETED])
            for scope in targets.scopes_of(self.year)
        ]

    def _bound(self, scope: Scope, code: str) -> forms.BoundField | None:
        name = f"{targets.key_of(scope)}/{code}"
        return self[name] if name in self.fields else None

    @property
    def values(self) -> dict[Cell, Decimal | None]:
        """What the verb is called with, amounts in 万元."""
        return {
            (targets.key_of(scope), code): _in_wan(self.cleaned_data[name], code)
            for name, (scope, code) in self.cells.items()
        }

    def looked_at_again(self) -> "TargetsForm":
        """What was typed stays; who sends it again has seen what others entered meanwhile."""
        self.data = {**self.data.dict(), "seen": str(targets.newest(self.year))}  # type: ignore[attr-defined]
        return self


def _in_wan(value: Decimal | None, code: str) -> Decimal | None:
    if value is None or not INDICATORS[code].is_amount:
        return value
    return value * money.WAN_IN_YI


def _plain(value: Decimal) -> str:
    return f"{value.normalize():f}"
