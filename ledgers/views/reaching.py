"""Reaching a ledger: outsiders meet 404, readers who may not act on its kind 403."""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from accounts.access import user_of
from accounts.models import User
from ledgers.declaring import KINDS
from ledgers.models import Ledger


def reached(request: HttpRequest, pk: int) -> Ledger:
    """A ledger that the person may see."""
    seen = Ledger.objects.visible_to(user_of(request))
    beside = ("file", "unit", "job", "handed_in_by", "committed_by", "undone_by", "previous__file")
    return get_object_or_404(seen.select_related(*beside), pk=pk)


def to_act_on(request: HttpRequest, pk: int) -> Ledger:
    ledger = reached(request, pk)
    if not may_act(user_of(request), ledger):
        raise PermissionDenied
    return ledger


def may_act(user: User, ledger: Ledger) -> bool:
    """Whether the person may answer, enter and undo: whoever may hand in ledgers of its kind."""
    kind = KINDS.get(ledger.kind)
    return kind is not None and user.has_perm("ledgers.import_ledger") and user.has_perm(kind.permission)
