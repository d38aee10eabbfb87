"""report.html: the report as one page that needs nothing besides itself.

It shows what the PDF shows, in the same order: its templates, `*.html.j2` beside this file, take the same view. Names
come from vCenter and are hostile: Jinja escapes whatever it puts in, and the page's own policy lets nothing act and
nothing be fetched.
"""

import base64
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from vhealthd.language import Language
from vhealthd.model import ScanReport
from vhealthd.report import view
from vhealthd.report.background import NO_BACKGROUND, Background
from vhealthd.report.look import PLAIN, Look


def encode(
    report: ScanReport, *, language: Language, background: Background = NO_BACKGROUND, look: Look = PLAIN
) -> bytes:
    """Return the page, in UTF-8. The same report gives the same bytes."""
    shown = view.build(report, language=language, background=background, look=look)
    page = _environment().get_template("report.html.j2")
    return page.render(
        view=shown, labels=shown["labels"], several=shown["several"], tag=language.tag, logo=_data_uri(look.logo)
    ).encode()


@cache
def _environment() -> Environment:
    """Return the environment of the templates; it keeps them compiled."""
    environment = Environment(
        loader=PackageLoader("vhealthd.report", package_path=""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["css_string"] = css_string
    return environment


def css_string(text: str) -> str:
    """Return a text as the inside of a CSS string: all but letters and digits by their code points.

    So it can end neither the string nor the style sheet, and HTML has nothing to escape in it.
    """
    return "".join(one if one.isascii() and one.isalnum() else f"\\{ord(one):x} " for one in text)


def _data_uri(logo: str | None) -> str:
    """Return an SVG as an address for <img>: a browser runs no script and fetches nothing in a picture."""
    return f"data:image/svg+xml;base64,{base64.b64encode(logo.encode()).decode()}" if logo else ""
