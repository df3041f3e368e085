import datetime
import threading
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, connections

from approvals.choices import StallCode
from briefings import content, drafting, figures
from briefings.choices import BriefingState, ReviewKind
from briefings.indicators import Window
from briefings.models import Briefing, Period, Review, Snapshot
from briefings.telling import CODES, NoMechanism, tell
from projects.choices import EventKind
from projects.models import Project
from tests import factories
from tests.briefings import march
from tests.briefings.march import MARCH, TODAY

KEYS = ["city", "force:steel", "force:auto", "unit:450205", "unit:450223"]


@pytest.fixture
def city(steel, auto, liubei, luzhai):
    return march.build(steel, auto, liubei, luzhai)


@pytest.fixture
def drafted(city, clerk):
    drafting.draft(MARCH, today=TODAY, by=clerk)
    return city


def of(key):
    return Briefing.objects.get(period__month=MARCH, scope_key=key)


def steps(briefing):
    return list(briefing.reviews.order_by("pk").values_list("kind", "by__username"))


def rows():
    return list(
        Briefing.objects.order_by("pk").values_list("pk", "scope_key", "state", "version", "drafted_at")
    )


def another_signing(city, amount="10000", on=datetime.date(2026, 3, 30)):
    """Verified late: a figure of March changes."""
    project = factories.project("signing", task_force=city.steel, reporting_unit=city.liubei)
    return factories.verified_event(project, amount=Decimal(amount), signed_on=on, verified_on=TODAY)


# --- Drafting ------------------------------------------------------------------------------------


def test_draft_makes_one_briefing_for_the_city_each_task_force_and_each_unit(city, clerk):
    done = drafting.draft(MARCH, today=TODAY, by=clerk)

    assert done == drafting.Drafted(made=5, changed=0, unchanged=0, kept=0)
    assert [key for _pk, key, *_rest in rows()] == KEYS
    assert {state for _pk, _key, state, *_rest in rows()} == {BriefingState.DRAFT}


@pytest.mark.parametrize(("year", "made"), [(2025, 22), (2026, 23)])
def test_draft_of_a_real_city_makes_one_for_it_each_task_force_of_the_year_and_each_unit(clerk, year, made):
    from taskforces import reference

    reference.load()

    assert drafting.draft(MARCH.replace(year=year), today=TODAY, by=clerk).made == made


def test_drafting_again_changes_no_row(drafted, clerk):
    before = rows()

    done = drafting.draft(MARCH, today=TODAY + datetime.timedelta(days=1), by=clerk)

    assert done == drafting.Drafted(made=0, changed=0, unchanged=5, kept=0)
    assert rows() == before
    assert not Review.objects.exists()


def test_drafting_again_takes_up_what_was_verified_since_and_says_what_changed(drafted, clerk):
    another_signing(drafted)

    done = drafting.draft(MARCH, today=TODAY, by=clerk)

    assert (done.changed, done.unchanged) == (3, 2)  # the city, steel and Liubei
    review = of("unit:450205").reviews.get()
    assert (review.kind, review.by) == (ReviewKind.REDRAFTED, clerk)
    assert ["contracted:year", "75000.498", "85000.498"] in review.facts["changed"]


def test_drafting_stopped_half_way_is_finished_by_the_next_run(city, clerk):
    def killed(done, _total):
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        drafting.draft(MARCH, today=TODAY, by=clerk, report=killed)
    half = rows()

    done = drafting.draft(MARCH, today=TODAY, by=clerk)

    assert len(half) == 2
    assert done == drafting.Drafted(made=3, changed=0, unchanged=2, kept=0)
    assert rows()[:2] == half


@pytest.mark.django_db(transaction=True)
def test_drafting_in_two_workers_at_once_leaves_the_rows_of_one(city, clerk):
    done, start = [], threading.Barrier(2)

    def work():
        try:
            start.wait(10)
            done.append(drafting.draft(MARCH, today=TODAY, by=clerk))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert [d.total for d in done] == [5, 5]
    assert sum(d.made for d in done) == 5
    assert sorted(Briefing.objects.values_list("scope_key", flat=True)) == sorted(KEYS)
    assert Period.objects.count() == 1
    assert not Review.objects.exists()


def test_a_confirmed_briefing_is_kept_unless_it_is_asked_for_by_name(drafted, clerk, force_lead):
    drafting.confirm(of("force:steel"), by=force_lead)
    another_signing(drafted)

    drafting.draft(MARCH, today=TODAY, by=clerk)
    kept = of("force:steel")
    again = drafting.redraft(of("force:steel"), by=clerk, today=TODAY)

    assert content.values(kept.content)["contracted:year"].value == "55000.5"
    assert content.values(again.content)["contracted:year"].value == "65000.5"
    assert again.state == BriefingState.DRAFT
    assert steps(again) == [("confirmed", "force_lead"), ("redrafted", "clerk")]


def test_redrafting_what_says_the_same_keeps_its_confirmation(drafted, clerk, force_lead):
    drafting.confirm(of("force:steel"), by=force_lead)

    assert drafting.redraft(of("force:steel"), by=clerk, today=TODAY).state == BriefingState.REVIEWED


def test_a_returned_briefing_waits_until_its_figures_change_or_it_is_drafted_by_name(
    drafted, clerk, force_lead
):
    for key in ("force:steel", "city"):
        drafting.send_back(of(key), reason="请核对", by=force_lead)

    drafting.draft(MARCH, today=TODAY, by=clerk)
    waiting = of("force:steel").state
    drafting.redraft(of("force:steel"), by=clerk, today=TODAY)
    another_signing(drafted)
    drafting.draft(MARCH, today=TODAY, by=clerk)

    assert waiting == BriefingState.RETURNED
    assert (of("force:steel").state, of("city").state) == (BriefingState.DRAFT, BriefingState.DRAFT)


@pytest.mark.parametrize("month", [datetime.date(2026, 5, 1), datetime.date(2026, 3, 2)])
def test_draft_refuses_what_is_no_month_up_to_today(city, clerk, month):
    with pytest.raises(drafting.CannotDraft):
        drafting.draft(month, today=TODAY, by=clerk)

    assert not Briefing.objects.exists()


def test_draft_refuses_a_closed_month(city, clerk):
    factories.period(MARCH, closed_on=TODAY)

    with pytest.raises(drafting.CannotDraft, match="2026-03"):
        drafting.draft(MARCH, today=TODAY, by=clerk)


def test_draft_refuses_a_year_without_a_mechanism(clerk):
    with pytest.raises(NoMechanism, match="2026"):
        drafting.draft(MARCH, today=TODAY, by=clerk)


def test_draft_refuses_a_name_it_does_not_know(city, clerk):
    with pytest.raises(drafting.CannotDraft, match="force:none"):
        drafting.draft(MARCH, today=TODAY, by=clerk, only=["force:none", "city"])


def test_draft_of_a_running_month_stands_at_today(city, clerk):
    drafting.draft(MARCH, today=march.march(20), by=clerk)

    assert of("city").content["about"]["until"] == "2026-03-20"


# --- Figures of a draft ---------------------------------------------------------------------------


@pytest.mark.parametrize("span", ["year", "month"])
def test_a_draft_prints_the_figures_of_the_same_window(drafted, span):
    window = {"year": Window.year_to, "month": Window.of_month}[span](MARCH)
    briefing = of("unit:450223")

    told = [v for v in content.values(briefing.content).values() if v.span == span and v.code in CODES]

    scope = figures.Scope(unit=drafted.luzhai)
    assert {v.code: (Decimal(v.value), Decimal(v.base)) for v in told} == {
        code: (Decimal(figure.value), Decimal(figure.base))
        for code, figure in figures.compute(CODES, window, scope).items()
        if span == "year" or code != "stalled_items"
    }


def test_the_newly_signed_list_adds_up_to_the_months_contracted_investment(drafted):
    for key in KEYS:
        briefing = of(key)
        listed = sum(Decimal(row["amount"]) for row in briefing.content["signed"])
        assert listed == Decimal(content.values(briefing.content)["contracted:month"].value), key


def test_the_newly_signed_list_says_what_each_line_is(drafted):
    listed = [
        (row["project_name"], row["kind"], row["amount"], row["shared"])
        for row in of("unit:450223").content["signed"]
    ]

    assert listed == [
        ("新能源汽车底盘", "new", "13333.332", True),
        ("办公楼", "new", "9999", False),
        ("废钢加工", EventKind.VOIDED, "-4000", False),
    ]


def test_batches_count_the_stock_of_the_last_day_and_what_arrived(drafted):
    told = {
        row["batch"]: (row["count"], row["amount"], row["arrived"]) for row in of("city").content["batches"]
    }

    assert told == {
        "preparation": (1, "0", 1),
        "negotiation": (0, "0", 0),
        "signing": (4, "83332.33", 2),
        "commencement": (0, "0", 1),
        "construction": (1, "55000.5", 1),
        "production": (0, "0", 0),
        "full_capacity": (0, "0", 0),
    }


def test_batches_stand_as_they_were_on_the_last_day(drafted, clerk):
    factories.stage_change(drafted.mill, "production", source="construction", on=TODAY)
    factories.stage_change(drafted.shared, "commencement", source="signing", on=march.march(28))
    factories.stage_change(drafted.shared, "signing", source="commencement", on=march.march(29))

    batches = {row["batch"]: row for row in tell(MARCH, today=TODAY)[0].content["batches"]}

    assert batches["construction"]["count"] == 1
    assert batches["commencement"]["arrived"] == 2  # the mill, and the shared plant that was taken back
    assert batches["signing"]["count"] == 4


def test_a_batch_counts_the_projects_it_names(drafted):
    briefing = of("unit:450223")

    assert briefing.counted["batch_signing:year"] == sorted(
        project.pk for project in Project.objects.filter(name__in=("废钢加工", "新能源汽车底盘", "办公楼"))
    )
    assert len(briefing.counted["arrived_signing:month"]) == 2


def test_a_confidential_project_goes_by_its_code_name(drafted, clerk):
    drafted.shared.confidentiality, drafted.shared.code_name = "confidential", "北斗"
    drafted.shared.save()

    told = tell(MARCH, today=TODAY)[0].content

    assert drafted.shared.name not in str(told)
    assert drafted.shared.enterprise.name not in str(told)
    assert "北斗" in [row["project_name"] for row in told["signed"]]


def test_stalled_items_stand_once_with_their_days_and_who_acts(drafted):
    (row,) = of("force:steel").content["stalled"]

    assert (row["project_name"], row["item"], row["acts"]) == (
        "高强钢生产线",
        "建筑工程施工许可证核发",
        "市住房和城乡建设局",
    )
    assert (row["codes"], row["over_promise"], row["over_statute"]) == (["S1", "S3"], True, False)
    assert (row["since"], row["days"]) == ("2026-03-10", 15)
    assert of("force:auto").content["stalled"] == []


def test_who_blocks_an_item_acts_before_whose_turn_it_is(drafted):
    factories.stall_flag(
        drafted.stalled,
        code=StallCode.BLOCKED,
        raised_on=march.march(20),
        facts={"since": "2026-03-16", "department": ["柳州供电局", "Power supply bureau"]},
    )

    (row,) = tell(MARCH, today=TODAY)[0].content["stalled"]

    assert (row["acts"], row["acts_en"], row["days"]) == ("柳州供电局", "Power supply bureau", 15)


def test_tell_asks_as_often_for_one_month_however_much_is_in_it(city, clerk, django_assert_num_queries):
    from django.test.utils import CaptureQueriesContext

    tell(MARCH, today=TODAY)
    with CaptureQueriesContext(connection) as few:
        tell(MARCH, today=TODAY)
    for n in range(3):
        another_signing(city, on=march.march(10 + n))
        factories.issue(city.mill, raised_on=march.march(3))
        factories.stall_flag(factories.item(city.mill))
        factories.unit()

    with django_assert_num_queries(len(few)):
        tell(MARCH, today=TODAY)


# --- Reviewing ---------------------------------------------------------------------------------------


def test_confirm_makes_a_draft_reviewed(drafted, force_lead):
    drafting.confirm(of("force:steel"), by=force_lead)

    assert of("force:steel").state == BriefingState.REVIEWED
    assert steps(of("force:steel")) == [("confirmed", "force_lead")]


def test_dispute_and_answer_leave_the_whole_conversation(drafted, clerk, force_lead):
    briefing = of("force:steel")
    dispute = drafting.dispute(briefing, figure="contracted:year", reason="少计一个项目", by=force_lead)

    answer = drafting.answer(dispute, text="该项目为框架协议，不计入", by=clerk, today=TODAY)

    assert (answer.answers, answer.figure, answer.reason) == (
        dispute,
        "contracted:year",
        "该项目为框架协议，不计入",
    )
    assert steps(briefing) == [("disputed", "force_lead"), ("answered", "clerk")]
    assert of("force:steel").state == BriefingState.DRAFT


def test_answering_drafts_again_when_the_figures_have_changed(drafted, clerk, force_lead):
    dispute = drafting.dispute(
        of("force:steel"), figure="contracted:year", reason="少计一个项目", by=force_lead
    )
    another_signing(drafted)

    drafting.answer(dispute, text="已补录", by=clerk, today=TODAY)

    assert content.values(of("force:steel").content)["contracted:year"].value == "65000.5"
    assert [kind for kind, _by in steps(of("force:steel"))] == ["disputed", "answered", "redrafted"]


def test_confirm_refuses_while_a_figure_is_disputed(drafted, clerk, force_lead):
    dispute = drafting.dispute(of("force:steel"), figure="voids:month", reason="未解约", by=force_lead)
    with pytest.raises(drafting.CannotReview):
        drafting.confirm(of("force:steel"), by=force_lead)

    drafting.answer(dispute, text="见解约协议", by=clerk, today=TODAY)
    drafting.confirm(of("force:steel"), by=force_lead)

    assert of("force:steel").state == BriefingState.REVIEWED


def test_disputing_what_was_confirmed_takes_the_confirmation_back(drafted, force_lead):
    drafting.confirm(of("force:steel"), by=force_lead)

    drafting.dispute(of("force:steel"), figure="contracted:year", reason="金额有误", by=force_lead)

    assert of("force:steel").state == BriefingState.DRAFT


@pytest.mark.parametrize(
    ("figure", "reason"), [("contracted", "错"), ("visits:year", "错"), ("contracted:year", "  ")]
)
def test_dispute_refuses_an_unknown_figure_or_no_reason(drafted, force_lead, figure, reason):
    with pytest.raises(drafting.CannotReview):
        drafting.dispute(of("force:steel"), figure=figure, reason=reason, by=force_lead)

    assert steps(of("force:steel")) == []


def test_one_figure_is_disputed_once_at_a_time(drafted, force_lead):
    drafting.dispute(of("force:steel"), figure="contracted:year", reason="少计", by=force_lead)

    with pytest.raises(drafting.CannotReview):
        drafting.dispute(of("force:steel"), figure="contracted:year", reason="少计", by=force_lead)


def test_a_dispute_is_answered_once(drafted, clerk, leader, force_lead):
    dispute = drafting.dispute(of("force:steel"), figure="contracted:year", reason="少计", by=force_lead)
    drafting.answer(dispute, text="已核", by=clerk, today=TODAY)

    with pytest.raises(drafting.CannotReview):
        drafting.answer(Review.objects.get(pk=dispute.pk), text="再答", by=leader, today=TODAY)


def test_send_back_needs_a_reason_and_takes_everything_back(drafted, clerk, leader, force_lead):
    drafting.confirm(of("force:steel"), by=force_lead)
    drafting.sign_off(of("force:steel"), by=leader)
    with pytest.raises(drafting.CannotReview):
        drafting.send_back(of("force:steel"), reason="", by=leader)

    drafting.send_back(of("force:steel"), reason="口径需再核", by=leader)
    drafting.redraft(of("force:steel"), by=clerk, today=TODAY)

    assert of("force:steel").state == BriefingState.DRAFT
    with pytest.raises(drafting.CannotReview):
        drafting.sign_off(of("force:steel"), by=leader)


def test_words_change_until_sign_off(drafted, clerk, leader, force_lead):
    drafting.write(of("force:steel"), texts={"end": "一季度开局平稳。\n\n请抓紧。"}, by=clerk)
    drafting.confirm(of("force:steel"), by=force_lead)
    drafting.sign_off(of("force:steel"), by=leader)

    with pytest.raises(drafting.CannotReview):
        drafting.write(of("force:steel"), texts={"end": "改"}, by=clerk)

    assert of("force:steel").words["end"]["text"] == "一季度开局平稳。\n\n请抓紧。"


def test_words_of_who_did_not_see_the_last_ones_are_refused(drafted, clerk, leader):
    first, second = of("city"), of("city")
    drafting.write(first, texts={"end": "甲"}, by=clerk)

    with pytest.raises(drafting.ChangedMeanwhile, match=clerk.name):
        drafting.write(second, texts={"end": "乙"}, by=leader)

    assert of("city").words["end"]["text"] == "甲"


# --- Signing off and publishing ---------------------------------------------------------------------------


@pytest.fixture
def signed_off(drafted, clerk, leader):
    drafting.confirm(of("city"), by=clerk, reason="x")
    drafting.sign_off(of("city"), by=leader)
    return of("city")


def test_sign_off_refuses_a_draft_that_nobody_confirmed(drafted, leader):
    with pytest.raises(drafting.CannotReview):
        drafting.sign_off(of("city"), by=leader)


def test_sign_off_refuses_whoever_confirmed(drafted, leader):
    drafting.confirm(of("city"), by=leader, reason="x")

    with pytest.raises(drafting.CannotReview):
        drafting.sign_off(of("city"), by=leader)

    assert of("city").state == BriefingState.REVIEWED


def test_publish_gives_number_and_day_and_freezes_every_figure_with_what_it_counted(signed_off, leader):
    drafting.publish(signed_off, number="柳招商[2026]11号", by=leader, today=TODAY)

    briefing = of("city")
    assert (briefing.state, briefing.number, briefing.published_on) == (
        BriefingState.PUBLISHED,
        "柳招商〔2026〕11号",
        TODAY,
    )
    assert {f"{s.indicator}:{s.span}": (s.value, s.base, s.counted) for s in briefing.snapshots.all()} == {
        key: (Decimal(value.value), value.base and Decimal(value.base), briefing.counted[key])
        for key, value in content.values(briefing.content).items()
    }
    assert briefing.snapshots.get(indicator="contracted", span="year").value == Decimal("98332.83")


def test_what_a_published_figure_counted_is_what_counted_gives(signed_off, leader, drafted):
    drafting.publish(signed_off, number="柳招商〔2026〕1号", by=leader, today=TODAY)

    for snapshot in of("city").snapshots.filter(indicator__in=CODES):
        window = {"year": Window.year_to, "month": Window.of_month}[snapshot.span](MARCH)
        live = figures.counted(snapshot.indicator, window).values_list("pk", flat=True)
        assert snapshot.counted == sorted(set(live)), snapshot.indicator


@pytest.mark.parametrize(
    "number", ["", "11", "柳招商〔2026〕第11号", "柳招商〔2026〕011号", "LZ〔2026〕11号"]
)
def test_publish_refuses_a_number_that_is_not_written_so(signed_off, leader, number):
    with pytest.raises(drafting.CannotPublish):
        drafting.publish(signed_off, number=number, by=leader, today=TODAY)

    assert of("city").state == BriefingState.SIGNED_OFF


def test_publish_refuses_a_number_that_is_taken(signed_off, leader):
    factories.briefing(
        factories.period(datetime.date(2026, 2, 1)), state="published", number="柳招商〔2026〕8号"
    )

    with pytest.raises(drafting.CannotPublish):
        drafting.publish(signed_off, number="柳招商〔2026〕8号", by=leader, today=TODAY)

    assert (of("city").state, Snapshot.objects.count()) == (BriefingState.SIGNED_OFF, 0)


def test_a_published_briefing_refuses_every_step(signed_off, clerk, leader):
    drafting.publish(signed_off, number="柳招商〔2026〕11号", by=leader, today=TODAY)
    before = rows()
    attempts = [
        lambda b: drafting.confirm(b, by=clerk),
        lambda b: drafting.dispute(b, figure="contracted:year", reason="错", by=clerk),
        lambda b: drafting.send_back(b, reason="错", by=leader),
        lambda b: drafting.write(b, texts={"end": "改"}, by=clerk),
        lambda b: drafting.redraft(b, by=clerk, today=TODAY),
        lambda b: drafting.sign_off(b, by=leader),
        lambda b: drafting.publish(b, number="柳招商〔2026〕12号", by=leader, today=TODAY),
    ]

    for attempt in attempts:
        with pytest.raises(drafting.CannotReview, match="柳招商〔2026〕11号"):
            attempt(of("city"))

    assert rows() == before


def test_what_is_learnt_after_publication_changes_nothing_published(signed_off, clerk, leader, drafted):
    drafting.publish(signed_off, number="柳招商〔2026〕11号", by=leader, today=TODAY)
    published = of("city").content
    another_signing(drafted)

    done = drafting.draft(MARCH, today=TODAY, by=clerk)

    assert done.kept == 1
    assert of("city").content == published
    assert of("city").snapshots.get(indicator="contracted", span="year").value == Decimal("98332.83")


def test_the_database_itself_refuses_to_change_a_published_briefing(signed_off, leader):
    drafting.publish(signed_off, number="柳招商〔2026〕11号", by=leader, today=TODAY)

    with pytest.raises(IntegrityError):
        Briefing.objects.filter(pk=signed_off.pk).update(words={})


@pytest.mark.django_db(transaction=True)
def test_of_two_who_publish_at_once_one_wins_and_the_other_is_told(signed_off, leader):
    other = factories.user("leader", name="韦副局长")
    start = threading.Barrier(2)
    told = []

    def publish(briefing, by, number):
        try:
            start.wait(10)
            drafting.publish(briefing, number=number, by=by, today=TODAY)
            told.append("published")
        except drafting.ChangedMeanwhile as refusal:
            told.append(str(refusal))
        finally:
            connections.close_all()

    threads = [
        threading.Thread(target=publish, args=(of("city"), by, f"柳招商〔2026〕{n}号"))
        for n, by in ((11, leader), (12, other))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    winner = of("city").reviews.get(kind=ReviewKind.PUBLISHED)
    assert sorted(told, key=len)[0] == "published"
    assert winner.by.name in sorted(told, key=len)[1]
    assert of("city").number == winner.facts["number"]
    assert Snapshot.objects.filter(briefing=of("city")).count() == len(content.values(of("city").content))


# --- What waits for whom ---------------------------------------------------------------------------


def test_a_briefing_waits_for_the_one_whose_step_is_next(drafted, clerk, leader, force_lead, county_officer):
    def waiting():
        return [
            sorted(Briefing.objects.waiting_for(user).values_list("scope_key", flat=True))
            for user in (force_lead, county_officer, clerk, leader)
        ]

    at_first = waiting()
    dispute = drafting.dispute(of("force:steel"), figure="contracted:year", reason="少计", by=force_lead)
    disputed = waiting()
    drafting.answer(dispute, text="已核", by=clerk, today=TODAY)
    drafting.confirm(of("force:steel"), by=force_lead)
    confirmed = waiting()

    assert at_first == [["force:steel"], ["unit:450205"], ["city"], []]
    assert disputed == [[], ["unit:450205"], ["city", "force:steel"], []]
    assert confirmed == [[], ["unit:450205"], ["city"], ["force:steel"]]


def test_others_see_a_task_forces_briefing_once_it_is_published(
    drafted, clerk, leader, force_lead, stranger, city_leader
):
    def readers():
        return [
            user.username
            for user in (force_lead, stranger, city_leader, clerk)
            if Briefing.objects.visible_to(user).filter(scope_key="force:steel").exists()
        ]

    before = readers()
    drafting.confirm(of("force:steel"), by=force_lead)
    drafting.sign_off(of("force:steel"), by=leader)
    drafting.publish(of("force:steel"), number="柳招商〔2026〕3号", by=leader, today=TODAY)

    assert before == ["force_lead", "city_leader", "clerk"]
    assert readers() == ["force_lead", "stranger", "city_leader", "clerk"]


# --- Who is told -----------------------------------------------------------------------------------


def told(user):
    return [(notice.kind, notice.facts["briefing"]) for notice in user.notifications.order_by("pk")]


def test_whoever_takes_the_next_step_is_told_once(city, clerk, leader, force_lead, county_officer):
    for _again in range(2):
        drafting.draft(MARCH, today=TODAY, by=clerk)
    dispute = drafting.dispute(of("force:steel"), figure="contracted:year", reason="少计", by=force_lead)
    drafting.answer(dispute, text="已核", by=clerk, today=TODAY)
    drafting.confirm(of("force:steel"), by=force_lead)

    steel = "2026-03 钢铁专班"
    assert told(force_lead) == [("briefing_drafted", steel), ("briefing_answered", steel)]
    assert told(county_officer) == [("briefing_drafted", "2026-03 柳北区")]
    assert told(clerk) == [("briefing_drafted", "2026-03 全市"), ("briefing_disputed", steel)]
    assert told(leader) == [("briefing_confirmed", steel)]


def test_a_publication_that_fails_has_told_nobody(signed_off, leader, clerk):
    before = told(clerk)

    with pytest.raises(drafting.CannotPublish):
        drafting.publish(signed_off, number="11", by=leader, today=TODAY)
    refused = told(clerk)
    drafting.publish(of("city"), number="柳招商〔2026〕11号", by=leader, today=TODAY)

    assert refused == before
    assert told(clerk) == [*before, ("briefing_published", "2026-03 全市")]
