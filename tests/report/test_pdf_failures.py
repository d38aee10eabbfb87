"""A PDF that cannot be made says why, costs nothing but itself, and leaves the next run alone."""

import sys
from collections.abc import Callable
from functools import partial
from importlib.resources import files
from pathlib import Path
from shutil import copytree, ignore_patterns
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.report.gallery import GALLERY
from tests.report.pdfs import archival, bare, json_of, text_of
from tests.report.scans import ENGLISH
from vhealthd import artefacts
from vhealthd.artefacts import Artefacts
from vhealthd.config import ReportSettings
from vhealthd.errors import PdfError
from vhealthd.report import tables, view
from vhealthd.report.pdf import render_pdf

EXHIBIT = GALLERY["ordinary"]
WORKER = """#!/bin/sh
exec {python} -c '{code}'
"""
TEMPLATES = """
import pathlib
from vhealthd.report import worker
worker.files = lambda package: pathlib.Path("{folder}")
worker.main()
"""


async def render(**more: Any) -> bytes:  # noqa: ANN401 - what render_pdf takes
    report, background, look = EXHIBIT
    return await render_pdf(
        report, json_bytes=json_of(EXHIBIT), language=ENGLISH, background=background, look=look, **more
    )


def changed(**parts: Any) -> Callable[..., view.View]:  # noqa: ANN401 - any part of a view
    """Return a builder of views that puts in what no ScanReport could."""
    build = view.build
    return lambda report, **more: build(report, **more) | parts


def another_worker(folder: Path, code: str) -> str:
    """Make a program that runs this code in place of a worker."""
    file = folder / "python"
    file.write_text(WORKER.format(python=sys.executable, code=code))
    file.chmod(0o700)
    return str(file)


# --- what is said


async def test_a_report_that_is_not_ready_in_time_is_given_up() -> None:
    with pytest.raises(PdfError, match=r"not ready after 0\.01 seconds"):
        await render(timeout=0.01)


async def test_a_report_that_needs_too_much_memory_is_given_up() -> None:
    with capture_logs() as logs, pytest.raises(PdfError, match="more memory than it may use"):
        await render(memory=150 << 20)
    assert [one["event"] for one in logs] == ["pdf.failed"]


async def test_a_report_that_cannot_be_archival_is_still_a_report(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view, "build", changed(run="\U0001f600"))
    with capture_logs() as logs:
        pdf = await render()
    assert [one["event"] for one in logs] == ["pdf.not_archival"]
    assert bare("Top risks") in text_of(pdf)


async def test_a_template_that_fails_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view, "build", changed(lead=None))
    with capture_logs(), pytest.raises(PdfError, match=r"could not be made: .*cannot loop over none"):
        await render()


async def test_a_machine_without_room_for_a_process_gives_our_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    with pytest.raises(PdfError, match="could not be made: "):
        await render()


# --- what it costs


def out_of_time(patch: pytest.MonkeyPatch, _: Path) -> None:
    patch.setattr(artefacts, "render_pdf", partial(render_pdf, timeout=0.01))


def out_of_memory(patch: pytest.MonkeyPatch, _: Path) -> None:
    patch.setattr(artefacts, "render_pdf", partial(render_pdf, memory=150 << 20))


def killed(patch: pytest.MonkeyPatch, folder: Path) -> None:
    patch.setattr("sys.executable", another_worker(folder, "import os; os.kill(os.getpid(), 9)"))


def talking_nonsense(patch: pytest.MonkeyPatch, folder: Path) -> None:
    patch.setattr("sys.executable", another_worker(folder, "print(1)"))


def without_fonts(patch: pytest.MonkeyPatch, folder: Path) -> None:
    templates = folder / "templates"
    copytree(str(files("vhealthd_templates")), templates, ignore=ignore_patterns("fonts", "__pycache__"))
    patch.setattr("sys.executable", another_worker(folder, TEMPLATES.format(folder=templates)))


async def written(folder: Path) -> Artefacts:
    report, background, _ = EXHIBIT
    return await artefacts.write(report, background, folder, ("pdf", "html", "json", "csv"), ReportSettings())


@pytest.mark.parametrize(
    ("trouble", "why"),
    [
        (out_of_time, "the PDF was not ready after 0.01 seconds and was given up"),
        (out_of_memory, "the PDF could not be made: it needs more memory than it may use"),
        (killed, "the PDF could not be made: its process ended with status -9 (no reason was given)"),
        (talking_nonsense, "the PDF could not be made: its process answered with something else"),
        (
            without_fonts,
            "the PDF could not be made: its process ended with status 1 (typst.TypstError: assertion failed: the fonts",
        ),
    ],
)
async def test_a_pdf_that_fails_costs_no_more_than_itself(
    trouble: Callable[[pytest.MonkeyPatch, Path], None], why: str, tmp_path: Path
) -> None:
    with pytest.MonkeyPatch.context() as patch, capture_logs():
        trouble(patch, tmp_path)
        made = await written(tmp_path / "run-1")

    assert set(made.files) == {"json", "csv", "html"}
    assert (made.pdf_error or "").startswith(why)
    assert made.files["json"].read_bytes() == json_of(EXHIBIT)
    assert made.files["csv"].read_bytes() == tables.encode(EXHIBIT.report, EXHIBIT.background)
    assert made.files["html"].stat().st_size > 0

    again = await written(tmp_path / "run-2")
    assert (again.pdf_error, again.files["pdf"].read_bytes()) == (None, await archival(EXHIBIT))
