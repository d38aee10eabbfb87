"""The edge: TLS, compression, and the command that runs the estate for a person."""

import asyncio
import json
import signal
import ssl
import sys
from pathlib import Path

import aiohttp
import pytest

from mocks.tls import make_certificates
from mocks.vcenter import MockVCenter
from mocks.worlds import default_world
from tests.integration.mock.caller import connected

ROOT = Path(__file__).parents[3]
CONTENT = "/sdk/vim25/8.0.1.0/ServiceInstance/ServiceInstance/content"


async def test_the_certificate_is_good_for_who_trusts_the_authority_alone() -> None:
    certificates = make_certificates("vcsa.lab.example")
    trusting = ssl.create_default_context(cadata=certificates.ca.decode())
    trusting.verify_flags |= ssl.VERIFY_X509_STRICT
    async with MockVCenter(default_world(), tls=certificates) as vcenter, aiohttp.ClientSession() as http:
        assert vcenter.url.startswith("https://localhost:")
        async with http.get(vcenter.url + CONTENT, ssl=trusting) as response:
            assert response.status == 200
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await http.get(vcenter.url + CONTENT)


@pytest.mark.parametrize("compress", [True, False])
async def test_large_answers_are_compressed_where_both_sides_want_it(*, compress: bool) -> None:
    async with connected(MockVCenter(default_world(), compress=compress)) as caller:
        reply = await caller.get("/api/vcenter/vm")
        assert (reply.headers.get("Content-Encoding") == "gzip") == compress
        plain = await caller.call("GET", "/api/vcenter/vm", headers={"Accept-Encoding": "identity"})
        assert "Content-Encoding" not in plain.headers
        assert plain.body == reply.body


async def run_the_command() -> str:
    """Run it, look at it, end it; give the file that held the authority's certificate."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "mocks", "--release", "8.0.2.0", stdout=asyncio.subprocess.PIPE, cwd=ROOT
    )
    assert process.stdout is not None
    said = json.loads(await process.stdout.readline())
    trusting = ssl.create_default_context(cafile=said["ca_file"])
    async with aiohttp.ClientSession() as http, http.get(said["url"] + CONTENT, ssl=trusting) as response:
        assert (await response.json())["about"]["apiVersion"] == said["release"] == "8.0.2.0"
    process.send_signal(signal.SIGTERM)
    assert await process.wait() == 0
    return str(said["ca_file"])


def test_the_command_says_where_everything_is_and_leaves_nothing_behind() -> None:
    assert not Path(asyncio.run(run_the_command())).exists()
