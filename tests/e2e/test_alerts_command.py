"""`vhealthd alerts` as a user meets it: what is open, taking it on, muting it, and what is said to wrong input."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.alerting.notices import alert
from tests.e2e.commands import Ended, vhealthd
from tests.state.runs import run
from vhealthd.config import UNSEEN
from vhealthd.model import Ack, AlertRecord, Severity, Turn
from vhealthd.state import State, open_state

if TYPE_CHECKING:
    from pydantic import JsonValue

NOW = datetime.now(UTC).replace(microsecond=0)
HOUR = timedelta(hours=1)
HOSTILE = "web\x1b[31m\nroot"
WHO = ("--owner", "jd", "--reason", "known")
TOMORROW = f"{NOW + timedelta(days=1):%Y-%m-%d}"


def key(beginning: str) -> str:
    return beginning.ljust(64, "0")


def record(beginning: str, name: str, severity: Severity = Severity.CRITICAL, **changes: Any) -> AlertRecord:  # noqa: ANN401 - fields of a record
    named = key(beginning)
    told = alert(name, key=named, severity=severity, since=NOW - 3 * HOUR)
    made = AlertRecord(
        key=named,
        vcenter="uuid",
        check="host-connection",
        severity=severity,
        opened=NOW - 3 * HOUR,
        told=NOW - 2 * HOUR,
        channels=("chat", "oncall"),
        members=(named,),
        alert=told,
    )
    return replace(made, **changes)


DOWN = record("aaa1", "esx-04.ams.example.net")
WARNS = record(
    "aaa2", "esx-05.ams.example.net", Severity.WARNING, channels=(), ack=Ack(owner="kim", reason="?", at=NOW)
)
MANY = record(
    "bbb1",
    "prod",
    members=(key("01"), key("02")),
    check="snapshot-age",
    alert=alert("prod", key=key("bbb1"), object_type="VirtualCenter", count=1, turn=Turn.WORSENED),
)
UNKNOWN = record("ccc1", "prod", Severity.WARNING, check=UNSEEN, members=("cpu-ready",))
OVER = record("ddd1", "esx-06.ams.example.net", resolved=NOW - HOUR)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    vcenter = {"name": "prod", "url": "https://vc.invalid", "username": "u", "password": {"env": "NOT_READ"}}
    path = tmp_path / "config.yaml"
    path.write_text(json.dumps({"vcenters": [vcenter], "state": {"directory": str(tmp_path / "state")}}))
    return path


async def holding(folder: Path, *records: AlertRecord) -> None:
    async with open_state(folder / "state") as state:
        await commit(state, records)


async def commit(state: State, records: Sequence[AlertRecord]) -> None:
    assert await state.runs.commit(
        run(1), config_sha256=None, files={}, parcels=(), alerts=records, now=NOW, expires=NOW + HOUR
    )


async def alerts(config: Path, *arguments: str) -> Ended:
    return await vhealthd("alerts", *arguments, "--config", config)


async def as_json(config: Path, *arguments: str) -> Any:  # noqa: ANN401 - decoded JSON
    ended = await alerts(config, *arguments, "--json")
    assert (ended.code, ended.err) == (0, "")
    return json.loads(ended.out)


async def refused(config: Path, *arguments: str) -> str:
    """Return the last line that is said to wrong input."""
    ended = await alerts(config, *arguments)
    assert (ended.code, ended.out) == (64, "")
    return ended.err.splitlines()[-1]


# --- what is open


async def test_what_is_open_is_listed_the_worst_first(config: Path, tmp_path: Path) -> None:
    await holding(tmp_path, WARNS, DOWN, OVER)
    ended = await alerts(config)

    heading, first, *rest = ended.out.splitlines()
    assert heading.split() == ["key", "severity", "open", "told", "to", "taken", "on", "what"]
    assert first.split()[:9] == [DOWN.key[:12], "critical", "3", "h", "2", "h", "chat,", "oncall", "-"]
    shown = " ".join(" ".join(rest).split())
    assert f"{WARNS.key[:12]} warning 3 h - - kim" in shown
    assert OVER.key[:12] not in ended.out


async def test_for_machines_it_is_json(config: Path, tmp_path: Path) -> None:
    await holding(tmp_path, DOWN, WARNS)
    first, second = await as_json(config)

    assert first == {
        "key": DOWN.key,
        "severity": "critical",
        "vcenter": "prod",
        "check": "host-connection",
        "object": "esx-04.ams.example.net",
        "object_type": "HostSystem",
        "path": "/DC0/host/prod-a/esx-04.ams.example.net",
        "message": DOWN.alert.message,
        "advice": DOWN.alert.advice,
        "count": 1,
        "since": f"{NOW - 3 * HOUR:%Y-%m-%dT%H:%M:%SZ}",
        "opened": f"{NOW - 3 * HOUR:%Y-%m-%dT%H:%M:%SZ}",
        "told": f"{NOW - 2 * HOUR:%Y-%m-%dT%H:%M:%SZ}",
        "channels": ["chat", "oncall"],
        "ack": None,
    }
    assert (second["told"], second["ack"]["owner"]) == (None, "kim")


async def test_nothing_is_open(config: Path, tmp_path: Path) -> None:
    await holding(tmp_path, OVER)
    assert (await alerts(config)).out == "No alert is open.\n"


async def test_without_a_state_none_is_made(config: Path, tmp_path: Path) -> None:
    for arguments in ((), ("ack", "aaa1", *WHO), ("mute", "aaa1", "--until", TOMORROW, *WHO), ("unmute", "x")):
        ended = await alerts(config, *arguments)
        assert ended.code == 74
        assert "`vhealthd run` and `vhealthd scan` write it" in ended.err
    assert not (tmp_path / "state").exists()


# --- taking it on


async def test_somebody_takes_an_alert_on(config: Path, tmp_path: Path) -> None:
    await holding(tmp_path, DOWN, WARNS)
    ended = await alerts(config, "ack", "aaa1", "--owner", "jd", "--reason", "the part is ordered")
    assert (ended.code, ended.out) == (0, "Host connection: esx-04.ams.example.net (prod) is taken on by jd\n")

    (ack,) = [one["ack"] for one in await as_json(config) if one["key"] == DOWN.key]
    assert (ack["owner"], ack["reason"]) == ("jd", "the part is ordered")
    again = await as_json(config, "ack", DOWN.key, "--owner", "kim", "--reason", "jd is off")
    assert (again["key"], again["ack"]["owner"]) == (DOWN.key, "kim")


async def test_a_hostile_name_reaches_no_terminal(config: Path, tmp_path: Path) -> None:
    await holding(tmp_path, record("aaa1", HOSTILE))
    for ended in (await alerts(config), await alerts(config, "ack", "aaa1", *WHO)):
        assert ended.code == 0
        assert "\x1b" not in ended.out
        assert "\nroot" not in ended.out


async def test_a_key_must_name_one_open_alert(config: Path, tmp_path: Path) -> None:
    await holding(tmp_path, DOWN, WARNS, OVER)

    assert await refused(config, "ack", "ddd", *WHO) == (
        "vhealthd: no open alert has the key 'ddd'; `vhealthd alerts` lists them"
    )
    said = await refused(config, "mute", "aaa", "--until", TOMORROW, *WHO)
    assert said.startswith("vhealthd: 'aaa' is the beginning of several keys: ")
    assert {DOWN.key[:12], WARNS.key[:12]} <= set(said.replace(",", "").split())
    assert "Missing option '--owner'" in await refused(config, "ack", "aaa1", "--reason", "x")
    assert "Missing argument 'KEY'" in await refused(config, "ack", *WHO)


# --- muting it


async def test_an_alert_is_muted_by_its_key(config: Path, tmp_path: Path) -> None:
    await holding(tmp_path, DOWN, MANY)
    until = ("--until", TOMORROW, "--owner", "jd", "--reason", "it is being replaced")
    single = await as_json(config, "mute", "aaa1", *until)
    many = await as_json(config, "mute", "bbb1", *until)

    assert single.pop("created") >= f"{NOW:%Y-%m-%d}"
    assert single == {
        "id": single["id"],
        "check": ["host-connection"],
        "match": {"vcenter": ["prod"], "name": r"^esx\-04\.ams\.example\.net$"},
        "until": TOMORROW,
        "owner": "jd",
        "reason": "it is being replaced",
    }
    assert (many["check"], many["match"]) == (["snapshot-age"], {"vcenter": ["prod"]}), "a roll-up, all of its check"
    said = (await alerts(config, "mute", "bbb1", *until)).out
    assert said.startswith("mute ")
    assert said.endswith(f": snapshot-age: vcenter prod, through {TOMORROW} (UTC), from the next scan on\n")


async def test_findings_are_muted_by_options_and_the_mute_is_listed_and_ended(config: Path, tmp_path: Path) -> None:
    await holding(tmp_path)
    assert (await alerts(config, "mutes")).out == "No mute was set by command.\n"
    given = ("--check", "snapshot-age", "--check", "snapshot-chain", "--name", "^backup-", "--cluster", "prod-a")
    ended = await alerts(config, "mute", *given, "--until", TOMORROW, *WHO)
    (mute,) = await as_json(config, "mutes")
    assert ended.out == (
        f"mute {mute['id']}: snapshot-age, snapshot-chain: name ^backup-, cluster prod-a, through {TOMORROW} (UTC), "
        "from the next scan on\n"
    )
    assert (mute["check"], mute["match"]) == (
        ["snapshot-age", "snapshot-chain"],
        {"name": "^backup-", "cluster": "prod-a"},
    )

    shown = (await alerts(config, "mutes")).out
    assert "snapshot-age, snapshot-chain" in " ".join(shown.split())
    assert all(word in shown for word in (mute["id"], "^backup-", "prod-a", TOMORROW, "jd", "known"))

    ended = await alerts(config, "unmute", mute["id"])
    assert (ended.code, ended.out) == (0, f"mute {mute['id']} is ended\n")
    assert await as_json(config, "mutes") == []
    assert await refused(config, "unmute", mute["id"]) == (
        f"vhealthd: there is no mute '{mute['id']}'; `vhealthd alerts mutes` lists them"
    )


async def test_a_mute_of_objects_alone_is_one_of_all_checks(config: Path, tmp_path: Path) -> None:
    await holding(tmp_path)
    mute = await as_json(config, "mute", "--datacenter", "lab", "--until", TOMORROW, *WHO)
    assert (mute["check"], mute["match"]) == (["*"], {"datacenter": "lab"})


async def test_a_mute_may_be_of_some_vcenters_only(config: Path, tmp_path: Path) -> None:
    await holding(tmp_path)
    mute = await as_json(config, "mute", "--vcenter", "prod", "--name", "^a", "--until", TOMORROW, *WHO)
    assert (mute["check"], mute["match"]) == (["*"], {"vcenter": ["prod"], "name": "^a"})
    assert "vcenter prod, name ^a" in " ".join((await alerts(config, "mutes")).out.split())


async def test_what_is_given_before_the_command_holds_for_it(config: Path, tmp_path: Path) -> None:
    await holding(tmp_path, DOWN)
    for command, *arguments in (("ack", "aaa1", *WHO), ("mute", "aaa1", "--until", TOMORROW, *WHO), ("mutes",)):
        ended = await vhealthd("alerts", "--config", config, "--json", command, *arguments)
        assert (ended.code, ended.err) == (0, "")
        json.loads(ended.out)
    ended = await vhealthd("alerts", "--config", tmp_path / "none.yaml", "mutes", "--config", config)
    assert ended.code == 0, "what is given after it holds all the same"


async def test_a_mute_that_has_expired_is_shown_as_that(config: Path, tmp_path: Path) -> None:
    await holding(tmp_path)
    async with open_state(tmp_path / "state") as state:
        old: dict[str, JsonValue] = {
            "check": ["*"],
            "match": {"folder": "/DC0"},
            "until": "2026-01-31",
            "owner": "jd",
            "reason": "known",
        }
        await state.alerts.mute(old, now=NOW - 300 * HOUR)
    assert "2026-01-31 (expired)" in " ".join((await alerts(config, "mutes")).out.split())


MUTED = ("mute", "--check", "snapshot-age", *WHO, "--until")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("mute", *WHO, "--until", TOMORROW),
            "say what to mute: either the KEY of an alert, or --check and the objects",
        ),
        (("mute", "aaa1", "--name", "x", *WHO, "--until", TOMORROW), "say what to mute: either the KEY of an alert"),
        ((*MUTED, "soon"), "--until: expected a date such as 2026-12-31"),
        ((*MUTED, "2026-02-30"), "--until: there is no such day; expected a date such as 2026-12-31"),
        ((*MUTED, "2026-01-31"), "--until: 2026-01-31 is over; give a day that is still to come"),
        ((*MUTED, TOMORROW, "--name", "("), "--name: "),
        ((*MUTED, TOMORROW, "--check", "snapshot-aeg"), "snapshot-age"),
        (
            (*MUTED, TOMORROW, "--vcenter", "prd"),
            "--vcenter: there is no vCenter 'prd' in the configuration; did you mean \"prod\"?",
        ),
        (("mute", "aaa1", "--vcenter", "prod", *WHO, "--until", TOMORROW), "say what to mute: either the KEY"),
        (("mute", "aaa1", "--until", TOMORROW, "--owner", "", "--reason", "x"), "--owner: "),
        (("mute", "ccc1", *WHO, "--until", TOMORROW), "what could not be seen cannot be muted"),
    ],
    ids=[
        "nothing",
        "both",
        "no date",
        "no such day",
        "in the past",
        "no pattern",
        "no check",
        "no vcenter",
        "both, vcenter",
        "nobody",
        "unseen",
    ],
)
async def test_a_mute_that_cannot_be_is_refused_in_words(
    config: Path, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    await holding(tmp_path, DOWN, UNKNOWN)
    line = await refused(config, *arguments)
    assert said in line
    async with open_state(tmp_path / "state", read_only=True) as state:
        assert await state.alerts.mutes() == ()
