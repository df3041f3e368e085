"""Fields that take what people type and paste, and say in a sentence what is wrong with it."""

import datetime
import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core import uscc
from core.refusal import Refusal
from core.text import clean_name, clean_text

EARLIEST, LATEST = datetime.date(2000, 1, 1), datetime.date(2099, 12, 31)
ISO = "%Y-%m-%d"


class NameField(forms.CharField):
    """One line. Without an HTML maxlength: the browser would cut a pasted name in silence."""

    clean_text = staticmethod(clean_name)

    def __init__(self, *, longest: int = 200, **kwargs: Any) -> None:
        self.longest = longest
        super().__init__(**kwargs)

    def to_python(self, value: Any) -> str:
        try:
            return self.clean_text(str(value or ""), max_length=self.longest)
        except Refusal as refusal:
            raise ValidationError(refusal.message, code="text") from refusal


class TextField(NameField):
    """Several lines."""

    widget = forms.Textarea(attrs={"rows": 3})
    clean_text = staticmethod(clean_text)


class CreditCodeField(forms.CharField):
    """A credit code with its check character verified; spaces, hyphens and full width are taken."""

    def to_python(self, value: Any) -> str:
        if not (typed := str(value or "").strip()):
            return ""
        try:
            return uscc.parse(typed)
        except Refusal as refusal:
            raise ValidationError(refusal.message, code="uscc") from refusal


class DayInput(forms.DateInput):
    input_type = "date"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(format=ISO, **kwargs)


class DayField(forms.DateField):
    """A day, typed as 2026-03-02, 2026/3/2, 2026.3.2 or 2026年3月2日."""

    widget: type[forms.DateInput] = DayInput
    default_error_messages = {
        "invalid": gettext_lazy("There is no such day. Write it as year-month-day, for example 2026-03-02."),
        "year": gettext_lazy("Is the year right? Days from 2000 to 2099 can be entered."),
        "future": gettext_lazy("This day lies in the future."),
    }

    def __init__(self, *, not_after: datetime.date | None = None, **kwargs: Any) -> None:
        self.not_after = not_after
        super().__init__(input_formats=[ISO, "%Y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日", "%Y%m%d"], **kwargs)

    def validate(self, value: datetime.date | None) -> None:
        super().validate(value)
        if value and not EARLIEST <= value <= LATEST:
            raise ValidationError(self.error_messages["year"], code="year")
        if value and self.not_after and value > self.not_after:
            raise ValidationError(self.error_messages["future"], code="future")


class MonthInput(forms.DateInput):
    input_type = "month"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(format="%Y-%m", **kwargs)


class MonthField(DayField):
    """A month as its first day, typed as 2026-03, 2026/3 or 2026年3月."""

    widget = MonthInput
    default_error_messages = {
        "invalid": gettext_lazy("There is no such month. Write it as year-month, for example 2026-03."),
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.input_formats = ["%Y-%m", "%Y/%m", "%Y.%m", "%Y年%m月", ISO]

    def to_python(self, value: Any) -> datetime.date | None:
        day = super().to_python(value)
        return day.replace(day=1) if day else None


class PercentField(forms.DecimalField):
    """A share: above 0, at most 100, two places; the sign % may be typed along."""

    widget = forms.TextInput(attrs={"inputmode": "decimal"})

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=0, max_value=100, max_digits=5, decimal_places=2, **kwargs)

    def to_python(self, value: Any) -> Any:
        return super().to_python(re.sub(r"[%％\s]", "", str(value or "")))

    def validate(self, value: Any) -> None:
        super().validate(value)
        if value is not None and value == 0:
            raise ValidationError(_("A share is above 0 %."), code="zero")
