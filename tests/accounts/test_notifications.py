"""Notices: told once, read in one's own language, opened and read."""

import pytest
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy

from accounts import notifications
from accounts.models import Notification
from accounts.notifications import notify, sentence_of


@pytest.fixture
def kind():
    before = dict(notifications.SENTENCES)
    notifications.says("test", gettext_lazy("Audit trail"))
    notifications.says("late", "“%(item)s” is %(days)s working days late.")
    yield
    notifications.SENTENCES.clear()
    notifications.SENTENCES.update(before)


def told() -> list[tuple[str, str]]:
    return list(Notification.objects.order_by("pk").values_list("user__username", "key"))


def test_everyone_is_told_once(clerk, leader):
    for _ in range(2):
        notify([clerk, leader], key="stall 7", kind="late", facts={"item": "施工许可", "days": 3})

    assert told() == [("clerk", "stall 7"), ("leader", "stall 7")]


def test_telling_many_is_one_query(clerk, leader, city_leader, django_assert_num_queries):
    with django_assert_num_queries(1):
        notify([clerk, leader, city_leader], key="k", kind="late")


def test_a_notice_speaks_the_readers_language(clerk, kind):
    notify([clerk], key="k", kind="test")
    notice = Notification.objects.get()

    with translation.override("en"):
        assert sentence_of(notice) == "Audit trail"
    with translation.override("zh-hans"):
        assert sentence_of(notice) == "审计日志"


def test_a_notice_says_its_facts(clerk, kind):
    notify([clerk], key="k", kind="late", facts={"item": "施工许可", "days": 3})

    assert sentence_of(Notification.objects.get()) == "“施工许可” is 3 working days late."


def test_a_notice_of_an_older_release_still_says_something(clerk, kind):
    notify([clerk], key="a", kind="late", facts={})
    notify([clerk], key="b", kind="forgotten")

    assert [sentence_of(notice) for notice in Notification.objects.order_by("pk")] == [
        "“%(item)s” is %(days)s working days late.",
        "forgotten",
    ]


# --- The page --------------------------------------------------------------------------------------


def sentences(response) -> list[str]:
    return [line["sentence"] for line in response.context["lines"]]


def tell(user, *items: str) -> None:
    for item in items:
        notify([user], key=item, kind="late", facts={"item": item, "days": 3}, url="/projects/")


def test_the_page_shows_my_own_newest_first(client, clerk, leader, kind):
    tell(clerk, "一", "二")
    tell(leader, "三")
    client.force_login(clerk)

    assert sentences(client.get("/notices/")) == [
        "“二” is 3 working days late.",
        "“一” is 3 working days late.",
    ]


def test_opening_a_notice_reads_it_and_leads_on(client, clerk, kind):
    tell(clerk, "一")
    client.force_login(clerk)
    notice = Notification.objects.get()

    response = client.get(f"/notices/{notice.pk}/")

    notice.refresh_from_db()
    assert response.headers["Location"] == "/projects/"
    assert notice.read_at is not None


def test_reading_again_keeps_the_first_time(clerk, kind):
    tell(clerk, "一")
    first = timezone.now()

    assert notifications.mark_read(clerk, at=first) == 1
    assert notifications.mark_read(clerk, at=timezone.now()) == 0
    assert Notification.objects.get().read_at == first


def test_all_are_read_at_once_but_only_mine(client, clerk, leader, kind):
    tell(clerk, "一", "二")
    tell(leader, "三")
    client.force_login(clerk)

    client.post("/notices/")

    assert Notification.objects.filter(read_at__isnull=False).count() == 2
    assert leader.notifications.get().read_at is None


def test_the_notice_of_another_is_not_there(client, clerk, leader, kind):
    tell(leader, "三")
    client.force_login(clerk)

    assert client.get(f"/notices/{Notification.objects.get().pk}/").status_code == 404


def test_many_notices_are_read_by_key(client, clerk, kind):
    tell(clerk, *(f"{n}" for n in range(60)))
    client.force_login(clerk)

    first = client.get("/notices/")
    second = client.get(f"/notices/?after={first.context['after']}")

    assert (len(sentences(first)), len(sentences(second))) == (50, 10)
    assert second.context["after"] is None
    assert client.get("/notices/?after=99999999999999999999999").status_code == 200


def test_the_page_asks_as_often_for_three_as_for_one(client, clerk, kind, count_queries):
    client.force_login(clerk)
    tell(clerk, "一")
    one = count_queries(lambda: client.get("/notices/"))
    tell(clerk, "二", "三")

    assert count_queries(lambda: client.get("/notices/")) == one
