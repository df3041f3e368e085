from core.models.audit import AuditEntry
from core.models.calendar import CalendarNotice, CalendarOverride
from core.models.export import Export, ExportFile
from core.models.file import StoredFile
from core.models.job import Job, JobState
from core.models.receipt import Receipt

__all__ = [
    "AuditEntry",
    "CalendarNotice",
    "CalendarOverride",
    "Export",
    "ExportFile",
    "Job",
    "JobState",
    "Receipt",
    "StoredFile",
]
