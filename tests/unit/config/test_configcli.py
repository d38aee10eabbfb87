"""What `config check`, `config schema` and `config init` print."""

import json
import re
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any, get_args

import jsonschema  # type: ignore[import-untyped]  # it ships no types
import pytest
from pydantic import BaseModel, PlainValidator
from ruamel.yaml import YAML

from vhealthd import configcli
from vhealthd.catalogue import GROUP, Catalogue
from vhealthd.config import (
    AuditChannel,
    InvalidConfigError,
    MuteSettings,
    PagerDutyChannel,
    RouteMatch,
    SecretRef,
    Settings,
    VCenterSettings,
    load,
    read,
)
from vhealthd.config.settings import TlsSection

FINGERPRINT = ":".join(["AB"] * 32)
EXAMPLE = f"""\
vcenters:
  - name: prod
    url: https://vc01.example.com
    username: svc-vhealthd@vsphere.local
    password: {{file: prod.password}}
    tls: {{sha256_fingerprint: "{FINGERPRINT}"}}
    scope: {{datacenters: [], clusters: []}}
  - {{name: test, url: "https://vc02", username: svc, password: {{credential: test}}, tls: {{verify: false}}}}
scan: {{concurrency: 8, requests_in_flight: 8, check_timeout: 60s, deadline: 15m, select: [], vcenters_at_once: 4}}
dns: {{nameservers: ["10.0.0.53:5353"], timeout: 2s}}
checks:
  snapshot-age: {{warning_days: 7, critical_days: 30}}
  cpu-utilization:
channels:
  oncall: {{type: pagerduty, routing_key: {{file: oncall.key}}, region: us}}
  ops: {{type: slack, url: {{credential: test}}}}
routes:
  - {{match: {{severity: [critical], check: snapshot-age}}, to: [oncall, ops]}}
  - {{to: audit-log, collect: 5m}}
alerts: {{repeat_every: 1d, roll_up_over: 5}}
report: {{language: en, formats: [pdf, json, csv], output_dir: /var/lib/vhealthd/reports}}
log: {{level: info, format: auto}}
"""


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return Catalogue.discover([EntryPoint("builtin", "vhealthd_checks", GROUP)])


@pytest.fixture(scope="module")
def schema(catalogue: Catalogue) -> dict[str, Any]:
    return configcli.schema(catalogue)


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    for name in ("prod.password", "test", "oncall.key"):
        (tmp_path / name).write_text("secret\n")
        (tmp_path / name).chmod(0o600)
    file = tmp_path / "config.yaml"
    file.write_text(EXAMPLE)
    return file


# --- check ----------------------------------------------------------------------------------------------------------


def test_check_says_what_is_in_a_fine_configuration(config: Path, catalogue: Catalogue) -> None:
    lines = configcli.check_lines(config, catalogue)
    running = [check for check in catalogue.checks if not check.opt_in]
    assert lines == [f"{config}: 2 vCenters, {len(running)} checks: fine"]


def test_check_counts_the_selected_checks(config: Path, catalogue: Catalogue) -> None:
    config.write_text(EXAMPLE.replace("select: []", "select: [snapshot-age]"))
    assert configcli.check_lines(config, catalogue) == [f"{config}: 2 vCenters, 1 check: fine"]


def test_check_shows_warnings(config: Path, catalogue: Catalogue) -> None:
    (config.parent / "prod.password").chmod(0o644)
    warning, verdict = configcli.check_lines(config, catalogue)
    assert warning.startswith(f"warning: {config}:5: vcenters[0].password: ")
    assert verdict.endswith("checks: fine, with 1 warning")


def test_check_shows_what_is_doubtful_about_the_secret_of_a_channel(config: Path, catalogue: Catalogue) -> None:
    (config.parent / "oncall.key").chmod(0o644)
    (config.parent / "test").unlink()
    open_to_all = f"{config.parent}/oncall.key can be read by every user of this machine; chmod 600 it"
    said = [line.removeprefix(f"warning: {config}:") for line in configcli.check_lines(config, catalogue)]
    assert said[:-1] == [
        f"8: vcenters[1].password: there is no file {config.parent}/test; create it with the secret in it",
        f"15: channels.oncall.routing_key: {open_to_all}",
        f"16: channels.ops.url: there is no file {config.parent}/test; create it with the secret in it",
    ]


def test_check_finds_the_errors_of_the_settings_and_of_the_checks_together(config: Path, catalogue: Catalogue) -> None:
    config.write_text(EXAMPLE.replace("level: info", "level: loud").replace("warning_days: 7", "warning_days: x"))
    with pytest.raises(InvalidConfigError) as caught:
        configcli.check_lines(config, catalogue)
    assert [problem.path for problem in caught.value.problems] == ["checks.snapshot-age.warning_days", "log.level"]


# --- schema ---------------------------------------------------------------------------------------------------------


def test_the_schema_is_a_schema(schema: dict[str, Any]) -> None:
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == jsonschema.Draft202012Validator.META_SCHEMA["$id"]


def test_the_example_fits_the_schema(schema: dict[str, Any]) -> None:
    jsonschema.validate(YAML(typ="safe").load(EXAMPLE), schema)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("url:", "uri:"),
        ("https://vc01.example.com", "https://vc01.example.com/ui"),
        ("{file: prod.password}", "secret"),
        ("{file: prod.password}", "{file: prod.password, env: A}"),
        ("{verify: false}", "{verify: false, ca_file: x}"),
        ("concurrency: 8", "concurrency: 65"),
        ("deadline: 15m", "deadline: 15"),
        ("deadline: 15m", "deadline: 15 minutes"),
        ("snapshot-age:", "snapshot-ages:"),
        ("warning_days: 7", "warnin_days: 7"),
        ("warning_days: 7", "warning_days: seven"),
        ("warning_days: 7", "warning_days: -1"),
        ("type: pagerduty", "type: pager"),
        ("routing_key: {file: oncall.key}", "routing_key: secret"),
        ("region: us", "region: asia"),
        ("type: slack", "type: wecom, secret: {file: test}"),
        ("severity: [critical]", "severity: [bad]"),
        ("to: audit-log", "to: []"),
        ("roll_up_over: 5", "roll_up_over: 0"),
        ("formats: [pdf, json, csv]", "formats: []"),
        ("language: en", "language: fr"),
    ],
)
def test_what_the_loader_refuses_does_not_fit_the_schema(right: str, wrong: str, schema: dict[str, Any]) -> None:
    assert right in EXAMPLE
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(YAML(typ="safe").load(EXAMPLE.replace(right, wrong, 1)), schema)


def test_the_schema_describes_every_limit(schema: dict[str, Any]) -> None:
    days = schema["properties"]["checks"]["properties"]["snapshot-age"]["properties"]["warning_days"]
    assert days["description"]
    assert (days["unit"], days["minimum"], days["default"], days["type"]) == ("days", 0, 7, "number")


def test_the_schema_writes_times_as_the_file_does(schema: dict[str, Any]) -> None:
    scan = schema["$defs"]["ScanSettings"]["properties"]
    assert (scan["check_timeout"]["default"], scan["deadline"]["default"]) == ("1m", "15m")


# --- init -----------------------------------------------------------------------------------------------------------


def _without_comment_signs(text: str) -> str:
    """Uncomment the limits of the checks."""
    head, _, limits = text.partition("# checks:\n")
    return head + "checks:\n" + "\n".join(line.removeprefix("# ") for line in limits.split("\n"))


def _with_password(text: str, folder: Path) -> Path:
    (folder / "password").write_text("secret\n")
    file = folder / "config.yaml"
    file.write_text(text.replace("/etc/vhealthd/prod.password", "password"))
    return file


def test_the_starter_lacks_nothing_but_the_password(catalogue: Catalogue, tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(configcli.starter(catalogue).replace("/etc/vhealthd", str(tmp_path)))
    with pytest.raises(InvalidConfigError) as caught:
        load(file, also=catalogue.problems)
    assert [problem.path for problem in caught.value.problems] == ["vcenters[0].password"]


def test_the_starter_has_the_defaults(catalogue: Catalogue, tmp_path: Path) -> None:
    given = load(_with_password(configcli.starter(catalogue), tmp_path)).settings
    assert given == Settings(
        vcenters=(
            VCenterSettings(
                name="prod",
                url="https://vcenter.example.com",
                username="vhealthd@vsphere.local",
                password=SecretRef(file=tmp_path / "password"),
            ),
        )
    )


def test_the_limits_in_the_starter_are_the_defaults_of_the_checks(catalogue: Catalogue, tmp_path: Path) -> None:
    file = _with_password(_without_comment_signs(configcli.starter(catalogue)), tmp_path)
    loaded = load(file, also=catalogue.problems)
    assert set(loaded.settings.checks) == {check.slug for check in catalogue.checks if check.limits.model_fields}
    assert all(bound.limits == bound.check.limits() for bound in catalogue.bind(loaded.settings))


def _models(part: object) -> set[type[BaseModel]]:
    """Return every section that a type is made of."""
    if isinstance(part, type) and issubclass(part, BaseModel):
        inside = (kind for field in part.model_fields.values() for kind in (field.annotation, *field.metadata))
        return {part}.union(*map(_models, inside))
    if isinstance(part, PlainValidator):
        return _models(part.json_schema_input_type)
    return set().union(*map(_models, get_args(part)))


def test_the_starter_names_every_option(catalogue: Catalogue) -> None:
    text = configcli.starter(catalogue)
    models = _models(Settings)
    assert {TlsSection, SecretRef, MuteSettings, PagerDutyChannel, AuditChannel, RouteMatch} <= models
    for name, field in ((name, field) for model in models for name, field in model.model_fields.items()):
        assert f"{field.alias or name}:" in text or f'"{name}":' in text


def _uncommented(text: str, folder: Path) -> Path:
    """Write the starter with every section that is a comment, and with the files that they name."""
    used, inside = [], False
    for line in text.partition("# The limits of single checks")[0].split("\n"):
        inside = bool(line) and (inside or re.fullmatch("# [a-z0-9]+:", line) is not None)
        used.append(line.removeprefix("# ") if inside else line)
    file = folder / "config.yaml"
    file.write_text("\n".join(used).replace("mutes: []", "").replace("/etc/vhealthd", str(folder)))
    for name in re.findall(rf"{folder}/([\w.-]+)", file.read_text()):
        (folder / name).write_text("secret\n")
        (folder / name).chmod(0o600)
    return file


def test_the_examples_in_the_starter_can_be_used(catalogue: Catalogue, schema: dict[str, Any], tmp_path: Path) -> None:
    file = _uncommented(configcli.starter(catalogue), tmp_path)
    loaded = load(file, also=catalogue.problems)
    (channel,) = schema["properties"]["channels"]["patternProperties"].values()
    assert {one.type for one in loaded.settings.channels.values()} == set(channel["discriminator"]["mapping"])
    assert all((loaded.settings.mutes, loaded.settings.mail, loaded.settings.s3, loaded.settings.routes))
    assert loaded.warnings == ()
    jsonschema.validate(read(file).data, schema)


def test_the_starter_fits_the_schema(catalogue: Catalogue, schema: dict[str, Any]) -> None:
    jsonschema.validate(YAML(typ="safe").load(configcli.starter(catalogue)), schema)


def test_the_schema_can_be_written_as_json(schema: dict[str, Any]) -> None:
    assert json.loads(json.dumps(schema)) == schema
