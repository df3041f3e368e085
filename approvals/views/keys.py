"""The key of each entry that can be made of an item: the first letter of its Chinese word where it can be."""

from django.forms.boundfield import BoundField, BoundWidget
from django.utils.translation import gettext_lazy

from approvals.choices import ItemEventKind, ItemState
from approvals.models import Item
from approvals.rules import ITEM_NEXT

K = ItemEventKind
# What ends a pause has one key, since only one can be running: e is also what opens the form.
KEYS: dict[str, str] = {
    K.SUBMITTED: "s",  # shēnbào
    K.ACCEPTED: "a",
    K.TAKEN_ON: "b",  # bùmén
    K.NOT_ACCEPTED: "i",
    K.DECLINED: "d",
    K.CORRECTION_STARTED: "c",
    K.CORRECTION_ENDED: "e",
    K.SPECIAL_STARTED: "t",  # tèbié
    K.SPECIAL_ENDED: "e",
    K.NOTICE_STARTED: "g",  # gōngshì
    K.NOTICE_ENDED: "e",
    K.APPROVED: "p",
    K.APPROVED_PENDING: "r",  # róngquē
    K.REFUSED: "f",  # fǒu
    K.WITHDRAWAL_ASKED: "q",
    K.WITHDRAWN: "w",
    K.RECALLED: "l",
    K.REVOKED: "o",
    K.NOT_NEEDED: "u",
    K.URGED: "h",
    K.NOTE: "m",
}

# What the page's own keys do, for the sheet that ? shows.
PAGE_KEYS = (
    ("e", gettext_lazy("Enter what happened to the row")),
    ("s a c p …", gettext_lazy("The same at once: the letter beside the word")),
    ("x", gettext_lazy("Pick the row")),
    ("E", gettext_lazy("Enter the same for the rows picked")),
)


def of_kinds(item: Item) -> dict[str, str]:
    """The keys of what can come next, by kind."""
    return {kind.value: KEYS[kind] for kind in (*ITEM_NEXT[ItemState(item.state)], K.URGED, K.NOTE)}


def options(kind: BoundField) -> list[tuple[BoundWidget, str]]:
    """The choices of a form, each with its key."""
    return [(option, KEYS.get(option.data["value"], "")) for option in kind]


def of_row(item: Item) -> str:
    """The same for a row of a list: “s:submitted a:accepted”."""
    return " ".join(f"{key}:{kind}" for kind, key in of_kinds(item).items())
