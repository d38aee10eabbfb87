"""Who is let in, and what no answer gives away. Hostile requests go through plain sockets: a client would tidy them."""

import asyncio
import re
import socket
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from structlog.testing import capture_logs

from tests.web.services import RUN, TOKEN, KeptRun, Served, Site, bearer, settings, site, token_file
from vhealthd.errors import ConfigError, ListenError
from vhealthd.web import serve

PATHS = ("/", "/metrics", "/readyz", "/api/v1/status", "/api/v1/runs", "/api/v1/runs/latest", "/nothing")


@pytest.fixture
def service() -> Served:
    return Served()


async def say(here: Site, raw: bytes) -> tuple[int, dict[str, str], bytes]:
    """Send bytes, and return status, headers and body of the answer."""
    reader, writer = await asyncio.open_connection(here.host, here.port)
    try:
        writer.write(raw)
        async with asyncio.timeout(10):
            answer = await reader.read()
    finally:
        writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    return int(first.split()[1]), {key.lower(): value for key, value in (one.split(": ", 1) for one in lines)}, body


def get(path: str, *headers: str) -> bytes:
    lines = "".join(f"{one}\r\n" for one in headers)
    return f"GET {path} HTTP/1.1\r\n{lines}Connection: close\r\n\r\n".encode()


# --- the token ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PATHS)
async def test_others_need_the_token_for_everything(service: Served, tmp_path: Path, path: str) -> None:
    http = settings("0.0.0.0:0", token=token_file(tmp_path))
    async with site(service, http) as here:
        async with here.client.get(path) as answer:
            assert answer.status == 401
            assert answer.headers["WWW-Authenticate"] == 'Bearer realm="vhealthd"'
            assert "Authorization: Bearer TOKEN" in (await answer.json())["error"]
        async with here.client.get(path, headers=bearer()) as answer:
            assert answer.status in {200, 404}


async def test_others_need_no_token_for_the_health(service: Served, tmp_path: Path) -> None:
    http = settings("0.0.0.0:0", token=token_file(tmp_path))
    async with site(service, http) as here:
        async with here.client.get("/healthz") as answer:
            assert answer.status == 200
        for path in ("/healthz/", "/healthz/../metrics", "/healthz%2f..%2fmetrics", "//healthz", "/HEALTHZ"):
            status, _, _ = await say(here, get(path, "Host: x"))
            assert status == 401, path


@pytest.mark.parametrize("path", PATHS)
async def test_on_this_machine_reading_is_free(service: Served, tmp_path: Path, path: str) -> None:
    async with site(service, settings(token=token_file(tmp_path))) as here, here.client.get(path) as answer:
        assert answer.status in {200, 404}


@pytest.mark.parametrize(
    "shown",
    [
        "",
        TOKEN,
        f"Basic {TOKEN}",
        f"Token {TOKEN}",
        "Bearer",
        "Bearer ",
        f"Bearer {TOKEN}x",
        f"Bearer {TOKEN[:-1]}",
        f"Bearer x {TOKEN}",
        "Bearer äöü",
        "Bearer *",
    ],
)
async def test_only_the_very_token_opens(service: Served, tmp_path: Path, shown: str) -> None:
    async with site(service, settings(token=token_file(tmp_path))) as here:
        with capture_logs() as logs:
            async with here.client.post("/api/v1/scan", headers={"Authorization": shown}) as answer:
                assert answer.status == 401
                assert TOKEN not in await answer.text()
    assert service.asked == []
    assert TOKEN not in str(logs)


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
async def test_the_scheme_may_be_written_in_any_case(service: Served, tmp_path: Path, scheme: str) -> None:
    header = {"Authorization": f"{scheme} {TOKEN}"}
    async with (
        site(service, settings(token=token_file(tmp_path))) as here,
        here.client.post("/api/v1/scan", headers=header) as answer,
    ):
        assert answer.status == 202


async def test_bytes_that_are_no_text_are_no_token(service: Served, tmp_path: Path) -> None:
    async with site(service, settings(token=token_file(tmp_path))) as here:
        head = b"POST /api/v1/scan HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        status, _, _ = await say(here, head + b"Authorization: Bearer \xff\xfe\r\n\r\n")
    assert status in {400, 401}


async def test_a_token_that_cannot_be_read_is_the_configurations_fault(service: Served, tmp_path: Path) -> None:
    http = settings(token=token_file(tmp_path))
    (tmp_path / "token").unlink()
    with pytest.raises(ConfigError, match="there is no file"):
        async with serve(http, service):
            raise AssertionError


# --- names of this machine ------------------------------------------------------------------------------------------


OWN = ("127.0.0.1:9108", "127.0.0.1", "[::1]:9108", "[::1]", "localhost", "localhost:9108", "LOCALHOST.", "10.0.0.1")


@pytest.mark.parametrize("host", OWN)
async def test_addresses_and_localhost_are_this_machine(service: Served, host: str) -> None:
    async with site(service) as here:
        status, _, _ = await say(here, get("/metrics", f"Host: {host}"))
    assert status == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:9108",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "127.0.0.1@evil.example",
        "evil.example#localhost",
        "[evil.example]",
        "[::1]x",
        "0x7f000001.example",
        "",
        "a" * 5000,
    ],
)
async def test_a_name_that_somebody_points_here_is_not(service: Served, host: str) -> None:
    async with site(service) as here:
        for path in ("/metrics", "/healthz", "/"):
            status, _, body = await say(here, get(path, f"Host: {host}"))
            assert status in {400, 403}
            assert b"vhealthd_" not in body
            assert b"evil" not in body


async def test_where_a_token_is_needed_any_name_will_do(service: Served, tmp_path: Path) -> None:
    http = settings("0.0.0.0:0", token=token_file(tmp_path))
    async with site(service, http) as here:
        status, _, _ = await say(here, get("/metrics", "Host: vhealthd.example", f"Authorization: Bearer {TOKEN}"))
    assert status == 200


# --- no way out of the folder of a run ------------------------------------------------------------------------------


HOSTILE = [
    "..",
    "../..",
    "%2e%2e",
    "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "..%2f..%2fsecret",
    "..%5c..%5csecret",
    "%252e%252e%252f",
    "....//....//secret",
    "/etc/passwd",
    "%2fetc%2fpasswd",
    "file:%2f%2f%2fetc%2fpasswd",
    f"{RUN}%00",
    f"{RUN}%0a",
    f"{RUN}%20",
    f"{RUN}/../../secret",
    f"{RUN}%2f..%2f..%2fsecret",
    "latest%00",
    "LATEST",
    "late",
    "2026",
    "*",
    "%",
    "' OR 1=1 --",
    "\N{ARABIC-INDIC DIGIT TWO}" * 8 + "T060000Z-7f3a",
    "a" * 5000,
]


@pytest.mark.parametrize("name", HOSTILE)
async def test_no_name_of_a_run_leads_elsewhere(service: Served, tmp_path: Path, name: str) -> None:
    (tmp_path / RUN).mkdir()
    (tmp_path / RUN / "report.json").write_text("{}")
    for secret in (tmp_path / "secret", tmp_path / "report.json", tmp_path / "report.pdf"):
        secret.write_text("pl4nted")
    service.state.runs.runs.append(KeptRun(files={"json": tmp_path / RUN / "report.json"}))
    async with site(service) as here:
        for path in (f"/api/v1/runs/{name}/report.json", f"/api/v1/runs/{name}", f"/api/v1/runs/{RUN}/{name}"):
            raw = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
            status, _, body = await say(here, raw)
            assert status in {400, 404}, path
            assert b"pl4nted" not in body
    assert set(service.state.runs.names) <= {RUN}, "what is no id is not even looked up"


# --- what no answer gives away --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "raw",
    [
        get("/", "Host: localhost"),
        get("/metrics", "Host: localhost"),
        get("/nothing", "Host: localhost"),
        get("/healthz", "Host: evil.example"),
        get("/healthz", "Host: localhost", "Expect: the-unexpected"),
        b"GET / HTTP/1.1\r\nHost: localhost\r\nno header\r\n\r\n",
        b"nonsense pl4nted\r\n\r\n",
        b"GET /pl4nted\x00 HTTP/1.1\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 a TLS client says hello\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
        b"POST /api/v1/scan HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        b"POST /api/v1/scan HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    ],
)
async def test_every_answer_is_guarded_and_names_no_version(service: Served, raw: bytes) -> None:
    async with site(service) as here:
        with capture_logs() as logs:
            _, headers, body = await say(here, raw)
    assert headers["server"] == "vhealthd"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert not [name for name in headers if name.startswith("access-control-")]
    assert not re.search(rb"aiohttp|Python/|Traceback|pl4nted", body + str(headers).encode())
    assert not [one for one in logs if one["log_level"] in {"error", "critical"}]


async def test_nobody_elsewhere_may_read_answers(service: Served, tmp_path: Path) -> None:
    http = settings(token=token_file(tmp_path))
    asking = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    async with site(service, http) as here:
        for method, path in (("OPTIONS", "/api/v1/scan"), ("GET", "/metrics"), ("POST", "/api/v1/scan")):
            async with here.client.request(method, path, headers=asking) as answer:
                assert not [name for name in answer.headers if name.lower().startswith("access-control-")]
    assert service.asked == []


async def test_requests_are_logged_at_debug_without_what_proves_anything(service: Served, tmp_path: Path) -> None:
    async with site(service, settings(token=token_file(tmp_path))) as here:
        with capture_logs() as logs:
            async with here.client.get(f"/api/v1/runs?token={TOKEN}", headers=bearer()) as answer:
                await answer.read()
            await say(here, get("/no%0Athing", "Host: localhost"))
    line, other = [one for one in logs if one["event"] == "request"]
    assert (line["log_level"], line["method"], line["path"], line["status"]) == ("debug", "GET", "/api/v1/runs", 200)
    assert (other["path"], other["status"]) == ("/no%0Athing", 404), "one line stays one line"
    assert TOKEN not in str(logs)


# --- the port -------------------------------------------------------------------------------------------------------


async def test_a_port_in_use_is_told_plainly(service: Served) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(ListenError) as caught:
            async with serve(settings(f"127.0.0.1:{port}"), service):
                raise AssertionError
    assert str(caught.value) == (
        f"cannot listen on 127.0.0.1:{port}: another program has this port; end it, or set another port as http.listen"
    )


async def test_an_address_of_another_machine_is_told_plainly(service: Served, tmp_path: Path) -> None:
    with pytest.raises(ListenError, match=r"^cannot listen on 192\.0\.2\.1:9108: this machine has no such address"):
        async with serve(settings("192.0.2.1:9108", token=token_file(tmp_path)), service):
            raise AssertionError


async def test_the_port_is_free_at_once_after_the_end(service: Served) -> None:
    async with serve(settings(), service) as address:
        assert (address.host, address.port > 0) == ("127.0.0.1", True)
        reader, writer = await asyncio.open_connection(address.host, address.port)
        writer.write(get("/healthz", "Host: localhost"))
        await reader.read()
        writer.close()
    async with serve(settings(str(address)), service) as again:
        assert again == address


async def test_it_listens_on_ipv6_too(service: Served) -> None:
    if not socket.has_ipv6:
        pytest.skip("no IPv6 here")
    async with serve(settings("[::1]:0"), service) as address:
        assert str(address).startswith("[::1]:")


class _Hangs(Served):
    """Never says what is wrong."""

    async def problems(self) -> Any:  # noqa: ANN401 - it never returns
        await asyncio.Event().wait()


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"GET /metrics HT",
        b"POST /api/v1/scan HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer "
        + TOKEN.encode()
        + b"\r\nContent-Length: 1000\r\n\r\nonly a part",
        get("/healthz", "Host: localhost"),
    ],
    ids=["nothing", "half a request", "half a body", "an answer that does not come"],
)
async def test_no_slow_client_holds_the_end(tmp_path: Path, raw: bytes) -> None:
    loop = asyncio.get_running_loop()
    async with serve(settings(token=token_file(tmp_path)), _Hangs()) as address:
        _, writer = await asyncio.open_connection(address.host, address.port)
        writer.write(raw)
        await writer.drain()
        # by the time that this one is answered, the other one is there
        async with aiohttp.request("GET", f"http://{address}/metrics") as answer:
            assert answer.status == 200
        began = loop.time()
    assert loop.time() - began < 3
    writer.close()


async def test_a_client_that_does_not_read_does_not_hold_the_end(service: Served, tmp_path: Path) -> None:
    large = tmp_path / "report.pdf"
    large.write_bytes(b"x" * (20 << 20))
    service.state.runs.runs.append(KeptRun(files={"pdf": large}))
    loop = asyncio.get_running_loop()
    async with serve(settings(), service) as address:
        reader, writer = await asyncio.open_connection(address.host, address.port, limit=1024)
        writer.write(get("/api/v1/runs/latest/report.pdf", "Host: localhost"))
        assert await reader.readline() == b"HTTP/1.1 200 OK\r\n"
        began = loop.time()
    assert loop.time() - began < 4
    writer.transport.abort()
