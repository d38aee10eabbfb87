"""The files of a run: made of a report, each written whole."""

import asyncio
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import structlog

from vhealthd import files
from vhealthd.errors import PdfError
from vhealthd.language import language_of
from vhealthd.model import ScanReport
from vhealthd.report import jsonreport, tables
from vhealthd.report.pdf import render_pdf

log = structlog.get_logger(__name__)

NAMES = {"json": "report.json", "csv": "findings.csv", "pdf": "report.pdf"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Artefacts:
    """The files that were written, by format, and why there is no PDF if one was wanted and could not be made."""

    files: Mapping[str, Path]
    pdf_error: str | None = None


async def write(report: ScanReport, folder: Path, formats: Collection[str], language: str) -> Artefacts:
    """Write the files of a run, in the order of NAMES: a PDF that fails costs no more than itself.

    `language` is the code of that of the PDF; the others are for machines, and English.

    Raises OutputError if a file cannot be written.
    """
    encoded = await asyncio.to_thread(jsonreport.encode, report)
    makers: dict[str, Callable[[], bytes]] = {"json": lambda: encoded, "csv": lambda: tables.encode(report)}
    written: dict[str, Path] = {}
    for form, make in makers.items():
        if form in formats:
            written[form] = await _write(folder / NAMES[form], make)
    if "pdf" not in formats:
        return Artefacts(files=written)
    try:
        pdf = await render_pdf(report, json_bytes=encoded, language=language_of(language))
    except PdfError as error:
        return Artefacts(files=written, pdf_error=str(error))
    except Exception as error:
        # a fault of ours in the PDF must not cost what was found
        log.exception("pdf.broke")
        return Artefacts(files=written, pdf_error=f"the PDF could not be made: unexpected {type(error).__name__}")
    written["pdf"] = await _write(folder / NAMES["pdf"], lambda: pdf)
    return Artefacts(files=written)


async def _write(path: Path, make: Callable[[], bytes]) -> Path:
    """Write in a thread: fsync waits for the disk, and the event loop has other things to do."""
    await asyncio.to_thread(lambda: files.write(path, make()))
    return path
