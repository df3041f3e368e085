import datetime
from decimal import Decimal

import pytest
from django.http import QueryDict
from django.utils import timezone, translation

from core.text import name_key
from projects import drafts
from projects.choices import Confidentiality, Currency, EventKind, Stage
from projects.contracts import Terms
from projects.drafts import CannotKeep
from projects.entry import Facts
from projects.forms import EventForm, LeadForm, ProgressForm, ProjectForm, ShareOutForm, SigningForm
from projects.forms.editing import ChangedMeanwhile, Difference
from projects.models import Project, SigningCeremony
from tests import factories

TODAY = datetime.date(2026, 3, 20)


@pytest.fixture(autouse=True)
def _in_english():
    with translation.override("en"):
        yield


def typed(**values) -> QueryDict:
    data = QueryDict(mutable=True)
    for name, value in values.items():
        data.setlist(name, value if isinstance(value, list) else [str(value)])
    return data


@pytest.fixture
def good(steel, liubei):
    """What a clerk types for a contract of 96,000 万元."""
    return {
        "enterprise_name": "深圳恒瑞科技有限公司",
        "uscc": factories.credit_code(7),
        "name": "恒瑞线控底盘项目",
        "task_force": steel.pk,
        "is_industrial": "True",
        "confidentiality": "internal",
        "kind": "signed",
        "signed_on": "2026-03-02",
        "currency": "CNY",
        "amount": "96,000",
        "reporting_unit": liubei.pk,
        "location": liubei.pk,
    }


def signing(user, good, **changes) -> SigningForm:
    return SigningForm(typed(**{**good, **changes}), user=user, today=TODAY)


def errors(form) -> dict[str, list[str]]:
    return {name: [str(error) for error in found] for name, found in form.errors.items()}


# --- The signing: what is taken ----------------------------------------------------------------------


def test_signing_gives_facts_and_terms(clerk, good, steel, liubei):
    form = signing(
        clerk,
        good,
        content="年产\t二十万套\r\n",
        officer=" 李 工 ",
        planned_start="2026/6/1",
        fixed_assets="６６０００",
        annual_output="120,000.5",
        contact_phone="13812345678",
        contract_note="含一期",
    )

    assert errors(form) == {}
    assert form.facts() == Facts(
        name="恒瑞线控底盘项目",
        task_force=steel,
        reporting_unit=liubei,
        location=liubei,
        content="年产 二十万套",
        officer="李 工",
        planned_start=datetime.date(2026, 6, 1),
        fixed_assets=Decimal("66000.00"),
        annual_output=Decimal("120000.50"),
    )
    assert form.terms(EventKind.SIGNED) == Terms(
        kind=EventKind.SIGNED,
        signed_on=datetime.date(2026, 3, 2),
        amount=Decimal("96000.00"),
        note="含一期",
    )
    assert form.investor() == {
        "name": "深圳恒瑞科技有限公司",
        "uscc": good["uscc"],
        "origin": "",
        "contact_name": "",
        "contact_phone": "13812345678",
    }


def test_signing_in_dollars_is_computed_half_up_and_rated_on_the_day_of_signing(clerk, good):
    form = signing(clerk, good, currency="USD", amount="2000", rate="7.158625")

    assert errors(form) == {}
    assert form.amount_in_wan() == Decimal("14317.25")
    terms = form.terms(EventKind.SIGNED)
    assert (terms.amount, terms.currency, terms.original_amount, terms.rate, terms.rate_on) == (
        Decimal("14317.25"),
        Currency.USD,
        Decimal("2000.00"),
        Decimal("7.158625"),
        datetime.date(2026, 3, 2),
    )


def test_framework_agreement_counts_nothing_and_keeps_its_amount_beside(clerk, good):
    form = signing(clerk, good, kind="framework")
    assert form.is_valid()

    terms = form.terms(EventKind.FRAMEWORK)

    assert (terms.amount, terms.original_amount, terms.exclusion_reason) == (
        0,
        Decimal("96000.00"),
        "Framework agreement",
    )
    assert signing(clerk, good, kind="framework", amount="").is_valid()


def test_shares_are_read_and_a_lone_percent_sign_is_taken(clerk, good, liubei, luzhai):
    form = signing(
        clerk,
        good,
        share_unit_1=liubei.pk,
        share_percent_1="60％",
        share_unit_3=luzhai.pk,
        share_percent_3="40",
    )

    assert errors(form) == {}
    assert form.facts().shares == {liubei: Decimal("60.00"), luzhai: Decimal("40.00")}


def test_two_clerks_who_name_the_same_ceremony_share_it(clerk, good):
    for _n in range(2):
        form = signing(clerk, good, ceremony_name="上海推介会", ceremony_on="2026-03-01")
        assert form.is_valid()
        ceremony = form.terms(EventKind.SIGNED).ceremony

    assert list(SigningCeremony.objects.values_list("pk", "name", "held_on")) == [
        (ceremony.pk, "上海推介会", datetime.date(2026, 3, 1))
    ]


def test_a_ceremony_named_without_a_day_was_held_on_the_day_of_signing(clerk, good):
    form = signing(clerk, good, ceremony_name="上海推介会")

    assert form.is_valid()
    assert form.terms(EventKind.SIGNED).ceremony.held_on == datetime.date(2026, 3, 2)


def test_29_february_is_a_day_in_leap_years(clerk, good):
    form = signing(clerk, good, signed_on="2024-02-29")

    assert form.is_valid()
    assert form.cleaned_data["signed_on"] == datetime.date(2024, 2, 29)


# --- The signing: what is refused, with its sentence at its field -----------------------------------------

NO_DAY = "There is no such day. Write it as year-month-day, for example 2026-03-02."
NO_AMOUNT = "This is not an amount. Write a number in 万元, for example 12500 or 12,500.50."
TOO_MUCH = (
    "The amount is above 10,000,000 万元 (1,000 亿元), more than any project here. Was it typed in yuan?"
)


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("amount", "-1", "The amount must not be negative. A reduction is entered as an event of its own."),
        ("amount", "0", "Enter an amount above zero."),
        ("amount", "", "Enter the amount that stands in the contract."),
        ("amount", "1e18", "Write the amount out in digits, in 万元, for example 12500."),
        ("amount", "1" + "0" * 18, TOO_MUCH),
        ("amount", "960000000", TOO_MUCH),
        ("amount", "NaN", NO_AMOUNT),
        ("amount", "Infinity", NO_AMOUNT),
        ("amount", "=1+1", NO_AMOUNT),
        ("amount", "0.005", "An amount in 万元 has at most two decimal places."),
        ("amount", "9.6亿", "Write the amount in 万元: 9.6亿 is 96,000."),
        ("signed_on", "2026-03-21", "This day lies in the future."),
        ("signed_on", "2025-02-29", NO_DAY),
        ("signed_on", "前天", NO_DAY),
        ("signed_on", "0226-03-02", "Is the year right? Days from 2000 to 2099 can be entered."),
        ("ceremony_on", "2026-03-21", "This day lies in the future."),
        ("uscc", "91450200MA5000007", "A credit code has 18 characters; this one has 17."),
        ("name", "", "This field is required."),
        ("name", "   ", "This field is required."),
        ("name", "项" * 10_000, "The text has 10000 characters; at most 200 fit here."),
        (
            "name",
            "恒瑞\x00项目",
            "After “恒瑞” stands an invisible character (U+0000). Delete that place and type it again.",
        ),
        (
            "name",
            "恒瑞\u202e项目",
            "After “恒瑞” stands an invisible character (U+202E). Delete that place and type it again.",
        ),
        (
            "enterprise_name",
            "\u200b恒瑞",
            "The text begins with an invisible character (U+200B). Delete the beginning and type it again.",
        ),
        ("content", "长" * 2001, "The text has 2001 characters; at most 2000 fit here."),
        ("officer", "工" * 61, "The text has 61 characters; at most 60 fit here."),
        ("kind", "voided", "Select a valid choice. voided is not one of the available choices."),
        ("task_force", "999999", "Select a valid choice. That choice is not one of the available choices."),
        (
            "fixed_assets",
            "-5",
            "The amount must not be negative. A reduction is entered as an event of its own.",
        ),
        (
            "confidentiality",
            "secret",
            "Select a valid choice. secret is not one of the available choices.",
        ),
    ],
)
def test_signing_refuses_at_the_field(clerk, good, field, value, sentence):
    assert errors(signing(clerk, good, **{field: value})) == {field: [sentence]}


def test_signing_refuses_a_wrong_check_character(clerk, good):
    code = good["uscc"]
    wrong = code[:-1] + ("0" if code[-1] != "0" else "1")

    assert errors(signing(clerk, good, uscc=wrong)) == {
        "uscc": [
            f"The check character does not fit: the credit code ends in “{wrong[-1]}”, by its first 17"
            f" characters it should end in “{code[-1]}”. Compare it with the business licence."
        ]
    }


def test_signing_refuses_the_code_of_another_enterprise(clerk, good):
    factories.enterprise(name="宏宇特钢有限公司", name_key="宏宇特钢", uscc=good["uscc"])

    assert errors(signing(clerk, good)) == {
        "uscc": [f"The credit code {good['uscc']} belongs to “宏宇特钢有限公司”. Check the name or the code."]
    }


def test_signing_refuses_a_national_code_that_is_taken(clerk, good):
    factories.project(national_code="2603-1")

    assert errors(signing(clerk, good, national_code="2603-1")) == {
        "national_code": ["The national code 2603-1 is another project's: one code, one project."]
    }


@pytest.mark.parametrize(
    ("rows", "field", "sentence"),
    [
        (
            [("liubei", "60"), ("luzhai", "30")],
            "share_percent_2",
            "The shares add up to 90 %; they must be 100 %.",
        ),
        (
            [("liubei", "99.99"), ("luzhai", "0.02")],
            "share_percent_2",
            "The shares add up to 100.01 %; they must be 100 %.",
        ),
        ([("liubei", "50"), ("liubei", "50")], "share_unit_2", "Liubei District stands here twice."),
        ([("liubei", ""), ("luzhai", "100")], "share_percent_1", "Which share has Liubei District?"),
        ([("", "100")], "share_unit_1", "Which unit has this share?"),
        ([("luzhai", "100")], "share_percent_1", "Liubei District reports the project, so it needs a share."),
        ([("liubei", "0")], "share_percent_1", "A share is above 0 %."),
        (
            [("liubei", "101")],
            "share_percent_1",
            "Ensure this value is less than or equal to 100.",
        ),
        ([("liubei", "half")], "share_percent_1", "Enter a number."),
    ],
)
def test_signing_refuses_shares_that_are_not_the_whole(clerk, good, liubei, luzhai, rows, field, sentence):
    units = {"liubei": liubei.pk, "luzhai": luzhai.pk, "": ""}
    shares = {}
    for number, (unit, percent) in enumerate(rows, start=1):
        shares |= {f"share_unit_{number}": units[unit], f"share_percent_{number}": percent}

    found = errors(signing(clerk, good, **shares))

    assert found == {field: [sentence]}


def test_signing_in_a_foreign_currency_needs_a_rate(clerk, good):
    assert errors(signing(clerk, good, currency="USD", amount="2000")) == {
        "rate": ["A foreign amount needs the rate of the day of signing."]
    }
    assert errors(signing(clerk, good, currency="USD", amount="10000000", rate="7.1")) == {
        "amount": ["At this rate that is above 1,000 亿元. Check the amount and the rate."]
    }
    assert "rate" in errors(signing(clerk, good, currency="USD", amount="2000", rate="1e400"))
    assert "rate" in errors(signing(clerk, good, currency="USD", amount="2000", rate="NaN"))


def test_signing_refuses_two_ceremonies_and_a_confidential_project_without_code_name(clerk, good):
    ceremony = factories.ceremony(held_on=TODAY)

    assert errors(signing(clerk, good, ceremony=ceremony.pk, ceremony_name="另一个")) == {
        "ceremony_name": ["Choose a ceremony or name another one, not both."]
    }
    assert errors(signing(clerk, good, confidentiality="confidential")) == {
        "code_name": ["A confidential project needs a code-name, for those outside."]
    }


def test_nothing_typed_is_lost_when_it_is_refused(clerk, good):
    form = signing(clerk, good, amount="-1", name="<script>alert(1)</script>", officer="工" * 61)

    html = str(form["name"]) + str(form["amount"]) + str(form["officer"])

    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert 'value="-1"' in html
    assert "工" * 61 in html


def test_a_county_enters_for_itself_alone(county_officer, good, liubei, luzhai):
    assert errors(signing(county_officer, good)) == {}
    assert errors(signing(county_officer, good, reporting_unit=luzhai.pk, location=luzhai.pk)) == {
        "reporting_unit": ["Select a valid choice. That choice is not one of the available choices."]
    }


def test_a_county_cannot_say_that_its_signing_does_not_count(county_officer, clerk, good):
    assert "exclusion_reason" not in signing(county_officer, good).fields
    form = signing(clerk, good, exclusion_reason="本地企业投资")
    assert form.is_valid()
    assert form.terms(EventKind.SIGNED).exclusion_reason == "本地企业投资"


# --- Odd but possible --------------------------------------------------------------------------------


def doubts(form) -> list[tuple[str, str]]:
    assert form.is_valid(), form.errors
    return [(doubt.code.split("-")[0], doubt.sentence) for doubt in form.doubts()]


def test_an_ordinary_signing_raises_no_doubt(clerk, good):
    assert doubts(signing(clerk, good)) == []


def test_a_like_named_enterprise_is_asked_about(clerk, good):
    known = factories.enterprise(
        name="柳州恒瑞科技有限责任公司", name_key=name_key("柳州恒瑞科技有限责任公司")
    )

    form = signing(clerk, good, uscc="")

    assert doubts(form) == [
        ("enterprise", "“柳州恒瑞科技有限责任公司” stands in the books already. Is it the same enterprise?")
    ]
    assert form.doubts()[0].take == known.pk


@pytest.mark.parametrize("with_code", [True, False])
def test_the_very_enterprise_is_taken_without_asking(clerk, good, with_code):
    name = good["enterprise_name"]
    factories.enterprise(name=name, name_key=name_key(name), uscc=good["uscc"])

    assert doubts(signing(clerk, good, uscc=good["uscc"] if with_code else "")) == []


def test_a_like_project_is_asked_about(clerk, good, liubei):
    standing = factories.project(name="恒瑞线控底盘建设项目", reporting_unit=liubei)
    factories.verified_event(standing, amount=Decimal(96000), signed_on=datetime.date(2026, 2, 20))

    form = signing(clerk, good)

    assert doubts(form) == [
        ("project", f"“恒瑞线控底盘建设项目” ({standing.code}) looks like this project. Is it another one?")
    ]
    assert form.doubts()[0].details == (
        "the same name",
        "in the same place",
        "the same amount (96,000)",
        "signed within sixty days",
        standing.enterprise.name,
    )


def test_odd_values_are_asked_about(clerk, good):
    form = signing(
        clerk,
        good,
        amount="600000",
        fixed_assets="600001",
        planned_start="2025-01-01",
        signed_on="2025-06-30",
    )

    assert doubts(form) == [
        ("amount", "600,000 万元 is 60.00 亿元. Is that the amount in the contract?"),
        ("fixed", "The fixed-asset part is larger than the whole contract."),
        ("start", "Works are planned to start before the contract was signed."),
        ("late", "It was signed 263 days ago. If that month is closed, it counts late."),
    ]


# --- Events of a contract ------------------------------------------------------------------------------


def event(kind, **values) -> EventForm:
    kinds = [(value, str(label)) for value, label in EventKind.choices]
    data = typed(**{"kind": kind, "signed_on": "2026-03-02", "currency": "CNY", **values})
    return EventForm(data, kinds=kinds, standing=Decimal(12500), decides=True, today=TODAY)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("kind", "values", "amount"),
    [
        ("add_on", {"amount": "500"}, "500.00"),
        ("reduced", {"amount": "500"}, "-500.00"),
        ("voided", {"contract_note": "解约"}, "-12500"),
        ("voided", {"amount": "1", "contract_note": "解约"}, "-12500"),
        ("correction", {"amount": "-0.5", "contract_note": "尾数"}, "-0.50"),
        ("correction", {"amount": "300", "contract_note": "少报"}, "300.00"),
        ("extended", {"amount": "9"}, "0"),
        ("party_changed", {"contract_note": "由子公司承接"}, "0"),
    ],
)
def test_event_gives_its_amount_the_right_sign(kind, values, amount):
    form = event(kind, **values)

    assert errors(form) == {}
    assert str(form.event_terms(factories.project()).amount) == amount


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("kind", "values", "found"),
    [
        ("add_on", {}, {"amount": ["Enter the amount that stands in the contract."]}),
        ("add_on", {"amount": "-5"}, {"amount": ["Enter an amount above zero."]}),
        (
            "correction",
            {},
            {
                "amount": ["Enter the difference, with a minus sign if too much was entered."],
                "contract_note": ["Say in a sentence what is set right."],
            },
        ),
        ("voided", {}, {"contract_note": ["Say in a sentence what was agreed."]}),
        ("party_changed", {}, {"contract_note": ["Say in a sentence what was agreed."]}),
    ],
)
def test_event_refuses(kind, values, found):
    assert errors(event(kind, **values)) == found


# --- Shares, progress, drafts -----------------------------------------------------------------------------


def test_share_out_shows_what_stands_and_takes_none(liubei, luzhai):
    project = factories.project(reporting_unit=liubei)
    factories.share(project, liubei, Decimal("66.67"))
    factories.share(project, luzhai, Decimal("33.33"))

    form = ShareOutForm(project=project)
    empty = ShareOutForm(QueryDict(""), project=project)

    assert [(unit.value(), percent.value()) for unit, percent in form.share_rows][:2] == [
        (liubei.pk, "66.67"),
        (luzhai.pk, "33.33"),
    ]
    assert (empty.is_valid(), empty.cleaned_data["shares"]) == (True, {})


@pytest.mark.parametrize(
    ("month", "first"),
    [("2026-02", datetime.date(2026, 2, 1)), ("2024年2月", datetime.date(2024, 2, 1)), ("2026-13", None)],
)
def test_progress_reads_a_month(db, month, first):
    told = typed(month=month, invested="1", funds_in_place="0")
    form = ProgressForm(told, project=factories.project(contracted=Decimal(10)), today=TODAY)

    assert form.is_valid() == bool(first)
    assert form.cleaned_data.get("month") == first


def test_draft_keeps_what_was_typed_and_no_more(clerk):
    data = typed(name="恒瑞\x00项目", amount="-5 abc", stray="x", officer="", csrfmiddlewaretoken="t")

    draft = drafts.keep(
        dict(data.lists()), ["name", "amount", "officer"], user=clerk, draft=None, at=timezone.now()
    )

    draft.refresh_from_db()
    assert draft.data == {"name": "恒瑞项目", "amount": "-5 abc"}


def test_draft_is_written_over_by_its_next_state(clerk):
    now = timezone.now()
    first = drafts.keep({"name": ["一"]}, ["name"], user=clerk, draft=None, at=now)

    again = drafts.keep(
        {"name": ["二"], "amount": ["5"]}, ["name", "amount"], user=clerk, draft=first, at=now
    )

    assert (again.pk, list(clerk.signing_drafts.values_list("data", flat=True))) == (
        first.pk,
        [{"name": "二", "amount": "5"}],
    )


def test_draft_of_nothing_and_one_too_many_are_refused(clerk, monkeypatch):
    monkeypatch.setattr(drafts, "MOST", 1)
    now = timezone.now()

    with pytest.raises(CannotKeep, match=r"Nothing has been typed yet\."):
        drafts.keep({"name": [""]}, ["name"], user=clerk, draft=None, at=now)
    drafts.keep({"name": ["一"]}, ["name"], user=clerk, draft=None, at=now)
    with pytest.raises(CannotKeep, match=r"You keep 1 drafts\. Finish"):
        drafts.keep({"name": ["二"]}, ["name"], user=clerk, draft=None, at=now)


# --- Two editors ------------------------------------------------------------------------------------------


@pytest.fixture
def project(steel, liubei):
    return factories.project(
        Stage.SIGNING,
        name="恒瑞线控底盘项目",
        officer="李工",
        fixed_assets=Decimal("9000.00"),
        task_force=steel,
        reporting_unit=liubei,
    )


def opened(project, user) -> QueryDict:
    """What the browser would send of the form as it was opened."""
    form = ProjectForm(instance=Project.objects.get(pk=project.pk), user=user, today=TODAY)
    data = QueryDict(mutable=True)
    for bound in form:
        value = (
            bound.field.prepare_value(bound.value())
            if hasattr(bound.field, "prepare_value")
            else bound.value()
        )
        if isinstance(value, list):
            data.setlist(bound.name, [str(one) for one in value])
        elif value is True:
            data[bound.name] = "on"
        elif value not in (None, False):
            data[bound.name] = str(value)
    return data


def edit(project, user, data, **changes) -> ProjectForm:
    data = data.copy()
    for name, value in changes.items():
        data[name] = value
    return ProjectForm(data, instance=Project.objects.get(pk=project.pk), user=user, today=TODAY)


def test_edit_writes_the_facts_and_one_version(project, clerk):
    form = edit(project, clerk, opened(project, clerk), officer="王工", permit_no="450205202603010101")

    assert errors(form) == {}
    form.save_over()

    project.refresh_from_db()
    assert (project.officer, project.permit_no, project.version) == ("王工", "450205202603010101", 2)


def test_edit_leaves_alone_what_is_not_in_the_form(project, county_officer, auto, luzhai):
    data = opened(project, county_officer)
    Project.objects.filter(pk=project.pk).update(contracted=Decimal(5))
    changes = {
        "officer": "王工",
        "task_force": auto.pk,
        "reporting_unit": luzhai.pk,
        "is_industrial": "",
        "stage": "production",
        "contracted": "999",
        "version": "0",
        "code": "LZ-1",
        "created_by": "1",
    }

    form = edit(project, county_officer, data, **changes)
    assert form.is_valid()
    form.save_over()

    before = (project.task_force_id, project.reporting_unit_id, True, Stage.SIGNING, project.code)
    project.refresh_from_db()
    assert (
        project.task_force_id,
        project.reporting_unit_id,
        project.is_industrial,
        project.stage,
        project.code,
    ) == before
    assert (project.officer, project.contracted, project.version) == ("王工", 5, 2)


def test_edit_gives_the_code_and_a_new_contact(clerk, project):
    project.enterprise.uscc, project.enterprise.contact_name = None, "旧联系人"
    project.enterprise.save()
    code = factories.credit_code()

    form = edit(project, clerk, opened(project, clerk), uscc=code, contact_phone="13812345678")
    assert form.is_valid()
    form.save_over()

    project.enterprise.refresh_from_db()
    assert (project.enterprise.uscc, project.enterprise.contact_name, project.enterprise.contact_phone) == (
        code,
        "旧联系人",
        "13812345678",
    )


def test_of_two_editors_the_second_is_told_and_writes_nothing(project, clerk, leader):
    data = opened(project, clerk)
    first, second = edit(project, leader, data, officer="王工"), edit(project, clerk, data, officer="张工")
    assert (first.is_valid(), second.is_valid()) == (True, True)
    first.save_over()

    with pytest.raises(ChangedMeanwhile):
        second.save_over()

    project.refresh_from_db()
    assert (project.officer, project.version) == ("王工", 2)


def test_second_editor_sees_the_difference_field_by_field_and_loses_nothing(project, clerk, leader):
    data = opened(project, clerk)
    first = edit(project, leader, data, officer="王工", permit_no="许可1号", fixed_assets="9,500")
    assert first.is_valid()
    first.save_over()

    second = edit(project, clerk, data, officer="张工", content="年产十万套", fixed_assets="9500.00")
    merged, differences = second.merged()

    assert differences == [
        Difference("officer", "Officer in charge", "王工", "张工", True),
        Difference("permit_no", "Construction permit", "许可1号", "", False),
    ]
    assert (merged["officer"], merged["permit_no"], merged["content"], merged["seen_version"]) == (
        "张工",
        "许可1号",
        "年产十万套",
        "2",
    )
    again = edit(project, clerk, merged)
    assert again.is_valid()
    again.save_over()
    project.refresh_from_db()
    assert (project.officer, project.permit_no, project.content, project.fixed_assets, project.version) == (
        "张工",
        "许可1号",
        "年产十万套",
        Decimal("9500.00"),
        3,
    )


def test_second_editor_gets_the_others_choices_ticks_and_days(project, clerk, leader, auto):
    data = opened(project, clerk)
    first = edit(project, leader, data, task_force=auto.pk, planned_start="2026-06-01", assisting=auto.pk)
    first.data.pop("is_industrial")
    assert first.is_valid()
    first.save_over()

    merged, differences = edit(project, clerk, data).merged()

    assert [(difference.name, difference.theirs) for difference in differences] == [
        ("task_force", str(auto)),
        ("assisting", str(auto)),
        ("is_industrial", "No"),
        ("planned_start", "2026-06-01"),
    ]
    again = edit(project, clerk, merged)
    assert again.is_valid()
    again.save_over()
    project.refresh_from_db()
    assert (project.task_force, project.is_industrial, list(project.assisting.all())) == (auto, False, [auto])


def test_a_damaged_base_takes_nothing_for_granted(project, clerk, leader):
    data = opened(project, clerk)
    first = edit(project, leader, data, officer="王工")
    assert first.is_valid()
    first.save_over()

    _merged, differences = edit(project, clerk, data, base="forged").merged()

    assert differences == [Difference("officer", "Officer in charge", "王工", "李工", True)]


def test_edit_asks_for_a_code_name(project, clerk):
    form = edit(project, clerk, opened(project, clerk), confidentiality=Confidentiality.CONFIDENTIAL)

    assert errors(form) == {"code_name": ["A confidential project needs a code-name, for those outside."]}


# --- A lead ------------------------------------------------------------------------------------------


CONTRACT_ONLY = {"kind", "signed_on", "currency", "amount"}


def lead(user, good, **changes) -> LeadForm:
    values = {name: value for name, value in good.items() if name not in CONTRACT_ONLY}
    return LeadForm(
        typed(**values | {"stage": "preparation", "since": "2026-03-02"} | changes), user=user, today=TODAY
    )


def test_a_lead_needs_enterprise_project_and_whose_it_is(clerk, good, steel, liubei):
    form = lead(clerk, good)

    assert errors(form) == {}
    assert (form.facts().task_force, form.facts().reporting_unit) == (steel, liubei)


def test_negotiation_asks_for_its_facts_at_their_fields(clerk, good):
    needs = ["“Negotiation” needs this."]

    assert errors(lead(clerk, good, stage="negotiation")) == {"content": needs, "officer": needs}
    assert errors(lead(clerk, good, stage="negotiation", content="年产二十万套", officer="李工")) == {}


def test_a_lead_is_no_signing_and_not_of_tomorrow(clerk, good):
    assert set(errors(lead(clerk, good, stage="signing", since="2026-03-21"))) == {"stage", "since"}


def test_people_of_a_task_force_enter_for_their_own(force_member, good, auto):
    assert errors(lead(force_member, good)) == {}
    assert set(errors(lead(force_member, good, task_force=auto.pk))) == {"task_force"}


def test_a_lead_finds_its_like(clerk, good, steel, liubei):
    name = good["enterprise_name"]
    investor = factories.enterprise(name=name, name_key=name_key(name), uscc=good["uscc"])
    factories.project(
        name=good["name"], enterprise=investor, task_force=steel, reporting_unit=liubei, location=liubei
    )
    form = lead(clerk, good)
    assert form.is_valid()

    assert [doubt.project is not None for doubt in form.doubts()] == [True]
