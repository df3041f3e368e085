"""The field-level trail: whatever way a row is written, it says who changed what."""

import io
import threading
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, connections, models, transaction
from django.test import RequestFactory
from django.utils import timezone, translation
from django.utils.functional import SimpleLazyObject

from accounts.models import Notification, User
from accounts.roles import Role
from briefings.choices import BriefingState
from core import audit, triggers
from core.models import AuditEntry
from core.trail import trail_of
from projects import pipeline
from projects.models import ContractEvent, Enterprise, Project, SigningDraft, StageChange
from tests import factories


def trail(instance: models.Model, *names: str) -> list[tuple[Any, ...]]:
    """(action, before, after, actor) of each entry about a row, oldest first."""
    entries = AuditEntry.objects.filter(table=instance._meta.db_table, row_id=str(instance.pk))
    rows = list(entries.order_by("id").values_list("action", "before", "after", "actor_id"))
    return [row for row in rows if row[0] != "insert"] if "changes" in names else rows


# --- What is kept --------------------------------------------------------------------------------


def test_a_new_row_is_kept_whole_with_who_made_it(clerk):
    with audit.acting(clerk):
        made = factories.enterprise(name="柳江机械有限公司", origin="广东")

    [(action, before, after, actor)] = trail(made)
    assert (action, before, actor) == ("insert", None, clerk.pk)
    assert (after["name"], after["origin"], after["parent_id"]) == ("柳江机械有限公司", "广东", None)
    assert set(after) == {field.column for field in Enterprise._meta.concrete_fields}


def test_a_change_keeps_only_the_changed_fields(clerk):
    made = factories.enterprise(origin="广东")

    with audit.acting(clerk):
        made.origin, made.contact_name = "", "韦先生"
        made.save()

    assert trail(made, "changes") == [
        ("update", {"origin": "广东", "contact_name": ""}, {"origin": "", "contact_name": "韦先生"}, clerk.pk)
    ]


def test_a_field_that_becomes_empty_is_kept_on_both_sides(clerk):
    made = factories.enterprise(uscc="91450200MA5000007X")

    Enterprise.objects.filter(pk=made.pk).update(uscc=None)

    assert trail(made, "changes") == [("update", {"uscc": "91450200MA5000007X"}, {"uscc": None}, None)]


def test_saving_without_a_change_leaves_no_entry(clerk):
    made = factories.enterprise()

    made.save()

    assert trail(made, "changes") == []


def test_a_deleted_row_is_kept_whole(clerk, liubei, luzhai):
    project = factories.project(reporting_unit=liubei)
    share = factories.share(project, luzhai, Decimal("40.50"))
    pk = share.pk

    with audit.acting(clerk):
        share.delete()

    share.pk = pk
    [(action, before, after, actor)] = trail(share, "changes")
    assert (action, after, actor) == ("delete", None, clerk.pk)
    assert (before["project_id"], before["unit_id"], Decimal(str(before["percent"]))) == (
        project.pk,
        luzhai.pk,
        Decimal("40.5"),
    )


def test_a_bulk_update_leaves_one_entry_a_row(clerk):
    rows = [factories.enterprise(origin="广东") for _ in range(3)]

    with audit.acting(clerk):
        Enterprise.objects.filter(pk__in=[row.pk for row in rows]).update(origin="浙江")

    change = ("update", {"origin": "广东"}, {"origin": "浙江"}, clerk.pk)
    assert [trail(row, "changes") for row in rows] == [[change]] * 3


def test_bulk_create_leaves_one_entry_a_row(clerk):
    with audit.acting(clerk):
        made = Enterprise.objects.bulk_create([Enterprise(name=f"企业{n}", name_key="x") for n in range(3)])

    assert [[(row[0], row[3]) for row in trail(one)] for one in made] == [[("insert", clerk.pk)]] * 3


def test_raw_sql_is_kept(clerk):
    made = factories.enterprise(origin="广东")

    with audit.acting(clerk), connection.cursor() as cursor:
        cursor.execute("  update projects_enterprise SET origin = %s WHERE id = %s", ["浙江", made.pk])

    assert trail(made, "changes") == [("update", {"origin": "广东"}, {"origin": "浙江"}, clerk.pk)]


def test_a_list_of_statements_is_kept(clerk):
    rows = [factories.enterprise(origin="广东") for _ in range(2)]

    with audit.acting(clerk), connection.cursor() as cursor:
        cursor.executemany(
            "UPDATE projects_enterprise SET origin = %s WHERE id = %s", [("浙江", row.pk) for row in rows]
        )

    assert [trail(row, "changes")[0][3] for row in rows] == [clerk.pk] * 2


def test_the_rows_between_two_models_are_named_after_their_relation():
    with translation.override("en"):
        assert audit.table_label("projects_project_assisting") == "Project: assisting task forces"
    with translation.override("zh-hans"):
        assert audit.table_label("projects_project_assisting") == "项目：协助专班"


def test_the_rows_between_two_models_are_kept(clerk, steel, auto):
    project = factories.project(task_force=steel)

    with audit.acting(clerk):
        project.assisting.add(auto)

    between = Project.assisting.through.objects.get()
    [(action, before, after, actor)] = trail(between)
    assert (action, before, actor) == ("insert", None, clerk.pk)
    assert after == {"id": between.pk, "project_id": project.pk, "taskforce_id": auto.pk}


def test_json_is_kept_as_json(clerk):
    flag = factories.stall_flag(facts={"days": 3, "note": None, "list": [1, {"a": None}]})

    flag.facts = {"days": 4}
    flag.save()

    assert trail(flag, "changes") == [
        (
            "update",
            {"facts": {"days": 3, "note": None, "list": [1, {"a": None}]}},
            {"facts": {"days": 4}},
            None,
        )
    ]


def test_a_password_is_never_kept_but_its_change_is(clerk):
    clerk.set_password("Another-nine-712")
    clerk.save()

    assert trail(clerk)[0][2]["password"] == "•••"
    assert trail(clerk, "changes") == [("update", {"password": "•••"}, {"password": "•••"}, None)]


def test_signing_in_leaves_no_entry(clerk):
    clerk.last_login = datetime(2026, 3, 2, tzinfo=UTC)
    clerk.save(update_fields=["last_login"])

    assert trail(clerk, "changes") == []


def test_working_papers_leave_no_entry(clerk):
    SigningDraft.objects.create(user=clerk, data={"name": "x"})
    Notification.objects.create(user=clerk, key="k", kind="k")

    tables = ["projects_signingdraft", "accounts_notification"]
    assert not AuditEntry.objects.filter(table__in=tables).exists()


def test_every_model_of_ours_is_kept_or_says_that_it_is_not(db):
    kept = {model.__name__ for model in triggers.kept_models()}

    assert {model.__name__ for model in triggers.our_models()} - kept == {
        "AuditEntry",
        "ClosedFigure",
        "ClosedIndicator",
        "ExportFile",
        "Job",
        "LedgerRow",
        "Notification",
        "PlanProposal",
        "Receipt",
        "SigningDraft",
    }


# --- Who acted -------------------------------------------------------------------------------------


def test_nobody_is_named_outside_acting(clerk, leader):
    with audit.acting(clerk):
        with audit.acting(leader):
            inner = factories.enterprise()
        outer = factories.enterprise()
    after = factories.enterprise()

    assert [trail(row)[0][3] for row in (inner, outer, after)] == [leader.pk, clerk.pk, None]


def test_an_undone_part_does_not_bring_a_name_back(clerk):
    with audit.acting(clerk):
        factories.enterprise()
    with transaction.atomic():
        factories.enterprise()
        transaction.set_rollback(True)

    assert trail(factories.enterprise())[0][3] is None


@pytest.mark.django_db(transaction=True)
def test_the_name_ends_with_the_transaction(clerk):
    with audit.acting(clerk):
        factories.enterprise()

    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('app.actor', true)")
            assert cursor.fetchone() in {("",), (None,)}
    assert trail(factories.enterprise())[0][3] is None


def test_naming_the_user_costs_no_query(clerk, django_assert_num_queries):
    with audit.acting(clerk), django_assert_num_queries(1) as captured:
        Enterprise.objects.create(name="企业", name_key="企业")

    assert captured.captured_queries[0]["sql"].count("INSERT INTO") == 1


def test_a_request_is_named_by_the_user_it_was_found_to_come_from(rf: RequestFactory, clerk):
    made: list[Enterprise] = []
    asked: list[int] = []

    def view(request: Any) -> Any:
        made.append(factories.enterprise())
        assert request.user.is_authenticated
        made.append(factories.enterprise())

    def look() -> User:
        asked.append(1)
        return clerk

    request: Any = rf.get("/")
    request.user = SimpleLazyObject(look)

    audit.ActorMiddleware(view)(request)

    assert [trail(row)[0][3] for row in made] == [None, clerk.pk]
    assert asked == [1]


@pytest.mark.django_db(transaction=True)
def test_a_console_beside_the_program_is_kept():
    """A connection that Django never saw: it writes in nobody's name, but it is kept or refused."""
    made = factories.enterprise(origin="广东")
    if connection.vendor == "postgresql":
        _by_another_connection(f"UPDATE projects_enterprise SET origin = '浙江' WHERE id = {made.pk}")
        assert trail(made, "changes") == [("update", {"origin": "广东"}, {"origin": "浙江"}, None)]
    else:
        with pytest.raises(Exception, match="no such function: app_actor"):
            _by_another_connection(f"UPDATE projects_enterprise SET origin = '浙江' WHERE id = {made.pk}")
        assert trail(made, "changes") == []


def _by_another_connection(sql: str) -> None:
    database: Any = connection.Database  # type: ignore[attr-defined]  # psycopg2 or sqlite3
    if connection.vendor == "postgresql":
        other = database.connect(**connection.get_connection_params() | {"cursor_factory": None})
    else:
        other = database.connect(str(connection.settings_dict["NAME"]))
    try:
        other.cursor().execute(sql)
        other.commit()
    finally:
        other.close()


@pytest.mark.django_db(transaction=True)
def test_threads_do_not_share_a_name(clerk, leader):
    made: dict[str, Enterprise] = {}

    def work() -> None:
        try:
            made["nobody"] = factories.enterprise()
            with audit.acting(leader):
                made["leader"] = factories.enterprise()
        finally:
            connections.close_all()

    with audit.acting(clerk):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()

    assert {name: trail(row)[0][3] for name, row in made.items()} == {"nobody": None, "leader": leader.pk}


# --- Append-only -----------------------------------------------------------------------------------


def append_only() -> list[type[models.Model]]:
    return [model for model in triggers.our_models() if trail_of(model).append_only]


def test_the_books_are_append_only():
    assert {model.__name__ for model in append_only()} >= {
        "ContractEvent",
        "ContractVerdict",
        "IssueEvent",
        "ItemEvent",
        "Snapshot",
        "StageChange",
        "StatusChange",
    }


def rows_of_append_only_tables() -> list[models.Model]:
    event = factories.verified_event()
    item_event = factories.item_event(factories.item(event.project))
    issue = factories.issue(event.project)
    snapshot = factories.briefing().snapshots.create(indicator="contracted", value=1)
    return [
        event,
        event.verdict,
        factories.stage_change(event.project, "signing"),
        pipeline.pause(
            event.project,
            reason="资金",
            until=factories.DAY + timedelta(days=30),
            by=event.recorded_by,
            today=factories.DAY,
        ),
        item_event,
        factories.issue_event(issue, "accepted"),
        snapshot,
        AuditEntry.objects.latest("id"),
    ]


def refused(action: Any) -> bool:
    try:
        with transaction.atomic():
            action()
    except IntegrityError as error:
        return "never changed or deleted" in str(error)
    return False


def test_append_only_rows_refuse_to_be_changed_or_deleted(db):
    rows = rows_of_append_only_tables()
    for row in rows:
        table, one = row._meta.db_table, type(row)._base_manager.filter(pk=row.pk)
        field = next(f.attname for f in row._meta.concrete_fields if not f.primary_key)
        assert refused(lambda: one.update(**{field: getattr(row, field)})), table  # noqa: B023
        assert refused(lambda: one._raw_delete(one.db)), table  # noqa: B023


def test_append_only_rows_refuse_raw_sql(db):
    change = factories.stage_change(factories.project(), "signing")

    def by_hand() -> None:
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM projects_stagechange")

    assert refused(by_hand)
    assert StageChange.objects.get() == change


def test_a_published_briefing_refuses_every_change(db):
    briefing = factories.briefing(state=BriefingState.SIGNED_OFF)
    briefing.state, briefing.number = BriefingState.PUBLISHED, "柳招商简报〔2026〕1号"
    briefing.published_on, briefing.published_at = factories.DAY, timezone.now()
    briefing.save()

    briefing.content = {"figures": []}
    assert refused(briefing.save)
    assert refused(briefing.delete)
    briefing.refresh_from_db()
    assert briefing.content == {}


def test_a_briefing_before_publication_may_change(db):
    briefing = factories.briefing(state=BriefingState.SIGNED_OFF)
    briefing.words = {"end": {"text": "本月签约加快。", "meant": {}}}

    briefing.save()

    assert trail(briefing, "changes") == [("update", {"words": {}}, {"words": briefing.words}, None)]


@pytest.mark.django_db(transaction=True)
def test_the_tables_cannot_be_emptied_at_once():
    factories.verified_event()

    if connection.vendor == "postgresql":
        with connection.cursor() as cursor, pytest.raises(IntegrityError):
            cursor.execute("TRUNCATE projects_contractverdict")
    else:
        with connection.cursor() as cursor, pytest.raises(IntegrityError):
            cursor.execute("DELETE FROM projects_contractverdict")

    assert ContractEvent.objects.verified().count() == 1


# --- The triggers themselves -----------------------------------------------------------------------


def installed() -> set[tuple[str, str]]:
    with connection.cursor() as cursor:
        return triggers._existing(connection, cursor)


def test_installing_twice_changes_nothing(db, django_assert_max_num_queries):
    before = installed()

    with django_assert_max_num_queries(8):  # looks, and makes nothing
        triggers.install()

    assert before
    assert installed() == before


def test_a_missing_or_foreign_trigger_is_set_right(db):
    before = installed()
    triggers.remove()
    assert installed() == set()

    triggers.install()

    assert installed() == before


@pytest.mark.django_db(transaction=True)
def test_migrating_brings_the_triggers_back():
    before = installed()
    triggers.remove()

    call_command("migrate", verbosity=0, stdout=io.StringIO())

    assert installed() == before


# --- Reading it ----------------------------------------------------------------------------------------


def test_history_speaks_in_labels_names_and_words(clerk, leader, steel, auto):
    with translation.override("en"):
        with audit.acting(clerk):
            project = factories.project(task_force=steel, is_industrial=True, annual_output=Decimal("12500"))
        with audit.acting(leader):
            Project.objects.filter(pk=project.pk).update(
                task_force=auto, is_industrial=False, stage="signing", annual_output=None
            )

        newest, oldest = audit.history_of(project)

    assert (newest.who, newest.what, newest.action) == ("覃局长", "Project", "Changed")
    assert {(change.label, change.old, change.new) for change in newest.changes} == {
        ("Task force", "Steel", auto.name_en),
        ("Industrial", "Yes", "No"),
        ("Batch", "Preparation", "Signing"),
        ("Expected annual output", "12500.00", "—"),
    }
    assert (oldest.who, oldest.action) == ("韦经办", "Entered")
    assert ("Project", "—", project.name) in {(c.label, c.old, c.new) for c in oldest.changes}


def test_history_shows_how_to_reach_a_person_only_in_outline(clerk):
    made = factories.enterprise(contact_name="韦先生", contact_phone="13800001234")

    Enterprise.objects.filter(pk=made.pk).update(contact_name="", contact_phone="13900005678")

    [newest, _oldest] = audit.history_of(made)
    assert [(change.old, change.new) for change in newest.changes] == [("韦•••", "—"), ("1•••", "1•••")]
    assert trail(made, "changes")[0][2]["contact_phone"] == "13900005678"


def test_history_asks_as_often_for_three_rows_as_for_one(clerk, django_assert_num_queries):
    def ask(count: int) -> int:
        with audit.acting(clerk):
            for _ in range(count):
                factories.project()
        entries = AuditEntry.objects.filter(table="projects_project").order_by("-id")
        with django_assert_num_queries(1 + 1 + 4):  # entries, people, four kinds of thing pointed to
            return len(audit.in_words(entries[:count]))

    assert (ask(1), ask(3)) == (1, 3)


def test_history_names_the_unknown_honestly(db):
    nobody = factories.user(Role.CLERK)
    with audit.acting(nobody):
        made = factories.enterprise()
    User.objects.filter(pk=nobody.pk).delete()
    Enterprise.objects.filter(pk=made.pk).update(origin="x")

    with translation.override("en"):
        assert [entry.who for entry in audit.history_of(made)] == ["Nobody signed in", f"№ {nobody.pk}"]


def test_fields_without_a_label_of_their_own_are_translated_too(db):
    fields = {field for model in triggers.kept_models() for field in model._meta.concrete_fields}
    unnamed = {field for field in fields if type(field.verbose_name) is str and not field.primary_key}

    with translation.override("zh-hans"):
        assert {f"{field}" for field in unnamed if audit._label(field, "").isascii()} == set()
