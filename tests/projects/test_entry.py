import datetime
import threading
from decimal import Decimal

import pytest
from django.db import connections, transaction
from django.utils import translation

from projects import entry
from projects.choices import Confidentiality, EventKind, EvidenceKind, Stage
from projects.contracts import Terms
from projects.entry import CannotEnter, Facts
from projects.models import ContactReveal, ContractEvent, Enterprise, Project, Share
from tests import factories

DAY = datetime.date(2026, 3, 2)
TODAY = datetime.date(2026, 3, 20)


@pytest.fixture(autouse=True)
def _in_english():
    with translation.override("en"):
        yield


@pytest.fixture
def facts(steel, liubei):
    def make(**more):
        given = {
            "name": "宏宇特钢线材深加工项目",
            "task_force": steel,
            "reporting_unit": liubei,
            "location": liubei,
        }
        return Facts(**{**given, **more})

    return make


def refusal(call, *args, **kwargs) -> str:
    with pytest.raises(CannotEnter) as raised, transaction.atomic():
        call(*args, **kwargs)
    return str(raised.value)


def open_project(facts, by, **more):
    given = {"investor": factories.enterprise(), "stage": Stage.PREPARATION, "by": by, "on": DAY}
    return entry.open_project(facts, **{**given, **more})


# --- Enterprises -----------------------------------------------------------------------------------


@pytest.mark.django_db
def test_enterprise_is_found_by_its_code_whatever_the_writing_of_its_name():
    known = factories.enterprise(name="广西恒达科技有限公司", name_key="恒达科技")

    found = entry.enterprise(name="广西恒达科技（集团）有限责任公司", uscc=known.uscc)

    assert (found, Enterprise.objects.count()) == (known, 1)


@pytest.mark.django_db
def test_enterprise_refuses_a_code_that_is_anothers():
    known = factories.enterprise(name="恒达科技有限公司", name_key="恒达科技")

    assert refusal(entry.enterprise, name="宏宇特钢有限公司", uscc=known.uscc) == (
        f"The credit code {known.uscc} belongs to “恒达科技有限公司”. Check the name or the code."
    )


@pytest.mark.django_db
def test_enterprise_of_this_very_name_is_found_without_a_code():
    known = factories.enterprise(name="恒达科技有限公司")

    assert entry.enterprise(name="恒达科技有限公司") == known


@pytest.mark.django_db
def test_enterprise_of_a_name_that_two_bear_is_a_new_one():
    for _n in range(2):
        factories.enterprise(name="恒达科技有限公司")

    entry.enterprise(name="恒达科技有限公司")

    assert Enterprise.objects.count() == 3


@pytest.mark.django_db
def test_enterprise_without_a_code_gets_the_one_it_is_entered_with():
    known = factories.enterprise(name="恒达科技有限公司", uscc=None, name_key="恒达科技")
    code = factories.credit_code()

    found = entry.enterprise(
        name="恒达科技有限公司", uscc=code, origin="深圳", contact_name="韦雪梅", contact_phone="13812345678"
    )

    known.refresh_from_db()
    assert (found, Enterprise.objects.count()) == (known, 1)
    assert (known.uscc, known.origin, known.contact_name, known.contact_phone, known.version) == (
        code,
        "深圳",
        "韦雪梅",
        "13812345678",
        2,
    )


@pytest.mark.django_db
def test_enterprise_that_is_known_keeps_what_stands_in_the_books():
    known = factories.enterprise(name="恒达科技有限公司", origin="上海", contact_name="李四")

    entry.enterprise(name="恒达科技有限公司", origin="深圳", contact_name="韦雪梅")

    known.refresh_from_db()
    assert (known.origin, known.contact_name, known.version) == ("上海", "李四", 1)


@pytest.mark.django_db
def test_enterprise_of_the_same_name_but_another_code_is_another():
    factories.enterprise(name="恒达科技有限公司")

    other = entry.enterprise(name="恒达科技有限公司", uscc=factories.credit_code())

    assert (Enterprise.objects.count(), other.name_key) == (2, "恒达科技")


@pytest.mark.django_db(transaction=True)
def test_enterprise_entered_by_two_at_once_is_one():
    code, ready, found = factories.credit_code(), threading.Barrier(2), []

    def run():
        ready.wait()
        try:
            found.append(entry.enterprise(name="恒达科技有限公司", uscc=code).pk)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found == [Enterprise.objects.get().pk] * 2


@pytest.mark.django_db
def test_give_code_refuses_anothers_code():
    taken, bare = factories.enterprise(name="恒达"), factories.enterprise(uscc=None)

    assert refusal(entry.give_code, bare, taken.uscc) == (
        f"The credit code {taken.uscc} belongs to “恒达”. Check the name or the code."
    )
    code = factories.credit_code()
    entry.give_code(bare, code)
    bare.refresh_from_db()
    assert (bare.uscc, bare.version) == (code, 2)


# --- Projects --------------------------------------------------------------------------------------


def test_open_project_keeps_the_facts_and_begins_the_history(facts, clerk, auto, liubei, luzhai):
    given = facts(
        content="年产二十万吨",
        officer="李工",
        fixed_assets=Decimal(9000),
        national_code="2603-450205-04-01-100001",
        confidentiality=Confidentiality.CONFIDENTIAL,
        code_name="北斗",
        shares={liubei: Decimal(60), luzhai: Decimal(40)},
        assisting=(auto,),
    )

    project = open_project(given, clerk, note="由会议提出")

    project.refresh_from_db()
    assert (project.code, project.name, project.code_name, project.stage, project.stage_since) == (
        "LZ-2026-0001",
        "宏宇特钢线材深加工项目",
        "北斗",
        Stage.PREPARATION,
        DAY,
    )
    assert list(project.shares.order_by("-percent").values_list("unit", "percent")) == [
        (liubei.pk, Decimal("60.00")),
        (luzhai.pk, Decimal("40.00")),
    ]
    assert list(project.assisting.all()) == [auto]
    assert list(project.stage_changes.values_list("source", "target", "on", "note")) == [
        ("", "preparation", DAY, "由会议提出")
    ]


def test_open_project_numbers_each_year_by_itself(facts, clerk):
    codes = [
        open_project(facts(), clerk, on=day).code
        for day in (DAY, DAY, datetime.date(2025, 12, 31), datetime.date(2024, 2, 29))
    ]

    assert codes == ["LZ-2026-0001", "LZ-2026-0002", "LZ-2025-0001", "LZ-2024-0001"]


@pytest.mark.parametrize(("first", "second"), [("60", "39.99"), ("60", "40.01"), ("50", "49")])
def test_open_project_refuses_shares_that_are_not_the_whole(facts, clerk, liubei, luzhai, first, second):
    shares = {liubei: Decimal(first), luzhai: Decimal(second)}

    total = Decimal(first) + Decimal(second)
    assert refusal(open_project, facts(shares=shares), clerk) == (
        f"The shares add up to {total} %; they must be 100 %."
    )
    assert not Project.objects.exists()


def test_open_project_refuses_a_national_code_that_is_taken(facts, clerk):
    code = "2603-450205-04-01-100001"
    open_project(facts(national_code=code), clerk)

    assert refusal(open_project, facts(name="另一项目", national_code=code), clerk) == (
        f"The national code {code} is another project's: one code, one project."
    )


def test_open_project_takes_many_projects_without_a_national_code(facts, clerk):
    for _n in range(2):
        open_project(facts(national_code=""), clerk)

    assert list(Project.objects.values_list("national_code", flat=True)) == [None, None]


@pytest.mark.django_db(transaction=True)
def test_projects_entered_at_once_get_neighbouring_codes(facts, clerk):
    given, investor = facts(), factories.enterprise()
    ready, codes = threading.Barrier(3), []

    def run():
        ready.wait()
        try:
            codes.append(open_project(given, clerk, investor=investor).code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(codes) == ["LZ-2026-0001", "LZ-2026-0002", "LZ-2026-0003"]


def test_enter_signing_opens_a_negotiation_and_an_event_that_waits(facts, clerk):
    terms = Terms(kind=EventKind.SIGNED, signed_on=DAY, amount=Decimal(96000))

    event = entry.enter_signing(facts(), terms, investor=factories.enterprise(), by=clerk, today=TODAY)

    assert (event.project.stage, event.project.stage_since, event.project.contracted) == (
        Stage.NEGOTIATION,
        DAY,
        0,
    )
    assert list(ContractEvent.objects.waiting()) == [event]


def test_enter_signing_leaves_nothing_behind_when_the_contract_is_refused(facts, clerk):
    terms = Terms(kind=EventKind.SIGNED, signed_on=TODAY + datetime.timedelta(days=1), amount=Decimal(1))

    with pytest.raises(entry.contracts.CannotRecord), transaction.atomic():
        entry.enter_signing(facts(), terms, investor=factories.enterprise(), by=clerk, today=TODAY)

    assert not Project.objects.exists()


def test_share_out_replaces_the_shares(facts, clerk, liubei, luzhai):
    project = open_project(facts(shares={liubei: Decimal(100)}), clerk)

    entry.share_out(project, {liubei: Decimal("33.33"), luzhai: Decimal("66.67")})
    assert refusal(entry.share_out, project, {liubei: Decimal(1)}) == (
        "The shares add up to 1 %; they must be 100 %."
    )

    assert list(Share.objects.order_by("percent").values_list("unit", "percent")) == [
        (liubei.pk, Decimal("33.33")),
        (luzhai.pk, Decimal("66.67")),
    ]
    entry.share_out(project, {})
    assert not Share.objects.exists()


# --- Papers, progress, contacts ----------------------------------------------------------------------


@pytest.fixture
def project(facts, clerk):
    return open_project(facts(), clerk)


def test_prove_keeps_the_file_with_its_kind(project, clerk):
    file = factories.stored_file(clerk)

    entry.prove(project, kind=EvidenceKind.START, file=file, by=clerk, today=factories.DAY)

    assert list(project.evidence.values_list("kind", "file", "added_by")) == [("start", file.pk, clerk.pk)]


def test_prove_refuses_a_kind_that_is_none(project, clerk):
    with pytest.raises(ValueError, match="rumour"):
        entry.prove(project, kind="rumour", file=factories.stored_file(), by=clerk, today=factories.DAY)


def test_reveal_contact_is_written_down(project, clerk):
    entry.reveal_contact(project, by=clerk)

    assert list(ContactReveal.objects.values_list("project", "by")) == [(project.pk, clerk.pk)]


# --- Leads -----------------------------------------------------------------------------------------


def enter_lead(facts, by, **more):
    given = {"investor": factories.enterprise(), "stage": Stage.PREPARATION, "on": DAY, "today": TODAY}
    return entry.enter_lead(facts, by=by, **{**given, **more})


def test_a_lead_stands_in_its_batch_since_its_day_and_counts_nothing(facts, force_member):
    project = enter_lead(facts(), force_member, note="随团走访")

    [begun] = project.stage_changes.all()
    assert (project.stage, project.stage_since, project.contracted) == (Stage.PREPARATION, DAY, 0)
    assert (begun.source, begun.target, begun.on, begun.note) == ("", Stage.PREPARATION, DAY, "随团走访")
    assert not project.items.exists()


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"stage": Stage.SIGNING}, "A project that is signed is entered with its contract."),
        (
            {"on": TODAY + datetime.timedelta(days=1)},
            "The day lies in the future. Enter the day from which it stands there.",
        ),
        ({"stage": Stage.NEGOTIATION}, "Before “Negotiation”, fill in what is still missing:"),
    ],
)
def test_a_lead_is_refused_and_leaves_nothing(facts, clerk, more, sentence):
    assert refusal(enter_lead, facts(), clerk, **more) == sentence
    assert not Project.objects.exists()


def test_a_lead_in_negotiation_has_an_officer_and_says_what_is_built(facts, clerk):
    project = enter_lead(facts(officer="李工", content="特钢线材"), clerk, stage=Stage.NEGOTIATION)

    assert project.stage == Stage.NEGOTIATION
