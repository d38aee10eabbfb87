"""Mutes in the configuration: what may be written, and what is said of what may not."""

import re
from datetime import date
from importlib.metadata import EntryPoint
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # it ships no types
import pytest

from tests.unit.config.conftest import Write
from vhealthd import configcli
from vhealthd.catalogue import GROUP, Catalogue
from vhealthd.config import InvalidConfigError, MuteSettings, Settings, load, read
from vhealthd.config.routes import PlaceMatch

VCENTER = """\
vcenters:
  - {name: prod, url: "https://vc01", username: svc, password: {file: password}}
"""
CATALOGUE = Catalogue.discover([EntryPoint("builtin", "vhealthd_checks", GROUP)])
REST = "until: 2026-12-31, owner: jd, reason: known"
SEE_ALL = "(`vhealthd checks` shows all)"
KEYS = "cluster, datacenter, folder, name, vcenter"

RIGHT = [
    f"{{check: snapshot-age, {REST}}}",
    f'{{check: "*", match: {{folder: /DC0/vm/lab}}, {REST}}}',
    f'{{check: "*", match: {{vcenter: prod}}, {REST}}}',
    f"{{check: snapshot-age, match: {{vcenter: [prod], name: ^backup}}, {REST}}}",
    f"{{check: [snapshot-age, snapshot-chain], match: {{name: ^backup, cluster: a, datacenter: b}}, {REST}}}",
]

# what is written as the only mute, in line 4; and what is said of it
WRONG = [
    (f"check: snapshot-aeg, {REST}", f'check: no check has this name; did you mean "snapshot-age"? {SEE_ALL}'),
    (f"check: [snapshot-age, zebra], {REST}", f"check[1]: no check has this name {SEE_ALL}"),
    (f"check: vm, {REST}", f"check: no check has this name {SEE_ALL}"),
    (
        f"check: snapshot-age, match: {{vcenter: prdo}}, {REST}",
        'match.vcenter: no vCenter has this name; did you mean "prod"?',
    ),
    (f"check: [], {REST}", "check: expected a list with at least one entry"),
    (f"check: 5, {REST}", "check: expected a list with at least one entry"),
    (f"check: [5], {REST}", "check[0]: expected text that is not empty; put it in quotes"),
    (f"{REST}", 'check: is missing: The check, a list of checks, or "*" for all.'),
    ('check: "*", owner: a, reason: b', "until: is missing: Last day on which it holds, through its end in UTC."),
    ('check: "*", until: 2026-12-31, reason: b', "owner: is missing: Who answers for it."),
    (
        'check: "*", until: 2026-12-31, owner: a',
        "reason: is missing: Why these findings are known and left as they are.",
    ),
    ('check: "*", until: 2026-12-31, owner: "", reason: b', "owner: expected text that is not empty"),
    ('check: "*", until: 31.12.2026, owner: a, reason: b', "until: expected a date such as 2026-12-31"),
    ('check: "*", until: 2026-12-31T10:00:00, owner: a, reason: b', "until: expected a date such as 2026-12-31"),
    ('check: "*", until: 20261231, owner: a, reason: b', "until: expected a date such as 2026-12-31"),
    (
        'check: "*", until: 2026-02-30, owner: a, reason: b',
        "until: there is no such day; expected a date such as 2026-12-31",
    ),
    (f'check: "*", match: {{name: "("}}, {REST}', "match.name: expected a regular expression"),
    (f'check: "*", match: {{cluster: 7}}, {REST}', "match.cluster: expected text that is not empty; put it in quotes"),
    (
        f'check: "*", match: {{host: a}}, {REST}',
        f"match.host: unknown key (expected one of: {KEYS})",
    ),
    (f'check: "*", match: {{vcenter: 7}}, {REST}', "match.vcenter: expected a list"),
    (f'check: "*", match: web, {REST}', f"match: expected a section with keys such as: {KEYS}"),
    (
        f'check: "*", untill: 2026-12-31, {REST}',
        'untill: unknown key; did you mean "until"? (expected one of: check, match, owner, reason, until)',
    ),
]


@pytest.mark.parametrize("text", RIGHT)
def test_what_may_be_written(text: str, write: Write) -> None:
    file = write(f"{VCENTER}mutes: [{text}]\n")
    (mute,) = load(file, also=CATALOGUE.problems).settings.mutes

    assert (mute.until, mute.owner, mute.reason) == (date(2026, 12, 31), "jd", "known")
    jsonschema.validate(read(file).data, configcli.schema(CATALOGUE))


def test_one_check_is_a_list_of_one(write: Write) -> None:
    loaded = load(write(f"{VCENTER}mutes: [{{check: snapshot-age, match: {{name: ^a}}, {REST}}}]\n"))

    assert loaded.warnings == ()
    assert loaded.settings.mutes == (
        MuteSettings(
            check=("snapshot-age",),
            match=PlaceMatch(name=re.compile("^a")),
            until=date(2026, 12, 31),
            owner="jd",
            reason="known",
        ),
    )


@pytest.mark.parametrize(("text", "line"), WRONG)
def test_a_wrong_mute_is_named_and_explained(text: str, line: str, write: Write) -> None:
    file = write(f"{VCENTER}mutes:\n  - {{{text}}}\n")
    with pytest.raises(InvalidConfigError) as caught:
        load(file, also=CATALOGUE.problems)
    assert str(caught.value) == f"{file}:4: mutes[0].{line}"


@pytest.mark.parametrize("mutes", ["5", "{check: a}", "[5]"])
def test_what_is_no_list_of_sections_is_one_line(mutes: str, write: Write) -> None:
    with pytest.raises(InvalidConfigError) as caught:
        load(write(f"{VCENTER}mutes: {mutes}\n"), also=CATALOGUE.problems)
    assert len(caught.value.problems) == 1


def test_a_mute_of_everything_is_worth_a_warning(write: Write) -> None:
    mutes = f'{{check: "*", {REST}}}, {{check: "*", match: {{vcenter: prod}}, {REST}}}'
    (warning,) = load(write(f"{VCENTER}mutes: [{mutes}]\n")).warnings

    assert (warning.line, warning.path) == (3, "mutes[0]")
    assert warning.message == "mutes every finding of every check; name a check or a match"


def test_a_check_that_is_not_there_is_found_without_a_file_too() -> None:
    mute: dict[str, Any] = {"check": "zebra", "until": "2026-12-31", "owner": "a", "reason": "b"}
    vcenter = {"name": "a", "url": "https://a", "username": "b", "password": {"env": "C"}}
    settings = Settings.model_validate({"vcenters": [vcenter], "mutes": [mute]})
    with pytest.raises(InvalidConfigError, match=r"mutes\[0\]\.check\[0\]: no check has this name"):
        CATALOGUE.bind(settings)
