"""The service dies after a channel took an alert and before that is written down: it tells it again, as the same."""

import asyncio
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mocks.pagers import MockPagerDuty
from mocks.receivers import MockWebhookReceiver
from mocks.vcenter import MockVCenter
from mocks.webhooks import Answer, Request
from mocks.worlds import default_world
from tests.e2e.commands import Site, site
from tests.e2e.service import PATIENCE, service

KEY, SIGNING = "R0AB12CD34EF56GH78IJ90KL12MN34OP", "whsec_cGxhbnRlZC1QYTU1d29yZA=="


class Holding:
    """Takes what is posted, and holds the answer until whoever waits for it is dead."""

    def __init__(self) -> None:
        self.taken = asyncio.Event()
        self.free = asyncio.Event()

    async def hold(self) -> None:
        self.taken.set()
        await self.free.wait()


class HoldingPager(MockPagerDuty):
    def __init__(self) -> None:
        super().__init__(routing_key=KEY)
        self.holding = Holding()

    async def accept(self, request: Request) -> Answer:
        answer = await super().accept(request)
        await self.holding.hold()
        return answer


class HoldingReceiver(MockWebhookReceiver):
    def __init__(self) -> None:
        super().__init__(secret=SIGNING)
        self.holding = Holding()

    async def accept(self, request: Request) -> Answer:
        answer = await super().accept(request)
        await self.holding.hold()
        return answer


def secret(folder: Path, text: str) -> dict[str, str]:
    file = folder / f"{len(list(folder.iterdir()))}.secret"
    file.write_text(text)
    file.chmod(0o600)
    return {"file": str(file)}


def sections(channel: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "scan": {"select": ["snapshot-age"]},
        "report": {"formats": ["json"]},
        "http": {"listen": "127.0.0.1:0"},
        "channels": {"oncall": channel},
        "routes": [{"match": {"severity": "critical"}, "to": ["oncall"]}],
    }


async def killed_when_taken(one: Site, holding: Holding, *, scan: bool) -> None:
    """Start the service, and kill it as soon as the channel has taken something."""
    holding.taken.clear()
    async with service(one.config) as running:
        await running.ready()
        if scan:
            running.send(signal.SIGHUP)
        async with asyncio.timeout(PATIENCE):
            await holding.taken.wait()
        running.process.kill()
        await running.ended()
        assert not running.logged("delivered"), "it had not heard yet that it was taken"


async def delivers_what_was_left(one: Site, holding: Holding) -> None:
    """Start the service once more, and let it come to its end."""
    holding.free.set()
    async with service(one.config) as running:
        await running.ready()
        await running.until(lambda: running.logged("delivered", sink="oncall"))
        assert not running.logged("run started"), "the run was committed before anything was told"
        running.send(signal.SIGTERM)
        assert await running.ended() == 0


async def test_a_page_is_one_incident_however_often_the_service_dies_over_it(tmp_path: Path) -> None:
    async with HoldingPager() as pager, site(tmp_path, MockVCenter(default_world())) as one:
        one.sections |= sections({"type": "pagerduty", "routing_key": secret(tmp_path, KEY), "url": pager.url})
        await killed_when_taken(one, pager.holding, scan=True)
        await killed_when_taken(one, pager.holding, scan=False)
        await delivers_what_was_left(one, pager.holding)

    (incident,) = pager.incidents
    assert len(incident.events) == 3
    assert all(event == incident.events[0] for event in incident.events)


async def test_a_webhook_that_comes_again_has_the_same_id(tmp_path: Path) -> None:
    async with HoldingReceiver() as receiver, site(tmp_path, MockVCenter(default_world())) as one:
        url = {"url": secret(tmp_path, receiver.url), "secret": secret(tmp_path, SIGNING)}
        one.sections |= sections({"type": "webhook", **url})
        await killed_when_taken(one, receiver.holding, scan=True)
        await delivers_what_was_left(one, receiver.holding)

    first, again = receiver.requests
    assert first.headers["webhook-id"] == again.headers["webhook-id"]
    assert first.body == again.body
