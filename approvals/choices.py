"""States and events of the region's permit system, categories of issues, codes of stalls."""

from enum import nonmember

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Phase(models.IntegerChoices):
    """The stages of a construction project's approval; the last stands outside the four of the decree."""

    LAND = 1, _("Project and land")
    PLANNING = 2, _("Planning permit")
    BUILDING = 3, _("Building permit")
    ACCEPTANCE = 4, _("Acceptance")
    OPERATION = 5, _("Before production")


class ItemState(models.TextChoices):
    WAITING = "waiting", _("Not yet submitted")
    SUBMITTED = "submitted", _("Submitted")
    RUNNING = "running", _("Being handled")
    CORRECTING = "correcting", _("Papers being corrected")
    SPECIAL = "special", _("Special procedure")
    NOTICE = "notice", _("Public notice")
    APPROVED = "approved", _("Approved")
    APPROVED_PENDING = "approved_pending", _("Approved, papers to follow")
    REFUSED = "refused", _("Refused")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    NOT_NEEDED = "not_needed", _("Not needed")
    REVOKED = "revoked", _("Approval taken back")

    UNDER_WAY = nonmember(("submitted", "running", "correcting", "special", "notice"))
    PAUSED = nonmember(("correcting", "special", "notice"))
    PASSED = nonmember(("approved", "approved_pending", "not_needed"))
    CLOSED = nonmember(("approved", "approved_pending", "refused", "withdrawn", "not_needed", "revoked"))
    # Decided, or thought unnecessary, without a standing approval: it may be handed in again.
    FRUITLESS = nonmember(("refused", "withdrawn", "not_needed", "revoked"))


class ItemEventKind(models.TextChoices):
    """What happens to an item, in the words of the region's permit system (their Chinese is its own).

    The counter (窗口) accepts or does not accept, the department takes on or declines; the limits run
    from the first of the two acceptances. An approval can be recalled (撤回) or revoked (撤销).
    """

    SUBMITTED = "submitted", _("Submitted")
    ACCEPTED = "accepted", _("Accepted")
    NOT_ACCEPTED = "not_accepted", _("Not accepted")
    TAKEN_ON = "taken_on", _("Taken on by the department")
    DECLINED = "declined", _("Declined by the department")
    CORRECTION_STARTED = "correction_started", _("Correction of papers began")
    CORRECTION_ENDED = "correction_ended", _("Corrected papers handed in")
    SPECIAL_STARTED = "special_started", _("Special procedure began")
    SPECIAL_ENDED = "special_ended", _("Special procedure ended")
    NOTICE_STARTED = "notice_started", _("Public notice began")
    NOTICE_ENDED = "notice_ended", _("Public notice ended")
    APPROVED = "approved", _("Approved")
    APPROVED_PENDING = "approved_pending", _("Approved, papers to follow")
    REFUSED = "refused", _("Refused")
    WITHDRAWAL_ASKED = "withdrawal_asked", _("Withdrawal to be confirmed")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    RECALLED = "recalled", _("Approval recalled")
    REVOKED = "revoked", _("Approval revoked")
    NOT_NEEDED = "not_needed", _("Not needed")
    URGED = "urged", _("Urged")
    NOTE = "note", _("Note")
    LIMITS = "limits", _("New limits applied")
    STRUCK = "struck", _("Entry struck out")

    # Nothing changes by them; STRUCK takes another entry out of the count.
    WITHOUT_STEP = nonmember(("urged", "note", "limits", "struck"))
    ACCEPTANCES = nonmember(("accepted", "taken_on"))
    # Handed in, or given back unaccepted: whatever had been accepted before is so no more.
    BEGINS_ANEW = nonmember(("submitted", "not_accepted", "declined"))
    PAUSES = nonmember(("correction_started", "special_started", "notice_started"))


class Clock(models.TextChoices):
    """Whose days they are. Every working day of an item belongs to exactly one."""

    GOVERNMENT = "government", _("Government")
    ENTERPRISE = "enterprise", _("Enterprise")
    INTERMEDIARY = "intermediary", _("Intermediary")
    NOTICE = "notice", _("Public notice")


class IssueCategory(models.TextChoices):
    LAND = "land", _("Land and planning")
    ENVIRONMENT = "environment", _("Environment and energy review")
    UTILITIES = "utilities", _("Water, power, gas, roads")
    PERMIT = "permit", _("Building permit, drawings, fire safety")
    FINANCE = "finance", _("Finance")
    LABOUR = "labour", _("Labour")
    POLICY = "policy", _("Policy money")
    DEMOLITION = "demolition", _("Demolition")
    INTERMEDIARY = "intermediary", _("Intermediaries")
    ENTERPRISE = "enterprise", _("The enterprise itself")
    DISPUTE = "dispute", _("Between departments")


class IssueState(models.TextChoices):
    """The nodes of the supervision loop: 登记 → 受理 → 办理中 (挂起, 退回) → 已答复 → 企业确认 → 办结销号.

    WITHDRAWN 已撤销 is no node: the ledger that brought the issue was taken back, and it counts nowhere.
    """

    LOGGED = "logged", pgettext_lazy("state of an issue", "Logged")
    ACCEPTED = "accepted", pgettext_lazy("state of an issue", "Taken on")
    HANDLING = "handling", pgettext_lazy("state of an issue", "In hand")
    SUSPENDED = "suspended", pgettext_lazy("state of an issue", "Suspended")
    ANSWERED = "answered", pgettext_lazy("state of an issue", "Answered")
    CONFIRMING = "confirming", pgettext_lazy("state of an issue", "With the enterprise")
    RESOLVED = "resolved", pgettext_lazy("state of an issue", "Resolved")
    RETURNED = "returned", pgettext_lazy("state of an issue", "Returned")
    WITHDRAWN = "withdrawn", pgettext_lazy("state of an issue", "Withdrawn")

    OPEN = nonmember(("logged", "accepted", "handling", "suspended", "answered", "confirming", "returned"))
    # Its days are nobody's: put aside for a reason, resolved until somebody reopens it, or withdrawn.
    STANDING_STILL = nonmember(("suspended", "resolved", "withdrawn"))


class ReturnReason(models.TextChoices):
    """Why a department gives an issue back 退回."""

    WRONG_DEPARTMENT = "department", _("It is not this department's business")
    INCOMPLETE = "incomplete", _("Facts or papers are missing")


class IssueLevel(models.IntegerChoices):
    """The ladder an issue climbs (as in the published rules of a port city: handling office to mayor)."""

    TEAM = 1, _("Service team")
    LEAD_DEPARTMENT = 2, _("Approval bureau or lead department")
    TASK_FORCE_LEAD = 3, _("Task-force lead")
    SECRETARY_GENERAL = 4, _("Secretary-general or vice-mayor")
    MAYOR = 5, _("Mayor's special meeting")


class ConfirmedBy(models.TextChoices):
    ENTERPRISE = "enterprise", _("The enterprise")
    OFFICER = "officer", _("The project officer")


class ConfirmedThrough(models.TextChoices):
    """How the confirmation reached the office."""

    LINK = "link", _("The enterprise, by its own link")
    WORD = "word", _("The officer's word")
    LEDGER = "ledger", _("As the ledger says")


class StallCode(models.TextChoices):
    OVER_PROMISE = "S1", _("Past the promised limit")
    OVER_STATUTE = "S2", _("Past the statutory limit")
    SILENT = "S3", _("Nothing has happened")
    BLOCKED = "S4", _("Blocked by an open issue")
    NOT_SUBMITTED = "S5", _("Could be submitted, is not")
    LONG_PAUSE = "S6", _("Stopped for longer than announced")
    NO_REPORT = "S7", _("No progress reported")
    STAGE_AGED = "S8", _("Too long in one batch")
    NOT_STARTED = "S9", _("Works not begun by the contract's date")
    START_DUE = "Y1", _("Start of works planned, not begun")
    BEHIND_TIME = "Y2", _("Investment behind the time passed")
    NOT_IN_STATISTICS = "Y3", _("Begun, no investment reported")


class LampPreset(models.TextChoices):
    """Which rules light the lamps: those of this program, or those a neighbouring city has published."""

    STANDARD = "standard", _("Standard (S1–S9)")
    YINCHUAN = "yinchuan", _("Yinchuan (start, investment, statistics)")


class StallUnit(models.TextChoices):
    """In what a rule's threshold is counted."""

    WORKDAYS = "workdays", _("working days")
    DAYS = "days", _("calendar days")
    MONTHS = "months", _("months")
    POINTS = "points", _("percentage points")


class Severity(models.TextChoices):
    AMBER = "amber", _("Amber")
    RED = "red", _("Red")


class Cleared(models.TextChoices):
    """Why a flag was taken down: only what was settled has been made good."""

    SETTLED = "settled", _("Settled")
    RESTING = "resting", _("The project is paused or ended")
    DROPPED = "dropped", _("No rule asks for it any more")


# --- What a project is, as far as the choice of its items asks -------------------------------


class Fact(models.TextChoices):
    """What is asked of a project to choose the items it needs."""

    FUNDING = "funding", _("Money")
    ROUTE = "route", _("Way of approval")
    WORKS = "works", _("Works")
    LAND = "land", _("Land")
    INDUSTRIAL = "industrial", _("Industrial project")
    EIA = "eia", _("Environmental assessment")
    ENERGY = "energy", _("Energy use")
    EARTHWORKS = "earthworks", _("Earthworks that need a water and soil plan")
    WATER = "water", _("River land or own water source")
    PARK_ASSESSED = "park_assessed", _("Regional assessments of the park")
    SPECIAL_FIRE = "special_fire", _("Special works by fire-safety law")
    CIVIL_DEFENCE = "civil_defence", _("Civil air defence")
    ROAD = "road", _("City roads used or opened")
    FOREST = "forest", _("Forest land or city trees")
    DISCHARGE = "discharge", _("Pollutants discharged")
    SAFETY = "safety", _("Safety facilities to be accepted")


# --- The service support list -----------------------------------------------------------------


class SupportKind(models.TextChoices):
    LAND = "land", _("Land")
    ENERGY = "energy", _("Energy quota")
    POWER = "power", _("Power")
    WATER = "water", _("Water")
    GAS = "gas", _("Gas")
    SEWAGE = "sewage", _("Sewage")
    LOGISTICS = "logistics", _("Logistics")
    FINANCE = "finance", _("Finance")
    LABOUR = "labour", _("Labour")
    POLICY = "policy", _("Policy money")
    OTHER = "other", _("Other")


class SupportState(models.TextChoices):
    RAISED = "raised", pgettext_lazy("state of a need", "Raised")
    ACCEPTED = "accepted", _("Taken on")
    PARTLY_MET = "partly_met", _("Partly met")
    MET = "met", pgettext_lazy("state of a need", "Met")
    REFUSED = "refused", _("Cannot be met")
    DROPPED = "dropped", _("No longer needed")

    OPEN = nonmember(("raised", "accepted", "partly_met"))


# --- The agency assistance list -----------------------------------------------------------------


class AssistanceMode(models.TextChoices):
    """帮办 stands beside the enterprise, 代办 acts in its name and needs a mandate."""

    ASSIST = "assist", _("Assisting")
    ACT = "act", _("Acting for the enterprise")


class AssistanceState(models.TextChoices):
    OPEN = "open", _("To be done")
    UNDER_WAY = "under_way", _("Under way")
    DONE = "done", _("Done")
    DROPPED = "dropped", _("No longer needed")

    UNFINISHED = nonmember(("open", "under_way"))


class AssistanceEventKind(models.TextChoices):
    BEGUN = "begun", _("Begun")
    MANDATE = "mandate", _("Mandate signed")
    VISIT = "visit", _("Visit to the enterprise")
    PAPERS = "papers", _("Papers helped with")
    HANDED_IN = "handed_in", _("Handed in for the enterprise")
    DONE = "done", _("Done")
    DROPPED = "dropped", _("No longer needed")
    HANDED_OVER = "handed_over", _("Handed over to another officer")
    MOVED = "moved", _("Day moved")
    NOTE = "note", _("Note")

    # What an officer writes down of the work itself; each of them means that it has begun.
    WORK = nonmember(("visit", "papers", "handed_in"))
