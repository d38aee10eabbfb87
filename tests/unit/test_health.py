from structlog.testing import capture_logs

from vhealthd.health import Health


def test_problems_stand_until_they_are_over() -> None:
    health = Health()
    assert health.problems == ()
    health.wrong("storage", "disk full")
    health.wrong("configuration", "line 3")
    assert health.problems == ("configuration: line 3", "storage: disk full")
    health.well("storage")
    health.well("never wrong")
    assert health.problems == ("configuration: line 3",)


def test_a_problem_is_logged_when_it_comes_changes_and_goes_and_not_between() -> None:
    health = Health()
    with capture_logs() as logs:
        for what in ("disk full", "disk full", "read-only"):
            health.wrong("storage", what)
        health.well("storage")
        health.well("storage")
    assert [(line["event"], line.get("problem")) for line in logs] == [
        ("problem", "disk full"),
        ("problem", "read-only"),
        ("problem is over", None),
    ]
