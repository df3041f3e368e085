"""The legend: what each indicator means. Its numbers stand under `figures/`."""

from typing import Any

from django.utils import translation
from django.utils.functional import Promise
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from briefings import figures
from briefings.figures import Figure, Indicator, Rate, Window
from briefings.indicators import SUBJECTS, Kind, Subject, kind_of
from briefings.targets import TARGETED
from core import clock
from core.endpoints import Plain, described
from core.limits import Access
from core.remembering import memory

SCOPES = ("task_force", "unit")


class IndicatorRow(serializers.Serializer):
    code = serializers.CharField()
    subject = serializers.ChoiceField([subject.code for subject in SUBJECTS])
    name = serializers.CharField(help_text="In Chinese.")
    name_en = serializers.CharField()
    formula = serializers.CharField(help_text="In Chinese.")
    formula_en = serializers.CharField()
    unit = serializers.CharField()
    kind = serializers.ChoiceField(Kind.choices)
    numerator = serializers.CharField(allow_null=True, help_text="Of a share: the code of the indicator.")
    denominator = serializers.CharField(allow_null=True)
    rules = serializers.ListField(child=serializers.CharField(), help_text="Counting rules that apply.")
    scopes = serializers.ListField(child=serializers.ChoiceField(SCOPES), help_text="Beside the city.")
    has_target = serializers.BooleanField()
    value = serializers.FloatField(allow_null=True, help_text="Of the city, from January to this month.")
    base = serializers.FloatField(allow_null=True, help_text="The same months a year earlier.")


class Indicators(APIView):
    """Every indicator, as on the page *Indicators*."""

    access: Access = {"read": ("briefings.view_figures",)}

    @described(IndicatorRow(many=True), operation_id="indicators")
    def get(self, request: Request) -> Response:
        window = Window.year_to(clock.today())
        return Response(memory.recall(("indicators", window), lambda: _told(window)))


def _told(window: Window) -> list[Plain]:
    found = figures.compute(figures.CODES, window)
    return [_row(subject, one, found[one.code]) for subject in SUBJECTS for one in subject.indicators]


def _row(subject: Subject, found: Indicator | Rate, figure: Figure) -> Plain:
    return {
        "code": found.code,
        "subject": subject.code,
        **_in_both("name", found.name),
        **_in_both("formula", found.formula),
        "unit": found.unit,
        "kind": kind_of(found).value,
        "numerator": found.numerator.code if isinstance(found, Rate) else None,
        "denominator": found.denominator.code if isinstance(found, Rate) else None,
        "rules": [_in("zh-hans", rule) for rule in found.source.rules],
        "scopes": [scope for scope in SCOPES if found.source.knows([scope])],
        "has_target": found.code in TARGETED,
        "value": None if figure.value is None else float(figure.value),
        "base": None if figure.base is None else float(figure.base),
    }


def _in_both(name: str, words: str | Promise) -> dict[str, Any]:
    return {name: _in("zh-hans", words), f"{name}_en": _in("en", words)}


def _in(language: str, words: str | Promise) -> str:
    with translation.override(language):
        return str(words)
