"""What people type about themselves."""

from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from core import text


class SignInForm(AuthenticationForm):
    """Says the same of a wrong password, an unknown name and an account that was closed."""

    error_messages = {
        "invalid_login": _("The user name or the password is wrong. Mind capital letters."),
        "inactive": _("The user name or the password is wrong. Mind capital letters."),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""


class PasswordForm(PasswordChangeForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""


class TokenForm(forms.Form):
    name = forms.CharField(
        label=_("What it is for"),
        max_length=60,
        help_text=_("For example the program or the desk that will use it."),
    )

    def clean_name(self) -> str:
        try:
            return text.clean_name(self.cleaned_data["name"], max_length=60)
        except text.BadText as refusal:
            raise ValidationError(refusal.message) from refusal


class MailsForm(forms.ModelForm):
    """Which mails I want, and in which language."""

    class Meta:
        model = User
        fields = ("mails", "mail_language")
        widgets = {"mails": forms.RadioSelect}
