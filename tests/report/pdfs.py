"""PDFs of the gallery, each made but once, and their text."""

import asyncio
import re
from functools import cache

import pypdfium2  # type: ignore[import-untyped]
from structlog.testing import capture_logs

from tests.report.gallery import GALLERY, Exhibit
from tests.report.scans import ENGLISH
from vhealthd.language import Language, language_of
from vhealthd.report import jsonreport
from vhealthd.report.glyphs import safe
from vhealthd.report.pdf import render_pdf


def json_of(exhibit: Exhibit) -> bytes:
    """Return report.json."""
    report, background, _ = exhibit
    return jsonreport.encode(report, background)


async def archival(exhibit: Exhibit, language: Language = ENGLISH) -> bytes:
    """Render a report; fail if it needs the way without PDF/A and PDF/UA."""
    report, background, look = exhibit
    with capture_logs() as logs:
        pdf = await render_pdf(report, json_bytes=json_of(exhibit), language=language, background=background, look=look)
    assert logs == []
    return pdf


@cache
def made(name: str, code: str = "en") -> bytes:
    """Return the PDF of an exhibit, for tests that only look at it. Not for tests that run in an event loop."""
    return asyncio.run(archival(GALLERY[name], language_of(code)))


def pages_of(pdf: bytes) -> list[str]:
    """Return the text of each page, bare."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        return [squeezed(page.get_textpage().get_text_bounded()) for page in document]
    finally:
        document.close()


def text_of(pdf: bytes) -> str:
    """Return the text of all pages, bare."""
    return "".join(pages_of(pdf))


def squeezed(text: str) -> str:
    """Drop blanks, for lines end anywhere, and dashes: at the end of a line pdfium takes them for hyphens."""
    return re.sub("[\\s\x02\ufffe-]", "", text)


def bare(*cells: str) -> str:
    """Return cells as `text_of` has them."""
    return squeezed("".join(map(safe, cells)))
