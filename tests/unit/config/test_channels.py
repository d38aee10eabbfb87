"""Channels in the configuration: what may be written, and what is said of what may not."""

from importlib.metadata import EntryPoint

import jsonschema  # type: ignore[import-untyped]  # it ships no types
import pytest

from tests.unit.config.conftest import Complaints, Write
from vhealthd import configcli
from vhealthd.catalogue import GROUP, Catalogue
from vhealthd.config import SecretRef, TwilioChannel, load, read

VCENTER = """\
vcenters:
  - {name: prod, url: "https://vc01", username: svc, password: {file: password}}
"""
MAIL = "mail: {host: mail.example.com, from: a@example.com, to: [b@example.com]}\n"
SCHEMA = configcli.schema(Catalogue.discover([EntryPoint("builtin", "vhealthd_checks", GROUP)]))
KEY = "{file: password}"
SID, SERVICE = f"AC{'0' * 32}", f"MG{'a' * 32}"
ACCOUNT = f"account_sid: {SID}, auth_token: {KEY}"
NUMBER = '"+4915112345678"'
TYPES = "alertmanager, apprise, audit, dingtalk, feishu, mail, pagerduty, slack, twilio, webhook, wecom"
SLACK_KEYS = "allow_http, ca_file, language, per_minute, proxy, refuse_private, type, url"
NAME = "expected a name of up to 64 letters, digits, dots, dashes and underscores that begins with a letter or digit"
LITERAL = (
    "a secret must not stand in this file; say where it is: {file: /path/to/file}, {env: NAME} of an environment "
    "variable or {credential: NAME} of a systemd credential"
)
WHERE = "{file: PATH}, {env: NAME} or {credential: NAME}."

RIGHT = [
    f"type: pagerduty, routing_key: {KEY}, region: eu, url: https://relay, language: zh",
    f"type: pagerduty, routing_key: {KEY}, ca_file: password, proxy: http://proxy:3128, per_minute: 6",
    f"type: twilio, {ACCOUNT}, from: {NUMBER}, to: [{NUMBER}]",
    f"type: twilio, {ACCOUNT}, from: vhealthd, to: [{NUMBER}]",
    f"type: twilio, {ACCOUNT}, messaging_service_sid: {SERVICE}, to: [{NUMBER}]",
    f"type: slack, url: {KEY}, refuse_private: true",
    f'type: dingtalk, url: {KEY}, secret: {KEY}, at_mobiles: ["13800000000"]',
    f"type: feishu, url: {KEY}, secret: {KEY}",
    f"type: wecom, url: {KEY}",
    f"type: webhook, url: {KEY}, secret: {KEY}",
    "type: alertmanager, urls: [http://127.0.0.1:9093, https://am.example.com]",
    f"type: alertmanager, urls: [http://am.example.com], allow_http: true, username: a, password: {KEY}",
    "type: mail, to: [oncall@example.com], language: zh",
    "type: audit, path: audit.jsonl, max_bytes: 1MB, keep: 3",
    f"type: apprise, url: {KEY}",
]

# what is written as the channel ops, in line 4; and what is said of it
WRONG = [
    # the type
    ("type: slak", f'ops.type: expected one of: {TYPES}; did you mean "slack"?'),
    ("type: 7", f"ops.type: expected one of: {TYPES}"),
    ("type: [slack]", f'ops.type: expected one of: {TYPES}; did you mean "slack"?'),
    (f"url: {KEY}", f"ops.type: is missing: one of: {TYPES}"),
    (f"type: , url: {KEY}", f"ops.type: is missing: one of: {TYPES}"),
    # keys
    ("type: slack", f"ops.url: is missing: Where the webhook's URL is, which is a secret: {WHERE}"),
    (
        f"type: slack, url: {KEY}, proxi: http://a",
        f'ops.proxi: unknown key; did you mean "proxy"? (expected one of: {SLACK_KEYS})',
    ),
    (
        f"type: slack, url: {KEY}, routing_key: {KEY}",
        f"ops.routing_key: goes with type pagerduty (expected one of: {SLACK_KEYS})",
    ),
    (
        f"type: slack, url: {KEY}, secret: {KEY}",
        f"ops.secret: goes with type dingtalk, feishu or webhook (expected one of: {SLACK_KEYS})",
    ),
    # secrets
    ("type: slack, url: https://hooks.slack.com/services/planted", f"ops.url: {LITERAL}"),
    ("type: webhook, url: {file: password}, secret: planted", f"ops.secret: {LITERAL}"),
    ("type: slack, url: {planted: }", "ops.url: expected exactly one of: file, env, credential"),
    ("type: slack, url: {file: nowhere}", "ops.url: there is no file nowhere; create it with the secret in it"),
    # values
    (f"type: pagerduty, routing_key: {KEY}, region: asia", "ops.region: expected one of: us, eu"),
    (f"type: slack, url: {KEY}, per_minute: 0", "ops.per_minute: expected a whole number from 1 to 6000"),
    (f"type: slack, url: {KEY}, allow_http: yes", "ops.allow_http: expected true or false"),
    (f"type: slack, url: {KEY}, language: fr", "ops.language: expected one of: en, zh"),
    (f"type: slack, url: {KEY}, ca_file: nowhere", "ops.ca_file: there is no file nowhere"),
    (
        f"type: twilio, {ACCOUNT}, to: [{NUMBER}]",
        "ops: expected exactly one of: from, messaging_service_sid",
    ),
    (
        f"type: twilio, {ACCOUNT}, to: [{NUMBER}], from: a, messaging_service_sid: {SERVICE}",
        "ops: expected exactly one of: from, messaging_service_sid",
    ),
    (
        f"type: twilio, {ACCOUNT}, from: the-whole-service, to: [{NUMBER}]",
        "ops.from: expected a number such as +4915112345678, or up to 11 letters, digits and blanks",
    ),
    (
        f"type: twilio, account_sid: AC1, auth_token: {KEY}, from: a, to: [{NUMBER}]",
        "ops.account_sid: expected AC and 32 hex digits",
    ),
    (
        f"type: twilio, {ACCOUNT}, messaging_service_sid: {SID}, to: [{NUMBER}]",
        "ops.messaging_service_sid: expected MG and 32 hex digits",
    ),
    (
        f'type: twilio, {ACCOUNT}, from: a, to: ["015112345678"]',
        "ops.to[0]: expected a number in E.164 form, such as +4915112345678",
    ),
    (
        f"type: twilio, {ACCOUNT}, from: a, to: [+4915112345678]",
        "ops.to[0]: expected text; put it in quotes",
    ),
    ("type: alertmanager, urls: []", "ops.urls: expected a list with at least one entry"),
    (
        "type: alertmanager, urls: [http://am.example.com:9093]",
        "ops: http shows all to the network; use https, or set allow_http: true",
    ),
    (
        "type: alertmanager, urls: [https://am.example.com], username: a",
        "ops: username and password go together; write both or neither",
    ),
    # what the rest of the file must have
    ("type: mail", "ops: is sent through the server of the section mail, which is not there; write that too"),
    ("type: audit", "ops: would write to the file of audit-log, which is always there; give it that name, or a path"),
]

# what is written as the name of a channel that is fine, and what is said of it
WRONG_NAMES = [
    ('"on call"', NAME),
    ('"../ops"', NAME),
    ('""', NAME),
    ("-ops", NAME),
    ("o" * 65, NAME),
    ("mail", "the report itself goes by the names mail and s3; give this channel another name"),
    ("s3", "the report itself goes by the names mail and s3; give this channel another name"),
]


@pytest.mark.parametrize("text", RIGHT)
def test_what_may_be_written(text: str, write: Write) -> None:
    file = write(f"{VCENTER}{MAIL}channels:\n  ops: {{{text}}}\n")

    assert text.startswith(f"type: {load(file).settings.channels['ops'].type}")
    jsonschema.validate(read(file).data, SCHEMA)


@pytest.mark.parametrize(("text", "line"), WRONG)
def test_a_wrong_channel_is_named_and_explained(text: str, line: str, complaints: Complaints) -> None:
    assert complaints(f"{VCENTER}channels:\n  ops: {{{text}}}\n") == [f"config.yaml:4: channels.{line}"]


@pytest.mark.parametrize(("name", "line"), WRONG_NAMES)
def test_a_wrong_name_is_told_by_its_line(name: str, line: str, complaints: Complaints) -> None:
    assert complaints(f"{VCENTER}channels:\n  {name}: {{type: wecom, url: {KEY}}}\n") == [
        f"config.yaml:4: channels: {line}"
    ]


@pytest.mark.parametrize("name", ["oncall", "0", "on.call_2-b", "o" * 64, "mail-digest", "audit-log", "s3-alerts"])
def test_a_name_is_plain(name: str, write: Write) -> None:
    file = write(f'{VCENTER}channels:\n  "{name}": {{type: wecom, url: {KEY}}}\n')

    assert [*load(file).settings.channels] == [name]
    jsonschema.validate(read(file).data, SCHEMA)


@pytest.mark.parametrize(
    "channels",
    [
        "mail: {type: wecom, url: {file: a}}",
        '"on call": {type: wecom, url: {file: a}}',
        "ops: {type: slak, url: {file: a}}",
        "ops: {url: {file: a}}",
        "ops: {type: slack}",
        "ops: {type: slack, url: planted}",
        "ops: {type: slack, url: {file: a}, region: us}",
    ],
)
def test_what_the_loader_refuses_does_not_fit_the_schema(channels: str, write: Write) -> None:
    document = read(write(f"{VCENTER}channels:\n  {channels}\n"))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document.data, SCHEMA)


@pytest.mark.parametrize("nothing", ["", "{}"])
def test_a_channel_without_anything_is_told_by_its_line(nothing: str, complaints: Complaints) -> None:
    """By a missing blank, `{oncall:planted}` is a key without a value."""
    assert complaints(f"{VCENTER}channels:\n  planted: {nothing}\n") == [
        f"config.yaml:4: channels: a section without type; expected one of: {TYPES}"
    ]


def test_what_is_no_section_is_one_line(complaints: Complaints) -> None:
    assert complaints(f"{VCENTER}channels: [slack]\n") == ["config.yaml:3: channels: expected a section with keys"]
    assert complaints(f"{VCENTER}channels: {{ops: slack}}\n") == [
        f"config.yaml:3: channels.ops: expected a section with type, one of: {TYPES}"
    ]


def test_everything_that_is_wrong_with_channels_is_told_at_once(complaints: Complaints) -> None:
    text = """\
channels:
  a: {type: slak}
  b:
    type: slack
    region: us
  c: {type: mail}
routes:
  - to: [d]
"""
    assert [line.split(": ")[:2] for line in complaints(VCENTER + text)] == [
        ["config.yaml:4", "channels.a.type"],
        ["config.yaml:5", "channels.b.url"],
        ["config.yaml:7", "channels.b.region"],
        ["config.yaml:8", "channels.c"],
        ["config.yaml:10", "routes[0].to[0]"],
    ]


def test_the_sender_of_an_sms_is_written_as_from(write: Write) -> None:
    text = f"{{type: twilio, {ACCOUNT}, from: {NUMBER}, to: [{NUMBER}]}}"
    file = write(f"{VCENTER}channels: {{ops: {text}}}\n")

    channel = load(file).settings.channels["ops"]
    assert isinstance(channel, TwilioChannel)
    assert (channel.sender, channel.auth_token) == ("+4915112345678", SecretRef(file=file.parent / "password"))


def test_the_audit_log_takes_other_settings_by_its_name(write: Write) -> None:
    assert load(write(f"{VCENTER}channels: {{audit-log: {{type: audit, keep: 3}}}}\n")).warnings == ()
