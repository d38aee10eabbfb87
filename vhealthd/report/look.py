"""How a report looks on this site: title, mark, logo, colours, paper."""

import base64
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from vhealthd.config import Colours, ReportSettings

log = structlog.get_logger(__name__)

_TYPES = {".svg": "image/svg+xml", ".png": "image/png"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a site may choose. `logo` is an SVG: one that was given as PNG lies within it."""

    title: str | None = None
    classification: str | None = None
    paper: str = "a4"
    colours: Colours = field(default_factory=Colours)
    logo: str | None = None


PLAIN = Look()


def look_of(settings: ReportSettings) -> Look:
    """Return the look that is configured. A logo that cannot be read any more is left out, and logged."""
    return Look(
        title=settings.title,
        classification=settings.classification,
        paper=settings.paper,
        colours=settings.colours,
        logo=_logo(settings.logo) if settings.logo else None,
    )


def _logo(file: Path) -> str | None:
    try:
        data = file.read_bytes()
        return data.decode() if file.suffix.lower() == ".svg" else _wrapped(data)
    except (OSError, ValueError) as error:
        log.warning("the report goes without its logo", file=str(file), why=str(error))
        return None


def _wrapped(png: bytes) -> str:
    """Return a PNG as an SVG of its size: Typst takes its sources as text. Raises ValueError for what is no PNG."""
    if png[:8] != b"\x89PNG\r\n\x1a\n" or png[12:16] != b"IHDR":
        raise ValueError("it is no PNG")
    width, height = int.from_bytes(png[16:20]), int.from_bytes(png[20:24])
    picture = f"data:{_TYPES['.png']};base64,{base64.b64encode(png).decode()}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">'
        f'<image width="{width}" height="{height}" href="{picture}"/></svg>'
    )
