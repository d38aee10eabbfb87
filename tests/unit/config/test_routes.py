"""Routes in the configuration: what may be written, and what is said of what may not."""

import re
from datetime import timedelta
from importlib.metadata import EntryPoint

import jsonschema  # type: ignore[import-untyped]  # it ships no types
import pytest

from tests.unit.config.conftest import Write
from vhealthd import configcli
from vhealthd.catalogue import GROUP, Catalogue
from vhealthd.config import AlertSettings, InvalidConfigError, RouteMatch, RouteSettings, Settings, load, read
from vhealthd.model import Category, Severity

START = """\
vcenters:
  - {name: prod, url: "https://vc01", username: svc, password: {file: password}}
channels:
  oncall: {type: pagerduty, routing_key: {file: password}}
"""
MAIL = "mail: {host: mail.example.com, from: a@example.com, to: [b@example.com]}\n"
CATALOGUE = Catalogue.discover([EntryPoint("builtin", "vhealthd_checks", GROUP)])
SEE_ALL = "(`vhealthd checks` shows all)"
CATEGORIES = "connectivity, watermark, infrastructure, compute, storage, network, vm"
KEYS = "category, check, cluster, datacenter, folder, name, severity, vcenter"

RIGHT = [
    "to: oncall",
    "to: [oncall, audit-log, mail-digest]",
    "to: [oncall], collect: 0s",
    "to: [oncall], collect: 24h",
    "match: {severity: critical, category: vm, check: snapshot-age, vcenter: prod}, to: oncall, collect: 90s",
    "match: {severity: [warning, info], category: [vm, storage], check: [snapshot-age], vcenter: [prod]}, to: [oncall]",
    'match: {name: "^db-", folder: /DC0/vm, cluster: a, datacenter: b}, to: [oncall]',
    "match: {check: unknown}, to: oncall",
]

# what is written as the only route, in line 6; and what is said of it
WRONG = [
    # where to
    (
        "match: {severity: critical}",
        "to: is missing: Channels by name; audit-log is always there, and mail-digest where there is mail.",
    ),
    ("to: []", "to: expected a list with at least one entry"),
    ("to: 5", "to: expected a list with at least one entry"),
    ("to: [oncal]", 'to[0]: no channel has this name; did you mean "oncall"?'),
    ("to: pager", "to: no channel has this name; write it in channels"),
    ("to: [oncall, mail]", "to[1]: no channel has this name; write it in channels"),
    ("to: [mail-digest]", "to[0]: there is mail-digest only with the section mail, which is not there"),
    # which findings
    (
        "match: {severity: critcal}, to: oncall",
        'match.severity[0]: expected one of: info, warning, critical; did you mean "critical"?',
    ),
    ("match: {severity: 5}, to: oncall", "match.severity: expected a list"),
    ("match: {category: [vms]}, to: oncall", f'match.category[0]: expected one of: {CATEGORIES}; did you mean "vm"?'),
    (
        "match: {check: snapshot-aeg}, to: oncall",
        f'match.check: no check has this name; did you mean "snapshot-age"? {SEE_ALL}',
    ),
    ("match: {check: [snapshot-age, zebra]}, to: oncall", f"match.check[1]: no check has this name {SEE_ALL}"),
    ("match: {check: storage}, to: oncall", "match.check: this is a category; write it as category"),
    (
        "match: {vcenter: prd}, to: oncall",
        'match.vcenter: no vCenter has this name; did you mean "prod"?',
    ),
    ("match: {vcenter: [prod, lab]}, to: oncall", "match.vcenter[1]: no vCenter has this name"),
    ("to: oncall, collect: 24.5h", "collect: expected at most 24h: what is wrong should be told on the same day"),
    ("to: oncall, collect: 7d", "collect: expected at most 24h: what is wrong should be told on the same day"),
    ('match: {name: "("}, to: oncall', "match.name: expected a regular expression"),
    ("match: {host: a}, to: oncall", f"match.host: unknown key (expected one of: {KEYS})"),
    ("match: storage, to: oncall", f"match: expected a section with keys such as: {KEYS}"),
    # the rest
    ("to: oncall, collect: 5", "collect: a time needs its unit, such as 500ms, 60s, 15m, 2h or 1d"),
    ("too: oncall, to: oncall", 'too: unknown key; did you mean "to"? (expected one of: collect, match, to)'),
]


@pytest.mark.parametrize("text", RIGHT)
def test_what_may_be_written(text: str, write: Write) -> None:
    file = write(f"{START}{MAIL}routes: [{{{text}}}]\n")
    loaded = load(file, also=CATALOGUE.problems)

    assert loaded.warnings == ()
    jsonschema.validate(read(file).data, configcli.schema(CATALOGUE))


def test_one_word_is_a_list_of_one(write: Write) -> None:
    match = 'severity: critical, category: vm, check: snapshot-age, vcenter: prod, name: "^a"'
    (route,) = load(write(f"{START}routes: [{{match: {{{match}}}, to: oncall, collect: 5m}}]\n")).settings.routes or ()

    assert route == RouteSettings(
        match=RouteMatch(
            severity=(Severity.CRITICAL,),
            category=(Category.VM,),
            check=("snapshot-age",),
            vcenter=("prod",),
            name=re.compile("^a"),
        ),
        to=("oncall",),
        collect=timedelta(minutes=5),
    )


@pytest.mark.parametrize(("text", "line"), WRONG)
def test_a_wrong_route_is_named_and_explained(text: str, line: str, write: Write) -> None:
    file = write(f"{START}routes:\n  - {{{text}}}\n")
    with pytest.raises(InvalidConfigError) as caught:
        load(file, also=CATALOGUE.problems)
    assert str(caught.value) == f"{file}:6: routes[0].{line}"


@pytest.mark.parametrize("routes", ["5", "{to: a}", "[5]"])
def test_what_is_no_list_of_sections_is_one_line(routes: str, write: Write) -> None:
    with pytest.raises(InvalidConfigError) as caught:
        load(write(f"{START}routes: {routes}\n"), also=CATALOGUE.problems)
    assert len(caught.value.problems) == 1


def test_without_routes_the_default_ones_hold(write: Write) -> None:
    loaded = load(write(START))
    assert (loaded.settings.routes, loaded.warnings) == (None, ())


@pytest.mark.parametrize("routes", ["[]", "[{to: audit-log}]"])
def test_a_channel_that_no_route_names_is_worth_a_warning(routes: str, write: Write) -> None:
    (warning,) = load(write(f"{START}routes: {routes}\n")).warnings

    assert (warning.line, warning.path) == (4, "channels.oncall")
    assert warning.message == "no route names it, so it is told nothing; name it in routes"


def test_a_check_that_is_not_there_is_found_without_a_file_too() -> None:
    vcenter = {"name": "a", "url": "https://a", "username": "b", "password": {"env": "C"}}
    routes = [{"match": {"check": "zebra"}, "to": "audit-log"}]
    settings = Settings.model_validate({"vcenters": [vcenter], "routes": routes})
    with pytest.raises(InvalidConfigError, match=r"routes\[0\]\.match\.check\[0\]: no check has this name"):
        CATALOGUE.bind(settings)


def test_when_somebody_is_told_again(write: Write) -> None:
    assert load(write(START)).settings.alerts == AlertSettings(repeat_every=timedelta(hours=24), roll_up_over=5)

    alerts = load(write(f"{START}alerts: {{repeat_every: 6h, roll_up_over: 10}}\n")).settings.alerts
    assert (alerts.repeat_every, alerts.roll_up_over) == (timedelta(hours=6), 10)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("repeat_every: 0s", "repeat_every: a time must be longer than 0"),
        ("roll_up_over: 0", "roll_up_over: expected a whole number from 1 to 10000"),
    ],
)
def test_wrong_settings_of_alerts_are_named_and_explained(text: str, line: str, write: Write) -> None:
    file = write(f"{START}alerts: {{{text}}}\n")
    with pytest.raises(InvalidConfigError) as caught:
        load(file)
    assert str(caught.value) == f"{file}:5: alerts.{line}"
