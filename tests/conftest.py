"""What all tests share: first the machinery (browser, worker, cache), then the cast of users."""

import os
import shutil
import subprocess
import sys
import time
import unittest
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import caches
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from accounts.models import Agency, AgencyKind, User
from accounts.roles import Role
from briefings import counting_rules, timetable
from core import triggers, workdays
from liuzhou_invest import menu
from taskforces.models import ReportingUnit, TaskForce, UnitKind
from tests import factories


@pytest.fixture(autouse=True)
def counting_rules_are_the_usual(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test goes by the counting rules that another one decided."""
    monkeypatch.setattr(counting_rules._remembered, "sets", [])
    monkeypatch.setattr(counting_rules._remembered, "until", float("inf"))


@pytest.fixture
def frame_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """As outside tests: what stands around a page is not asked anew every time; forgotten afterwards."""
    monkeypatch.setattr(menu, "REMEMBERED_SECONDS", 60)
    monkeypatch.setattr(menu, "_remembered", {})


# --- Machinery: what one engine is enough for ----------------------------------------------------

ASK_THE_DATABASE = {"db", "transactional_db", "django_db_reset_sequences", "live_server"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks as `pure` what asks no database: the gate does it on one engine only."""
    for item in items:
        asks = item.get_closest_marker("django_db") or ASK_THE_DATABASE & set(
            getattr(item, "fixturenames", ())
        )
        if not asks and not issubclass(getattr(item, "cls", None) or object, unittest.TestCase):
            item.add_marker("pure")


# --- Machinery: browser ------------------------------------------------------------------------

# Playwright's loop runs in the test's own thread, where Django would refuse its (blocking) queries.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

CHROMIUM = os.environ.get("CHROMIUM") or next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    if not CHROMIUM:
        missing = "No Chromium found: install it (Debian: apt-get install chromium) or set CHROMIUM=/path."
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    quiet = [
        "--no-sandbox",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
    ]
    return {**browser_type_launch_args, "executable_path": CHROMIUM, "args": quiet}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    return {**browser_context_args, "locale": "zh-CN", "timezone_id": "Asia/Shanghai"}


@pytest.fixture
def context(context: Any) -> Iterator[Any]:
    """A browser window in which a script error or a breach of the content policy fails the test."""
    wrongs: list[str] = []
    context.on("weberror", lambda error: wrongs.append(str(error.error)))
    context.on(
        "console",
        lambda line: wrongs.append(line.text) if "Content Security Policy" in line.text else None,
    )
    yield context
    assert wrongs == []


# --- Machinery: a real worker, a clean cache ---------------------------------------------------


@pytest.fixture(scope="session")
def worker_process(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: Any) -> Iterator[Path]:
    """`celery worker` as a process of its own on the tests' database and broker; yields its log."""
    with django_db_blocker.unblock():
        environment = environment_of_another_process()
    log = tmp_path_factory.mktemp("worker") / "worker.log"
    command = [sys.executable, "-m", "celery", "-A", "liuzhou_invest", "worker", "-c", "1", "-l", "INFO"]
    command += ["-I", "tests.long_work"]
    with log.open("w") as output:
        process = subprocess.Popen(
            command, env=environment, cwd=settings.BASE_DIR, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            _wait_until_ready(process, log)
            yield log
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@pytest.fixture
def worker(worker_process: Path, transactional_db: None) -> Path:
    """For tests that hand a task to the broker and wait for what the worker does with it."""
    return worker_process


def environment_of_another_process() -> dict[str, str]:
    """The tests' own database, broker and files."""
    return {
        **os.environ,
        "DATABASE_URL": _test_database_url(),
        "REDIS_URL": settings.REDIS_URL,
        "DATA_DIR": str(settings.DATA_DIR),
        "MEDIA_ROOT": str(settings.MEDIA_ROOT),
        "CELERY_QUEUE": settings.CELERY_TASK_DEFAULT_QUEUE,
        "CACHE_PREFIX": settings.CACHES["default"]["KEY_PREFIX"],
    }


def _test_database_url() -> str:
    database = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{database['NAME']}"
    who = f"{database['USER']}:{database['PASSWORD']}".rstrip(":")
    return f"postgres://{who}@{database['HOST']}:{database['PORT'] or 5432}/{database['NAME']}"


def _wait_until_ready(process: "subprocess.Popen[bytes]", log: Path) -> None:
    for _ in range(300):
        if " ready." in log.read_text():
            return
        if process.poll() is not None:
            break
        time.sleep(0.2)
    pytest.fail(f"The worker did not start:\n{log.read_text()}")


@pytest.fixture(autouse=True)
def clean_cache() -> Iterator[None]:
    """Nothing remembered from one test reaches the next. (The database's cache rolls back by itself;
    Redis is shared with the broker, so that only keys of the tests' own prefix are removed.)"""
    yield
    if settings.REDIS_URL:
        _forget(f"{caches['default'].key_prefix}:*")


@pytest.fixture(scope="session", autouse=True)
def clean_queue() -> Iterator[None]:
    """What tests sent without a worker to take it does not stay behind in a Redis shared with others."""
    yield
    if settings.REDIS_URL:
        _forget(f"*{settings.CELERY_TASK_DEFAULT_QUEUE}*")


def _forget(pattern: str) -> None:
    client = caches["default"]._cache.get_client()  # type: ignore[attr-defined] # Redis's own
    if stale := list(client.scan_iter(pattern)):
        client.delete(*stale)


@pytest.fixture(scope="session", autouse=True)
def empty_house(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """PostgreSQL drops a test database only when nobody is connected any more: a thread of the live
    server or of a worker that is still going home must not fail the whole run."""
    yield
    if connection.vendor == "postgresql":
        with django_db_blocker.unblock(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )


@pytest.fixture(autouse=True)
def clean_language() -> Iterator[None]:
    """A request chooses the language of its thread and leaves it so; the next test begins in Chinese."""
    yield
    translation.deactivate()


@pytest.fixture(autouse=True)
def clean_calendar() -> None:
    """Every test begins with the national calendar, as its empty database has it, and at no query."""
    workdays.keep(workdays.Calendar({}))
    timetable.keep([])


# --- Machinery: emptying the tables ------------------------------------------------------------

# After a transactional test Django empties all tables, which append-only ones refuse: for that
# moment the triggers are away. The program itself has no such door.
_execute_sql_flush = type(connection.ops).execute_sql_flush


def _execute_sql_flush_without_triggers(operations: Any, sql_list: list[str]) -> None:
    triggers.remove()
    _execute_sql_flush(operations, sql_list)
    triggers.install()


type(connection.ops).execute_sql_flush = _execute_sql_flush_without_triggers  # type: ignore[assignment,method-assign]


@pytest.fixture
def count_queries(db: None) -> Callable[[Callable[[], object]], int]:
    """How many queries something asks: `assert count_queries(page) == one_row`."""

    def count(action: Callable[[], object]) -> int:
        with CaptureQueriesContext(connection) as asked:
            action()
        return len(asked)

    return count


# --- The cast ----------------------------------------------------------------------------------


@pytest.fixture
def steel(db: None) -> TaskForce:
    return factories.task_force(code="steel", name="钢铁专班", name_en="Steel", order=1)


@pytest.fixture
def auto(db: None) -> TaskForce:
    return factories.task_force(code="auto", name="汽车专班", name_en="Automotive", order=2)


@pytest.fixture
def liubei(db: None) -> ReportingUnit:
    return factories.unit(code="450205", name="柳北区", name_en="Liubei District", short_name="柳北")


@pytest.fixture
def luzhai(db: None) -> ReportingUnit:
    return factories.unit(
        UnitKind.COUNTY, code="450223", name="鹿寨县", name_en="Luzhai County", short_name="鹿寨"
    )


@pytest.fixture
def bureau(db: None) -> Agency:
    return factories.agency(AgencyKind.BUREAU, code="bureau", name="市投资促进局", name_en="Bureau")


@pytest.fixture
def planning(db: None) -> Agency:
    """A line department: items of its own are addressed to it."""
    return factories.agency(code="planning", name="市自然资源和规划局", name_en="Planning department")


@pytest.fixture
def clerk(bureau: Agency) -> User:
    return factories.user(Role.CLERK, username="clerk", name="韦经办", agency=bureau)


@pytest.fixture
def leader(bureau: Agency) -> User:
    return factories.user(Role.LEADER, username="leader", name="覃局长", agency=bureau)


@pytest.fixture
def force_lead(steel: TaskForce) -> User:
    """Leads the steel task force."""
    return factories.user(
        Role.FORCE_LEAD, username="force_lead", name="黄组长", task_force=steel, is_lead=True
    )


@pytest.fixture
def force_member(steel: TaskForce) -> User:
    """Works for the steel task force."""
    return factories.user(Role.FORCE_MEMBER, username="force_member", name="莫专员", task_force=steel)


@pytest.fixture
def county_officer(liubei: ReportingUnit) -> User:
    """Reports for Liubei."""
    return factories.user(Role.UNIT, username="county_officer", name="梁招商", unit=liubei)


@pytest.fixture
def stranger(luzhai: ReportingUnit) -> User:
    """A county officer as well, of another county: meets 404 at everything of Liubei."""
    return factories.user(Role.UNIT, username="stranger", name="陆招商", unit=luzhai)


@pytest.fixture
def service_member(db: None) -> User:
    """Of the approval bureau; in no service team until a test puts them into one."""
    office = factories.agency(AgencyKind.APPROVAL, name="市行政审批局", name_en="Approval bureau")
    return factories.user(Role.SERVICE, username="service_member", name="农专员", agency=office)


@pytest.fixture
def department_officer(planning: Agency) -> User:
    return factories.user(Role.DEPARTMENT, username="department_officer", name="石科长", agency=planning)


@pytest.fixture
def city_leader(db: None) -> User:
    return factories.user(Role.CITY_LEADER, username="city_leader", name="卢市长")


@pytest.fixture
def statistician(db: None) -> User:
    return factories.user(Role.STATISTICS, username="statistician", name="谭统计")


@pytest.fixture
def system_admin(db: None) -> User:
    return factories.user(Role.SYSTEM_ADMIN, username="system_admin", name="系统管理员")


@pytest.fixture
def security_admin(db: None) -> User:
    return factories.user(Role.SECURITY_ADMIN, username="security_admin", name="安全管理员")


@pytest.fixture
def audit_admin(db: None) -> User:
    return factories.user(Role.AUDIT_ADMIN, username="audit_admin", name="审计管理员")
