"""Exports too large for a request: a worker asks the same page for the same list, in the name of
whoever wanted it and with what they may see by then, and keeps the file for them some days."""

import datetime
import errno
import hashlib
import os
from typing import IO, Any

from django.core.exceptions import PermissionDenied
from django.core.files import File
from django.http import Http404, HttpRequest, QueryDict
from django.urls import Resolver404, resolve, reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core import jobs
from core.models import ExportFile, Job, JobState
from core.refusal import Refusal

KEPT_FOR = datetime.timedelta(days=7)


class CannotExport(Refusal):
    """The list cannot be had any more."""


class ExportRequest(HttpRequest):
    """The request as its asker sent it, made again by a worker."""

    def __init__(self, job: Job) -> None:
        super().__init__()
        asked: dict[str, Any] = job.arguments
        self.method = "GET"
        self.path = self.path_info = asked["path"]
        self.GET = QueryDict(asked["query"])
        self.user = job.asked_by  # type: ignore[assignment] # the row is only made with one
        self.export_job = job


def job_of(request: HttpRequest) -> Job | None:
    """The job a worker does by asking this; None for a person's own request."""
    return request.export_job if isinstance(request, ExportRequest) else None


def asked_for(request: HttpRequest, title: str, *, now: datetime.datetime) -> Job:
    """The job that writes what a request asks for; asked twice in a minute it is one, unless the first
    was cancelled meanwhile."""
    language = translation.get_language()
    cancelled = jobs.asked_by(request.user).filter(state=JobState.CANCELLED).count()
    key = f"{request.user.pk} {now:%Y-%m-%d %H:%M} {cancelled} {language} {request.get_full_path()}"
    return jobs.start(
        kind="export",
        key=f"export {hashlib.sha256(key.encode()).hexdigest()}",
        arguments={
            "path": request.path,
            "query": request.GET.urlencode(),
            "language": language,
            "title": title,
        },
        asked_by=request.user,
    )


def _page(job: Job) -> str:
    return reverse("core:export", args=[job.pk])


@jobs.runs("export", title=gettext_lazy("Export: %(title)s"), page=_page, may_be_cancelled=True)
def export(job: Job) -> None:
    """Write the file; begun a second time, it begins anew."""
    if ExportFile.objects.filter(job=job).exists():
        return
    request = ExportRequest(job)
    with translation.override(job.arguments["language"]):
        try:
            view = resolve(request.path)
            view.func(request, *view.args, **view.kwargs)
        except (PermissionDenied, Http404, Resolver404) as error:
            raise CannotExport(_("You may not open this list any more.")) from error
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            raise CannotExport(
                _("The server's disk is full. Tell the system administrator, then export again.")
            ) from error


def keep(job: Job, content: IO[bytes], *, name: str, content_type: str) -> ExportFile:
    kept = ExportFile(job=job, name=name, content_type=content_type)
    content.seek(0, os.SEEK_SET)
    kept.file.save("", File(content), save=False)
    kept.save()
    return kept


def visible_to(user: Any) -> Any:
    """Only whoever asked: not even an administrator sees what somebody else may."""
    return ExportFile.objects.filter(job__asked_by=user)


def purge(*, now: datetime.datetime) -> int:
    """Take away what has waited long enough, the files first."""
    old = list(ExportFile.objects.filter(made_at__lt=now - KEPT_FOR))
    for kept in old:
        kept.file.delete(save=False)
        kept.delete()
    return len(old)
