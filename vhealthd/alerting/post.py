"""Posts to services outside: with time-outs, without redirects, and so that no error ever repeats a secret.

The URL of a chat's webhook is its secret. Errors name the host alone.
"""

import asyncio
import base64
import ipaddress
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import aiohttp
import orjson
from yarl import URL

from vhealthd import redaction
from vhealthd.config import HttpChannel
from vhealthd.delivery.retryafter import retry_after
from vhealthd.errors import ConfigError, DeliveryDelayedError, DeliveryRefusedError

Clock = Callable[[], datetime]

TIMEOUT = aiohttp.ClientTimeout(total=30, connect=10)
_LARGEST = 16 << 10  # bytes of an answer that are read
_AGENT = f"vhealthd/{version('vhealthd')}"
_SAID = 300  # characters of an answer that are kept
_TOO_MANY, _TIMED_OUT = 429, 408
_TOKEN = 16  # characters; what is shorter in a URL, `services` for example, is no secret
_PASSING = frozenset({"timestamp", "sign"})  # of a query: what a signature is made of, and itself


@dataclass(frozen=True, slots=True)
class Answer:
    """What a service answered with a status of 200 to 299."""

    host: str
    status: int
    body: bytes

    @property
    def text(self) -> str:
        """The body, as far as it is text."""
        return self.body.decode("utf-8", "replace").strip()

    def json(self) -> dict[str, Any]:
        """Return the body, which must be a JSON object. Raises DeliveryDelayedError: it may be the page of a proxy."""
        try:
            answer = orjson.loads(self.body)
        except orjson.JSONDecodeError:
            answer = None
        if not isinstance(answer, dict):
            raise DeliveryDelayedError(f"{self.host} did not answer with a JSON object but with: {said(self.text)}")
        return answer


class Post:
    """Posts as the settings of one channel say. `target` (an absolute URL) is checked and sent to."""

    def __init__(self, settings: HttpChannel, *, clock: Clock, timeout: aiohttp.ClientTimeout = TIMEOUT) -> None:
        self._settings = settings
        self._clock = clock
        self._timeout = timeout

    async def __call__(
        self,
        target: str,
        *,
        json: object = None,
        form: Mapping[str, str] | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
    ) -> Answer:
        """Post one of `json`, `form` and `body`, and return what came back if it is a success by its status.

        Raises DeliveryDelayedError for what may pass (no connection, time-out, 408, 429, 5xx) with what Retry-After
        asks for, DeliveryRefusedError for what will not (3xx, other 4xx), ConfigError for a target that must not be.
        """
        url = target_of(target, self._settings)
        data = orjson.dumps(json) if json is not None else form if form is not None else body
        kind = {"Content-Type": "application/json"} if json is not None else {}
        sent = {"User-Agent": _AGENT, **kind, **(headers or {}), **_basic(auth)}
        connector = await self._connector(encrypted="https" in {url.scheme, URL(self._settings.proxy or "").scheme})
        try:
            async with (
                aiohttp.ClientSession(connector=connector, timeout=self._timeout) as session,
                session.post(
                    url, data=data, headers=sent, proxy=self._settings.proxy, allow_redirects=False
                ) as response,
            ):
                answer = Answer(str(url.host), response.status, await _beginning(response.content))
                wait = retry_after(response.headers.get("Retry-After"), self._clock())
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            # Not from it: a trace of it would show the URL.
            raise DeliveryDelayedError(f"{url.host}: {_cause(error)}") from None
        return _judged(answer, wait)

    async def _connector(self, *, encrypted: bool) -> aiohttp.TCPConnector:
        # A proxy is usually in the own network, and looks the name up itself.
        public_only = self._settings.refuse_private and not self._settings.proxy
        return aiohttp.TCPConnector(
            ssl=await asyncio.to_thread(_trust, self._settings.ca_file)
            if encrypted or self._settings.ca_file
            else False,
            resolver=_PublicOnly() if public_only else None,
        )


async def _beginning(content: aiohttp.StreamReader) -> bytes:
    """Read an answer, and no more of it than anybody needs."""
    read = bytearray()
    while some := await content.read(_LARGEST - len(read)):
        read += some
    return bytes(read)


def target_of(target: str, settings: HttpChannel) -> URL:
    """Return the URL of a target. Raises ConfigError for one that the settings do not allow; it is not repeated."""
    url = _parsed(target)
    host = url.host or ""
    if url.scheme not in {"http", "https"} or not host:
        raise ConfigError("the secret is not a URL that begins with https://")
    _remember_parts(url)
    if url.scheme == "http" and not settings.allow_http and not _is_loopback(host):
        raise ConfigError(f"the URL of {host} is http, which shows all on the way; use https, or set allow_http: true")
    if settings.refuse_private and _is_address(host) and not _is_public(host):
        raise ConfigError(f"{host} is not a public address, and refuse_private is true")
    return url


def _parsed(target: str) -> URL:
    """Return the URL, or an empty one if it is none or its host is one that cannot be."""
    try:
        url = URL(target)
        url.port  # noqa: B018 - reading it proves it
        host = (url.host or "").removesuffix(".")
        host.encode("idna")  # as the resolver does, which would not survive it
    except ValueError:
        return URL()
    # `127.1` and `2130706433` are addresses to some libraries, and names to those who look for private ones.
    numeric = host.replace(".", "").isdigit() and not _is_address(host)
    return URL() if numeric or " " in host else url


def _remember_parts(url: URL) -> None:
    """Hide what a service may repeat of its URL: the path, and each part of it that may be a token.

    Not what is another one each time: it would be kept for ever, and is worth nothing a little later.
    """
    lasting = url.without_query_params(*_PASSING)
    redaction.remember(str(lasting))
    for part in (lasting.raw_path_qs, *lasting.parts, *lasting.query.values(), lasting.password or ""):
        if len(part) >= _TOKEN:
            redaction.remember(part)


class _PublicOnly(aiohttp.ThreadedResolver):
    """Finds public addresses only: a name that leads into the own network is not followed."""

    async def resolve(self, *args: Any, **more: Any) -> list[Any]:  # noqa: ANN401 - as aiohttp has it
        found = await super().resolve(*args, **more)
        public = [one for one in found if _is_public(one["host"])]
        if not public:
            raise OSError("its name leads to no public address, and refuse_private is true")
        return public


def said(text: str) -> str:
    """Return the beginning of what somebody said, in one line and without secrets."""
    line = " ".join("".join(one if one.isprintable() else " " for one in text).split())
    return redaction.clean(line)[:_SAID] or "nothing"  # cut at last: half a secret is not known for one


def _judged(answer: Answer, wait: float | None) -> Answer:
    status = answer.status
    if 200 <= status < 300:  # noqa: PLR2004 - as RFC 9110 has it
        return answer
    what = f"{answer.host} answers {status}"
    if status in {_TOO_MANY, _TIMED_OUT} or status >= 500:  # noqa: PLR2004 - as RFC 9110 has it
        raise DeliveryDelayedError(f"{what}: {said(answer.text)}", retry_after=wait)
    if status < 400:  # noqa: PLR2004 - as RFC 9110 has it
        raise DeliveryRefusedError(f"{what}: redirects are not followed; use the URL it leads to")
    raise DeliveryRefusedError(f"{what}: {said(answer.text)}")


def _cause(error: BaseException) -> str:
    """Return why there is no answer, without the URL."""
    match error:
        case TimeoutError():
            return "no answer in time"
        case aiohttp.ClientHttpProxyError():
            return f"the proxy answers {error.status} {said(error.message)}"
        case aiohttp.ClientProxyConnectionError():
            return f"no connection to the proxy ({_why(error.os_error)})"
        case aiohttp.ClientConnectorCertificateError():
            return f"its certificate is not trusted ({error.certificate_error}); see ca_file"
        case aiohttp.ClientConnectorError():
            return f"no connection ({_why(error.os_error)})"
        case _:
            return said(f"{type(error).__name__} {error}")


def _why(error: OSError) -> str:
    return said(error.strerror or str(error) or type(error).__name__)


def _trust(ca_file: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=None if ca_file is None else str(ca_file))
    except OSError as error:
        raise ConfigError(
            f"ca_file {ca_file} cannot be used ({error}); it must hold certificates in PEM form"
        ) from error


def _basic(auth: tuple[str, str] | None) -> dict[str, str]:
    if auth is None:
        return {}
    credentials = base64.b64encode(":".join(auth).encode()).decode()
    redaction.remember(credentials)
    return {"Authorization": f"Basic {credentials}"}


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _is_loopback(host: str) -> bool:
    return host == "localhost" or (_is_address(host) and ipaddress.ip_address(host).is_loopback)


def _is_public(address: str) -> bool:
    return ipaddress.ip_address(address.partition("%")[0]).is_global
