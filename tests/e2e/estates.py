"""A mock estate for a service: a vCenter, a mail server, a store, and a configuration that names them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from mocks.s3 import MockS3
from mocks.smtp import MockSmtp
from mocks.vcenter import MockVCenter
from tests.e2e.commands import Site, site
from tests.e2e.service import Service

QUICK = {"select": ["vm", "vcenter-reachability"]}


@dataclass
class Estate:
    """What a service talks to."""

    site: Site
    vcenter: MockVCenter
    mta: MockSmtp
    s3: MockS3

    @property
    def state(self) -> Path:
        return self.site.folder / "state"


@asynccontextmanager
async def estate(folder: Path, vcenter: MockVCenter, **sections: object) -> AsyncIterator[Estate]:
    async with vcenter, MockSmtp() as mta, MockS3() as s3, site(folder) as one:
        await s3.make("reports")
        one.add(vcenter)
        (folder / "key").write_text("no secret")
        (folder / "key").chmod(0o600)
        key = {"file": str(folder / "key")}
        mail = {"host": mta.host, "port": mta.port, "tls": "plain", "from": "v@example.com", "to": ["ops@example.com"]}
        store = {"endpoint_url": s3.url, "bucket": "reports", "region": "us-east-1"}
        one.sections |= {
            "routes": [],
            "state": {"directory": str(folder / "state")},
            "http": {"listen": "127.0.0.1:0", "token": key},
            "scan": QUICK,
            "mail": mail,
            "s3": {**store, "access_key_id": key, "secret_access_key": key},
            **sections,
        }
        yield Estate(one, vcenter, mta, s3)


async def get(address: str, path: str, *, method: str = "GET", token: str = "") -> tuple[int, str]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with aiohttp.request(method, f"http://{address}{path}", headers=headers) as answer:
        return answer.status, await answer.text()


async def until_delivered(running: Service, number: int) -> None:
    await running.until(lambda: len(running.logged("delivered")) >= number)
