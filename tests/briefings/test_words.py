"""Own words in a briefing from the desk to the paper: who writes where, what the tables say, the sign-off."""

import datetime
import io
from decimal import Decimal

import pytest
from django.urls import reverse
from docx import Document

from accounts.roles import Role
from briefings import bulletins, documents, drafting, linting, targets, words
from briefings.linting import Verdict
from briefings.models import Briefing, Bulletin, Review, Stationery
from core.documents import BulletinHead, Chart, Heading, Imprint, Letterhead, Paragraph, SignOff
from tests import factories
from tests.briefings import march
from tests.briefings.march import MARCH, TODAY

TEXT = "全市合同投资额9.83亿元，新签约4个，另有7家在谈。"


@pytest.fixture(autouse=True)
def first_of_april(monkeypatch):
    monkeypatch.setattr("core.clock.today", lambda: TODAY)


@pytest.fixture
def city(steel, auto, liubei, luzhai):
    return march.build(steel, auto, liubei, luzhai)


@pytest.fixture
def drafted(city, clerk):
    drafting.draft(MARCH, today=TODAY, by=clerk)
    return city


@pytest.fixture
def moved(drafted, clerk):
    """Words of before a signing that the next draft took up."""
    drafting.write(of("city"), texts={"overall:after": TEXT}, by=clerk)
    project = factories.project("signing", task_force=drafted.steel, reporting_unit=drafted.liubei)
    factories.verified_event(project, signed_on=march.march(30))
    drafting.draft(MARCH, today=TODAY, by=clerk)
    return of("city")


def of(key):
    return Briefing.objects.get(scope_key=key)


def confirm_all(clerk):
    for briefing in Briefing.objects.exclude(scope_key="city"):
        drafting.confirm(briefing, by=clerk)
    return drafting.confirm(of("city"), by=clerk)


def publish(key, clerk, leader, number="柳招商〔2026〕4号", today=TODAY):
    drafting.confirm(of(key), by=clerk, reason="x")
    drafting.sign_off(of(key), by=leader)
    drafting.publish(of(key), number=number, by=leader, today=today)
    return of(key)


def verdicts(briefing):
    return [(mark.number.said, mark.verdict) for mark in words.marks(briefing.content, briefing.words)]


def only(blocks, kind):
    return [block for block in blocks if isinstance(block, kind)]


# --- Words and what the tables say ----------------------------------------------------------------


def test_words_stand_in_their_section_on_paper_and_stay_when_it_is_drafted_again(moved):
    blocks = documents.blocks(moved)

    texts = [block.text for block in blocks if isinstance(block, (Heading, Paragraph))]
    assert texts.index("一、总体情况") < texts.index(TEXT) < texts.index("二、各产业专班")
    assert TEXT in "\n".join(p.text for p in Document(io.BytesIO(documents.word(moved))).paragraphs)


def test_numbers_that_moved_are_told_apart_from_those_of_no_table(drafted, moved):
    assert verdicts(moved) == [
        ("9.83亿元", Verdict.MOVED),
        ("4个", Verdict.MOVED),
        ("7家", Verdict.UNKNOWN),
    ]


def test_sign_off_refuses_numbers_that_moved_and_takes_a_reason(moved, clerk, leader):
    confirm_all(clerk)

    with pytest.raises(drafting.NumbersMoved, match=r"9\.83亿元"):
        drafting.sign_off(of("city"), by=leader)
    drafting.sign_off(of("city"), by=leader, reason="为会议通报时数。")

    signed = Review.objects.get(kind="signed_off")
    assert signed.reason == "为会议通报时数。"
    assert len(signed.facts["moved"]) == 2


def test_corrected_words_need_no_reason(moved, clerk, leader):
    value = {row["code"]: row for row in moved.content["figures"]}["contracted"]["year"]["value"]
    corrected = TEXT.replace("9.83", documents.yi(value)).replace("4个", "5个")

    drafting.write(moved, texts={"overall:after": corrected}, by=clerk)
    confirm_all(clerk)

    assert drafting.sign_off(of("city"), by=leader).facts == {}


@pytest.mark.parametrize("key", ["city", "force:steel", "force:auto", "unit:450205", "unit:450223"])
def test_every_number_of_the_generated_text_equals_its_tables(drafted, key):
    told = of(key).content

    assert words.unfounded(told, linting.facts(told)) == []


def test_generated_text_that_disagrees_with_its_tables_is_told(drafted):
    told = of("city").content
    told["figures"][1]["year"]["value"] = "99999"
    told["total"]["contracted"] = "99999"

    assert "9.83亿元" in [mark.number.said for mark in words.unfounded(told, linting.facts(told))]


def test_words_at_a_place_that_is_none_are_refused(drafted, clerk):
    with pytest.raises(drafting.CannotReview):
        drafting.write(of("city"), texts={"nowhere:after": "x"}, by=clerk)


# --- Pages ----------------------------------------------------------------------------------------


def test_a_task_forces_lead_writes_in_its_own_briefing_only(drafted, client, force_lead, county_officer):
    client.force_login(force_lead)
    own, other = of("force:steel"), of("force:auto")

    def post(briefing, section):
        sent = {"before": "本专班", "after": "", "version": briefing.version}
        return client.post(reverse("briefings:words", args=[briefing.pk, section]), sent).status_code

    assert (post(own, "signing"), post(other, "signing"), post(own, "nothing")) == (302, 404, 404)
    assert of("force:steel").words["signing:before"]["text"] == "本专班"
    client.force_login(county_officer)
    assert post(of("force:steel"), "signing") == 404


def test_the_page_marks_the_numbers_and_asks_for_a_reason(moved, client, clerk, leader):
    client.force_login(leader)

    shown = client.get(moved.get_absolute_url())

    assert shown.context["moved"] == 2
    assert 'class="said said-moved"' in shown.content.decode()
    confirm_all(clerk)
    sign_off = reverse("briefings:step", args=[moved.pk, "sign-off"])
    refused = client.post(sign_off, {"version": of("city").version})
    assert refused.status_code == 409
    assert "9.83亿元" in refused.content.decode()
    assert client.post(sign_off, {"version": of("city").version, "reason": "会议数"}).status_code == 302


def test_the_page_shows_the_documents_charts_with_their_numbers_in_words(drafted, client, clerk):
    client.force_login(clerk)

    shown = client.get(of("city").get_absolute_url()).content.decode()

    assert shown.count('<figure class="drawing"') == 2
    assert "全市各月合同投资额：1月5.20亿元（上年0.00亿元）、2月0.40亿元" in shown
    assert "style=" not in shown[shown.index("<figure") : shown.index("</figure>")]


# --- The bulletin ---------------------------------------------------------------------------------


def test_bulletins_count_from_one_every_year(drafted, clerk, leader):
    city, steel = publish("city", clerk, leader), publish("force:steel", clerk, leader, "柳招商〔2026〕5号")
    auto = publish("force:auto", clerk, leader, "柳招商〔2026〕6号")

    numbers = [
        bulletins.issue(one, by=clerk, today=on).number
        for one, on in ((city, TODAY), (steel, TODAY), (auto, datetime.date(2027, 1, 5)))
    ]

    assert numbers == [1, 2, 1]
    with pytest.raises(bulletins.CannotIssue, match="1"):
        bulletins.issue(city, by=clerk, today=TODAY)


def test_only_what_is_published_goes_out_as_a_bulletin(drafted, client, clerk):
    with pytest.raises(bulletins.CannotIssue):
        bulletins.issue(of("city"), by=clerk, today=TODAY)


def test_the_bulletin_has_its_own_head_and_no_recipients(drafted, client, clerk, leader):
    published = publish("city", clerk, leader)
    client.force_login(clerk)
    client.post(reverse("briefings:bulletin", args=[published.pk]), {"version": published.version})

    blocks = documents.blocks(published, documents.Style.PLAIN)

    assert Bulletin.objects.get().number == 1
    assert blocks[0] == BulletinHead("招商引资工作简报", "第1期", "柳州市投资促进局", TODAY)
    assert only(blocks, SignOff) == []
    answer = client.get(reverse("briefings:word", args=[published.pk]), {"style": "plain"})
    assert "%E5%B7%A5%E4%BD%9C%E7%AE%80%E6%8A%A5" in answer["Content-Disposition"]
    assert client.get(reverse("briefings:pdf", args=[published.pk]), {"style": "odd"}).status_code == 404


# --- Names on documents ---------------------------------------------------------------------------


def test_names_are_those_of_the_day_the_briefing_tells_of(drafted, clerk):
    Stationery.objects.create(since=datetime.date(2026, 1, 1), organ="柳州市投促局", copies_to="市委办公室")
    Stationery.objects.create(since=datetime.date(2026, 6, 1), organ="柳州市招商局")
    drafting.draft(MARCH, today=TODAY, by=clerk)

    names = of("city").content["names"]

    assert (names["organ"], names["copies_to"]) == ("柳州市投促局", "市委办公室")
    assert only(documents.blocks(of("city")), SignOff)[0].organ == "柳州市投促局"


def test_the_security_administrator_enters_names_with_their_day(client, db):
    client.force_login(factories.user(Role.SECURITY_ADMIN))
    page = reverse("admin:briefings_stationery_add")

    sent = Stationery().names | {"since": "2026-02-01", "signer": "王某某"}
    answer = client.post(page, sent)

    assert answer.status_code == 302
    assert Stationery.objects.on(MARCH).signer == "王某某"
    assert Stationery.objects.on(datetime.date(2026, 1, 1)).signer == ""


def test_names_entered_later_leave_what_was_published(drafted, clerk, leader):
    published = publish("city", clerk, leader)
    Stationery.objects.create(since=datetime.date(2026, 1, 1), organ="新名", mark="新名文件")

    blocks = documents.blocks(published)

    assert only(blocks, Letterhead)[0].organ == "柳州市投资促进局文件"
    assert only(blocks, Imprint)[0].organ == "柳州市投资促进局"


def test_addressees_name_the_task_force_and_the_office_of_the_unit(drafted):
    assert of("force:steel").content["addressees"] == "钢铁专班各成员单位："
    assert of("unit:450205").content["addressees"] == "柳北区人民政府："


# --- Targets --------------------------------------------------------------------------------------


def test_the_share_of_the_annual_target_stands_in_text_and_table(drafted, clerk, leader):
    values = {("city", "contracted"): Decimal(200_000), ("force:steel", "contracted"): Decimal(500_000)}
    targets.set_year(2026, values, by=leader, today=TODAY)
    drafting.draft(MARCH, today=TODAY, by=clerk)

    told = of("city").content
    text = "".join(one["text"] for one in told["sections"][0]["paragraphs"])

    assert "合同投资额完成年度目标20.00亿元的49.2%，快于时序进度24.2个百分点。" in text
    rows = {row[1]: row[6] for row in documents.ranking(told, "task_forces", "产业专班").rows}
    assert rows == {"钢铁专班": "11.0", "汽车专班": "—", "全市": "49.2"}
    assert "慢于时序进度14.0个百分点" in str(of("force:steel").content["sections"][0])
    assert words.unfounded(told, linting.facts(told)) == []


# --- Charts and where figures come from ------------------------------------------------------------


def test_the_charts_months_add_up_to_the_figure(drafted):
    for key in ("city", "force:steel", "unit:450223"):
        told = of(key).content
        year = {row["code"]: row for row in told["figures"]}["contracted"]["year"]
        for field, total in (("contracted", year["value"]), ("base", year["base"])):
            assert sum(Decimal(row[field]) for row in told["months"]) == Decimal(total)


def test_both_files_carry_the_charts_of_the_same_figures(drafted):
    charts = only(documents.blocks(of("city")), Chart)

    assert [chart.title for chart in charts] == ["全市各月合同投资额", "1—3月各产业专班合同投资额"]
    assert list(charts[1].categories) == [row["name"] for row in of("city").content["task_forces"]]


def test_every_figure_of_the_document_names_its_source(drafted):
    table = documents.sources(of("force:steel").content)

    assert ("新签合同投资额", "1—3月", "5.50", "亿元") in [row[:4] for row in table.rows]
    assert all(row[4].startswith("P-") and "-forcesteel-" in row[4] for row in table.rows)
