"""Programs that take alerts: Standard Webhooks, Alertmanager, and what apprise posts as JSON."""

import re
from base64 import b64encode
from collections.abc import Iterable, Mapping
from datetime import datetime
from urllib.parse import urlsplit

import orjson
import standardwebhooks

from mocks.webhooks import Answer, MockService, Rejected, Request

# RFC 3339, and what Prometheus allows as the name of a label.
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_SCHEMES = {"http", "https"}

Labels = Mapping[str, str]


class MockWebhookReceiver(MockService):
    """Takes events whose signature it can verify; without a secret, those that have the headers."""

    def __init__(self, *, secret: str | None = None, faults: Iterable[Answer] = ()) -> None:
        super().__init__(faults=faults)
        self._secret = secret

    async def accept(self, request: Request) -> Answer:
        """Verify a request with the library's own verifier, which also refuses what is more than 5 minutes old."""
        _must_be_json(request)
        names = {name.lower() for name in request.headers}
        if not {"webhook-id", "webhook-timestamp"} <= names:
            raise Rejected(Answer(status=400, body=b"headers lack"))
        if self._secret:
            try:
                standardwebhooks.Webhook(self._secret).verify(request.body, dict(request.headers))
            except standardwebhooks.WebhookVerificationError as error:
                raise Rejected(Answer(status=401, body=str(error).encode())) from error
        return Answer(status=204)


class MockAlertmanager(MockService):
    """Keeps alerts by their labels, the newest of each."""

    def __init__(self, *, account: tuple[str, str] | None = None, faults: Iterable[Answer] = ()) -> None:
        super().__init__(faults=faults)
        self._account = account
        self.alerts: dict[frozenset[tuple[str, str]], Mapping[str, object]] = {}

    async def accept(self, request: Request) -> Answer:
        """Verify what the real one does: all alerts of a request, or it takes none."""
        if request.path != "/api/v2/alerts":
            raise Rejected(Answer(status=404, body=b"404 page not found\n"))
        if self._account and request.headers.get("Authorization") != _basic(self._account):
            raise Rejected(Answer(status=401, body=b"Unauthorized\n"))
        _must_be_json(request)
        alerts = orjson.loads(request.body)
        if not isinstance(alerts, list):
            raise _invalid("cannot unmarshal object into Go value of type models.PostableAlerts")
        labels = [_verified(one) for one in alerts]
        self.alerts |= {frozenset(known.items()): one for known, one in zip(labels, alerts, strict=True)}
        return Answer()

    def firing(self, now: datetime) -> list[Labels]:
        """Return the labels of the alerts that have not ended."""
        return [dict(labels) for labels, one in self.alerts.items() if datetime.fromisoformat(str(one["endsAt"])) > now]


class MockJsonReceiver(MockService):
    """Takes what apprise posts to json:// URLs."""

    async def accept(self, request: Request) -> Answer:
        """Verify that there is a message."""
        _must_be_json(request)
        if not request.json.get("message"):
            raise Rejected(Answer(status=400, body=b"no message"))
        return Answer()


def _verified(alert: object) -> Labels:
    """Return the labels of an alert, without those that are empty."""
    if not isinstance(alert, dict) or not alert.keys() <= {
        "labels",
        "annotations",
        "startsAt",
        "endsAt",
        "generatorURL",
    }:
        raise _invalid("unknown field")
    labels = {name: value for name, value in _texts(alert.get("labels")).items() if value}
    if "alertname" not in labels:  # Alertmanager itself asks for any label; all that route and group want this one
        raise _invalid("at least one label pair required")
    _texts(alert.get("annotations", {}))
    starts, ends = (_time(alert.get(name)) for name in ("startsAt", "endsAt"))
    if ends < starts:
        raise _invalid("start time must be before end time")
    if urlsplit(alert.get("generatorURL", "http://-")).scheme not in _SCHEMES:
        raise _invalid("generatorURL in body must be of type uri")
    return labels


def _texts(value: object) -> dict[str, str]:
    """Return names and texts."""
    if not isinstance(value, dict) or not all(isinstance(one, str) for one in value.values()):
        raise _invalid("labels and annotations are objects of strings")
    if wrong := [name for name in value if not _LABEL.fullmatch(name)]:
        raise _invalid(f"invalid label name {wrong[0]}")
    return value


def _time(value: object) -> datetime:
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        raise _invalid("must be of type date-time")
    return datetime.fromisoformat(value)


def _must_be_json(request: Request) -> None:
    if request.headers.get("Content-Type") != "application/json":
        raise Rejected(Answer(status=415, body=b"unsupported media type"))


def _invalid(why: str) -> Rejected:
    return Rejected(Answer(status=400, body=orjson.dumps(why)))


def _basic(account: tuple[str, str]) -> str:
    return f"Basic {b64encode(':'.join(account).encode()).decode()}"
