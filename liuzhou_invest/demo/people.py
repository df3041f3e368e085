"""The demo's people: every one invented, one sign-in for each kind of user and then the rest of the cast."""

from dataclasses import dataclass
from functools import cache

from django.contrib.auth.hashers import make_password

from accounts.models import Agency, AgencyKind, User
from accounts.reference import agency
from accounts.roles import Role
from approvals.models import ServiceTeam
from taskforces.models import Membership, ReportingUnit, TaskForce

# Printed on every start of the demo; production loads no demo.
DEMO_PASSWORD = "Liuzhou-9712"  # noqa: S105


@dataclass(frozen=True)
class Person:
    username: str
    name: str
    role: str
    agency: str
    post: str = ""
    task_force: str = ""
    unit: str = ""
    leads: bool = False
    team: int = 0


CAST = (
    Person("clerk", "韦雪梅", Role.CLERK, "tcj", "经办"),
    Person("leader", "杨建国", Role.LEADER, "tcj", "副局长"),
    Person("steel.lead", "莫建国", Role.FORCE_LEAD, "zb-steel", "专班组长", task_force="steel", leads=True),
    Person("steel.member", "覃志强", Role.FORCE_MEMBER, "zb-steel", "专班成员", task_force="steel"),
    Person("luzhai", "覃文军", Role.UNIT, "qx-450223", "招商办主任", unit="450223", leads=True),
    Person("team1", "陆海燕", Role.SERVICE, "spj", "服务专班成员", team=1),
    Person("zrzy", "黄晓东", Role.DEPARTMENT, "zrzy", "审批科科长"),
    Person("mayor", "李永辉", Role.CITY_LEADER, "szf", "副市长"),
    Person("statistics", "蒙丽娟", Role.STATISTICS, "tjj", "投资科"),
    Person("sysadmin", "罗志强", Role.SYSTEM_ADMIN, "xxb", "系统管理员"),
    Person("secadmin", "梁雪梅", Role.SECURITY_ADMIN, "xxb", "安全管理员"),
    Person("auditor", "陈海燕", Role.AUDIT_ADMIN, "xxb", "审计管理员"),
)

# What `make run` prints: one sign-in for each kind of user.
PEOPLE = [(person.username, person.name, Role(person.role).label) for person in CAST]

_SURNAMES = "韦覃莫黄陆李梁陈蒙罗"
_GIVEN = ("志强", "丽娟", "文军", "海燕", "晓东", "雪梅", "永辉", "建国", "国庆", "秀英", "春花", "振华")


def invented_name(number: int) -> str:
    """A name nobody was asked for; the same number gives the same name."""
    return _SURNAMES[number % len(_SURNAMES)] + _GIVEN[number * 7 % len(_GIVEN)]


def load() -> dict[str, User]:
    """Everybody by user name; people who exist already are left as they are."""
    for force in TaskForce.objects.order_by("order"):
        agency(
            f"zb-{force.code}",
            f"{force.name}产业专班办公室",
            f"{force.name_en} task-force office",
            AgencyKind.FORCE,
        )
    for unit in ReportingUnit.objects.order_by("order"):
        agency(
            f"qx-{unit.code}", f"{unit.name}投资促进局", f"{unit.name_en} promotion office", AgencyKind.UNIT
        )
    agencies = {row.code: row for row in Agency.objects.all()}
    return {person.username: _load(person, agencies) for person in (*CAST, *_the_others())}


def _the_others() -> list[Person]:
    forces = [
        Person(
            f"{force.code}.lead",
            invented_name(force.order + 20),
            Role.FORCE_LEAD,
            f"zb-{force.code}",
            "专班组长",
            task_force=force.code,
            leads=True,
        )
        for force in TaskForce.objects.exclude(code="steel").order_by("order")
    ]
    units = [
        Person(
            f"unit.{unit.code.lower()}",
            invented_name(unit.order + 40),
            Role.UNIT,
            f"qx-{unit.code}",
            "招商办主任",
            unit=unit.code,
            leads=True,
        )
        for unit in ReportingUnit.objects.exclude(code="450223").order_by("order")
    ]
    teams = [
        Person(f"team{n}", invented_name(n + 60), Role.SERVICE, "spj", "服务专班成员", team=n)
        for n in range(2, 13)
    ]
    return [*forces, *units, *teams]


@cache
def _hashed_password() -> str:
    """Hashing is slow on purpose; everybody of the demo has the same password."""
    return make_password(DEMO_PASSWORD)


def _load(person: Person, agencies: dict[str, Agency]) -> User:
    user = User.objects.filter(username=person.username).first()
    if user:
        return user
    user = User.objects.create(
        username=person.username,
        password=_hashed_password(),
        name=person.name,
        role=person.role,
        agency=agencies[person.agency],
        post=person.post,
        email=f"{person.username}@liuzhou.example",  # a name of which nobody can own one
    )
    if person.task_force:
        force = TaskForce.objects.get(code=person.task_force)
        Membership.objects.create(user=user, task_force=force, is_lead=person.leads)
    if person.unit:
        unit = ReportingUnit.objects.get(code=person.unit)
        Membership.objects.create(user=user, unit=unit, is_lead=person.leads)
    if person.team:
        ServiceTeam.objects.get(order=person.team).members.add(user)
    return user
