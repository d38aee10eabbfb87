"""The dashboard in deploy/grafana asks for what is served, can be read, and fits any Grafana."""

import json
import re
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from tests.meta.test_metrics_page import LABELS, asked, samples, wrong
from vhealthd import metrics
from vhealthd.model import Severity
from vhealthd.report import dashboard

Json = dict[str, Any]

DASHBOARD: Json = json.loads((Path(__file__).parents[2] / "deploy/grafana/vhealthd.json").read_text())
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
COLUMNS = 24
PANELS: list[Json] = [one for one in DASHBOARD["panels"] if one["type"] != "row"]

each_panel = pytest.mark.parametrize("panel", PANELS, ids=lambda panel: str(panel["title"]))


def everything(part: object) -> Iterator[Json]:
    """Yield every object of the dashboard."""
    if isinstance(part, dict):
        yield part
        part = list(part.values())
    if isinstance(part, list):
        for one in part:
            yield from everything(one)


def shown(panel: Json, text: str) -> set[str]:
    """Return the values that a panel shows as this text."""
    mappings = (one["options"] for one in everything(panel) if one.get("type") == "value")
    return {value for options in mappings for value, as_ in options.items() if as_["text"] == text}


def the(title: str) -> Json:
    return next(panel for panel in PANELS if panel["title"] == title)


@each_panel
def test_a_panel_says_what_it_shows_and_in_which_unit(panel: Json) -> None:
    assert panel["title"]
    assert panel["description"].endswith(".")
    assert panel["fieldConfig"]["defaults"]["unit"]


@each_panel
def test_a_panel_asks_for_what_is_served(panel: Json) -> None:
    assert panel["targets"]
    assert [target["expr"] for target in panel["targets"] if wrong(target["expr"])] == []


@each_panel
def test_a_panel_that_can_shows_the_chosen_vcenters_alone(panel: Json) -> None:
    for target in panel["targets"]:
        for name, matchers in re.findall(r"(vhealthd_\w+)(\{[^}]*\})?", target["expr"]):
            assert ('vcenter=~"$vcenter"' in matchers) == ("vcenter" in samples()[name])


@each_panel
def test_a_legend_names_labels_that_are_left(panel: Json) -> None:
    for target in panel["targets"]:
        query, named = target["expr"], set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
        made = set(re.findall(r'count_values\("(\w+)"', query))
        grouped = set(re.findall(r"\w+", " ".join(LABELS.findall(query)))) - {"le"}
        every = frozenset().union(*(samples()[name] for name, _ in asked(query)))
        assert named == grouped | made if grouped | made else named <= every


def test_ids_are_unique() -> None:
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    refs = [[target["refId"] for target in panel["targets"]] for panel in PANELS]

    assert len(ids) == len(set(ids))
    assert all(len(some) == len(set(some)) for some in refs)


def test_the_data_source_is_chosen_by_who_looks() -> None:
    variables = {one["name"]: one for one in DASHBOARD["templating"]["list"]}
    sources = [one["datasource"] for one in everything(DASHBOARD) if "datasource" in one]

    assert list(variables) == ["datasource", "vcenter"]
    assert (variables["datasource"]["type"], variables["datasource"]["query"]) == ("datasource", "prometheus")
    assert len(sources) > len(PANELS)
    assert all(one == DATASOURCE for one in sources)
    assert all("datasource" in target for panel in PANELS for target in panel["targets"])


def test_it_is_of_no_single_grafana() -> None:
    uids = {one["uid"] for one in everything(DASHBOARD) if "uid" in one}

    assert uids == {"${datasource}"}
    assert "id" not in DASHBOARD
    assert DASHBOARD["timezone"] == ""
    assert "://" not in json.dumps(DASHBOARD)


def test_the_vcenters_to_choose_from_are_those_that_were_scanned() -> None:
    variable = DASHBOARD["templating"]["list"][1]
    ((name, label),) = re.findall(r"^label_values\((\w+), (\w+)\)$", variable["query"]["query"])

    assert label in samples()[name]
    assert variable["definition"] == variable["query"]["query"]


def test_panels_lie_side_by_side_within_the_width() -> None:
    places = [panel["gridPos"] for panel in DASHBOARD["panels"]]
    cells = [
        {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])} for at in places
    ]

    assert all(at["x"] + at["w"] <= COLUMNS for at in places)
    assert not any(one & other for one, other in combinations(cells, 2))
    assert len(set().union(*cells)) == COLUMNS * max(at["y"] + at["h"] for at in places), "no hole"


def test_numbers_are_shown_as_the_outcomes_that_they_stand_for() -> None:
    renamed = {
        one["matcher"]["options"]: part["value"]
        for one in the("Checks by outcome")["fieldConfig"]["overrides"]
        for part in one["properties"]
        if part["id"] == "displayName"
    }

    assert renamed == {str(number): outcome.value for outcome, number in metrics._STATUS.items()}
    assert all(shown(the("Checks to look at"), text) <= {number} for number, text in renamed.items())
    assert shown(the("Checks to look at"), "critical") == {"3"}


@pytest.mark.parametrize("title", ["Findings by severity", "Open alerts by severity"])
def test_every_severity_has_its_colour(title: str) -> None:
    overrides = the(title)["fieldConfig"]["overrides"]

    assert {one["matcher"]["options"] for one in overrides} == {one.value for one in Severity}


def test_the_score_is_graded_as_in_the_report() -> None:
    steps = the("Health score")["fieldConfig"]["defaults"]["thresholds"]["steps"]

    assert [(one["color"], one["value"]) for one in steps] == [
        ("red", None),
        ("orange", dashboard._POOR),
        ("green", dashboard._FAIR),
    ]
