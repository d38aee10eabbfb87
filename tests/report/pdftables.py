"""Reads tables back out of a PDF by its tags, over page breaks, as a screen reader does."""

import io
import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, NamedTuple

import pdfplumber

HEADINGS = ("H1", "H2")

Node = dict[str, Any]
Marks = dict[tuple[int, int], list[Node]]  # characters by page and mark


class Cell(NamedTuple):
    """The text of a cell without blanks, and the places of its characters: page, left end, right end."""

    text: str
    extents: list[tuple[int, float, float]]


class Table(NamedTuple):
    """A table, and the heading that it stands below. What repeats on later pages is no row."""

    heading: str
    titles: list[str]
    rows: list[list[Cell]]

    @property
    def texts(self) -> list[list[str]]:
        """The rows as text."""
        return [[cell.text for cell in row] for row in self.rows]

    def columns(self) -> Iterator[dict[int, tuple[float, float]]]:
        """Yield each column's left and right end on the pages where it has text."""
        for cells in zip(*self.rows, strict=True):
            ends: dict[int, tuple[float, float]] = {}
            for page, left, right in (extent for cell in cells for extent in cell.extents):
                low, high = ends.get(page, (left, right))
                ends[page] = (min(low, left), max(high, right))
            yield ends


def tables_of(pdf: bytes) -> list[Table]:
    """Return all tables in the order of reading."""
    with pdfplumber.open(io.BytesIO(pdf)) as document:
        marks: Marks = defaultdict(list)
        for page in document.pages:
            for char in page.chars:
                if char["mcid"] is not None:
                    marks[page.page_number, char["mcid"]].append(char)
        return list(_tables(document.structure_tree, marks))


def without_blanks(text: str) -> str:
    """Drop blanks: a line may end at any of them."""
    return re.sub(r"\s", "", text)


def _tables(tree: list[Node], marks: Marks) -> Iterator[Table]:
    heading = ""
    for node in _walk(tree):
        if node["type"] in HEADINGS:
            heading = node.get("title", "")
        if node["type"] == "Table":
            head, *rows = [row["children"] for row in _all(node, "TR")]
            titles = {cell["id"]: _cell(cell, marks).text for cell in head}
            yield Table(heading, list(titles.values()), [_row(row, list(titles), marks) for row in rows])


def _walk(nodes: list[Node]) -> Iterator[Node]:
    """Yield all nodes but those within tables."""
    for node in nodes:
        yield node
        if node["type"] != "Table":
            yield from _walk(node.get("children", []))


def _all(node: Node, kind: str) -> Iterator[Node]:
    for child in node.get("children", []):
        if child["type"] == kind:
            yield child
        else:
            yield from _all(child, kind)


def _row(cells: list[Node], columns: list[str], marks: Marks) -> list[Cell]:
    """Return the cells of a row by the titles that they name: one without text is not in the tree."""
    found = {cell["attributes"]["Headers"][0].decode(): _cell(cell, marks) for cell in cells}
    return [found.get(one, Cell("", [])) for one in columns]


def _cell(node: Node, marks: Marks) -> Cell:
    chars = [char for one in _under(node) for mark in one.get("mcids", []) for char in marks[one["page_number"], mark]]
    shown = [char for char in chars if not char["text"].isspace()]
    return Cell(
        without_blanks("".join(char["text"] for char in shown)),
        [(char["page_number"], char["x0"], char["x1"]) for char in shown],
    )


def _under(node: Node) -> Iterator[Node]:
    yield node
    for child in node.get("children", []):
        yield from _under(child)
