"""The page of a report as a tree, for tests: read by a parser of XML, which takes only what is well-formed."""

from xml.etree import ElementTree as ET

from tests.report.gallery import Exhibit
from tests.report.scans import ENGLISH
from vhealthd.language import Language
from vhealthd.report import view
from vhealthd.report.htmlreport import encode

Row = tuple[str, ...]


def source(of: Exhibit, language: Language = ENGLISH) -> bytes:
    return encode(of.report, language=language, background=of.background, look=of.look)


def page(of: Exhibit, language: Language = ENGLISH) -> ET.Element:
    return ET.fromstring(source(of, language))  # noqa: S314 - our own page


def view_of(of: Exhibit, language: Language = ENGLISH) -> view.View:
    return view.build(of.report, language=language, background=of.background, look=of.look)


def squeezed(text: str) -> str:
    return " ".join(text.split())


def text_of(element: ET.Element) -> str:
    return squeezed("".join(element.itertext()))


def rows_of(element: ET.Element) -> list[Row]:
    return [tuple(map(text_of, row)) for row in element.iter("tr")]


def attributes(element: ET.Element, name: str) -> list[str]:
    return [one.attrib[name] for one in element.iter() if name in one.attrib]
