"""What rows of a ledger are beside the books. The rows are made here; reading them is tested elsewhere."""

import datetime
from decimal import Decimal

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from accounts.roles import Role
from core.text import name_key
from projects.choices import EventKind, Stage
from projects.ledger_matching import base_name, match
from projects.models import Project
from tests import factories
from tests.ledgers.books import committed, ledger, matched, row

DAY = datetime.date(2026, 3, 2)


@pytest.fixture(autouse=True)
def _in_english():
    with translation.override("en"):
        yield


@pytest.fixture
def booked(steel, liubei, clerk):
    """A signed project of Liubei's in the books, as the usual row of this name would tell it."""

    def make(
        name="宏宇特钢线材项目", enterprise="广西宏宇特钢有限公司", *, amount=12500, verified=True, **more
    ):
        investor = factories.enterprise(
            name=enterprise,
            name_key=name_key(enterprise),
            **({"uscc": more.pop("uscc")} if "uscc" in more else {}),
        )
        whose = {"task_force": steel, "reporting_unit": liubei, "created_by": clerk}
        project = factories.project(Stage.SIGNING, name=name, enterprise=investor, **{**whose, **more})
        event = factories.verified_event if verified else factories.contract_event
        event(project, amount=Decimal(amount), signed_on=DAY)
        return Project.objects.get(pk=project.pk)

    return make


def verdicts(rows):
    return [(one.verdict, one.target) for one in rows]


def beside(clerk, **values):
    """One row beside the books."""
    one = row(ledger(clerk), 5, **values)
    match([one], ledger=one.ledger, user=clerk)
    return one


SAME = {"name": "宏宇特钢线材项目", "enterprise": "广西宏宇特钢有限公司"}


# --- Surely ----------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_row_is_new_the_same_or_changed_field_by_field(booked, clerk):
    project = booked(officer="韦经办")

    new, same = beside(clerk), beside(clerk, **SAME, officer="韦经办")
    changed = beside(clerk, **SAME, officer="莫专员", amount_wan="13000.50", signed_on="2026-03-03")

    assert verdicts([new, same, changed]) == [("new", None), ("same", project.pk), ("changed", project.pk)]
    assert (new.changes, same.changes) == ({}, {})
    assert changed.changes == {
        "officer": ["韦经办", "莫专员"],
        "amount_wan": ["12500", "13000.5"],
        "signed_on": ["2026-03-02", "2026-03-03"],
    }


@pytest.mark.django_db
@pytest.mark.parametrize(
    "told",
    [
        {"name": "宏宇特钢　线材 项目", "enterprise": "广西宏宇特钢有限公司 "},
        {"name": "宏宇特钢线材建设项目"},
        {"name": "宏宇特钢线材项目", "enterprise": "宏宇特钢（集团）有限责任公司", "uscc": "code"},
        {
            "name": "别的名字项目",
            "enterprise": "别的企业有限公司",
            "national_code": "2503-450205-04-01-123456",
        },
    ],
)
def test_the_same_project_is_found_by_spelling_credit_code_and_national_code(booked, clerk, told):
    code = factories.credit_code(7)
    project = booked(uscc=code, national_code="2503-450205-04-01-123456")
    told = {**SAME, **told, **({"uscc": code} if "uscc" in told else {})}

    assert beside(clerk, **told).target == project.pk


@pytest.mark.django_db
def test_what_a_cell_does_not_say_is_no_change_and_what_is_asked_is_not_taken(booked, clerk):
    booked(officer="韦经办", content="年产十万吨线材")

    row = beside(clerk, **SAME, officer="", content=["asked", "别的", "别的", "H", ""])

    assert (row.verdict, row.changes) == ("same", {})


@pytest.mark.django_db
def test_a_row_that_lacks_what_every_project_needs_is_refused_and_an_asked_one_is_not(clerk, steel, liubei):
    assert beside(clerk, task_force=None).evidence == ["The row does not say its task force."]
    assert beside(clerk, amount_wan=None).verdict == "refused"
    assert beside(clerk, signed_on=["asked", None, "2025.1", "H", ""]).verdict == "new"


# --- The contract --------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_an_add_on_of_a_project_in_the_books_is_a_new_event_and_no_new_project(booked, clerk):
    project = booked()
    told = {"enterprise": "广西宏宇特钢有限公司", "contract": "add_on", "signed_on": "2026-03-09"}

    row = beside(clerk, name="宏宇特钢线材增资扩产项目", amount_wan="3000", **told)

    assert (row.verdict, row.target) == ("new", project.pk)
    assert row.evidence[-1] == "A new event of a contract in the books, no new project"


@pytest.mark.django_db
def test_an_add_on_that_stands_already_is_the_same_and_with_another_amount_changed(booked, clerk):
    project = booked()
    factories.verified_event(
        project, kind=EventKind.ADD_ON, amount=Decimal(3000), signed_on=datetime.date(2026, 3, 9)
    )
    told = {**SAME, "contract": "add_on", "signed_on": "2026-03-09"}

    same, changed = beside(clerk, **told, amount_wan="3000"), beside(clerk, **told, amount_wan="3500")

    assert (same.verdict, changed.verdict) == ("same", "changed")
    assert changed.changes == {"amount_wan": ["3000", "3500"]}


@pytest.mark.django_db
def test_a_correction_in_the_books_is_part_of_the_amount_that_a_row_is_compared_with(booked, clerk):
    project = booked()
    signing = project.contract_events.get()
    factories.verified_event(project, kind=EventKind.CORRECTION, amount=Decimal(500), corrects=signing)

    corrected, before = beside(clerk, **SAME, amount_wan="13000"), beside(clerk, **SAME)

    assert (corrected.verdict, before.verdict) == ("same", "same")
    assert before.evidence[-1] == (
        "The books have corrected this amount since; the row still has the one before."
    )
    assert beside(clerk, **SAME, amount_wan="14000").changes == {"amount_wan": ["13000", "14000"]}


@pytest.mark.django_db
def test_a_lead_in_the_books_that_is_signed_now_is_changed(steel, liubei, clerk):
    investor = factories.enterprise(name="广西宏宇特钢有限公司", name_key="宏宇特钢")
    lead = factories.project(
        Stage.NEGOTIATION, name=SAME["name"], enterprise=investor, task_force=steel, reporting_unit=liubei
    )

    row = beside(clerk, **SAME)

    assert (row.verdict, row.target, row.changes) == ("changed", lead.pk, {"contract": ["", "signed"]})


@pytest.mark.django_db
def test_a_void_without_its_contract_is_refused_and_an_add_on_says_that_only_it_counts(clerk, steel, liubei):
    void = beside(clerk, contract="voided", amount_wan="-500")
    add_on = beside(clerk, contract="add_on")

    assert (void.verdict, void.evidence) == (
        "refused",
        ["This takes back of a contract that is not in the books."],
    )
    assert add_on.evidence == ["The original contract is not in the books: only the increase counts."]


# --- Perhaps -------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_an_enterprise_that_signs_twice_has_two_projects(booked, clerk):
    booked()

    row = beside(clerk, name="精密铸件车间", enterprise="广西宏宇特钢有限公司", amount_wan="800")

    assert (row.verdict, row.evidence) == (
        "new",
        ["The enterprise stands in the books with other projects: 1"],
    )


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("told", "evidence"),
    [
        (
            {"name": "宏宇特钢线材项目（二期）"},
            ["the same enterprise", "the same name, apart from its phase", "in the same place"],
        ),
        (
            {"enterprise": "宏宇特钢（集团）有限公司"},
            [
                "the same name, apart from place and legal form",
                "the same name",
                "in the same place",
                "the same amount",
                "signed within sixty days",
            ],
        ),
        (
            {"name": "别的车间"},
            ["the same enterprise", "in the same place", "the same amount", "signed within sixty days"],
        ),
    ],
)
def test_a_look_alike_comes_with_its_evidence(booked, clerk, told, evidence):
    project = booked()
    amount = "12500" if told.get("name") != "宏宇特钢线材项目（二期）" else "700"

    row = beside(clerk, **{**SAME, **told}, amount_wan=amount)

    assert (row.verdict, row.target) == ("lookalike", project.pk)
    assert row.evidence == ["Very likely a project in the books", *evidence]


@pytest.mark.django_db
def test_two_credit_codes_are_two_enterprises_however_alike_their_names(booked, clerk):
    booked(uscc=factories.credit_code(7))

    row = beside(
        clerk, name="宏宇特钢棒材项目", enterprise="柳州宏宇特钢有限公司", uscc=factories.credit_code(8)
    )

    assert (row.verdict, row.target) == ("new", None)


@pytest.mark.django_db
def test_an_enterprise_under_another_name_is_asked_whether_by_code_or_by_key(booked, clerk):
    code = factories.credit_code(7)
    booked(uscc=code)
    told = {"name": "精密铸件车间", "amount_wan": "800"}

    renamed = beside(clerk, **told, enterprise="新星钢业有限公司", uscc=code)
    variant = beside(clerk, **told, enterprise="宏宇特钢集团有限公司")

    assert renamed.evidence == [
        "The credit code is another enterprise's: is it the same one under a new name?"
    ]
    assert variant.evidence == ["The enterprise: the same name, apart from place and legal form"]
    assert [one.verdict for one in (renamed, variant)] == ["lookalike", "lookalike"]
    assert renamed.undo == variant.undo == {"enterprise": Project.objects.get().enterprise_id}


@pytest.mark.django_db
def test_another_unit_claims_a_project_and_its_facts_are_not_told(booked, clerk, luzhai):
    project = booked(officer="韦经办")

    row = beside(clerk, **SAME, unit="450223", officer="陆招商", amount_wan="9000")

    assert (row.verdict, row.target, row.changes) == ("lookalike", project.pk, {})
    assert row.evidence[-1] == "Another unit reports it."


# --- Within one ledger -----------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_same_project_in_two_sheets_is_noticed_also_across_blocks(clerk, steel, liubei, luzhai):
    handed_in = ledger(clerk)
    first, second = row(handed_in, 7, sheet="柳北区", **SAME), row(handed_in, 9, sheet="鹿寨县", **SAME)
    part = row(handed_in, 10, sheet="鹿寨县", **{**SAME, "name": "宏宇特钢线材项目（二期）"})
    add_on = row(handed_in, 11, sheet="鹿寨县", **SAME, contract="add_on", amount_wan="100")

    match([first], ledger=handed_in, user=clerk)
    match([second, part, add_on], ledger=handed_in, user=clerk)

    assert [one.verdict for one in (first, second, part, add_on)] == ["new", "lookalike", "lookalike", "new"]
    assert second.evidence == ["The same or a part of the same stands in this ledger at 柳北区!7"]
    assert add_on.evidence == ["A further event of the contract at 柳北区!7"]
    assert {tuple(one.undo["like"]) for one in (second, part, add_on)} == {("柳北区", 7, 0)}


@pytest.mark.django_db
def test_a_project_of_the_books_that_stands_twice_is_noticed(booked, clerk):
    project = booked()
    handed_in = ledger(clerk)

    rows = matched(handed_in, row(handed_in, 4, **SAME), row(handed_in, 5, **SAME))

    assert verdicts(rows) == [("same", project.pk), ("lookalike", project.pk)]


@pytest.mark.django_db
def test_a_second_reading_of_the_same_ledger_does_not_see_itself(clerk, steel, liubei):
    handed_in = ledger(clerk)
    rows = [row(handed_in, 4), row(handed_in, 5)]

    for _time in range(2):
        match(rows, ledger=handed_in, user=clerk)

    assert [one.verdict for one in rows] == ["new", "new"]


# --- Whose books -----------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_another_countys_talks_are_not_found_out_by_sending_names(booked, stranger, luzhai):
    booked(enterprise="宏宇特钢有限公司")
    handed_in = ledger(stranger, sender="鹿寨县", unit=luzhai)
    told = {**SAME, "unit": "450223"}

    rows = matched(handed_in, row(handed_in, 4, **told), row(handed_in, 5, **{**told, "name": "别的车间"}))

    assert [(one.verdict, one.target, one.evidence, one.undo) for one in rows] == [("new", None, [], {})] * 2


@pytest.mark.django_db
def test_an_office_hands_in_only_rows_of_its_own_unit(stranger, steel, liubei):
    handed_in = ledger(stranger)

    (one,) = matched(handed_in, row(handed_in, 4))

    assert one.evidence == ["This row is of another unit. You hand in the ledger of your own unit."]


@pytest.mark.django_db
def test_in_whose_total_it_counts_is_no_change_for_an_office(booked, auto):
    project = booked()
    officer = factories.user(Role.UNIT, unit=project.reporting_unit)
    handed_in = ledger(officer)

    (one,) = matched(handed_in, row(handed_in, 4, **SAME, task_force="auto", officer="梁招商"))

    assert one.changes == {"officer": ["", "梁招商"]}


# --- Again ------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_row_of_the_last_ledger_is_found_by_where_it_led_even_if_the_books_call_it_otherwise(
    clerk, steel, liubei
):
    first = ledger(clerk)
    committed(first, row(first, 4, **SAME))
    Project.objects.update(name="宏宇特钢高速线材项目")

    again = beside(clerk, **SAME)
    others = row(ledger(clerk, sender="鹿寨县"), 4, **{**SAME, "enterprise": "别的企业有限公司"})
    match([others], ledger=others.ledger, user=clerk)

    assert (again.verdict, again.target) == ("changed", Project.objects.get().pk)
    assert again.changes == {"name": ["宏宇特钢高速线材项目", "宏宇特钢线材项目"]}
    assert others.target is None


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["长" * 200, "%_'\\;--", "𠀀𠀁𠀂项目", "二期", "项目"])
def test_odd_names_match_themselves(booked, clerk, name):
    project = booked(name=name)

    assert beside(clerk, **{**SAME, "name": name}).target == project.pk


@pytest.mark.django_db
def test_a_block_asks_the_books_the_same_number_of_questions_however_long_it_is(booked, clerk, count_queries):
    booked()

    def ask(count):
        handed_in = ledger(clerk)
        rows = [row(handed_in, n, **SAME) if n == 3 else row(handed_in, n) for n in range(3, 3 + count)]
        return count_queries(lambda: match(rows, ledger=handed_in, user=clerk))

    ask(1)  # whoever hands it in is asked for once

    assert ask(2) == ask(40) == 8


@given(st.text(min_size=1, max_size=30))
def test_a_base_name_is_never_empty_and_has_no_phase_of_its_own(name):
    once = base_name(name)

    assert once == base_name(once) or not once
