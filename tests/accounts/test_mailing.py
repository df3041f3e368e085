"""Notices by mail: once, in the reader's language, again after a failure, and what the line says of it."""

import datetime
from concurrent.futures import ThreadPoolExecutor
from smtplib import SMTPRecipientsRefused

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.db import connection
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy

from accounts import mailing, notifications, tasks
from accounts.models import MailChoice, Notification, User
from accounts.notifications import notify
from tests import factories

MINUTE = datetime.timedelta(minutes=1)


@pytest.fixture(autouse=True)
def kind():
    before = dict(notifications.SENTENCES)
    notifications.says("test", gettext_lazy("Audit trail"))
    yield
    notifications.SENTENCES.clear()
    notifications.SENTENCES.update(before)


@pytest.fixture
def reader(clerk) -> User:
    User.objects.filter(pk=clerk.pk).update(email="clerk@example.cn")
    clerk.refresh_from_db()
    return clerk


def tell(*people: User, key: str = "one", **said) -> Notification | None:
    notify(people, key=key, kind="test", url="/notices/", **{"by_mail": True, **said})
    return Notification.objects.order_by("pk").last()


def now() -> datetime.datetime:
    return timezone.now() + MINUTE


class Away(EmailBackend):
    """A server that cannot be reached."""

    asked = 0

    def open(self) -> bool:
        Away.asked += 1
        raise ConnectionRefusedError(111, "Connection refused")


class Picky(EmailBackend):
    """A server that will not have one of the addresses."""

    def send_messages(self, messages) -> int:
        if "nobody" in messages[0].to[0]:
            raise SMTPRecipientsRefused({messages[0].to[0]: (550, b"unknown")})
        return super().send_messages(messages)


@pytest.fixture
def server_is_away(settings):
    Away.asked = 0
    settings.EMAIL_BACKEND = f"{__name__}.Away"


# --- Once -----------------------------------------------------------------------------------


def test_a_notice_is_mailed_once(reader):
    tell(reader)

    assert [mailing.send(now()) for _turn in range(2)] == [1, 0]
    assert len(mail.outbox) == 1
    notice = Notification.objects.get()
    assert (notice.mail_due_at, notice.mail_tries) == (None, 1)
    assert notice.mailed_at is not None


def test_the_task_mails_what_is_due(reader):
    tell(reader)

    tasks.send_mails()

    assert len(mail.outbox) == 1


@pytest.mark.django_db(transaction=True)
def test_two_workers_send_every_notice_once():
    people = [factories.user(email=f"p{n}@example.cn") for n in range(12)]
    tell(*people)
    moment = now()

    def work(_turn: int) -> int:
        try:
            return mailing.send(moment)
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as pool:
        sent = sum(pool.map(work, range(3)))

    assert sent == 12
    assert sorted(m.to[0] for m in mail.outbox) == sorted(p.email for p in people)


def test_a_claim_keeps_others_away_until_its_worker_must_have_died(reader):
    notice = tell(reader)
    moment = now()
    assert mailing._claim(notice, moment)  # and its worker dies

    assert mailing.send(moment + 19 * MINUTE) == 0
    assert mailing.send(moment + 20 * MINUTE) == 1


def test_what_is_not_for_the_mail_is_not_mailed(reader):
    tell(reader, by_mail=False)

    assert mailing.send(now()) == 0


# --- Whom, and what they want -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("choice", "at_once", "digest"),
    [(MailChoice.AT_ONCE, 1, 1), (MailChoice.DIGEST, 0, 1), (MailChoice.NONE, 0, 0)],
)
def test_everyone_chooses_and_is_told_in_the_program_all_the_same(reader, choice, at_once, digest):
    User.objects.update(mails=choice)
    reader.refresh_from_db()

    tell(reader)
    assert mailing.send(now()) == at_once
    tell(reader, key="two", is_digest=True)
    assert mailing.send(now()) == digest
    assert Notification.objects.count() == 2


def test_without_an_address_nothing_is_mailed_and_the_line_says_so(clerk):
    notice = tell(clerk)

    assert mailing.send(now()) == 0
    with translation.override("en"):
        assert mailing.fate(notice) == "not mailed: your account has no e-mail address"


@pytest.mark.parametrize("change", [{"is_active": False}, {"email": ""}, {"mails": MailChoice.NONE}])
def test_who_has_left_or_wants_none_by_now_gets_none(reader, change):
    tell(reader)
    User.objects.update(**change)

    assert [mailing.send(now()) for _turn in range(2)] == [0, 0]
    assert mail.outbox == []
    assert Notification.objects.get().mail_due_at is None


# --- What it says -----------------------------------------------------------------------------------


def test_a_mail_speaks_chinese_and_leads_to_the_program(reader, settings):
    settings.BASE_URL = "https://invest.example.cn"
    notice = tell(reader)

    mailing.send(now())

    (sent,) = mail.outbox
    assert (sent.to, sent.subject) == (["clerk@example.cn"], "【柳州招商】审计日志")
    link = f"https://invest.example.cn/notices/{notice.pk}/"
    assert link in sent.body
    assert "韦经办：" in sent.body
    html, kind = sent.alternatives[0]
    assert (kind, f'<a href="{link}">' in html, '<html lang="zh-hans">' in html) == ("text/html", True, True)
    assert "style=" not in html


def test_a_mail_speaks_the_language_its_reader_has_chosen(reader):
    User.objects.update(mail_language="en")
    tell(reader)

    mailing.send(now())

    assert mail.outbox[0].subject == "Liuzhou Invest: Audit trail"
    assert "To read it, sign in:" in mail.outbox[0].body


def test_every_attempt_carries_the_same_number(reader):
    notice = tell(reader)
    notice.user = reader

    numbers = {mailing.message(notice).extra_headers["Message-ID"] for _turn in range(2)}

    assert numbers == {f"<notice-{notice.pk}@127.0.0.1>"}


# --- A server that fails --------------------------------------------------------------------------------


def test_a_server_that_is_away_is_asked_again_at_growing_intervals(reader, server_is_away, settings):
    tell(reader)
    tried = []
    moment = now()
    for _turn in range(12):
        mailing.send(moment)
        notice = Notification.objects.get()
        if notice.mail_due_at is None:
            break
        tried.append((notice.mail_due_at - moment) // MINUTE)
        moment = notice.mail_due_at

    assert tried == [5, 10, 20, 40, 80, 160, 320, 640]
    assert (notice.mail_tries, notice.mailed_at) == (9, None)
    with translation.override("en"):
        assert mailing.fate(notice) == "not mailed: the mail server did not take it"


def test_one_failure_ends_the_round_and_the_others_keep_their_turn(reader, server_is_away, settings):
    others = [factories.user(email=f"p{n}@example.cn") for n in range(3)]
    tell(reader, *others)

    mailing.send(now())
    assert Away.asked == 1
    assert sorted(Notification.objects.values_list("mail_tries", flat=True)) == [0, 0, 0, 1]

    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert mailing.send(now() + 10 * MINUTE) == 4


def test_an_address_that_is_refused_does_not_hold_up_the_others(reader, settings):
    settings.EMAIL_BACKEND = f"{__name__}.Picky"
    tell(factories.user(email="nobody@example.cn"), reader)

    assert mailing.send(now()) == 1
    assert [m.to for m in mail.outbox] == [["clerk@example.cn"]]


# --- The pages ----------------------------------------------------------------------------------------------


def test_one_chooses_ones_mails_on_a_page(reader):
    client = factories.in_english()
    client.force_login(reader)

    response = client.post("/me/mails/", {"mails": "digest", "mail_language": "en"})

    assert response.headers["Location"] == "/me/"
    reader.refresh_from_db()
    assert (reader.mails, reader.mail_language) == (MailChoice.DIGEST, "en")
    assert "Only the morning&#x27;s list" in client.get("/me/").content.decode()


def test_a_choice_that_does_not_exist_is_refused_at_its_field(reader):
    client = factories.in_english()
    client.force_login(reader)

    response = client.post("/me/mails/", {"mails": "hourly", "mail_language": "fr"})

    assert sorted(response.context["form"].errors) == ["mail_language", "mails"]


def test_the_line_of_a_notice_says_what_became_of_its_mail(reader):
    tell(reader)
    client = factories.in_english()
    client.force_login(reader)
    assert "mail is on its way" in client.get("/notices/").content.decode()

    mailing.send(now())

    assert "sent by mail" in client.get("/notices/").content.decode()
