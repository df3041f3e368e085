"""The lists of this app as files: their columns, as the pages show them."""

from operator import itemgetter

from django.utils.translation import gettext_lazy as _

from core.exporting import Column, Kind, Sheet

# The rows are the page's own (`views.ledger.Row`).
LEDGER = Sheet(
    _("Project ledger"),
    (
        Column(_("Project"), itemgetter("name"), width=34),
        Column(_("Enterprise"), itemgetter("enterprise"), width=30),
        Column(_("Task force"), itemgetter("task_force")),
        Column(_("Reporting unit"), itemgetter("unit")),
        Column(_("Batch"), itemgetter("stage"), width=12),
        Column(_("Contract (亿元)"), itemgetter("contracted"), Kind.YI, 14),
        Column(_("Signed on"), itemgetter("day"), Kind.DAY, 13),
        Column(_("Status"), itemgetter("word"), width=20),
    ),
)
