"""Is the program alive, and can it work? Asked by load balancers, containers and whoever is on duty."""

import shutil
import time
from collections.abc import Callable
from functools import cache

from django.conf import settings
from django.core.cache import cache as store
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from core.refusal import Refusal

HEARTBEAT = "heartbeat"
HEARTBEAT_LIMIT = 120
"""Seconds after which the timetable (beat, broker or worker) counts as standing still."""


class Unwell(Refusal):
    """A part the program needs does not answer as it should."""


def beat(*, at: float) -> None:
    """Note that the timetable, the broker and a worker were alive at this second of the epoch."""
    store.set(HEARTBEAT, at, timeout=24 * 3600)


def check_database() -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        raise Unwell(_("The database does not answer.")) from error


@cache  # remembers success only: what has been migrated stays migrated under this code
def check_migrations() -> None:
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise Unwell(_("The database lacks migrations: run “manage.py migrate”."))


def check_cache() -> None:
    store.set("health", "well", timeout=60)
    if store.get("health") != "well":
        raise Unwell(_("The cache forgets what it is given."))


def check_beat() -> None:
    last = store.get(HEARTBEAT)
    if last is None:
        raise Unwell(_("The timetable has not been seen yet: are beat and a worker running?"))
    if (age := int(time.time() - last)) > HEARTBEAT_LIMIT:
        raise Unwell(_("The timetable has stood still for %(seconds)d seconds.") % {"seconds": age})


def check_disk() -> None:
    free = shutil.disk_usage(settings.DATA_DIR).free // 2**20
    if free < settings.MIN_FREE_MB:
        raise Unwell(_("Only %(free)d MB are free on the disk.") % {"free": free})


CHECKS: dict[str, Callable[[], None]] = {
    "database": check_database,
    "migrations": check_migrations,
    "cache": check_cache,
    "beat": check_beat,
    "disk": check_disk,
}
VITAL = {"database", "migrations"}
"""Without these no page can be shown; without the others reading goes on."""


def examine(*names: str) -> dict[str, str]:
    """Each part's state: an empty sentence when it is well, else what is wrong with it."""
    return {name: _complaint(CHECKS[name]) for name in names or CHECKS}


def _complaint(check: Callable[[], None]) -> str:
    try:
        check()
    except Refusal as refusal:
        return str(refusal)
    except Exception:  # whatever a driver raises: the answer names no inside
        return _("It does not answer.")
    return ""


@require_safe
@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    """This process answers. Touches nothing else, so that an outage elsewhere restarts nobody."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
@never_cache
def readyz(request: HttpRequest) -> HttpResponse:
    """200 while pages can be shown, 503 otherwise; the body names every part that is unwell."""
    complaints = {name: text for name, text in examine().items() if text}
    state = "ready" if not complaints else "unready" if VITAL & complaints.keys() else "degraded"
    checks = {name: complaints.get(name, "ok") for name in CHECKS}
    return JsonResponse(
        {"status": state, "checks": checks},
        status=503 if state == "unready" else 200,
        json_dumps_params={"ensure_ascii": False},
    )
