"""The enterprise's link: what asking needs, one answer, whatever is tried with it."""

import datetime
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core import signing
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Notification
from approvals import confirmation, issues
from approvals.choices import ConfirmedBy, ConfirmedThrough, IssueState
from approvals.confirmation import CannotAnswer, LinkExpired, LinkUsed, LinkWithdrawn, NoSuchLink
from approvals.issues import CannotStep
from approvals.models import ConfirmationLink, Issue
from core import clock
from projects.choices import Confidentiality, Stage
from tests import factories

TODAY = datetime.date(2025, 9, 19)
NOW = datetime.datetime(2025, 9, 19, 10, tzinfo=timezone.get_default_timezone())
S = IssueState


def later(days: int) -> datetime.datetime:
    return NOW + datetime.timedelta(days=days)


@pytest.fixture
def issue(db, steel, liubei, planning, service_member) -> Issue:
    project = factories.project(
        Stage.SIGNING, name="特钢线材项目", task_force=steel, reporting_unit=liubei, code_name="代号甲"
    )
    factories.service(project, factories.service_team(service_member))
    return factories.issue(
        project,
        text="10kV临时用电未接入",
        department=planning,
        raised_on=datetime.date(2025, 9, 8),
        state=S.HANDLING,
        code="WT-2025-0007",
    )


def ask(issue: Issue, by, **told) -> tuple[ConfirmationLink, str]:
    facts = {
        "statement": "已架设临时线路并送电",
        "sent_to": "张厂长",
        "files": [factories.stored_file()],
        "by": by,
        "today": TODAY,
        "now": NOW,
    }
    return confirmation.ask(issue, **{**facts, **told})


def answer(token: str, **told) -> ConfirmationLink:
    facts = {"is_settled": True, "name": "张建国", "note": "", "today": TODAY, "now": later(0)}
    return confirmation.answer(token, **{**facts, **told})


# --- Asking ---------------------------------------------------------------------------------


def test_asking_puts_the_issue_before_the_enterprise_and_keeps_a_digest_only(issue, service_member):
    link, token = ask(issue, service_member)

    assert issue.state == S.CONFIRMING
    assert token not in str(ConfirmationLink.objects.values().get(pk=link.pk))
    assert timezone.localtime(link.expires_at).isoformat() == "2025-10-05T00:00:00+08:00"
    step = issue.events.get()
    assert (step.note, step.facts) == ("已架设临时线路并送电", {"sent_to": "张厂长", "until": "2025-10-04"})
    assert issue.evidence.count() == 1


def test_asking_names_everything_that_is_missing(issue, service_member):
    with pytest.raises(CannotStep) as refusal:
        ask(issue, service_member, statement=" ", sent_to="", files=[])

    assert len(refusal.value.details) == 3
    assert not ConfirmationLink.objects.exists()


@pytest.mark.parametrize("days", [0, 61])
def test_a_link_lives_no_longer_than_it_may(issue, service_member, days):
    with pytest.raises(CannotStep):
        ask(issue, service_member, days=days)


@pytest.mark.parametrize("state", [S.LOGGED, S.ACCEPTED, S.SUSPENDED, S.RETURNED])
def test_nobody_is_asked_before_something_was_done(service_member, state):
    with pytest.raises(CannotStep):
        ask(factories.issue(state=state, raised_on=TODAY), service_member)


def test_a_second_link_withdraws_the_first(issue, service_member):
    _first, old = ask(issue, service_member)
    _second, new = ask(issue, service_member, files=[])

    with pytest.raises(LinkWithdrawn):
        confirmation.find(old, now=NOW)
    assert answer(new).is_settled


def test_whatever_moves_the_issue_on_withdraws_the_link(issue, service_member):
    _link, token = ask(issue, service_member)
    with pytest.raises(CannotStep):
        issues.handle(issue, on=TODAY, by=service_member, today=TODAY)
    issues.handle(issue, on=TODAY, by=service_member, today=TODAY, note="还要再办")

    with pytest.raises(LinkWithdrawn):
        answer(token)
    assert issue.state == S.HANDLING


# --- Answering --------------------------------------------------------------------------------


def test_a_yes_resolves_the_issue_in_the_name_of_the_enterprise(issue, service_member):
    link, token = ask(issue, service_member)

    answer(token, now=later(3))

    issue.refresh_from_db()
    assert (issue.state, issue.resolved_on, issue.statement) == (S.RESOLVED, TODAY, "已架设临时线路并送电")
    assert (issue.confirmed_by, issue.confirmed_name, issue.confirmed_through) == (
        ConfirmedBy.ENTERPRISE,
        "张建国",
        ConfirmedThrough.LINK,
    )
    step = issue.events.get(target=S.RESOLVED)
    assert (step.by, step.confirmed_through) == (service_member, ConfirmedThrough.LINK)
    notice = Notification.objects.get(user=service_member)
    assert (notice.kind, notice.key) == ("issue_confirmed", f"confirmation-{link.pk}")


def test_a_no_brings_it_back_into_hand_with_the_enterprises_words(issue, service_member, department_officer):
    _link, token = ask(issue, service_member)

    answer(token, is_settled=False, note="只送了一天电")

    issue.refresh_from_db()
    assert (issue.state, issue.resolved_on) == (S.HANDLING, None)
    step = issue.events.order_by("pk").last()
    assert (step.source, step.note, step.facts) == (S.CONFIRMING, "只送了一天电", {"answered_by": "张建国"})
    told = set(Notification.objects.filter(kind="issue_not_settled").values_list("user", flat=True))
    assert {service_member.pk, department_officer.pk} <= told


def test_a_link_takes_one_answer(issue, service_member):
    _link, token = ask(issue, service_member)
    answer(token)

    with pytest.raises(LinkUsed):
        answer(token, is_settled=False, note="反悔")
    issue.refresh_from_db()
    assert issue.state == S.RESOLVED


def test_an_answer_comes_in_time_or_not_at_all(issue, service_member):
    _link, token = ask(issue, service_member, days=1)

    with pytest.raises(LinkExpired):
        answer(token, now=later(2))
    assert confirmation.find(token, now=later(1)).issue_id == issue.pk


@pytest.mark.parametrize("wrong", [{"name": " "}, {"is_settled": False, "note": " "}])
def test_an_answer_has_a_name_and_a_no_has_a_reason(issue, service_member, wrong):
    _link, token = ask(issue, service_member)

    with pytest.raises(CannotAnswer):
        answer(token, **wrong)
    assert confirmation.find(token, now=NOW)


@pytest.mark.parametrize(
    "change",
    [
        lambda token: token[:-1],
        lambda token: token.partition(".")[0],
        lambda token: "x" + token,
        lambda token: token.swapcase(),
        lambda _token: "",
        lambda _token: "a" * 5000,
        lambda _token: "\ud800.\ud800",
        lambda _token: signing.Signer(sep=".", salt="something else").sign("abc"),
        lambda _token: signing.Signer(sep=".", salt="approvals.confirmation").sign("never sent"),
    ],
)
def test_a_forged_address_is_none(issue, service_member, change):
    _link, token = ask(issue, service_member)

    with pytest.raises(NoSuchLink):
        answer(change(token))


@pytest.mark.django_db(transaction=True)
def test_of_many_answers_at_once_one_counts():
    by = factories.user()
    issue = factories.issue(state=S.HANDLING, raised_on=TODAY)
    _link, token = ask(issue, by)

    def tap(turn: int) -> bool:
        try:
            answer(token, is_settled=bool(turn % 2), note="还没有")
        except LinkUsed:
            return False
        else:
            return True
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        won = list(pool.map(tap, range(4)))

    link = ConfirmationLink.objects.get()
    issue.refresh_from_db()
    assert sum(won) == 1
    assert issue.state == (S.RESOLVED if link.is_settled else S.HANDLING)
    assert issue.events.count() == 2


@pytest.mark.django_db(transaction=True)
def test_the_officer_and_the_enterprise_at_once_end_in_one_state():
    by = factories.user()
    issue = factories.issue(state=S.HANDLING, raised_on=TODAY)
    _link, token = ask(issue, by)

    def act(turn: int) -> bool:
        try:
            if turn:
                answer(token)
            else:
                mine = Issue.objects.get(pk=issue.pk)
                issues.handle(mine, note="再办", on=TODAY, by=by, today=TODAY)
        except (CannotStep, LinkWithdrawn):
            return False
        else:
            return True
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        won = list(pool.map(act, range(2)))

    issue.refresh_from_db()
    assert won.count(True) == 1
    assert issue.state == (S.RESOLVED if won[1] else S.HANDLING)


# --- The page behind the link -------------------------------------------------------------------


@pytest.fixture
def page_clock(monkeypatch):
    monkeypatch.setattr(clock, "today", lambda: TODAY)
    monkeypatch.setattr("approvals.views.confirming.timezone.now", lambda: NOW)


@pytest.fixture
def token(issue, service_member, page_clock) -> str:
    return ask(issue, service_member)[1]


def url(token: str) -> str:
    return reverse("confirm", args=[token])


def send(client: Client, token: str, settled: str = "yes", **data: str):
    return client.post(url(token), {"settled": settled, "name": "张建国", "note": "", **data})


def test_looking_at_the_link_uses_nothing_up(issue, token):
    client = Client()
    for _turn in range(30):  # chat programs fetch what they show
        assert client.get(url(token)).status_code == 200
        assert client.head(url(token)).status_code == 200

    assert send(client, token).status_code == 200
    issue.refresh_from_db()
    assert issue.state == S.RESOLVED


def test_the_page_shows_this_issue_and_nothing_else(issue, token, service_member):
    factories.issue(issue.project, text="另一件事", raised_on=TODAY)
    issue.also_concerns.add(factories.project(Stage.SIGNING, name="别家的项目"))
    client = Client()
    client.force_login(service_member)

    shown = client.get(url(token)).content.decode()

    assert all(text in shown for text in ("特钢线材项目", "10kV临时用电未接入", "已架设临时线路并送电"))
    hidden = ("另一件事", "别家的项目", "合同.pdf", "WT-2025-0007", 'class="side', "/approvals/", "张厂长")
    assert [text for text in hidden if text in shown] == []


def test_a_confidential_project_goes_by_its_code_name(issue, token):
    issue.project.confidentiality = Confidentiality.CONFIDENTIAL
    issue.project.save()

    shown = Client().get(url(token)).content.decode()

    assert "代号甲" in shown
    assert "特钢线材项目" not in shown


def test_the_page_stays_in_no_cache_and_no_index_and_begins_no_session(token):
    answer = Client().get(url(token))

    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert set(answer.cookies) == {"csrftoken"}


def test_an_answer_needs_the_forms_own_token(token):
    client = Client(enforce_csrf_checks=True)
    assert send(client, token).status_code == 403

    shown = client.get(url(token)).content.decode()
    found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', shown)
    assert found
    assert send(client, token, csrfmiddlewaretoken=found[1]).status_code == 200


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"settled": "no"},
        {"name": "张" * 61},
        {"name": "张\x00三"},
        {"name": "张\u202e三"},
        {"note": "好" * 501},
        {"note": "\x07"},
    ],
)
def test_a_wrong_answer_is_told_and_nothing_typed_is_lost(issue, token, wrong):
    answer = send(Client(), token, **{"note": "线路已通", **wrong} if "settled" not in wrong else wrong)

    shown = answer.content.decode()
    assert answer.status_code == 422
    assert 'class="wrong"' in shown
    assert "10kV临时用电未接入" in shown
    issue.refresh_from_db()
    assert issue.state == S.CONFIRMING


def test_a_post_without_a_button_answers_nothing(issue, token):
    answer = Client().post(url(token), {"name": "张建国"})

    assert answer.status_code == 422
    issue.refresh_from_db()
    assert issue.state == S.CONFIRMING


def test_tapping_twice_thanks_twice_and_answers_once(issue, token):
    answers = [send(Client(), token) for _turn in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert issue.events.filter(target=S.RESOLVED).count() == 1


def test_each_dead_link_has_its_own_sentence(issue, service_member, page_clock, monkeypatch):
    client = Client()
    _link, old = ask(issue, service_member)
    _link, used = ask(issue, service_member)
    send(client, used)
    other = factories.issue(state=S.HANDLING, raised_on=TODAY)
    _link, expired = ask(other, service_member, days=1)
    monkeypatch.setattr("approvals.views.confirming.timezone.now", lambda: later(2))

    answers = [client.get(url(token)) for token in (used, old, expired, "x.y")]
    told = [answer.content.decode() for answer in answers]

    assert [answer.status_code for answer in answers] == [409, 410, 410, 404]
    sentences = {re.search(r'role="alert">.*?<p>(.*?)</p>', text, re.S)[1] for text in told}
    assert len(sentences) == 4
    assert not any("10kV" in text or "张建国" in text for text in told)
    assert send(client, used, settled="no", note="反悔").status_code == 409
    assert send(client, expired).status_code == 410


def test_guessing_addresses_is_slowed_down(token):
    client = Client()
    statuses = [client.get(url(f"guess{turn}.x")).status_code for turn in range(22)]

    assert set(statuses[:20]) == {404}
    assert statuses[20:] == [429, 429]
    stopped = client.get(url("again.x"))
    assert int(stopped.headers["Retry-After"]) > 0
    assert client.get(url(token)).status_code == 200  # whoever has a link may still look


def test_answering_is_slowed_down_too(token):
    client = Client()
    statuses = [send(client, token, name="").status_code for _turn in range(21)]

    assert statuses == [422] * 20 + [429]


# --- The officer's page -----------------------------------------------------------------------


def post_ask(client: Client, issue: Issue, **data):
    issue.refresh_from_db()
    upload = {"evidence": SimpleUploadedFile("通电单.pdf", b"%PDF-1.4 x")} if data.pop("proof", True) else {}
    facts = {"note": "已送电", "sent_to": "张厂长", "days": "7", "version": issue.version}
    return client.post(reverse("approvals:ask", args=[issue.pk]), {**facts, **upload, **data})


def test_the_address_is_shown_once_as_text_message_and_picture(issue, service_member, page_clock):
    client = Client()
    client.force_login(service_member)

    shown = post_ask(client, issue).content.decode()

    [address] = set(re.findall(r'value="(http://testserver/confirm/[^"]+)"', shown))
    assert f"{address}\n" in shown
    assert "<svg" in shown
    assert "style=" not in shown
    assert Client().get(address).status_code == 200
    assert address not in client.get(reverse("approvals:issue", args=[issue.pk])).content.decode()


def test_a_form_sent_twice_makes_one_link(issue, service_member, page_clock):
    client = Client()
    client.force_login(service_member)
    version = issue.version
    answers = [
        post_ask(client, issue, form_token="one", proof=False, version=version, note="已送电")
        for _turn in range(1)
    ]
    assert answers[0].status_code == 200  # refused: no evidence
    assert not ConfirmationLink.objects.exists()

    issues.prove(issue, files=[factories.stored_file()], by=service_member)
    answers = [post_ask(client, issue, form_token="two", proof=False, version=version) for _turn in range(2)]

    assert answers[1].status_code == 302
    assert ConfirmationLink.objects.count() == 1


def test_only_who_may_resolve_asks(issue, clerk, department_officer, service_member, page_clock):
    asked = reverse("approvals:ask", args=[issue.pk])

    def opened(user) -> int:
        client = Client()
        client.force_login(user)
        return client.get(asked).status_code

    assert [opened(user) for user in (clerk, department_officer, service_member)] == [403, 403, 200]


def test_the_issue_page_tells_what_became_of_the_link(issue, token, service_member):
    client = Client()
    client.force_login(service_member)
    page = reverse("approvals:issue", args=[issue.pk])
    assert "尚未答复" in client.get(page).content.decode()

    send(Client(), token, settled="no", note="只送了一天电")

    shown = client.get(page).content.decode()
    assert "只送了一天电" in shown
    assert "张建国" in shown
