"""What a person may see of a project: a confidential one carries its code-name outside its owners."""

from collections.abc import Collection
from dataclasses import dataclass

from django.utils.translation import gettext as _

from accounts.models import User
from projects.choices import Confidentiality
from projects.models import BUREAU, Project, owned_by
from projects.rules import knows


@dataclass(frozen=True)
class Face:
    """A project's name and enterprise as one person sees them; `is_veiled` when they are withheld."""

    name: str
    enterprise: str
    is_veiled: bool


def face(project: Project, user: User) -> Face:
    """For lists: with `for_list()` behind it, it asks nothing of the database."""
    if knows(user, project):
        return Face(project.name, project.enterprise.name, False)
    return Face(project.code_name or project.code, _("Confidential"), True)


def name_of(project: Project, user: User) -> str:
    return face(project, user).name


def withheld(user: User, confidential: Collection[int]) -> frozenset[int]:
    """Of these confidential projects (their keys) those that a person sees under their code-names."""
    if not confidential or user.role in BUREAU:
        return frozenset()
    known = Project.objects.filter(owned_by(user), pk__in=confidential).values_list("pk", flat=True)
    return frozenset(confidential) - frozenset(known)


@dataclass(frozen=True)
class Label:
    """How a project is named beside something else."""

    code: str
    name: str
    is_veiled: bool


def labels(projects: Collection[int], user: User) -> dict[int, Label]:
    """The names of many projects by key, for rows that are no models."""
    fields = ("pk", "code", "name", "code_name", "confidentiality")
    rows = list(Project.objects.filter(pk__in=set(projects)).values_list(*fields))
    veiled = withheld(user, [row[0] for row in rows if row[4] == Confidentiality.CONFIDENTIAL])
    return {
        pk: Label(code, (code_name or code) if pk in veiled else name, pk in veiled)
        for pk, code, name, code_name, _confidentiality in rows
    }


def masked_name(name: str) -> str:
    """韦雪梅 → 韦**"""
    return name[:1] + "*" * max(len(name) - 1, 2) if name else ""


def masked_phone(phone: str) -> str:
    """13812345678 → 138****5678; of a short number only the end."""
    if not phone:
        return ""
    ahead = 3 if len(phone) >= 9 else 0
    return phone[:ahead] + "****" + phone[-4 if ahead else -2 :]
