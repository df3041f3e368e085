"""Which units brought a project in: rows of unit and percent that add up to 100."""

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext as _

from core.money import CENT
from projects.forms.fields import PercentField
from projects.models import Project
from taskforces.models import ReportingUnit

SHARE_ROWS = range(1, 5)


class SharesForm(forms.Form):
    """Four rows are enough: no project of the last two years' ledgers is shared by more than two."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        units = [("", ""), *((str(unit.pk), str(unit)) for unit in ReportingUnit.objects.order_by("order"))]
        for row in SHARE_ROWS:
            self.fields[f"share_unit_{row}"] = forms.ChoiceField(
                label=_("Unit"), choices=units, required=False
            )
            self.fields[f"share_percent_{row}"] = PercentField(label=_("Share"), required=False)

    @property
    def share_rows(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        return [(self[f"share_unit_{row}"], self[f"share_percent_{row}"]) for row in SHARE_ROWS]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        rows = [
            (row, values.get(f"share_unit_{row}"), values.get(f"share_percent_{row}")) for row in SHARE_ROWS
        ]
        units = ReportingUnit.objects.in_bulk([int(unit) for _row, unit, _percent in rows if unit])
        values["shares"] = self._read(rows, units)
        self._check_whole(values["shares"], self.lead_unit(values))
        return values

    def lead_unit(self, values: dict[str, Any]) -> ReportingUnit | None:
        """The unit that must be among them."""
        return values.get("reporting_unit")

    def _read(self, rows: list[Any], units: dict[int, ReportingUnit]) -> dict[ReportingUnit, Decimal]:
        shares: dict[ReportingUnit, Decimal] = {}
        for row, chosen, percent in rows:
            unit = units.get(int(chosen)) if chosen else None
            if unit and percent is None and f"share_percent_{row}" not in self.errors:
                self.add_error(f"share_percent_{row}", _("Which share has %(unit)s?") % {"unit": unit})
            elif percent is not None and not unit and f"share_unit_{row}" not in self.errors:
                self.add_error(f"share_unit_{row}", _("Which unit has this share?"))
            elif unit in shares:
                self.add_error(f"share_unit_{row}", _("%(unit)s stands here twice.") % {"unit": unit})
            elif unit and percent is not None:
                shares[unit] = percent.quantize(CENT)
                self._last = f"share_percent_{row}"
        return shares

    def _check_whole(self, shares: dict[ReportingUnit, Decimal], lead: ReportingUnit | None) -> None:
        if not shares or any(name.startswith("share_") for name in self.errors):
            return
        if (total := sum(shares.values())) != 100:
            sentence = _("The shares add up to %(sum)s %%; they must be 100 %%.") % {
                "sum": f"{Decimal(total).normalize():f}"
            }
            self.add_error(self._last, sentence)
        elif lead and lead not in shares:
            self.add_error(
                self._last, _("%(unit)s reports the project, so it needs a share.") % {"unit": lead}
            )


class ShareOutForm(SharesForm):
    """Says anew how a project is shared; rows left empty mean its own unit alone."""

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        self.project = project
        super().__init__(*args, **kwargs)
        for row, share in zip(SHARE_ROWS, project.shares.order_by("-percent", "unit__order"), strict=False):
            self.initial[f"share_unit_{row}"] = share.unit_id
            self.initial[f"share_percent_{row}"] = f"{share.percent.normalize():f}"

    def lead_unit(self, values: dict[str, Any]) -> ReportingUnit | None:
        return self.project.reporting_unit
