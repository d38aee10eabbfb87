"""The first page as a picture, against one that was looked at and found good.

After a change of design, look at the page, and keep what it is now:

    VHEALTHD_RENEW_PICTURES=1 .venv/bin/pytest -n0 tests/report/test_dashboard_picture.py
"""

import asyncio
import os
from dataclasses import replace

import pypdfium2  # type: ignore[import-untyped]
from PIL import Image, ImageChops, ImageFilter

from tests.report.gallery import GALLERY, PICTURES, Exhibit
from tests.report.pdfs import archival, made
from vhealthd.config import Colours

KEPT = PICTURES / "dashboard.png"
# A pixel differs where a colour does by more than this; so many of them may, as a share.
LEVELS, SHARE = 40, 0.002
ORDINARY = GALLERY["ordinary"]
MILLIMETRE = 3  # pixels, at 72 to the inch
# The card of categories, in pixels.
CARD = (45, 388, 292, 566)


def first_page(pdf: bytes) -> Image.Image:
    """Render the first page at 72 pixels to the inch."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        picture: Image.Image = document[0].render(scale=1).to_pil().convert("RGB")
        return picture
    finally:
        document.close()


def kept() -> Image.Image:
    return Image.open(KEPT).convert("RGB")


def difference(one: Image.Image, other: Image.Image) -> float:
    """Return the share of pixels that differ; a blur takes away how edges are smoothed."""
    blurred = [picture.filter(ImageFilter.GaussianBlur(1)) for picture in (one, other)]
    channels = ImageChops.difference(*blurred).split()
    most = ImageChops.lighter(ImageChops.lighter(channels[0], channels[1]), channels[2])
    return sum(most.histogram()[LEVELS + 1 :]) / (most.width * most.height)


def rendered(exhibit: Exhibit) -> Image.Image:
    return first_page(asyncio.run(archival(exhibit)))


def test_the_dashboard_looks_as_it_did() -> None:
    now = first_page(made("ordinary"))
    if os.environ.get("VHEALTHD_RENEW_PICTURES"):
        now.save(KEPT, optimize=True)

    assert now.size == kept().size
    assert difference(now, kept()) <= SHARE


def test_a_card_that_moved_by_a_millimetre_is_noticed() -> None:
    now = first_page(made("ordinary"))
    moved = now.copy()
    moved.paste(now.crop(CARD), (CARD[0] + MILLIMETRE, CARD[1]))

    assert difference(moved, kept()) > SHARE


def test_another_hue_of_the_same_lightness_is_noticed() -> None:
    look = replace(ORDINARY.look, colours=Colours(primary="#0e2a44", accent="#8a5a00"))

    assert difference(rendered(ORDINARY._replace(look=look)), kept()) > SHARE


def test_a_sentence_that_is_missing_is_noticed() -> None:
    alone = replace(ORDINARY.background, runs=())

    assert difference(rendered(ORDINARY._replace(background=alone)), kept()) > SHARE
