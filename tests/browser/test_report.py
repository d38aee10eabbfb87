"""The page of a report as a browser has it: what it fetches and runs, how wide it is, what is read and printed."""

from collections.abc import AsyncIterator
from typing import NamedTuple
from xml.etree import ElementTree as ET

import pypdfium2  # type: ignore[import-untyped]
import pytest
import pytest_asyncio
from PIL import ImageStat

from tests.browser.chromium import Chromium, Pages, chromium, pages
from tests.report import htmlpages
from tests.report.gallery import GALLERY
from tests.report.scans import CHINESE, ENGLISH
from vhealthd.language import Language

LOOKS = ["ordinary", "first run", "no vCenter", "showy, five vCenters", "talkative", "30 clusters", "all hostile"]
WIDTHS = {"phone": 390, "tablet": 820, "desk": 1280}
SCHEMES = ["light", "dark"]

# Texts with a contrast of less than 4.5:1, each with it, as WCAG 2 reckons.
PALE = """
const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
const rgb = colour => {
  canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
  return canvas.getImageData(0, 0, 1, 1).data;
};
const light = colour => {
  const [r, g, b] = [...rgb(colour)].slice(0, 3).map(v => v / 255)
    .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const behind = one => {
  for (; one; one = one.parentElement) {
    const colour = getComputedStyle(one).backgroundColor;
    if (rgb(colour)[3]) return colour;
  }
  return 'white';
};
const found = new Set();
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const text = walker.currentNode.textContent.trim(), of = walker.currentNode.parentElement;
  if (!text || of.closest('.unseen')) continue;
  const style = getComputedStyle(of);
  const both = [light(of.closest('svg') ? style.fill : style.color), light(behind(of))].sort((a, b) => b - a);
  const contrast = (both[0] + 0.05) / (both[1] + 0.05);
  if (contrast < 4.5) found.add(`${contrast.toFixed(2)} ${text.slice(0, 40)}`);
}
return [...found];
"""
# Elements that reach beyond the right edge, but for what scrolls inside of its own box.
TOO_WIDE = """
const edge = document.documentElement.clientWidth;
return [...document.querySelectorAll('body *')]
  .filter(one => !one.closest('.scroll, nav ul, .unseen, svg') && one.getBoundingClientRect().right > edge + 1)
  .map(one => `${one.tagName} ${one.className} ${one.textContent.slice(0, 40)}`);
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Chromium]:
    async with chromium() as started:
        yield started


@pytest_asyncio.fixture(loop_scope="module")
async def server(browser: Chromium) -> AsyncIterator[Pages]:
    """Serve pages to a browser that is as it is by default, and has forgotten what it logged."""
    await browser.resize(WIDTHS["desk"])
    await browser.prefer("light")
    await browser.complaints()
    await browser.requests()
    async with pages() as served:
        yield served


def source(name: str, language: Language = ENGLISH) -> bytes:
    return htmlpages.source(GALLERY[name], language)


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize("name", LOOKS)
async def test_it_asks_for_nothing_and_nothing_is_wrong_with_it(name: str, browser: Chromium, server: Pages) -> None:
    server.page = source(name)
    await browser.open(server.url)

    assert await browser.complaints() == []
    assert await browser.requests() == [server.url]
    assert server.asked == ["/report.html"]


async def test_what_got_into_it_could_not_act(browser: Chromium, server: Pages) -> None:
    intruder = (
        b'<script>document.title = "mine"</script><img src="/leak.png" onerror="document.title = \'mine\'" />'
        b'<link rel="stylesheet" href="/leak.css" /><iframe src="/leak.html"></iframe>'
    )
    server.page = source("ordinary").replace(b"<footer>", intruder + b"<footer>")
    await browser.open(server.url)

    assert await browser.run("return document.title") == "vSphere health report \N{EN DASH} prod"
    assert server.asked == ["/report.html"]
    assert sum("Content Security Policy" in one for one in await browser.complaints()) >= 4


async def test_a_script_in_the_logo_does_not_run(browser: Chromium, server: Pages) -> None:
    server.page = source("showy")
    await browser.open(server.url)

    assert await browser.run(
        "const logo = document.querySelector('img'); return logo.complete && logo.naturalWidth > 0"
    )
    assert await browser.complaints() == []


@pytest.mark.parametrize("name", LOOKS)
async def test_a_browser_reads_it_as_it_is_written(name: str, browser: Chromium, server: Pages) -> None:
    server.page = source(name)
    await browser.open(server.url)

    written = [one.tag for one in ET.fromstring(server.page).iter()]  # noqa: S314 - our own page
    assert await browser.run("return [...document.querySelectorAll('*')].map(one => one.localName)") == written
    assert await browser.run("return document.compatMode") == "CSS1Compat"


@pytest.mark.parametrize("language", [ENGLISH, CHINESE], ids=["en", "zh"])
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", LOOKS)
async def test_nothing_reaches_beyond_the_edge(
    name: str, width: str, language: Language, browser: Chromium, server: Pages
) -> None:
    server.page = source(name, language)
    await browser.resize(WIDTHS[width])
    await browser.open(server.url)

    assert await browser.run("return document.documentElement.scrollWidth") <= WIDTHS[width]
    assert await browser.run(TOO_WIDE) == []


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("name", LOOKS)
async def test_all_text_stands_out_from_what_is_behind_it(
    name: str, scheme: str, browser: Chromium, server: Pages
) -> None:
    server.page = source(name)
    await browser.prefer(scheme)
    await browser.open(server.url)

    assert await browser.run(PALE) == []


@pytest.mark.parametrize(("scheme", "colour"), [("light", "rgb(255, 255, 255)"), ("dark", "rgb(14, 21, 29)")])
async def test_it_is_as_dark_as_its_reader_likes(scheme: str, colour: str, browser: Chromium, server: Pages) -> None:
    server.page = source("ordinary")
    await browser.prefer(scheme)
    await browser.open(server.url)

    assert await browser.run("return getComputedStyle(document.body).backgroundColor") == colour


@pytest.mark.parametrize("width", WIDTHS)
async def test_a_link_to_a_check_shows_it_below_the_contents(width: str, browser: Chromium, server: Pages) -> None:
    server.page = source("ordinary")
    await browser.resize(WIDTHS[width])
    await browser.open(server.url + "#snapshot-age")

    top, nav = await browser.run(
        "const rect = css => document.querySelector(css).getBoundingClientRect();"
        "return [rect('#snapshot-age:target').top, rect('nav').bottom]"
    )
    assert nav <= top < nav + 100


async def test_who_has_no_mouse_can_skip_the_contents(browser: Chromium, server: Pages) -> None:
    server.page = source("ordinary")
    await browser.open(server.url)
    hidden, seen = await browser.run(
        "const skip = document.querySelector('.skip'), top = () => skip.getBoundingClientRect().top;"
        "const before = top(); skip.focus(); return [before, top()]"
    )

    assert hidden < 0 < seen


class Sheet(NamedTuple):
    """A printed page: its text without blanks, its size in points, and how bright it is on average, of 255."""

    text: str
    size: tuple[int, int]
    bright: float


def sheets(pdf: bytes) -> list[Sheet]:
    document = pypdfium2.PdfDocument(pdf)
    try:
        return [sheet(one) for one in document]
    finally:
        document.close()


def sheet(page: pypdfium2.PdfPage) -> Sheet:
    width, height = page.get_size()
    text = "".join(page.get_textpage().get_text_bounded().split())
    grey = page.render(scale=0.5).to_pil().convert("L")
    return Sheet(text, (round(width), round(height)), ImageStat.Stat(grey).mean[0])


@pytest.mark.parametrize("language", [ENGLISH, CHINESE], ids=["en", "zh"])
async def test_all_chapters_are_printed_on_white_paper(language: Language, browser: Chromium, server: Pages) -> None:
    chapters = htmlpages.view_of(GALLERY["ordinary"], language)["chapters"]
    server.page = source("ordinary", language)
    await browser.prefer("dark")
    await browser.open(server.url)
    printed = sheets(await browser.printed())

    text = "".join(one.text for one in printed)
    assert [one["name"] for one in chapters if "".join(one["name"].split()) not in text] == []
    assert {one.size for one in printed} == {(595, 842)}
    assert min(one.bright for one in printed) > 220


async def test_titles_of_a_long_table_are_on_each_of_its_pages(browser: Chromium, server: Pages) -> None:
    server.page = source("500 findings")
    await browser.open(server.url)

    with_rows = [one.text for one in sheets(await browser.printed()) if one.text.count("vm-") > 10]
    assert len(with_rows) > 3
    assert [text for text in with_rows if "Firstseen" not in text] == []


async def test_a_site_may_print_on_letter_paper_with_its_mark_on_every_page(browser: Chromium, server: Pages) -> None:
    server.page = source("showy")
    await browser.open(server.url)
    printed = sheets(await browser.printed())

    assert {one.size for one in printed} == {(612, 792)}
    assert [one.text for one in printed if "Internaluseonly" not in one.text] == []
