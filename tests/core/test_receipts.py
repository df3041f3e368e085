"""A write that is sent twice happens once."""

import threading
import time
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections
from django.http import QueryDict
from django.template import Context, Template
from django.test import RequestFactory
from django.utils import timezone

from core import receipts
from core.models import Receipt
from core.refusal import Refusal
from projects.models import Enterprise
from tests import factories


def enter(user: Any, key: str = "token", name: str = "甲公司", pause: float = 0) -> receipts.Sending:
    """A write as a page does it."""
    with receipts.once(user=user, key=key, sent={"name": name}) as sending:
        if not sending.seen:
            made = factories.enterprise(name=name, name_key="entered")
            time.sleep(pause)
            sending.answer(location=f"/e/{made.pk}", body={"id": made.pk}, status=201)
    return sending


def enter_and_refuse(user: Any, begun: threading.Event | None = None) -> None:
    with receipts.once(user=user, key="token", sent={"name": "甲公司"}):
        factories.enterprise(name_key="entered")
        if begun:
            begun.set()
            time.sleep(0.2)
        raise Refusal("The credit code belongs to another enterprise.")


def entered() -> list[str]:
    return list(Enterprise.objects.filter(name_key="entered").order_by("id").values_list("name", flat=True))


def test_the_second_sending_gets_the_first_ones_answer(clerk):
    first, second = enter(clerk), enter(clerk)

    assert (first.seen, second.seen) == (False, True)
    assert (second.location, second.body, second.status) == (first.location, first.body, 201)
    assert entered() == ["甲公司"]


def test_another_token_is_another_write(clerk):
    enter(clerk, "one")
    enter(clerk, "two")

    assert len(entered()) == 2


def test_the_same_token_of_another_person_is_another_write(clerk, leader):
    enter(clerk)
    enter(leader)

    assert len(entered()) == 2


def test_without_a_token_the_write_goes_through(clerk):
    enter(clerk, "")
    enter(clerk, "")

    assert len(entered()) == 2
    assert not Receipt.objects.exists()


def test_the_same_token_with_other_content_is_refused(clerk):
    first = enter(clerk)

    with pytest.raises(receipts.SentWithOtherContent) as refused:
        enter(clerk, name="乙公司")

    assert refused.value.location == first.location
    assert entered() == ["甲公司"]


def test_what_is_refused_can_be_sent_again(clerk):
    with pytest.raises(Refusal):
        enter_and_refuse(clerk)

    assert enter(clerk).seen is False
    assert entered() == ["甲公司"]


def test_a_long_key_is_a_key(clerk):
    assert [enter(clerk, "k" * 300).seen, enter(clerk, "k" * 300).seen] == [False, True]


def test_a_form_is_known_by_what_was_typed_not_by_its_tokens(clerk):
    def send(text: str) -> bool:
        with receipts.once(user=clerk, key="token", sent=QueryDict(text)) as sending:
            return sending.seen

    assert send("csrfmiddlewaretoken=a&form_token=token&name=x&name=y") is False
    assert send("csrfmiddlewaretoken=b&form_token=token&name=x&name=y") is True
    with pytest.raises(receipts.SentWithOtherContent):
        send("csrfmiddlewaretoken=b&form_token=token&name=x")


def test_a_file_is_part_of_what_was_sent(clerk):
    def send(content: bytes) -> bool:
        sent = {"file": SimpleUploadedFile("a.pdf", content)}
        with receipts.once(user=clerk, key="token", sent=sent) as sending:
            return sending.seen

    assert [send(b"one"), send(b"one")] == [False, True]
    with pytest.raises(receipts.SentWithOtherContent):
        send(b"other")


@pytest.mark.django_db(transaction=True)
def test_two_at_once_write_once(clerk):
    """A double click: the second waits for the first and gets its answer."""
    at_once = threading.Barrier(2)
    answers: list[receipts.Sending] = []

    def send() -> None:
        try:
            at_once.wait()
            answers.append(enter(clerk, pause=0.2))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=send) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(answer.seen for answer in answers) == [False, True]
    assert len({answer.location for answer in answers}) == 1
    assert entered() == ["甲公司"]


@pytest.mark.django_db(transaction=True)
def test_when_the_first_of_two_fails_the_second_writes(clerk):
    begun = threading.Event()

    def fail() -> None:
        try:
            with pytest.raises(Refusal):
                enter_and_refuse(clerk, begun)
        finally:
            connections.close_all()

    thread = threading.Thread(target=fail)
    thread.start()
    begun.wait()
    answer = enter(clerk)
    thread.join()

    assert answer.seen is False
    assert entered() == ["甲公司"]


def test_what_is_no_text_is_told_apart_all_the_same(clerk):
    sent = {"name": "\ud800"}
    with receipts.once(user=clerk, key="token", sent=sent) as first:
        first.answer(status=400)
    with receipts.once(user=clerk, key="token", sent=sent) as second:
        pass

    assert (first.seen, second.seen, second.status) == (False, True, 400)


def test_old_receipts_are_forgotten(clerk):
    enter(clerk)

    assert receipts.purge(now=timezone.now()) == 0
    assert receipts.purge(now=timezone.now() + receipts.KEPT_FOR + timedelta(minutes=1)) == 1


# --- The form's token ------------------------------------------------------------------------------


def shown(request: Any) -> str:
    html = Template("{% load forms %}{% form_token %}").render(Context({"request": request}))
    prefix, suffix = '<input type="hidden" name="form_token" value="', '">'
    assert html.startswith(prefix)
    assert html.endswith(suffix)
    return html.removeprefix(prefix).removesuffix(suffix)


def test_every_form_shown_has_a_token_of_its_own(rf: RequestFactory, clerk):
    request = rf.get("/")
    request.user = clerk

    assert len({shown(request), shown(request)}) == 2


def test_a_form_shown_again_with_errors_keeps_its_token(rf: RequestFactory, clerk):
    request = rf.post("/", {"form_token": "abc"})
    request.user = clerk

    assert shown(request) == "abc"


def test_a_form_shown_after_its_write_has_a_new_token(rf: RequestFactory, clerk):
    request = rf.post("/", {"form_token": "abc"})
    request.user = clerk
    enter(clerk, "abc")

    assert shown(request) != "abc"
