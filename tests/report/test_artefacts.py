"""The files of a run: what breaks one of them costs no other."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.report.scans import finding, result, scan, vcenter, vm
from vhealthd import artefacts
from vhealthd.artefacts import NAMES, Artefacts
from vhealthd.config import ReportSettings
from vhealthd.report import glyphs, htmlreport, jsonreport, tables
from vhealthd.report.background import NO_BACKGROUND

REPORT = scan(vcenter("prod", [result(findings=[finding(vm("Büro-1"))])]))


async def written(folder: Path, *formats: str) -> Artefacts:
    return await artefacts.write(REPORT, NO_BACKGROUND, folder, formats, ReportSettings())


def breaking(error: Exception) -> Callable[..., Any]:
    def broken(*_: object, **__: object) -> None:
        raise error

    return broken


@pytest.mark.parametrize(("form", "module"), [("json", jsonreport), ("csv", tables), ("html", htmlreport)])
async def test_a_fault_in_one_file_costs_no_other(
    form: str, module: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "encode", breaking(ValueError("a fault")))
    with capture_logs() as logs:
        made = await written(tmp_path, "json", "csv", "html")

    assert made.files == {one: tmp_path / NAMES[one] for one in ("json", "csv", "html") if one != form}
    assert [(one["log_level"], one["file"]) for one in logs] == [("error", NAMES[form])]
    assert sorted(tmp_path.iterdir()) == sorted(made.files.values())


async def test_without_fonts_there_are_the_files_for_machines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(glyphs, "coverage", breaking(FileNotFoundError("Inter-Regular.ttf")))
    with capture_logs():
        made = await written(tmp_path, "pdf", "html", "json", "csv")

    assert set(made.files) == {"json", "csv"}
    assert made.pdf_error == "the PDF could not be made: unexpected FileNotFoundError"


async def test_a_pdf_is_not_made_without_the_file_that_it_carries(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jsonreport, "encode", breaking(ValueError("a fault")))
    with capture_logs():
        made = await written(tmp_path, "pdf", "csv")

    assert set(made.files) == {"csv"}
    assert made.pdf_error == "the PDF could not be made: unexpected ValueError"
