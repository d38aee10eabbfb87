"""sd_notify over a real datagram socket, as systemd opens one."""

import os
import socket
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from vhealthd.systemd import Notifier, watch, watchdog_interval


class Systemd:
    """The end of the socket that systemd has."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(f"\0{address[1:]}" if address.startswith("@") else address)
        self._socket.settimeout(5)

    def heard(self) -> list[str]:
        return self._socket.recv(4096).decode().split("\n")

    def has_heard(self) -> bool:
        self._socket.setblocking(False)  # noqa: FBT003 - as the library has it
        try:
            return bool(self._socket.recv(4096, socket.MSG_PEEK))
        except BlockingIOError:
            return False
        finally:
            self._socket.settimeout(5)

    def close(self) -> None:
        self._socket.close()


@pytest.fixture(params=["path", "abstract"])
def systemd(request: pytest.FixtureRequest) -> Iterator[Systemd]:
    # Not below tmp_path: the name of a socket has 107 bytes at most.
    with tempfile.TemporaryDirectory() as folder:
        end = Systemd(str(Path(folder) / "notify") if request.param == "path" else f"@vhealthd-{os.urandom(8).hex()}")
        yield end
        end.close()


@pytest.fixture
def notifier(systemd: Systemd) -> Notifier:
    return Notifier.from_environment({"NOTIFY_SOCKET": systemd.address})


def test_life_of_a_service(systemd: Systemd, notifier: Notifier) -> None:
    notifier.ready("next scan 2026-11-23 06:03 CET")
    notifier.status("scanning prod: 12 of 38")
    notifier.watchdog()
    notifier.stopping()

    assert systemd.heard() == ["READY=1", "STATUS=next scan 2026-11-23 06:03 CET"]
    assert systemd.heard() == ["STATUS=scanning prod: 12 of 38"]
    assert systemd.heard() == ["WATCHDOG=1"]
    assert systemd.heard() == ["STOPPING=1", "STATUS=stopping"]


def test_reload_carries_its_time(systemd: Systemd, notifier: Notifier) -> None:
    before = time.monotonic_ns() // 1000
    notifier.reloading()

    first, second = systemd.heard()
    assert first == "RELOADING=1"
    name, _, microseconds = second.partition("=")
    assert name == "MONOTONIC_USEC"
    assert before <= int(microseconds) <= time.monotonic_ns() // 1000


def test_status_is_one_line(systemd: Systemd, notifier: Notifier) -> None:
    notifier.status("scanning a\nWATCHDOG=trigger\r\nMAINPID=1 " + "x" * 5000)

    (line,) = systemd.heard()
    assert line.startswith("STATUS=scanning a WATCHDOG=trigger MAINPID=1 xxx")
    assert len(line) < 600


@pytest.mark.parametrize(
    "address",
    [None, "", "/nonexistent/notify", "vsock:2:1234", "@" + "x" * 200, "/" + "x" * 200, "@a\0b", "@\udcff"],
    ids=repr,
)
def test_nobody_listens(address: str | None) -> None:
    notifier = Notifier.from_environment({} if address is None else {"NOTIFY_SOCKET": address})

    notifier.ready("fine")
    notifier.reloading()
    notifier.watchdog()


def test_systemd_that_hangs_holds_nobody_up(systemd: Systemd, notifier: Notifier) -> None:
    begin = time.monotonic()
    with capture_logs() as logs:
        while not logs:
            notifier.watchdog()

    assert logs[0]["event"] == "systemd was not told"
    assert time.monotonic() - begin < 30
    assert systemd.heard() == ["WATCHDOG=1"]


@pytest.mark.parametrize(
    ("environment", "seconds"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "120000000"}, 60.0),
        ({"WATCHDOG_USEC": "120000000", "WATCHDOG_PID": str(os.getpid())}, 60.0),
        ({"WATCHDOG_USEC": "120000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "1"}, 0.0000005),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "-5"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({"WATCHDOG_USEC": ""}, None),
    ],
)
def test_sign_of_life_comes_twice_as_often_as_it_is_waited_for(
    environment: dict[str, str], seconds: float | None
) -> None:
    assert watchdog_interval(environment) == seconds
    assert Notifier.from_environment(environment).watchdog_interval == seconds


class SeenEnoughError(Exception):
    """The test has seen enough."""


async def test_signs_of_life_stop_while_the_runner_hangs_and_go_on_after(systemd: Systemd) -> None:
    health = iter([True, True, False, False, True])
    slept: list[float] = []
    given: list[bool] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        given.append(systemd.has_heard())
        if given[-1]:
            systemd.heard()
        if len(given) == 5:
            raise SeenEnoughError

    notifier = Notifier(address=systemd.address, watchdog_interval=60)
    with capture_logs() as logs, pytest.raises(SeenEnoughError):
        await watch(notifier, healthy=lambda: next(health), sleep=sleep)

    assert given == [True, True, False, False, True]
    assert slept == [60.0] * 5
    assert [one["event"] for one in logs] == ["no sign of life is given to systemd: a scan hangs"]


async def test_without_a_watchdog_there_is_nothing_to_do(systemd: Systemd, notifier: Notifier) -> None:
    await watch(notifier, healthy=lambda: True)

    assert not systemd.has_heard()
