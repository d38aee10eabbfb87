import io
import json
import unicodedata
from collections.abc import Iterator, Sequence
from importlib.resources import files
from itertools import product
from pathlib import Path
from random import Random
from typing import Any

import orjson
import pdfplumber
import pylopdf_fonts_zh_cn
import pytest
import typst
from fontTools.ttLib import TTFont  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st

from tests.report.gallery import Exhibit
from tests.report.pdfs import archival, text_of
from tests.report.scans import ENGLISH, HOSTILE, finding, result, say, scan, vcenter, vm
from vhealthd.report import glyphs, pdf, view, worker
from vhealthd.report.glyphs import NARROW, cell, clip, coverage, covered_by, extra_fonts, lines, safe, tabular
from vhealthd.report.look import Look

FONTS = files("vhealthd_templates") / "fonts"


@pytest.mark.parametrize("family", ["Inter-", "NotoSansSC-"])
def test_all_weights_of_a_family_cover_the_same(family: str) -> None:
    fonts = [one for one in FONTS.iterdir() if one.name.startswith(family)]
    assert len(fonts) >= 2
    assert len({frozenset(covered_by(one.read_bytes())) for one in fonts}) == 1


def test_latin_greek_cyrillic_and_common_chinese_are_covered() -> None:
    assert {ord(one) for one in "Azß—…“”€Ωя生产数据库一号"} <= coverage()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("web-1", "web-1"),
        ("生产", "生产"),
        ("😀", "[U+1F600]"),
        ("a\x00b", "a[U+0000]b"),
        ("\u202eabc", "[U+202E]abc"),
        ("tab\tline\nend", "tab line end"),
        ("cafe\u0301", "café"),
        ("\ud800", "[U+D800]"),
    ],
)
def test_what_fonts_cannot_show_becomes_its_code_point(text: str, shown: str) -> None:
    assert safe(text) == shown


@given(st.text())
def test_safe_text_has_only_glyphs_and_stays_as_it_is(text: str) -> None:
    shown = safe(text)
    assert safe(shown) == shown
    assert {ord(one) for one in shown} <= coverage(extra_fonts())
    assert not {unicodedata.category(one) for one in shown} & {"Cc", "Cf", "Cs", "Co", "Cn"}


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("", [""]),
        ("web-1", ["web-1"]),
        ("esx-02.ams.example.net", ["esx-02.ams.example.net"]),
        ("a " + "x" * 40 + " b", ["a ", "x" * 40, " b"]),
        ("W" * 20, ["", "W" * 20, ""]),
        ("/DC0/vm/some-long-name-with-breaks/and-more", ["/DC0/vm/some-long-name-with-breaks/and-more"]),
        ("1-2-3-4-5-6-7-8-9-10-11-12", ["", "1-2-3-4-5-6-7-8-9-10-11-12", ""]),
    ],
)
def test_a_cell_sets_apart_what_has_no_break(text: str, pieces: list[str]) -> None:
    assert cell(text) == pieces


@pytest.mark.parametrize("text", HOSTILE)
def test_the_pieces_of_a_cell_are_its_text(text: str) -> None:
    assert "".join(cell(text)).replace("\u00a0", " ") == safe(text).replace("\u00a0", " ")


def test_a_number_keeps_its_unit_beside_it() -> None:
    assert cell("12.5 % of 256.0 GB, 3 of 4 hosts, 5 sets") == ["12.5\u00a0% of 256.0\u00a0GB, 3 of 4 hosts, 5 sets"]


def test_a_cell_fits_on_a_page() -> None:
    assert len("".join(cell("word " * 1000))) <= 1000


def test_clipped_text_says_that_it_is_clipped() -> None:
    assert clip("short", 10) == "short"
    assert clip("0123456789 and more", 12) == "0123456789…"


# --- the font of `vhealthd[cjk-full]`

EXTRA = Path(pylopdf_fonts_zh_cn.sans_path())


def test_the_extra_font_is_found_where_it_is_installed() -> None:
    assert extra_fonts() == (EXTRA,)


def test_without_the_extra_there_is_no_font_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(glyphs, "_EXTRA", "a_package_that_is_not_installed")
    assert extra_fonts.__wrapped__() == ()


def test_an_extra_without_its_font_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(glyphs, "_EXTRA_FONT", "NotThere.otf")
    assert extra_fonts.__wrapped__() == ()


def test_its_characters_are_read_as_other_readers_do() -> None:
    assert covered_by(EXTRA.read_bytes()) == set(TTFont(EXTRA).getBestCmap())


@pytest.mark.parametrize(("fonts", "shown"), [((), "[U+9F98]库"), ((EXTRA,), "龘库")], ids=["without", "with"])
def test_a_rare_ideograph_is_shown_where_the_extra_has_it(
    fonts: tuple[Path, ...], shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(glyphs, "extra_fonts", lambda: fonts)
    assert safe("龘库") == shown


def test_the_extra_is_there_for_ideographs_alone() -> None:
    more = coverage((EXTRA,)) - coverage()
    assert len(more) > 20_000
    assert {unicodedata.east_asian_width(chr(point)) for point in more} <= {"W", "F"}


@pytest.mark.parametrize(("fonts", "shown"), [((), "[U+9F98]库"), ((EXTRA,), "龘库")], ids=["without", "with"])
async def test_so_it_is_in_an_archival_pdf(
    fonts: tuple[Path, ...], shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (glyphs, pdf):
        monkeypatch.setattr(module, "extra_fonts", lambda: fonts)
    report = scan(vcenter("prod", [result("snapshot-age", [finding(vm("龘库"))])]))
    assert shown in text_of(await archival(Exhibit(report)))


# --- how many lines a cell takes


def in_typst(code: str, texts: Sequence[Any], root: Path) -> list[float]:
    """Return what an expression in Typst is for each `it` of some texts."""
    page = f"""#import "components.typ": *
        #show: styled
        #context [#metadata(json("texts.json").map(it => {code})) <found>]"""
    files = worker._templates() | {"main.typ": page.encode(), "texts.json": orjson.dumps(texts)}
    files["view.json"] = orjson.dumps(view.build(scan(), language=ENGLISH))
    for name, content in files.items():
        (root / name).write_bytes(content)
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(FONTS)])
    compiler = typst.Compiler(root / "main.typ", root=root, font_paths=fonts)
    found: list[float] = json.loads(compiler.query("<found>", field="value", one=True))
    return found


def test_no_text_is_wider_than_it_is_taken_for(tmp_path: Path) -> None:
    ascii_letters = [chr(point) for point in range(0x21, 0x7F)]
    texts = ["".join(pair) for pair in product(ascii_letters, repeat=2)]
    texts += ["已有45天，限制为30天", "主机ESXi版本8.0。", "a中b中c", "“快照” (± 0.5 s)：数据存储…"]
    widths = in_typst("measure(text(100pt, it)).width / 100pt", texts, tmp_path)
    assert [text for text, width in zip(texts, widths, strict=True) if width > glyphs._width(text) + 1e-6] == []


def test_no_number_is_wider_than_it_is_taken_for(tmp_path: Path) -> None:
    texts = ["1,111.1 GB", "-1 %", "98.7 %", "1:1 (1)", "17 天", "≥ 1 / ± 2", "*1*"]
    widths = in_typst("measure(text(100pt, tabular(it))).width / 100pt", texts, tmp_path)
    assert [text for text, width in zip(texts, widths, strict=True) if width > glyphs._width(tabular(text)[0])] == []


WORDS = (
    *("The", "host", "is", "in", "maintenance", "mode;", "a", "LUN", "cannot", "be", "reached:", "of", "its", "4"),
    *("naa.60002ac0000000000000000000000401", "esx05.lab.example.net", "/DC0/vm/Production/", "(notResponding)"),
    *("WWWW-MMMM", "_j_j_j_j", "97.5 %", "2026-11-20", "https://x.example/a-b/c?d=1", "--", "a/-b", "vm-1-2/3-b"),
    *(
        "主机已断开连接",
        "数据存储，",
        "（本地）",
        "7天",
        "VMware Tools 未运行。",
        "快照“旧”",
        "±",
        "a/b\N{NO-BREAK SPACE}c",
    ),
)
ROOM = 20


def texts() -> list[str]:
    dice = Random(1)  # noqa: S311 - seeded on purpose
    return [dice.choice(("", " ")).join(dice.choices(WORDS, k=dice.randint(1, 12))) for _ in range(400)]


def test_no_cell_takes_more_lines_than_it_is_given(tmp_path: Path) -> None:
    cells = [cell(text, width) for text in texts() for width in (NARROW, 22)]
    code = f"measure(block(width: {ROOM}em, {{ set par(leading: .5em); pieces(it) }})).height / 1em.to-absolute()"
    heights = in_typst(code, cells, tmp_path)
    taken = [round((height - 0.72) / 1.23) + 1 for height in heights]
    given = [lines(one, ROOM) for one in cells]
    assert [one for one in zip(cells, taken, given, strict=True) if 0 < one[2] < one[1]] == []
    assert sum(map(bool, given)) > len(given) / 2


# --- and so how high a row is

LONG = (
    "W" * 30,
    "MIXED-CAPITALS-" * 4,
    "数据" * 40,
    "word " * 60,
    "naa.60002ac0000000000000000000000401 " * 5,
    *HOSTILE,
    *texts()[:20],
    *("it " * count for count in range(30, 110)),
)


@pytest.mark.parametrize(("vcenters", "paper"), [(1, "a4"), (2, "a4"), (1, "letter")])
async def test_every_row_of_the_pdf_holds_its_text(vcenters: int, paper: str) -> None:
    long = [
        finding(vm(clip(text, 80), number), text=say("It is called {name}", name=text))
        for number, text in enumerate(LONG)
    ]
    report = scan(*(vcenter(f"vc-{number}", [result("snapshot-age", long)]) for number in range(vcenters)))
    rows = view.build(report, language=ENGLISH)["chapters"][0]["sections"][0]["rows"]
    assert sum(row["lines"] > 0 for row in rows) > len(rows) / 3

    made = await archival(Exhibit(report, look=Look(paper=paper)))
    with pdfplumber.open(io.BytesIO(made)) as document:
        assert [one for page in document.pages[1:] for one in across(page)] == []


def across(page: pdfplumber.page.Page) -> Iterator[str]:
    """Yield the letters that a line between two rows goes through, or comes close to."""
    rules = {round(one["top"], 1) for one in (*page.lines, *page.rects) if one["height"] < 1}
    for char in page.chars:
        middle, reach = (char["top"] + char["bottom"]) / 2, char["size"] * 0.45
        if not char["text"].isspace() and any(abs(rule - middle) < reach for rule in rules):
            yield char["text"]
