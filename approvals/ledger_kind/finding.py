"""The projects and items that the rows of a ledger name, looked up together among those a person may open."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.models import User
from approvals.models import Item
from core.refusal import Refusal
from projects.models import Project

AT_ONCE = 400  # names asked for in one query


class CannotFind(Refusal):
    """A row names no project, none that the person may open, or one of several."""


class Projects:
    """The projects that many rows name, looked up together: a handful of queries for any number."""

    def __init__(self, rows: Sequence[Mapping[str, Any]], user: User) -> None:
        self.projects: dict[str, set[int]] = defaultdict(set)
        names = sorted({row[field] for row in rows for field in ("code", "national_code", "name")} - {""})
        for start in range(0, len(names), AT_ONCE):
            self._find_projects(names[start : start + AT_ONCE], user)

    def _find_projects(self, names: list[str], user: User) -> None:
        by_code = Project.objects.visible_to(user).filter(code__in=names)
        for pk, code in by_code.values_list("pk", "code"):
            self.projects[code].add(pk)
        # a name or a national code that one may not know leads to nothing
        known = Project.objects.known_to(user).filter(Q(name__in=names) | Q(national_code__in=names))
        for pk, name, national in known.values_list("pk", "name", "national_code"):
            self.projects[name].add(pk)
            if national:
                self.projects[national].add(pk)

    def project(self, row: Mapping[str, Any]) -> tuple[int, str]:
        """The one project that a row names, and what it calls it."""
        named = next((row[field] for field in ("code", "national_code", "name") if row[field]), "")
        if not named:
            raise CannotFind(_("Name the project by its code, its national code or its name."))
        found = self.projects.get(named, set())
        if not found:
            raise CannotFind(_("There is no project “%(name)s” among those you may open.") % {"name": named})
        if len(found) > 1:
            raise CannotFind(
                _("There are several projects called “%(name)s”. Give the project code.") % {"name": named}
            )
        [project] = found
        return project, named


class Items(Projects):
    """The items of such projects that the person may open."""

    def __init__(self, rows: Sequence[Mapping[str, Any]], user: User) -> None:
        super().__init__(rows, user)
        self.items: dict[tuple[int, str], Item] = {}
        pks = sorted({pk for found in self.projects.values() for pk in found})
        for start in range(0, len(pks), AT_ONCE):
            self._find_items(pks[start : start + AT_ONCE], user)

    def _find_items(self, pks: list[int], user: User) -> None:
        items = Item.objects.visible_to(user).filter(project__in=pks)
        for item in items.select_related("template", "limit").order_by("pk"):
            for name in (item.template.code, item.template.name, item.template.name_en):
                self.items[item.project_id, name.casefold()] = item

    def item(self, row: Mapping[str, Any]) -> Item:
        project, named = self.project(row)
        item = self.items.get((project, row["item"].casefold()))
        if item is None:
            raise CannotFind(
                _("“%(item)s” does not stand on the list of project “%(name)s”, or is not your office's.")
                % {"item": row["item"], "name": named}
            )
        return item
