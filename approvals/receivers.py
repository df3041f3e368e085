"""What approvals do when a project moves."""

from typing import Any

from django.dispatch import receiver

from approvals import lists
from projects.choices import Stage
from projects.models import Project, StageChange
from projects.signals import stage_changed


@receiver(stage_changed, dispatch_uid="approvals-open-list")
def open_list_when_signed(*, project: Project, change: StageChange, **_signal: Any) -> None:
    """The approval list opens with the signing; a project that came in at a later batch gets it then."""
    if change.target not in Stage.FROM_SIGNING:
        return
    if change.target == Stage.SIGNING or not project.items.exists():
        lists.open_list(project, on=change.on, by=change.by)
