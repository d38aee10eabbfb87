"""Who is let in, and what goes out: the token, the Host header, errors as JSON, headers of every answer."""

import hmac
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from ipaddress import ip_address

import structlog
from aiohttp import web
from aiohttp.typedefs import Middleware

from vhealthd import redaction
from vhealthd.config import ListenAddress
from vhealthd.errors import StateError

log = structlog.get_logger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

# What every answer has, those to what is no HTTP too. The library would name itself and its version as Server.
HEADERS = {
    "Server": "vhealthd",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
}
NO_CONTENT = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

_HOST = re.compile(r"(?:\[(?P<v6>[^\]]+)\]|(?P<other>[^:\[\]]+))(?::[0-9]{1,5})?")


class Refusal(Exception):  # noqa: N818 - an answer, not a fault
    """A request is answered with a status and a sentence."""

    def __init__(self, status: int, sentence: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(sentence)
        self.status = status
        self.headers = headers or {}


async def set_headers(_request: web.BaseRequest, response: web.StreamResponse) -> None:
    """Give an answer the headers that all have."""
    response.headers.update(HEADERS)
    # a PDF has nothing to forbid, and some browsers' viewers would be forbidden
    if response.content_type != "application/pdf":
        response.headers.setdefault("Content-Security-Policy", NO_CONTENT)


def error_answer(status: int, sentence: str, headers: Mapping[str, str] | None = None) -> web.Response:
    """Return an error as JSON."""
    return web.json_response({"error": sentence}, status=status, headers=headers)


# --- errors and the access log --------------------------------------------------------------------------------------


@web.middleware
async def answer_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer every error as JSON, without a trace; and log each request at debug."""
    began = time.monotonic()
    try:
        answer = await handler(request)
    except Refusal as refusal:
        answer = error_answer(refusal.status, str(refusal), refusal.headers)
    except web.HTTPException as error:
        allowed = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else None
        answer = error_answer(error.status, _SENTENCES.get(error.status, error.reason), allowed)
    except StateError as error:
        log.warning("request not answered", path=_path(request), why=str(error))
        answer = error_answer(503, redaction.clean(str(error)))
    except Exception:
        log.exception("request failed", method=request.method, path=_path(request))
        answer = error_answer(500, "this is a fault of vhealthd; its log has the details")
    log.debug(
        "request",
        method=request.method,
        path=_path(request),
        status=answer.status,
        seconds=round(time.monotonic() - began, 4),
        peer=request.remote,
    )
    return answer


def _path(request: web.Request) -> str:
    """Return the path as it came, percent-encoded, so that it is one line; without the query, which is not ours."""
    return request.raw_path.partition("?")[0]


_SENTENCES = {
    404: "there is nothing under this address; see /api/v1/runs",
    405: "this address does not take this method",
    413: "the body of this request is too large; none is needed",
}


# --- names: a page elsewhere may give its own name the address of this machine, and a browser would let it read ------


def check_host(listen: ListenAddress) -> Middleware:
    """Refuse requests for other names than those of this machine, if only this machine can ask."""

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        if listen.is_loopback and not all(_is_own(host, listen.host) for host in request.headers.getall("Host", [])):
            raise Refusal(403, f"only an address or the name localhost is answered for here; ask for http://{listen}/")
        return await handler(request)

    return check


def _is_own(host: str, configured: str) -> bool:
    form = _HOST.fullmatch(host.strip())
    if form is None:
        return False
    name = (form["v6"] or form["other"]).lower().removesuffix(".")
    if name in {"localhost", configured.lower()}:
        return True
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


# --- the token ------------------------------------------------------------------------------------------------------


class Token:
    """The token that callers must show. It shows in no repr."""

    def __init__(self, secret: str | None) -> None:
        self._secret = secret

    def check(self, request: web.Request) -> None:
        """Refuse a request that does not show the token."""
        if self._secret is None:
            raise Refusal(
                403, "this needs a token, and none is configured; say where it is, as http: {token: {file: PATH}}"
            )
        shown = request.headers.get("Authorization", "")
        scheme, _, given = shown.partition(" ")
        known, given = _bytes(self._secret), given.strip()
        if scheme.lower() != "bearer" or not hmac.compare_digest(_bytes(given), known):
            log.info("token refused", path=_path(request), peer=request.remote)
            raise Refusal(
                401,
                "this needs the token of the configuration, as the header Authorization: Bearer TOKEN",
                {"WWW-Authenticate": 'Bearer realm="vhealthd"'},
            )


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def check_token(listen: ListenAddress, token: Token) -> Middleware:
    """Refuse requests without the token if other machines can ask; all but one for the health."""

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not listen.is_loopback and not _is_health(request):
            token.check(request)
        return await handler(request)

    return check


def _is_health(request: web.Request) -> bool:
    # by what will answer, not by what the path looks like
    resource = request.match_info.route.resource
    return resource is not None and resource.canonical == "/healthz"
