"""What an observer hears of each request: its path, how it ended, and how long it took."""

import asyncio
import socket
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from mocks.tls import make_certificates
from tests.unit.vcenter.servers import AT_ONCE, Behaviour, cuts, is_silent, resets, says, server, tls_context
from vhealthd.errors import VCenterError
from vhealthd.vcenter.observer import api_of
from vhealthd.vcenter.transport import Pace, Transport


@dataclass
class Ear:
    """Keeps what it hears."""

    heard: list[tuple[str, str]] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def __call__(self, path: str, code: str, seconds: float) -> None:
        self.heard.append((path, code))
        self.seconds.append(seconds)


def listening(url: str, ear: Ear, pace: Pace = AT_ONCE) -> Transport:
    deadline = asyncio.get_running_loop().time() + 60
    return Transport(
        url, trust=True, user_agent="vhealthd/test", in_flight=8, deadline=deadline, pace=pace, on_request=ear
    )


@pytest.mark.parametrize("status", [200, 201, 401, 403, 404, 500])
async def test_an_answer_is_heard_with_its_status(status: int) -> None:
    ear = Ear()
    async with server(says(status)) as one, listening(one.url, ear) as way:
        answer = await way.send("GET", "/api/session")

    assert ear.heard == [("/api/session", str(status))]
    assert ear.seconds == [answer.seconds]


async def test_each_try_is_a_request() -> None:
    ear = Ear()
    async with server(says(503), resets, cuts, says()) as one, listening(one.url, ear) as way:
        await way.send("POST", "/sdk/x", json={})

    assert [code for _, code in ear.heard] == ["503", "broken", "cut", "200"]


@pytest.mark.parametrize(
    ("behaviour", "code"), [(is_silent, "timeout"), (resets, "broken"), (cuts, "cut"), (says(302), "302")]
)
async def test_what_is_no_answer_is_heard_by_its_kind(behaviour: Behaviour, code: str) -> None:
    ear = Ear()
    pace = Pace(connect=1, answer=0.05, first_back_off=0, longest_back_off=0)
    async with server(behaviour) as one, listening(one.url, ear, pace) as way:
        with pytest.raises(VCenterError):
            await way.send("GET", "/api/x", repeatable=False)

    assert ear.heard == [("/api/x", code)]
    assert ear.seconds[0] >= 0


async def test_a_closed_port() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        ear = Ear()
        async with listening(f"http://127.0.0.1:{unused.getsockname()[1]}", ear) as way:
            with pytest.raises(VCenterError):
                await way.send("GET", "/api/x", repeatable=False)

    assert ear.heard == [("/api/x", "refused")]


async def test_a_certificate_that_is_not_trusted(tmp_path: Path) -> None:
    ear = Ear()
    async with (
        server(says(), tls=tls_context(make_certificates(), tmp_path)) as one,
        listening(one.url, ear) as way,
    ):
        with pytest.raises(VCenterError):
            await way.send("GET", "/api/x")

    assert ear.heard == [("/api/x", "tls")]


async def test_what_speaks_no_http() -> None:
    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")
        writer.close()

    ear = Ear()
    one = await asyncio.start_server(babble, "127.0.0.1", 0)
    async with one, listening(f"http://127.0.0.1:{one.sockets[0].getsockname()[1]}", ear) as way:
        with pytest.raises(VCenterError):
            await way.send("GET", "/api/x", repeatable=False)

    assert ear.heard == [("/api/x", "no_http")]


async def test_a_request_that_nobody_waits_for_any_more() -> None:
    ear = Ear()
    async with server(is_silent) as one, listening(one.url, ear) as way:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await way.send("GET", "/api/x")

    assert ear.heard == [("/api/x", "cancelled")]


@pytest.mark.parametrize(
    ("path", "api"),
    [
        ("/api/vcenter/system?action=hello", "automation"),
        ("/api/session", "automation"),
        ("/sdk/vim25/8.0.3.0/SessionManager/SessionManager/Login", "vi"),
        ("/", "other"),
        ("/apiary", "other"),
    ],
)
def test_a_path_belongs_to_an_api(path: str, api: str) -> None:
    assert api_of(path) == api
