import unicodedata
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.report.scans import HOSTILE
from vhealthd.report.glyphs import cell, clip, coverage, covered_by, safe

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
        ("龘", "[U+9F98]"),
    ],
)
def test_what_fonts_cannot_show_becomes_its_code_point(text: str, shown: str) -> None:
    assert safe(text) == shown


@given(st.text())
def test_safe_text_has_only_glyphs_and_stays_as_it_is(text: str) -> None:
    shown = safe(text)
    assert safe(shown) == shown
    assert {ord(one) for one in shown} <= coverage()
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
    assert "".join(cell(text)) == safe(text)


def test_a_cell_fits_on_a_page() -> None:
    assert len("".join(cell("word " * 1000))) <= 1000


def test_clipped_text_says_that_it_is_clipped() -> None:
    assert clip("short", 10) == "short"
    assert clip("0123456789 and more", 12) == "0123456789…"
