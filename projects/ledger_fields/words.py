"""The words that offices use for contracts, batches, industry and currency: word → meaning, and whether it
leaves no doubt."""

from typing import Any

from projects.choices import Currency, EventKind, Stage

CONTRACT_WORDS: dict[str, tuple[Any, bool]] = {
    "正式合同": (EventKind.SIGNED, True),
    "正式协议": (EventKind.SIGNED, True),
    "正式": (EventKind.SIGNED, True),
    "合同": (EventKind.SIGNED, True),
    "投资合同": (EventKind.SIGNED, True),
    "投资协议": (EventKind.SIGNED, True),
    "正式投资协议": (EventKind.SIGNED, True),
    "正式投资合同": (EventKind.SIGNED, True),
    "正式签约": (EventKind.SIGNED, True),
    "项目合同": (EventKind.SIGNED, True),
    "已签正式合同": (EventKind.SIGNED, True),
    "正式签约合同": (EventKind.SIGNED, True),
    "已签约(正式)": (EventKind.SIGNED, True),
    "已签正式协议": (EventKind.SIGNED, True),
    "合同书": (EventKind.SIGNED, True),
    "正式合同书": (EventKind.SIGNED, True),
    "投资合同书": (EventKind.SIGNED, True),
    "投资协议书": (EventKind.SIGNED, True),
    "项目投资合同书": (EventKind.SIGNED, True),
    "项目投资协议书": (EventKind.SIGNED, True),
    "项目协议": (EventKind.SIGNED, False),
    "投资合作合同": (EventKind.SIGNED, False),
    "投资合作协议": (EventKind.SIGNED, False),
    "项目投资合作协议": (EventKind.SIGNED, False),
    "入园合同": (EventKind.SIGNED, False),
    "项目投资合同": (EventKind.SIGNED, True),
    "项目投资协议": (EventKind.SIGNED, True),
    "签订合同": (EventKind.SIGNED, False),
    "已签合同": (EventKind.SIGNED, False),
    "签约合同": (EventKind.SIGNED, False),
    "签约": (EventKind.SIGNED, False),
    "已签约": (EventKind.SIGNED, False),
    "新签": (EventKind.SIGNED, False),
    "新签约": (EventKind.SIGNED, False),
    "新增": (EventKind.SIGNED, False),
    "入园协议": (EventKind.SIGNED, False),
    "框架协议": (EventKind.FRAMEWORK, True),
    "框架": (EventKind.FRAMEWORK, True),
    "框架合同": (EventKind.FRAMEWORK, True),
    "框架性协议": (EventKind.FRAMEWORK, True),
    "合作框架协议": (EventKind.FRAMEWORK, True),
    "投资框架协议": (EventKind.FRAMEWORK, True),
    "战略合作框架协议": (EventKind.FRAMEWORK, True),
    "战略框架协议": (EventKind.FRAMEWORK, True),
    "框架协议书": (EventKind.FRAMEWORK, True),
    "投资合作框架协议": (EventKind.FRAMEWORK, True),
    "意向框架协议": (EventKind.FRAMEWORK, True),
    "意向性框架协议": (EventKind.FRAMEWORK, True),
    "意向性协议": (EventKind.FRAMEWORK, False),
    "合作意向书": (EventKind.FRAMEWORK, False),
    "意向签约": (EventKind.FRAMEWORK, False),
    "战略合作协议": (EventKind.FRAMEWORK, False),
    "战略协议": (EventKind.FRAMEWORK, False),
    "意向": (EventKind.FRAMEWORK, False),
    "意向书": (EventKind.FRAMEWORK, False),
    "意向协议": (EventKind.FRAMEWORK, False),
    "意向合同": (EventKind.FRAMEWORK, False),
    "投资意向书": (EventKind.FRAMEWORK, False),
    "投资意向协议": (EventKind.FRAMEWORK, False),
    "合作意向": (EventKind.FRAMEWORK, False),
    "备忘录": (EventKind.FRAMEWORK, False),
    "合作备忘录": (EventKind.FRAMEWORK, False),
    "谅解备忘录": (EventKind.FRAMEWORK, False),
    "mou": (EventKind.FRAMEWORK, False),
    "增资": (EventKind.ADD_ON, True),
    "增资合同": (EventKind.ADD_ON, True),
    "增资协议": (EventKind.ADD_ON, True),
    "增资扩产": (EventKind.ADD_ON, True),
    "增资扩产合同": (EventKind.ADD_ON, True),
    "增资扩产协议": (EventKind.ADD_ON, True),
    "增资扩产项目": (EventKind.ADD_ON, True),
    "增资项目": (EventKind.ADD_ON, True),
    "增资合同书": (EventKind.ADD_ON, True),
    "增资协议书": (EventKind.ADD_ON, True),
    "追加投资": (EventKind.ADD_ON, True),
    "增资扩股": (EventKind.ADD_ON, False),
    "减资": (EventKind.REDUCED, True),
    "核减": (EventKind.REDUCED, False),
    "解约": (EventKind.VOIDED, True),
    "解除合同": (EventKind.VOIDED, True),
    "已解约": (EventKind.VOIDED, True),
    "解约协议": (EventKind.VOIDED, True),
    "解除协议": (EventKind.VOIDED, True),
    "协议解除": (EventKind.VOIDED, True),
    "已解除": (EventKind.VOIDED, True),
    "合同解除": (EventKind.VOIDED, True),
    "解除": (EventKind.VOIDED, True),
    "终止": (EventKind.VOIDED, False),
    "终止合同": (EventKind.VOIDED, False),
    "作废": (EventKind.VOIDED, False),
    "退库": (EventKind.VOIDED, False),
}
CONTRACT_NAMES = {
    EventKind.SIGNED: "正式合同",
    EventKind.FRAMEWORK: "框架协议",
    EventKind.ADD_ON: "增资",
    EventKind.REDUCED: "减资",
    EventKind.VOIDED: "解约",
}
# What a heading or the name of a sheet says of all its rows.
CONTRACT_HEADINGS = {
    EventKind.FRAMEWORK: ("框架", "意向"),
    EventKind.ADD_ON: ("增资",),
    EventKind.REDUCED: ("减资", "核减"),
    EventKind.VOIDED: ("解约", "解除", "终止"),
    EventKind.SIGNED: ("签约", "正式合同", "正式协议"),
}
NOT_SIGNED = ("在谈", "洽谈", "拟签", "待签", "未签")
INDUSTRIAL_HEADINGS = (
    *((word, True) for word in ("工业项目", "工业类", "制造业")),
    *((word, False) for word in ("其他行业", "服务业", "农业项目", "文旅", "商贸")),
)
STAGE_WORDS: dict[str, tuple[Any, bool]] = {
    **{
        word: (stage, True)
        for stage, spoken in (
            (Stage.PREPARATION, "谋划 谋划中 谋划储备 储备 策划"),
            (Stage.NEGOTIATION, "洽谈 在谈 洽谈中 在谈项目 跟踪洽谈"),
            (Stage.SIGNING, "签约 已签约 签约未落地 签约未开工 未开工 新签约"),
            (Stage.COMMENCEMENT, "开工 已开工 新开工 当年开工"),
            (Stage.CONSTRUCTION, "建设 在建 续建 建设中 在建项目 正在建设"),
            (Stage.PRODUCTION, "投产 已投产 竣工投产 建成投产"),
            (Stage.FULL_CAPACITY, "达产 已达产 达产达效 满产"),
        )
        for word in spoken.split()
    },
    "拟签约": (Stage.NEGOTIATION, False),
    "拟开工": (Stage.SIGNING, False),
    "待开工": (Stage.SIGNING, False),
    "前期": (Stage.SIGNING, False),
    "前期工作": (Stage.SIGNING, False),
    "办理手续": (Stage.SIGNING, False),
    "已落地": (Stage.SIGNING, False),
    "落地": (Stage.SIGNING, False),
    "已开工(在建)": (Stage.CONSTRUCTION, False),
    "开工建设": (Stage.COMMENCEMENT, False),
    "开工在建": (Stage.CONSTRUCTION, False),
    "试生产": (Stage.CONSTRUCTION, False),
    "试产": (Stage.CONSTRUCTION, False),
    "竣工": (Stage.CONSTRUCTION, False),
    "拟投产": (Stage.CONSTRUCTION, False),
    "部分投产": (Stage.PRODUCTION, False),
}
INDUSTRIAL_WORDS: dict[str, tuple[Any, bool]] = {
    **dict.fromkeys(("工业", "工业项目", "工业类", "是工业", "工业类项目"), (True, True)),
    **dict.fromkeys(("非工业", "非工业项目", "非工业类", "不是工业"), (False, True)),
    **dict.fromkeys(("制造业", "先进制造业", "二产", "第二产业", "生产制造"), (True, False)),
    **dict.fromkeys(
        ("服务业", "现代服务业", "农业", "现代农业", "文旅", "商贸", "物流", "房地产"), (False, False)
    ),
    **dict.fromkeys(("一产", "三产", "第一产业", "第三产业", "商贸物流", "文化旅游"), (False, False)),
}
CURRENCY_WORDS: dict[str, tuple[Any, bool]] = {
    word: (currency, True)
    for currency, spoken in (
        (Currency.CNY, "人民币 cny rmb 元 万元 人民币元 内资"),
        (Currency.USD, "美元 美金 usd us$ 万美元"),
        (Currency.EUR, "欧元 eur 万欧元"),
        (Currency.HKD, "港元 港币 hkd 万港元 万港币"),
        (Currency.JPY, "日元 日币 jpy 万日元"),
        (Currency.GBP, "英镑 gbp 万英镑"),
        (Currency.SGD, "新加坡元 新币 sgd"),
        (Currency.KRW, "韩元 韩币 krw"),
    )
    for word in spoken.split()
}
