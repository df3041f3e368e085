"""A briefing's sentences, in the Chinese of official reports: plain data in, paragraphs out.

The document's language is Chinese whatever the reader's. Every number in a sentence is printed from
the data that the tables beside it are printed from. The city's has the chapters of a bureau's monthly
report (总体情况, 各产业专班, 各县区、新区, 审批服务和问题办理, 存在问题, 下一步); that of one task force or
one unit is shorter.
"""

import datetime
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from briefings.choices import ScopeKind
from core.money import format_yi, half_up

Plain = Mapping[str, Any]
Paragraphs = list[dict[str, str]]  # a lead such as “（一）签约情况。”, perhaps empty, and the text

WHAT = "招商引资和“七个一批”项目推进情况"
NAMED = 5  # so many stalled items are named in the text; the annex names them all
LEADING = 3  # so many task forces and units are named as the largest


def title(about: Plain) -> str:
    """关于2026年1—10月全市招商引资和“七个一批”项目推进情况的通报"""
    return f"关于{_year(about)}年{span(about)}{about['name']}{WHAT}的通报"


def addressees(about: Plain, names: Mapping[str, str]) -> str:
    field = {
        ScopeKind.CITY: "addressees",
        ScopeKind.TASK_FORCE: "addressees_of_force",
        ScopeKind.UNIT: "addressees_of_unit",
    }[about["scope"]]
    office = "管委会" if about["is_new_area"] else "人民政府"
    filled = names[field].replace("{name}", about["name"]).replace("{office}", office)
    return f"{filled.removesuffix('：')}："


def opening(about: Plain) -> str:
    mechanism = str(about["mechanism"]).strip("“”")
    return f"按照“{mechanism}”工作机制，现将{_year(about)}年{span(about)}{about['name']}{WHAT}通报如下。"


def sections(told: Plain) -> list[dict[str, Any]]:
    """The chapters of a briefing, each a key, a title and its paragraphs. Own words stand by the key."""
    if told["about"]["scope"] == ScopeKind.CITY:
        chapters = [
            ("overall", "总体情况", overall(told)),
            ("task_forces", "各产业专班", _plain(ranking(told["about"], told["task_forces"], "专班"))),
            ("units", "各县区、新区", _plain(ranking(told["about"], told["units"], "县区、新区"))),
            ("service", "审批服务和问题办理", _plain(service(told))),
            ("difficulties", "存在问题", _plain(difficulties(told))),
            ("next_steps", "下一步", _plain(next_steps(told))),
        ]
    else:
        chapters = [
            ("signing", "签约情况", _plain([*signing(told), *standing(told)])),
            ("batches", "“七个一批”推进情况", _plain(batches(told))),
            ("service", "审批服务和问题办理", _plain([*service(told), *outreach(told)])),
            ("difficulties", "存在问题", _plain(difficulties(told))),
            ("next_steps", "下一步", _plain(next_steps(told))),
        ]
    return [
        {"key": key, "title": f"{_ordinal(n)}、{name}", "paragraphs": paragraphs}
        for n, (key, name, paragraphs) in enumerate(chapters, start=1)
    ]


def _plain(texts: Iterable[str]) -> Paragraphs:
    return [_paragraph(text) for text in texts]


def _paragraph(text: str, lead: str = "") -> dict[str, str]:
    return {"lead": lead, "text": text}


# --- Chapters --------------------------------------------------------------------------------


def overall(told: Plain) -> Paragraphs:
    parts = [
        ("签约情况", signing(told)),
        ("“七个一批”推进情况", batches(told)),
        ("外出招商情况", outreach(told)),
    ]
    return [
        _paragraph("".join(texts), lead=f"（{_ordinal(n)}）{name}。")
        for n, (name, texts) in enumerate(parts, start=1)
    ]


def signing(told: Plain) -> list[str]:
    """New projects and their contracted investment: the year so far with its comparison, then the month."""
    about = told["about"]
    text = f"{span(about)}，{about['name']}{_signed_in(told, 'year', compared=True)}"
    if not is_january(about):
        text += f"{_month(about)}月当月，{_signed_in(told, 'month', compared=False)}"
    text += target(told)
    if late := sum(1 for row in told["signed"] if row["late"]):
        text += f"{_month(about)}月计入的合同事项中，以前月份签约、本月补报的有{late}项。"
    return [text]


def target(told: Plain) -> str:
    """合同投资额完成年度目标的63.2%，快于时序进度4.9个百分点。 Nothing without a target."""
    found = told.get("targets", {}).get("contracted")
    if not found:
        return ""
    ahead = Decimal(found["ahead"])
    pace = "与时序进度持平"
    if ahead:
        pace = f"{'快于' if ahead > 0 else '慢于'}时序进度{abs(ahead)}个百分点"
    return f"合同投资额完成年度目标{yi(found['target'])}的{percent(found['done'])}，{pace}。"


def batches(told: Plain) -> list[str]:
    about, rows = told["about"], told["batches"]
    total = sum(row["count"] for row in rows)
    if not total:
        return [f"截至{day(about['until'])}，{about['name']}“七个一批”没有在库项目。"]
    stock = "、".join(f"{row['name']}{row['count']}个" for row in rows)
    moved = [f"{row['name']}{row['arrived']}个" for row in rows if row["arrived"]]
    month = f"{_month(about)}月当月"
    arrivals = f"{month}进入各批次的项目：{'、'.join(moved)}。" if moved else f"{month}没有项目进入新的批次。"
    return [f"截至{day(about['until'])}，{about['name']}“七个一批”在库项目{total}个，其中{stock}。{arrivals}"]


def outreach(told: Plain) -> list[str]:
    about, visits = told["about"], _value(told, "visits", "year")
    if visits is None:  # a task force makes none
        return []
    leaders = "市、县两级领导" if about["scope"] == ScopeKind.CITY else f"{about['name']}领导"
    if visits == "0":
        return [f"{span(about)}，{leaders}没有外出招商。"]
    targets = _value(told, "visit_targets", "year")
    return [f"{span(about)}，{leaders}外出招商{visits}次，对接企业、商协会等招商对象{targets}家。"]


def ranking(about: Plain, rows: Sequence[Plain], kind: str) -> list[str]:
    """Who leads, who grew most, who fell, who has signed nothing yet."""
    with_some = [row for row in rows if Decimal(row["contracted"]) > 0]
    if not with_some:
        return [f"{span(about)}，各{kind}均没有新签合同投资额。"]
    leaders = "、".join(
        f"{row['name']}（{yi(row['contracted'])}，{row['projects_signed']}个）" for row in with_some[:LEADING]
    )
    text = f"{span(about)}，合同投资额居前的{kind}依次为：{leaders}。"
    compared = [row for row in with_some if row["yoy"] is not None]
    grown = sorted(compared, key=lambda row: -Decimal(row["yoy"]))
    if risen := [row for row in grown if Decimal(row["yoy"]) > 0][:LEADING]:
        rates = "、".join(f"{row['name']}（{percent(row['yoy'])}）" for row in risen)
        text += f"同比增幅居前的为：{rates}。"
    if fallen := [row for row in grown if Decimal(row["yoy"]) < 0]:
        text += f"同比下降的有{len(fallen)}个：{_names(fallen)}。"
    if without := [row for row in rows if row["projects_signed"] == "0"]:
        text += f"尚无新签约项目的有{len(without)}个：{_names(without)}。"
    return [text]


def standing(told: Plain) -> list[str]:
    """Where a task force or a unit stands among its peers."""
    about, own = told["about"], told["place"]
    if own is None or Decimal(_value(told, "contracted", "year") or 0) <= 0:
        return []
    peers = "产业专班" if about["scope"] == ScopeKind.TASK_FORCE else "县区、新区"
    return [f"合同投资额在全市{own['of']}个{peers}中居第{own['rank']}位。"]


def service(told: Plain) -> list[str]:
    about = told["about"]
    text = f"{span(about)}，"
    served = _value(told, "projects_served", "year")
    if served not in (None, "0"):
        text += f"审批服务专班新跟进服务重大项目{served}个，"
    raised, resolved = (_value(told, code, "year") for code in ("issues_raised", "issues_resolved"))
    text += f"{about['name']}项目登记问题{raised}个，办结{resolved}个"
    if not is_january(about):
        raised, resolved = (_value(told, code, "month") for code in ("issues_raised", "issues_resolved"))
        text += f"；{_month(about)}月当月登记{raised}个，办结{resolved}个"
    waiting = len(told["issues"])
    rest = f"尚未办结{waiting}个" if waiting else "没有未办结的问题"
    return [f"{text}。截至{day(about['until'])}，{rest}。"]


def difficulties(told: Plain) -> list[str]:
    """The stalled items by name, with their days and who acts."""
    about, rows = told["about"], told["stalled"]
    if not rows:
        return [f"截至{day(about['until'])}，{about['name']}没有停滞的审批事项。"]
    projects = len({row["project"] for row in rows})
    text = f"截至{day(about['until'])}，{about['name']}停滞审批事项{len(rows)}项，涉及项目{projects}个"
    if statute := sum(1 for row in rows if row["over_statute"]):
        text += f"，超法定时限{statute}项"
    if promise := sum(1 for row in rows if row["over_promise"] and not row["over_statute"]):
        text += f"，超承诺时限{promise}项"
    lines = [f"{n}. {_stalled(row)}" for n, row in enumerate(rows[:NAMED], start=1)]
    if len(rows) <= NAMED:
        return [f"{text}。", *lines]
    annex = "附件4" if about["scope"] == ScopeKind.CITY else "附件2"
    return [f"{text}。其中较突出的{NAMED}项如下，其余见{annex}。", *lines]


def _stalled(row: Plain) -> str:
    what = f"“{row['project_name']}”的{row['item']}"
    return f"{what}，已停滞{row['days']}个工作日，由{row['acts']}负责推动。"


def next_steps(told: Plain) -> list[str]:
    """What follows from the figures; a step is asked for only where its reason stands above."""
    steps = []
    if stalled := len(told["stalled"]):
        steps.append(
            f"对停滞的{stalled}项审批事项，责任单位要逐项说明原因、明确办结时间；"
            "需企业补正的，由项目专员上门帮办。"
        )
    if waiting := len(told["issues"]):
        steps.append(
            f"对尚未办结的{waiting}个问题，审批服务专班要会同责任单位抓紧办理，"
            "办结须有措施、有佐证、有企业或项目专员确认。"
        )
    if signed := sum(row["count"] for row in told["batches"] if row["batch"] == "signing"):
        steps.append(f"对签约批次的{signed}个项目，要抓紧落实用地和前期审批，推动尽快开工。")
    steps.append("各单位要按月报送项目进展，做到账实相符、口径一致。")
    return [f"（{_ordinal(n)}）{step}" for n, step in enumerate(steps, start=1)]


# --- Words and numbers -----------------------------------------------------------------------


def yi(wan: str | Decimal) -> str:
    return f"{format_yi(Decimal(wan))}亿元"


def percent(value: str | Decimal) -> str:
    return f"{half_up(Decimal(value), 1):f}%"


def growth(yoy: str | None) -> str:
    """，同比增长33.0% — nothing where there is no base to compare with."""
    if yoy is None:
        return ""
    change = Decimal(yoy)
    if not change:
        return "，与去年同期持平"
    return f"，同比{'增长' if change > 0 else '下降'}{percent(abs(change))}"


def span(about: Plain) -> str:
    """1—10月, and 1月 in January."""
    return str(about["spans"]["year"]["name"])


def day(iso: str) -> str:
    date = datetime.date.fromisoformat(iso)
    return f"{date.month}月{date.day}日"


def is_january(about: Plain) -> bool:
    return _month(about) == 1


def _signed_in(told: Plain, span: str, *, compared: bool) -> str:
    """新签约项目…个，合同投资额…亿元（含增资…、解约核减…），同比…；其中亿元以上工业项目…"""

    def grown(code: str) -> str:
        return growth(_value(told, code, span, "yoy")) if compared else ""

    projects, contracted = _value(told, "projects_signed", span), _value(told, "contracted", span) or "0"
    text = f"新签约项目{projects}个，{_contracted(contracted)}{_within(told, span)}{grown('contracted')}"
    large, amount = (
        _value(told, code, span) or "0" for code in ("industrial_100m_projects", "contracted_industrial_100m")
    )
    if large != "0" or Decimal(amount):
        text += f"；其中亿元以上工业项目{large}个，{_contracted(amount)}{grown('contracted_industrial_100m')}"
    return f"{text}。"


def _within(told: Plain, span: str) -> str:
    """What contracted investment holds besides new contracts."""
    parts = [
        f"{word}{yi(abs(Decimal(value)))}"
        for code, word in (("add_ons", "增资"), ("voids", "解约核减"))
        if (value := _value(told, code, span)) and Decimal(value)
    ]
    return f"（含{'、'.join(parts)}）" if parts else ""


def _contracted(wan: str) -> str:
    """More may be taken back in a month than is signed."""
    return f"合同投资额{'净减' if Decimal(wan) < 0 else ''}{yi(abs(Decimal(wan)))}"


def _value(told: Plain, code: str, span: str, part: str = "value") -> str | None:
    for figure in told["figures"]:
        if figure["code"] == code and figure[span] is not None:
            value: str | None = figure[span][part]
            return value
    return None


def _year(about: Plain) -> int:
    return int(about["month"][:4])


def _month(about: Plain) -> int:
    return int(about["month"][5:7])


def _names(rows: Iterable[Plain]) -> str:
    return "、".join(str(row["name"]) for row in rows)


def _ordinal(n: int) -> str:
    return "一二三四五六七八九十"[n - 1]
