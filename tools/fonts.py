"""`make fonts`: makes the fonts of the PDF in `typst_templates/fonts/` anew, as subsets of those in two npm packages.

Needs npm, which fetches the packages from the registry that it is set up for. The same packages and the same version of
fontTools give the same bytes.
"""

import hashlib
import io
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from fontTools import subset  # type: ignore[import-untyped]
from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

FOLDER = Path(__file__).parents[1] / "typst_templates" / "fonts"
# Of Latin, Greek and Cyrillic with their punctuation: currencies, letterlike signs, arrows, mathematics, shapes.
_EUROPEAN = (
    *((0x20, 0x7E), (0xA0, 0x24F), (0x370, 0x52F), (0x1E00, 0x1EFF)),
    *((0x2000, 0x206F), (0x20A0, 0x20CF), (0x2100, 0x218F), (0x2190, 0x21FF), (0x2200, 0x22FF), (0x25A0, 0x25FF)),
)
# Beside GB 2312: ASCII, western Latin, punctuation and arrows; kana and full-width forms.
_BESIDE_CHINESE = (
    *((0x20, 0x7E), (0xA0, 0x17F), (0x2013, 0x2014), (0x2018, 0x2019), (0x201C, 0x201D), (0x2022, 0x2022)),
    *((0x2026, 0x2026), (0x2190, 0x2193), (0x25A1, 0x25A1), (0x25B2, 0x25B2), (0x25BC, 0x25BC)),
    *((0x3000, 0x303F), (0xFF00, 0xFF5F), (0xFFFD, 0xFFFD)),
)
_BYTES_OF_GB_2312 = range(0xA1, 0xFF)


class FontError(Exception):
    """A package is not the one that these fonts are made of."""


@dataclass(frozen=True, slots=True)
class Source:
    """An npm package with static fonts, and what is kept of them. `weights` has a member for each file to make."""

    package: str
    version: str
    sha256: str
    weights: Mapping[str, str]
    characters: frozenset[int]
    features: tuple[str, ...]
    dropped: tuple[str, ...] = ()


def _members(ranges: Iterable[tuple[int, int]]) -> Iterator[int]:
    for first, last in ranges:
        yield from range(first, last + 1)


def _gb_2312() -> Iterator[int]:
    """Yield the characters of GB 2312, as Python's codec knows them."""
    for row in _BYTES_OF_GB_2312:
        for column in _BYTES_OF_GB_2312:
            yield from map(ord, bytes((row, column)).decode("gb2312", "ignore"))


INTER = Source(
    package="@expo-google-fonts/inter",
    version="0.4.2",
    sha256="b5c1e5878c07a5637169da9f7b1f370c69709f1f8de55998e2522f7aa9dfe2a9",
    weights={
        "Inter-Regular.ttf": "package/400Regular/Inter_400Regular.ttf",
        "Inter-Medium.ttf": "package/500Medium/Inter_500Medium.ttf",
        "Inter-SemiBold.ttf": "package/600SemiBold/Inter_600SemiBold.ttf",
        "Inter-Bold.ttf": "package/700Bold/Inter_700Bold.ttf",
    },
    characters=frozenset(_members(_EUROPEAN)),
    # not the stylistic sets: they have glyphs of their own for half of the alphabet
    features=("calt", "case", "ccmp", "kern", "locl", "tnum", "zero"),
)
NOTO = Source(
    package="@expo-google-fonts/noto-sans-sc",
    version="0.4.3",
    sha256="0d69d0f4971d2ff574e3d93cbc218dc950bf3f3f8f8e2c008d97687ed53aee59",
    weights={
        "NotoSansSC-Regular-GB2312.ttf": "package/400Regular/NotoSansSC_400Regular.ttf",
        "NotoSansSC-Bold-GB2312.ttf": "package/700Bold/NotoSansSC_700Bold.ttf",
    },
    characters=frozenset(_members(_BESIDE_CHINESE)) | frozenset(_gb_2312()),
    features=("*",),
    dropped=("vhea", "vmtx"),  # nothing is set from top to bottom
)


def make(source: Source, package: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the name and the bytes of each font that is made of a package. Raises FontError if it is another one."""
    if (found := hashlib.sha256(package).hexdigest()) != source.sha256:
        raise FontError(f"{source.package} {source.version} has the SHA-256 {found}; it should be {source.sha256}")
    with tarfile.open(fileobj=io.BytesIO(package)) as files:
        for name, member in source.weights.items():
            file = files.extractfile(member)
            if file is None:
                raise FontError(f"{source.package} {source.version} has no file {member}")
            yield name, reduced(file.read(), source)


def reduced(font: bytes, source: Source) -> bytes:
    """Return a font with the characters and features that are wanted of it."""
    options = subset.Options()
    options.layout_features = list(source.features)
    options.drop_tables += source.dropped
    options.name_IDs = ["*"]
    options.notdef_outline = True
    options.hinting = False
    reducer = subset.Subsetter(options)
    reducer.populate(unicodes=source.characters)
    made = io.BytesIO()
    with TTFont(io.BytesIO(font), recalcTimestamp=False) as opened:
        reducer.subset(opened)
        opened.save(made)
    return made.getvalue()


def fetch(source: Source) -> bytes:
    """Return a package as npm has it."""
    with tempfile.TemporaryDirectory() as folder:
        wanted = f"{source.package}@{source.version}"
        command = ["npm", "pack", wanted, "--silent", "--pack-destination", folder, "--cache", f"{folder}/cache"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - a fixed command
        (package,) = Path(folder).glob("*.tgz")
        return package.read_bytes()


def main() -> int:
    """Write all fonts, and say whether they changed."""
    for source in (INTER, NOTO):
        for name, font in make(source, fetch(source)):
            path = FOLDER / name
            changed = not path.exists() or path.read_bytes() != font
            path.write_bytes(font)
            sys.stdout.write(f"{path.name}: {len(font):,} bytes, {'changed' if changed else 'as it was'}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
