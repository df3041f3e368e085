"""Counting rules: which set holds, deciding another one, and that each switch changes what it should."""

import datetime
from decimal import Decimal
from typing import Any

import pytest
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from briefings import counting_rules, figures, passports, what_if
from briefings.choices import CountedBy, LeftOut, Shares, Voids
from briefings.counting_rules import USUAL, CannotDecide, RuleSet
from briefings.figures import CITY, Scope, Window
from briefings.models import CountingRule
from projects.choices import EventKind
from projects.models import ContractEvent
from tests import factories
from tests.briefings.test_figures import day, happenings, percents, play, quick, signed, undone

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _in_english():
    with translation.override("en"):
        yield


FIRST, LAST = datetime.date(2025, 1, 1), datetime.date(2025, 6, 1)


def half(**switched: Any) -> Window:
    return Window(FIRST, LAST, rules=USUAL.tried(**switched))


def figures_of(window: Window, scope: Scope = CITY) -> dict[str, Any]:
    found = figures.compute(what_if.CODES, window, scope)
    return {code: found[code].value for code in what_if.CODES}


def decided(by: Any, on: datetime.date = FIRST, **switched: Any) -> CountingRule:
    return counting_rules.decide(USUAL.tried(**switched), effective_from=on, reason="市里决定", by=by)


# --- Which set holds ------------------------------------------------------------------------------


def test_without_rows_the_usual_rules_hold_for_every_month():
    assert Window(datetime.date(2019, 1, 1), LAST).rules == USUAL
    assert counting_rules.labels() == ["2025-01 v1"]


def test_reference_rows_say_what_the_usual_rules_say():
    counting_rules.load()
    counting_rules.load()

    assert CountingRule.objects.count() == 1
    assert counting_rules.in_force(day(6)) == USUAL


def test_a_decided_set_holds_from_its_month_on_and_has_versions(leader):
    counting_rules.load()
    assert str(decided(leader, datetime.date(2025, 7, 1), voids=Voids.IGNORE)) == "2025-07 v1"
    assert str(decided(leader, datetime.date(2025, 7, 1), voids=Voids.RESTATE)) == "2025-07 v2"

    assert Window(FIRST, LAST).rules == USUAL
    july = Window(FIRST, datetime.date(2025, 7, 1)).rules
    assert (july.label, july.voids) == ("2025-07 v2", Voids.RESTATE)
    assert counting_rules.labelled("2025-07 v1").voids == Voids.IGNORE


def test_last_year_is_counted_by_the_rules_of_this_year(leader):
    counting_rules.load()
    decided(leader, FIRST, large_from=Decimal(20_000))
    signed(factories.project(), 12_000, day(3, year=2024))

    window = Window(FIRST, LAST)
    assert window.base.rules == window.rules
    assert figures.compute(["contracted_industrial_100m"], window)["contracted_industrial_100m"].base == 0


def test_rules_are_asked_for_once_and_not_at_every_figure(leader):
    counting_rules.load()
    with CaptureQueriesContext(connection) as asked:
        for month in range(1, 12):
            Window.of_month(day(month))
    assert len(asked) == 1


# --- Deciding -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("switched", "reason", "sentence"),
    [
        ({}, "为何", "in force for that month already"),
        ({"voids": Voids.IGNORE}, " ", "Say why"),
    ],
)
def test_decision_without_a_change_or_a_reason_is_refused(leader, switched, reason, sentence):
    counting_rules.load()
    with pytest.raises(CannotDecide, match=sentence):
        counting_rules.decide(USUAL.tried(**switched), effective_from=FIRST, reason=reason, by=leader)
    assert CountingRule.objects.count() == 1


def test_closed_month_keeps_its_rules(leader):
    counting_rules.load()
    factories.period(LAST, closed_on=day(7, 5))

    with pytest.raises(CannotDecide, match="2025-06 is closed"):
        decided(leader, FIRST, voids=Voids.IGNORE)
    assert decided(leader, datetime.date(2025, 7, 1), voids=Voids.IGNORE).decided_by == leader


@pytest.mark.parametrize("change", ["UPDATE {} SET voids = 'ignore'", "DELETE FROM {}"])
def test_a_set_never_changes_not_even_from_the_shell(change):
    counting_rules.load()
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change.format(CountingRule._meta.db_table))
    assert counting_rules.as_value(CountingRule.objects.get()) == USUAL


# --- What each switch does ------------------------------------------------------------------------


@pytest.fixture
def history(steel, liubei, luzhai):
    """A void of May, an excluded signing, a late one, a shared project, one just under the threshold."""
    factories.period(datetime.date(2025, 2, 1), closed_on=day(3, 5))
    of = {"task_force": steel, "reporting_unit": liubei}
    voided, shared = factories.project(**of), factories.project(**of)
    factories.share(shared, liubei, 60)
    factories.share(shared, luzhai, 40)
    return {
        "voided": signed(voided, 30_000, day(2)),
        "void": signed(voided, -30_000, day(5), kind=EventKind.VOIDED),
        "shared": signed(shared, 20_000, day(3)),
        "excluded": signed(factories.project(**of), 15_000, day(3), exclusion_reason="本地企业投资"),
        "late": signed(factories.project(**of), 11_000, day(2), verified_on=day(4, 2)),
        "small": signed(factories.project(**of), 9_000, day(6), verified_on=day(6, 20)),
    }


def changed(code: str, window: Window, scope: Scope = CITY) -> dict[int, tuple[Any, Any]]:
    return {
        change.event.pk: (change.before.part, change.after.part)
        for change in what_if.changes(code, half(), window, scope)
    }


def test_ignoring_voids_changes_the_voids_alone(history):
    ignoring = half(voids=Voids.IGNORE)

    assert changed("contracted", ignoring) == {history["void"].pk: (-30_000, 0)}
    assert changed("contracted_industrial_100m", ignoring) == {history["void"].pk: (-30_000, 0)}
    assert changed("projects_signed", ignoring) == {}
    assert figures_of(ignoring)["contracted"] == figures_of(half())["contracted"] + 30_000


def test_restating_voids_moves_them_into_the_month_of_signing(history):
    restating = USUAL.tried(voids=Voids.RESTATE)
    february = Window.of_month(day(2)), Window(day(2), day(2), rules=restating)
    may = Window.of_month(day(5)), Window(day(5), day(5), rules=restating)

    moved = what_if.changes("contracted", *february)
    assert [(c.event.pk, c.before.part, c.after.part) for c in moved] == [(history["void"].pk, 0, -30_000)]
    gone = what_if.changes("contracted", *may)
    assert [(c.event.pk, c.before.part, c.after.part) for c in gone] == [(history["void"].pk, -30_000, 0)]
    assert gone[0].after.why == LeftOut.OTHER_MONTH
    # And the project is no longer newly signed.
    assert changed("projects_signed", half(voids=Voids.RESTATE)) == {history["voided"].pk: (1, 0)}
    assert figures_of(half(voids=Voids.RESTATE))["contracted"] == figures_of(half())["contracted"]


@pytest.mark.parametrize(
    ("threshold", "expected"),
    [
        ("9000", {"small": (0, 9_000)}),
        ("9000.01", {}),
        ("11000", {}),
        ("11000.01", {"late": (11_000, 0)}),
        (
            "30000.01",
            {"late": (11_000, 0), "shared": (20_000, 0), "voided": (30_000, 0), "void": (-30_000, 0)},
        ),
    ],
)
def test_threshold_changes_what_lies_between_and_nothing_else(history, threshold, expected):
    window = half(large_from=Decimal(threshold))

    assert changed("contracted_industrial_100m", window) == {
        history[name].pk: parts for name, parts in expected.items()
    }
    assert changed("contracted", window) == {}


def test_counting_by_verification_moves_what_was_verified_in_a_later_month(steel, history):
    waited = signed(factories.project(task_force=steel), 12_000, day(5), verified_on=day(6, 2))
    by_verification = USUAL.tried(counted_by=CountedBy.VERIFICATION)
    may, june = (
        {
            change.event.pk: (change.before.part, change.after.part)
            for change in what_if.changes(
                "contracted", Window.of_month(month), Window(month, month, rules=by_verification)
            )
        }
        for month in (day(5), day(6))
    )

    assert (may, june) == ({waited.pk: (12_000, 0)}, {waited.pk: (0, 12_000)})
    rows = figures.counted("contracted", half(counted_by=CountedBy.VERIFICATION))
    assert all(row.counted_on == row.verdict.on and not row.late for row in rows)


@pytest.mark.parametrize(("cut_off", "month"), [(None, 3), (20, 3), (4, 4)])
def test_cut_off_day_makes_a_verification_late_before_the_month_is_closed(steel, cut_off, month):
    event = signed(factories.project(task_force=steel), 12_000, day(3), verified_on=day(4, 5))

    (row,) = figures.counted("contracted", half(cut_off_day=cut_off))
    assert (row.pk, row.counted_on.month, row.late) == (event.pk, month, month == 4)


def test_exclusion_that_excludes_no_more_brings_its_events_in(history):
    assert changed("contracted", half(counted_anyway=("本地企业投资",))) == {
        history["excluded"].pk: (0, 15_000)
    }
    assert changed("contracted", half(counted_anyway=("资源开采",))) == {}


def test_whole_to_the_lead_unit_moves_shares_between_units_only(history, liubei, luzhai):
    lead = half(shares=Shares.LEAD_UNIT)

    assert changed("contracted", lead) == {}
    assert changed("contracted", lead, Scope(unit=liubei)) == {history["shared"].pk: (12_000, 20_000)}
    assert changed("contracted", lead, Scope(unit=luzhai)) == {history["shared"].pk: (8_000, 0)}
    assert figures_of(lead, Scope(unit=luzhai))["projects_signed"] == 0


# --- Whatever is signed and whatever rules hold -------------------------------------------------------

rule_sets = st.builds(
    RuleSet,
    counted_by=st.sampled_from(CountedBy.values),
    cut_off_day=st.one_of(st.none(), st.integers(1, 28)),
    voids=st.sampled_from(Voids.values),
    large_from=st.integers(1, 3_000_000_00).map(lambda cents: Decimal(cents) / 100),
    shares=st.sampled_from(Shares.values),
)
windows = st.tuples(st.integers(1, 12), st.integers(1, 12)).map(lambda pair: (min(pair), max(pair)))


@quick
@given(happenings, percents, rule_sets, windows, st.sampled_from(what_if.CODES))
def test_passport_adds_up_and_leaves_nothing_out_unsaid(leader, history, split, rules, months, code):
    """Counted and left out together are every event signed in the months, and each sum is the figure."""
    window = Window(datetime.date(2025, months[0], 1), datetime.date(2025, months[1], 1), rules=rules)
    with undone():
        play(history, split, leader)
        scopes = [CITY, *map(_scope_of, ContractEvent.objects.select_related("project")[:2])]
        for scope in scopes:
            passport = passports.of(code, window, scope)
            counted, left_out = set(passport.counted.values_list("pk", flat=True)), passport.left_out
            assert passport.figure == figures.compute([code], window, scope)[code]
            _check_sum(passport)
            why = dict(left_out.values_list("pk", "why"))
            signed_in = passports.explained(passport.found, window, scope).filter(
                signed_on__range=(window.first_day, window.last_day)
            )
            assert counted.isdisjoint(why)
            assert counted | why.keys() == counted | set(signed_in.values_list("pk", flat=True))
            assert set(why.values()) <= set(LeftOut.values)
            assert sum(reason.events for reason in passports.reasons(left_out)) == len(why)


def _scope_of(event: ContractEvent) -> Scope:
    return Scope(unit=event.project.reporting_unit)


def _check_sum(passport: passports.Passport) -> None:
    rows = list(passport.counted)
    whole = figures.in_wan(sum(row.part for row in rows)) if passport.found.is_amount else len(rows)
    assert whole == passport.figure.value
    for parts in (passport.by_month(), passport.by_unit):
        if parts is not None and passport.found.is_amount:
            assert (parts.total, parts.adds_up) == (passport.figure.value, True)


@quick
@given(happenings, percents, rule_sets, st.sampled_from(what_if.CODES))
def test_changes_add_up_to_the_difference(leader, history, split, rules, code):
    before = Window(FIRST, datetime.date(2025, 12, 1))
    after = Window(FIRST, datetime.date(2025, 12, 1), rules=rules)
    with undone():
        play(history, split, leader)
        for line in what_if.by_scope(code, before, after)[:4]:
            changes = what_if.changes(code, before, after, line.scope)
            assert sum(change.difference for change in changes) == line.difference


@quick
@given(happenings, percents, rule_sets, st.sampled_from(what_if.CODES[:4]))
def test_switching_voids_or_threshold_touches_no_other_event(leader, history, split, rules, code):
    before = Window(FIRST, datetime.date(2025, 12, 1))
    with undone():
        play(history, split, leader)
        voids = Window(before.first_month, before.last_month, rules=USUAL.tried(voids=rules.voids))
        for change in what_if.changes(code, before, voids):
            project = change.event.project.contract_events.verified()
            assert project.filter(kind=EventKind.VOIDED).exists()
        large = Window(before.first_month, before.last_month, rules=USUAL.tried(large_from=rules.large_from))
        changes = what_if.changes(code, before, large)
        if code in ("contracted", "projects_signed"):
            assert changes == []
        assert all(change.event.project.is_industrial for change in changes)


# --- Pages ----------------------------------------------------------------------------------------


def post(client: Any, user: Any, **given: Any) -> Any:
    client.force_login(user)
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    form = {
        "counted_by": "signing",
        "voids": "deduct",
        "large_from": "10000",
        "shares": "by_share",
        "effective_from": "2025-07",
        "reason": "市政府常务会议",
        **given,
    }
    return client.post(reverse("briefings:rules"), form, follow=True)


def test_leader_decides_and_everybody_reads(client, leader, county_officer):
    counting_rules.load()

    page = post(client, leader, voids="ignore", counted_anyway=["资源开采"]).content.decode()
    row = CountingRule.objects.get(effective_from=datetime.date(2025, 7, 1))
    assert (row.voids, row.counted_anyway, row.decided_by) == ("ignore", ["资源开采"], leader)
    assert "2025-07 v1" in page
    client.force_login(county_officer)
    seen = client.get(reverse("briefings:rules"))
    assert "市政府常务会议" in seen.content.decode()
    assert seen.context["form"] is None


def test_clerk_decides_nothing(client, clerk):
    counting_rules.load()
    post(client, clerk, voids="ignore")
    assert CountingRule.objects.count() == 1


def test_refusal_is_read_on_the_page(client, leader):
    counting_rules.load()
    page = post(client, leader)
    assert page.context["form"].non_field_errors() == [
        "These rules are in force for that month already. Switch at least one."
    ]
    assert CountingRule.objects.count() == 1


WHAT_IF = {
    "indicator": "contracted_industrial_100m",
    "from": "2025-01",
    "to": "2025-06",
    "counted_by": "signing",
    "voids": "deduct",
    "large_from": "9000",
    "shares": "by_share",
}


def test_what_if_shows_what_comes_in_and_stores_nothing(client, clerk, history):
    counting_rules.load()
    client.force_login(clerk)
    seen = client.get(reverse("briefings:what_if"), WHAT_IF)

    (row,) = seen.context["changes"]
    assert (row["before"]["text"], row["after"]["text"], row["difference"]) == ("—", "9,000", "+9,000")
    assert (seen.context["before"], seen.context["after"], seen.context["sum"]) == (
        "31,000",
        "40,000",
        "+9,000",
    )
    assert CountingRule.objects.count() == 1
    assert figures_of(Window(FIRST, LAST))["contracted_industrial_100m"] == 31_000


def test_what_if_without_a_question_shows_the_rules_in_force(client, leader, history):
    client.force_login(leader)
    seen = client.get(reverse("briefings:what_if"))

    assert seen.context["is_same"]
    assert seen.context["changes"] == []


def test_what_if_costs_the_same_with_one_change_and_with_many(client, clerk, steel, liubei):
    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            assert client.get(reverse("briefings:what_if"), WHAT_IF).status_code == 200
        return len(asked)

    client.force_login(clerk)
    of = {"task_force": steel, "reporting_unit": liubei}
    signed(factories.project(**of), 9_500, day(2))
    one = queries()
    for _n in range(3):
        signed(factories.project(**of), 9_500, day(2))
    assert queries() == one
