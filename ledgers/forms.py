"""What people fill in about ledgers: handing one in, what cells mean, why a commit is undone."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.roles import Role
from core.text import validate_name
from ledgers import receiving
from ledgers.receiving import SENDER_LENGTH

ACCEPTED = ".xlsx,.xls,.et,.csv"


class LedgerForm(forms.Form):
    """A ledger to hand in. A county office sends its own; the bureau says whose it is."""

    file = forms.FileField(
        label=_("Workbook"),
        widget=forms.FileInput(attrs={"accept": ACCEPTED}),
        help_text=_("As the county made it: .xlsx, .xls, .et or .csv. You need not tidy it up."),
    )
    sender = forms.CharField(
        label=_("Whose ledger it is"),
        max_length=SENDER_LENGTH,
        validators=[validate_name],
        help_text=_("A reporting unit, or another office. What is answered once is remembered for it."),
    )
    kind = forms.ChoiceField(label=_("Kind of ledger"))
    again = forms.BooleanField(label=_("Hand it in again on purpose"), required=False)

    def __init__(self, *args: Any, user: User, asks_again: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kinds = [(kind.code, kind.label) for kind in receiving.kinds_for(user)]
        units = list(receiving.units_for(user))
        self.fields["kind"].choices = kinds  # type: ignore[attr-defined]
        self.fields["kind"].initial = kinds[0][0] if kinds else None  # unless `initial` names one
        if len(kinds) == 1:
            self.fields["kind"].widget = forms.HiddenInput()
        if not asks_again:
            self.fields["again"].widget = forms.HiddenInput()
        if user.role == Role.UNIT:
            self.fields["sender"] = forms.ChoiceField(
                label=_("Whose ledger it is"), choices=[(unit.name, str(unit)) for unit in units]
            )
            self.fields["sender"].initial = units[0].name if units else None
        else:
            self.fields["sender"].widget.attrs["list"] = "senders"
        self.senders = [unit.name for unit in units]
