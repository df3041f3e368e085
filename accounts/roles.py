"""Who may do what: one table, one role a person. Row access is decided beside the rows (`visible_to`)."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    """The kinds of people who sign in. One a person: that keeps the three admins apart."""

    CLERK = "clerk", _("Bureau clerk")
    LEADER = "leader", _("Bureau leader")
    FORCE_LEAD = "force_lead", _("Task-force lead")
    FORCE_MEMBER = "force_member", _("Task-force member")
    UNIT = "unit", _("County or new-district office")
    SERVICE = "service", _("Service-team member")
    DEPARTMENT = "department", _("Line department")
    CITY_LEADER = "city_leader", _("City leader")
    STATISTICS = "statistics", _("Statistics reader")
    SYSTEM_ADMIN = "system_admin", _("System administrator")
    SECURITY_ADMIN = "security_admin", _("Security administrator")
    AUDIT_ADMIN = "audit_admin", _("Audit administrator")


ADMINS = frozenset({Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDIT_ADMIN})
# Readers of every project; the others see what their task force, unit, team or agency is concerned with.
SEES_ALL_PROJECTS = frozenset({Role.CLERK, Role.LEADER, Role.CITY_LEADER})

_READ = {
    "projects.view_project",
    "projects.view_plan",
    "briefings.view_board",
    "briefings.view_briefing",
    "briefings.view_figures",
}
_MEETINGS = {"briefings.view_meeting"}
_APPROVALS_READ = {
    "approvals.view_item",
    "approvals.view_issue",
    "approvals.view_stalled",
    "approvals.view_lamps",
}

PERMISSIONS: dict[str, frozenset[str]] = {
    Role.CLERK: frozenset(
        _READ
        | _APPROVALS_READ
        | _MEETINGS
        | {
            "ledgers.view_ledger",
            "ledgers.import_ledger",
            "projects.edit_plan",
            "projects.propose_plan",
            "approvals.view_at_risk",
            "projects.view_suspicion",
            "projects.judge_suspicion",
            "projects.enter_lead",
            "projects.enter_signing",
            "projects.edit_project",
            "projects.record_contract_event",
            "projects.report_progress",
            "projects.verify_signing",
            "projects.import_ledger",
            "projects.reveal_contact",
            "approvals.answer_facts",
            "approvals.log_issue",
            "approvals.assign_team",
            "approvals.take_over_issues",
            "approvals.print_lists",
            "briefings.run_meeting",
            "briefings.draft_briefing",
            "briefings.set_targets",
            "briefings.try_counting_rules",
            "outreach.view_visit",
            "outreach.enter_visit",
        }
    ),
    Role.LEADER: frozenset(
        _READ
        | _APPROVALS_READ
        | _MEETINGS
        | {
            "ledgers.view_ledger",
            "ledgers.import_ledger",
            "projects.edit_plan",
            "projects.propose_plan",
            "projects.approve_plan",
            "approvals.view_at_risk",
            "approvals.choose_lamps",
            "projects.view_suspicion",
            "projects.judge_suspicion",
            "projects.enter_lead",
            "projects.verify_signing",
            "projects.advance_project",
            "projects.correct_stage",
            "projects.edit_project",
            "projects.record_contract_event",
            "projects.reveal_contact",
            "approvals.acknowledge_stall",
            "approvals.apply_limits",
            "approvals.log_issue",
            "approvals.assign_team",
            "approvals.print_lists",
            "briefings.run_meeting",
            "briefings.choose_host",
            "briefings.draft_briefing",
            "briefings.set_targets",
            "briefings.try_counting_rules",
            "briefings.decide_counting_rules",
            "briefings.sign_off_briefing",
            "briefings.close_period",
            "outreach.view_visit",
        }
    ),
    Role.FORCE_LEAD: frozenset(
        _READ
        | _APPROVALS_READ
        | _MEETINGS
        | {
            "projects.edit_plan",
            "approvals.view_at_risk",
            "projects.view_suspicion",
            "projects.enter_lead",
            "projects.advance_project",
            "projects.correct_stage",
            "projects.edit_project",
            "projects.report_progress",
            "projects.reveal_contact",
            "approvals.acknowledge_stall",
            "approvals.answer_facts",
            "approvals.log_issue",
            "approvals.raise_need",
            "approvals.print_lists",
            "briefings.review_briefing",
            "outreach.view_visit",
        }
    ),
    Role.FORCE_MEMBER: frozenset(
        _READ
        | _APPROVALS_READ
        | _MEETINGS
        | {
            "projects.edit_plan",
            "projects.enter_lead",
            "projects.advance_project",
            "projects.edit_project",
            "projects.report_progress",
            "approvals.answer_facts",
            "approvals.log_issue",
            "approvals.raise_need",
            "approvals.print_lists",
            "outreach.view_visit",
        }
    ),
    Role.UNIT: frozenset(
        _READ
        | _APPROVALS_READ
        | _MEETINGS
        | {
            "ledgers.view_ledger",
            "ledgers.import_ledger",
            "projects.enter_lead",
            "projects.enter_signing",
            "projects.edit_project",
            "projects.report_progress",
            "approvals.log_issue",
            "approvals.raise_need",
            "approvals.print_lists",
            "briefings.review_briefing",
            "outreach.view_visit",
        }
    ),
    Role.SERVICE: frozenset(
        _APPROVALS_READ
        | _MEETINGS
        | {
            "ledgers.view_ledger",
            "ledgers.import_ledger",
            "projects.view_project",
            "projects.reveal_contact",
            "approvals.log_item_event",
            "approvals.answer_facts",
            "approvals.log_issue",
            "approvals.assign_team",
            "approvals.add_item",
            "approvals.work_issue",
            "approvals.resolve_issue",
            "approvals.take_over_issues",
            "approvals.raise_need",
            "approvals.work_need",
            "approvals.assist_enterprise",
            "approvals.print_lists",
        }
    ),
    Role.DEPARTMENT: frozenset(
        _MEETINGS
        | {
            "ledgers.view_ledger",
            "ledgers.import_ledger",
            "projects.view_project",
            "approvals.view_item",
            "approvals.view_issue",
            "approvals.log_item_event",
            "approvals.work_issue",
            "approvals.work_need",
        }
    ),
    Role.CITY_LEADER: frozenset(
        _READ | _APPROVALS_READ | _MEETINGS | {"approvals.view_at_risk", "outreach.view_visit"}
    ),
    Role.STATISTICS: frozenset(_READ | {"projects.view_suspicion"}),
    Role.SYSTEM_ADMIN: frozenset(
        {
            "accounts.view_user",
            "accounts.add_user",
            "accounts.change_user",
            "accounts.view_agency",
            "accounts.add_agency",
            "accounts.change_agency",
            "taskforces.view_membership",
            "taskforces.add_membership",
            "taskforces.change_membership",
            "taskforces.delete_membership",
            "approvals.view_serviceteam",
            "approvals.add_serviceteam",
            "approvals.change_serviceteam",
        }
    ),
    Role.SECURITY_ADMIN: frozenset(
        {
            "approvals.view_lamps",
            "approvals.choose_lamps",
            "approvals.view_presetchoice",
            "core.view_calendaroverride",
            "core.add_calendaroverride",
            "core.change_calendaroverride",
            "core.delete_calendaroverride",
            "core.view_calendarnotice",
            "core.add_calendarnotice",
            "axes.view_accessattempt",
            "axes.delete_accessattempt",
            "projects.view_suspicionrule",
            "projects.add_suspicionrule",
            "projects.change_suspicionrule",
            "projects.view_formlayout",
            "projects.add_formlayout",
            "projects.change_formlayout",
            "projects.delete_formlayout",
            "briefings.view_stationery",
            "briefings.add_stationery",
            "briefings.change_stationery",
            "briefings.view_timetable",
            "briefings.add_timetable",
            "briefings.change_timetable",
            "approvals.view_stallrule",
            "approvals.add_stallrule",
            "approvals.change_stallrule",
            "approvals.view_escalationrule",
            "approvals.add_escalationrule",
            "approvals.change_escalationrule",
            "approvals.view_itemtemplate",
            "approvals.add_itemtemplate",
            "approvals.change_itemtemplate",
            "approvals.view_issuelimit",
            "approvals.add_issuelimit",
            "approvals.change_issuelimit",
            "approvals.view_itemlimit",
            "approvals.add_itemlimit",
            "approvals.change_itemlimit",
            "approvals.view_itemrule",
            "approvals.add_itemrule",
            "approvals.change_itemrule",
            "taskforces.view_mechanism",
            "taskforces.add_mechanism",
            "taskforces.change_mechanism",
            "taskforces.view_taskforce",
            "taskforces.add_taskforce",
            "taskforces.change_taskforce",
            "taskforces.view_reportingunit",
            "taskforces.change_reportingunit",
        }
    ),
    Role.AUDIT_ADMIN: frozenset(
        {"core.view_auditentry", "axes.view_accesslog", "axes.view_accessfailurelog"}
    ),
}


def permissions_of(role: str) -> frozenset[str]:
    return PERMISSIONS.get(role, frozenset())
