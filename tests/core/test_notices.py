"""The working calendar: its page, and notices of days off entered, corrected, foreseen."""

import datetime
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import translation

from core import clock, notices, workdays
from core.models import CalendarNotice, CalendarOverride
from core.notices import CannotEnter
from core.workdays import DayKind
from tests import factories

TODAY = datetime.date(2026, 11, 20)
TEXT = "元旦：1月1日至3日放假，共3天。国庆节：10月1日至7日放假调休。9月26日、10月9日上班。"
CORRECTED = "元旦：1月1日至3日放假，共3天。国庆节：10月1日至8日放假调休。9月26日、10月9日上班。"


def d(text: str) -> datetime.date:
    return datetime.date.fromisoformat(f"2027-{text}")


def enter(by, text: str = TEXT, **facts) -> CalendarNotice:
    given = {"year": 2027, "reference": "国办发明电〔2026〕7号", "today": TODAY, **facts}
    return notices.enter(text=text, by=by, **given)[0]


def kinds(*days: str) -> list[DayKind]:
    return [workdays.calendar().kind(d(day)) for day in days]


def test_a_notice_makes_its_year_final(security_admin):
    before = workdays.calendar()
    assert (before.is_provisional(2027), before.is_workday(d("09-26"))) == (True, False)

    enter(security_admin)

    after = workdays.calendar()
    assert (after.is_provisional(2027), after.is_workday(d("09-26"))) == (False, True)
    assert kinds("01-01", "01-03", "09-26", "10-07", "10-09", "10-11") == [
        DayKind.HOLIDAY,
        DayKind.HOLIDAY,
        DayKind.MAKEUP,
        DayKind.HOLIDAY,
        DayKind.MAKEUP,
        DayKind.WORKDAY,
    ]
    with translation.override("zh-hans"):
        assert [day.reason for day in after.days(d("10-06"), d("10-07"))] == ["国庆节"]


def test_the_library_s_guesses_end_with_the_notice(security_admin):
    """It takes the Monday after a holiday on a Saturday for free; the notice says otherwise."""
    assert kinds("05-03", "05-04") == [DayKind.HOLIDAY, DayKind.HOLIDAY]

    enter(security_admin, TEXT + "劳动节：5月1日至3日放假，共3天。")

    assert kinds("05-01", "05-03", "05-04") == [DayKind.HOLIDAY, DayKind.HOLIDAY, DayKind.WORKDAY]


def test_a_day_of_the_region_wins_over_the_notice(security_admin):
    CalendarOverride.objects.create(day=d("10-09"), is_workday=False, note="自治区调休")
    CalendarOverride.objects.create(day=d("04-09"), is_workday=False, note="三月三")

    enter(security_admin)

    assert kinds("10-09", "04-09") == [DayKind.OVERRIDE, DayKind.OVERRIDE]
    assert not workdays.calendar().is_workday(d("10-09"))


def test_a_correction_replaces_the_notice_and_says_why(security_admin):
    first = enter(security_admin)
    with pytest.raises(CannotEnter):
        enter(security_admin, CORRECTED, replaces=first)

    second = enter(security_admin, CORRECTED, replaces=first, reason="国庆节顺延一天")

    assert notices.newest(2027) == second
    assert kinds("10-08") == [DayKind.HOLIDAY]
    assert list(CalendarNotice.objects.order_by("pk")) == [first, second]


@pytest.mark.parametrize(
    "facts",
    [
        {"reference": " "},
        {"text": "10月1日至7日"},
        {"text": "请认真执行"},
        {"text": "9月26日（周六）上班。10月1日至7日放假，共6天。"},
    ],
)
def test_what_is_not_clear_is_not_entered(security_admin, facts):
    with pytest.raises(CannotEnter):
        enter(security_admin, **facts)

    assert not CalendarNotice.objects.exists()
    assert workdays.calendar().is_provisional(2027)


def test_of_two_who_enter_the_same_year_the_second_is_told(security_admin):
    first = enter(security_admin)
    with pytest.raises(CannotEnter, match="2027"):
        enter(security_admin)
    enter(security_admin, CORRECTED, replaces=first, reason="更正")

    with pytest.raises(CannotEnter, match="2027"):
        enter(security_admin, CORRECTED, replaces=first, reason="又更正")

    assert CalendarNotice.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_two_at_the_same_moment_enter_one_notice(security_admin):
    def one(_number: int) -> str:
        try:
            enter(security_admin)
        except CannotEnter:
            return "told"
        else:
            return "entered"
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        outcomes = sorted(pool.map(one, range(2)))

    assert outcomes == ["entered", "told"]
    assert CalendarNotice.objects.count() == 1


def test_a_refused_recount_takes_the_notice_along(security_admin, monkeypatch):
    def fails(*_args: object) -> int:
        raise RuntimeError

    counting = notices.Counting(foresee=lambda _days: notices.Foreseen(0, 0, 0), recount=fails)
    monkeypatch.setitem(notices.COUNTINGS, "of this test", counting)

    with pytest.raises(RuntimeError):
        enter(security_admin)

    assert not CalendarNotice.objects.exists()
    assert workdays.calendar().is_provisional(2027)


def test_statutory_days_that_a_text_forgets_are_named(security_admin):
    with translation.override("en"):
        forgotten = notices.forgotten(notices.understood(TEXT, year=2027), year=2027)

    assert "2027-05-01 to 2027-05-02 Labor Day" in forgotten
    assert not any("10-01" in line for line in forgotten)


# --- Pages ------------------------------------------------------------------------------------


@pytest.fixture
def today(monkeypatch) -> datetime.date:
    monkeypatch.setattr(clock, "today", lambda: TODAY)
    return TODAY


@pytest.fixture
def admin(security_admin) -> Client:
    client = factories.in_english()
    client.force_login(security_admin)
    return client


ENTRY = "/calendar/2027/notice/"


def sent(**fields: str) -> dict[str, str]:
    return {"reference": "国办发明电〔2026〕7号", "text": TEXT, **fields}


def test_the_page_shows_a_year_to_everybody_who_has_signed_in(today, admin, count_queries):
    CalendarOverride.objects.create(day=d("04-09"), is_workday=False, note="三月三放假通知")
    workdays.forget()

    page = admin.get("/calendar/?year=2027").content.decode()

    assert "Working calendar 2027" in page
    assert "Provisional" in page
    assert 'title="2027-04-09 Free by notice: 三月三放假通知"' in page
    assert "248 working days" in admin.get("/calendar/").content.decode()
    one = count_queries(lambda: admin.get("/calendar/?year=2027"))
    for n in (10, 11, 12):
        CalendarOverride.objects.create(day=d(f"04-{n}"), is_workday=False, note="…")
    workdays.calendar()
    assert count_queries(lambda: admin.get("/calendar/?year=2027")) == one


@pytest.mark.parametrize("year", ["", "x", "1900", "99999", "-1"])
def test_an_odd_year_shows_this_one(today, admin, year):
    assert "Working calendar 2026" in admin.get(f"/calendar/?year={year}").content.decode()


def test_a_notice_is_looked_at_before_it_is_entered(today, admin):
    looked = admin.post(ENTRY, sent(look="1"))

    assert not CalendarNotice.objects.exists()
    page = looked.content.decode()
    assert "2027-10-01 to 2027-10-07 国庆节" in page
    assert "No due day would move." in page

    entered = admin.post(ENTRY, sent(enter="1", seen=looked.context["seen"]))

    assert entered.url == "/calendar/?year=2027"
    assert CalendarNotice.objects.get().reference == "国办发明电〔2026〕7号"
    page = admin.get(entered.url).content.decode()
    assert "The notice is entered. No due day has moved." in page
    assert "Provisional" not in page


def test_what_was_changed_after_looking_is_shown_again(today, admin):
    looked = admin.post(ENTRY, sent(look="1"))

    answer = admin.post(ENTRY, sent(enter="1", seen=looked.context["seen"], text=CORRECTED))

    assert answer.status_code == 200
    assert "no longer what you were shown" in answer.content.decode()
    assert not CalendarNotice.objects.exists()


def test_sent_twice_it_is_entered_once(today, admin):
    looked = admin.post(ENTRY, sent(look="1"))
    once = sent(enter="1", seen=looked.context["seen"], form_token="abc")

    answers = [admin.post(ENTRY, once) for _turn in range(2)]

    assert [answer.url for answer in answers] == ["/calendar/?year=2027"] * 2
    assert CalendarNotice.objects.count() == 1


def test_what_is_not_understood_is_asked_and_nothing_typed_is_lost(today, admin):
    answer = admin.post(ENTRY, sent(look="1", text="10月1日至7日"))

    page = answer.content.decode()
    assert "Are these days free or worked?" in page
    assert "10月1日至7日</textarea>" in page
    assert 'name="enter"' not in page


def test_a_correction_begins_with_what_stands_and_needs_a_reason(today, admin, security_admin):
    first = enter(security_admin)
    assert TEXT in admin.get(ENTRY).content.decode()

    without = admin.post(ENTRY, sent(look="1", text=CORRECTED))
    assert without.context["form"].errors.keys() == {"reason"}
    looked = admin.post(ENTRY, sent(look="1", text=CORRECTED, reason="国庆节顺延一天"))
    admin.post(ENTRY, sent(enter="1", text=CORRECTED, reason="国庆节顺延一天", seen=looked.context["seen"]))

    assert notices.newest(2027).replaces == first


def test_only_the_security_administrator_enters_notices(today, client, clerk, leader, system_admin):
    for person in (clerk, leader, system_admin):
        client.force_login(person)
        assert client.get(ENTRY).status_code == 403
        assert client.get(reverse("core:calendar")).status_code == 200


def test_years_out_of_reach_are_not_found(today, admin):
    assert admin.get("/calendar/1999/notice/").status_code == 404


def test_a_notice_cannot_be_changed_in_the_settings(admin, security_admin):
    notice = enter(security_admin)

    assert admin.get("/admin/core/calendarnotice/add/").status_code == 403
    assert admin.get(f"/admin/core/calendarnotice/{notice.pk}/change/").status_code == 200
    assert admin.post(f"/admin/core/calendarnotice/{notice.pk}/delete/", {"post": "yes"}).status_code == 403
