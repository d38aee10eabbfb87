"""The page, read by a parser of XML: what it takes is well-formed. `tests/browser` has it read by a browser."""

import base64
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from tests.report.gallery import GALLERY, Exhibit
from tests.report.htmlpages import attributes, page, rows_of, source, squeezed, text_of, view_of
from tests.report.scans import CHINESE, ENGLISH, HOSTILE, finding, ordinary, result, scan, vcenter, vm
from vhealthd.language import Language
from vhealthd.model import Finding
from vhealthd.report import view
from vhealthd.report.glyphs import safe
from vhealthd.report.htmlreport import css_string
from vhealthd.report.look import Look

# Of a view: codes that the templates go by, the fixed words of which not all are needed, and what only the PDF takes.
NOT_SHOWN = {"lang", "region", "labels", "look", "kinds", "kind", "place", "change", "subject-pieces", "alt"}
TITLES = {"h1", "h2", "h3"}
LANGUAGES = [pytest.param(ENGLISH, id="en"), pytest.param(CHINESE, id="zh")]


def one_check(*findings: Finding) -> Exhibit:
    return Exhibit(scan(vcenter("prod", [result(findings=findings)])))


# --- what it says


def strings(value: Any, name: str = "") -> Iterator[str]:  # noqa: ANN401 - walks any view
    """Yield the texts of a view; one in pieces is put together."""
    if name in NOT_SHOWN:
        return
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from strings(one, key)
    elif isinstance(value, list):
        pieces = [one for one in value if isinstance(one, str)]
        if name in {"columns", "vcenters", "run-facts", "counts"} or len(pieces) < len(value):
            for one in value:
                yield from strings(one)
        else:
            yield "".join(pieces)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", GALLERY)
def test_it_shows_all_that_the_view_has(name: str, language: Language) -> None:
    of = GALLERY[name]
    the_view = view_of(of, language)
    made = page(of, language)
    texts = {squeezed(text) for text in (*map(text_of, made.iter()), *all_attributes(made))}
    whole = text_of(made)

    said = map(squeezed, strings(the_view))
    assert [text for text in said if text not in texts and text not in whole] == []


def all_attributes(element: ET.Element) -> list[str]:
    return [value for one in element.iter() for value in one.attrib.values()]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_picture_says_in_words_what_it_shows(language: Language) -> None:
    of = GALLERY["ordinary"]
    made = page(of, language)
    the_view = view_of(of, language)
    charts = [one for one in made.iter("svg") if one.attrib["role"] == "img"]
    said = [one.attrib["aria-label"] for one in charts]

    assert len(charts) == len(list(made.iter("svg")))
    assert said[:3] == [the_view["donut"]["alt"], the_view["score"]["alt"], the_view["bars"]["alt"]]
    assert the_view["trends"]["runs"]["alt"] in said
    assert {one["alt"] for one in the_view["trends"]["resources"]} <= set(said)
    assert the_view["heat"]["alt"] in [text_of(one) for one in made.iter("caption")]


@pytest.mark.parametrize(("language", "tag"), [(ENGLISH, "en"), (CHINESE, "zh-CN")], ids=["en", "zh"])
def test_it_says_its_language(language: Language, tag: str) -> None:
    made = page(GALLERY["ordinary"], language)

    assert made.attrib["lang"] == tag
    assert text_of(next(made.iter("title"))) == language.words("vSphere health report") + " – prod"  # noqa: RUF001 - a dash


def test_long_tables_are_cut_and_say_so() -> None:
    made = text_of(page(GALLERY["500 findings"]))

    assert "First 200 of 500 rows shown" in made
    assert "vm-199" in made
    assert "vm-200" not in made


def test_more_findings_of_a_check_make_no_larger_page() -> None:
    few, many = (one_check(*(finding(vm(f"vm-{n:04}", n)) for n in range(count))) for count in (500, 5000))

    assert abs(len(source(many)) - len(source(few))) < 100


@pytest.mark.parametrize("name", ["ordinary", "showy, five vCenters", "all hostile"])
def test_the_same_report_gives_the_same_bytes(name: str) -> None:
    assert source(GALLERY[name]) == source(GALLERY[name])


# --- how it is made


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", GALLERY)
def test_it_is_well_formed_with_titles_in_order_and_no_place_named_twice(name: str, language: Language) -> None:
    made = page(GALLERY[name], language)
    levels = [int(one.tag[1]) for one in made.iter() if one.tag in TITLES]
    ids = attributes(made, "id")

    assert source(GALLERY[name], language).startswith(b"<!DOCTYPE html>\n<html ")
    assert levels.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in zip([0, *levels], levels, strict=False))
    assert len(ids) == len(set(ids))
    assert {one[1:] for one in attributes(made, "href") if one.startswith("#")} <= set(ids)
    assert set(attributes(made, "aria-labelledby")) <= set(ids)


@pytest.mark.parametrize("name", GALLERY)
def test_every_table_has_a_caption_and_as_many_cells_in_each_row_as_titles(name: str) -> None:
    for table in page(GALLERY[name]).iter("table"):
        rows = list(table.iter("tr"))

        assert table[0].tag == "caption"
        assert {len(row) for row in rows} == {len(rows[0])}
        assert {one.attrib["scope"] for one in table.iterfind("thead//th")} <= {"col"}
        assert {one.attrib["scope"] for one in table.iterfind("tbody//th")} == {"row"}


def test_every_check_is_a_place_that_a_link_may_name() -> None:
    made = page(GALLERY["five vCenters"])
    checks = {one.check for of in GALLERY["five vCenters"].report.vcenters for one in of.results}

    assert checks <= set(attributes(made, "id"))


def test_top_risks_lead_to_their_checks() -> None:
    of = GALLERY["ordinary"]
    risks = view_of(of)["risks"]["rows"]
    (section,) = page(of).iterfind(".//section[@aria-labelledby='_risks']")

    assert [one for one in attributes(section, "href") if one.startswith("#")] == ["#" + one["check"] for one in risks]


def test_the_contents_lead_to_every_chapter() -> None:
    (nav,) = page(GALLERY["ordinary"]).iter("nav")
    titles = [text_of(one) for one in page(GALLERY["ordinary"]).iterfind("./body/main/section/h2[@id]")]

    assert [text_of(one) for one in nav.iter("a")] == titles
    assert len(titles) == 11


def test_a_report_without_history_has_no_place_for_it() -> None:
    assert [text_of(one) for one in page(Exhibit(scan())).iter("h2")] == [
        "Results by outcome",
        "Health score",
        "Since the last run",
        "Changes since the last run",
        "Appendix",
    ]


# --- what may not happen


@pytest.mark.parametrize("name", ["ordinary", "all hostile", "hostile names", "showy"])
def test_nothing_in_it_acts_nor_is_fetched(name: str) -> None:
    made = page(GALLERY[name])
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"

    assert {one.tag for one in made.iter()} & {"script", "iframe", "object", "embed", "base", "form", "audio"} == set()
    assert [one for one in made.iter() for key in one.attrib if key.startswith("on") or key == "style"] == []
    assert [one for one in attributes(made, "src") if not one.startswith("data:image/svg+xml;base64,")] == []
    assert [one.attrib["href"] for one in made.iter("link")] == ["data:,"]
    assert [one.attrib["content"] for one in made.iter("meta") if "Policy" in one.get("http-equiv", "")] == [policy]


def test_hostile_names_are_shown_as_they_are() -> None:
    made = page(GALLERY["all hostile"])
    cells = {cell for row in rows_of(made) for cell in row}

    for name in HOSTILE:
        assert squeezed(safe(name) + safe("/DC0/vm/" + name)) in cells
        assert squeezed(safe("It is called " + name)) in cells


@pytest.mark.parametrize("name", [*HOSTILE, "</style><script>alert(1)</script>", '"; } body { display: none } a{b: "'])
def test_a_name_in_the_margins_of_paper_stays_inside_its_string(name: str) -> None:
    look = Look(title=name, classification=name)
    style = text_of(next(page(Exhibit(scan(vcenter(name)), look=look)).iter("style")))

    assert re.fullmatch(r"(\\[0-9a-f]+ |[0-9A-Za-z])*", css_string(name))
    assert re.sub(r"\\([0-9a-f]+) ", lambda code: chr(int(code[1], 16)), css_string(name)) == name
    assert without_strings(style) == without_strings(text_of(next(page(Exhibit(scan())).iter("style"))))


def without_strings(style: str) -> str:
    return re.sub(r'content: "[^"]*";', "", style)


@pytest.mark.parametrize(
    ("url", "links"),
    [
        ("https://prod.example.com", ["https://prod.example.com"]),
        ("http://prod.example.com", []),
        ("javascript:alert(1)", []),
    ],
)
def test_links_leave_the_page_by_https_only(url: str, links: list[str]) -> None:
    made = page(Exhibit(scan(replace(vcenter(), url=url))))

    assert [one for one in attributes(made, "href") if not one.startswith(("#", "data:,"))] == links
    assert url in text_of(made)


def test_an_address_that_is_no_https_is_no_link_whatever_the_view_says(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = view_of(GALLERY["ordinary"])
    for row in shown["risks"]["rows"]:
        row |= {"link": "javascript:alert(1)", "article": "KB 1"}
    monkeypatch.setattr(view, "build", lambda *_, **__: shown)
    made = page(GALLERY["ordinary"])

    assert [one for one in attributes(made, "href") if one.startswith("javascript:")] == []
    assert [row[-1] for row in rows_of(made) if row[-1] == "KB 1"] == ["KB 1"] * len(shown["risks"]["rows"])


def test_articles_of_the_knowledge_base_are_linked() -> None:
    with_article = result(findings=[finding()], kb="1003412")
    links = attributes(page(Exhibit(scan(vcenter("prod", [with_article])))), "href")

    assert links.count(with_article.kb_url or "") == 2  # top risks, and the check's own section


# --- the look of a site


def test_the_logo_is_a_picture_whatever_is_in_it() -> None:
    logo = '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    (image,) = page(Exhibit(scan(ordinary()), look=Look(logo=logo))).iter("img")

    assert base64.b64decode(image.attrib["src"].partition(",")[2]).decode() == logo
    assert image.attrib["alt"] == "Logo"
    assert list(page(Exhibit(scan(ordinary()))).iter("img")) == []


def test_a_site_has_its_title_mark_colours_and_paper() -> None:
    made = page(GALLERY["showy"])
    style = text_of(next(made.iter("style")))

    assert text_of(next(made.iter("h1"))) == "Platform health of Europe"
    assert text_of(next(one for one in made.iter("strong") if one.get("class") == "mark")) == "Internal use only"
    assert "--primary: #3b1f5b; --accent: #c2410c;" in style
    assert "@page { size: letter;" in style
    assert "@page { size: A4;" in text_of(next(page(GALLERY["ordinary"]).iter("style")))
