"""Whatever is in a name or a reason: it is text, in its column, and the PDF stays archival."""

import asyncio
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.report.gallery import Exhibit, showy
from tests.report.pasts import told
from tests.report.pdfs import archival, made
from tests.report.pdftables import tables_of
from tests.report.scans import CHINESE, finding, result, say, scan, store, unseen, usage, vcenter, vm
from tests.report.test_pdf_tables import overlaps
from tests.report.views import strings
from vhealthd.model import Outcome, Resource, VCenterState
from vhealthd.report import view
from vhealthd.report.glyphs import safe


@pytest.mark.parametrize(("name", "code"), [("all hostile", "en"), ("hostile names", "zh")])
def test_no_text_reaches_into_the_next_column(name: str, code: str) -> None:
    tables = tables_of(made(name, code))

    assert sum(len(table.rows) for table in tables) > 100
    assert [found for table in tables for found in overlaps(table)] == []


def everywhere(texts: list[str]) -> Exhibit:
    """Make a report that has each text in every place where text comes from outside."""
    checks = [
        result(
            f"check-{n}",
            [finding(vm(text, n, path=text), text=say("{x}", x=text), key=text)],
            title=text,
            not_examined=[unseen(text, n, text)],
            usages=[usage(store(text, n), Resource.STORAGE, 50)],
        )
        for n, text in enumerate(texts)
    ]
    blind = [result(f"blind-{n}", outcome=Outcome.UNKNOWN, reason=text) for n, text in enumerate(texts)]
    site = replace(
        vcenter(texts[0], [*checks, *blind], tls="unverified"),
        state=VCenterState.PARTIAL,
        url=texts[0],
        reason=texts[0],
        version=texts[0],
        build=texts[0],
        unmatched_scope=tuple(texts),
    )
    report, background = told(replace(scan(site), tool_version=texts[0]))
    return Exhibit(report, background, replace(showy("logo.svg"), title=texts[0], classification=texts[0]))


# JSON has no lone surrogates, and vCenter speaks JSON.
ANY = st.text(st.characters(exclude_categories=["Cs"]), max_size=80)
MARKUP = st.text(st.sampled_from("#$*_`@<>[]{}()=+-/\\\"'~^&%.,:; \n\t0aW\u4e00\u3001\u202e\U0001f600"), max_size=80)


@settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(ANY | MARKUP, min_size=12, max_size=12))
def test_any_text_anywhere_leaves_the_pdf_archival(texts: list[str]) -> None:
    assert asyncio.run(archival(everywhere(texts))).startswith(b"%PDF-1.7")


@settings(max_examples=50, deadline=None)
@given(ANY | MARKUP)
def test_any_text_anywhere_is_shown_safely(text: str) -> None:
    report, background, look = everywhere([text])
    shown = view.build(report, language=CHINESE, background=background, look=look)

    assert [one for one in strings(shown) if safe(one) != one] == []
