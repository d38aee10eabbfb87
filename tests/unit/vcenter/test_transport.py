"""How requests are carried: what is tried again and how often, what is refused, and what each error says."""

import asyncio
import hashlib
import re
import socket
import ssl
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from mocks.tls import Certificates, make_certificates
from tests.unit.vcenter.servers import (
    AT_ONCE,
    Behaviour,
    cuts,
    is_silent,
    resets,
    says,
    server,
    tls_context,
    transport,
)
from vhealthd.errors import (
    BadAnswerError,
    CertificateError,
    ConfigError,
    ConnectionFailedError,
    NameNotResolvedError,
    UnavailableError,
    VCenterError,
)
from vhealthd.vcenter import trust
from vhealthd.vcenter.transport import Pace, _retry_after

PASSING: dict[str, tuple[Behaviour, type[VCenterError], str]] = {
    "503 as text": (
        says(503, "no healthy upstream", "text/plain"),
        UnavailableError,
        "vCenter answers 503: no healthy upstream",
    ),
    "503 as JSON": (
        says(503, '{"error_type":"SERVICE_UNAVAILABLE"}'),
        UnavailableError,
        'vCenter answers 503: {"error_type":"SERVICE_UNAVAILABLE"}',
    ),
    "503 with nothing": (says(503, b""), UnavailableError, "vCenter answers 503: no text"),
    "429": (says(429, "slow down"), UnavailableError, "vCenter answers 429: slow down"),
    "502": (says(502, "bad gateway\n<more>"), UnavailableError, "vCenter answers 502: bad gateway"),
    "504": (says(504, "late"), UnavailableError, "vCenter answers 504: late"),
    "a reset": (resets, ConnectionFailedError, r"the connection to localhost:\d+ broke \(.+\)"),
    "a cut body": (cuts, BadAnswerError, r"localhost:\d+ cut its answer short"),
}


# --- what is tried again --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("trouble", PASSING)
async def test_passing_trouble_is_tried_five_times_in_all(trouble: str) -> None:
    behaviour, kind, sentence = PASSING[trouble]
    async with server(behaviour) as one, transport(one.url) as way:
        with pytest.raises(kind) as caught:
            await way.send("POST", "/sdk", json={})

        assert (len(one.asked), way.traffic.requests) == (5, 5)
    assert re.fullmatch(sentence, str(caught.value))


@pytest.mark.parametrize("trouble", PASSING)
async def test_the_fifth_try_may_succeed(trouble: str) -> None:
    async with server(*[PASSING[trouble][0]] * 4, says(body='"fine"')) as one, transport(one.url) as way:
        answer = await way.send("POST", "/sdk", json={"a": 1})

        assert (answer.status, answer.json()) == (200, "fine")
        assert one.bodies == [b'{"a":1}'] * 5


@pytest.mark.parametrize("trouble", PASSING)
async def test_what_must_not_be_repeated_is_not(trouble: str) -> None:
    behaviour, kind, _ = PASSING[trouble]
    async with server(behaviour) as one, transport(one.url) as way:
        with pytest.raises(kind):
            await way.send("POST", "/sdk", json={}, repeatable=False)

        assert len(one.asked) == 1


@pytest.mark.parametrize("status", [201, 204, 400, 401, 403, 404, 405, 500, 501])
async def test_any_other_status_is_an_answer_at_the_first_try(status: int) -> None:
    async with server(says(status, b"" if status == 204 else '{"x": 1}')) as one, transport(one.url) as way:
        answer = await way.send("GET", "/api")

        assert (answer.status, answer.ok, len(one.asked)) == (status, status < 300, 1)


async def test_silence_is_borne_twice() -> None:
    pace = Pace(connect=2, answer=0.05, first_back_off=0, longest_back_off=0)
    async with server(is_silent) as one, transport(one.url, pace=pace) as way:
        with pytest.raises(ConnectionFailedError, match=rf"^localhost:{one.port} did not answer within 0.05 s$"):
            await way.send("GET", "/api")

        assert len(one.asked) == 2


async def test_after_silence_the_second_try_may_succeed() -> None:
    pace = Pace(connect=2, answer=0.05, first_back_off=0, longest_back_off=0)
    async with server(is_silent, says()) as one, transport(one.url, pace=pace) as way:
        assert (await way.send("GET", "/api")).ok


# --- how long it waits ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["seconds", "date"])
async def test_retry_after_beyond_the_deadline_ends_the_tries_at_once(form: str) -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    wish = {"seconds": "3600", "date": later}[form]
    async with server(says(503, Retry_After=wish)) as one, transport(one.url, seconds=30) as way:
        with pytest.raises(UnavailableError):
            await way.send("GET", "/api")

        assert len(one.asked) == 1


@pytest.mark.parametrize(
    ("wish", "seconds"),
    [
        (None, 0),
        ("", 0),
        ("0", 0),
        ("7", 7),
        ("-7", 0),
        ("soon", 0),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0),
        ("Wed, 99 Oct 2015 07:28:00 GMT", 0),
        ("Wed, 21 Oct 2015 07:28:00", 0),
    ],
)
def test_retry_after_is_read_as_seconds_or_date_and_else_left_alone(wish: str | None, seconds: float) -> None:
    assert _retry_after(wish) == seconds


def test_a_date_in_retry_after_is_the_time_until_then() -> None:
    wish = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)

    assert 85 < _retry_after(wish) <= 90


async def test_retry_after_is_waited_for() -> None:
    pace = Pace(connect=2, answer=5, first_back_off=0, longest_back_off=0)
    async with server(says(503, Retry_After="1"), says()) as one, transport(one.url, pace=pace) as way:
        started = time.monotonic()
        await way.send("GET", "/api")

    assert 1 <= time.monotonic() - started < 3


async def test_after_the_deadline_there_is_one_try_and_no_second() -> None:
    async with server(says(503)) as one, transport(one.url, seconds=-1) as way:
        with pytest.raises(UnavailableError):
            await way.send("GET", "/api")

        assert len(one.asked) == 1


# --- how it asks ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [1, 3, 8])
async def test_never_more_in_flight_than_configured(limit: int) -> None:
    async def slow(request: object) -> object:
        await asyncio.sleep(0.002)
        return await says()(request)  # type: ignore[arg-type]

    async with server(slow) as one, transport(one.url, in_flight=limit) as way:  # type: ignore[arg-type]
        await asyncio.gather(*(way.send("GET", "/api") for _ in range(24)))

        assert (len(one.asked), one.most_in_flight) == (24, limit)


async def test_every_request_says_who_asks_and_that_gzip_and_json_are_welcome() -> None:
    async with server(says()) as one, transport(one.url, user_agent="vhealthd/9.9") as way:
        await way.send("POST", "/api", json={}, headers={"vmware-api-session-id": "t"})

        sent = one.asked[0].headers
    assert sent["User-Agent"] == "vhealthd/9.9"
    assert sent["Accept-Encoding"] == "gzip"
    assert sent["Accept"] == "application/json"
    assert sent["Content-Type"] == "application/json"
    assert sent["vmware-api-session-id"] == "t"


async def test_cookies_are_never_kept() -> None:
    async with server(says(Set_Cookie="vmware-api-session-id=abc; Path=/")) as one, transport(one.url) as way:
        for _ in range(2):
            await way.send("GET", "/api")

        assert ["Cookie" in request.headers for request in one.asked] == [False, False]


async def test_a_path_goes_out_as_it_was_encoded() -> None:
    async with server(says()) as one, transport(one.url) as way:
        await way.send("GET", "/sdk/ContainerView/session%5B1%5D2%2f3/view?action=a")

        assert one.asked[0].raw_path == "/sdk/ContainerView/session%5B1%5D2%2f3/view?action=a"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_refused_for_it_would_carry_the_token_away(status: int) -> None:
    async with (
        server(says()) as elsewhere,
        server(says(status, Location=elsewhere.url + "/api")) as one,
        transport(one.url) as way,
    ):
        with pytest.raises(BadAnswerError, match=f"redirect to {elsewhere.url}/api; put vCenter's own address into"):
            await way.send("GET", "/api", headers={"vmware-api-session-id": "t"})

        assert (len(one.asked), elsewhere.asked) == (1, [])


async def test_traffic_is_counted() -> None:
    async with server(says(body="12345")) as one, transport(one.url) as way:
        assert way.traffic.first_connect_seconds is None
        assert way.traffic.peer_address() is None
        for _ in range(3):
            await way.send("GET", "/api")

        traffic = way.traffic
        assert (traffic.requests, traffic.bytes_received, traffic.peer_address()) == (3, 15, "127.0.0.1")
        assert traffic.first_connect_seconds is not None
        assert 0 < traffic.first_connect_seconds < 2


# --- what an answer holds -------------------------------------------------------------------------------------------


async def test_an_empty_answer_is_null() -> None:
    async with server(says(204, b"")) as one, transport(one.url) as way:
        assert (await way.send("GET", "/api")).json() is None


@pytest.mark.parametrize(
    ("body", "kind", "what"),
    [
        ("<html>login</html>", "text/html", "an HTML page"),
        ("\n <!DOCTYPE html>", "application/json", "an HTML page"),
        ("plain words", "text/plain; charset=utf-8", r"something else \(text/plain\)"),
        ('{"cut": ', "application/json", r"something else \(application/json\)"),
        (b"\xff\xfe", "application/octet-stream", r"something else \(application/octet-stream\)"),
    ],
)
async def test_what_is_no_json_is_named(body: str | bytes, kind: str, what: str) -> None:
    async with server(says(200, body, kind)) as one, transport(one.url) as way:
        answer = await way.send("GET", "/api")

        with pytest.raises(
            BadAnswerError, match=f"answers with {what} in place of JSON; is this vCenter's own address"
        ):
            answer.json()


# --- what each error says -------------------------------------------------------------------------------------------


async def test_a_name_without_an_address() -> None:
    async with transport("https://vcenter.invalid") as way:
        with pytest.raises(
            NameNotResolvedError, match=r"^the name vcenter.invalid cannot be resolved \(.+\); check the"
        ):
            await way.send("GET", "/api")


async def test_a_port_that_nobody_listens_on() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        async with transport(f"https://127.0.0.1:{port}") as way:
            with pytest.raises(ConnectionFailedError) as caught:
                await way.send("GET", "/api")

            assert way.traffic.requests == 5
    assert str(caught.value) == (
        f"127.0.0.1:{port} refuses the connection (Connection refused); check that vCenter runs there"
    )


async def test_a_route_that_swallows_everything() -> None:
    pace = Pace(connect=0.05, answer=5, first_back_off=0, longest_back_off=0)
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        waiting = [socket.socket() for _ in range(3)]
        for one in waiting:
            one.settimeout(0)
            one.connect_ex(("127.0.0.1", port))
        try:
            async with transport(f"http://127.0.0.1:{port}", pace=pace) as way:
                with pytest.raises(ConnectionFailedError) as caught:
                    await way.send("GET", "/api")

                assert way.traffic.requests == 2
        finally:
            for one in waiting:
                one.close()
    assert str(caught.value) == f"no connection to 127.0.0.1:{port} within 0.05 s; check the route and firewalls"


async def test_what_speaks_no_http_at_all_does_not_bring_the_password_into_the_error() -> None:
    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")
        writer.close()

    one = await asyncio.start_server(babble, "127.0.0.1", 0)
    port = one.sockets[0].getsockname()[1]
    async with one, transport(f"http://127.0.0.1:{port}") as way:
        with pytest.raises(BadAnswerError, match=f"^127.0.0.1:{port} answers with something that is no HTTP") as caught:
            await way.send("POST", "/api/session", headers={"Authorization": "Basic cGxhbnRlZA=="})

    link: BaseException | None = caught.value
    while link:
        assert "cGxhbnRlZA" not in f"{link!r} {link} {vars(link)}"
        link = link.__cause__ or link.__context__


# --- TLS ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificates() -> Certificates:
    return make_certificates()


@pytest.fixture
def shown(certificates: Certificates, tmp_path: Path) -> ssl.SSLContext:
    return tls_context(certificates, tmp_path)


def fingerprint(certificates: Certificates) -> str:
    der = ssl.PEM_cert_to_DER_cert(certificates.certificate.decode())
    return hashlib.sha256(der).hexdigest()


def colons(digest: str) -> str:
    return ":".join(re.findall("..", digest.upper()))


async def test_an_untrusted_certificate_is_shown_so_that_it_can_be_compared(
    certificates: Certificates, shown: ssl.SSLContext
) -> None:
    async with server(says(), tls=shown) as one, transport(one.url) as way:
        with pytest.raises(CertificateError) as caught:
            await way.send("POST", "/api/session", headers={"Authorization": "Basic x"})

        assert one.asked == []
        assert way.traffic.requests == 1, "a certificate does not become better at the second try"
    sentence = str(caught.value)
    assert sentence.startswith(f"the certificate of localhost:{one.port} is not trusted (unable to get local issuer")
    assert f"SHA-256 fingerprint {colons(fingerprint(certificates))}" in sentence
    assert "subject CN=localhost" in sentence
    assert "issuer CN=Mock estate CA" in sentence
    assert "tls.ca_file" in sentence
    assert "tls.sha256_fingerprint" in sentence


async def test_a_certificate_of_the_configured_authority_is_trusted(
    certificates: Certificates, shown: ssl.SSLContext, tmp_path: Path
) -> None:
    (tmp_path / "ca.pem").write_bytes(certificates.ca)
    async with (
        server(says(), tls=shown) as one,
        transport(one.url, trust=trust.from_ca_file(tmp_path / "ca.pem")) as way,
    ):
        assert (await way.send("GET", "/api")).ok


async def test_a_trusted_certificate_under_another_name_is_not_trusted(
    certificates: Certificates, shown: ssl.SSLContext, tmp_path: Path
) -> None:
    (tmp_path / "ca.pem").write_bytes(certificates.ca)
    one = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.2", 0, ssl=shown)
    url = f"https://127.0.0.2:{one.sockets[0].getsockname()[1]}"
    async with one, transport(url, trust=trust.from_ca_file(tmp_path / "ca.pem")) as way:
        with pytest.raises(CertificateError, match="IP address mismatch"):
            await way.send("GET", "/api")


@pytest.mark.parametrize("form", [str, colons])
async def test_the_pinned_certificate_is_trusted_in_either_way_of_writing(
    certificates: Certificates, shown: ssl.SSLContext, form: type[str]
) -> None:
    pin = trust.pinned(form(fingerprint(certificates)))
    async with server(says(), tls=shown) as one, transport(one.url, trust=pin) as way:
        assert (await way.send("GET", "/api")).ok


async def test_another_certificate_than_the_pinned_one_is_refused_and_shown(
    certificates: Certificates, shown: ssl.SSLContext
) -> None:
    async with server(says(), tls=shown) as one, transport(one.url, trust=trust.pinned("ab" * 32)) as way:
        with pytest.raises(CertificateError) as caught:
            await way.send("GET", "/api")

        assert one.asked == []
    assert str(caught.value).startswith(f"the certificate of localhost:{one.port} is not the pinned one; it shows: ")
    assert colons(fingerprint(certificates)) in str(caught.value)


async def test_unverified_takes_any_certificate(shown: ssl.SSLContext) -> None:
    async with server(says(), tls=shown) as one, transport(one.url, trust=False) as way:
        assert (await way.send("GET", "/api")).ok


async def test_a_port_of_plain_http_that_is_spoken_to_in_tls() -> None:
    async with server(says()) as one, transport(one.url.replace("http:", "https:")) as way:
        with pytest.raises(CertificateError) as caught:
            await way.send("GET", "/api")
    assert str(caught.value) == (
        f"localhost:{one.port} does not speak TLS as expected (ClientConnectorSSLError); is this vCenter's HTTPS port?"
    )


async def test_a_tls_port_that_is_spoken_to_in_plain_http(shown: ssl.SSLContext) -> None:
    async with server(says(), tls=shown) as one, transport(one.url.replace("https:", "http:")) as way:
        with pytest.raises(ConnectionFailedError, match="broke"):
            await way.send("GET", "/api")


async def test_a_certificate_can_be_looked_at_without_trust_and_its_absence_is_no_error(
    certificates: Certificates, shown: ssl.SSLContext
) -> None:
    async with server(says(), tls=shown) as one:
        found = await trust.served_certificate("localhost", one.port)
    assert found is not None
    assert colons(fingerprint(certificates)) in found
    assert await trust.served_certificate("localhost", one.port) is None
    async with server(says()) as plain:
        assert await trust.served_certificate("localhost", plain.port) is None


@pytest.mark.parametrize("content", [None, b"", b"no certificate"])
def test_a_ca_file_without_certificates_is_the_configurations_fault(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(ConfigError, match=r"ca\.pem: cannot be used as a CA file .*/certs/download\.zip"):
        trust.from_ca_file(file)


def test_the_default_pace_is_patient() -> None:
    assert Pace() == Pace(connect=10, answer=45, first_back_off=0.5, longest_back_off=10)
    assert AT_ONCE.first_back_off == AT_ONCE.longest_back_off == 0
