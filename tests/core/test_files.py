"""Files are judged by what they contain and given back only as downloads."""

import hashlib
import io
import zipfile
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import translation

from core import files
from core.models import StoredFile

PDF = b"%PDF-1.7\n%%EOF\n"
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 16
JPEG = b"\xff\xd8\xff\xe0" + b"\0" * 16
OLD_WORD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 512

ONLY_THESE = "Only PDF, photos (JPG, PNG) and office files (DOCX, XLSX) can be handed in."


def zipped(*names: str, types: bytes = b"<Types/>") -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", types)
        for name in names:
            archive.writestr(name, b"<x/>")
    return content.getvalue()


def upload(content: bytes, name: str = "合同.pdf") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type="text/html")


@pytest.mark.parametrize(
    ("content", "name", "kept", "content_type"),
    [
        (PDF, "合同.pdf", "合同.pdf", files.PDF),
        (PNG, "现场.PNG", "现场.PNG", files.PNG),
        (JPEG, "现场.jpeg", "现场.jpeg", files.JPEG),
        (zipped("word/document.xml"), "批复.docx", "批复.docx", files.DOCX),
        (zipped("xl/workbook.xml"), "清单.xlsx", "清单.xlsx", files.XLSX),
        (PDF, "report.exe", "report.exe.pdf", files.PDF),
        (PDF, "../../etc/cron.d/x", "x.pdf", files.PDF),
        (PDF, "C:\\Users\\wei\\合同.pdf", "合同.pdf", files.PDF),
        (PDF, "合\u202e同\x00.pdf", "合同.pdf", files.PDF),
        (PDF, "", "file.pdf", files.PDF),
        (PNG, "长" * 300 + ".png", "长" * 146 + ".png", files.PNG),
    ],
)
def test_the_content_decides_the_type_and_the_name_keeps_only_what_is_safe(content, name, kept, content_type):
    assert files.type_of(upload(content)) == content_type
    with translation.override("en"):
        assert files.kept_name(name, content_type) == kept


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "The file is empty. Choose it again."),
        (
            b"MZ\x90\x00 program",
            ONLY_THESE,
        ),
        (b"<html><script>", ONLY_THESE),
        (b"<svg onload='x'/>", ONLY_THESE),
        (
            zipped("a.txt"),
            "No archives, please: unpack it and hand in the files.",
        ),
        (
            zipped("xl/workbook.xml", "xl/vbaProject.bin"),
            "The file contains macros. Save it as DOCX or XLSX without macros, or as PDF.",
        ),
        (
            zipped("word/document.xml", types=b"<Types>macroEnabled.main+xml</Types>"),
            "The file contains macros. Save it as DOCX or XLSX without macros, or as PDF.",
        ),
        (
            zipped("word/document.xml")[:-30],
            "The file is damaged or protected by a password. Save it again without one.",
        ),
        (
            OLD_WORD,
            "This is an old or protected office file. Save it as DOCX, XLSX or PDF without a password.",
        ),
    ],
)
def test_what_cannot_be_taken_is_refused_with_a_sentence(clerk, content, sentence):
    with translation.override("en"), pytest.raises(files.BadFile) as refused:
        files.store(upload(content), by=clerk)

    assert str(refused.value) == sentence
    assert not StoredFile.objects.exists()


def test_a_zip_bomb_is_refused_by_its_directory(clerk, monkeypatch):
    monkeypatch.setattr(files, "UNPACKED_BYTES", 1000)
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b"0" * 100_000)

    with translation.override("en"), pytest.raises(files.BadFile, match="unpacks to far more"):
        files.store(upload(bomb.getvalue()), by=clerk)


def test_too_large_a_file_is_refused(clerk, settings):
    settings.MAX_UPLOAD_BYTES = len(PDF)
    assert files.store(upload(PDF), by=clerk).size == len(PDF)

    with translation.override("en"), pytest.raises(files.BadFile, match="larger than"):
        files.store(upload(PDF + b" "), by=clerk)


def test_a_file_is_kept_whole_under_a_random_name(clerk, settings):
    stored = files.store(upload(PDF, "合同.pdf"), by=clerk)

    assert (stored.name, stored.content_type, stored.size) == ("合同.pdf", files.PDF, len(PDF))
    assert stored.sha256 == hashlib.sha256(PDF).hexdigest()
    assert stored.uploaded_by == clerk
    path = Path(stored.file.path)
    assert path.read_bytes() == PDF
    assert path.is_relative_to(settings.MEDIA_ROOT)
    assert "合同" not in str(path)
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_file_comes_back_as_a_download(clerk):
    stored = files.store(upload(PDF, '合同"\r\n.pdf'), by=clerk)

    response = files.send(stored)

    assert b"".join(response) == PDF
    response.close()
    assert response["Content-Type"] == files.PDF
    assert response["Content-Disposition"].startswith("attachment; filename*=utf-8''%E5%90%88%E5%90%8C")
    assert "\n" not in response["Content-Disposition"]
    assert (response["X-Content-Type-Options"], response["Cache-Control"]) == ("nosniff", "no-store")


def test_a_file_lost_from_the_disk_is_said_so(clerk):
    stored = files.store(upload(PDF, "合同.pdf"), by=clerk)
    Path(stored.file.path).unlink()

    with translation.override("en"), pytest.raises(files.BadFile, match=r"合同\.pdf"):
        files.send(stored)
