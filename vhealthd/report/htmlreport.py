"""report.html: the report as one page that needs nothing besides itself."""

from vhealthd.language import Language
from vhealthd.model import ScanReport
from vhealthd.report import view
from vhealthd.report.background import NO_BACKGROUND, Background
from vhealthd.report.look import PLAIN, Look


def encode(
    report: ScanReport, *, language: Language, background: Background = NO_BACKGROUND, look: Look = PLAIN
) -> bytes:
    """Return the page, in UTF-8."""
    return str(view.build(report, language=language, background=background, look=look)).encode()
