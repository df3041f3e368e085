"""A large ledger as a county hands it in, its way into the books, and out of them again."""

import datetime
import io
import itertools
from collections.abc import Callable
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction

from accounts.models import User
from core import audit, uscc
from core.clock import today
from core.exporting import Column, Kind, Sheet, workbook
from ledgers import committing, receiving, rehearsing
from ledgers.choices import LedgerState
from ledgers.models import Ledger
from taskforces.models import ReportingUnit, TaskForce

ONE_DAY = datetime.timedelta(days=1)
PRODUCTS = ["动力电池", "数控机床", "智能座舱", "螺蛳粉", "再生铝", "汽车座椅", "轴承", "光伏支架"]
_marks = itertools.count()  # so that no ledger of a run is like one before


def content(rows: int) -> bytes:
    """A workbook of so many signed projects, each of an enterprise of its own, in twenty columns."""
    file = io.BytesIO()
    mark = f"测{next(_marks)}"
    workbook.write(file, Sheet("台账", _columns(mark)), range(rows), explained=lambda _rows, _cut: ())
    return file.getvalue()


def _columns(mark: str) -> list[Column]:
    units = list(ReportingUnit.objects.order_by("order").values_list("name", flat=True))
    forces = list(TaskForce.objects.order_by("order").values_list("name", flat=True))
    day = today()
    texts: dict[str, Callable[[int], Any]] = {
        "项目名称": lambda n: f"{mark}号{n}年产{n % 90 + 1}万件{PRODUCTS[n % 8]}生产线项目",
        "投资企业": lambda n: f"广西{mark}号{n}智能装备有限公司",
        "统一社会信用代码": lambda n: _code(f"91450200MA{mark[1:]:0>2.2}{n:05d}"),
        "报送单位": lambda n: units[n % len(units)],
        "所属产业": lambda n: forces[n % len(forces)],
        "是否工业": lambda n: "否" if n % 5 == 0 else "是",
        "合同类型": lambda n: "正式合同",
        "签约活动": lambda n: f"第{n % 40 + 1}次集中签约",
        "当前批次": lambda n: "签约",
        "进度备注": lambda n: f"已完成{n % 37}项手续",
        "项目责任人": lambda n: f"韦经办{n % 300}",
        "联系人": lambda n: f"李总{n % 900}",
        "联系电话": lambda n: f"138{n:08d}",
        "企业所在地": lambda n: ("深圳", "广州", "上海", "苏州")[n % 4],
        "建设内容": lambda n: f"占地{n % 200 + 10}亩，建设{PRODUCTS[n % 8]}厂房、仓库及配套设施",
    }
    amounts: dict[str, Callable[[int], Any]] = {
        "总投资（万元）": lambda n: 1000 + n * 7919 % 90000,
        "固定资产投资（万元）": lambda n: 700 + n * 7919 % 60000,
        "预计年产值（万元）": lambda n: 2000 + n * 31 % 50000,
    }
    days: dict[str, Callable[[int], Any]] = {
        "签约时间": lambda n: day - n % 300 * ONE_DAY,
        "拟开工时间": lambda n: day + n % 200 * ONE_DAY,
    }
    return [
        *(Column(head, of) for head, of in texts.items()),
        *(Column(head, of, Kind.NUMBER) for head, of in amounts.items()),
        *(Column(head, of, Kind.DAY) for head, of in days.items()),
    ]


def _code(body: str) -> str:
    return body + uscc.check_character(body)


class HandedIn:
    """A ledger on its way. Nothing of it is in the books or on the disk once it is forgotten."""

    def __init__(self, rows: int, user: User) -> None:
        self.rows, self.user = rows, user
        self.ledger: Ledger | None = None
        self._content = b""

    def prepare(self) -> None:
        """Before its time is taken."""
        self.forget()
        self._content = content(self.rows)

    def rehearse(self) -> None:
        upload = SimpleUploadedFile(f"台账 {self.rows}.xlsx", self._content)
        sender = ReportingUnit.objects.order_by("order")[0].name
        with audit.acting(self.user):
            self.ledger = receiving.receive(
                upload, kind="projects", sender=sender, by=self.user, today=today(), again=True
            )
            rehearsing.rehearse(self.ledger, today=today())
        _expect(self.ledger.state == LedgerState.REHEARSED, self.ledger.error)
        _expect(self.ledger.counts["rows"] == {"new": self.rows}, self.ledger.counts)

    def commit(self) -> None:
        """Into the books, and out of them again as if it had never been."""
        assert self.ledger is not None
        with audit.acting(self.user), transaction.atomic():
            entered = committing.commit(self.ledger, by=self.user, today=today())
            connection.check_constraints()  # else those that are checked at the end would never be
            _expect(entered.counts["entered"] == {"new": self.rows}, entered.counts)
            transaction.set_rollback(True)

    def whole(self) -> None:
        self.rehearse()
        self.commit()

    def forget(self) -> None:
        if self.ledger is None:
            return
        stored = self.ledger.file
        self.ledger.rows.all()._raw_delete(self.ledger.rows.db)
        Ledger.objects.filter(pk=self.ledger.pk).delete()
        stored.file.delete(save=False)
        stored.delete()
        self.ledger = None


def _expect(is_so: bool, found: object) -> None:
    if not is_so:
        raise RuntimeError(f"The ledger of the bench was not taken as it should: {found}")
