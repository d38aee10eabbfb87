"""Posts through real sockets: what each answer means, where nothing is sent, and what nobody reads."""

import asyncio
import logging
import traceback
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest
from structlog.testing import capture_logs

from mocks.tls import Certificates, make_certificates
from mocks.webhooks import Answer, MockService, Request
from tests.alerting.notices import clock
from vhealthd import redaction
from vhealthd.alerting.post import Answer as Answered
from vhealthd.alerting.post import Post, said, target_of
from vhealthd.config import SlackChannel
from vhealthd.errors import ConfigError, DeliveryDelayedError, DeliveryRefusedError, VhealthdError

TOKEN = "Zq3vT8kPw1xYb5nRm7cLd2Hs"
PATH = f"/services/T0AB12CD3/B0EF45GH6/{TOKEN}"
PATIENT, SHORT = aiohttp.ClientTimeout(total=10), aiohttp.ClientTimeout(total=0.05)


class Echo(MockService):
    """Takes all that comes."""

    async def accept(self, request: Request) -> Answer:
        return Answer(body=b"taken " + request.body)


def settings(**changes: Any) -> SlackChannel:  # noqa: ANN401 - settings
    return SlackChannel.model_validate({"type": "slack", "url": {"env": "NOT_READ_HERE"}, **changes})


def posting(*, timeout: aiohttp.ClientTimeout = PATIENT, **changes: Any) -> Post:  # noqa: ANN401 - settings
    return Post(settings(**changes), clock=clock, timeout=timeout)


async def failing(target: str, post: Post | None = None, **what: Any) -> VhealthdError:  # noqa: ANN401 - of a post
    with pytest.raises(VhealthdError) as caught:
        await (post or posting())(target, **(what or {"json": {"a": 1}}))
    return caught.value


@pytest.fixture(scope="module")
def certificates() -> Certificates:
    return make_certificates()


# --- what is sent


async def test_json_is_sent_as_json() -> None:
    async with Echo() as service:
        answer = await posting()(service.url + PATH, json={"text": "Größe"}, headers={"X-Id": "7"})

    (request,) = service.requests
    assert answer == Answered("127.0.0.1", 200, b"taken " + request.body)
    assert (request.path, request.json) == (PATH, {"text": "Größe"})
    assert request.headers["Content-Type"] == "application/json"
    assert request.headers["X-Id"] == "7"


async def test_a_form_is_sent_as_a_form_with_basic_authentication() -> None:
    async with Echo() as service:
        await posting()(service.url, form={"To": "+49 1", "Body": "ä&b"}, auth=("AC1", "pässword"))

    (request,) = service.requests
    assert request.body == b"To=%2B49+1&Body=%C3%A4%26b"
    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert request.headers["Authorization"] == "Basic QUMxOnDDpHNzd29yZA=="


async def test_bytes_are_sent_as_they_are() -> None:
    async with Echo() as service:
        await posting()(service.url, body=b"{ }", headers={"Content-Type": "application/json"})

    assert service.requests[0].body == b"{ }"


async def test_what_is_encoded_in_the_url_stays_encoded_once() -> None:
    async with Echo() as service:
        await posting()(f"{service.url}/send?sign=a%2Bb%3D&timestamp=1", json={})

    assert service.requests[0].path == "/send?sign=a%2Bb%3D&timestamp=1"


# --- what an answer means


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
async def test_what_may_pass_is_for_now(status: int) -> None:
    async with Echo(faults=[Answer(status=status, body=b"try later")]) as service:
        error = await failing(service.url + PATH)

    assert isinstance(error, DeliveryDelayedError)
    assert (str(error), error.retry_after) == (f"127.0.0.1 answers {status}: try later", None)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 413])
async def test_what_will_not_pass_is_for_good(status: int) -> None:
    async with Echo(faults=[Answer(status=status, body=b"no_service", headers={"Retry-After": "7"})]) as service:
        error = await failing(service.url + PATH)

    assert isinstance(error, DeliveryRefusedError)
    assert str(error) == f"127.0.0.1 answers {status}: no_service"


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [("7", 7.0), ("Sat, 21 Nov 2026 06:02:12 GMT", 120.0), ("Sat, 21 Nov 2026 05:00:00 GMT", 0.0), ("soon", None)],
)
async def test_retry_after_is_in_seconds_or_a_date(asked: str, seconds: float | None) -> None:
    async with Echo(faults=[Answer(status=429, headers={"Retry-After": asked})]) as service:
        error = await failing(service.url)

    assert isinstance(error, DeliveryDelayedError)
    assert error.retry_after == seconds


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(status: int) -> None:
    async with Echo() as other, Echo(faults=[Answer(status=status, headers={"Location": other.url})]) as service:
        error = await failing(service.url)

    assert isinstance(error, DeliveryRefusedError)
    assert str(error) == f"127.0.0.1 answers {status}: redirects are not followed; use the URL it leads to"
    assert other.requests == []


async def test_an_answer_is_a_json_object_or_for_now() -> None:
    page = "<html>\r\n<h1>Log in to the\x1b[31m hotel</h1>" + "x" * 1000
    ok, wrong = Answered("chat", 200, b' {"a": 1}\n'), Answered("chat", 200, page.encode())

    assert ok.json() == {"a": 1}
    with pytest.raises(DeliveryDelayedError) as caught:
        wrong.json()
    assert str(caught.value).startswith(
        "chat did not answer with a JSON object but with: <html> <h1>Log in to the [31m hotel</h1>xxx"
    )
    assert len(str(caught.value)) < 400
    with pytest.raises(DeliveryDelayedError, match="but with: nothing"):
        Answered("chat", 200, b"").json()
    with pytest.raises(DeliveryDelayedError, match=r"but with: \[1\]"):
        Answered("chat", 200, b"[1]").json()


# --- no answer


async def test_a_stall_is_for_now() -> None:
    async with Echo(faults=[Answer(wait=asyncio.Event())]) as service:
        error = await failing(service.url + PATH, posting(timeout=SHORT))

    assert isinstance(error, DeliveryDelayedError)
    assert str(error) == "127.0.0.1: no answer in time"


async def test_a_reset_is_for_now() -> None:
    async with Echo(faults=[Answer(reset=True)]) as service:
        error = await failing(service.url + PATH)

    assert isinstance(error, DeliveryDelayedError)
    assert "Connection reset by peer" in str(error)


async def test_nobody_listens_is_for_now() -> None:
    async with Echo() as service:
        gone = service.url
    error = await failing(gone + PATH)

    assert isinstance(error, DeliveryDelayedError)
    assert str(error).startswith("127.0.0.1: no connection (")


async def test_of_a_body_that_never_ends_only_the_begin_is_read() -> None:
    async with Echo(faults=[Answer(endless=True)]) as service:
        answer = await posting()(service.url, json={})

    assert answer.body == b"x" * (16 << 10)


# --- where nothing is sent


@pytest.mark.parametrize("target", ["http://chat.example.com/x", "http://10.0.0.7/x", "http://127.0.0.1.example.com/x"])
def test_http_goes_to_other_machines_only_where_that_is_allowed(target: str) -> None:
    with pytest.raises(ConfigError, match=r"is http, which shows all on the way; use https, or set allow_http: true"):
        target_of(target, settings())

    assert str(target_of(target, settings(allow_http=True))) == target


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "localhost", "[::1]"])
def test_http_within_this_machine_is_always_allowed(host: str) -> None:
    assert str(target_of(f"http://{host}/x", settings())) == f"http://{host}/x"


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.0.0.7", "192.168.1.1", "169.254.169.254", "0.0.0.0", "[::1]", "[::ffff:10.0.0.7]", "[fe80::1]"],  # noqa: S104 - none is bound to
)
async def test_private_addresses_are_refused_where_that_is_asked_for(address: str) -> None:
    error = await failing(f"https://{address}/x", posting(refuse_private=True))

    assert isinstance(error, ConfigError)
    assert str(error).endswith("is not a public address, and refuse_private is true")


async def test_so_is_a_name_that_leads_to_one() -> None:
    async with Echo() as service:
        target = service.url.replace("127.0.0.1", "localhost")
        error = await failing(target, posting(refuse_private=True))
        await posting()(target, json={})

    assert str(error) == "localhost: no connection (its name leads to no public address, and refuse_private is true)"
    assert len(service.requests) == 1


def test_a_public_address_is_not_refused() -> None:
    assert target_of("https://93.184.216.34/x", settings(refuse_private=True)).host == "93.184.216.34"


@pytest.mark.parametrize(
    "target",
    [
        "no-url-but-a-token",
        "ftp://chat.example.com/x",
        "https://",
        "https:///services",
        "https://[::1/x",
        "https://chat.example.com:port/x",
        "https://a..b/x",
        f"https://{'a' * 70}.example.com/x",
        "https://chat example.com/x",
        # to a resolver these are 127.0.0.1
        "https://2130706433/x",
        "https://127.1/x",
    ],
)
async def test_what_is_no_url_is_the_configurations_fault_and_is_not_repeated(target: str) -> None:
    error = await failing(target, posting(refuse_private=True))

    assert isinstance(error, ConfigError)
    assert str(error) == "the secret is not a URL that begins with https://"


# --- whom it trusts


async def test_a_certificate_that_nobody_signed_is_not_trusted(certificates: Certificates) -> None:
    async with Echo(tls=certificates) as service:
        error = await failing(service.url + PATH)

    assert isinstance(error, DeliveryDelayedError)
    assert str(error).startswith("127.0.0.1: its certificate is not trusted (")
    assert str(error).endswith("; see ca_file")
    assert service.requests == []


async def test_ca_file_says_whom_to_trust(certificates: Certificates, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_bytes(certificates.ca)
    async with Echo(tls=certificates) as service:
        await posting(ca_file=tmp_path / "ca.pem")(service.url, json={})

    assert len(service.requests) == 1


async def test_a_ca_file_that_is_none_is_the_configurations_fault(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    async with Echo() as service:
        error = await failing(service.url, posting(ca_file=tmp_path / "ca.pem"))

    assert isinstance(error, ConfigError)
    assert "ca.pem cannot be used" in str(error)


# --- proxies


async def test_a_proxy_is_gone_through_and_looks_names_up_itself() -> None:
    async with Echo() as proxy:
        through = posting(proxy=proxy.url.replace("127.0.0.1", "localhost"), allow_http=True, refuse_private=True)
        answer = await through("http://chat.invalid/hook", json={})

    assert answer.host == "chat.invalid"
    assert proxy.requests[0].path == "http://chat.invalid/hook"
    assert proxy.requests[0].headers["Host"] == "chat.invalid"


async def test_a_proxy_that_lets_nothing_through_is_named_as_the_cause() -> None:
    async with Echo() as proxy:
        error = await failing(f"https://chat.invalid{PATH}", posting(proxy=proxy.url))

    assert isinstance(error, DeliveryDelayedError)
    assert str(error) == "chat.invalid: the proxy answers 404 Not Found"


async def test_so_is_one_that_is_not_there() -> None:
    async with Echo() as proxy:
        gone = proxy.url
    error = await failing(f"https://chat.invalid{PATH}", posting(proxy=gone))

    assert str(error).startswith("chat.invalid: no connection to the proxy (")


# --- what nobody reads


def told(error: BaseException) -> str:
    return "".join(traceback.format_exception(error)) + repr(error)


@pytest.mark.parametrize(
    "fault",
    [
        Answer(status=404, body=f"no such hook: {PATH}".encode()),
        Answer(status=400, body=f"the token {TOKEN} is unknown".encode()),
        Answer(status=403, body=orjson.dumps({"error": f"https://127.0.0.1{PATH}"})),
        Answer(status=500, body=f"{'x' * 285} {TOKEN}".encode()),
        Answer(status=302, headers={"Location": f"https://other.example.com{PATH}"}),
        Answer(reset=True),
    ],
)
async def test_no_error_and_no_log_holds_the_url_or_what_the_service_repeats_of_it(
    fault: Answer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with capture_logs() as logged:
        async with Echo(faults=[Answer(**{name: getattr(fault, name) for name in Answer.__slots__})]) as service:
            error = await failing(service.url + PATH)

    read = f"{told(error)} {caplog.text} {logged}"
    assert TOKEN not in read
    assert TOKEN[:12] not in read
    assert "B0EF45GH6" not in read


@pytest.mark.parametrize("where", ["https://127.0.0.1:1", "https://localhost:1"])
async def test_nor_where_there_is_no_service(where: str) -> None:
    assert TOKEN not in told(await failing(where + PATH))


async def test_a_key_in_the_query_is_hidden_as_well() -> None:
    key = "693a91f6-7xxx-4bc4-97a0-0ec2sifa5aaa"
    async with Echo(faults=[Answer(status=400, body=f"there is no robot {key}".encode())]) as service:
        error = await failing(f"{service.url}/cgi-bin/webhook/send?key={key}")

    assert str(error) == "127.0.0.1 answers 400: there is no robot ***"


async def test_nor_is_a_password_repeated() -> None:
    credentials = "QUMxOkFuLUF1dGgtVG9rZW4tT2YtVHdpbGlv"
    async with Echo(faults=[Answer(status=401, body=f"Basic {credentials} or {credentials}".encode())]) as service:
        error = await failing(service.url, form={}, auth=("AC1", "An-Auth-Token-Of-Twilio"))

    assert str(error) == "127.0.0.1 answers 401: Basic *** or ***"


async def test_a_short_url_is_hidden_as_a_whole() -> None:
    async with Echo() as service:
        target = f"{service.url}/h/x9"
        service.faults.append(Answer(status=404, body=f"there is no {target} here".encode()))
        error = await failing(target)

    assert str(error) == "127.0.0.1 answers 404: there is no *** here"


def test_a_secret_at_the_end_of_what_is_kept_is_not_kept_by_half() -> None:
    redaction.remember(TOKEN)

    assert said("x" * 290 + TOKEN) == "x" * 290 + "***"


def test_common_words_of_a_url_are_no_secrets() -> None:
    target_of("https://chat.example.com/api/services/send", settings())

    assert said("services send chat.example.com") == "services send chat.example.com"
