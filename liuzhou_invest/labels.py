"""Words that only Django's own code asks the catalogue for; here they stand so that it has them."""

from django.utils.translation import gettext_noop as _

# Fields whose label is only their attribute's name: the audit trail shows them (see core/audit.py).
LABELS = [
    _("acknowledged by"),
    _("added by"),
    _("answers"),
    _("assigned by"),
    _("briefing"),
    _("by"),
    _("closed by"),
    _("created"),
    _("created by"),
    _("digest"),
    _("document"),
    _("enterprise"),
    _("entered by"),
    _("event"),
    _("evidence"),
    _("expiry"),
    _("file"),
    _("figure"),
    _("from itemtemplate"),
    _("issue"),
    _("item"),
    _("name key"),
    _("opened by"),
    _("period"),
    _("project"),
    _("raised by"),
    _("recorded by"),
    _("scope key"),
    _("serviceteam"),
    _("sha256"),
    _("task force"),
    _("taskforce"),
    _("team"),
    _("template"),
    _("to itemtemplate"),
    _("token key"),
    _("unit"),
    _("uploaded by"),
    _("user"),
    _("visit"),
]

# What the first page of the administration says to those who listen, and Django has not in Chinese.
ADMINISTRATION = [_("Add link"), _("Change or view list link"), _("Model name")]
