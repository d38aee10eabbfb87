"""The alerts and the example in deploy/prometheus, judged by Prometheus's own tool."""

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.peers.test_prometheus import installed, said_by

PROMETHEUS = Path(__file__).parents[2] / "deploy/prometheus"


@pytest.fixture
def tool() -> str:
    return installed("promtool")


def loaded(name: str) -> Any:  # noqa: ANN401 - whatever the file holds
    return YAML(typ="safe").load(PROMETHEUS / name)


def expected() -> list[dict[str, Any]]:
    """Return every expectation of the tests of the rules."""
    return [one for test in loaded("rules.test.yml")["tests"] for one in test["alert_rule_test"]]


async def test_the_rules_are_rules(tool: str) -> None:
    code, said = await said_by(tool, "check", "rules", "--lint-fatal", str(PROMETHEUS / "rules.yml"))

    assert code == 0, said


async def test_the_rules_do_what_their_tests_say(tool: str) -> None:
    code, said = await said_by(tool, "test", "rules", str(PROMETHEUS / "rules.test.yml"))

    assert code == 0, said


def test_every_alert_is_seen_to_come_and_to_stay_away() -> None:
    alerts = {rule["alert"] for group in loaded("rules.yml")["groups"] for rule in group["rules"]}

    assert {one["alertname"] for one in expected() if one.get("exp_alerts")} == alerts
    assert {one["alertname"] for one in expected() if not one.get("exp_alerts")} == alerts


async def test_the_example_is_a_configuration_that_loads_the_rules(tool: str) -> None:
    code, said = await said_by(tool, "check", "config", str(PROMETHEUS / "scrape.example.yml"))

    assert code == 0, said
    assert "1 rule files found" in said
