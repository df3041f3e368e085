"""The pages of ledgers: handed in, asked, every row beside its meaning, entered, taken back."""

import pytest
from django.test import Client
from django.utils import translation

from accounts.models import User
from core import clock, jobs
from core.models import Job, StoredFile
from ledgers import answers, committing, rehearsing, tasks
from ledgers.choices import Decision, LedgerState, State, Verdict
from ledgers.models import Answer, Ledger, LedgerRow
from projects import contracts
from projects.models import Project
from tests import factories
from tests.ledgers.handed_in import STEEL, TODAY, TUBE, WIRE, read, upload, workbook

UNIT = {"asked": "value", "field": "unit", "raw": "高新区"}
NEW_DISTRICT = (*WIRE[:2], "高新区", *WIRE[3:])
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _today(monkeypatch) -> None:
    monkeypatch.setattr(clock, "today", lambda: TODAY)


@pytest.fixture
def world(steel, liubei, luzhai) -> None:
    factories.mechanism(2026, task_forces=(steel,))


def at(user: User) -> Client:
    client = factories.in_english()
    client.force_login(user)
    return client


def text(response) -> str:
    assert response.status_code == 200, response.status_code
    return response.content.decode()


def send(client: Client, content: bytes, **more: str):
    sent = {"file": upload(content), "sender": "柳北区", "kind": "projects", **more}
    return client.post("/ledgers/", sent)


# --- Handing in ------------------------------------------------------------------------------------------


def test_a_ledger_is_handed_in_and_shown(world, clerk):
    desk = at(clerk)

    answer = send(desk, workbook(STEEL, NEW_DISTRICT, TUBE, total=63100))

    ledger = Ledger.objects.get()
    assert answer.headers["Location"] == f"/ledgers/{ledger.pk}/"
    shown = text(desk.get(answer.headers["Location"]))
    assert "2 questions" in shown
    assert "高新区" in shown
    assert "1 row is ready to be entered" in shown
    assert "2 stay out: a question is open" in shown
    assert "reading-asked" in shown
    assert "Equal" in shown
    assert not Project.objects.exists()


def test_a_form_that_is_sent_twice_hands_in_once(world, clerk):
    desk, content = at(clerk), workbook(STEEL)

    first, second = (send(desk, content, form_token="once") for _ in range(2))

    assert first.headers["Location"] == second.headers["Location"]
    assert Ledger.objects.count() == 1


def test_the_same_file_is_pointed_to_and_taken_on_purpose(world, clerk):
    desk, content = at(clerk), workbook(STEEL)
    send(desk, content)
    first = Ledger.objects.get()

    again = text(send(desk, content))

    assert f'href="/ledgers/{first.pk}/"' in again
    assert "Hand it in again on purpose" in again
    assert send(desk, content, again="on").status_code == 302
    assert Ledger.objects.count() == 2


def test_what_is_no_ledger_is_refused_beside_the_field(world, clerk):
    assert "This is no ledger" in text(send(at(clerk), b"%PDF-1.7"))
    assert not StoredFile.objects.exists()


def test_a_file_that_cannot_be_read_says_why(world, clerk):
    desk = at(clerk)
    shown = text(desk.get(send(desk, "姓名,电话\n甲,1\n".encode()).headers["Location"]))

    assert "Not readable" in shown
    assert Ledger.objects.get().error.splitlines()[0][:20] in shown


def test_a_large_ledger_shows_how_far_it_is_and_can_be_put_aside(world, clerk, monkeypatch):
    monkeypatch.setattr(rehearsing, "AT_ONCE", 0)
    desk = at(clerk)
    address = send(desk, workbook(STEEL)).headers["Location"]

    part = text(desk.get(address, headers={"HX-Request": "true"}))
    assert "<progress" in part
    assert "<html" not in part

    desk.post(f"{address}cancel/")
    assert Ledger.objects.get().state == LedgerState.CANCELLED
    assert Job.objects.get().state == "cancelled"
    assert desk.get(address, headers={"HX-Request": "true"}).headers["HX-Refresh"] == "true"


# --- Answering and deciding -------------------------------------------------------------------------------


def test_questions_are_answered_together_and_stand_on_their_own_page(world, clerk):
    desk, ledger = at(clerk), read(workbook(STEEL, NEW_DISTRICT, TUBE), clerk)
    [unit, day] = ledger.questions
    chosen = [value for value, _label in unit["choices"]].index("450205")

    answered = desk.post(
        f"/ledgers/{ledger.pk}/answer/",
        {"answer-0": chosen, "about-0": unit["raw"], "text-1": "2026-01-20", "about-1": day["raw"]},
        follow=True,
    )

    assert "2 answers are taken" in text(answered)
    ledger.refresh_from_db()
    assert (ledger.questions, ledger.counts["cells"].get("asked")) == ([], None)
    page = text(desk.get("/ledgers/answers/"))
    assert "高新区" in page
    assert "in one file only" in page

    desk.post(f"/ledgers/answers/{Answer.objects.get(raw='高新区').pk}/revoke/")
    assert "高新区" not in text(desk.get("/ledgers/answers/"))
    assert "Revoked by" in text(desk.get("/ledgers/answers/?revoked=1"))


def test_an_answer_to_what_is_no_longer_asked_is_passed_over(world, clerk):
    desk, ledger = at(clerk), read(workbook(NEW_DISTRICT), clerk)

    desk.post(f"/ledgers/{ledger.pk}/answer/", {"answer-0": "0", "about-0": "经开区"})

    assert not Answer.objects.exists()


def test_a_row_is_left_out_from_where_it_is_shown(world, clerk):
    desk, ledger = at(clerk), read(workbook(STEEL, WIRE), clerk)
    row = ledger.rows.order_by("row")[0]
    back = f"/ledgers/{ledger.pk}/rows/{row.pk}/"

    answer = desk.post(f"/ledgers/{ledger.pk}/decide/", {"row": row.pk, "decision": "leave", "back": back})

    row.refresh_from_db()
    assert (row.decision, answer.headers["Location"]) == (Decision.LEAVE, back)
    elsewhere = desk.post(f"/ledgers/{ledger.pk}/decide/", {"decision": "", "back": "https://example.org/"})
    assert elsewhere.headers["Location"] == f"/ledgers/{ledger.pk}/"


# --- The table ------------------------------------------------------------------------------------------


def test_rows_are_narrowed_down_to_what_needs_eyes(world, clerk):
    desk, ledger = at(clerk), read(workbook(STEEL, NEW_DISTRICT, TUBE), clerk)
    ledger.rows.filter(row=3).update(verdict=Verdict.REFUSED, worst=State.REFUSED, evidence=["没有投资方。"])

    def shown(question: str) -> list[str]:
        found = text(desk.get(f"/ledgers/{ledger.pk}/{question}"))
        return [name for name in (STEEL[0], WIRE[0], TUBE[0]) if name in found]

    assert shown("") == [STEEL[0], WIRE[0], TUBE[0]]
    assert shown("?state=asked") == [WIRE[0], TUBE[0]]
    assert shown("?verdict=refused") == [STEEL[0]]
    assert shown("?q=远东") == [TUBE[0]]
    assert shown("?sheet=别的") == []
    assert "没有投资方。" in text(desk.get(f"/ledgers/{ledger.pk}/"))


@pytest.mark.parametrize("rows", [1, 30])
def test_the_page_asks_the_database_as_often_for_one_row_as_for_many(
    world, clerk, rows, django_assert_max_num_queries
):
    ledger = factories.ledger(clerk, unit=clerk_unit())
    for number in range(rows):
        factories.ledger_row(ledger, name=f"第{number}个项目", target=number, verdict=Verdict.CHANGED)
    desk = at(clerk)
    desk.get(f"/ledgers/{ledger.pk}/")

    with django_assert_max_num_queries(26):
        text(desk.get(f"/ledgers/{ledger.pk}/"))


def clerk_unit():
    from taskforces.models import ReportingUnit

    return ReportingUnit.objects.get(code="450205")


# --- Into the books and back ------------------------------------------------------------


def test_a_ledger_is_entered_once_and_taken_back(world, clerk):
    desk, ledger = at(clerk), read(workbook(STEEL, WIRE), clerk)

    for _again in range(2):
        told = text(desk.post(f"/ledgers/{ledger.pk}/enter/", follow=True))
    assert "2 rows are entered." in told
    assert Project.objects.count() == 2
    assert "Take it back" in told

    undone = text(desk.post(f"/ledgers/{ledger.pk}/undo/", follow=True))
    assert "the books stand as they stood before it" in undone
    ledger.refresh_from_db()
    assert ledger.state == LedgerState.UNDONE


def test_a_ledger_read_before_its_twin_was_entered_is_read_again_and_says_so(world, clerk):
    desk, content = at(clerk), workbook(STEEL, WIRE)
    first, twin = read(content, clerk), read(content, clerk, again=True)
    desk.post(f"/ledgers/{first.pk}/enter/")

    told = text(desk.post(f"/ledgers/{twin.pk}/enter/", follow=True))

    assert "Nothing is entered yet" in told
    assert "2 stand in the books just so: nothing happens" in told
    assert Project.objects.count() == 2


def test_a_large_one_whose_worker_died_meanwhile_is_read_again_too(world, clerk, monkeypatch):
    desk, content = at(clerk), workbook(STEEL, WIRE)
    first, twin = read(content, clerk), read(content, clerk, again=True)
    desk.post(f"/ledgers/{first.pk}/enter/")
    Ledger.objects.filter(pk=twin.pk).update(state=LedgerState.COMMITTING)
    sizes = iter([False])  # large to the one who enters it, small to the one who reads it
    monkeypatch.setattr(rehearsing, "is_small", lambda _ledger: next(sizes, True))

    told = text(desk.post(f"/ledgers/{twin.pk}/enter/", follow=True))

    assert "Nothing is entered yet" in told
    twin.refresh_from_db()
    assert (twin.state, Project.objects.count()) == (LedgerState.REHEARSED, 2)


def test_a_commit_that_entered_nothing_is_no_success(world, clerk, monkeypatch):
    ledger = read(workbook(STEEL), clerk)
    monkeypatch.setattr(committing, "is_ready", lambda _row: False)

    told = text(at(clerk).post(f"/ledgers/{ledger.pk}/enter/", follow=True))

    assert "No row was entered." in told


def test_a_question_for_the_unit_of_amounts_shows_some_of_them(world, clerk):
    content = workbook(STEEL, WIRE, head="总投资")

    shown = text(at(clerk).get(f"/ledgers/{read(content, clerk).pk}/"))

    assert "they say 12500, 8800" in shown


def test_what_is_not_ready_disables_the_button_with_its_reason(world, clerk):
    shown = text(at(clerk).get(f"/ledgers/{read(workbook(TUBE), clerk).pk}/"))

    assert "Answer the questions and decide on the look-alikes first: no row is ready." in shown
    assert '<button class="btn" disabled>' in shown


def test_what_is_foreseen_is_what_is_entered(world, clerk):
    from ledgers.views.committing import foresee

    ledger = read(workbook(STEEL, NEW_DISTRICT, WIRE, TUBE), clerk)
    LedgerRow.objects.filter(ledger=ledger, row=5).update(decision=Decision.LEAVE)
    foreseen = foresee(ledger)

    ready = [row for row in ledger.rows.all() if committing.is_ready(row)]

    assert (foreseen.entered + foreseen.same, foreseen.asked, foreseen.left) == (len(ready), 2, 1)


def test_who_answers_what_somebody_has_answered_meanwhile_is_told_so(world, clerk):
    desk, page = at(clerk), f"/ledgers/{read(workbook(NEW_DISTRICT), clerk).pk}/"
    said = {"about-0": "高新区", "answer-0": "", "text-0": "柳北区"}
    desk.post(f"{page}answer/", said)

    told = text(desk.post(f"{page}answer/", said | {"text-0": "柳东新区"}, follow=True))

    assert "Somebody else has answered this meanwhile" in told
    assert Answer.objects.get().meaning == "柳北区"


def test_an_answer_that_is_not_taken_says_why_and_loses_none_of_the_others(world, clerk):
    desk, page = at(clerk), f"/ledgers/{read(workbook(NEW_DISTRICT, TUBE), clerk).pk}/"
    about = {f"about-{at}": one["raw"] for at, one in enumerate(Ledger.objects.get().questions)}
    places = {raw: name.partition("-")[2] for name, raw in about.items()}
    said = {f"text-{places['高新区']}": "月球", f"text-{places['2026.1']}": "2026-01-31"}

    told = text(desk.post(f"{page}answer/", about | said, follow=True))

    assert "“月球” is not clear either" in told
    assert "1 answer is taken" in told
    assert Answer.objects.get().meaning == "2026-01-31"


def test_so_many_questions_that_a_form_cannot_carry_them_come_by_pages(world, clerk):
    asked = [(f"{n}号项目", *WIRE[1:2], f"第{n}新城", *WIRE[3:]) for n in range(103)]
    page = f"/ledgers/{read(workbook(*asked), clerk).pk}/"
    desk = at(clerk)

    assert text(desk.get(page)).count('class="asked-raw"') == 100
    assert text(desk.get(f"{page}?asked=2")).count('class="asked-raw"') == 3
    assert "103 questions" in text(desk.get(f"{page}?asked=2"))


def test_what_came_meanwhile_stays_out_says_so_and_can_be_looked_at_again(world, clerk):
    desk = at(clerk)
    first, second = (read(workbook(STEEL, WIRE), clerk, sender=name) for name in ("柳北区", "市发改委"))
    desk.post(f"/ledgers/{first.pk}/enter/")

    told = text(desk.post(f"/ledgers/{second.pk}/enter/", follow=True))

    assert "2 stayed out" in told
    assert "It came into the books after this ledger was read, so it was not entered." in told
    assert text(desk.get(f"/ledgers/{second.pk}/?out=true")).count("Not entered</span>") == 2
    addresses = {desk.post(f"/ledgers/{second.pk}/again/").headers["Location"] for _twice in range(2)}
    again = Ledger.objects.latest("pk")
    assert addresses == {f"/ledgers/{again.pk}/"}
    assert (again.counts["rows"], Project.objects.count()) == ({"same": 2}, 2)


def test_what_was_taken_back_is_in_the_books_no_more_and_can_be_read_once_more(world, clerk):
    desk, ledger = at(clerk), read(workbook(STEEL), clerk)
    page = f"/ledgers/{ledger.pk}/"
    desk.post(f"{page}enter/")
    assert "In the books</a>" in text(desk.get(page))

    told = text(desk.post(f"{page}undo/", follow=True))

    assert "In the books</a>" not in told
    desk.post(desk.post(f"{page}again/").headers["Location"] + "enter/")
    assert Project.objects.exclude(status="ended").count() == 1


def test_a_large_ledger_is_taken_back_by_a_worker_who_says_what_hinders_it(world, clerk, leader, monkeypatch):
    desk, ledger = at(clerk), read(workbook(STEEL), clerk)
    page = f"/ledgers/{ledger.pk}/"
    desk.post(f"{page}enter/")
    monkeypatch.setattr(rehearsing, "AT_ONCE", 0)
    event = Project.objects.get().contract_events.get()
    contracts.verify(event, by=leader, today=TODAY)

    desk.post(f"{page}undo/")
    assert "The ledger is being taken back" in text(desk.get(page))
    desk.post(f"{page}undo/")
    [job] = Job.objects.filter(kind=tasks.TAKE_BACK)
    jobs.run(jobs.claim(job.pk))

    assert "“Contract signed” is verified" in text(desk.get(page))
    ledger.refresh_from_db()
    assert ledger.state == LedgerState.COMMITTED


def test_its_sentences_are_in_the_language_of_whoever_read_it_not_of_whoever_entered_it(
    world, clerk, monkeypatch
):
    with translation.override("zh-hans"):
        ledger = read(workbook(STEEL), clerk)
    monkeypatch.setattr(rehearsing, "AT_ONCE", 0)
    desk, page = at(clerk), f"/ledgers/{ledger.pk}/"

    for button, kind in (("enter", tasks.ENTER), ("undo", tasks.TAKE_BACK)):
        desk.post(f"{page}{button}/")
        jobs.run(jobs.claim(Job.objects.get(kind=kind).pk))
        ledger.refresh_from_db()
        assert (ledger.job.kind, ledger.job.arguments["language"]) == (kind, "en")
        assert desk.get(page).context["told_in"] == "zh-Hans"


def test_read_again_its_sentences_are_in_the_language_of_that(world, clerk):
    with translation.override("zh-hans"):
        ledger = read(workbook(STEEL), clerk)
    desk, page = at(clerk), f"/ledgers/{ledger.pk}/"
    assert desk.get(page).context["is_other_language"]

    desk.post(f"{page}read/")

    context = desk.get(page).context
    assert (context["told_in"], context["is_other_language"]) == ("en", False)


def test_of_many_questions_the_first_stand_open(world, clerk):
    asked = [(f"{n}号项目", *WIRE[1:2], f"第{n}新城", *WIRE[3:]) for n in range(15)]

    shown = text(at(clerk).get(f"/ledgers/{read(workbook(*asked), clerk).pk}/"))

    assert shown.count('class="asked-raw"') == 15
    assert shown.split("asked-more")[0].count('class="asked-raw"') == 12
    assert "3 more questions" in shown


# --- Who sees what ------------------------------------------------------------------------------------------


def test_a_county_sees_its_own_ledgers_and_no_others(world, clerk, county_officer, stranger):
    ledger = read(workbook(STEEL, NEW_DISTRICT), clerk)
    answers.answer(ledger, **UNIT, meaning="450205", by=clerk)
    row = ledger.rows.all()[0]
    own, other = at(county_officer), at(stranger)
    pages = [f"/ledgers/{ledger.pk}/", f"/ledgers/{ledger.pk}/rows/{row.pk}/"]

    assert [own.get(page).status_code for page in pages] == [200, 200]
    assert [other.get(page).status_code for page in [*pages, f"/ledgers/{ledger.pk}/file/"]] == [404] * 3
    assert "柳北区 2026-03.xlsx" in text(own.get("/ledgers/"))
    assert "柳北区 2026-03.xlsx" not in text(other.get("/ledgers/"))
    assert "高新区" in text(own.get("/ledgers/answers/"))
    assert "高新区" not in text(other.get("/ledgers/answers/"))
    for step in ("answer", "decide", "read", "cancel", "enter", "undo", "again"):
        assert other.post(f"/ledgers/{ledger.pk}/{step}/").status_code == 404
    assert other.post(f"/ledgers/answers/{Answer.objects.get().pk}/revoke/").status_code == 404


def test_the_file_comes_back_as_it_was(world, clerk):
    content = workbook(STEEL)
    ledger = read(content, clerk)

    answer = at(clerk).get(f"/ledgers/{ledger.pk}/file/")

    assert b"".join(answer.streaming_content) == content
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


# --- The API ------------------------------------------------------------------------------------------


def test_the_api_hands_in_asks_enters_and_takes_back(world, clerk):
    from tests.api import caller

    api = caller(clerk)
    sent = {"file": upload(workbook(STEEL, NEW_DISTRICT)), "kind": "projects", "sender": "柳北区"}

    made = api.post("/api/v1/ledgers/", sent, format="multipart")
    assert made.status_code == 201, made.content
    address = made.headers["Location"]
    [question] = made.json()["questions"]
    assert question["raw"] == "高新区"

    said = {key: question[key] for key in ("asked", "field", "raw")} | {"meaning": "450205"}
    assert api.send(f"{address}answers/", answers=[said]).json()["questions"] == []
    rows = api.get(f"{address}rows/?page_size=1").json()
    [row] = rows["results"]
    assert row["values"]["amount_wan"] == {
        "value": "12500",
        "state": "sure",
        "raw": "12500",
        "cell": "H3",
        "sentence": "",
    }
    assert rows["next"]
    assert api.send(f"{address}decisions/", decision="leave", rows=[row["id"]]).json() == {"decided": 1}

    entered = api.send(f"{address}commit/").json()
    assert (entered["state"], entered["entered"]) == ("committed", {"new": 1, "left": 1})
    assert api.send(f"{address}undo/").json()["state"] == "undone"
