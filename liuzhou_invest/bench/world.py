"""A large city for measuring: rows laid down by the database itself, not by the verbs."""

from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.db import connection

from accounts.models import Agency, User
from accounts.roles import Role
from core.clock import today

STATEMENTS = [
    part for part in Path(__file__).with_name("world.sql").read_text("utf-8").split(";") if part.strip()
]
SEQUENCES = ("projects_enterprise", "projects_project", "projects_contractevent", "projects_contractverdict")
STEP = 50_000


def clerk() -> User:
    """Whose eyes the pages are measured with."""
    call_command("load_reference", verbosity=0)
    found = User.objects.filter(username="bench").first()
    return found or User.objects.create_user(
        "bench", None, name="测量", role=Role.CLERK, agency=Agency.objects.get(code="tcj")
    )


def grow_to(size: int, user: User) -> None:
    """Lay down projects up to `size`, without the audit's triggers, and let the planner look at them."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(id), 0) FROM projects_project")
        have = cursor.fetchone()[0]
        cursor.execute("SET session_replication_role = replica")
        for first in range(have + 1, size + 1, STEP):
            span: dict[str, Any] = {
                "first": first,
                "last": min(first + STEP - 1, size),
                "user": user.pk,
                "today": today(),
            }
            for statement in STATEMENTS:
                cursor.execute(statement, span)
        cursor.execute("SET session_replication_role = DEFAULT")
        for table in SEQUENCES:
            cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), %s)", [size])
        cursor.execute("VACUUM ANALYZE")
