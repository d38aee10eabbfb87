"""Every cell of the tables that tell what was found, against report.json, over page breaks and in both languages."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

import pytest

from tests.report.gallery import GALLERY, Exhibit
from tests.report.pdfs import archival
from tests.report.pdftables import Table, tables_of, without_blanks
from tests.report.seeded import seeded
from vhealthd.compare import Change
from vhealthd.language import language_of
from vhealthd.model import CheckResult, Finding
from vhealthd.report.glyphs import safe
from vhealthd.report.jsonreport import as_dict
from vhealthd.report.labels import NOTHING
from vhealthd.report.order import worst_findings_first
from vhealthd.report.reportwords import ReportWords
from vhealthd.wording import english

Row = list[str]
Said = dict[str, Any]


class Read(NamedTuple):
    """A PDF read back, and what it is to be compared with."""

    tables: list[Table]
    exhibit: Exhibit
    words: ReportWords
    said: Said

    def below(self, *titles: str) -> Iterator[Row]:
        """Yield the rows of all tables with these titles."""
        wanted = [without_blanks(self.words.language.words(one)) for one in titles]
        for table in self.tables:
            if table.titles == wanted:
                yield from table.texts

    def results(self) -> Iterator[tuple[Said, CheckResult]]:
        """Yield results as report.json has them, with those that they were made of."""
        of = (result for vcenter in self.exhibit.report.vcenters for result in vcenter.results)
        yield from zip(self.said["results"], of, strict=True)

    def findings(self) -> Iterator[tuple[Said, Said, Finding]]:
        for result, of in self.results():
            for finding, found in zip(result["findings"], worst_findings_first(of.findings), strict=True):
                yield result, finding, found


WORLDS: dict[str, Callable[[], Exhibit]] = {
    "seeded world": seeded,
    "five vCenters": lambda: GALLERY["five vCenters"],
}


@cache
def read(world: str, code: str) -> Read:
    exhibit, language = WORLDS[world](), language_of(code)
    report, background, _ = exhibit
    pdf = asyncio.run(archival(exhibit, language))
    words = ReportWords(language, background.zone)
    return Read(tables_of(pdf), exhibit, words, as_dict(report, background))


@pytest.fixture(params=[("seeded world", "en"), ("seeded world", "zh"), ("five vCenters", "en")], ids=" in ".join)
def pdf(request: pytest.FixtureRequest) -> Read:
    return read(*request.param)


def bare(*cells: str) -> Row:
    return [without_blanks(safe(one)) for one in cells]


def if_several(pdf: Read, cell: str) -> Sequence[str]:
    return [cell] if len(pdf.exhibit.report.vcenters) > 1 else []


def day_of(pdf: Read, moment: str | None) -> str:
    if moment is None:
        return NOTHING
    return datetime.fromisoformat(moment).astimezone(pdf.exhibit.background.zone).date().isoformat()


def test_findings_are_those_of_the_json(pdf: Read) -> None:
    """A check that measures nothing has no columns for that."""
    before, after = ["Status", "Object", *if_several(pdf, "vCenter"), "Finding"], ["First seen"]
    measuring = {result["check"] for result, _, found in pdf.findings() if pdf.words.language.measured(found.text)}

    def told(*, measured: bool) -> list[list[str]]:
        nothing = (NOTHING, NOTHING)
        return sorted(
            bare(
                pdf.words.outcomes[finding["severity"]],
                finding["object"]["name"] + (finding["object"]["path"] or NOTHING),
                *if_several(pdf, result["vcenter"]),
                pdf.words.language.say(found.text),
                *((pdf.words.language.measured(found.text) or nothing) if measured else ()),
                day_of(pdf, finding["first_seen"]),
            )
            for result, finding, found in pdf.findings()
            if (result["check"] in measuring) is measured
        )

    assert len(told(measured=True)) > 10
    assert sorted(pdf.below(*before, "Measured", "Limit", *after)) == told(measured=True)
    assert sorted(pdf.below(*before, *after)) == told(measured=False)


def test_the_message_of_a_finding_has_its_numbers(pdf: Read) -> None:
    """The limit and what was measured, if they have cells of their own, are parts of the English message."""
    for _, finding, found in pdf.findings():
        assert english(found.text) == finding["message"]
        if pdf.words.language.code == "en":
            assert all(part in finding["message"] for part in pdf.words.language.measured(found.text) or ())


def test_checks_are_those_of_the_json(pdf: Read) -> None:
    titles = ["Outcome", "Check", *if_several(pdf, "vCenter"), "Limit", "Examined", "Findings"]
    told = [
        bare(
            pdf.words.outcomes[result["outcome"]],
            pdf.words.language.words(result["title"]),
            *if_several(pdf, result["vcenter"]),
            first_limits(pdf, result["check"]),
            pdf.words.number(result["examined"]),
            pdf.words.number(sum(not one["muted"] and not one["silenced_by"] for one in result["findings"])),
        )
        for result, _ in pdf.results()
    ]

    assert len(told) > 20
    assert sorted(pdf.below(*titles)) == sorted(told)


def first_limits(pdf: Read, check: str) -> str:
    """Return the first limit of a check that grades, with its counterpart: `85 / 95 %`."""
    graded = {
        one["name"]: one
        for one in pdf.said["limits"]
        if one["check"] == check and one["match"] is None and one["name"].startswith(("warning_", "critical_"))
    }
    graded = {name: one for name, one in graded.items() if one["value"] != "null"}
    if not graded:
        return NOTHING
    about = next(iter(graded)).partition("_")[2]
    pair = [graded[name] for name in graded if name.partition("_")[2] == about]
    return f"{' / '.join(one['value'] for one in pair)} {pdf.words.language.words(pair[0]['unit'])}"


def test_limits_in_force_are_those_of_the_json(pdf: Read) -> None:
    rows = list(pdf.below("Check", "Limits in force", "Origin"))

    said = "".join(row[1] for row in rows)
    assert pdf.said["limits"]
    for one in pdf.said["limits"]:
        assert without_blanks(safe(f"{one['name']}: {one['value']}")) in said


def test_what_is_most_full_is_that_of_the_json(pdf: Read) -> None:
    stores = [
        (one, result["vcenter"])
        for result in pdf.said["results"]
        for one in result["usage"]
        if one["resource"] == "storage"
    ]
    told = [
        bare(
            one["object"]["name"],
            *if_several(pdf, vcenter),
            pdf.words.language.percent(one["percent"]),
            pdf.words.language.size(one["capacity"]),
            NOTHING if one["days_to_full"] is None else pdf.words.full_in(one["days_to_full"]),
        )
        for one, vcenter in sorted(stores, key=lambda one: -one[0]["percent"])[:20]
    ]

    assert len(told) > 2
    assert list(pdf.below("Datastore", *if_several(pdf, "vCenter"), "Used", "Capacity", "Full in")) == told


def test_risks_are_findings_of_the_json_critical_first(pdf: Read) -> None:
    rows = list(pdf.below("Status", "Check", "Object", "Finding", "First seen", "Article"))

    by_object = {
        tuple(bare(pdf.words.outcomes[finding["severity"]], title_of(pdf, result), where(pdf, result, finding)))
        for result, finding, _ in pdf.findings()
    }
    assert len(rows) == 10
    assert {tuple(row[:3]) for row in rows} <= by_object
    criticals = sum(finding["severity"] == "critical" for _, finding, _ in pdf.findings())
    assert [row[0] == pdf.words.outcomes["critical"] for row in rows] == [at < criticals for at in range(10)]


def title_of(pdf: Read, result: Said) -> str:
    return pdf.words.language.words(result["title"])


def where(pdf: Read, result: Said, finding: Said) -> str:
    return "".join([finding["object"]["name"], *if_several(pdf, result["vcenter"])])


def test_new_findings_are_those_that_the_json_saw_first_in_this_run(pdf: Read) -> None:
    begun, known = pdf.exhibit.report.started, pdf.exhibit.background.first_seen
    told = sorted(
        bare(title_of(pdf, result), finding["object"]["name"], *if_several(pdf, result["vcenter"]))
        for result, finding, _ in pdf.findings()
        if known.get(finding["identity"], begun) >= begun
    )
    heading = without_blanks(pdf.words.change_heading(Change.NEW, len(told)))

    (table,) = [one for one in pdf.tables if without_blanks(one.heading) == heading]
    assert sorted(row[1:-2] for row in table.texts) == told


def test_no_text_reaches_into_the_next_column(pdf: Read) -> None:
    assert [found for table in pdf.tables for found in overlaps(table)] == []


def overlaps(table: Table) -> Iterator[str]:
    """Yield where a column has text that is further right than the begin of the next one."""
    columns = list(table.columns())
    for title, left, right in zip(table.titles, columns, columns[1:], strict=False):
        for page in left.keys() & right.keys():
            if left[page][1] > right[page][0]:
                yield f"{table.heading}: {title} on page {page}"
