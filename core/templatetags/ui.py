"""How things look on a page: amounts, days, lamps, icons, fields, chips, page links."""

import datetime
import math
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

import lucide
from django import template
from django.forms import (
    BooleanField,
    BoundField,
    CheckboxSelectMultiple,
    Form,
    MultiWidget,
    RadioSelect,
    Select,
    SelectMultiple,
    Widget,
)
from django.forms.utils import flatatt
from django.forms.widgets import Input
from django.http import HttpRequest, QueryDict
from django.template.context import Context
from django.template.loader import render_to_string
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext, gettext_lazy, pgettext

from core import money

register = template.Library()

NOTHING = money.NO_VALUE

# --- Numbers and days ------------------------------------------------------------------


@register.filter
def money_yi(wan: Decimal | None, places: int = 2) -> str:
    """亿元, half up: 148000 → 14.80. The argument sets the places: `|money_yi:1`."""
    return money.format_yi(wan, int(places))


@register.filter
def money_wan(wan: Decimal | None) -> str:
    """万元 with thousands, cents only where there are any: 148,000 or 148,000.50."""
    return money.format_wan(wan)


@register.filter
def percent(value: Decimal | None) -> str:
    return money.format_percent(value)


@register.filter(expects_localtime=True)
def day(value: datetime.date | None) -> str:
    """2025-06-20; a moment gives its day in Liuzhou."""
    return NOTHING if value is None else date_format(value, "Y-m-d")


@register.filter(expects_localtime=True)
def day_short(value: datetime.date | None) -> str:
    """06-20, where the year is clear."""
    return NOTHING if value is None else date_format(value, "m-d")


@register.filter(expects_localtime=True)
def day_words(value: datetime.date | None) -> str:
    # Translators: Django date format of a day inside a sentence, e.g. "20 June"
    return NOTHING if value is None else date_format(value, pgettext("date format", "j F"))


@register.filter(expects_localtime=True)
def month_words(value: datetime.date | None) -> str:
    # Translators: Django date format of a month inside a sentence, e.g. "June 2025"
    return NOTHING if value is None else date_format(value, pgettext("date format", "F Y"))


@register.filter(expects_localtime=True)
def moment(value: datetime.datetime | None) -> str:
    """2025-06-20 14:05."""
    return NOTHING if value is None else date_format(value, "Y-m-d H:i")


@register.filter
def listed(items: Iterable[object]) -> str:
    """Several things in one sentence: "permit, photo" or “许可证、照片”."""
    return pgettext("between items of a list", ", ").join(str(item) for item in items)


def clauses(items: Iterable[object]) -> str:
    """Several things said of one after the other: "passed; 李四" or “通过；李四”."""
    return pgettext("between sentences", "; ").join(str(item) for item in items)


# --- Depth and length of a number ----------------------------------------------------------


@register.filter
def heat(value: Decimal | float | None, most: Decimal | float) -> str:
    """The class for a cell's depth: heat-0 for nothing, heat-1 … heat-9 by share of the largest."""
    if not value or not most or value <= 0:
        return "heat-0"
    return f"heat-{min(9, math.ceil(Decimal(str(value)) * 9 / Decimal(str(most))))}"


@register.simple_tag
def bar(value: Decimal | float | None, most: Decimal | float, kind: str = "k1") -> SafeString:
    """A thin bar as long as the value's share of the largest; the number itself stands beside it."""
    width = 0 if not value or not most else min(100, max(0, float(value) / float(most) * 100))
    return format_html(
        '<svg class="meter" aria-hidden="true"><rect class="{}" width="{}%" height="100%" rx="2"/></svg>',
        kind,
        f"{width:.1f}",
    )


@register.simple_tag
def time_bar(done: Decimal | float, gone: Decimal | float) -> SafeString:
    """What is done, in percent of a year's target, with a stroke where the year is; beside the numbers."""
    return format_html(
        '<svg class="meter time-bar" aria-hidden="true"><rect class="k1" width="{}%" height="100%" rx="2"/>'
        '<line x1="{}%" x2="{}%" y1="0" y2="100%"/></svg>',
        *(f"{min(100, max(0, float(value))):.1f}" for value in (done, gone, gone)),
    )


@register.simple_tag
def spark(values: Sequence[Decimal | float | None], width: int = 84, height: int = 28) -> SafeString:
    """A small line of the last months; decoration beside a number, so hidden from screen readers."""
    numbers = [float(value or 0) for value in values]
    if len(numbers) < 2:
        return SafeString("")
    low, high = min(numbers), max(numbers)
    step, span = (width - 6) / (len(numbers) - 1), (high - low) or 1
    points = [(3 + i * step, height - 4 - (n - low) / span * (height - 8)) for i, n in enumerate(numbers)]
    return format_html(
        '<svg class="spark" width="{}" height="{}" aria-hidden="true"><polyline points="{}"/>'
        '<circle cx="{}" cy="{}" r="2.5"/></svg>',
        width,
        height,
        " ".join(f"{x:.1f},{y:.1f}" for x, y in points),
        f"{points[-1][0]:.1f}",
        f"{points[-1][1]:.1f}",
    )


# --- Icons and lamps -------------------------------------------------------------------------


@lru_cache(maxsize=256)
def _svg(name: str, size: int, extra: str) -> SafeString:
    svg = lucide._render_icon(name, size, **{"class": f"icon {extra}".strip(), "aria-hidden": "true"})
    return mark_safe(" ".join(svg.split()))  # noqa: S308 - the file comes with the lucide package


@register.simple_tag
def icon(name: str, size: int = 16, extra: str = "") -> SafeString:
    """A lucide line icon; always beside a word, so hidden from screen readers."""
    return _svg(str(name), int(size), str(extra))


SHAPES = {
    "dot": '<circle cx="5" cy="5" r="4"/>',
    "triangle": '<path d="M5 .8 9.6 9H.4z"/>',
    "square": '<rect x="1" y="1" width="8" height="8" rx="1"/>',
    "ring": '<circle cx="5" cy="5" r="3.4" fill="none" stroke="currentColor" stroke-width="1.4"/>',
    "check": '<path d="m1.5 5.4 2.4 2.4 4.8-5.3" fill="none" stroke="currentColor" stroke-width="1.7"/>',
}
LAMPS = {
    "on_time": ("ok", "dot", gettext_lazy("On time")),
    "over_promise": ("warn", "triangle", gettext_lazy("Over promise")),
    "over_statute": ("late", "square", gettext_lazy("Over statute")),
    "waiting": ("wait", "ring", gettext_lazy("Waiting")),
    "todo": ("wait", "dot", gettext_lazy("To do")),
    "done": ("ok", "check", gettext_lazy("Done")),
    "info": ("info", "dot", gettext_lazy("For information")),
}


@register.simple_tag
def lamp(kind: str, word: object = "", title: object = "") -> SafeString:
    """Shape, word and colour together: on_time ●, over_promise ▲, over_statute ■, waiting ○,
    and todo ●, done ✓, info ● for what is no clock."""
    colour, shape, default = LAMPS.get(str(kind), LAMPS["waiting"])
    return _lamp(colour, shape, str(word or default), str(title))


@lru_cache(maxsize=512, typed=True)  # what is safe and what is not are never taken for one another
def _lamp(colour: str, shape: str, word: str, title: str) -> SafeString:
    return format_html(
        '<span class="lamp lamp-{}"{}><svg class="shape" viewBox="0 0 10 10" aria-hidden="true">{}</svg>'
        "{}</span>",
        colour,
        format_html(' title="{}"', title) if title else "",
        mark_safe(SHAPES[shape]),  # noqa: S308 - one of ours, above
        word,
    )


@register.simple_tag
def change(percent_value: Decimal | float | None, good: str = "up") -> SafeString:
    """▲ 33.0 % or ▼ 5.2 %; `good` says which direction is welcome ("up", "down" or "none")."""
    if percent_value is None:
        return SafeString(NOTHING)
    rise = percent_value > 0
    mood = "flat" if good == "none" or not percent_value else "good" if rise == (good == "up") else "bad"
    shape = "" if not percent_value else "▲ " if rise else "▼ "
    return format_html(
        '<span class="change {}">{}{}</span>', mood, shape, percent(Decimal(str(abs(percent_value))))
    )


@register.simple_tag
def ahead(points: Decimal | float) -> SafeString:
    """▲ 4.3 or ▼ 2.0: percentage points before or behind what the time gone by would have it."""
    mood, shape = ("good", "▲ ") if points > 0 else ("bad", "▼ ") if points < 0 else ("flat", "= ")
    return format_html('<span class="change {}">{}{}</span>', mood, shape, f"{abs(points):.1f}")


# --- Addresses ---------------------------------------------------------------------------------


def _address(request: HttpRequest | None, changes: Mapping[str, object]) -> str:
    # A list page has thirty such links: a copy of the QueryDict for each would cost more than its rows.
    query: dict[str, Sequence[str]] = {} if request is None else dict(request.GET.lists())
    for name, value in changes.items():
        if value is None or value == "":
            query.pop(name, None)
        else:
            query[name] = [str(value)]
    return f"?{urlencode(query, doseq=True)}"


@register.simple_tag(takes_context=True)
def query_replace(context: Context, **changes: object) -> str:
    """This page's query with some values changed; None takes one out: `{% query_replace page=2 %}`."""
    return _address(context.get("request"), changes)


@register.simple_tag(takes_context=True)
def sort_header(
    context: Context, name: str, label: object, num: bool = False, param: str = "sort"
) -> SafeString:
    """A whole <th> whose label sorts by `name`, and by its reverse when pressed again."""
    request: HttpRequest | None = context.get("request")
    current = request.GET.get(param, "") if request else ""
    up, down = current == name, current == f"-{name}"
    state = "ascending" if up else "descending" if down else "none"
    mark = icon("arrow-up", 13) if up else icon("arrow-down", 13) if down else SafeString("")
    return format_html(
        '<th scope="col" aria-sort="{}"{}><a class="sort" href="{}">{}{}</a></th>',
        state,
        mark_safe(' class="num"') if num else "",
        _address(request, {param: f"-{name}" if up else name, "page": None, "after": None}),
        label,
        mark,
    )


@register.inclusion_tag("parts/_pages.html", takes_context=True)
def pages(context: Context, page: Any) -> dict[str, Any]:
    """Page links for a Django `Page`."""
    numbers = page.paginator.get_elided_page_range(page.number, on_each_side=2, on_ends=1)
    return {"page": page, "numbers": list(numbers), "request": context.get("request")}


@register.inclusion_tag("parts/_export.html", takes_context=True)
def export(context: Context, layouts: Iterable[Any] = ()) -> dict[str, Any]:
    """The list on this page as a file, as it is filtered now: for the actions at the top right."""
    request = context.get("request")
    whole: dict[str, object] = {"page": None, "after": None}
    forms = [(form.upper(), _address(request, {**whole, "export": form})) for form in ("xlsx", "csv")]
    in_layout = [(one, _address(request, {**whole, "export": "xlsx", "layout": one.pk})) for one in layouts]
    return {"forms": forms, "layouts": in_layout}


@register.inclusion_tag("parts/_keyset.html", takes_context=True)
def keyset(context: Context, after: object = None, shown: object = None) -> dict[str, Any]:
    """Next and back to the start, for long lists that are read by key instead of by page number."""
    return {"after": after, "shown": shown, "request": context.get("request")}


# --- Forms -----------------------------------------------------------------------------------------

CONTROL_CLASS = {"select": "form-select", "checkbox": "form-check-input"}


def _control_class(widget: Widget) -> str:
    """Groups of boxes and buttons carry none: Django would put it on the group as well."""
    if widget.use_fieldset:
        return ""
    return CONTROL_CLASS.get(getattr(widget, "input_type", ""), "form-control")


def _dressed(bound: BoundField, extra: Mapping[str, str | bool] | None = None) -> SafeString:
    widget = bound.field.widget
    names = [widget.attrs.get("class", ""), _control_class(widget), "is-invalid" if bound.errors else ""]
    dress = " ".join(name for name in names if name)
    return bound.as_widget(attrs={**({"class": dress} if dress else {}), **(extra or {})})


@register.inclusion_tag("parts/_field.html")
def field(
    bound: BoundField,
    label: object = None,
    help_text: object = None,
    unit: object = "",
    wide: bool = False,
    **attrs: str | bool,
) -> dict[str, Any]:
    """Label, control, unit, help and error of one form field; further arguments become attributes
    (`placeholder=`, `autocomplete=`; `hx_get=` is written hx-get)."""
    widget = bound.field.widget
    return {
        "field": bound,
        "control": _dressed(bound, {name.replace("_", "-"): value for name, value in attrs.items()}),
        "kind": getattr(widget, "input_type", "textarea" if "cols" in widget.attrs else ""),
        "group": bound.use_fieldset,
        "label": bound.label if label is None else label,
        "help_text": bound.help_text if help_text is None else help_text,
        "unit": unit,
        "wide": wide,
    }


@register.inclusion_tag("parts/_form_errors.html")
def form_errors(form: Form) -> dict[str, Any]:
    """What is wrong, in one place above the form, each line leading to its field."""
    return {"form": form, "wrong": [bound for bound in form if bound.errors and not bound.is_hidden]}


# --- Filters ------------------------------------------------------------------------------------------


def _suffixes(widget: MultiWidget) -> list[str]:
    """What is added to a range's name for each of its ends; django-filter has words for it."""
    if words := getattr(widget, "suffixes", None):
        return [f"_{word}" for word in words]
    return list(getattr(widget, "widgets_names", ()))


def _names(bound: BoundField) -> list[str]:
    widget = bound.field.widget
    if isinstance(widget, MultiWidget):
        return [bound.html_name + suffix for suffix in _suffixes(widget)]
    return [bound.html_name]


def _words(bound: BoundField, names: Iterable[str], query: QueryDict) -> str:
    """What an active filter says on its chip."""
    values = [value for name in names for value in query.getlist(name) if value != ""]
    if not values:
        return ""
    choices = {str(key): str(label) for key, label in _flat(getattr(bound.field, "choices", ()))}
    if choices:
        values = [choices.get(value, value) for value in values]
    elif isinstance(bound.field.widget, MultiWidget):
        ends = [query.get(name, "") for name in names]
        return " – ".join(end or "…" for end in ends)
    return (
        values[0]
        if len(values) == 1
        else gettext("%(first)s and %(count)s more")
        % {
            "first": values[0],
            "count": len(values) - 1,
        }
    )


def chosen(form: Form, asked: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What a list is narrowed to, filter by filter in words; its order is no narrowing."""
    query = asked if isinstance(asked, QueryDict) else QueryDict(urlencode(asked))
    found = [(bound, _names(bound)) for bound in form if bound.name != "sort"]
    return [(str(bound.label), words) for bound, names in found if (words := _all_words(bound, names, query))]


def _all_words(bound: BoundField, names: Sequence[str], query: QueryDict) -> str:
    """As `_words`, with all of several choices, and a box that is ticked said to be so."""
    if isinstance(bound.field, BooleanField):
        return gettext("Yes") if bound.field.to_python(query.get(bound.html_name)) else ""
    choices = {str(key): str(label) for key, label in _flat(getattr(bound.field, "choices", ()))}
    values = [value for name in names for value in query.getlist(name) if value != ""]
    if choices and len(values) > 1:
        return listed(choices.get(value, value) for value in values)
    return _words(bound, names, query)


def _flat(choices: Iterable[Any]) -> Iterable[tuple[Any, Any]]:
    for key, label in choices:
        if isinstance(label, list | tuple):
            yield from label
        else:
            yield key, label


CHECKED, SELECTED, MULTIPLE = SafeString(" checked"), SafeString(" selected"), SafeString(" multiple")
CHOOSERS = (Select, SelectMultiple, RadioSelect, CheckboxSelectMultiple)
OPTION = '<option value="{}"{}>{}</option>'
BOX = '<label><input type="{}" name="{}" value="{}" id="{}"{}> {}</label>'


def _choices(bound: BoundField, choices: list[tuple[Any, Any]]) -> SafeString:
    widget, value = bound.field.widget, bound.value()
    chosen = value if isinstance(value, list | tuple) else ["" if value is None else value]
    options = tuple((str(key), str(label)) for key, label in choices)
    kept = frozenset(str(one) for one in chosen)
    if isinstance(widget, RadioSelect | CheckboxSelectMultiple):
        return _boxes(widget.input_type, bound.html_name, options, kept)
    more = (MULTIPLE if isinstance(widget, SelectMultiple) else SafeString("")) + flatatt(widget.attrs)
    return _select(bound.html_name, more, options, kept)


# Options and boxes as Django's widgets write them, without their template for each option, and written
# once for all who choose alike: they took two thirds of the time of a list page.
Options = tuple[tuple[str, str], ...]


@lru_cache(maxsize=256)
def _boxes(kind: str, name: str, options: Options, chosen: frozenset[str]) -> SafeString:
    boxes = [
        (kind, name, key, f"id_{name}_{i}", CHECKED if key in chosen else "", label)
        for i, (key, label) in enumerate(options)
    ]
    return format_html("<div>{}</div>", format_html_join("", BOX, boxes))


@lru_cache(maxsize=256)
def _select(name: str, more: SafeString, options: Options, chosen: frozenset[str]) -> SafeString:
    written = [(key, SELECTED if key in chosen else "", label) for key, label in options]
    return format_html(
        '<select name="{}" id="id_{}" class="form-select"{}>{}</select>',
        name,
        name,
        more,
        format_html_join("", OPTION, written),
    )


def _parts(bound: BoundField) -> SafeString:
    """The controls inside a chip; a range shows its two ends with a label each."""
    widget = bound.field.widget
    if type(widget) in CHOOSERS:
        choices = list(widget.choices)
        if not any(isinstance(label, list | tuple) for _key, label in choices):
            return _choices(bound, choices)
    if not isinstance(widget, MultiWidget):
        return _dressed(bound)
    values = bound.value()
    ends = values if isinstance(values, list | tuple) else widget.decompress(values)
    rows = []
    for position, (part, suffix) in enumerate(zip(widget.widgets, _suffixes(widget), strict=True)):
        name = f"{bound.html_name}{suffix}"
        value = ends[position] if ends and position < len(ends) else None
        attrs = {"id": f"id_{name}", "class": _control_class(part)}
        rows.append(
            (f"id_{name}", gettext("to") if position else gettext("from"), _end(part, name, value, attrs))
        )
    return format_html_join("", '<div class="end"><label for="{}">{}</label>{}</div>', rows)


def _end(part: Widget, name: str, value: Any, attrs: dict[str, Any]) -> SafeString:
    """As Django's widget writes it; only a plain one can do without its template."""
    if not isinstance(part, Input) or type(part).get_context is not Input.get_context:
        return part.render(name, value, attrs=attrs)
    shown = part.get_context(name, value, attrs)["widget"]
    value = "" if shown["value"] is None else format_html(' value="{}"', shown["value"])
    return format_html('<input type="{}" name="{}"{}{}>', shown["type"], name, value, flatatt(shown["attrs"]))


@register.simple_tag
def chip(shown: Mapping[str, Any]) -> SafeString:
    """One filter of the line. Most people see most filters alike: each is written once for a language."""
    errors, off = tuple(shown["errors"]), shown["off"] if shown["words"] else ""
    return _chip(get_language(), **{**shown, "label": str(shown["label"]), "errors": errors, "off": off})


@lru_cache(maxsize=512, typed=True)
def _chip(language: str | None, **shown: object) -> SafeString:
    return render_to_string("parts/_chip.html", {"chip": shown})


@register.inclusion_tag("parts/_chips.html", takes_context=True)
def filter_chips(context: Context, filterset: Any, action: str = "", leave_out: str = "q") -> dict[str, Any]:
    """The filters of a FilterSet as one line of chips; what is set shows its value and a ✕ link.

    `leave_out` names fields that stand elsewhere on the page (the search box by default).
    """
    form: Form = getattr(filterset, "form", filterset)
    request: HttpRequest | None = context.get("request")
    query = request.GET if request else QueryDict()
    skipped = set(leave_out.split(","))
    chips, known = [], {"page", "after"}
    for bound in form:
        names = _names(bound)
        if bound.name in skipped or bound.is_hidden:
            continue
        known.update(names)
        words = _words(bound, names, query)
        off = _address(request, dict.fromkeys([*names, "page", "after"]))
        chips.append(
            {
                "label": bound.label,
                "words": words,
                "off": off,
                "name": bound.html_name,
                "id": bound.id_for_label,
                "group": bound.use_fieldset,
                "controls": _parts(bound),
                "errors": bound.errors,
            }
        )
    kept = [(name, value) for name, values in query.lists() if name not in known for value in values if value]
    return {
        "chips": chips,
        "kept": kept,
        "action": action,
        "any": any(chip["words"] for chip in chips),
        "request": request,
    }


# --- Charts ---------------------------------------------------------------------------------------------


@register.inclusion_tag("parts/_chart.html")
def chart(name: str, spec: Mapping[str, Any], tall: bool = False) -> dict[str, Any]:
    """A chart and the same numbers as a table under it. `spec`: title, unit, categories, series
    [{name, values, kind: bar|line, axis: 0|1}], optional stacked, horizontal, links."""
    links = spec.get("links") or [""] * len(spec["categories"])
    rows = [
        (label, links[i], [series["values"][i] for series in spec["series"]])
        for i, label in enumerate(spec["categories"])
    ]
    return {"name": name, "spec": spec, "rows": rows, "tall": tall}
