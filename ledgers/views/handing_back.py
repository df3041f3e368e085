"""The sender's workbook with notes on what should be looked at."""

from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language

from accounts.access import allow
from core import clock
from core.files import XLSX
from core.pages import download
from ledgers import handing_back
from ledgers.views.reaching import reached


@allow("ledgers.view_ledger")
def handed_back(request: HttpRequest, pk: int) -> HttpResponse:
    """The workbook as it goes back to its sender."""
    ledger = reached(request, pk)
    language = get_language() or "zh-hans"
    content = handing_back.annotated(ledger, language=language, today=clock.today())
    return download(content, name=handing_back.name_of(ledger, language=language), content_type=XLSX)
