"""The tables of the page, cell by cell: they are what the view has, and what report.json says."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from itertools import repeat
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from mocks.worlds import default_world
from tests.integration.scans import scan_world
from tests.report.gallery import GALLERY, Exhibit
from tests.report.htmlpages import Row, page, rows_of, squeezed, text_of, view_of
from tests.report.scans import CHINESE, ENGLISH, ordinary, scan
from vhealthd.language import Language
from vhealthd.model import CheckResult, Mute, MuteUse, ScanReport
from vhealthd.report import view
from vhealthd.report.jsonreport import as_dict
from vhealthd.report.labels import NOTHING
from vhealthd.report.order import worst_findings_first
from vhealthd.report.words import Words

LANGUAGES = [pytest.param(ENGLISH, id="en"), pytest.param(CHINESE, id="zh")]

# --- as the view has them


def cell(*parts: str | list[str]) -> str:
    """Return what stands in a cell of the page; a text may be in pieces."""
    return squeezed("".join(map("".join, parts)))


class Tables:
    """The tables of a view, in the order of the page; those without rows are not there."""

    def __init__(self, shown: view.View) -> None:
        self.shown, self.labels, self.outcomes = shown, shown["labels"], shown["labels"]["outcomes"]

    def all(self) -> list[list[Row]]:
        chapters = [table for one in self.shown["chapters"] for table in self.chapter(one)]
        tables = [*self.changes(), *self.trends(), *chapters, *self.appendix()]
        return [table for table in tables if table]

    def where(self, row: view.View) -> tuple[str, ...]:
        return (cell(row["vcenter"]),) if self.shown["several"] else ()

    def changes(self) -> Iterator[list[Row]]:
        yield [
            (
                self.outcomes[row["status"]],
                cell(row["title"]),
                cell(row["object"], *self.where(row)),
                cell(row["message"], row["advice"]),
                row["since"],
                row["article"] or NOTHING,
            )
            for row in self.shown["risks"]["rows"]
        ]
        for one in self.shown["changes"]["sections"]:
            yield [
                (
                    cell(self.outcomes[row["status"]], row["was"]),
                    cell(row["title"]),
                    cell(row["object"]),
                    *self.where(row),
                    cell(row["message"]),
                    row["age"],
                )
                for row in one["rows"]
            ]
        yield [
            (cell(row["vcenter"]), cell(row["checks"]), cell(row["reason"]), row["count"])
            for row in self.shown["changes"]["not-compared"]
        ]

    def bar(self, bar: view.View | None) -> str:
        """Return a number, with its status for those who do not see colours."""
        if bar is None:
            return NOTHING
        return cell(bar["text"], "" if bar["status"] == "pass" else " " + self.outcomes[bar["status"]])

    def trends(self) -> Iterator[list[Row]]:
        trends = self.shown["trends"]
        yield [
            (cell(row["name"]), *self.where(row), self.bar(row["cpu"]), self.bar(row["memory"]))
            for row in trends["clusters"]["rows"]
        ]
        yield [
            (cell(row["name"]), *self.where(row), self.bar(row["bar"]), row["capacity"], row["days"])
            for row in trends["datastores"]["rows"]
        ]

    def chapter(self, one: view.View) -> Iterator[list[Row]]:
        yield [
            (
                self.outcomes[row["status"]],
                cell(row["title"]),
                *self.where(row),
                row["limit"],
                row["examined"],
                row["findings"],
            )
            for row in one["checks"]
        ]
        for section in one["sections"]:
            yield [self.finding(row, measures=section["measures"]) for row in section["rows"]]
        yield [
            (self.outcomes[row["status"]], cell(row["checks"]), *self.where(row), cell(row["reason"]))
            for row in one["unjudged"]
        ]
        yield [
            (cell(row["title"]), *self.where(row), cell(row["reason"]), cell(row["names"]), row["count"])
            for row in one["gaps"]["rows"]
        ]

    def finding(self, row: view.View, *, measures: bool) -> Row:
        return (
            cell(self.outcomes[row["status"]], row["quiet"]),
            cell(row["object"], row["path"]),
            *self.where(row),
            cell(row["message"], row["why"]),
            *((cell(row["measured"]), cell(row["limit"])) if measures else ()),
            row["since"],
        )

    def appendix(self) -> Iterator[list[Row]]:
        of = self.shown["appendix"]
        yield [
            (cell(row["name"], row["url"]), cell(row["state"]), cell(row["version"]), row["tls"], row["requests"])
            for row in of["vcenters"]
        ]
        yield [(cell(row["name"]), *row["counts"]) for row in of["vcenters"]]
        yield [(cell(row["vcenter"]), cell(row["names"])) for row in of["unmatched"]]
        yield [
            (
                cell(row["rule"]),
                cell(row["owner"]),
                cell(row["reason"]),
                cell(row["until"], row["state"]),
                row["findings"],
            )
            for row in of["mutes"]
        ]
        yield [(cell(row["what"]), cell(row["sink"]), row["when"], cell(row["reason"])) for row in of["failed"]]
        yield [(cell(row["title"]), cell(row["limits"]), cell(row["origin"])) for row in of["limits"]]
        yield [(self.outcomes[status], words) for status, words in self.labels["meanings"].items()]
        yield [(self.labels[row["kind"]], cell(row["name"]), *self.where(row), row["seconds"]) for row in of["seconds"]]


def listings(of: Exhibit, language: Language) -> list[list[Row]]:
    """Return the tables of a page without their titles, but for those of the first page."""
    return [rows_of(table)[1:] for table in page(of, language).iter("table") if table.attrib["class"] == "listing"]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", GALLERY)
def test_tables_have_the_cells_of_the_view(name: str, language: Language) -> None:
    assert listings(GALLERY[name], language) == Tables(view_of(GALLERY[name], language)).all()


@pytest.mark.parametrize("language", LANGUAGES)
def test_mutes_are_shown_those_too_that_have_expired(language: Language) -> None:
    mute = Mute(
        rule="snapshot-age: name ^backup-", owner="jd", reason="Two weeks are agreed.", until=date(2026, 12, 31)
    )
    of = Exhibit(
        replace(
            scan(ordinary()),
            mutes=(MuteUse(mute=mute, findings=2, expired=False), MuteUse(mute=mute, findings=0, expired=True)),
        )
    )

    assert listings(of, language) == Tables(view_of(of, language)).all()


@pytest.mark.parametrize("name", ["ordinary", "five vCenters", "unreachable"])
def test_the_first_page_counts_as_the_view_does(name: str) -> None:
    of = GALLERY[name]
    the_view, (dashboard,) = view_of(of), page(of).iterfind(".//section[@class='dashboard']")
    outcomes, tables = (
        the_view["labels"]["outcomes"],
        {one.attrib["class"]: rows_of(one) for one in dashboard.iter("table")},
    )

    assert lists(dashboard, "legend") == [
        (outcomes[one["status"]], str(one["count"])) for one in the_view["donut"]["parts"]
    ]
    assert lists(dashboard, "tiles") == [(one["label"], one["value"], one["note"]) for one in the_view["tiles"]]
    assert lists(dashboard, "delta") == [(one["name"], one["value"]) for one in the_view["delta"]]
    assert tables.get("sla", []) == [(one["window"], one["value"], one["note"]) for one in the_view["sla"]]
    assert tables.get("heat", []) == heat(the_view["heat"])


def heat(shown: view.View) -> list[Row]:
    """Return the rows of the heat map: what is critical says so to those who do not see colours."""
    dark = {"critical": " Critical", "warning": "", "pass": ""}
    names = map(cell, shown["columns"], shown["vcenters"] or repeat(""))
    rows = [(row["name"], *(one["count"] + dark[one["status"]] for one in row["cells"])) for row in shown["rows"]]
    return [("", *names), *rows] if rows else []


def lists(element: ET.Element, kind: str) -> list[Row]:
    return [tuple(map(text_of, one)) for one in element.iterfind(f".//dl[@class='{kind}']/div")]


# --- as report.json has them


def told(report: ScanReport, language: Language) -> Iterator[Row]:
    """Yield the rows of the chapters, as report.json has them; without the limits of checks, which it has elsewhere."""
    words, results = Words(language), [(of.name, one) for of in report.vcenters for one in of.results]
    for said, (name, one) in zip(as_dict(report)["results"], results, strict=True):
        where = (name,) if len(report.vcenters) > 1 else ()
        counts = (f"{said['examined']:,}", f"{len(one.counted):,}")
        yield tuple(map(squeezed, (words.outcomes[said["outcome"]], language.words(said["title"]), *where, *counts)))
        yield from map(tuple, (map(squeezed, row) for row in told_of_findings(said, one, where, words)))


def told_of_findings(said: dict[str, Any], result: CheckResult, where: Row, words: Words) -> Iterator[Row]:
    language = words.language
    measures = any(language.measured(found.text) for found in result.findings)
    for one, found in zip(said["findings"], worst_findings_first(result.findings), strict=True):
        by = one["silenced_by"]
        quiet, why = (language.words("Silenced"), words.silenced_by(by)) if by else ("", "")
        yield (
            words.outcomes[one["severity"]] + quiet,
            one["object"]["name"] + (one["object"]["path"] or NOTHING),
            *where,
            language.say(found.text) + why,
            *((language.measured(found.text) or (NOTHING, NOTHING)) if measures else ()),
            NOTHING,
        )


def shown(report: ScanReport, language: Language) -> set[Row]:
    """Return all rows of the page, those of checks without their limits."""
    outcome, check, limit = map(language.words, ("Outcome", "Check", "Limit"))
    rows: set[Row] = set()
    for table in page(Exhibit(report), language).iter("table"):
        titles, *of = rows_of(table)
        of_checks = titles[:2] == (outcome, check) and limit in titles
        rows |= {row[: titles.index(limit)] + row[-2:] if of_checks else row for row in of}
    return rows


@pytest.mark.parametrize("language", LANGUAGES)
async def test_table_cells_of_the_seeded_world_are_what_the_json_says(
    language: Language, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = (await scan_world(default_world(), monkeypatch)).report
    expected = set(told(report, language))

    assert len(expected) > 100
    assert expected - shown(report, language) == set()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ["first run", "unreachable", "five vCenters", "all critical"])
def test_table_cells_are_what_the_json_says(name: str, language: Language) -> None:
    report = GALLERY[name].report

    assert set(told(report, language)) - shown(report, language) == set()
