"""Files that people hand in: judged by what they contain, kept under random names outside the web
root, and given back only as downloads."""

import hashlib
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import FileResponse
from django.template.defaultfilters import filesizeformat
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.models import StoredFile
from core.refusal import Refusal
from core.text import clean_name, without_invisible

NAME_LENGTH = 150
# An office file is a zip: what it may unpack to at most, and how many parts it may have.
UNPACKED_BYTES = 300 * 1024 * 1024
MOST_PARTS = 5000
HEAD = 4096

PDF = "application/pdf"
JPEG = "image/jpeg"
PNG = "image/png"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
XLS = "application/vnd.ms-excel"
CSV = "text/csv"
ENDINGS = {
    PDF: (".pdf",),
    JPEG: (".jpg", ".jpeg"),
    PNG: (".png",),
    DOCX: (".docx",),
    XLSX: (".xlsx",),
    XLS: (".xls", ".et"),  # Excel's old format, and what WPS calls its own
    CSV: (".csv", ".txt"),
}


class BadFile(Refusal):
    """The file cannot be taken; the sentence says why and what to hand in instead."""

    http_status = 422


@dataclass(frozen=True)
class Door:
    """What may be handed in at one place: the types by their looks, and the sentences of a refusal."""

    looks: tuple[tuple[Callable[[bytes], bool], Callable[[UploadedFile], str]], ...]
    refusal: str | Promise
    too_large: str | Promise


def store(upload: UploadedFile, *, by: Any, door: Door | None = None) -> StoredFile:
    """Keep a file. Raises BadFile for what is empty, too large, or not among what this door takes:
    PDF, photos and office files unless told otherwise."""
    door = door or PAPERS
    if not upload.size:
        raise BadFile(_("The file is empty. Choose it again."))
    if upload.size > settings.MAX_UPLOAD_BYTES:
        raise BadFile(str(door.too_large) % {"limit": filesizeformat(settings.MAX_UPLOAD_BYTES)})
    content_type = type_of(upload, door=door)
    stored = StoredFile(
        name=kept_name(upload.name or "", content_type),
        content_type=content_type,
        size=upload.size,
        sha256=_sha256(upload),
        uploaded_by=by,
    )
    upload.seek(0)
    stored.file.save("", upload, save=False)
    stored.save()
    return stored


class Kept(Protocol):
    """A file under a random name, and what it is called outside."""

    file: Any
    name: Any
    content_type: Any


def send(stored: Kept) -> FileResponse:
    """The file as a download that no browser opens as a page of ours."""
    try:
        content = stored.file.open("rb")
    except FileNotFoundError as error:
        raise BadFile(
            _("The file is no longer on the disk. Tell the system administrator its name: %(name)s.")
            % {"name": stored.name}
        ) from error
    response = FileResponse(
        content, as_attachment=True, filename=stored.name, content_type=stored.content_type
    )
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "no-store"
    return response


def kept_name(name: str, content_type: str) -> str:
    """The name it came with, without folders and invisible characters, with the ending of its type."""
    name = without_invisible(name.replace("\\", "/").rpartition("/")[2]).strip(" .")
    endings = ENDINGS[content_type]
    if not name.lower().endswith(endings):
        name += endings[0]
    stem, dot, ending = name.rpartition(".")
    return (clean_name(stem[: NAME_LENGTH - len(ending) - 1]) or _("file")) + dot + ending


# --- What it is --------------------------------------------------------------------------------------


def type_of(upload: UploadedFile, *, door: Door | None = None) -> str:
    """The type by content; the name and what the browser says of it count for nothing."""
    door = door or PAPERS
    upload.seek(0)
    head = upload.read(HEAD)
    for looks_like, what_it_is in door.looks:
        if looks_like(head):
            return what_it_is(upload)
    raise BadFile(str(door.refusal))


def _office(upload: UploadedFile) -> str:
    """A zip is taken only as a word or spreadsheet file without macros."""
    upload.seek(0)
    try:
        with zipfile.ZipFile(upload) as archive:
            parts = archive.infolist()
            names = {part.filename for part in parts}
            _refuse_bomb(parts)
            _refuse_macros(archive, names)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise BadFile(
            _("The file is damaged or protected by a password. Save it again without one.")
        ) from error
    if "word/document.xml" in names:
        return DOCX
    if "xl/workbook.xml" in names:
        return XLSX
    raise BadFile(_("No archives, please: unpack it and hand in the files."))


def _refuse_bomb(parts: list[zipfile.ZipInfo]) -> None:
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > UNPACKED_BYTES:
        raise BadFile(_("The file unpacks to far more than an office file holds. Save it again as PDF."))


def _refuse_macros(archive: zipfile.ZipFile, names: set[str]) -> None:
    has_macros = any(name.lower().endswith(("vbaproject.bin", ".exe", ".dll", ".js")) for name in names)
    if "[Content_Types].xml" in names:
        with archive.open("[Content_Types].xml") as types:
            has_macros = has_macros or b"macroEnabled" in types.read(1024 * 1024)
    if has_macros:
        raise BadFile(_("The file contains macros. Save it as DOCX or XLSX without macros, or as PDF."))


def _old_office(_upload: UploadedFile) -> str:
    raise BadFile(
        _("This is an old or protected office file. Save it as DOCX, XLSX or PDF without a password.")
    )


def _workbook(upload: UploadedFile) -> str:
    if _office(upload) == XLSX:
        return XLSX
    raise BadFile(str(LEDGERS.refusal))


def _is_zip(head: bytes) -> bool:
    return head.startswith(b"PK\x03\x04")


def _is_old_office(head: bytes) -> bool:
    return head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")


def _is_exported(head: bytes) -> bool:
    """A table written as a web page or as XML, which the systems that export it call .xls."""
    start = head.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").lower()
    return start.startswith(b"<") and (b"<table" in start or b"schemas-microsoft-com:office" in start)


UTF_16 = (b"\xff\xfe", b"\xfe\xff")
NOT_IN_TEXT = frozenset(range(32)) - frozenset(b"\t\n\r\f\x1a")


def _is_text(head: bytes) -> bool:
    """Lines of text in whatever encoding; pages of the web, which some call .xls, are none."""
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"<", b"%PDF-")):
        return False
    return head.startswith(UTF_16) or not NOT_IN_TEXT.intersection(head)


# What a paper may be, and what a ledger may be: what is inside the latter is judged when it is read.
PAPERS = Door(
    looks=(
        (lambda head: b"%PDF-" in head[:1024], lambda _upload: PDF),
        (lambda head: head.startswith(b"\xff\xd8\xff"), lambda _upload: JPEG),
        (lambda head: head.startswith(b"\x89PNG\r\n\x1a\n"), lambda _upload: PNG),
        (_is_zip, _office),
        (_is_old_office, _old_office),
    ),
    refusal=gettext_lazy("Only PDF, photos (JPG, PNG) and office files (DOCX, XLSX) can be handed in."),
    too_large=gettext_lazy(
        "The file is larger than %(limit)s. Make it smaller, for example by scanning in grey."
    ),
)
LEDGERS = Door(
    looks=(
        (_is_zip, _workbook),
        (_is_old_office, lambda _upload: XLS),
        (_is_exported, lambda _upload: XLS),
        (_is_text, lambda _upload: CSV),
    ),
    refusal=gettext_lazy(
        "This is no ledger. Hand in a workbook of Excel or WPS (XLSX, XLS, ET) or a CSV file."
    ),
    too_large=gettext_lazy("The file is larger than %(limit)s. Split the ledger and hand in the parts."),
)


def _sha256(upload: UploadedFile) -> str:
    digest = hashlib.sha256()
    for chunk in upload.chunks():
        digest.update(chunk)
    return digest.hexdigest()
