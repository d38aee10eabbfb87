"""The PDF of a scan, made in a process of its own: see `worker`."""

import asyncio
import json
import signal
import tempfile
from dataclasses import replace

import orjson
import structlog

from vhealthd import workers
from vhealthd.errors import PdfError
from vhealthd.language import Language
from vhealthd.model import ScanReport
from vhealthd.report import view
from vhealthd.report.background import NO_BACKGROUND, Background
from vhealthd.report.glyphs import extra_fonts
from vhealthd.report.look import PLAIN, Look

_WORKER = ("-I", "-m", "vhealthd.report.worker")
_MEMORY = 2 << 30  # fifty thousand findings take 0.4 GB, and 0.2 GB of addresses that are never used
_STDERR_KEPT = 2000  # characters of a dying process that are worth a log line

log = structlog.get_logger(__name__)


async def render_pdf(
    report: ScanReport,
    *,
    json_bytes: bytes,
    language: Language,
    background: Background = NO_BACKGROUND,
    look: Look = PLAIN,
    timeout: float = 120,  # noqa: ASYNC109 - it also bounds the processor time of the worker
    memory: int = _MEMORY,
) -> bytes:
    """Return the PDF of a scan, with report.json attached inside.

    `timeout` is in seconds, `memory` in bytes. The same report gives the same bytes. A logo that breaks it is left out,
    and logged. Raises PdfError if there is no PDF in that time and memory.
    """

    async def render(look: Look) -> bytes:
        # In a thread: it takes tens of milliseconds for a large report, and the event loop has scans to serve.
        parts = await asyncio.to_thread(_parts, report, json_bytes, language, background, look)
        head = {
            "timestamp": int(report.finished.timestamp()),
            "memory": memory,
            "cpu": max(1, round(timeout)),
            "fonts": [str(font.parent) for font in extra_fonts()],
            "parts": {name: len(part) for name, part in parts.items()},
        }
        # Typst may read below its root: what it shows, and nothing else.
        try:
            with tempfile.TemporaryDirectory(prefix="vhealthd-") as root:
                line = orjson.dumps(head | {"root": root}) + b"\n"
                request = await asyncio.to_thread(b"".join, [line, *parts.values()])
                return _pdf_of(*await workers.serve(_WORKER, request, seconds=timeout))
        except TimeoutError:
            raise PdfError(f"the PDF was not ready after {timeout:g} seconds and was given up") from None
        except OSError as error:
            raise PdfError(f"the PDF could not be made: {error}") from error

    try:
        return await render(look)
    except PdfError as error:
        if look.logo is None:
            raise
        log.warning("pdf.without_logo", why=str(error))
        return await render(replace(look, logo=None))


def _parts(
    report: ScanReport, json_bytes: bytes, language: Language, background: Background, look: Look
) -> dict[str, bytes]:
    """Return the files that the templates read, by name."""
    shown = view.build(report, language=language, background=background, look=look)
    parts = {"view.json": orjson.dumps(shown), "report.json": json_bytes}
    return parts if look.logo is None else parts | {"logo.svg": look.logo.encode()}


def _pdf_of(status: int, out: bytes, err: bytes) -> bytes:
    """Return the PDF that a worker wrote, or raise PdfError that says why there is none."""
    if status != 0:
        said = err.decode(errors="replace").strip()
        log.error("pdf.failed", status=status, stderr=said[-_STDERR_KEPT:])
        raise PdfError(f"the PDF could not be made: {_cause(status, said)}")
    line, _, pdf = out.partition(b"\n")
    try:
        head = json.loads(line)
        archival, why = head["standards"], head["error"]
    except (ValueError, TypeError, KeyError):
        raise PdfError("the PDF could not be made: its process answered with something else") from None
    if not archival:
        log.warning("pdf.not_archival", reason=why)
    return pdf


def _cause(status: int, said: str) -> str:
    if "memory allocation" in said or "MemoryError" in said:
        return "it needs more memory than it may use"
    if status == -signal.SIGXCPU:
        return "it needs more processor time than it may use"
    last = said.splitlines()[-1] if said else "no reason was given"
    return f"its process ended with status {status} ({last})"
