"""Official documents: one list of blocks, written as a Word file and as a PDF.

    blocks = [Letterhead("柳州市投资促进局文件", "柳招商〔2025〕8号"), Title("…的通报"), …]
    to_docx(blocks), to_pdf(blocks)

Both follow GB/T 9704-2012 (form of official documents): A4 with its margins, 22 lines of 28
characters, the fonts of each level, the red mark, the sign-off, page numbers as "— 1 —".
"""

from core.documents.blocks import (
    AnnexTitle,
    Attachments,
    Block,
    BulletinHead,
    Chart,
    Group,
    Heading,
    Imprint,
    Kind,
    Letterhead,
    PageBreak,
    Paragraph,
    Recipients,
    Series,
    SignOff,
    Table,
    Title,
)
from core.documents.pdf import to_pdf
from core.documents.word import to_docx

__all__ = [
    "AnnexTitle",
    "Attachments",
    "Block",
    "BulletinHead",
    "Chart",
    "Group",
    "Heading",
    "Imprint",
    "Kind",
    "Letterhead",
    "PageBreak",
    "Paragraph",
    "Recipients",
    "Series",
    "SignOff",
    "Table",
    "Title",
    "to_docx",
    "to_pdf",
]
