"""What the rows of a ledger become in the books, and that many at once become what one by one would."""

import datetime
from decimal import Decimal

import pytest
from django.utils import translation

from accounts.roles import Role
from core.text import name_key
from ledgers import committing
from ledgers.choices import Decision
from projects import contracts, entry
from projects.choices import Currency, EventKind, Stage, Status
from projects.contracts import Terms
from projects.models import ContractEvent, Enterprise, Project, SigningCeremony, StageChange
from tests import factories
from tests.ledgers.books import HANDED_IN, committed, ledger, matched, row

DAY = datetime.date(2026, 3, 2)
SAME = {"name": "宏宇特钢线材项目", "enterprise": "广西宏宇特钢有限公司"}


@pytest.fixture(autouse=True)
def _in_english():
    with translation.override("en"):
        yield


@pytest.fixture
def handed_in(clerk, steel, liubei):
    return ledger(clerk)


def entered(handed_in, **values):
    """The one project of a ledger of one row."""
    committed(handed_in, row(handed_in, 17, **values))
    return Project.objects.get()


def again(handed_in, by=None, **values):
    """The same row sent once more with other values, and committed."""
    later = ledger(handed_in.handed_in_by, file="柳北区 2026-04.xlsx")
    matched(later, row(later, 17, **values))
    committing.commit(later, by=by or handed_in.handed_in_by, today=HANDED_IN)
    return later.rows.get()


def events(project):
    """(kind, amount, verdict) of its contract."""
    rows = project.contract_events.order_by("pk").values_list("kind", "amount", "verdict__verdict")
    return [(kind, int(amount), verdict) for kind, amount, verdict in rows]


# --- New ------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_signing_of_a_ledger_waits_for_the_bureau_like_one_by_hand(handed_in, clerk, steel, liubei):
    project = entered(
        handed_in, **SAME, officer="韦经办", progress=[["2026-03", "主体封顶"]], note="用地已批"
    )

    event = project.contract_events.get()
    assert (project.code, project.stage, project.contracted) == ("LZ-2026-0001", Stage.NEGOTIATION, 0)
    assert (project.task_force, project.reporting_unit, project.location) == (steel, liubei, liubei)
    assert (event.amount, event.signed_on, event.recorded_by, event.recorded_on) == (
        12500,
        DAY,
        clerk,
        HANDED_IN,
    )
    assert (event.source, event.note, hasattr(event, "verdict")) == (
        "柳北区 2026-03.xlsx, 柳北区!17",
        "用地已批",
        False,
    )
    assert project.stage_changes.get().note == "as in 柳北区 2026-03.xlsx, 柳北区!17; 2026-03: 主体封顶"


@pytest.mark.django_db
def test_a_row_becomes_what_the_form_would_have_written(handed_in, clerk, steel, liubei, luzhai):
    """The bulk way and the verbs leave the same rows, but for keys and codes."""
    facts = {
        "name": "宏宇特钢线材项目",
        "officer": "韦经办",
        "content": "年产十万吨线材",
        "fixed_assets": Decimal("8000.50"),
        "planned_start": datetime.date(2026, 9, 1),
        "national_code": "2603-450205-04-01-111111",
    }
    shares = {liubei: Decimal(60), luzhai: Decimal(40)}
    told = {**facts, "fixed_assets": "8000.5", "planned_start": "2026-09-01", "location": "450223"}
    foreign = {"amount_wan": "14317.2", "currency": "USD", "foreign_amount_wan": "2000", "rate": "7.1586"}
    ceremony = {
        "ceremony": "三月签约仪式",
        "shares": [["450205", "60"], ["450223", "40"]],
        "origin": "广东深圳",
    }
    source = "柳北区 2026-03.xlsx, 柳北区!17"

    entered(handed_in, **{**SAME, **told, **foreign, **ceremony})
    by_ledger = _all_rows()
    held = SigningCeremony.objects.get()
    Project.objects.update(national_code=None, name="别的")
    investor = entry.enterprise(name="广西另一家特钢有限公司", origin="广东深圳")
    event = entry.enter_signing(
        entry.Facts(**facts, task_force=steel, reporting_unit=liubei, location=luzhai, shares=shares),
        Terms(
            kind=EventKind.SIGNED,
            signed_on=DAY,
            amount=Decimal("14317.2"),
            currency=Currency.USD,
            original_amount=Decimal(2000),
            rate=Decimal("7.1586"),
            rate_on=DAY,
            ceremony=held,
            source=source,
        ),
        investor=investor,
        by=clerk,
        today=HANDED_IN,
    )

    by_hand = _all_rows(event.project)
    assert by_ledger == by_hand


def _all_rows(project=None):
    """Everything that one entry left, without what no two entries share."""
    project = Project.objects.get(pk=project.pk) if project else Project.objects.get()
    own = {"id", "code", "created_at", "recorded_at", "enterprise_id", "project_id", "name_key", "uscc"}
    rows = [project, project.enterprise, *project.stage_changes.all(), *project.contract_events.all()]
    rows += project.shares.order_by("unit")
    values = [{k: v for k, v in vars(one).items() if k not in own and k[0] != "_"} for one in rows]
    values[1].pop("name")
    values[2].pop("note")  # a ledger says in the first line where it comes from
    return values


@pytest.mark.django_db
def test_a_lead_a_framework_agreement_and_an_add_on_are_entered_as_by_hand(handed_in):
    lead = row(handed_in, 3, contract=None, amount_wan=None, signed_on=None, stage="preparation")
    framework = row(handed_in, 4, contract="framework", amount_wan="90000")
    add_on = row(handed_in, 5, contract="add_on", amount_wan="700", stage="construction")

    committed(handed_in, lead, framework, add_on)

    by_row = {one.row: Project.objects.get(pk=one.written) for one in handed_in.rows.all()}
    assert [(by_row[n].stage, by_row[n].stage_since) for n in (3, 4, 5)] == [
        (Stage.PREPARATION, HANDED_IN),
        (Stage.NEGOTIATION, DAY),
        (Stage.NEGOTIATION, DAY),
    ]
    assert [events(by_row[n]) for n in (3, 4, 5)] == [
        [],
        [("framework", 0, None)],
        [("add_on", 700, None)],
    ]
    agreement = by_row[4].contract_events.get()
    assert (agreement.original_amount, agreement.exclusion_reason) == (90000, "Framework agreement")
    assert by_row[5].stage_changes.get().note.endswith("the ledger says “Construction”")


@pytest.mark.django_db
def test_codes_run_on_by_the_year_of_signing(handed_in):
    factories.project(code="LZ-2025-0009")
    years = ["2025-12-30", "2026-01-05", "2025-11-02"]

    committed(handed_in, *(row(handed_in, n, signed_on=day) for n, day in enumerate(years, start=3)))

    made = [Project.objects.get(pk=one.written).code for one in handed_in.rows.order_by("row")]
    assert made == ["LZ-2025-0010", "LZ-2026-0001", "LZ-2025-0011"]


@pytest.mark.django_db
def test_one_enterprise_of_two_rows_is_one_and_of_the_books_is_filled_in(handed_in):
    known = factories.enterprise(name="广西宏宇特钢有限公司", name_key="宏宇特钢", uscc=None)
    code = factories.credit_code(77)
    told = {"enterprise": "广西宏宇特钢有限公司"}

    committed(
        handed_in,
        row(handed_in, 3, **told, uscc=code, contact_phone="13800000000"),
        row(handed_in, 4, **told, name="精密铸件车间", amount_wan="800"),
        row(handed_in, 5, enterprise="长" * 200, partners=["宏星有限公司", "广西宏宇特钢有限公司"]),
    )

    known.refresh_from_db()
    assert (known.uscc, known.contact_phone, known.version) == (code, "13800000000", 2)
    assert list(known.projects.order_by("pk").values_list("name", flat=True)) == [
        "宏宇特钢第3线材项目",
        "精密铸件车间",
    ]
    long = Enterprise.objects.get(name="长" * 200)
    assert set(long.projects.get().partners.values_list("name", flat=True)) == {
        "宏星有限公司",
        "广西宏宇特钢有限公司",
    }


@pytest.mark.django_db
def test_many_enterprises_at_once_are_what_one_after_the_other_would_be(db):
    """The twin of `enterprise`: by code, by the very name, two of one name, a name that is another's code."""
    codes = [factories.credit_code(900 + n) for n in range(3)]
    for name, uscc in (
        ("甲钢有限公司", codes[0]),
        ("乙钢有限公司", None),
        ("丙钢有限公司", None),
        ("丙钢有限公司", None),
    ):
        Enterprise.objects.create(name=name, name_key=name_key(name), uscc=uscc)
    told = [
        entry.Investor("甲钢集团有限公司", codes[0], origin="广东"),
        entry.Investor("乙钢有限公司", codes[1]),
        entry.Investor("乙钢有限公司"),
        entry.Investor("丙钢有限公司"),
        entry.Investor("丁钢有限公司", codes[2]),
        entry.Investor("丁钢（集团）有限公司", codes[2]),
        entry.Investor("戊钢有限公司", codes[0]),
    ]

    def one_by_one():
        for one in told:
            try:
                found = entry.enterprise(name=one.name, uscc=one.uscc, origin=one.origin)
            except entry.CannotEnter as refusal:
                yield str(refusal)
            else:
                yield (found.name, found.uscc)

    at_once = [str(f) if isinstance(f, Exception) else (f.name, f.uscc) for f in entry.enterprises(told)]
    made = list(Enterprise.objects.order_by("pk").values_list("name", "uscc", "origin"))

    assert at_once == list(one_by_one())
    # the third 丙钢 is nobody's: each way makes its own
    assert list(Enterprise.objects.order_by("pk").values_list("name", "uscc", "origin"))[: len(made)] == made


# --- What is left out ----------------------------------------------------------------------------------


@pytest.mark.django_db
def test_rows_that_wait_or_are_left_out_are_not_entered_and_the_others_are(handed_in):
    rows = matched(
        handed_in,
        row(handed_in, 3),
        row(handed_in, 4, signed_on=["asked", None, "2025.1", "H", ""]),
        row(handed_in, 5, task_force=None),
        row(handed_in, 6, officer=["refused", None, "#REF!", "K", ""]),
        row(handed_in, 7, signed_on="2026-03-21"),
        row(handed_in, 8),
    )
    rows[5].decision = Decision.LEAVE
    rows[5].save()

    committing.commit(handed_in, by=handed_in.handed_in_by, today=HANDED_IN)

    written = {one.row: one for one in handed_in.rows.all()}
    assert [n for n, one in written.items() if one.written] == [3, 6]
    assert written[7].evidence == ["The day of signing lies in the future. Enter it once it is signed."]
    assert handed_in.counts["entered"] == {"new": 2, "left": 4}


@pytest.mark.django_db
def test_a_look_alike_is_entered_only_as_somebody_has_decided(handed_in):
    project = entered(handed_in, **SAME)
    decided = {}
    for decision in (Decision.NONE, Decision.SAME, Decision.NEW):
        later = ledger(handed_in.handed_in_by, sender=f"别的{decision}")
        (one,) = matched(later, row(later, 3, **{**SAME, "name": "宏宇特钢线材项目二期"}, officer="莫专员"))
        assert one.verdict == "lookalike"
        one.decision = decision
        one.save()
        committing.commit(later, by=later.handed_in_by, today=HANDED_IN)
        decided[decision] = later.rows.get().written

    assert decided[Decision.NONE] is None
    assert decided[Decision.SAME] == project.pk
    assert decided[Decision.NEW] not in (None, project.pk)
    assert Project.objects.get(pk=project.pk).officer == "莫专员"


@pytest.mark.django_db
def test_an_enterprise_that_somebody_recognised_gets_the_project(handed_in):
    known = factories.enterprise(
        name="柳州宏宇特钢集团有限公司", name_key=name_key("柳州宏宇特钢集团有限公司")
    )
    (one,) = matched(handed_in, row(handed_in, 3, enterprise="宏宇特钢有限公司"))
    one.decision = Decision.SAME
    one.save()

    committing.commit(handed_in, by=handed_in.handed_in_by, today=HANDED_IN)

    assert Project.objects.get().enterprise == known


@pytest.mark.django_db
def test_the_same_twice_in_one_ledger_leads_to_one_project_when_somebody_says_so(handed_in):
    add_on = row(handed_in, 9, **SAME, contract="add_on", amount_wan="300", sheet="增资")
    rows = matched(handed_in, row(handed_in, 4, **SAME), row(handed_in, 5, **SAME), add_on)
    rows[1].decision = Decision.SAME
    rows[1].save()

    committing.commit(handed_in, by=handed_in.handed_in_by, today=HANDED_IN)

    project = Project.objects.get()
    assert {one.written for one in handed_in.rows.all()} == {project.pk}
    assert events(project) == [("signed", 12500, None), ("add_on", 300, None)]


# --- Changed -------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_facts_are_changed_as_an_edit_would(handed_in, auto):
    project = entered(handed_in, **SAME)

    news = {"officer": "莫专员", "task_force": "auto", "fixed_assets": "900", "planned_start": "2026-10-01"}
    again(handed_in, **SAME, **news, contact_name="李总")

    project.refresh_from_db()
    assert (project.officer, project.task_force, project.fixed_assets) == ("莫专员", auto, 900)
    assert (project.planned_start, project.version) == (datetime.date(2026, 10, 1), 2)
    assert project.enterprise.contact_name == "李总"


@pytest.mark.django_db
def test_an_amount_nobody_has_verified_is_withdrawn_and_entered_rightly(handed_in):
    project = entered(handed_in, **SAME)

    again(handed_in, **SAME, amount_wan="13000")

    assert events(project) == [("signed", 12500, "returned"), ("signed", 13000, None)]
    assert project.contract_events.earliest("pk").verdict.reason == (
        "柳北区 2026-04.xlsx, 柳北区!17: 13,000 instead of 12,500"
    )


@pytest.mark.django_db
def test_a_verified_amount_is_corrected_and_a_verified_day_is_left(handed_in, leader):
    project = entered(handed_in, **SAME)
    contracts.verify(project.contract_events.get(), by=leader, today=HANDED_IN)

    again(handed_in, **SAME, amount_wan="13000")
    left = again(handed_in, **SAME, amount_wan="13000", signed_on="2026-03-03", officer="莫专员")

    assert events(project) == [("signed", 12500, "verified"), ("correction", 500, None)]
    assert left.evidence[-1] == (
        "The contract is verified: its day is not changed by a ledger. Enter it on its page."
    )
    project.refresh_from_db()
    assert (project.contracted, project.officer) == (12500, "")  # the row is left as a whole


@pytest.mark.django_db
def test_a_void_takes_back_what_stands(handed_in, leader):
    project = entered(handed_in, **SAME)
    contracts.verify(project.contract_events.get(), by=leader, today=HANDED_IN)

    again(handed_in, **SAME, contract="voided", amount_wan="-12500", signed_on="2026-03-18")

    assert events(project) == [("signed", 12500, "verified"), ("voided", -12500, None)]


@pytest.mark.django_db
def test_a_signing_of_a_lead_in_the_books_is_its_signing(handed_in):
    project = entered(handed_in, **SAME, contract=None, amount_wan=None, signed_on=None, stage="negotiation")

    again(handed_in, **SAME)

    assert (Project.objects.get(), events(project)) == (project, [("signed", 12500, None)])


@pytest.mark.django_db
def test_a_project_edited_since_the_rehearsal_is_reported_and_not_overwritten(handed_in):
    project = entered(handed_in, **SAME)
    later = ledger(handed_in.handed_in_by)
    told = {**SAME, "officer": "莫专员"}
    matched(later, row(later, 17, **told), row(later, 18))
    Project.objects.update(officer="韦经办", version=2)

    committing.commit(later, by=later.handed_in_by, today=HANDED_IN)

    project.refresh_from_db()
    left, new = later.rows.order_by("row")
    assert (project.officer, left.written, new.written is None) == ("韦经办", None, False)
    assert left.evidence[-1] == (
        "Somebody has changed this project since the ledger was rehearsed. Rehearse it again."
    )


@pytest.mark.django_db
def test_two_rows_of_one_project_do_not_hinder_each_other(handed_in, leader):
    project = entered(handed_in, **SAME)
    contracts.verify(project.contract_events.get(), by=leader, today=HANDED_IN)
    later = ledger(handed_in.handed_in_by)
    follow = {**SAME, "contract": "add_on", "signed_on": "2026-03-10"}

    committed(
        later,
        row(later, 17, **SAME, officer="莫专员"),
        row(later, 18, **follow, amount_wan="300"),
        row(later, 19, **{**follow, "signed_on": "2026-03-11"}, amount_wan="400"),
    )

    assert events(project)[1:] == [("add_on", 300, None), ("add_on", 400, None)]
    assert later.rows.filter(written=project.pk).count() == 3


@pytest.mark.django_db
def test_what_follows_a_contract_is_the_bureaus_to_enter(handed_in, leader, liubei):
    project = entered(handed_in, **SAME)
    contracts.verify(project.contract_events.get(), by=leader, today=HANDED_IN)
    office = factories.user(Role.UNIT, unit=liubei)

    left = again(handed_in, office, **SAME, contract="add_on", amount_wan="300", signed_on="2026-03-10")

    assert left.evidence[-1] == "“Add-on” is entered by the bureau. Hand the ledger to its clerks."
    assert len(events(project)) == 1


@pytest.mark.django_db
def test_entering_asks_the_same_number_of_questions_however_many_rows_are_new(
    clerk, steel, liubei, count_queries
):
    def enter(count):
        one = ledger(clerk, sender=f"{count}")
        names = [(n, f"第{count}组{n}号车间", f"特钢{count}第{n}有限公司") for n in range(3, 3 + count)]
        matched(one, *(row(one, n, name=name, enterprise=firm) for n, name, firm in names))
        return count_queries(lambda: committing.commit(one, by=clerk, today=HANDED_IN))

    enter(1)

    assert enter(2) == enter(30)
    assert (Project.objects.count(), StageChange.objects.count(), ContractEvent.objects.count()) == (
        33,
        33,
        33,
    )
    assert set(Project.objects.values_list("status", flat=True)) == {Status.ACTIVE}
