"""What an official document is made of. The blocks know nothing of Word or PDF."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


@dataclass(frozen=True)
class Letterhead:
    """版头: the red mark, the document's number (with 〔〕, no 第, no leading zeros), the red line.

    `signer` stands only on documents to a higher authority 上行文.
    """

    organ: str
    number: str = ""
    signer: str = ""


@dataclass(frozen=True)
class BulletinHead:
    """The head of a plain 工作简报: its red title, 第×期, then the organ and the day over a red line."""

    title: str
    issue: str
    organ: str
    day: datetime.date
    signer: str = ""


@dataclass(frozen=True)
class Title:
    """标题. A long one breaks at "\\n", or by itself into lines of like length.

    `status` stands under it in brackets of its own, such as （送审稿）. What is no official document but
    a sheet of wide tables (`is_sheet`) lies on its side with narrow margins.
    """

    text: str
    status: str = ""
    is_sheet: bool = False


@dataclass(frozen=True)
class Recipients:
    """主送机关, without the colon at the end."""

    text: str


@dataclass(frozen=True)
class Heading:
    """A heading of level 1 to 4. Its number (一、 （一） 1. （1）) is counted by the document."""

    text: str
    level: int = 1
    is_numbered: bool = True


@dataclass(frozen=True)
class Paragraph:
    """Body text. `lead` opens it in 楷体, as a heading that runs into its text."""

    text: str
    lead: str = ""


class Kind(StrEnum):
    """How a column stands: names to the left, short words in the middle, numbers to the right."""

    TEXT = "text"
    CENTER = "center"
    NUMBER = "number"


@dataclass(frozen=True)
class Group:
    """A heading over `span` columns of a table. One without text lets its columns' heads rise."""

    text: str
    span: int = 1


@dataclass(frozen=True)
class Table:
    """Cells are ready strings. Without `kinds` all are text, without `widths` they follow the text.

    `strong` are the numbers (from 0, or from the end as -1) of rows that are totals.
    """

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    kinds: Sequence[Kind] = ()
    widths: Sequence[float] = ()
    groups: Sequence[Group] = ()
    title: str = ""
    unit: str = ""
    note: str = ""
    strong: Sequence[int] = ()

    def __post_init__(self) -> None:
        columns = len(self.head)
        widths = [len(self.kinds), len(self.widths), sum(group.span for group in self.groups)]
        if any(width not in (0, columns) for width in widths):
            raise ValueError("kinds, widths and groups must cover every column.")
        if any(len(row) != columns for row in self.rows):
            raise ValueError("Every row must have a cell for every column.")


@dataclass(frozen=True)
class Series:
    """The numbers of one colour. The pale one is what the other is compared with."""

    name: str
    values: Sequence[Decimal]
    is_pale: bool = False


@dataclass(frozen=True)
class Chart:
    """Bars beside each other, as a picture with its title under it. `words` say the same numbers to those
    who cannot see it."""

    title: str
    unit: str
    categories: Sequence[str]
    series: Sequence[Series]
    words: str
    is_horizontal: bool = False

    def __post_init__(self) -> None:
        if any(len(one.values) != len(self.categories) for one in self.series):
            raise ValueError("Every series must have a number for every category.")


@dataclass(frozen=True)
class Attachments:
    """附件说明: the names of the annexes, under the text and before the sign-off."""

    names: Sequence[str]


@dataclass(frozen=True)
class SignOff:
    """落款: who signs, and the day. `is_sealed` leaves the place that a seal needs."""

    organ: str
    day: datetime.date
    is_sealed: bool = False


@dataclass(frozen=True)
class AnnexTitle:
    """An annex begins on a new page, a wide one on pages turned sideways."""

    label: str
    title: str
    is_landscape: bool = False


@dataclass(frozen=True)
class Imprint:
    """版记, at the foot of the last page: who gets a copy, who prints, and when."""

    organ: str
    day: datetime.date
    copies_to: str = ""


@dataclass(frozen=True)
class PageBreak:
    pass


Block = (
    Letterhead
    | BulletinHead
    | Title
    | Recipients
    | Heading
    | Paragraph
    | Table
    | Chart
    | Attachments
    | SignOff
    | AnnexTitle
    | Imprint
    | PageBreak
)
