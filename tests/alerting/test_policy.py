"""Which channels there are, and which alerts go to which of them."""

from datetime import timedelta
from typing import Any

import pytest

from tests.alerting.routing import (
    BROKEN,
    CRITICAL,
    INFO,
    MINUTE,
    WARNING,
    Memory,
    check,
    critical,
    finds,
    heard,
    many,
    policy,
    route,
    thing,
    unknown,
)
from vhealthd.alerting.policy import channels_of, policy_of
from vhealthd.config import AuditChannel, MailChannel, Settings
from vhealthd.model import Finding, Severity

SECRET = {"env": "SECRET"}
MAIL = {"host": "mail.example.com", "from": "vhealthd@example.com", "to": ["ops@example.com"]}
EVERY_KIND: dict[str, Any] = {
    "oncall": {"type": "pagerduty", "routing_key": SECRET},
    "sms": {
        "type": "twilio",
        "account_sid": f"AC{0:032}",
        "auth_token": SECRET,
        "from": "ops",
        "to": ["+4915112345678"],
    },
    "slack": {"type": "slack", "url": SECRET},
    "dingtalk": {"type": "dingtalk", "url": SECRET},
    "feishu": {"type": "feishu", "url": SECRET},
    "wecom": {"type": "wecom", "url": SECRET},
    "anything": {"type": "apprise", "url": SECRET},
    "hook": {"type": "webhook", "url": SECRET},
    "am": {"type": "alertmanager", "urls": ["http://127.0.0.1:9093"]},
    "storage-team": {"type": "mail", "to": ["storage@example.com"]},
}


def configured(**more: Any) -> Settings:  # noqa: ANN401 - as it stands in a file
    vcenter = {"name": "prod", "url": "https://vc.example.com", "username": "reader", "password": SECRET}
    return Settings.model_validate({"vcenters": [vcenter], **more})


# --- without routes -------------------------------------------------------------------------------------------------


def told(settings: Settings, severity: Severity) -> dict[str, timedelta]:
    """Return who is told of a finding, and within which time."""
    sends = Memory(policy=policy_of(settings)).sees(check(finds(severity, "esx-1"))).sends
    return {one.channel: one.collect for one in sends}


def test_without_routes_what_is_critical_goes_at_once_to_pagers_chats_and_machines() -> None:
    settings = configured(channels=EVERY_KIND, mail=MAIL)
    pagers, chats = ("oncall", "sms"), ("slack", "dingtalk", "feishu", "wecom", "anything")
    assert told(settings, CRITICAL) == dict.fromkeys([*pagers, *chats, "hook", "am", "audit-log"], timedelta())


def test_without_routes_what_warns_is_collected_for_mail() -> None:
    settings = configured(channels=EVERY_KIND, mail=MAIL)
    mails = dict.fromkeys(["mail-digest", "storage-team"], 5 * MINUTE)
    assert told(settings, WARNING) == mails | dict.fromkeys(["hook", "am", "audit-log"], timedelta())


def test_without_routes_info_goes_to_machines_and_the_audit_log_only() -> None:
    settings = configured(channels=EVERY_KIND, mail=MAIL)
    assert told(settings, INFO) == dict.fromkeys(["hook", "am", "audit-log"], timedelta())


ONLY_FAST = [{name: one} for name, one in EVERY_KIND.items() if name not in {"hook", "am", "storage-team"}]


def test_where_there_is_nothing_faster_than_mail_what_is_critical_is_mailed_at_once() -> None:
    machines = {name: EVERY_KIND[name] for name in ("hook", "am")}
    settings = configured(channels={"storage-team": EVERY_KIND["storage-team"], **machines}, mail=MAIL)
    everybody = ["mail-digest", "storage-team", "hook", "am", "audit-log"]
    assert told(settings, CRITICAL) == dict.fromkeys(everybody, timedelta())
    assert told(settings, WARNING)["mail-digest"] == 5 * MINUTE


@pytest.mark.parametrize("channels", ONLY_FAST, ids=[next(iter(one)) for one in ONLY_FAST])
def test_where_there_is_a_faster_channel_it_is_not(channels: dict[str, Any]) -> None:
    assert "mail-digest" not in told(configured(channels=channels, mail=MAIL), CRITICAL)


def test_with_mail_alone_what_warned_and_is_critical_now_is_mailed_as_that() -> None:
    memory = Memory(policy=policy_of(configured(mail=MAIL)))
    memory.sees(check(finds(WARNING, "ds01")))
    assert heard(memory.sees(check(critical("ds01"))))["mail-digest"] == ["worsened ds01"]


@pytest.mark.parametrize("severity", Severity)
def test_without_channels_there_is_the_audit_log(severity: Severity) -> None:
    assert told(configured(), severity) == {"audit-log": timedelta()}


def test_routes_that_are_written_hold_alone() -> None:
    written = [{"match": {"severity": "critical"}, "to": "mail-digest"}]
    settings = configured(mail=MAIL, routes=written)
    assert told(settings, CRITICAL) == {"mail-digest": timedelta()}
    assert told(settings, WARNING) == {}
    assert told(configured(routes=[]), CRITICAL) == {}


def test_a_policy_is_what_is_configured() -> None:
    settings = configured(channels=EVERY_KIND, alerts={"repeat_every": "12h", "roll_up_over": 9})
    made = policy_of(settings)
    assert (made.repeat_every, made.roll_up_over) == (timedelta(hours=12), 9)
    assert made.everything == {"am"}
    assert made.channels == {*EVERY_KIND, "audit-log"}


# --- channels -------------------------------------------------------------------------------------------------------


def test_the_audit_log_is_always_there_and_mail_where_there_is_a_server() -> None:
    assert channels_of(configured()) == {"audit-log": AuditChannel(type="audit")}
    assert channels_of(configured(mail=MAIL)) == {
        "audit-log": AuditChannel(type="audit"),
        "mail-digest": MailChannel(type="mail"),
    }


def test_what_is_written_of_them_holds() -> None:
    written = {"audit-log": {"type": "audit", "keep": 3}, "mail-digest": {"type": "mail", "to": ["a@example.com"]}}
    settings = configured(mail=MAIL, channels=written)
    assert channels_of(settings) == settings.channels


# --- routes ---------------------------------------------------------------------------------------------------------


def test_an_alert_goes_every_way_that_fits_and_to_each_channel_once_as_fast_as_any_says() -> None:
    ways = policy(
        route("chat", "mail", collect="5m"),
        route("chat", severity="critical"),
        route("mail", collect="2m"),
        route("mail", collect="3m"),
    )
    decision = Memory(policy=ways).sees(check(critical("esx-1")))
    assert [(one.channel, one.collect, len(one.drafts)) for one in decision.sends] == [
        ("chat", timedelta(), 1),
        ("mail", 2 * MINUTE, 1),
    ]


@pytest.mark.parametrize(
    ("match", "fits"),
    [
        ({}, True),
        ({"severity": "critical"}, True),
        ({"severity": ["warning", "info"]}, False),
        ({"category": "compute"}, True),
        ({"category": "vm"}, False),
        ({"check": "host-connection"}, True),
        ({"check": "ntp-drift"}, False),
        ({"vcenter": "prod"}, True),
        ({"vcenter": "lab"}, False),
        ({"name": "^esx"}, True),
        ({"name": "^web"}, False),
        ({"folder": "/DC0/host"}, True),
        ({"folder": "/DC1"}, False),
        ({"severity": "critical", "name": "^web"}, False),
    ],
)
def test_all_that_a_route_matches_must_fit(match: dict[str, Any], fits: bool) -> None:  # noqa: FBT001
    found = Finding(CRITICAL, thing("esx-1", path="/DC0/host/esx-1"), BROKEN())
    decision = Memory(policy=policy(route("chat", **match))).sees(check([found]))
    assert bool(decision.sends) is fits


def test_a_route_to_objects_takes_a_roll_up_with_any_of_them() -> None:
    memory = Memory(policy=policy(route("team", name="^store-005$"), route("others", name="^web")))
    assert heard(memory.sees(check(critical(*many(6))))) == {"team": ["new prod"]}


def test_a_route_to_objects_never_takes_what_stays_unknown() -> None:
    memory = Memory(policy=policy(route("team", name="."), route("mail", check="unknown")))
    memory.sees(unknown())
    assert heard(memory.sees(unknown())) == {"mail": ["new prod"]}
