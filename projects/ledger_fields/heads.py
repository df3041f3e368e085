"""By which heads offices call each field of a ledger of projects; apart by spaces, the most usual first."""

HEADS = {
    "name": (
        "项目名称 项目名 项目 名称 签约项目 签约项目名称 招商项目名称 工程名称 项目全称 建设项目名称 "
        "project projectname nameofproject"
    ),
    "enterprise": (
        "投资企业 投资方 投资主体 企业名称 投资单位 投资方名称 投资企业名称 签约企业 业主单位 "
        "项目业主 业主 投资商 客商 客商名称 乙方 项目单位 引进企业 投资人 企业 投资公司 "
        "项目投资方 建设单位 签约单位 投资者 签约企业名称 项目公司 项目主体 实施主体 承建企业 "
        "单位名称 investor enterprise company companyname"
    ),
    "partners": "合作方 联合投资方 合作企业 其他投资方",
    "uscc": (
        "统一社会信用代码 信用代码 社会信用代码 企业代码 机构代码 统一信用代码 企业信用代码 税号 "
        "纳税人识别号 统一社会信用代码证号 creditcode uscc"
    ),
    "national_code": (
        "项目代码 国家项目代码 投资项目代码 备案号 备案编号 备案代码 在线平台代码 备案证号 项目编码"
    ),
    "unit": (
        "报送单位 填报单位 县区 县（区） 县（区）、新区 县区新区 县区、新区 各县区 牵头单位 "
        "责任单位 所属县区 所在县区 所属区域 落户县区 属地 区县 归属地 申报单位 引资单位 招商单位 "
        "承接单位 城区 区域 落户地 引进单位 招商责任单位 上报单位 地区 辖区 单位 归口单位 "
        "考核单位 责任县区 county district unit countyordistrict"
    ),
    "location": (
        "建设地点 项目地点 落地园区 建设地址 选址 项目选址 项目地址 落户园区 所在园区 园区 地点 "
        "落地地点 拟落户地点 location site"
    ),
    "task_force": (
        "产业专班 专班 所属产业 产业 产业类别 产业类型 行业 所属行业 产业领域 牵头专班 责任专班 "
        "产业分类 行业类别 行业分类 产业链 所属产业链 重点产业 产业名称 行业门类 所属专班 "
        "产业方向 industry sector taskforce"
    ),
    "industrial": (
        "项目类别 类别 是否工业 是否工业项目 工业 工业/非工业 项目类型 工业项目 项目性质 "
        "工业或非工业 是否为工业项目 项目属性"
    ),
    "content": (
        "建设内容 项目内容 建设规模及内容 主要建设内容 建设规模 项目概况 建设内容及规模 项目简介 "
        "主要内容 建设规模和内容 项目基本情况 主要产品"
    ),
    "contract": (
        "合同类型 合同性质 协议类型 协议性质 签约类型 合同类别 签约性质 合同 签约形式 协议类别 "
        "签约方式 合同形式 合同或协议 contract contracttype"
    ),
    "amount_wan": (
        "合同投资额 总投资 投资额 投资总额 计划总投资 合同额 签约额 签约金额 合同金额 项目总投资 "
        "投资金额 总投资额 计划投资 协议投资额 预计总投资 合同总投资 投资规模 协议金额 金额 "
        "项目投资 合同总额 计划投资额 签约投资额 协议总投资 投资 拟投资额 意向投资额 计划总投资额 "
        "增资额 增资金额 增资总额 本次增资额 追加投资额 新增投资额 "
        "investment totalinvestment investmentamount contractedinvestment amount"
    ),
    "currency": "币种 货币 货币种类 外币币种 currency",
    "foreign_amount_wan": (
        "外币金额 外币金额万元 合同外资 外资额 合同外资额 原币金额 外资金额 外币投资额 美元金额 万美元 "
        "投资额万美元 总投资万美元 "
        "合同外资万美元 外资万美元 外资额万美元 合同投资额万美元 折合万美元 计划总投资万美元 投资总额万美元 "
        "foreignamount foreigninvestment amountinforeigncurrency"
    ),
    "rate": "汇率 折算汇率 签约日汇率 rate exchangerate",
    "fixed_assets": (
        "固定资产投资 固投 其中固投 其中固定资产投资 固定资产 固定资产投资额 固投额 计划固投 "
        "其中：固投 固投金额 fixedassets fixedassetinvestment"
    ),
    "annual_output": "预计年产值 年产值 达产产值 产值 预计产值 达产后年产值 预期年产值 年产值预计",
    "signed_on": (
        "签约日期 签约时间 签订日期 签订时间 合同签订时间 合同签订日期 签约日 签署日期 签署时间 "
        "协议签订时间 合同日期 签约年月日 协议签订日期 签约（时间） 正式签约时间 合同签约时间 "
        "signed signedon signingdate dateofsigning"
    ),
    "ceremony": "签约活动 签约仪式 活动名称 签约场合 招商活动",
    "planned_start": (
        "计划开工日期 拟开工时间 计划开工时间 拟开工日期 预计开工时间 开工时间 开工日期 计划开工 "
        "预计开工 拟开工 预计开工日期 （拟）开工时间 plannedstart startdate"
    ),
    "planned_production": (
        "计划投产日期 拟投产时间 预计投产时间 计划投产时间 投产时间 预计竣工时间 拟竣工时间 "
        "竣工时间 计划竣工时间 投产日期 预计投产"
    ),
    "stage": (
        "当前批次 目前进展 批次 所属批次 项目阶段 阶段 当前阶段 项目状态 状态 七个一批 进展阶段 "
        "所处阶段 项目批次 推进阶段 stage status"
    ),
    "progress": (
        "进度备注 进度 进展情况 项目进展 目前进度 进度说明 推进情况 项目进度 工作进展 最新进展 "
        "进展 目前进展情况 当前进展 项目进展情况 进展说明 progress"
    ),
    "officer": (
        "责任人 项目责任人 负责人 跟进人 项目专员 专员 招商专员 项目负责人 服务专员 跟踪人 责任领导 包联领导"
    ),
    "contact_name": (
        "联系人 企业联系人 联络人 投资方联系人 企业负责人 联系人姓名 企业法人 法人代表 contact contactperson"
    ),
    "contact_phone": (
        "联系电话 电话 手机 联系方式 手机号 联系人电话 企业联系电话 手机号码 联络电话 联系人及电话 "
        "telephone phone"
    ),
    "origin": (
        "企业所在地 投资方所在地 来源地 资金来源地 企业来源 注册地 来源 投资来源地 企业注册地 客商来源"
    ),
    "shares": "分成 分成比例 分享比例 飞地分成",
    "note": "备注 说明 备注说明 其他 其它 note notes remarks",
}
