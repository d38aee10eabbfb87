"""The fonts that are shipped are those that `make fonts` makes; here without the packages that it makes them of."""

import hashlib
import io
import tarfile
from dataclasses import replace
from importlib.resources import files

import pytest

from tools.fonts import INTER, NOTO, FontError, Source, make
from vhealthd.report.glyphs import covered_by

FONTS = files("vhealthd_templates") / "fonts"


def shipped(name: str) -> bytes:
    return (FONTS / name).read_bytes()


def package(**members: bytes) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as files:
        for name, content in members.items():
            about = tarfile.TarInfo(name)
            about.size = len(content)
            files.addfile(about, io.BytesIO(content))
    return made.getvalue()


def of(source: Source, name: str, content: bytes) -> Source:
    """Return the source of one font, if its package were the one with these bytes."""
    return replace(source, sha256=hashlib.sha256(content).hexdigest(), weights={name: source.weights[name]})


def test_every_font_has_a_source() -> None:
    assert {one.name for one in FONTS.iterdir() if one.name.endswith(".ttf")} == {*INTER.weights, *NOTO.weights}


def test_a_font_that_is_reduced_already_stays_as_it_is() -> None:
    name = "Inter-Regular.ttf"
    file = package(**{INTER.weights[name]: shipped(name)})
    assert dict(make(of(INTER, name, file), file)) == {name: shipped(name)}


def test_another_package_than_the_pinned_one_is_not_used() -> None:
    with pytest.raises(
        FontError, match=r"@expo-google-fonts/inter 0\.4\.2 has the SHA-256 [0-9a-f]{64}; it should be b5c1"
    ):
        list(make(INTER, package(x=b"")))


def test_the_chinese_fonts_have_all_of_gb_2312() -> None:
    wanted = {character for character in map(chr, NOTO.characters) if character.encode("gb2312", "ignore")}
    assert len(wanted) > 7000
    for name in NOTO.weights:
        assert {ord(character) for character in wanted} <= covered_by(shipped(name))


@pytest.mark.parametrize("source", [INTER, NOTO], ids=["Inter", "Noto Sans SC"])
def test_a_font_has_little_that_was_not_asked_for(source: Source) -> None:
    # Of a bracket that is asked for, its mirror image comes too.
    for name in source.weights:
        assert len(covered_by(shipped(name)) - source.characters) <= 3
