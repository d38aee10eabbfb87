from collections.abc import Mapping

import pytest

from tests.builders import BYSTANDERS, FORBIDDEN, LATE, Case, Says, findings, host, says, verdicts
from tests.builders_hosts import LOG_HOST, TIMEOUTS, access, lockdown, of_hosts, options, services
from vhealthd.checkapi import Inventory, Need
from vhealthd.model import NotExamined
from vhealthd.wording import english

SLUG = "host-hardening"

A = host("esx01")
OFF = host("off", connection_state="disconnected")
ALL = ("ssh", "shell", "lockdown", "syslog", "shell_timeout")
OPEN: Mapping[str, object] = {
    "host_services": services(ssh="running", esxi_shell="running"),
    "host_lockdown": lockdown("lockdownDisabled"),
    "host_options": options("", timeout=0),
}


def _host(**parts: object) -> Inventory:
    healthy = {"host_services": services(), "host_lockdown": lockdown(), "host_options": options()}
    return of_hosts(A, parts={Need(name): {A: record} for name, record in (healthy | parts).items()})


def _finds(*found: tuple[str, str, str], missed: tuple[str, ...] = ()) -> Says:
    return Says(finds=set(found), examined={"esx01", "vc01"}, missed={("esx01", rule) for rule in missed})


CASES = [
    Case("a closed host is fine", _host(), _finds()),
    Case("SSH that runs warns", _host(host_services=services(ssh="running")), _finds(("warning", "esx01", "ssh"))),
    Case(
        "so does SSH that starts with the host",
        _host(host_services=services(ssh="starting")),
        _finds(("warning", "esx01", "ssh")),
    ),
    Case(
        "the shell that runs warns",
        _host(host_services=services(esxi_shell="running")),
        _finds(("warning", "esx01", "shell")),
    ),
    Case(
        "so does the shell that starts with the host",
        _host(host_services=services(esxi_shell="starting")),
        _finds(("warning", "esx01", "shell")),
    ),
    Case(
        "no lockdown warns", _host(host_lockdown=lockdown("lockdownDisabled")), _finds(("warning", "esx01", "lockdown"))
    ),
    Case("strict lockdown is fine", _host(host_lockdown=lockdown("lockdownStrict")), _finds()),
    Case("so is one of a later release", _host(host_lockdown=lockdown("lockdownComplete")), _finds()),
    Case("no remote log warns", _host(host_options=options("")), _finds(("warning", "esx01", "syslog"))),
    Case("nor is <none> a host", _host(host_options=options(" <none> ")), _finds(("warning", "esx01", "syslog"))),
    Case(
        "a shell that never closes is information",
        _host(host_options=options(timeout=0)),
        _finds(("info", "esx01", "shell-timeout")),
    ),
    Case(
        "all at once",
        _host(**OPEN),
        _finds(
            *(("warning", "esx01", key) for key in ("ssh", "shell", "lockdown", "syslog")),
            ("info", "esx01", "shell-timeout"),
        ),
    ),
    *(
        Case(
            f"without the rule {rule}",
            _host(**OPEN),
            _finds(
                *(
                    ("info" if key == "shell_timeout" else "warning", "esx01", key.replace("_", "-"))
                    for key in ALL
                    if key != rule
                )
            ),
            {rule: False},
        )
        for rule in ALL
    ),
    Case(
        "the appliance, open in every way",
        of_hosts(access=access(ssh=True, bash=True, log_hosts=())),
        Says(finds={("warning", "vc01", key) for key in ("ssh", "shell", "syslog")}, examined={"vc01"}),
    ),
    Case(
        "the appliance by the rules that are on",
        of_hosts(access=access(ssh=True, bash=True, log_hosts=LATE)),
        Says(finds={("warning", "vc01", "shell")}, examined={"vc01"}),
        {"ssh": False, "syslog": False},
    ),
    Case(
        "an appliance that the account may not read is not examined",
        of_hosts(access=access(ssh=FORBIDDEN, bash=FORBIDDEN, log_hosts=FORBIDDEN)),
        Says(missed={("vc01", "ssh"), ("vc01", "shell"), ("vc01", "syslog")}),
    ),
    Case(
        "one part of it that could not be read",
        of_hosts(access=access(ssh=LATE, log_hosts=())),
        Says(finds={("warning", "vc01", "syslog")}, examined={"vc01"}, missed={("vc01", "ssh")}),
    ),
    Case("nothing is judged by no rule", of_hosts(access=access()), Says(), dict.fromkeys(ALL, False)),
    Case(
        "a hanging host costs the rules that ask it",
        _host(host_options=LATE),
        _finds(missed=("syslog", "shell-timeout")),
    ),
    Case("settings that a host does not have", _host(host_options={}), _finds(missed=("syslog", "shell-timeout"))),
    Case("services that it does not list", _host(host_services={}), _finds(missed=("ssh", "shell"))),
    Case(
        "a host of which nothing could be read",
        _host(host_services=LATE, host_lockdown=LATE, host_options=LATE),
        Says(examined={"vc01"}, missed={("esx01", rule.replace("_", "-")) for rule in ALL}),
    ),
    Case("a disconnected host is not examined", of_hosts(OFF), Says(examined={"vc01"}, missed={("off", None)})),
    Case(
        "and it hides none that follows",
        of_hosts(OFF, A, parts={Need.HOST_LOCKDOWN: {A: lockdown("lockdownDisabled")}}),
        Says(
            finds={("warning", "esx01", "lockdown")},
            examined={"vc01", "esx01"},
            missed={("off", None), *(("esx01", rule) for rule in ("ssh", "shell", "syslog", "shell-timeout"))},
        ),
    ),
    Case("virtual machines are no matter", of_hosts(vms=BYSTANDERS), Says(examined={"vc01"})),
    Case(
        "rules can be other ones for some hosts",
        _host(**OPEN),
        _finds(
            ("warning", "esx01", "ssh"),
            ("warning", "esx01", "shell"),
            ("warning", "esx01", "syslog"),
            ("info", "esx01", "shell-timeout"),
        ),
        {"overrides": [{"match": "^esx", "lockdown": False}]},
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_host_hardening(case: Case) -> None:
    assert says(SLUG, case.given, case.limits) == case.says


def test_one_shell_timeout_is_enough_to_judge() -> None:
    given = {LOG_HOST: "udp://log:514", "UserVars.ESXiShellInteractiveTimeOut": 0}
    (found,) = findings(SLUG, _host(host_options=given))
    assert english(found.text) == (
        "A shell that was left open is never closed: UserVars.ESXiShellInteractiveTimeOut is 0; it should be above 0"
    )


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (
            _host(host_services=services(ssh="running")),
            "SSH is running; it should be stopped (start policy: off)",
        ),
        (
            _host(host_services=services(esxi_shell="starting")),
            "The ESXi Shell starts with the host; its start policy should be manual",
        ),
        (
            of_hosts(access=access(bash=True)),
            "The shell of the appliance is enabled; it should be disabled",
        ),
        (
            _host(host_options=options(timeout=0)),
            f"A shell that was left open is never closed: {TIMEOUTS[0]} and {TIMEOUTS[1]} is 0; it should be above 0",
        ),
    ],
)
def test_the_text_names_what_is_open_and_how_it_should_be(given: Inventory, text: str) -> None:
    (found,) = findings(SLUG, given)
    assert english(found.text) == text


@pytest.mark.parametrize(
    ("known", "syslog", "shell_timeout"),
    [
        (
            {},
            "the host does not tell its setting Syslog.global.logHost",
            "the host does not tell its setting UserVars.ESXiShellTimeOut",
        ),
        (LATE, english(LATE.reason), english(LATE.reason)),
    ],
    ids=["not there", "not read"],
)
def test_the_reason_tells_a_setting_that_is_not_there_from_one_that_was_not_read(
    known: object, syslog: str, shell_timeout: str
) -> None:
    missed = [one for one in verdicts(SLUG, _host(host_options=known)) if isinstance(one, NotExamined)]
    assert {one.rule: english(one.why.reason) for one in missed} == {"syslog": syslog, "shell-timeout": shell_timeout}
