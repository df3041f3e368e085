"""An invented monthly briefing with every kind of block, long enough to need several pages."""

from datetime import date

from core.documents import (
    AnnexTitle,
    Attachments,
    Block,
    Group,
    Heading,
    Imprint,
    Kind,
    Letterhead,
    Paragraph,
    Recipients,
    SignOff,
    Table,
    Title,
)

TEXT, CENTER, NUMBER = Kind.TEXT, Kind.CENTER, Kind.NUMBER
FORCES = [
    "钢铁（有色金属）",
    "汽车",
    "机械",
    "人工智能",
    "新能源",
    "新材料",
    "化工（日化）",
    "林木加工",
    "轻工食品",
]
BATCHES = ["谋划", "洽谈", "签约", "开工", "建设", "投产", "达产"]
UNITS = ["城中区", "鱼峰区", "柳南区", "柳北区", "柳江区", "柳城县", "鹿寨县", "融安县", "融水苗族自治县",
         "三江侗族自治县", "柳东新区", "北部生态新区"]  # fmt: skip


def briefing() -> list[Block]:
    return [*_text(), *_forces(), *_units(), *_projects(), *_stalled()]


def _text() -> list[Block]:
    return [
        Letterhead("柳州市投资促进局文件", "柳招商〔2025〕8号"),
        Title("关于2025年1—7月全市招商引资和“七个一批”项目推进情况的通报", status="（送审稿）"),
        Recipients("各县区人民政府，柳东新区、北部生态新区管委会，各产业专班，市直有关单位"),
        Paragraph(
            "根据《柳州市产业发展推进机制工作规则》，现将2025年1—7月全市招商引资和“七个一批”项目推进情况通报如下。"
        ),
        Heading("总体情况"),
        Paragraph(
            "1—7月，全市新签约项目217个，合同投资额710.17亿元，同比增长31.6%；其中，亿元以上工业项目98个，"
            "合同投资额541.20亿元，同比增长36.9%，占全市的76.2%。7月当月新签约项目24个，合同投资额58.17亿元。"
            "全市“七个一批”在库项目1,024个，其中谋划186个、洽谈243个、签约217个、开工142个、建设131个、投产68个、达产37个。"
        ),
        Heading("产业专班情况"),
        Paragraph(
            "钢铁（有色金属）专班新签约项目31个，合同投资额126.40亿元，完成年度目标的63.2%，超时序进度4.9个百分点。",
            lead="（一）进度较快的专班。",
        ),
        Paragraph(
            "化工（日化）专班新签约项目9个，合同投资额18.36亿元，完成年度目标的36.7%，低于时序进度21.6个百分点。",
            lead="（二）进度较慢的专班。",
        ),
        Table(
            head=["产业专班", "当月", "1—7月", "同比", "当月", "1—7月", "同比"],
            groups=[Group(""), Group("新签约项目（个）", 3), Group("合同投资额（亿元）", 3)],
            kinds=[TEXT] + [NUMBER] * 6,
            rows=[
                ["钢铁（有色金属）", "4", "31", "+24.0%", "12.60", "126.40", "+41.2%"],
                ["汽车", "6", "44", "+18.9%", "15.05", "158.22", "+29.7%"],
                ["其他专班", "14", "142", "+20.3%", "30.52", "425.55", "+29.4%"],
                ["合计", "24", "217", "+20.6%", "58.17", "710.17", "+31.6%"],
            ],
            strong=[-1],
            title="部分产业专班新签约情况",
            unit="单位：个、亿元",
            note="注：因四舍五入，分项之和可能不等于总计。",
        ),
        Heading("审批服务和问题办理"),
        Heading("重大项目服务", level=2),
        Paragraph("审批服务专班累计服务重大项目92个，协调解决问题48个，尚有15个问题正在办理。"),
        Heading("停滞审批事项", level=2),
        Paragraph("截至7月31日，全市超过承诺时限的审批事项11项，其中超过法定时限2项，详见附件4。"),
        Heading("涉及自然资源部门6项", level=3),
        Paragraph("主要集中在建设用地规划许可和设计方案审查，平均已停滞12个工作日。"),
        Heading("涉及生态环境部门3项", level=3),
        Paragraph("均为环境影响报告表审批，2项处于补正阶段。"),
        Heading("存在问题"),
        Paragraph(
            "一是部分县区签约项目开工率偏低，签约满三个月未开工项目23个；二是个别专班洽谈项目储备不足；"
            "三是项目信息报送不及时，7月补报项目5个。"
        ),
        Heading("下一步工作"),
        Paragraph(
            "各专班、各县区要对照年度目标，逐项目倒排时间、明确责任人；对本通报所列停滞事项，"
            "责任部门应于8月15日前书面反馈办理结果，由市投资促进局汇总后报市人民政府。"
        ),
        Attachments(
            [
                "2025年1—7月各产业专班“七个一批”项目推进情况",
                "2025年1—7月各县区、新区招商引资情况",
                "2025年7月新签约项目表",
                "停滞审批事项清单",
            ]
        ),
        SignOff("柳州市投资促进局", date(2025, 8, 6)),
    ]


def _forces() -> list[Block]:
    return [
        AnnexTitle("附件1", "2025年1—7月各产业专班“七个一批”项目推进情况"),
        Table(
            head=["排名", "产业专班", "合同投资额", "同比", "占比", *BATCHES],
            groups=[Group("", 2), Group("新签约（亿元）", 3), Group("七个一批项目（个）", 7)],
            kinds=[CENTER, TEXT] + [NUMBER] * 10,
            rows=[
                [str(i), force, f"{160 - 13.7 * i:.2f}", f"{42 - 5.5 * i:+.1f}%", f"{22 - 2.1 * i:.1f}%"]
                + [str((i * k * 7) % 41 + 3) for k in range(1, 8)]
                for i, force in enumerate(FORCES, start=1)
            ]
            + [["", "合计", "710.17", "+31.6%", "100.0%", "186", "243", "217", "142", "131", "68", "37"]],
            strong=[-1],
            unit="单位：亿元、个",
            note="注：1．占比为该专班合同投资额占全市的比重。\n2．谋划、洽谈为期末时点数。",
        ),
    ]  # fmt: skip


def _units() -> list[Block]:
    return [
        AnnexTitle("附件2", "2025年1—7月各县区、新区招商引资情况"),
        Table(
            head=["排名", "县区、新区", "新签约项目（个）", "合同投资额（亿元）", "同比", "年度目标（亿元）",
                  "完成率"],
            kinds=[CENTER, TEXT, NUMBER, NUMBER, NUMBER, NUMBER, NUMBER],
            rows=[
                [str(i), unit, str(40 - 3 * i), f"{120 - 8.25 * i:.2f}", f"{35 - 4 * i:+.1f}%",
                 f"{150 - 6 * i}.00", f"{80 - 3.3 * i:.1f}%"]
                for i, unit in enumerate(UNITS, start=1)
            ],
        ),
    ]  # fmt: skip


def _projects() -> list[Block]:
    kinds = [CENTER, TEXT, TEXT, TEXT, TEXT, TEXT, NUMBER, NUMBER, CENTER, TEXT]
    return [
        AnnexTitle("附件3", "2025年7月新签约项目表", is_landscape=True),
        Table(
            head=["序号", "项目名称", "投资企业", "产业专班", "报送单位", "建设内容", "合同投资额",
                  "固定资产投资", "签约日期", "备注"],
            kinds=kinds,
            rows=[
                [str(i), f"示例{FORCES[i % 9][:2]}智能装备产业园项目（{i}期）",
                 f"深圳示例{i}号新材料科技股份有限公司", FORCES[i % 9], UNITS[i % 12],
                 "建设高端数控机床生产线及配套设施", f"{1.25 * i:.2f}", f"{0.81 * i:.2f}", f"7月{i}日",
                 "并列" if i % 7 == 0 else ""]
                for i in range(1, 25)
            ],
            unit="单位：亿元",
        ),
    ]  # fmt: skip


def _stalled() -> list[Block]:
    return [
        AnnexTitle("附件4", "停滞审批事项清单", is_landscape=True),
        Table(
            head=["序号", "项目名称", "审批事项", "责任部门", "停滞工作日", "停滞原因"],
            kinds=[CENTER, TEXT, TEXT, TEXT, NUMBER, TEXT],
            rows=[],
            unit="截至2025年7月31日",
        ),
        Imprint("柳州市投资促进局办公室", date(2025, 8, 6),
                copies_to="市委办公室，市人大常委会办公室，市政府办公室，市政协办公室"),
    ]  # fmt: skip
