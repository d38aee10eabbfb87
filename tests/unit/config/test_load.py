"""What the loader says of a configuration: each wrong one, and the lines that it gives."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests.unit.config.conftest import Complaints, Write
from vhealthd.config import (
    CaFile,
    ConfigProblem,
    InvalidConfigError,
    Nameserver,
    Pinned,
    SystemTrust,
    Trust,
    Unverified,
    load,
)
from vhealthd.errors import ConfigError

VCENTER = """\
vcenters:
  - name: prod
    url: https://vc01.example.com
    username: svc
    password: {file: password}
"""
FINGERPRINT = ":".join(["AB"] * 32)
LITERAL = (
    "a secret must not stand in this file; say where it is: {file: /path/to/file}, {env: NAME} of an environment "
    "variable or {credential: NAME} of a systemd credential"
)
NAMESERVER = 'expected the address of a DNS server, such as "10.0.0.53", "10.0.0.53:5353" or "[::1]:53"'

SECTIONS = (
    "alerts, channels, checks, dns, http, log, mail, mutes, outbox, report, routes, s3, scan, schedule, state, vcenters"
)

# what is written below a vCenter that is fine, from line 6 on; and what is said of it
WRONG = [
    # keys
    (
        "    tls: {verfy: false}",
        (
            '6: vcenters[0].tls.verfy: unknown key; did you mean "verify"? '
            "(expected one of: ca_file, sha256_fingerprint, verify)"
        ),
    ),
    (
        "scna: {}",
        f'6: scna: unknown key; did you mean "scan"? (expected one of: {SECTIONS})',
    ),
    ("zebra: {}", f"6: zebra: unknown key (expected one of: {SECTIONS})"),
    (
        "scan:\n  requests-in-flight: 4",
        (
            '7: scan.requests-in-flight: unknown key; did you mean "requests_in_flight"? '
            "(expected one of: also, check_timeout, concurrency, deadline, ignore, requests_in_flight, select, "
            "vcenters_at_once)"
        ),
    ),
    ("log: {level:info}", '6: log: unknown key; did you mean "level"? (expected one of: format, level)'),
    ("log: {}\nlog: {}", "7: the key in this line is already in line 6"),
    # numbers
    ("scan: {concurrency: 0}", "6: scan.concurrency: expected a whole number from 1 to 64"),
    ("scan: {concurrency: 65}", "6: scan.concurrency: expected a whole number from 1 to 64"),
    ('scan: {concurrency: "8"}', "6: scan.concurrency: expected a whole number from 1 to 64"),
    ("scan: {concurrency: true}", "6: scan.concurrency: expected a whole number from 1 to 64"),
    ("scan: {requests_in_flight: 1.5}", "6: scan.requests_in_flight: expected a whole number from 1 to 64"),
    ("scan: {vcenters_at_once: 33}", "6: scan.vcenters_at_once: expected a whole number from 1 to 32"),
    # times
    ("scan: {deadline: 15}", "6: scan.deadline: a time needs its unit, such as 500ms, 60s, 15m, 2h or 1d"),
    ("scan: {deadline: 15 minutes}", "6: scan.deadline: expected a time such as 500ms, 60s, 15m, 2h or 1d"),
    ("scan: {check_timeout: 0s}", "6: scan.check_timeout: a time must be longer than 0"),
    ("scan: {check_timeout: -1s}", "6: scan.check_timeout: expected a time such as 500ms, 60s, 15m, 2h or 1d"),
    ("scan: {check_timeout: 99999999999999d}", "6: scan.check_timeout: this time is too long"),
    # lists, choices, sections
    ("scan: {select: snapshot-age}", "6: scan.select: expected a list"),
    ("scan: {ignore: [7]}", "6: scan.ignore[0]: expected text that is not empty; put it in quotes"),
    (
        "scan: 5",
        (
            "6: scan: expected a section with keys such as: also, check_timeout, concurrency, deadline, ignore, "
            "requests_in_flight, select, vcenters_at_once"
        ),
    ),
    ("checks: {snapshot-age: 7}", "6: checks.snapshot-age: expected a section with keys"),
    (
        "s3: {bucket: reports, tags: {team: 7}}",
        "6: s3.tags.team: expected text; put it in quotes",
    ),
    ("s3: {bucket: reports, tags: {'': a}}", "6: s3.tags: a key must not be empty"),
    ("report: {formats: []}", "6: report.formats: expected a list with at least one entry"),
    ("report: {formats: [docx]}", "6: report.formats[0]: expected one of: pdf, html, json, csv"),
    ("report: {language: fr}", "6: report.language: expected one of: en, zh"),
    (
        "log: {level: warnin}",
        '6: log.level: expected one of: debug, info, warning, error; did you mean "warning"?',
    ),
    ("log: {level: loud}", "6: log.level: expected one of: debug, info, warning, error"),
    ("dns: {nameservers: [dns.example.com]}", f"6: dns.nameservers[0]: {NAMESERVER}"),
    ('dns: {nameservers: [10.0.0.53, "10.0.0.53:0"]}', f"6: dns.nameservers[1]: {NAMESERVER}"),
    # TLS
    ("    tls: {ca_file: vmca.pem}", "6: vcenters[0].tls.ca_file: there is no file vmca.pem"),
    (
        "    tls: {sha256_fingerprint: AB:CD}",
        (
            "6: vcenters[0].tls.sha256_fingerprint: expected a SHA-256 fingerprint: 32 bytes in hex, "
            "with or without colons"
        ),
    ),
    ("    tls: {verify: no}", "6: vcenters[0].tls.verify: expected true or false"),
    (
        f"    tls: {{verify: false, sha256_fingerprint: '{FINGERPRINT}'}}",
        "6: vcenters[0].tls: expected only one of: ca_file, sha256_fingerprint, verify",
    ),
    # scope
    ("    scope: {clusters: prod}", "6: vcenters[0].scope.clusters: expected a list"),
    # vCenters among themselves, and what one must have
    (
        "  - {name: prod, url: https://a, username: b, password: {file: password}}",
        "6: vcenters[1].name: another vCenter has this name, in line 2",
    ),
    (
        "  - {name: test, url: https://a, password: {file: password}}",
        "6: vcenters[1].username: is missing: Account to log in with; it needs to read only.",
    ),
]

# one vCenter, what is changed in it, and what is said
WRONG_VCENTER = [
    (
        "name: prod",
        "name: ../prod",
        (
            "2: vcenters[0].name: expected a name of up to 64 letters, digits, dots, dashes "
            "and underscores that begins with a letter or digit"
        ),
    ),
    (
        "name: prod",
        "name: ''",
        (
            "2: vcenters[0].name: expected a name of up to 64 letters, digits, dots, dashes "
            "and underscores that begins with a letter or digit"
        ),
    ),
    ("name: prod", "name: 7", "2: vcenters[0].name: expected text; put it in quotes"),
    ("name: prod", "name:", "2: vcenters[0].name: is missing: Name in reports and file names."),
    (
        "https://vc01.example.com",
        "http://vc01.example.com",
        "3: vcenters[0].url: http would show the password to the network; use https (http is for localhost only)",
    ),
    (
        "https://vc01.example.com",
        "https://vc01.example.com/ui",
        "3: vcenters[0].url: the URL must end after the host (and port); vhealthd adds the path",
    ),
    (
        "https://vc01.example.com",
        "https://vc01.example.com?a=b",
        "3: vcenters[0].url: the URL must end after the host (and port); vhealthd adds the path",
    ),
    (
        "https://vc01.example.com",
        "https://svc:planted@vc01.example.com",
        "3: vcenters[0].url: a URL must not carry a user name or password; write them as username and password",
    ),
    (
        "https://vc01.example.com",
        "vc01.example.com",
        "3: vcenters[0].url: expected a URL such as https://vcenter.example.com",
    ),
    ("https://vc01.example.com", "https://", "3: vcenters[0].url: expected a URL such as https://vcenter.example.com"),
    (
        "https://vc01.example.com",
        "https://vc01:planted",
        "3: vcenters[0].url: this is not a URL; expected one such as https://vcenter.example.com",
    ),
    (
        "https://vc01.example.com",
        "https://vc_!",
        "3: vcenters[0].url: the host of the URL is neither a name nor an address",
    ),
    ("username: svc", "username: ''", "4: vcenters[0].username: expected text that is not empty"),
    ("{file: password}", "planted", f"5: vcenters[0].password: {LITERAL}"),
    ("{file: password}", "12345", f"5: vcenters[0].password: {LITERAL}"),
    ("{file: password}", "[planted]", f"5: vcenters[0].password: {LITERAL}"),
    (
        "{file: password}",
        "",
        (
            "5: vcenters[0].password: is missing: Where the password is: {file: PATH}, {env: NAME} or "
            "{credential: NAME}."
        ),
    ),
    ("{file: password}", "{planted: }", "5: vcenters[0].password: expected exactly one of: file, env, credential"),
    ("{file: password}", "{}", "5: vcenters[0].password: expected exactly one of: file, env, credential"),
    (
        "{file: password}",
        "{file: password, env: A}",
        "5: vcenters[0].password: expected exactly one of: file, env, credential",
    ),
    (
        "{file: password}",
        "{file: nowhere}",
        "5: vcenters[0].password: there is no file nowhere; create it with the secret in it",
    ),
    (
        "{file: password}",
        "{env: 'two words'}",
        "5: vcenters[0].password.env: expected a name without blanks and slashes",
    ),
]

# a whole file that is no YAML mapping
NOT_YAML = [
    ("", ": the file is empty; vhealthd config init writes a file to start from"),
    ("# nothing\n", ": the file is empty; vhealthd config init writes a file to start from"),
    ("- a\n", ":1: expected keys such as vcenters: at the top of the file"),
    ("text\n", ":1: expected keys such as vcenters: at the top of the file"),
    ("{}\n", ":1: vcenters: is missing: The vCenters to scan."),
    ("vcenters: []\n", ":1: vcenters: expected a list with at least one entry"),
    ("a: 1\n\tb: 2\n", ":2: not valid YAML: a tab; indent with spaces (column 1)"),
    (
        "a: b: c\n",
        (":1: not valid YAML: a colon where none can be: wrong indentation, or a value that needs quotes (column 5)"),
    ),
    ("a: 'b\nc: 1\n", ":1: not valid YAML: a quote that is opened here is never closed (column 4)"),
    ("a: [1,\nb: 2\n", ":1: not valid YAML: a bracket that is never closed, or a missing comma (column 4)"),
    (
        "a: 1\npassword:planted\n",
        (":2: not valid YAML: a key without a colon, or without a space after the colon (column 1)"),
    ),
    (
        "a: *planted\n",
        (":1: not valid YAML: an alias (*name) without its anchor; a value that begins with * needs quotes (column 4)"),
    ),
    ("a: !planted 1\n", ":1: a: this value cannot be read: a tag (!name), or no value of its kind; put it in quotes"),
    ("a: &x [*x]\n", ":1: a[0]: an anchor that contains itself"),
    (
        "a: 1\n---\nb: 2\n",
        (":2: not valid YAML: a second document (---) begins here; the configuration is one document (column 1)"),
    ),
    ("a: \x07\n", ":1: not valid YAML: a control character"),
    ('a: "\\ud800"\n', ":1: a: this value cannot be read: a tag (!name), or no value of its kind; put it in quotes"),
    ("[a]: 1\n", ":1: a key must be plain text"),
    ("[" * 1000, ":1: not valid YAML: nested too deeply (column 31)"),
    ('a: "\\UFFFFFFFF"\n', ": not valid YAML"),
]


@pytest.mark.parametrize(("text", "line"), WRONG)
def test_a_wrong_line_is_named_and_explained(text: str, line: str, complaints: Complaints) -> None:
    assert complaints(VCENTER + text + "\n") == [f"config.yaml:{line}"]


@pytest.mark.parametrize(("right", "wrong", "line"), WRONG_VCENTER)
def test_a_wrong_vcenter_is_named_and_explained(right: str, wrong: str, line: str, complaints: Complaints) -> None:
    assert complaints(VCENTER.replace(right, wrong)) == [f"config.yaml:{line}"]


@pytest.mark.parametrize(("text", "line"), NOT_YAML)
def test_what_is_no_yaml_mapping_is_one_line_too(text: str, line: str, complaints: Complaints) -> None:
    assert complaints(text) == [f"config.yaml{line}"]


def test_every_error_is_told_at_once_and_in_the_order_of_the_file(complaints: Complaints) -> None:
    text = VCENTER.replace("https", "ftp") + "log: {level: loud}\nscan: {deadline: 1}\nvcentres: []\n"
    assert [line.split(": ")[:2] for line in complaints(text)] == [
        ["config.yaml:3", "vcenters[0].url"],
        ["config.yaml:6", "log.level"],
        ["config.yaml:7", "scan.deadline"],
        ["config.yaml:8", "vcentres"],
    ]


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    file = tmp_path / "nowhere.yaml"
    with pytest.raises(ConfigError) as caught:
        load(file)
    assert str(caught.value) == f"{file}: there is no such file; vhealthd config init writes a file to start from"


def test_a_folder_in_place_of_a_file(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfigError, match=r": cannot be read: Is a directory$"):
        load(tmp_path)


def test_bytes_that_are_not_utf8(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_bytes(b"a: 1\nb: \xfc\n")
    with pytest.raises(InvalidConfigError) as caught:
        load(file)
    assert caught.value.problems == (ConfigProblem(file, 2, "", "is not UTF-8 text; save the file as UTF-8"),)


def test_the_defaults(write: Write) -> None:
    settings = load(write(VCENTER)).settings
    assert (settings.scan.concurrency, settings.scan.requests_in_flight, settings.scan.vcenters_at_once) == (8, 8, 4)
    assert (settings.scan.check_timeout, settings.scan.deadline) == (timedelta(minutes=1), timedelta(minutes=15))
    assert (settings.dns.nameservers, settings.dns.timeout) == ((), timedelta(seconds=2))
    assert (settings.report.language, settings.report.formats) == ("en", ("pdf", "html", "json", "csv"))
    assert settings.reports == Path("/var/lib/vhealthd/reports")
    assert (settings.log.level, settings.log.format) == ("info", "auto")
    assert settings.vcenters[0].scope.clusters == ()


def test_a_key_without_a_value_counts_as_not_written(write: Write) -> None:
    assert load(write(VCENTER + "scan:\nchecks:\n  snapshot-age:\n")).settings.checks == {"snapshot-age": {}}


def test_an_anchor_saves_repeating(write: Write) -> None:
    text = VCENTER.replace("{file", "&secret {file") + "  - {name: b, url: https://b, username: c, password: *secret}"
    one, other = load(write(text)).settings.vcenters
    assert one.password == other.password


def test_relative_paths_count_from_the_folder_of_the_file(write: Write) -> None:
    file = write(VCENTER + "    tls: {ca_file: password}\nreport: {output_dir: reports}\n")
    settings = load(file).settings
    assert settings.vcenters[0].password.file == file.parent / "password"
    assert settings.vcenters[0].tls == CaFile(file.parent / "password")
    assert settings.report.output_dir == file.parent / "reports"


@pytest.mark.parametrize(
    ("tls", "trust"),
    [
        ("", SystemTrust()),
        ("{}", SystemTrust()),
        ("{verify: true}", SystemTrust()),
        ("{verify: false}", Unverified()),
        (f"{{sha256_fingerprint: '{FINGERPRINT}'}}", Pinned("ab" * 32)),
        (f"{{sha256_fingerprint: {'AB' * 32}}}", Pinned("ab" * 32)),
    ],
)
def test_the_ways_to_trust_a_certificate(tls: str, trust: Trust, write: Write) -> None:
    assert load(write(f"{VCENTER}    tls: {tls}\n")).settings.vcenters[0].tls == trust


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("https://VC01.example.com/", "https://vc01.example.com"),
        ("https://vc01.example.com:8443", "https://vc01.example.com:8443"),
        ("https://[2001:db8::1]", "https://[2001:db8::1]"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("http://localhost:8080", "http://localhost:8080"),
    ],
)
def test_urls_are_put_in_one_form(written: str, meant: str, write: Write) -> None:
    assert load(write(VCENTER.replace("https://vc01.example.com", f'"{written}"'))).settings.vcenters[0].url == meant


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("10.0.0.53", Nameserver("10.0.0.53", 53)),
        ("10.0.0.53:5353", Nameserver("10.0.0.53", 5353)),
        ("::1", Nameserver("::1", 53)),
        ("[::1]", Nameserver("::1", 53)),
        ("[::1]:5353", Nameserver("::1", 5353)),
    ],
)
def test_dns_servers(written: str, meant: Nameserver, write: Write) -> None:
    assert load(write(f'{VCENTER}dns: {{nameservers: ["{written}"]}}\n')).settings.dns.nameservers == (meant,)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("500ms", timedelta(milliseconds=500)),
        ("60s", timedelta(minutes=1)),
        ("1.5h", timedelta(minutes=90)),
        ("1d", timedelta(days=1)),
    ],
)
def test_times(written: str, meant: timedelta, write: Write) -> None:
    assert load(write(f"{VCENTER}scan: {{deadline: {written}}}\n")).settings.scan.deadline == meant


def test_who_only_looks_needs_no_file_that_the_configuration_names(write: Write) -> None:
    """The certificate of an authority that is gone must not hide the runs that are kept."""
    path = write(
        "vcenters: [{name: a, url: 'https://a', username: u, password: {file: gone}, tls: {ca_file: gone.pem}}]\n"
    )

    with pytest.raises(InvalidConfigError):
        load(path)
    assert load(path, to_look=True).settings.vcenters[0].name == "a"
    assert load(path, to_look=True).warnings == ()
