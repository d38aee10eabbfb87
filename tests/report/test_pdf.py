"""The PDF of every kind of report: archival, with its twin inside, with places and links that hold."""

import io
from collections.abc import Iterator

import pikepdf
import pytest

from tests.report.gallery import GALLERY
from tests.report.pdfs import bare, json_of, made, pages_of, text_of
from tests.report.scans import CHINESE, ENGLISH, HOSTILE
from vhealthd.language import Language
from vhealthd.report.labels import categories, labels
from vhealthd.report.order import judged

__all__ = ["bare", "text_of"]  # for the tests of commands

LANGUAGES = {"en": ENGLISH, "zh": CHINESE}


def opened(name: str, code: str = "en") -> pikepdf.Pdf:
    return pikepdf.open(io.BytesIO(made(name, code)))


def said(language: Language, key: str) -> str:
    word = labels(language)[key]
    assert isinstance(word, str)
    return word


@pytest.mark.parametrize("name", GALLERY)
def test_every_report_is_an_archival_pdf_with_its_twin_inside(name: str) -> None:
    with opened(name) as pdf:
        attached = {key: one.get_file().read_bytes() for key, one in pdf.attachments.items()}
        assert attached == {"report.json": json_of(GALLERY[name])}
        with pdf.open_metadata() as metadata:
            assert metadata.pdfa_status == "3A"
            assert metadata["pdfuaid:part"] == "1"


@pytest.mark.parametrize("code", LANGUAGES)
def test_it_says_its_language_and_its_title(code: str) -> None:
    title = f"{said(LANGUAGES[code], 'title')} \N{EN DASH} prod"
    with opened("ordinary", code) as pdf:
        assert str(pdf.Root.Lang) == LANGUAGES[code].tag
        assert bool(pdf.Root.ViewerPreferences.DisplayDocTitle)
        assert str(pdf.docinfo.Title) == title
        with pdf.open_metadata() as metadata:
            assert metadata["dc:title"] == title


@pytest.mark.parametrize("code", LANGUAGES)
def test_the_bookmarks_are_the_parts_of_the_report(code: str) -> None:
    language = LANGUAGES[code]
    with opened("ordinary", code) as pdf, pdf.open_outline() as outline:
        titles = [one.title for one in outline.root]
    assert titles == [
        said(language, "risks"),
        said(language, "changes"),
        said(language, "trend"),
        *categories(language).values(),
        said(language, "appendix"),
    ]


@pytest.mark.parametrize("name", ["all pass", "ordinary", "five vCenters", "all hostile", "hostile names"])
def test_every_check_is_a_place_that_a_link_may_name(name: str) -> None:
    with opened(name) as pdf:
        places = {str(one) for one in pikepdf.NameTree(pdf.Root.Names.Dests)}
    assert {row.result.check for row in judged(GALLERY[name].report)} <= places


def uris(pdf: pikepdf.Pdf) -> Iterator[str]:
    for page in pdf.pages:
        for note in page.obj.get("/Annots", pikepdf.Array()):
            if "/A" in note and "/URI" in note.A:
                yield str(note.A.URI)


def test_links_leave_the_report_for_vcenters_and_articles() -> None:
    with opened("five vCenters") as pdf:
        links = set(uris(pdf))
    assert links == {
        "https://knowledge.broadcom.com/external/article/1003412",
        *(f"https://{name}.example.com" for name in ("ams", "fra", "sin", "lab", "edge")),
    }


@pytest.mark.parametrize("name", ["all hostile", "hostile names"])
def test_links_are_https_and_nothing_in_a_report_acts(name: str) -> None:
    with opened(name) as pdf:
        assert [one for one in uris(pdf) if not one.startswith("https://")] == []
        assert "/OpenAction" not in pdf.Root
        assert "/AA" not in pdf.Root
        assert "/JavaScript" not in pdf.Root.Names
        actions = {str(note.A.S) for page in pdf.pages for note in page.obj.get("/Annots", []) if "/A" in note}
    assert actions <= {"/URI", "/GoTo"}


def test_hostile_names_are_printed_as_they_are() -> None:
    text = text_of(made("all hostile"))
    for name in HOSTILE:
        assert bare(name, "/DC0/vm/" + name, "It is called " + name) in text
    assert "root:x:0" not in text


def test_long_tables_are_cut() -> None:
    text = text_of(made("500 findings"))
    assert bare("First 200 of 500 rows shown; all of them are in the attached report.json.") in text
    assert bare("vm-199") in text
    assert bare("vm-200") not in text


@pytest.mark.parametrize("code", LANGUAGES)
@pytest.mark.parametrize("name", [name for name, one in GALLERY.items() if one.background.sla])
def test_the_dashboard_is_the_first_page_and_no_more(name: str, code: str) -> None:
    language = LANGUAGES[code]
    first, second, *_ = pages_of(made(name, code))
    assert bare(said(language, "sla-meaning")) in first, "the end of the last card"
    heads = [said(language, key) for key in ("risks", "changes")]
    title = GALLERY[name].look.title or said(language, "title")
    assert second.startswith(bare(title)), "the header of the page"
    assert any(bare(head) in second[:400] for head in heads)


@pytest.mark.parametrize("name", ["no vCenter", "no checks"])
def test_a_report_of_nothing_is_short(name: str) -> None:
    assert len(pages_of(made(name))) == 2
