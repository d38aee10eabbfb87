import io
import re
from collections.abc import Callable
from typing import Any

import orjson
import pikepdf
import pypdfium2  # type: ignore[import-untyped]
import pytest
from structlog.testing import capture_logs

from tests.report.scans import (
    CATALOGUE,
    ENGLISH,
    HOSTILE,
    finding,
    ordinary,
    result,
    say,
    scan,
    unreachable,
    unseen,
    vcenter,
    vm,
)
from vhealthd.errors import OutputError
from vhealthd.model import Outcome, ScanReport, Severity
from vhealthd.report import view
from vhealthd.report.glyphs import safe
from vhealthd.report.jsonreport import as_dict, encode
from vhealthd.report.pdf import render_pdf
from vhealthd.report.words import NOTHING, Words

WORDS = Words(ENGLISH)

PASSING = [result(slug, category=category) for slug, category in CATALOGUE.items()]
CRITICAL = [
    result(slug, [finding(vm(f"vm-{n}", n), Severity.CRITICAL) for n in range(3)], category=category)
    for slug, category in CATALOGUE.items()
]
HOSTILE_CHECKS = [
    result(
        "snapshot-age",
        [finding(vm(name, n), text=say("It is called {name}", name=name)) for n, name in enumerate(HOSTILE)],
        title=HOSTILE[5],
        not_examined=[unseen(name, n, name) for n, name in enumerate(HOSTILE)],
    ),
    *(result(f"check-{n}", outcome=Outcome.UNKNOWN, title=name, reason=name) for n, name in enumerate(HOSTILE)),
]
SCANS = {
    "no vCenter": scan(),
    "no checks": scan(vcenter()),
    "ordinary": scan(ordinary()),
    "all pass": scan(vcenter("prod", PASSING)),
    "all critical": scan(vcenter("prod", CRITICAL)),
    "unreachable": scan(unreachable()),
    "five vCenters": scan(
        ordinary("ams"),
        ordinary("fra"),
        unreachable("sin"),
        vcenter("lab", PASSING, tls="unverified"),
        vcenter("edge"),
    ),
    "500 findings": scan(vcenter("prod", [result(findings=[finding(vm(f"vm-{n:03}", n)) for n in range(500)])])),
    "hostile names": scan(*(vcenter(name, HOSTILE_CHECKS[n : n + 4]) for n, name in enumerate(HOSTILE[:6]))),
    "all hostile": scan(vcenter("".join(HOSTILE), HOSTILE_CHECKS)),
}


async def archival(report: ScanReport) -> bytes:
    """Render a report; fail if it needs the way without PDF/A and PDF/UA."""
    with capture_logs() as logs:
        pdf = await render_pdf(report, json_bytes=encode(report), language=ENGLISH)
    assert logs == []
    return pdf


def text_of(pdf: bytes) -> str:
    """Return the text of all pages, bare."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        return squeezed("".join(page.get_textpage().get_text_bounded() for page in document))
    finally:
        document.close()


def squeezed(text: str) -> str:
    """Drop blanks, for lines end anywhere, and dashes: at the end of a line pdfium takes them for hyphens."""
    return re.sub("[\\s\x02\ufffe-]", "", text)


def bare(*cells: str) -> str:
    """Return cells as `text_of` has them."""
    return squeezed("".join(map(safe, cells)))


@pytest.mark.parametrize("name", SCANS)
async def test_every_report_is_an_archival_pdf_with_its_twin_inside(name: str) -> None:
    report = SCANS[name]
    with pikepdf.open(io.BytesIO(await archival(report))) as pdf:
        assert [one.get_file().read_bytes() for one in pdf.attachments.values()] == [encode(report)]
        assert list(pdf.attachments) == ["report.json"]
        with pdf.open_metadata() as metadata:
            assert metadata.pdfa_status == "3A"
            assert metadata["pdfuaid:part"] == "1"


@pytest.mark.parametrize("name", ["ordinary", "unreachable", "five vCenters", "all critical"])
async def test_table_cells_are_what_the_json_says(name: str) -> None:
    report = SCANS[name]
    text = text_of(await archival(report))
    several = len(report.vcenters) > 1
    for one in as_dict(report)["results"]:
        where = [one["vcenter"]] if several else []
        counts = (f"{one['examined']:,}", f"{len(one['findings']):,}")
        assert bare(WORDS.outcomes[one["outcome"]], one["title"], *where, *counts) in text
        for found in one["findings"]:
            about = found["object"]
            path = about["path"] or NOTHING
            assert bare(WORDS.outcomes[found["severity"]], about["name"], *where, path, found["message"]) in text


async def test_hostile_names_are_printed_as_they_are() -> None:
    text = text_of(await archival(SCANS["all hostile"]))
    for name in HOSTILE:
        assert bare(name, "/DC0/vm/" + name, "It is called " + name) in text
    assert "root:x:0" not in text


async def test_long_tables_are_cut() -> None:
    text = text_of(await archival(SCANS["500 findings"]))
    assert bare("First 200 of 500 rows shown; all of them are in the attached report.json.") in text
    assert bare("vm-199") in text
    assert bare("vm-200") not in text


@pytest.mark.parametrize("name", ["ordinary", "five vCenters", "all hostile"])
async def test_the_same_report_gives_the_same_bytes(name: str) -> None:
    report = SCANS[name]
    assert await archival(report) == await archival(report)


async def test_every_check_is_a_place_that_a_link_may_name() -> None:
    with pikepdf.open(io.BytesIO(await archival(SCANS["ordinary"]))) as pdf:
        names = {str(one) for one in pikepdf.NameTree(pdf.Root.Names.Dests)}
    assert {one.check for one in ordinary().results} <= names


async def test_links_leave_the_report_by_https_only() -> None:
    plain = scan(ordinary(), unreachable())
    with pikepdf.open(io.BytesIO(await archival(plain))) as pdf:
        uris = {
            str(note.A.URI)
            for page in pdf.pages
            for note in page.obj.get("/Annots", pikepdf.Array())
            if "/A" in note and "/URI" in note.A
        }
    assert uris == {"https://prod.example.com", "https://prod-2.example.com"}


async def test_the_first_page_holds_the_whole_dashboard() -> None:
    document = pypdfium2.PdfDocument(await archival(SCANS["five vCenters"]))
    assert bare("The worst 10 of 29 findings") in squeezed(document[0].get_textpage().get_text_bounded())
    assert document[1].get_textpage().get_text_bounded().splitlines()[1] == WORDS.categories["connectivity"]
    document.close()


async def test_a_report_that_is_not_ready_in_time_is_given_up() -> None:
    with pytest.raises(OutputError, match=r"not ready after 0\.01 seconds"):
        await render_pdf(scan(ordinary()), json_bytes=b"{}", language=ENGLISH, timeout=0.01)


async def test_a_report_that_needs_too_much_memory_is_given_up() -> None:
    with capture_logs() as logs, pytest.raises(OutputError, match="more memory than it may use"):
        await render_pdf(scan(ordinary()), json_bytes=b"{}", language=ENGLISH, memory=150 << 20)
    assert [one["event"] for one in logs] == ["pdf.failed"]


def changed(**parts: Any) -> Callable[..., view.View]:  # noqa: ANN401 - any part of a view
    """Return a builder of views that puts in what no ScanReport could."""
    build = view.build
    return lambda report, *, language: build(report, language=language) | parts


async def test_a_report_that_cannot_be_archival_is_still_a_report(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view, "build", changed(run="\U0001f600"))
    report = scan(ordinary())
    with capture_logs() as logs:
        pdf = await render_pdf(report, json_bytes=encode(report), language=ENGLISH)
    assert [one["event"] for one in logs] == ["pdf.not_archival"]
    assert bare("Top findings") in text_of(pdf)


async def test_a_template_that_fails_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view, "build", changed(lead=None))
    with capture_logs(), pytest.raises(OutputError, match=r"could not be made: .*cannot loop over none"):
        await render_pdf(scan(), json_bytes=b"{}", language=ENGLISH)


async def test_a_machine_without_room_for_a_process_gives_our_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    with pytest.raises(OutputError, match="could not be made: "):
        await render_pdf(scan(), json_bytes=orjson.dumps({}), language=ENGLISH)
