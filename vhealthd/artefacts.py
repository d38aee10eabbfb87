"""The files of a run: made of a report and its background, each written whole."""

import asyncio
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import structlog

from vhealthd import files
from vhealthd.config import ReportSettings
from vhealthd.errors import OutputError, PdfError
from vhealthd.language import Language, language_of
from vhealthd.model import ScanReport
from vhealthd.report import htmlreport, jsonreport, tables
from vhealthd.report.background import Background
from vhealthd.report.look import Look, look_of
from vhealthd.report.pdf import render_pdf

log = structlog.get_logger(__name__)

NAMES = {"json": "report.json", "csv": "findings.csv", "html": "report.html", "pdf": "report.pdf"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Artefacts:
    """The files that were written, by format, and why there is no PDF if one was wanted and could not be made."""

    files: Mapping[str, Path]
    pdf_error: str | None = None


async def write(
    report: ScanReport, background: Background, folder: Path, formats: Collection[str], settings: ReportSettings
) -> Artefacts:
    """Write the files of a run, in the order of NAMES. One that cannot be made costs no more than itself.

    PDF and HTML are in the language of the settings; the others are for machines, and English.

    Raises OutputError if a file cannot be written.
    """
    language, look = language_of(settings.language), await asyncio.to_thread(look_of, settings)
    makers: dict[str, Callable[[], bytes]] = {
        "json": cache(lambda: jsonreport.encode(report, background)),  # the PDF carries it too
        "csv": lambda: tables.encode(report, background),
        "html": lambda: htmlreport.encode(report, language=language, background=background, look=look),
    }
    written: dict[str, Path] = {}
    for form, make in makers.items():
        if form in formats and (file := await _made(folder / NAMES[form], make)):
            written[form] = file
    if "pdf" not in formats:
        return Artefacts(files=written)
    try:
        pdf = await _pdf(report, background, makers["json"], language, look)
    except PdfError as error:
        return Artefacts(files=written, pdf_error=str(error))
    written["pdf"] = await _write(folder / NAMES["pdf"], lambda: pdf)
    return Artefacts(files=written)


async def _made(path: Path, make: Callable[[], bytes]) -> Path | None:
    """Write a file; None where it could not be made: a fault of ours in one must not cost the others."""
    try:
        return await _write(path, make)
    except OutputError:
        raise
    except Exception:
        log.exception("a file of the run could not be made", file=path.name)
        return None


async def _pdf(
    report: ScanReport, background: Background, make_json: Callable[[], bytes], language: Language, look: Look
) -> bytes:
    """Return the PDF. Raises PdfError, also for a fault of ours: it must not cost what was found."""
    try:
        json_bytes = await asyncio.to_thread(make_json)
        return await render_pdf(report, json_bytes=json_bytes, language=language, background=background, look=look)
    except PdfError:
        raise
    except Exception as error:
        log.exception("pdf.broke")
        raise PdfError(f"the PDF could not be made: unexpected {type(error).__name__}") from error


async def _write(path: Path, make: Callable[[], bytes]) -> Path:
    """Write in a thread: fsync waits for the disk, and the event loop has other things to do."""
    await asyncio.to_thread(lambda: files.write(path, make()))
    return path
