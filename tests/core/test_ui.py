import datetime
from decimal import Decimal
from typing import Any

import django_filters
import pytest
from django import forms
from django.core.paginator import Paginator
from django.template import Context, Template
from django.test import RequestFactory
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from core.templatetags import ui
from projects.models import Project

JUNE = datetime.date(2025, 6, 20)


@pytest.fixture(autouse=True)
def _in_english():
    with translation.override("en"):
        yield


def render(source: str, address: str = "/", **context: Any) -> str:
    template = Template("{% load ui %}" + source)
    return template.render(Context({"request": RequestFactory().get(address), **context})).strip()


# --- Numbers and days ----------------------------------------------------------------------------


def test_amounts_are_printed_in_yi_and_in_wan():
    assert render("{{ a|money_yi }} {{ a|money_yi:1 }} {{ a|money_wan }}", a=Decimal("148050")) == (
        "14.81 14.8 148,050"
    )


def test_what_is_not_there_is_a_dash():
    source = "{{ n|money_yi }}{{ n|money_wan }}{{ n|percent }}{{ n|day }}{{ n|moment }}{% change n %}"
    assert render(source, n=None) == "——————"


@pytest.mark.parametrize(
    ("language", "words"), [("en", "20 June · June 2025"), ("zh-hans", "6 月 20 日 · 2025 年 6 月")]
)
def test_days_in_sentences_follow_the_language(language, words):
    with translation.override(language):
        assert render("{{ d|day_words }} · {{ d|month_words }}", d=JUNE) == words


def test_days_in_tables_do_not_follow_the_language():
    with translation.override("zh-hans"):
        assert render("{{ d|day }} {{ d|day_short }}", d=JUNE) == "2025-06-20 06-20"


@pytest.mark.parametrize(("language", "words"), [("en", "permit, photo"), ("zh-hans", "permit、photo")])
def test_lists_in_sentences_take_the_marks_of_the_language(language, words):
    with translation.override(language):
        assert render("{{ things|listed }}", things=["permit", "photo"]) == words


# --- Depth, change, lamps ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("amount", "depth"),
    [
        (None, "heat-0"),
        (0, "heat-0"),
        (-5, "heat-0"),
        (1, "heat-1"),
        (50, "heat-5"),
        (90, "heat-9"),
        (95, "heat-9"),
    ],
)
def test_heat_is_the_share_of_the_largest_in_nine_steps(amount, depth):
    assert ui.heat(amount, 90) == depth


def test_heat_of_a_board_without_amounts_is_none():
    assert ui.heat(Decimal(0), Decimal(0)) == "heat-0"


@given(st.decimals(0, 1000, places=2), st.decimals(0, 1000, places=2))
def test_more_is_never_paler(one, other):
    less, more = sorted((one, other))
    assert ui.heat(less, 1000) <= ui.heat(more, 1000)


@pytest.mark.parametrize(
    ("percent", "good", "html"),
    [
        (Decimal("33.0"), "up", '<span class="change good">▲ 33.0%</span>'),
        (Decimal("-5.2"), "up", '<span class="change bad">▼ 5.2%</span>'),
        (Decimal("8.0"), "down", '<span class="change bad">▲ 8.0%</span>'),
        (Decimal("-8.0"), "down", '<span class="change good">▼ 8.0%</span>'),
        (Decimal("8.0"), "none", '<span class="change flat">▲ 8.0%</span>'),
        (Decimal("0.0"), "up", '<span class="change flat">0.0%</span>'),
    ],
)
def test_change_shows_its_direction_as_a_shape_and_whether_it_is_welcome(percent, good, html):
    assert ui.change(percent, good) == html


def test_every_lamp_has_a_shape_of_its_own_meaning_and_a_word():
    lamps = {kind: ui.lamp(kind) for kind in ("on_time", "over_promise", "over_statute", "waiting")}

    shapes = {kind: html.split("<svg")[1].split("</svg>")[0] for kind, html in lamps.items()}
    words = {kind: html.split("</svg>")[1] for kind, html in lamps.items()}
    assert len(set(shapes.values())) == 4
    assert words == {
        "on_time": "On time</span>",
        "over_promise": "Over promise</span>",
        "over_statute": "Over statute</span>",
        "waiting": "Waiting</span>",
    }


def test_lamp_escapes_the_word_it_is_given():
    assert "&lt;script&gt;" in ui.lamp("waiting", "<script>")


def test_nothing_that_is_drawn_carries_a_style_of_its_own():
    drawn = [ui.icon(name) for name in ("search", "arrow-up", "x", "inbox")]
    drawn += [ui.bar(3, 7), ui.spark([1, 4, 2]), ui.lamp("done"), ui.change(Decimal(3))]
    assert [html for html in drawn if "style" in html] == []


def test_spark_of_one_month_is_no_line():
    assert ui.spark([Decimal(3)]) == ""


# --- Addresses -----------------------------------------------------------------------------------


def test_query_replace_changes_some_values_and_keeps_the_others():
    assert render("{% query_replace page=2 after=None %}", "/?stage=a&stage=b&after=x") == (
        "?stage=a&amp;stage=b&amp;page=2"
    )


@pytest.mark.parametrize(
    ("address", "state", "leads_to"),
    [
        ("/?page=3", "none", "?sort=name"),
        ("/?sort=name", "ascending", "?sort=-name"),
        ("/?sort=-name", "descending", "?sort=name"),
    ],
)
def test_sort_header_says_how_it_is_sorted_and_leads_to_the_first_page(address, state, leads_to):
    html = render('{% sort_header "name" "Project" num=True %}', address)
    assert html.startswith(
        f'<th scope="col" aria-sort="{state}" class="num"><a class="sort" href="{leads_to}">'
    )


def test_pages_lead_to_their_neighbours_with_the_query_kept():
    html = render("{% pages page %}", "/?stage=a", page=Paginator(range(95), 10).page(4))
    assert 'rel="prev" href="?stage=a&amp;page=3"' in html
    assert 'rel="next" href="?stage=a&amp;page=5"' in html
    assert 'href="?stage=a&amp;page=4" aria-current="page"' in html
    assert "31–40 of 95" in html


def test_a_single_page_has_no_links():
    assert render("{% pages page %}", page=Paginator(range(5), 10).page(1)) == ""


def test_keyset_leads_on_and_back_to_the_start():
    html = render('{% keyset after="k9" %}', "/?stage=a&after=k5")
    assert 'href="?stage=a"' in html
    assert 'href="?stage=a&amp;after=k9"' in html


# --- Forms ---------------------------------------------------------------------------------------


class SigningForm(forms.Form):
    amount = forms.DecimalField(label="Amount", help_text="in the contract", min_value=0)
    kind = forms.ChoiceField(label="Kind", choices=[("a", "Signed")], widget=forms.RadioSelect)
    industrial = forms.BooleanField(label="Industrial", required=False)


def test_field_ties_label_help_and_error_to_the_control():
    form = SigningForm({"amount": "-3"})

    html = render('{% field form.amount unit="万元" %}', form=form)

    assert (
        '<label class="form-label" for="id_amount">Amount <b class="must" aria-hidden="true">*</b></label>'
        in html
    )
    assert 'aria-describedby="id_amount_helptext id_amount_error"' in html
    assert 'aria-invalid="true"' in html
    assert 'class="form-control is-invalid"' in html
    assert 'id="id_amount_error"' in html
    assert 'id="id_amount_helptext">in the contract</p>' in html
    assert '<span class="unit">万元</span>' in html


def test_field_hands_further_attributes_to_the_control():
    html = render('{% field form.amount hx_get="/look-alikes" %}', form=SigningForm())
    assert 'hx-get="/look-alikes"' in html


def test_field_of_several_buttons_is_a_group_with_a_legend():
    html = render("{% field form.kind %}", form=SigningForm())
    assert "<fieldset>" in html
    assert '<legend class="form-label">Kind' in html
    assert "form-control" not in html


def test_tick_box_stands_before_its_label():
    html = render("{% field form.industrial %}", form=SigningForm())
    assert html.index("<input") < html.index("Industrial")


def test_form_errors_lead_to_the_fields():
    form = SigningForm({"amount": "-3", "kind": "a"})
    form.add_error(None, "Shares must add up.")

    html = render("{% form_errors form %}", form=form)

    assert "Shares must add up." in html
    assert "One entry needs another look:" in html
    assert '<a href="#id_amount">Amount</a>' in html


def test_a_form_without_errors_says_nothing():
    assert render("{% form_errors form %}", form=SigningForm({"amount": "3", "kind": "a"})) == ""


# --- Filters -------------------------------------------------------------------------------------


class ProjectFilter(django_filters.FilterSet):
    q = django_filters.CharFilter(label="Search")
    stage = django_filters.MultipleChoiceFilter(
        label="Batch", choices=[("signing", "Signing"), ("production", "Production")]
    )
    contracted = django_filters.RangeFilter(label="Amount")
    name = django_filters.CharFilter(label="Name")

    class Meta:
        model = Project
        fields: list[str] = []


def chips_of(address: str) -> dict[str, Any]:
    request = RequestFactory().get(address)
    filterset = ProjectFilter(request.GET, queryset=Project.objects.none())
    return ui.filter_chips(Context({"request": request}), filterset)


def test_chips_say_what_is_set_and_lead_to_the_list_without_it():
    chips = chips_of("/?q=x&sort=-name&page=3&stage=signing&stage=production&contracted_min=100")["chips"]

    assert [(chip["label"], chip["words"], chip["off"]) for chip in chips] == [
        ("Batch", "Signing and 1 more", "?q=x&sort=-name&contracted_min=100"),
        ("Amount", "100 – …", "?q=x&sort=-name&stage=signing&stage=production"),
        ("Name", "", "?q=x&sort=-name&stage=signing&stage=production&contracted_min=100"),
    ]


def test_chips_keep_the_rest_of_the_query_but_not_the_page():
    assert chips_of("/?q=x&sort=-name&page=3&stage=signing&empty=")["kept"] == [("q", "x"), ("sort", "-name")]


@pytest.mark.parametrize(
    "widget", [forms.Select, forms.SelectMultiple, forms.RadioSelect, forms.CheckboxSelectMultiple]
)
def test_choices_are_chosen_and_escaped_as_by_djangos_widgets(widget):
    kind = forms.MultipleChoiceField if widget.allow_multiple_selected else forms.ChoiceField
    field = kind(choices=[("a&b", "<A>"), ("c", "C")], widget=widget(attrs={"data-x": "1"}))
    form = type("OneField", (forms.Form,), {"kind": field})({"kind": ["a&b"]})

    html = str(ui._parts(form["kind"]))

    assert html.count('value="a&amp;b"') == 1
    assert "&lt;A&gt;" in html
    assert html.count(" selected") + html.count(" checked") == 1
    assert 'name="kind"' in html


def test_both_ends_of_a_range_have_a_label_and_keep_their_value():
    request = RequestFactory().get("/?contracted_min=100&contracted_max=900")
    filterset = ProjectFilter(request.GET, queryset=Project.objects.none())

    html = render("{% filter_chips filter %}", "/?contracted_min=100&contracted_max=900", filter=filterset)

    assert '<label for="id_contracted_min">from</label>' in html
    assert '<label for="id_contracted_max">to</label>' in html
    assert 'name="contracted_min" value="100"' in html
    assert 'name="contracted_max" value="900"' in html


def test_what_is_typed_into_a_filter_is_escaped():
    request = RequestFactory().get("/", {"name": "<b>x</b>"})
    filterset = ProjectFilter(request.GET, queryset=Project.objects.none())
    html = Template("{% load ui %}{% filter_chips filter %}").render(
        Context({"request": request, "filter": filterset})
    )
    assert "<b>x</b>" not in html


# --- Charts --------------------------------------------------------------------------------------


def test_chart_shows_the_same_numbers_as_a_table():
    spec = {
        "title": "Contracted",
        "unit": "亿元",
        "label": "Month",
        "categories": ["January", "February"],
        "series": [{"name": "2025", "values": ["14.80", None]}],
    }

    html = render('{% chart "signed" spec %}', spec=spec)

    assert '<script id="signed" type="application/json">' in html
    assert '<th scope="row">January</th><td class="num">14.80</td>' in html
    assert '<th scope="row">February</th><td class="num">—</td>' in html
    assert "2025 (亿元)" in html
